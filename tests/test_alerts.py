"""Who is told of what: changes are taken up once, gathered, and told to those who asked before."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from alerts import gathering
from alerts.models import (
    Alert,
    AlertState,
    Channel,
    Cursor,
    Delivery,
    DeliveryState,
    Subscriber,
    Subscription,
)
from alerts.sending import send_waiting
from deals import clock, followers, history
from deals.choices import Kind, Qualifier, Role, Stance
from deals.models import StatusChange
from tests.locks import until_somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_grace(settings):
    settings.GRACE_SECONDS = 0


@pytest.fixture
def subscribe():
    def make(email="alice@example.org", claim=None, confirmed=True):
        subscriber, _ = Subscriber.objects.get_or_create(
            email=email, defaults={"confirmed_at": clock.now() if confirmed else None}
        )
        return Subscription.objects.create(subscriber=subscriber, claim=claim)

    return make


def tell():
    """What the tasks do: take up, close, send."""
    while gathering.take_up():
        pass
    gathering.close_ripe()
    return send_waiting()


def report(move, link, claim, **fields):
    return move(claim, Kind.REPORT, link(claim, Stance.SUPPORTS), **fields)


def deny(move, link, claim, **fields):
    return move(claim, Kind.DENIAL, link(claim, Stance.DENIES), **fields)


def confirm(move, link, claim, **fields):
    return move(claim, Kind.CONFIRMATION, link(claim, Stance.CONFIRMS), **fields)


def take_back(change, claim, editor, **fields):
    return history.undo(change, seen=claim.version, by=editor, reason="Misread.", **fields)


def subjects(mailoutbox):
    return [(mail.to[0], mail.subject) for mail in mailoutbox]


def test_a_change_is_told_once_to_who_follows_the_claim_or_everything(
    subscribe, make_claim, move, link, mailoutbox, make_company
):
    claim, other = make_claim(), make_claim("Chery will build cars in Spain")
    subscribe("alice@example.org", claim)
    subscribe("bob@example.org")
    subscribe("charlie@example.org", other)
    report(move, link, claim)

    tell()
    tell()

    assert subjects(mailoutbox) == [
        ("alice@example.org", "[JLR] new → rumored (recorded late): JLR will use Chery's platforms"),
        ("bob@example.org", "[JLR] new → rumored (recorded late): JLR will use Chery's platforms"),
    ]
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}


def test_the_grace_period_begins_with_the_decision_however_late_it_is_taken_up(
    settings, subscribe, make_claim, link, editor
):
    settings.GRACE_SECONDS = 300
    claim = make_claim()
    evidence = link(claim, Stance.SUPPORTS)
    row = history.NewRow(Kind.REPORT, evidence.said_at, "instant", (evidence,))
    change = history.change_status(claim, row, seen=0, by=editor, recorded_at=clock.now() - timedelta(seconds=10))

    gathering.take_up()

    assert Alert.objects.get().due_at == change.recorded_at + timedelta(seconds=300)


def test_an_import_that_states_a_time_long_past_is_gathered_too(settings, subscribe, make_claim, link, editor):
    settings.GRACE_SECONDS = 300
    claim = make_claim()
    evidence = link(claim, Stance.SUPPORTS)
    row = history.NewRow(Kind.REPORT, evidence.said_at, "instant", (evidence,))
    history.change_status(claim, row, seen=0, by=editor, recorded_at=clock.now() - timedelta(days=400))

    gathering.take_up()

    assert Alert.objects.get().due_at > clock.now() + timedelta(seconds=200)


def test_who_follows_a_claim_and_everything_gets_one_mail(subscribe, make_claim, move, link, mailoutbox):
    claim = make_claim()
    subscribe("alice@example.org", claim)
    subscribe("alice@example.org")
    report(move, link, claim)

    tell()

    assert len(mailoutbox) == 1


def test_rumor_and_denial_within_the_grace_period_make_one_mail_with_both_steps(
    subscribe, make_claim, move, link, mailoutbox
):
    claim = make_claim()
    subscribe()
    report(move, link, claim)
    deny(move, link, claim)

    tell()

    (mail,) = mailoutbox
    assert mail.subject.startswith("[JLR] new → denied")
    assert "new → rumored: report" in mail.body
    assert "rumored → denied: denial" in mail.body


def test_changes_of_one_deal_go_into_one_mail_and_of_two_deals_into_two(
    subscribe, make_claim, make_company, move, link, mailoutbox
):
    first, second = make_claim(), make_claim("JLR will share costs with Chery")
    elsewhere = make_claim("VW will buy 5% of Xpeng", parties=[(make_company("VW"), Role.INVESTOR)])
    subscribe()
    for claim in (first, second, elsewhere):
        report(move, link, claim)

    tell()

    assert sorted(subject for _, subject in subjects(mailoutbox)) == [
        "[JLR] new → rumored (recorded late): JLR will use Chery's platforms + 1 more",
        "[VW] new → rumored (recorded late): VW will buy 5% of Xpeng",
    ]


def test_an_alert_waits_for_its_grace_period_unless_it_is_sent_now(
    settings, subscribe, make_claim, move, link, mailoutbox
):
    settings.GRACE_SECONDS = 300
    subscribe()
    report(move, link, make_claim())
    tell()
    alert = Alert.objects.get()
    assert (alert.state, len(mailoutbox)) == (AlertState.GATHERING, 0)
    assert alert.due_at == alert.told.get().change.recorded_at + timedelta(seconds=300)

    assert gathering.send_now(alert)
    tell()

    assert len(mailoutbox) == 1
    assert not gathering.send_now(alert)


def test_what_is_undone_before_it_is_sent_is_not_told(subscribe, make_claim, move, link, editor, mailoutbox):
    claim = make_claim()
    subscribe()
    change = report(move, link, claim)
    take_back(change, claim, editor)

    tell()

    assert mailoutbox == []
    assert Alert.objects.get().state == AlertState.NOTHING


def test_an_undo_after_sending_is_told_to_those_who_were_told_and_to_no_one_else(
    subscribe, make_claim, move, link, editor, mailoutbox
):
    claim = make_claim()
    subscribe("alice@example.org")
    gone = subscribe("gone@example.org")
    report(move, link, claim)
    denial = deny(move, link, claim)
    tell()
    subscribe("late@example.org")
    Subscription.objects.filter(pk=gone.pk).update(ended_at=clock.now())
    mailoutbox.clear()

    take_back(denial, claim, editor)
    tell()

    (mail,) = mailoutbox
    assert mail.to == ["alice@example.org"]
    assert mail.subject.startswith("[JLR] correction: denied → rumored")
    assert "Denial taken back" in mail.body
    assert "Misread." not in mail.body  # the reason is the desk's


def test_a_mail_not_yet_sent_is_dropped_when_its_change_is_undone(
    subscribe, make_claim, move, link, editor, mailoutbox
):
    claim = make_claim()
    subscribe()
    change = report(move, link, claim)
    gathering.take_up()
    gathering.close_ripe()
    take_back(change, claim, editor)

    tell()

    assert mailoutbox == []
    assert Delivery.objects.get().state == DeliveryState.DROPPED


def test_a_replacement_tells_the_told_the_correction_and_the_others_the_whole_way(
    subscribe, make_claim, move, link, editor, mailoutbox
):
    claim = make_claim()
    alice, bob = subscribe("alice@example.org"), subscribe("bob@example.org")
    report(move, link, claim)
    tell()
    mailoutbox.clear()
    denial = deny(move, link, claim)
    gathering.take_up()
    gathering.close_ripe()
    Delivery.objects.filter(subscriber=bob.subscriber, state="waiting").update(due_at=clock.now() + timedelta(hours=1))
    send_waiting()
    assert [mail.to for mail in mailoutbox] == [["alice@example.org"]]
    mailoutbox.clear()

    confirm(move, link, claim, supersedes=denial)
    tell()

    assert {to: subject.partition(": JLR")[0] for to, subject in subjects(mailoutbox)} == {
        "alice@example.org": "[JLR] correction: denied → confirmed (recorded late)",
        "bob@example.org": "[JLR] rumored → confirmed (recorded late)",
    }
    assert alice.deliveries.filter(state=DeliveryState.SENT).count() == 3
    assert bob.deliveries.filter(state=DeliveryState.DROPPED).count() == 1


def test_a_mail_on_two_claims_goes_out_with_the_one_that_still_holds(
    subscribe, make_claim, move, link, editor, mailoutbox
):
    kept, undone = make_claim(), make_claim("JLR will share costs with Chery")
    subscribe()
    report(move, link, kept)
    change = report(move, link, undone)
    gathering.take_up()
    gathering.close_ripe()

    take_back(change, undone, editor)
    tell()

    (mail,) = mailoutbox
    assert "JLR will use Chery's platforms" in mail.subject
    assert "share costs" not in mail.body


def test_a_better_date_alone_is_not_told(subscribe, make_claim, move, link, mailoutbox):
    claim = make_claim()
    subscribe()
    change = report(move, link, claim)
    tell()
    mailoutbox.clear()

    evidence = change.evidence.get()
    move(claim, Kind.REPORT, evidence, at=evidence.said_at - timedelta(days=1), supersedes=change)
    tell()

    assert mailoutbox == []


def test_confirmed_that_becomes_confirmed_in_part_is_told(subscribe, make_claim, move, link, mailoutbox):
    claim = make_claim()
    subscribe()
    change = confirm(move, link, claim)
    tell()
    mailoutbox.clear()

    partly = frozenset({Qualifier.PARTIAL_TERMS_CHANGED})
    move(claim, Kind.CONFIRMATION, change.evidence.get(), supersedes=change, qualifiers=partly)
    tell()

    (mail,) = mailoutbox
    assert "confirmed (in part: terms changed" in mail.subject


def test_a_rumor_told_again_tells_no_one(subscribe, make_claim, move, link, mailoutbox):
    claim = make_claim()
    subscribe()
    report(move, link, claim)
    tell()
    mailoutbox.clear()

    report(move, link, claim)
    tell()

    assert mailoutbox == []
    assert Alert.objects.first().state == AlertState.NOTHING


def test_quiet_rows_and_background_move_the_cursor_and_tell_no_one(subscribe, make_claim, move, link, mailoutbox):
    claim, known = make_claim(), make_claim("Chery and JLR have a joint venture")
    subscribe()
    report(move, link, claim, quiet=True, quiet_reason="Import.")
    move(known, Kind.BACKGROUND, link(known, Stance.BACKGROUND), reason="Known since 2012.")

    tell()

    assert mailoutbox == []
    assert not Alert.objects.exists()
    assert Cursor.objects.get().position == StatusChange.objects.last().position


def test_a_quiet_undo_tells_no_one_and_stops_what_is_not_yet_sent(
    subscribe, make_claim, move, link, editor, mailoutbox
):
    claim = make_claim()
    subscribe()
    change = report(move, link, claim)
    gathering.take_up()
    gathering.close_ripe()

    take_back(change, claim, editor, quiet=True, quiet_reason="Tried out.")
    tell()

    assert mailoutbox == []


def test_an_undo_of_what_no_one_was_told_tells_no_one(subscribe, make_claim, move, link, editor, mailoutbox):
    claim = make_claim()
    subscribe()
    change = report(move, link, claim, quiet=True, quiet_reason="Import.")
    tell()

    take_back(change, claim, editor)
    tell()

    assert mailoutbox == []


def test_who_has_not_confirmed_or_came_later_or_is_switched_off_is_not_told(
    subscribe, make_claim, move, link, mailoutbox
):
    claim = make_claim()
    subscribe("unconfirmed@example.org", confirmed=False)
    off = subscribe("off@example.org").subscriber
    Subscriber.objects.filter(pk=off.pk).update(disabled_at=clock.now())
    report(move, link, claim)
    subscribe("later@example.org")
    Subscriber.objects.filter(email="unconfirmed@example.org").update(confirmed_at=clock.now())

    tell()

    assert mailoutbox == []
    assert not Delivery.objects.exists()


def test_an_unpublished_claim_is_told_to_no_one(subscribe, make_claim, move, link, mailoutbox):
    subscribe()
    report(move, link, make_claim(published=False))

    tell()

    assert mailoutbox == []


def test_a_claim_unpublished_before_the_mail_goes_out_is_left_out(subscribe, make_claim, move, link, mailoutbox):
    claim = make_claim()
    subscribe()
    report(move, link, claim)
    gathering.take_up()
    gathering.close_ripe()
    claim.published = False
    claim.save()

    tell()

    assert mailoutbox == []
    assert Delivery.objects.get().state == DeliveryState.DROPPED


def test_who_unsubscribes_before_the_mail_goes_out_gets_none(client, subscribe, make_claim, move, link, mailoutbox):
    subscription = subscribe()
    report(move, link, make_claim())
    gathering.take_up()
    gathering.close_ripe()
    client.post(reverse("unsubscribe", args=[subscription.token]))

    tell()

    assert mailoutbox == []
    assert Delivery.objects.get().state == DeliveryState.DROPPED


def test_recipients_are_fixed_in_batches_and_a_crash_between_two_goes_on_where_it_stopped(
    monkeypatch, subscribe, make_claim, move, link, mailoutbox
):
    monkeypatch.setattr(gathering, "FAN_OUT", 2)
    for name in "abcde":
        subscribe(f"{name}@example.org")
    report(move, link, make_claim())
    gathering.take_up()
    gathering.close(Alert.objects.get())
    alert = Alert.objects.get()
    Alert.objects.update(fixed_upto=Subscriber.objects.get(email="b@example.org").pk)  # a worker died here

    gathering.close_ripe()

    assert list(alert.deliveries.order_by("pk").values_list("subscriber__email", flat=True)) == [
        "c@example.org",
        "d@example.org",
        "e@example.org",
    ]
    assert Alert.objects.get().state == AlertState.READY


@pytest.mark.parametrize("size", [1, 40])
def test_fixing_recipients_takes_the_same_queries_for_any_number(
    size, subscribe, make_claim, move, link, django_assert_max_num_queries
):
    for number in range(size):
        subscribe(f"{number}@example.org")
    report(move, link, make_claim())
    gathering.take_up()
    gathering.close(Alert.objects.get())

    with django_assert_max_num_queries(16):
        assert gathering.fix_recipients(Alert.objects.get()) == size


def test_an_alert_owes_a_subscriber_one_delivery_per_channel(subscribe, make_claim, move, link):
    subscription = subscribe()
    report(move, link, make_claim())
    gathering.take_up()
    gathering.close_ripe()
    Alert.objects.update(state=AlertState.FIXING, fixed_upto=0)

    gathering.close_ripe()

    delivery = Delivery.objects.get()
    assert (delivery.subscriber, delivery.channel) == (subscription.subscriber, Channel.EMAIL)


def test_the_desk_can_say_how_many_people_will_be_told(subscribe, make_claim):
    claim, other = make_claim(), make_claim("JLR will share costs with Chery")
    subscribe("alice@example.org", claim)
    subscribe("alice@example.org")
    subscribe("bob@example.org", claim)
    subscribe("charlie@example.org", other)
    subscribe("unconfirmed@example.org", claim, confirmed=False)

    assert followers.told([claim], changed=True) == "2 people will be told."


def together(verb, workers=4):
    """Run a verb in several threads at once; returns what each returned."""
    start, results = threading.Barrier(workers), []

    def work():
        start.wait()
        try:
            results.append(verb())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one connection: run on PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_take_up_each_change_once_and_send_it_once(
    subscribe, make_claim, move, link, mailoutbox
):
    for number in range(3):
        subscribe(f"{number}@example.org")
    for number in range(6):
        report(move, link, make_claim(f"Claim {number}"))

    together(lambda: gathering.take_up(limit=2))
    while gathering.take_up(limit=2):
        pass
    together(gathering.close_ripe)
    gathering.close_ripe()
    together(lambda: send_waiting(limit=1))

    assert Alert.objects.get().told.count() == 6
    assert Delivery.objects.filter(state=DeliveryState.SENT).count() == 3
    assert sorted(mail.to[0] for mail in mailoutbox) == ["0@example.org", "1@example.org", "2@example.org"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_a_change_that_joins_an_alert_while_it_is_being_closed_is_told(subscribe, make_claim, move, link, mailoutbox):
    claim = make_claim()
    subscribe()
    report(move, link, claim)
    gathering.take_up()
    deny(move, link, claim)
    alert, joined, closing = Alert.objects.get(), threading.Event(), []

    def close():
        joined.wait(20)
        try:
            closing.append(gathering.close(alert))
        finally:
            connection.close()

    thread = threading.Thread(target=close)
    thread.start()
    with transaction.atomic():
        gathering.take_up()
        joined.set()
        until_somebody_waits_for_a_lock()
    thread.join(20)
    tell()

    assert closing == [True]
    (mail,) = mailoutbox
    assert mail.subject.startswith("[JLR] new → denied")


def test_opening_the_unsubscribe_link_changes_nothing(client, subscribe):
    subscription = subscribe()

    response = client.get(reverse("unsubscribe", args=[subscription.token]))

    assert "<button>Unsubscribe</button>" in response.content.decode()
    assert Subscription.objects.active().count() == 1


def test_one_click_ends_the_subscription_without_a_cookie_and_however_often(subscribe):
    subscription, other = subscribe("alice@example.org"), subscribe("bob@example.org")
    strict = Client(enforce_csrf_checks=True)
    for _ in range(2):
        response = strict.post(reverse("unsubscribe", args=[subscription.token]), {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
        assert "You get no more mails" in response.content.decode()

    assert list(Subscription.objects.active()) == [other]


def test_an_end_can_be_taken_back_on_the_same_page(client, subscribe, make_claim):
    subscription = subscribe(claim=make_claim())
    address = reverse("unsubscribe", args=[subscription.token])
    client.post(address)

    client.post(address, {"follow": "again"})

    assert Subscription.objects.active().get() == subscription


def test_following_again_beside_a_newer_subscription_is_no_error(client, subscribe):
    subscription = subscribe()
    address = reverse("unsubscribe", args=[subscription.token])
    client.post(address)
    newer = subscribe()

    response = client.post(address, {"follow": "again"})

    assert response.status_code == 200
    assert Subscription.objects.active().get() == newer


@pytest.mark.parametrize("token", ["x", "x" * 3000, "%00", "捷豹"])
def test_an_unknown_unsubscribe_link_is_a_kind_404(client, db, token):
    response = client.get(f"/unsubscribe/{token}/")

    assert response.status_code == 404
    assert "We do not know this link" in response.content.decode()
