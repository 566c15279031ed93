"""A round of polling over real HTTP: what is stored, when the next poll is, and what an editor is told."""

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from deals import clock
from ingest import parser_child, polling, storing
from ingest.fetch import OUR_FAULT, Answer
from ingest.models import Decision, Entry, Feed, Suggestion
from ingest.parsed import ParsedEntry, ParsedFeed
from ingest.parser_child import Child, Limits
from ingest.polling import poll, poll_due, settle, take
from ingest.storing import Brought
from ingest.tasks import poll_due_feeds, polling_here, read_new_entries
from ingest.trimming import records
from tests.publisher import answer, header

APRIL_15 = datetime(2024, 4, 15, 6, 5, tzinfo=UTC)


@pytest.fixture
def make_feed(publisher, make_source):
    def make(path="/feed", source=None, **fields):
        fields = {"url": publisher.url(path), "suggest_old": True, **fields}
        return Feed.objects.create(source=source or make_source("CnEVPost"), **fields)

    return make


def rss(*items):
    return f"<rss version='2.0'><channel><title>Deals</title>{''.join(items)}</channel></rss>".encode()


def item(number, title=None, link=None, date="Mon, 15 Apr 2024 14:05:00 +0800"):
    link = link or f"https://news.example/{number}"
    return (
        f"<item><guid isPermaLink='false'>{number}</guid><title>{title or f'Story {number}'}</title>"
        f"<link>{link}</link><pubDate>{date}</pubDate><description>Words.</description></item>"
    )


def poll_again(feed):
    Feed.objects.filter(pk=feed.pk).update(next_poll_at=clock.now())
    summary = poll_due()
    feed.refresh_from_db()
    return summary


def titles():
    return list(Entry.objects.order_by("pk").values_list("title", flat=True))


# What is stored


def test_items_of_a_due_feed_become_entries(publisher, make_feed):
    publisher.serve("/feed", rss(item(1)))
    feed = make_feed()

    summary = poll_due()

    entry = Entry.objects.get()
    assert (summary.feeds, summary.new, summary.in_trouble) == (1, 1, 0)
    assert (entry.feed, entry.source, entry.title, entry.text) == (feed, feed.source, "Story 1", "Words.")
    assert (entry.url, entry.published_at, entry.said_at) == ("https://news.example/1", APRIL_15, APRIL_15)
    assert entry.language == feed.source.language
    assert list(Entry.objects.unread()) == [entry]


def test_an_item_is_stored_once_however_often_the_feed_brings_it(publisher, make_feed):
    feed = make_feed()
    publisher.serve("/feed", rss(item(1), item(2)))
    poll_again(feed)
    publisher.serve("/feed", rss(item(3), item(1, title="Another title"), item(2)))

    summary = poll_again(feed)

    assert summary.new == 1
    assert titles() == ["Another title", "Story 2", "Story 3"]


def test_items_that_stood_in_a_feed_before_its_first_poll_are_no_news(publisher, make_feed):
    feed = make_feed(suggest_old=False)
    publisher.serve("/feed", rss(item(1)))
    poll_again(feed)
    publisher.serve("/feed", rss(item(2), item(1)))
    poll_again(feed)

    old, new = Entry.objects.order_by("pk")

    assert (old.is_news, new.is_news) == (False, True)
    assert list(Entry.objects.unread()) == [new]


def test_an_item_without_a_date_was_said_when_we_first_saw_it(publisher, make_feed):
    publisher.serve("/feed", rss(item(1, date="some day")))
    make_feed()

    poll_due()

    entry = Entry.objects.get()
    assert entry.published_at is None
    assert entry.said_at == entry.first_seen_at


def test_an_item_that_links_to_another_outlet_is_that_outlets(publisher, make_feed, make_source):
    yicai = make_source("Yicai", domain="yicai.com")
    feed = make_feed()
    publisher.serve("/feed", rss(item(1, link="https://www.yicai.com/news/1"), item(2, link="https://notyicai.com/")))

    poll_again(feed)

    assert list(Entry.objects.order_by("pk").values_list("source__name", flat=True)) == [yicai.name, "CnEVPost"]


@pytest.mark.parametrize("size", [1, 100])
def test_storing_takes_the_same_queries_for_any_number_of_items(
    publisher, make_feed, size, django_assert_max_num_queries
):
    publisher.serve("/feed", rss(*(item(number) for number in range(size))))
    make_feed()
    taken = take(Feed.objects.all())

    # known digests, any entries yet, sources of hosts, the insert with its savepoint (two), the feed; a clock may ask too
    with django_assert_max_num_queries(9):
        list(poll(taken))

    assert Entry.objects.count() == size


def statements(captured):
    """Without those that only begin and end a transaction."""
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in captured if not query["sql"].startswith(control)]


@pytest.mark.parametrize("feeds", [1, 40])
def test_a_batch_takes_three_statements_if_nothing_changed_and_six_if_something_did(
    publisher, make_feed, make_source, feeds, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(polling, "LULL", 30)  # what a busy machine holds up is stored together all the same
    source = make_source("CnEVPost")
    for number in range(feeds):
        publisher.serve(f"/{number}", rss(item(number, link=f"https://{number}.example/")), ETag='"1"')
        make_feed(f"/{number}", source)
    poll_due()
    for number in range(feeds):
        edited = item(number, title="Edited", link=f"https://{number}.example/")
        publisher.serve(f"/{number}", rss(item(f"new-{number}"), edited), ETag='"2"')
    Feed.objects.update(next_poll_at=clock.now() - timedelta(seconds=1))

    # feeds taken, known items, sources of hosts, feeds let go, revisions kept, items stored
    with django_assert_max_num_queries(10) as changed:
        assert poll_due().new == feeds
    for number in range(feeds):
        publisher.serve(f"/{number}", status="304 Not Modified")
    Feed.objects.update(next_poll_at=clock.now() - timedelta(seconds=1))
    with django_assert_max_num_queries(5) as unchanged:
        assert poll_due().feeds == feeds

    assert len(statements(changed)) <= 6
    assert len(statements(unchanged)) <= 3
    assert Entry.objects.filter(edits=1).count() == feeds


def test_a_body_that_did_not_change_is_not_parsed_and_its_new_validators_are_kept(publisher, make_feed):
    feed = make_feed()
    publisher.serve("/feed", rss(item(1)), ETag='"1"')
    poll_again(feed)
    publisher.serve("/feed", rss(item(1)), ETag='"2"')
    parsed = parser_child._alive.documents

    summary = poll_again(feed)

    assert parser_child._alive.documents == parsed
    assert (summary.new, feed.etag, feed.trouble) == (0, '"2"', "")


def test_an_item_that_the_feed_brought_before_is_known_by_its_bytes_and_a_new_one_is_stored(publisher, make_feed):
    feed = make_feed()
    publisher.serve("/feed", rss(item(1), item(2)))
    poll_again(feed)
    before = bytes(feed.items)
    publisher.serve("/feed", rss(item(3), item(1)))

    poll_again(feed)

    assert titles() == ["Story 1", "Story 2", "Story 3"]
    assert set(records(before)) & set(records(bytes(feed.items)))


def test_a_slow_publisher_keeps_no_other_feeds_news_waiting(publisher, make_feed):
    publisher.serve("/quick", rss(item(1)))
    release = threading.Event()
    publisher.answers["/slow"] = lambda connection, request: release.wait(20)
    make_feed("/quick")
    make_feed("/slow")

    polled = poll(take(Feed.objects.due()))
    first = next(polled)

    assert (first.new, titles()) == (1, ["Story 1"])
    release.set()
    assert len(list(polled)) == 1


def test_hostile_items_are_stored_clean(publisher, make_feed):
    body = rss(
        "<item><title>N\0UL &#xD800; &#0;</title><link>javascript:alert(1)</link><guid>g\0</guid><author>\x1b[31m</author>"
        "<pubDate>-0001-01-01T00:00:00Z</pubDate><description>&lt;script&gt;alert(1)&lt;/script&gt;x\x08</description></item>",
        item(2),
    )
    publisher.serve("/feed", body)
    make_feed()

    poll_due()

    hostile, good = Entry.objects.order_by("pk")
    assert (hostile.title, hostile.url, hostile.text, hostile.guid) == ("NUL", "", "x", "g")
    assert good.title == "Story 2"


# The protocol


def test_validators_are_kept_and_sent_with_the_next_poll(publisher, make_feed):
    feed = make_feed()
    publisher.serve("/feed", rss(item(1)), ETag='W/"1"', Last_Modified="Mon, 15 Apr 2024 06:05:00 GMT")
    poll_again(feed)
    publisher.serve("/feed", status="304 Not Modified")

    summary = poll_again(feed)

    assert header(publisher.requests[1], "If-None-Match") == 'W/"1"'
    assert header(publisher.requests[1], "If-Modified-Since") == "Mon, 15 Apr 2024 06:05:00 GMT"
    assert (summary.feeds, summary.new, feed.trouble, feed.etag) == (1, 0, "", 'W/"1"')


def test_the_next_poll_is_an_interval_away(publisher, make_feed):
    publisher.serve("/feed", rss())
    feed = make_feed(interval=1000)

    poll_again(feed)

    assert timedelta(seconds=850) < feed.next_poll_at - clock.now() < timedelta(seconds=1150)
    assert (feed.failures, feed.lease, feed.trouble) == (0, None, "")
    assert feed.last_success_at == feed.last_polled_at
    assert poll_due().feeds == 0


@pytest.mark.parametrize(
    ("served", "sentence"),
    [
        ({"status": "404 Not Found"}, "The server answered 404 Not Found."),
        ({"body": b"<html><title>Log in</title></html>"}, "It is a web page, not an RSS or Atom feed."),
        ({"body": b""}, "The answer was empty."),
        ({"body": b"<rss>" + b" " * 5_000_000}, "The answer is larger than 5 MB."),
        ({"status": "302 Found", "Location": "http://169.254.169.254/"}, "inside our network"),
        ({"status": "302 Found", "Location": "http://127.0.0.1:6379/"}, "Port 6379"),
    ],
)
def test_trouble_is_told_on_the_feed_and_what_was_stored_stays(publisher, make_feed, served, sentence):
    feed = make_feed()
    publisher.serve("/feed", rss(item(1)), ETag='"1"')
    poll_again(feed)
    well = feed.last_success_at
    publisher.serve("/feed", **served)

    summary = poll_again(feed)

    assert sentence in feed.trouble
    assert (summary.in_trouble, feed.failures, feed.active, feed.etag) == (1, 1, True, '"1"')
    assert feed.last_success_at == well
    assert feed.next_poll_at - clock.now() > timedelta(seconds=1.7 * feed.interval)
    assert titles() == ["Story 1"]


def test_a_feed_that_recovers_is_in_trouble_no_more(publisher, make_feed):
    feed = make_feed()
    poll_again(feed)
    publisher.serve("/feed", rss(item(1)))

    assert feed.trouble
    poll_again(feed)

    assert (feed.trouble, feed.failures) == ("", 0)


def test_a_slow_feed_is_given_up(publisher, make_feed):
    publisher.answers["/feed"] = lambda connection, request: connection.recv(1)
    feed = make_feed()

    list(poll(take(Feed.objects.all()), deadline=0.3))

    feed.refresh_from_db()
    assert feed.trouble == "The server took longer than 0.3 seconds."


def test_a_feed_that_is_gone_is_polled_no_more(publisher, make_feed):
    publisher.serve("/feed", status="410 Gone")
    feed = make_feed()

    poll_again(feed)

    assert not feed.active
    assert "gone for good" in feed.trouble
    assert poll_again(feed).feeds == 0


@pytest.mark.parametrize("retry_after", ["7200", "1000000000"])
def test_a_publisher_that_asks_us_to_wait_is_left_alone_so_long(publisher, make_feed, retry_after):
    publisher.serve("/feed", status="429 Too Many Requests", Retry_After=retry_after)
    feed = make_feed(interval=10)

    poll_again(feed)

    wait = feed.next_poll_at - feed.last_polled_at
    assert wait == min(timedelta(seconds=int(retry_after)), timedelta(days=1))


def test_a_feed_that_hangs_the_parser_is_stopped_and_the_rest_go_on(publisher, make_feed, monkeypatch):
    monkeypatch.setattr(parser_child, "_alive", Child(Limits(cpu=1)))
    publisher.serve("/hanging", rss("<item><title>a</title><author>" + "a" * 100_000 + "</author></item>"))
    publisher.serve("/feed", rss(item(1)))
    hanging, good = make_feed("/hanging"), make_feed("/feed")

    list(poll(take(Feed.objects.all())))
    parser_child._alive.end()

    hanging.refresh_from_db()
    good.refresh_from_db()
    assert hanging.trouble == "Reading this feed took too long, so it was stopped."
    assert (good.trouble, titles()) == ("", ["Story 1"])


# Workers side by side


def test_a_feed_is_taken_by_one_worker_only(make_feed):
    feed = make_feed()

    first, second = take(Feed.objects.due()), take(Feed.objects.due())

    assert (first, second) == ([feed], [])


def test_a_lease_that_ran_out_can_be_taken_over_and_the_new_holder_has_the_say(publisher, make_feed):
    publisher.serve("/feed", rss(item(1)), ETag='"1"')
    feed = make_feed()
    (ours,) = take(Feed.objects.due())
    Feed.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    (theirs,) = take(Feed.objects.due())

    (polled,) = poll([ours])

    feed.refresh_from_db()
    assert polled.taken_over
    assert (feed.lease, feed.etag, feed.last_polled_at) == (theirs.lease, "", None)
    assert titles() == ["Story 1"]


def test_two_workers_that_bring_the_same_items_store_them_once(publisher, make_feed):
    publisher.serve("/feed", rss(item(1), item(2)))
    make_feed()
    (ours,) = take(Feed.objects.due())
    Feed.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    (theirs,) = take(Feed.objects.due())

    list(poll([theirs]))
    list(poll([ours]))

    assert titles() == ["Story 1", "Story 2"]


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_storing_and_scheduling_loses_and_doubles_nothing(publisher, make_feed, monkeypatch):
    feed = make_feed(suggest_old=False)
    publisher.serve("/feed", rss(item(1)))
    poll_again(feed)
    publisher.serve("/feed", rss(item(2), item(1)), ETag='"2"')
    Feed.objects.update(next_poll_at=clock.now())

    class Crash(BaseException):
        pass

    def crash(*_):
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(storing, "finish", crash)
        with pytest.raises(Crash):
            poll_due()
    assert titles() == ["Story 1"]
    publisher.serve("/feed", rss(item(3), item(2), item(1)))
    Feed.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    poll_due()

    assert header(publisher.requests[2], "If-None-Match") is None
    assert sorted(titles()) == ["Story 1", "Story 2", "Story 3"]
    assert sorted(entry.title for entry in Entry.objects.unread()) == ["Story 2", "Story 3"]


def test_feeds_that_a_batch_has_no_time_for_are_left_due(publisher, make_feed):
    publisher.serve("/quick", rss(item(1)))
    publisher.answers["/slow"] = lambda connection, request: connection.recv(1)
    make_feed("/quick")
    slow = make_feed("/slow")

    polled = list(poll(take(Feed.objects.due()), budget=0.3))

    assert len(polled) == 1
    assert list(Feed.objects.due()) == [slow]
    slow.refresh_from_db()
    assert (slow.trouble, slow.failures) == ("", 0)


def test_feeds_that_fail_wait_for_those_that_do_not(make_feed):
    failing, well = make_feed("/1", failures=3), make_feed("/2")

    assert take(Feed.objects.due(), 1) == [well]
    assert take(Feed.objects.due(), 1) == [failing]


def test_feeds_are_fetched_side_by_side(publisher, make_feed):
    both = threading.Barrier(2, timeout=10)

    def together(connection, request):
        both.wait()
        connection.sendall(answer(rss(item(request.split()[1]))))

    publisher.answers["/1"] = publisher.answers["/2"] = together
    make_feed("/1")
    make_feed("/2")

    assert poll_due().new == 2


def test_a_fault_of_ours_is_told_on_the_feed_and_logged(make_feed, caplog):
    feed = make_feed()
    (taken,) = take(Feed.objects.due())

    nameless = ParsedEntry(guid="1", url="", title=None, text="", author="", language="", published_at=None)
    settle([Brought(taken, Answer("200 OK"), parsed=ParsedFeed("", (nameless,)))], clock.now())

    feed.refresh_from_db()
    assert feed.trouble == OUR_FAULT
    assert "fault of ours" in caplog.text


def test_tasks_drain_what_is_due_and_unread(publisher, make_feed):
    for number in range(3):
        publisher.serve(f"/{number}", rss(item(number)))
        make_feed(f"/{number}")

    poll_due_feeds()
    read_new_entries()

    assert len(titles()) == 3
    assert not Entry.objects.unread().exists()


# The command


def run(*arguments):
    out = io.StringIO()
    call_command("poll", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_slow_publishers_occupy_two_processes_of_a_machine_and_leave_the_others_to_the_mail(publisher, make_feed):
    publisher.serve("/feed", rss(item(1)))
    feed = make_feed()

    with polling_here() as first, polling_here() as second:
        assert (first, second) == (True, True)
        poll_due_feeds()
        assert list(Feed.objects.due()) == [feed]
    poll_due_feeds()

    assert titles() == ["Story 1"]


def test_where_more_is_due_than_a_process_takes_at_a_time_another_is_told(publisher, make_feed):
    for number in range(3):
        publisher.serve(f"/{number}", rss(item(number)))
        make_feed(f"/{number}")
    told = []

    assert poll_due(2, more=lambda: told.append("more")).feeds == 2
    assert poll_due(2, more=lambda: told.append("more")).feeds == 1

    assert told == ["more"]


def test_the_command_polls_what_is_due_and_tells_what_it_did(publisher, make_feed):
    publisher.serve("/feed", rss(item(1)))
    make_feed()
    make_feed("/missing")
    make_feed("/later", next_poll_at=clock.now() + timedelta(hours=1))

    *progress, polled, looked_through = run()

    assert sorted(line.partition("] ")[2] for line in progress) == [
        f"CnEVPost {publisher.url('/feed')}: 200 OK, 1 new",
        f"CnEVPost {publisher.url('/missing')}: 404 Not Found, The server answered 404 Not Found.",
    ]
    assert polled == "2 feeds polled, 1 new item, 1 in trouble."
    assert looked_through.startswith("1 item looked through: ")


def test_the_command_polls_all_active_feeds_when_asked(publisher, make_feed):
    make_feed("/later", next_poll_at=clock.now() + timedelta(hours=1))
    make_feed("/paused", active=False)

    assert "1 feed polled" in run("--all", "--no-read")[-1]


@pytest.mark.parametrize("by", ["pk", "url"])
def test_the_command_polls_one_feed_by_number_or_address(make_feed, by):
    make_feed("/other")
    feed = make_feed("/one", active=False)

    *progress, last = run("--feed", str(getattr(feed, by)), "--no-read")

    assert len(progress) == 1
    assert "/one" in progress[0]


@pytest.mark.parametrize("feed", ["7", "9" * 30, "https://nowhere.example/feed", "x\0"])
def test_the_command_refuses_a_feed_that_there_is_none_of(db, feed):
    with pytest.raises(CommandError) as refused:
        run("--feed", feed)

    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)


def test_the_command_says_what_another_worker_holds(make_feed):
    make_feed()
    take(Feed.objects.due())

    assert "1 held by another worker" in run("--all", "--no-read")[-1]


# The admin


@pytest.mark.parametrize("page", ["feed", "entry", "suggestion"])
@pytest.mark.parametrize("size", [1, 100])
def test_admin_lists_take_the_same_queries_for_any_number(
    admin_client, make_feed, django_assert_max_num_queries, page, size
):
    for number in range(size):
        entry = make_entry(make_feed(f"/{number}"))
        Suggestion.objects.create(entry=entry, strength="strong", stance="denies", passage="It is not true.")

    with django_assert_max_num_queries(12):
        shown = admin_client.get(reverse(f"admin:ingest_{page}_changelist"))

    assert shown.context["cl"].result_count == size


def make_entry(feed, **fields):
    return Entry.objects.create(feed=feed, source=feed.source, guid="1", title="Chery denies it", **fields)


def test_an_editor_sees_the_state_of_a_feed_in_words(admin_client, make_feed):
    make_feed("/1", trouble="It is JSON, not an RSS or Atom feed.", failures=2)
    make_feed("/2", active=False)
    make_feed("/3", last_success_at=APRIL_15)

    page = admin_client.get(reverse("admin:ingest_feed_changelist")).content.decode()

    for words in ("in trouble for 2 polls in a row", "not polled", "all is well", "It is JSON", "06:05 UTC"):
        assert words in page


@pytest.mark.parametrize(("state", "path"), [("well", "/well"), ("trouble", "/trouble"), ("paused", "/paused")])
def test_feeds_are_found_by_their_state(admin_client, make_feed, state, path):
    make_feed("/well")
    make_feed("/trouble", trouble="It is gone.")
    make_feed("/paused", active=False)

    page = admin_client.get(reverse("admin:ingest_feed_changelist"), {"state": state})

    assert [feed.url.endswith(path) for feed in page.context["cl"].result_list] == [True]


def act(client, action, *feeds):
    chosen = {"action": action, "_selected_action": [feed.pk for feed in feeds]}
    return client.post(reverse("admin:ingest_feed_changelist"), chosen, follow=True)


def test_an_editor_pauses_resumes_and_polls_feeds_from_the_list(admin_client, make_feed):
    feed = make_feed(next_poll_at=clock.now() + timedelta(days=1))

    act(admin_client, "poll_now", feed)
    assert list(Feed.objects.due()) == [feed]

    act(admin_client, "pause", feed)
    assert list(Feed.objects.due()) == []
    assert "paused: 1" in act(admin_client, "poll_now", feed).content.decode()

    act(admin_client, "resume", feed)
    assert list(Feed.objects.due()) == [feed]


def test_a_reader_may_look_at_feeds_and_change_none(client, reader, make_feed):
    feed = make_feed()
    client.force_login(reader)

    assert client.get(reverse("admin:ingest_feed_changelist")).status_code == 200
    act(client, "pause", feed)

    feed.refresh_from_db()
    assert feed.active


def test_a_new_address_forgets_the_validators_of_the_old(admin_client, make_feed):
    feed = make_feed(etag='"1"', last_modified="yesterday")
    form = {
        "source": feed.source.pk,
        "url": "https://news.example/new",
        "active": "on",
        "interval": 900,
        "slowest": 21_600,
    }

    admin_client.post(reverse("admin:ingest_feed_change", args=[feed.pk]), form)

    feed.refresh_from_db()
    assert (feed.url, feed.etag, feed.last_modified) == ("https://news.example/new", "", "")


def test_a_poll_under_way_does_not_write_the_validators_of_the_old_address(admin_client, publisher, make_feed):
    publisher.serve("/feed", rss(item(1)), ETag='"old"')
    feed = make_feed()
    (taken,) = take(Feed.objects.due())
    form = {"source": feed.source.pk, "url": publisher.url("/new"), "active": "on", "interval": 900, "slowest": 21_600}
    admin_client.post(reverse("admin:ingest_feed_change", args=[feed.pk]), form)

    (polled,) = poll([taken])

    feed.refresh_from_db()
    assert polled.taken_over
    assert (feed.etag, list(Feed.objects.due())) == ("", [feed])


def test_an_edit_that_leaves_the_address_alone_takes_no_feed_from_a_worker(admin_client, make_feed):
    feed = make_feed()
    (taken,) = take(Feed.objects.due())
    form = {
        "source": feed.source.pk,
        "url": feed.url,
        "active": "on",
        "interval": 1800,
        "slowest": 21_600,
        "suggest_old": "on",
    }

    admin_client.post(reverse("admin:ingest_feed_change", args=[feed.pk]), form)

    feed.refresh_from_db()
    assert (feed.interval, feed.lease) == (1800, taken.lease)


@pytest.mark.parametrize("interval", [9, 604_801, 2**63 - 1])
def test_an_interval_is_ten_seconds_to_a_week(admin_client, make_feed, interval):
    feed = make_feed()
    form = {"source": feed.source.pk, "url": feed.url, "active": "on", "interval": interval}

    shown = admin_client.post(reverse("admin:ingest_feed_change", args=[feed.pk]), form)

    assert "Ensure this value is" in shown.content.decode()


@pytest.mark.parametrize("page", ["entry", "suggestion"])
def test_items_and_suggestions_are_looked_at_and_not_changed(admin_client, make_feed, page):
    entry = make_entry(make_feed(), text="<script>alert(1)</script>")
    suggestion = Suggestion.objects.create(entry=entry, strength="strong", stance="denies", passage="It is not true.")
    pk = {"entry": entry.pk, "suggestion": suggestion.pk}[page]

    shown = admin_client.get(reverse(f"admin:ingest_{page}_change", args=[pk])).content.decode()

    assert "It is not true." in shown
    assert "<script>alert" not in shown
    for action in ("add", "delete"):
        where = reverse(f"admin:ingest_{page}_{action}", args=[pk] if action == "delete" else [])
        assert admin_client.get(where).status_code == 403


def test_the_decision_on_an_item_is_shown(admin_client, make_feed, admin_user):
    entry = make_entry(make_feed(), decision=Decision.REJECTED, decided_at=clock.now(), decided_by=admin_user)

    assert (
        "says nothing we track"
        in admin_client.get(reverse("admin:ingest_entry_change", args=[entry.pk])).content.decode()
    )
