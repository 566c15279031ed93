"""The mail itself, what a real SMTP server does to it, and what never happens to it."""

import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default as mail_policy

import pytest
from aiosmtpd.controller import Controller
from django.urls import reverse

from alerts import composing, gathering, sending, story
from alerts.models import Delivery, DeliveryState, Subscriber, Subscription
from alerts.sending import requeue, send_waiting
from deals import clock, history
from deals.choices import Certainty, Kind, Qualifier, Stance

pytestmark = pytest.mark.django_db


class Mailbox:
    """A mail server's judgement: what it takes, it keeps; what it answers can be set per recipient."""

    def __init__(self):
        self.mails = []
        self.answers = {}  # recipient → answer to RCPT
        self.answer_to_data = "250 taken"
        self.connections = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        answer = self.answers.get(address, "250 go on")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.answer_to_data.startswith("250"):
            self.mails.append((envelope.rcpt_tos, envelope.original_content))
        return self.answer_to_data

    def read(self):
        return [message_from_bytes(content, policy=mail_policy) for _, content in self.mails]

    def recipients(self):
        return [recipient for recipients, _ in self.mails for recipient in recipients]


class AnyPort(Controller):
    """A mail server on a port that the system chose."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox(settings):
    handler = Mailbox()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_TIMEOUT = 5
    yield handler
    controller.stop()


@pytest.fixture(autouse=True)
def house(settings):
    settings.GRACE_SECONDS = 0
    settings.SITE_URL = "https://hearsay.example.org"


@pytest.fixture
def subscribe():
    def make(email="alice@example.org", claim=None):
        subscriber, _ = Subscriber.objects.get_or_create(email=email, defaults={"confirmed_at": clock.now()})
        return Subscription.objects.create(subscriber=subscriber, claim=claim)

    return make


@pytest.fixture
def rumor(move, link):
    """A rumor on a claim is recorded, taken up, and owed to all who follow."""

    def write(claim, **evidence):
        change = move(claim, Kind.REPORT, link(claim, Stance.SUPPORTS, **evidence))
        owe()
        return change

    return write


def owe():
    gathering.take_up()
    gathering.close_ripe()


def let_leases_expire():
    past = clock.now() - timedelta(seconds=1)
    Delivery.objects.filter(lease__isnull=False).update(lease_until=past, due_at=past)


def make_due():
    Delivery.objects.owed().update(due_at=clock.now())


def letter(delivery=None):
    delivery = delivery or Delivery.objects.get()
    return composing.compose(delivery, story.read(delivery.alert))


# What a mail says


def test_a_mail_says_what_changed_why_who_said_it_and_where_to_read_on(subscribe, make_claim, move, link, make_source):
    claim = make_claim()
    subscribe(claim=claim)
    move(
        claim,
        Kind.REPORT,
        link(claim, Stance.SUPPORTS, source=make_source("CarNewsChina")),
        quiet=True,
        quiet_reason="Old.",
    )
    denial = link(
        claim,
        Stance.DENIES,
        published_at=datetime(2024, 4, 15, 9, 30, tzinfo=UTC),
        quote="The report is untrue.",
        certainty=Certainty.HEDGED,
    )
    move(claim, Kind.DENIAL, denial, reason="Said to Yicai the same day.")
    owe()

    mail = letter()

    assert mail.subject == "[JLR] rumored → denied (recorded late): JLR will use Chery's platforms"
    plain = mail.plain.splitlines()
    assert plain[:2] == ["rumored → denied (recorded late)", "JLR will use Chery's platforms"]
    assert plain[2].startswith("Recorded late: happened on 15 April 2024, 09:30 UTC, learned on ")
    assert "- Denial on 15 April 2024, 09:30 UTC" in plain
    assert "  Jin Yibo, spokesman, for Chery, via Yicai, on 15 April 2024, 09:30 UTC" in plain
    assert "  Strength: rung 3 of 5: named officer or spokesperson on the record; hedged" in plain
    assert "  “The report is untrue.”" in plain
    assert f"  {denial.report.url}" in plain
    assert "Independent origins: 1 supports (1 report), 1 denies (1 report)." in plain
    assert "- on 15 April 2024, 02:00 UTC: report (new → rumored)" in plain
    assert f"The whole record: https://hearsay.example.org{claim.get_absolute_url()}" in plain
    assert "You get this because alice@example.org follows the claim “JLR will use Chery's platforms”." in plain
    assert "Said to Yicai" not in mail.plain + mail.html  # the reason is the desk's
    for words in ("rumored → denied (recorded late)", "Jin Yibo", "The report is untrue.", denial.report.url):
        assert words in mail.html


def test_copies_of_one_origin_count_once(subscribe, make_claim, make_report, move, link):
    claim, origin = make_claim(), make_report(title="The first story")
    subscribe()
    copies = [link(claim, Stance.SUPPORTS, origin=origin) for _ in range(3)]
    move(claim, Kind.REPORT, *copies)
    owe()

    assert "Independent origins: 1 supports (3 reports)." in letter().plain


def test_the_html_needs_nothing_from_outside_and_minds_dark_screens(subscribe, make_claim, rumor):
    subscribe()
    rumor(make_claim())

    html = letter().html

    assert "prefers-color-scheme: dark" in html
    assert re.search(r'<p class="turn" style="[^"]*font-weight: bold', html)
    assert not re.search(r"<(img|link|script|iframe)|url\(|@import", html)


def test_several_claims_are_counted_in_the_subject_and_a_long_one_is_cut(subscribe, make_claim, rumor, move, link):
    subscribe()
    long, short = make_claim("JLR will use " + "very " * 50 + "old platforms"), make_claim()
    for claim in (long, short):
        move(claim, Kind.REPORT, link(claim, Stance.SUPPORTS))
    owe()

    subject = letter().subject

    assert len(subject) <= composing.LONGEST_SUBJECT
    assert subject.endswith("… + 1 more")


HOSTILE = "Chery\r\nBcc: eve@example.org\x00\x1b[31m\u202e \ud800 <script>alert(1)</script> {{ site }} 🚗"


@pytest.mark.parametrize("text", [HOSTILE, "\r\n.\r\nMAIL FROM:<eve@example.org>", "x" * 290])
def test_no_wording_outlet_or_quote_breaks_a_mail_or_adds_to_it(text):
    shown = story.clean(text)

    assert shown == story.clean(shown)
    assert not re.search("[\x00-\x1f\x7f\u202e\ud800]", shown)
    shown.encode()


def test_hostile_text_in_the_record_reaches_the_reader_as_text(
    subscribe, make_claim, make_source, make_report, move, link, mailbox
):
    text = HOSTILE.replace("\x00", "").replace("\ud800", "")  # PostgreSQL holds neither
    claim = make_claim(text)
    subscribe()
    evidence = link(claim, Stance.SUPPORTS, report=make_report(source=make_source(text), title=text), quote=text)
    move(claim, Kind.REPORT, evidence)
    owe()

    summary = send_waiting()

    (mail,) = mailbox.read()
    assert (summary.sent, mailbox.recipients()) == (1, ["alice@example.org"])
    assert mail["Bcc"] is None
    assert "Chery Bcc: eve@example.org" in mail["Subject"]
    assert "{{ site }}" in mail.get_body(("plain",)).get_content()
    assert "<script" not in mail.get_body(("html",)).get_content()


def test_the_headers_thread_by_claim_and_let_readers_leave_by_one_click(subscribe, make_claim, rumor, mailbox):
    claim = make_claim()
    subscription = subscribe(claim=claim)
    rumor(claim)

    send_waiting()

    (mail,) = mailbox.read()
    unsubscribe = f"https://hearsay.example.org{reverse('unsubscribe', args=[subscription.token])}"
    assert mail["List-Unsubscribe"] == f"<{unsubscribe}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "Hearsay, changes of claims <changes.hearsay.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["References"] == mail["In-Reply-To"] == f"<claim-{claim.pk}@hearsay.example.org>"
    assert re.fullmatch(r"<\d+\.[0-9a-f]{24}@hearsay\.example\.org>", mail["Message-ID"])
    assert mail["Date"].datetime.utcoffset() == timedelta(0)
    assert f"\r\nList-Unsubscribe: <{unsubscribe}>\r\n".encode() in mailbox.mails[0][1]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


# What a server does to it


def test_mails_go_one_recipient_each_over_one_connection_a_batch(subscribe, make_claim, rumor, mailbox):
    for number in range(12):
        subscribe(f"{number}@example.org")
    rumor(make_claim())

    summary = send_waiting(limit=10)

    assert summary.sent == 12
    assert sorted(mailbox.recipients()) == sorted(f"{number}@example.org" for number in range(12))
    assert all(len(recipients) == 1 for recipients, _ in mailbox.mails)
    assert mailbox.connections == 2


def test_a_temporary_no_is_tried_again_after_1_5_15_and_60_minutes_then_hourly(subscribe, make_claim, rumor, mailbox):
    mailbox.answers["alice@example.org"] = "451 try later"
    subscribe()
    rumor(make_claim())

    waits = []
    for _ in range(6):
        before = clock.now()
        send_waiting()
        waits.append(round((Delivery.objects.get().due_at - before).total_seconds() / 60))
        make_due()
    mailbox.answers.clear()
    send_waiting()

    delivery = Delivery.objects.get()
    assert waits == [1, 5, 15, 60, 60, 60]
    assert (delivery.state, delivery.attempts, delivery.cause) == (DeliveryState.SENT, 7, "")
    assert mailbox.recipients() == ["alice@example.org"]


def test_after_three_days_of_temporary_noes_a_mail_is_parked_with_its_cause_and_can_be_tried_again(
    subscribe, make_claim, rumor, mailbox
):
    mailbox.answer_to_data = "452 disk full"
    subscribe()
    rumor(make_claim())
    send_waiting()
    Delivery.objects.update(due_at=clock.now(), first_tried_at=clock.now() - timedelta(hours=72))

    assert send_waiting().parked == 1
    parked = Delivery.objects.get()
    mailbox.answer_to_data = "250 taken"
    assert requeue(Delivery.objects.all()) == 1
    send_waiting()

    assert (parked.state, parked.cause) == (DeliveryState.PARKED, "The mail server said 452 disk full")
    assert Delivery.objects.get().state == DeliveryState.SENT


@pytest.mark.parametrize("stage", ["recipient", "data"])
def test_a_final_no_is_dead_at_once_and_says_why(stage, subscribe, make_claim, rumor, mailbox):
    if stage == "recipient":
        mailbox.answers["alice@example.org"] = "550 no such user"
    else:
        mailbox.answer_to_data = "554 not here"
    subscribe()
    rumor(make_claim())

    summary = send_waiting()
    send_waiting()

    delivery = Delivery.objects.get()
    assert (summary.dead, delivery.state, delivery.attempts) == (1, DeliveryState.DEAD, 1)
    assert delivery.cause.startswith("The mail server said 55")
    assert mailbox.mails == []


def test_one_bad_address_does_not_hold_up_the_others(subscribe, make_claim, rumor, mailbox):
    for name in ("alice", "bob", "charlie"):
        subscribe(f"{name}@example.org")
    mailbox.answers["alice@example.org"] = "550 no such user"
    mailbox.answers["bob@example.org"] = "450 busy"
    rumor(make_claim())

    summary = send_waiting()

    assert (summary.sent, summary.dead, summary.postponed) == (1, 1, 1)
    assert mailbox.recipients() == ["charlie@example.org"]


def test_a_server_that_cannot_be_reached_postpones_what_was_taken_and_leaves_the_rest(
    settings, subscribe, make_claim, rumor, mailbox
):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT, port = nobody.getsockname()[1], settings.EMAIL_PORT
        for number in range(3):
            subscribe(f"{number}@example.org")
        rumor(make_claim())

        summary = send_waiting(limit=2)

    assert (summary.sent, summary.postponed) == (0, 2)
    assert "cannot be reached" in summary.stopped
    assert Delivery.objects.owed().exclude(cause="").count() == 2
    settings.EMAIL_PORT = port
    make_due()
    assert send_waiting().sent == 3


def test_a_line_that_breaks_in_the_middle_postpones_that_mail_alone(settings, subscribe, make_claim, rumor):
    subscribe()
    rumor(make_claim())
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()

        def hang_up():
            line, _ = server.accept()
            with line:
                line.sendall(b"220 hello\r\n")
                line.recv(1000)
                line.sendall(b"250 hello\r\n")
                line.recv(1000)

        thread = threading.Thread(target=hang_up)
        thread.start()
        summary = send_waiting()
        thread.join()

    assert summary.postponed == 1
    assert "The connection broke" in Delivery.objects.get().cause


def test_a_worker_that_dies_after_the_servers_yes_doubles_the_mail_under_the_same_message_id(
    subscribe, make_claim, rumor, mailbox
):
    subscribe()
    rumor(make_claim())
    token = sending.uuid.uuid4()
    (delivery,) = sending.claim(10, token)
    with sending.get_connection() as line:
        sending._send(line, delivery, letter(delivery))  # … and here the power goes

    assert send_waiting().sent == 0, "the lease still stands"
    let_leases_expire()
    assert send_waiting().sent == 1

    first, second = mailbox.read()
    assert first["Message-ID"] == second["Message-ID"]
    assert Delivery.objects.get().attempts == 2


def test_a_worker_whose_lease_was_taken_over_notes_nothing(subscribe, make_claim, rumor, mailbox):
    subscribe()
    rumor(make_claim())
    slow = sending.uuid.uuid4()
    (delivery,) = sending.claim(10, slow)
    let_leases_expire()
    (taken_over,) = sending.claim(10, sending.uuid.uuid4())

    sending._note_dead(delivery, slow, "too late", sending.Summary())

    assert Delivery.objects.get().state == DeliveryState.WAITING
    assert Delivery.objects.get().lease == taken_over.lease


def test_a_mail_that_cannot_be_written_is_dead_with_its_cause_and_blocks_no_other(
    subscribe, make_claim, rumor, mailbox
):
    address = "eve@example.org\r\nBcc: all@example.org"
    Subscriber.objects.filter(pk=subscribe("eve@example.org").subscriber_id).update(email=address)
    subscribe("bob@example.org")
    rumor(make_claim())

    summary = send_waiting()

    assert (summary.dead, summary.sent) == (1, 1)
    assert mailbox.recipients() == ["bob@example.org"]
    assert "cannot be written" in Delivery.objects.failed().get().cause


def test_a_subscriber_gets_mails_in_order(subscribe, make_claim, rumor, move, link, mailbox):
    claim = make_claim()
    subscribe()
    rumor(claim)
    mailbox.answers["alice@example.org"] = "450 busy"
    send_waiting()
    mailbox.answers.clear()
    move(claim, Kind.DENIAL, link(claim, Stance.DENIES))
    owe()

    assert send_waiting().sent == 0, "the first mail waits for its second try"
    make_due()
    send_waiting()

    first, second = (mail["Subject"] for mail in mailbox.read())
    assert ("new → rumored" in first, "rumored → denied" in second) == (True, True)


def test_an_undo_between_two_tries_stops_the_mail(subscribe, make_claim, rumor, editor, mailbox):
    claim = make_claim()
    subscribe()
    mailbox.answers["alice@example.org"] = "450 busy"
    change = rumor(claim)
    send_waiting()
    mailbox.answers.clear()

    history.undo(change, seen=claim.version, by=editor, reason="Misread.")
    owe()
    make_due()
    send_waiting()

    assert mailbox.mails == []


# What the desk sees of it


@pytest.fixture
def desk(client, senior):
    senior.is_superuser = True
    senior.save()
    client.force_login(senior)
    return client


def test_the_desk_reads_a_mail_as_it_was_sent_even_after_more_has_happened(
    desk, subscribe, make_claim, rumor, move, link, mailbox
):
    claim = make_claim()
    subscribe()
    rumor(claim)
    send_waiting()
    delivery = Delivery.objects.get()
    move(claim, Kind.DENIAL, link(claim, Stance.DENIES))

    page = desk.get(reverse("admin:alerts_delivery_mail", args=[delivery.pk])).content.decode()
    html = desk.get(reverse("admin:alerts_delivery_html", args=[delivery.pk]))

    (mail,) = mailbox.read()
    assert mail["Subject"].replace("'", "&#x27;") in page
    assert html.content.decode().split() == mail.get_body(("html",)).get_content().split()
    policy = html["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "img-src 'none'", "frame-ancestors 'self'", "sandbox allow-popups"} <= {*policy}
    assert not any("script" in rule for rule in policy)
    assert html["X-Frame-Options"] == "SAMEORIGIN"


def test_the_desk_ends_a_grace_period_and_tries_dead_mails_again(
    desk, settings, subscribe, make_claim, move, link, mailbox
):
    settings.GRACE_SECONDS = 300
    claim = make_claim()
    subscribe()
    move(claim, Kind.REPORT, link(claim, Stance.SUPPORTS))
    owe()
    alert = claim.deal.alerts.get()

    desk.post(reverse("admin:alerts_alert_changelist"), {"action": "send_now", "_selected_action": [alert.pk]})
    owe()
    Delivery.objects.update(state=DeliveryState.DEAD, cause="The mail server said 550 no")
    delivery = Delivery.objects.get()
    desk.post(reverse("admin:alerts_delivery_changelist"), {"action": "requeue", "_selected_action": [delivery.pk]})
    send_waiting()

    assert mailbox.recipients() == ["alice@example.org"]


@pytest.mark.parametrize("size", [1, 8])
@pytest.mark.parametrize("model", ["alert", "delivery", "subscriber"])
def test_lists_in_the_admin_take_the_same_queries_for_any_number(
    size, model, desk, subscribe, make_claim, make_company, rumor, django_assert_max_num_queries
):
    for number in range(size):
        subscribe(f"{number}@example.org")
    for number in range(size):
        rumor(make_claim(f"Claim {number}", parties=[(make_company(f"Company {number}"), "partner")]))
    address = reverse(f"admin:alerts_{model}_changelist")
    desk.get(address)

    with django_assert_max_num_queries(14):
        page = desk.get(address)

    assert page.status_code == 200


def test_every_page_of_the_alerts_opens_in_the_admin(desk, subscribe, make_claim, rumor):
    claim = make_claim()
    subscription = subscribe(claim=claim)
    rumor(claim)
    delivery = Delivery.objects.get()

    addresses = [
        reverse("admin:alerts_alert_change", args=[delivery.alert_id]),
        reverse("admin:alerts_delivery_change", args=[delivery.pk]),
        reverse("admin:alerts_subscriber_change", args=[subscription.subscriber_id]),
        reverse("admin:alerts_subscriber_add"),
    ]

    assert [desk.get(address).status_code for address in addresses] == [200] * 4


def add_at_the_desk(desk, **subscription):
    now = clock.now()
    form = {
        "email": "Alice@Example.org",
        "confirmed_at_0": f"{now:%Y-%m-%d}",
        "confirmed_at_1": f"{now:%H:%M:%S}",
        "subscriptions-TOTAL_FORMS": "2",
        "subscriptions-INITIAL_FORMS": "0",
    }
    return desk.post(
        reverse("admin:alerts_subscriber_add"),
        {**form, **{f"subscriptions-0-{name}": value for name, value in subscription.items()}},
    )


def test_a_subscriber_added_at_the_desk_is_confirmed_from_now_on(desk, make_claim):
    page = desk.get(reverse("admin:alerts_subscriber_add")).content.decode()
    assert re.search(r'name="confirmed_at_0" value="\d{4}-', page)

    claim = make_claim()
    add_at_the_desk(desk, claim=claim.pk)

    subscription = Subscription.objects.get()
    assert (subscription.claim, subscription.subscriber.email) == (claim, "alice@example.org")
    assert subscription.subscriber.is_reachable


def test_an_address_that_is_a_subscriber_already_is_refused_however_it_is_written(desk, subscribe):
    subscribe("alice@example.org")

    page = add_at_the_desk(desk, everything="on").content.decode()

    assert "Subscriber with this Email already exists." in page
    assert Subscription.objects.count() == 1


def test_a_subscriber_added_at_the_desk_may_follow_everything_but_not_both_nor_twice(desk, make_claim):
    claim = make_claim()

    both = add_at_the_desk(desk, everything="on", claim=claim.pk).content.decode()
    add_at_the_desk(desk, everything="on")
    subscription = Subscription.objects.get()
    twice = desk.post(
        reverse("admin:alerts_subscriber_change", args=[subscription.subscriber_id]),
        {
            "email": "alice@example.org",
            "subscriptions-TOTAL_FORMS": "2",
            "subscriptions-INITIAL_FORMS": "1",
            "subscriptions-0-id": subscription.pk,
            "subscriptions-0-subscriber": subscription.subscriber_id,
            "subscriptions-1-everything": "on",
            "subscriptions-1-subscriber": subscription.subscriber_id,
        },
    ).content.decode()

    assert "Choose a claim, or tick everything." in both
    assert subscription.claim is None
    assert "They follow everything already." in twice
    assert Subscription.objects.count() == 1


def test_who_may_not_see_deliveries_may_not_read_mails(client, editor, subscribe, make_claim, rumor):
    subscribe()
    rumor(make_claim())
    editor.groups.clear()
    client.force_login(editor)

    for name in ("mail", "html"):
        address = reverse(f"admin:alerts_delivery_{name}", args=[Delivery.objects.get().pk])
        assert client.get(address).status_code == 403


def test_qualifiers_are_said_in_words(subscribe, make_claim, move, link):
    claim = make_claim()
    subscribe()
    move(
        claim,
        Kind.CONFIRMATION,
        link(claim, Stance.CONFIRMS),
        qualifiers=frozenset({Qualifier.PARTIAL_TERMS_CHANGED}),
    )
    owe()

    assert "new → confirmed (in part: terms changed, recorded late)" in letter().subject
