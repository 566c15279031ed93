from datetime import timedelta

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse

from alerts.gathering import take_up
from alerts.models import Alert, Delivery, Subscriber, Subscription
from deals import clock
from deals.choices import Stance
from ingest.models import Entry, Feed
from tracker import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def failing(client):
    """What /healthz names as failing; the status agrees with it."""

    def ask():
        response = client.get("/healthz")
        body = response.json()
        assert (response.status_code, body["status"]) == ((503, "failing") if body["failing"] else (200, "ok"))
        return body["failing"]

    return ask


@pytest.fixture
def an_hour_ago():
    return clock.now() - timedelta(minutes=60, seconds=5)


def test_a_site_on_which_all_parts_work_is_healthy(failing):
    assert failing() == []


def test_a_feed_that_nobody_polls_is_named_until_a_worker_has_it(failing, make_source, an_hour_ago):
    feed = Feed.objects.create(url="https://news.example/feed", source=make_source(), next_poll_at=an_hour_ago)
    assert failing() == ["The workers are behind: a feed to be polled has waited for 60 minutes."]

    Feed.objects.filter(pk=feed.pk).update(lease_until=clock.now() + timedelta(seconds=60))
    assert failing() == []


def test_a_paused_feed_waits_for_nobody(failing, make_source, an_hour_ago):
    Feed.objects.create(url="https://news.example/feed", source=make_source(), next_poll_at=an_hour_ago, active=False)

    assert failing() == []


def test_an_item_that_nobody_reads_is_named(failing, make_source, an_hour_ago):
    feed = Feed.objects.create(url="https://news.example/feed", source=make_source())
    Entry.objects.create(feed=feed, source=feed.source, guid="1", title="JLR and Chery", first_seen_at=an_hour_ago)

    assert failing() == ["The workers are behind: an item to be read has waited for 60 minutes."]


def test_a_change_that_nobody_takes_up_is_named(failing, settings, make_claim, link, move):
    claim = make_claim()
    move(claim, "report", link(claim, Stance.SUPPORTS))
    settings.HEALTHY_SECONDS = -60
    assert failing() == ["The workers are behind: a status change to be taken up has waited for 0 minutes."]

    take_up()
    assert failing() == []


def test_a_quiet_change_waits_for_nobody(failing, settings, make_claim, link, move):
    claim = make_claim()
    move(claim, "report", link(claim, Stance.SUPPORTS), quiet=True, quiet_reason="an import")
    settings.HEALTHY_SECONDS = -60

    assert failing() == []


def test_an_alert_that_nobody_closes_and_a_mail_that_nobody_sends_are_named(failing, make_claim, an_hour_ago):
    alert = Alert.objects.create(deal=make_claim().deal, opened_at=an_hour_ago, due_at=an_hour_ago)
    subscriber = Subscriber.objects.create(email="ada@example.org", confirmed_at=an_hour_ago)
    Delivery.objects.create(
        alert=alert,
        subscriber=subscriber,
        subscription=Subscription.objects.create(subscriber=subscriber),
        due_at=an_hour_ago,
    )

    assert failing() == [
        "The workers are behind: an alert to be closed has waited for 60 minutes.",
        "The workers are behind: a mail to be sent has waited for 60 minutes.",
    ]


def test_a_database_behind_its_migrations_is_named_and_nothing_more_is_asked_of_it(failing):
    MigrationRecorder.Migration.objects.filter(app="alerts").delete()

    [sentence] = failing()

    assert sentence.startswith("The database is behind its migrations")
    assert "alerts.0001" in sentence


def test_a_broker_that_is_away_is_named(failing, monkeypatch):
    # Nothing listens on port 1.
    monkeypatch.setattr(health.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")

    assert failing() == ["The broker does not answer."]


@pytest.mark.parametrize("size", [1, 20])
def test_health_takes_the_same_queries_for_any_number_of_rows(
    size, client, make_source, an_hour_ago, django_assert_max_num_queries
):
    for number in range(size):
        feed = Feed.objects.create(url=f"https://news.example/{number}", source=make_source(), next_poll_at=an_hour_ago)
        Entry.objects.create(feed=feed, source=feed.source, guid="1", title="News", first_seen_at=an_hour_ago)

    # The table of migrations and its rows, the clock, and one for each kind of row that may wait.
    with django_assert_max_num_queries(9):
        assert client.get("/healthz").status_code == 503


def test_health_is_only_asked_for(client):
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


def test_the_time_from_due_feed_to_queue_is_told_to_operators(client, make_source, admin_client):
    feed = Feed.objects.create(url="https://a.example/feed", source=make_source())
    now = clock.now()
    for number in range(40):
        Entry.objects.create(
            feed=feed,
            source=feed.source,
            guid=str(number),
            title="A story",
            due_at=now - timedelta(seconds=number),
            read_at=now,
        )
    Entry.objects.create(feed=feed, source=feed.source, guid="history", title="Old", is_news=False, read_at=now)

    told = client.get("/healthz").json()["due_feed_to_queue"]
    page = admin_client.get(reverse("admin:ingest_feed_changelist"))

    assert told == {"items": 40, "median": 19.0, "p95": 37.0}
    assert "From due feed to queue: 37.0 s for 19 of 20 of the last 40 items, 19.0 s for half of them." in page.text


def test_where_nothing_came_lately_no_time_is_told(client, admin_client):
    assert client.get("/healthz").json()["due_feed_to_queue"] is None
    assert "From due feed to queue" not in admin_client.get(reverse("admin:ingest_feed_changelist")).text
