"""What publishers are promised, against servers that misbehave: counted by the server, on a clock that the test moves."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.db.models import Min

from ingest.models import Entry, Feed
from ingest.moves import MoveError, adopt_move, dismiss_notices
from ingest.polling import poll
from ingest.upkeep import move_is_stable
from tests.publisher import Publisher, answer, header

NOW = datetime(2024, 4, 15, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FLOOR = timedelta(seconds=900)
BODY = b"<rss><channel><title>Deals</title><item><title>A</title><guid>1</guid></item></channel></rss>"


@pytest.fixture
def publisher(settings):
    with Publisher() as server:
        settings.LOCAL_FEEDS = frozenset({server.place})
        yield server


@pytest.fixture
def make_feed(publisher, make_source):
    def make(path="/feed", **fields):
        fields = {"url": publisher.url(path), "next_poll_at": NOW, **fields}
        return Feed.objects.create(source=make_source("CnEVPost"), **fields)

    return make


@pytest.fixture
def at():
    """Poll at a moment what is due then; how many feeds that was."""

    def poll_at(now):
        return len(list(poll(list(Feed.objects.due(now)), now=now)))

    return poll_at


@pytest.fixture
def through(at):
    """Poll whatever is due the moment that it is, from one moment on and for some time; the moments of the polls."""

    def poll_through(start, span):
        now, polls = start, []
        while now is not None and now <= start + span:
            if at(now):
                polls.append(now)
            now = Feed.objects.filter(active=True, next_poll_at__gt=now).aggregate(at=Min("next_poll_at"))["at"]
        return polls

    return poll_through


def fresh(feed):
    feed.refresh_from_db()
    return feed


# Validators


def test_a_feed_that_is_held_is_asked_with_conditions_ever_after(publisher, make_feed, through):
    def unchanged_once_known(connection, request):
        known = header(request, "If-None-Match") == '"1"'
        connection.sendall(answer(b"" if known else BODY, "304 Not Modified" if known else "200 OK", ETag='"1"'))

    publisher.answers["/feed"] = unchanged_once_known
    make_feed()

    polls = through(NOW, 6 * HOUR)

    conditions = [header(request, "If-None-Match") for request in publisher.requests]
    assert len(polls) > 3
    assert conditions == [None] + ['"1"'] * (len(polls) - 1)


@pytest.mark.parametrize("body", [BODY, BODY.replace(b"<title>A", b"<title>B")])
def test_validators_that_change_are_kept_though_the_items_did_not(publisher, make_feed, at, body):
    feed = make_feed()
    publisher.serve("/feed", BODY, ETag='"1"', Last_Modified="one")
    at(NOW)
    publisher.serve("/feed", body, ETag='W/"2', Last_Modified="two")
    at(NOW + DAY)

    assert (fresh(feed).etag, feed.last_modified) == ('W/"2', "two")


def test_an_unchanged_answer_brings_new_validators_or_leaves_the_old(publisher, make_feed, at):
    feed = make_feed()
    publisher.serve("/feed", BODY, ETag='"1"', Last_Modified="one")
    at(NOW)
    publisher.serve("/feed", status="304 Not Modified", ETag='"2"')
    at(NOW + DAY)

    assert (fresh(feed).etag, feed.last_modified) == ('"2"', "one")


def test_a_body_without_validators_takes_the_old_ones_away(publisher, make_feed, at):
    feed = make_feed()
    publisher.serve("/feed", BODY, ETag='"1"', Last_Modified="one")
    at(NOW)
    publisher.serve("/feed", BODY)
    at(NOW + DAY)

    assert (fresh(feed).etag, feed.last_modified) == ("", "")


@pytest.mark.parametrize("length", [str(len(BODY)), None])
def test_an_unchanged_answer_with_a_body_is_an_unchanged_answer(publisher, make_feed, at, length):
    feed = make_feed(etag='"1"')
    publisher.serve("/feed", BODY, status="304 Not Modified", Content_Length=length)
    at(NOW)

    assert (fresh(feed).trouble, feed.last_success_at) == ("", NOW)
    assert not Entry.objects.exists()


# When we come again


@pytest.mark.parametrize(
    ("headers", "earliest"),
    [
        ({}, FLOOR),
        ({"Cache_Control": "public, max-age=7200"}, 2 * HOUR),
        ({"Cache_Control": "max-age=7200", "Age": "1800"}, 1.5 * HOUR),
        ({"Cache_Control": "max-age=60"}, FLOOR),
        ({"Expires": format_datetime(NOW + 3 * HOUR, usegmt=True)}, 3 * HOUR),
        ({"Cache_Control": "max-age=31536000"}, DAY),
        ({"Retry_After": "7200"}, 2 * HOUR),
        ({"status": "503 Service Unavailable", "Retry_After": "7200", "Cache_Control": "max-age=10800"}, 3 * HOUR),
        ({"status": "429 Too Many Requests", "Retry_After": format_datetime(NOW + 5 * HOUR, usegmt=True)}, 5 * HOUR),
        ({"status": "429 Too Many Requests", "Retry_After": "-5"}, FLOOR),
        ({"status": "429 Too Many Requests", "Retry_After": "1e9"}, FLOOR),
        ({"status": "429 Too Many Requests", "Retry_After": "1000000000"}, DAY),
    ],
)
def test_no_poll_comes_before_the_floor_and_what_the_publisher_asks(publisher, make_feed, through, headers, earliest):
    publisher.serve("/feed", BODY, **headers)
    make_feed(slowest=900)

    first, second, *_ = through(NOW, 25 * HOUR)

    assert first == NOW
    assert earliest <= second - first <= DAY
    assert second - first <= max(earliest, 2.2 * FLOOR)


@pytest.mark.parametrize(
    ("asked", "earliest"),
    [
        ("<ttl>180</ttl>", 3 * HOUR),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>6</sy:updateFrequency>", 4 * HOUR),
        ("<skipHours><hour>12</hour><hour>13</hour></skipHours>", 2 * HOUR),
        ("<skipDays><day>Monday</day></skipDays>", 12 * HOUR),
    ],
)
def test_what_the_feed_itself_asks_holds_for_unchanged_answers_too(publisher, make_feed, through, asked, earliest):
    namespace = b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
    body = BODY.replace(b"<rss>", namespace).replace(b"<item>", asked.encode() + b"<item>")
    publisher.serve("/feed", body, ETag='"1"')
    feed = make_feed(slowest=900)

    polls = through(NOW, DAY)
    assert polls[1] - NOW >= earliest

    publisher.serve("/feed", status="304 Not Modified")
    Feed.objects.update(next_poll_at=NOW + 7 * DAY)
    again = through(NOW + 7 * DAY, DAY)
    assert again[1] - again[0] >= earliest
    assert fresh(feed).trouble == ""


def test_a_feed_that_seldom_brings_anything_is_asked_seldom_and_one_that_wakes_up_often(publisher, make_feed, through):
    def stories(*ages):
        items = "".join(
            f"<item><title>{date}</title><guid>{date}</guid><pubDate>{format_datetime(date)}</pubDate></item>"
            for date in ages
        )
        return f"<rss><channel><title>Deals</title>{items}</channel></rss>".encode()

    weekly = [NOW - 7 * DAY * number for number in range(1, 9)]
    publisher.serve("/feed", stories(*weekly))
    make_feed()
    seldom = len(through(NOW, DAY))
    assert 4 <= seldom <= 6

    busy = NOW + DAY
    publisher.serve("/feed", stories(*(busy - MINUTE * number for number in range(200)), *weekly))
    assert len(through(busy, DAY)) >= 2 * seldom  # the first of them comes only hours after it woke


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "500 Oops", "502 Bad Gateway"]
)
def test_a_feed_that_fails_is_asked_ever_less(publisher, make_feed, through, status):
    publisher.serve("/feed", status=status)
    feed = make_feed()

    polls = through(NOW, 4 * DAY)

    waits = [later - earlier for earlier, later in zip(polls, polls[1:], strict=False)]
    assert len(publisher.requests) == len(polls) <= 11
    assert all(later > earlier * 1.5 for earlier, later in zip(waits[:5], waits[1:6], strict=True))
    assert max(waits) <= DAY
    assert status.split()[0] in fresh(feed).trouble


# Gone


def test_none_comes_after_gone_until_a_person_says_so(publisher, make_feed, at, through):
    publisher.serve("/feed", status="410 Gone", Retry_After="60")
    feed = make_feed()

    assert through(NOW, 40 * DAY) == [NOW]
    assert at(NOW + 40 * DAY) == 0
    assert len(publisher.requests) == 1
    assert not fresh(feed).active
    assert "gone for good" in feed.stopped
    assert feed.notice == feed.stopped

    publisher.serve("/feed", BODY)
    assert Feed.objects.resume(NOW + 50 * DAY) == 1
    assert through(NOW + 50 * DAY, MINUTE) == [NOW + 50 * DAY]
    assert (fresh(feed).active, feed.stopped, feed.notice, feed.trouble) == (True, "", "", "")


def test_a_feed_that_leads_for_now_to_something_gone_is_not_gone(publisher, make_feed, at):
    publisher.serve("/feed", status="302 Found", Location="/cache")
    publisher.serve("/cache", status="410 Gone")
    feed = make_feed()
    at(NOW)

    assert fresh(feed).active
    assert "for the time being" in feed.trouble


def test_a_feed_whose_permanent_address_is_gone_is_gone(publisher, make_feed, at):
    publisher.serve("/feed", status="301 Moved Permanently", Location="/new")
    publisher.serve("/new", status="410 Gone")
    feed = make_feed()
    at(NOW)

    assert not fresh(feed).active


def test_a_feed_that_fails_for_a_week_raises_one_notice(publisher, make_feed, through):
    feed = make_feed()

    through(NOW, 6 * DAY)
    assert fresh(feed).notice == ""
    through(NOW + 6 * DAY, 4 * DAY)
    assert "trouble for a week" in fresh(feed).notice
    raised = feed.noticed_at

    assert dismiss_notices(Feed.objects.all()) == 1
    through(NOW + 10 * DAY, 20 * DAY)
    assert (fresh(feed).notice, feed.noticed_at, feed.active) == ("", raised, True)


# Moved


@pytest.fixture
def moving(publisher):
    def move(status="301 Moved Permanently", to="/new"):
        publisher.serve("/feed", status=status, Location=to)
        publisher.serve(to, BODY, ETag='"new"')

    return move


@pytest.mark.parametrize("status", ["301 Moved Permanently", "308 Permanent Redirect"])
def test_a_move_is_believed_after_two_days_and_the_old_address_kept(publisher, make_feed, through, moving, status):
    moving(status)
    old = publisher.url("/feed")
    feed = make_feed()

    through(NOW, 2 * DAY - HOUR)
    assert (fresh(feed).url, feed.moved_to, feed.notice) == (old, publisher.url("/new"), "")
    through(NOW + 2 * DAY, DAY)

    assert fresh(feed).url == publisher.url("/new")
    assert [former.url for former in feed.former_addresses.all()] == [old]
    assert feed.notice == f"It moved from {old} to {feed.url}, and is polled there now."
    assert (feed.moved_to, feed.moved_seen, feed.etag, Entry.objects.count()) == ("", 0, '"new"', 1)
    publisher.requests.clear()
    through(NOW + 3 * DAY, DAY)
    assert {request.split()[1] for request in publisher.requests} == {"/new"}


def test_a_move_that_was_met_only_twice_is_not_believed_however_long_ago(make_feed, at, moving):
    moving()
    feed = make_feed()

    for day in (0, 30):
        at(NOW + day * DAY)

    assert fresh(feed).moved_seen == 2
    assert feed.url.endswith("/feed")


@pytest.mark.parametrize("status", ["302 Found", "303 See Other", "307 Temporary Redirect"])
def test_a_passing_redirect_is_followed_and_not_stored(make_feed, through, moving, status):
    moving(status)
    feed = make_feed()

    through(NOW, 4 * DAY)

    assert (fresh(feed).trouble, feed.moved_to) == ("", "")
    assert feed.url.endswith("/feed")


def test_a_move_that_changes_or_pauses_is_counted_anew(publisher, make_feed, at, moving):
    feed = make_feed()
    for day, to in enumerate(["/new", "/new", "/newer", "/newer", None, "/newer", "/newer"]):
        if to:
            moving(to=to)
        else:
            publisher.serve("/feed", BODY)
        at(NOW + day * DAY)

    assert (fresh(feed).moved_seen, feed.moved_to) == (2, publisher.url("/newer"))
    assert feed.url.endswith("/feed")


def test_a_move_to_a_login_page_is_not_counted(publisher, make_feed, through, moving):
    moving()
    publisher.serve("/new", b"<!doctype html><html><title>Log in</title></html>")
    feed = make_feed()

    through(NOW, 5 * DAY)

    assert (fresh(feed).moved_to, feed.url) == ("", publisher.url("/feed"))
    assert (
        feed.trouble == f"It is a web page, not an RSS or Atom feed. The feed's address led to {publisher.url('/new')}"
    )


def test_an_editor_may_adopt_a_move_at_once(publisher, make_feed, at, moving):
    moving()
    feed = make_feed()
    at(NOW)

    said = adopt_move(fresh(feed))

    assert said.startswith("It moved from ")
    assert fresh(feed).url == publisher.url("/new")
    with pytest.raises(MoveError, match="names no new address"):
        adopt_move(feed)


@pytest.mark.parametrize("other", ["/new", "/new/"])
def test_two_feeds_never_come_to_one_address_and_one_notice_says_why(publisher, make_feed, through, moving, other):
    moving()
    publisher.serve(other, BODY)
    feed = make_feed()
    make_feed(other)

    through(NOW, 3 * DAY)
    assert fresh(feed).url == publisher.url("/feed")
    assert feed.notice == (
        f"It says that it moved to {publisher.url('/new')}, where another feed is polled. Pause one of the two."
    )
    with pytest.raises(MoveError, match="another feed"):
        adopt_move(feed)

    dismiss_notices(Feed.objects.all())
    through(NOW + 3 * DAY, 3 * DAY)
    assert fresh(feed).notice == ""
    assert not feed.former_addresses.exists()


def test_a_move_that_somebody_overtook_is_not_adopted(publisher, make_feed, at, moving):
    moving()
    feed = make_feed()
    at(NOW)
    fresh(feed)
    Feed.objects.update(url=publisher.url("/by-hand"))

    with pytest.raises(MoveError, match="just been changed"):
        adopt_move(feed)
    assert fresh(feed).url == publisher.url("/by-hand")


def test_a_feed_gives_https_up_for_a_person_only(make_feed, through, moving):
    moving()
    feed = make_feed()
    through(NOW, DAY)
    Feed.objects.update(url="https://news.example/feed", moved_to="http://news.example/feed", moved_seen=9)

    assert not move_is_stable(fresh(feed), NOW + 9 * DAY)
    assert adopt_move(feed)
    assert fresh(feed).url == "http://news.example/feed"


# Web pages for feeds


@pytest.mark.parametrize(
    "served",
    [
        {"body": b"<!DOCTYPE html><html><head><title>Log in</title></head></html>", "Content_Type": "text/html"},
        {"body": b"<html><body>Down for maintenance</body></html>", "Content_Type": "application/rss+xml"},
    ],
)
def test_a_web_page_in_place_of_a_feed_is_trouble_and_takes_nothing_away(publisher, make_feed, at, served):
    feed = make_feed()
    publisher.serve("/feed", BODY, ETag='"1"')
    at(NOW)
    publisher.serve("/feed", ETag='"page"', **served)
    at(NOW + DAY)

    assert (fresh(feed).trouble, feed.etag) == ("It is a web page, not an RSS or Atom feed.", '"1"')
    assert Entry.objects.count() == 1


def test_a_circle_of_redirects_costs_one_request_a_hop_and_backs_off(publisher, make_feed, at):
    publisher.serve("/feed", status="301 Moved Permanently", Location="/there")
    publisher.serve("/there", status="302 Found", Location="/feed")
    feed = make_feed()
    at(NOW)

    assert fresh(feed).trouble == "It redirects in a circle."
    assert (len(publisher.requests), feed.failures) == (2, 1)


# Encodings


@pytest.mark.parametrize(
    ("codec", "mark", "header_says", "declared"),
    [
        ("utf-8", b"\xef\xbb\xbf", "; charset=gbk", "big5"),
        ("utf-16-le", b"\xff\xfe", "; charset=gbk", "utf-8"),
        ("gbk", b"", "; charset=gbk", "windows-1251"),
        ("gbk", b"", "", "gbk"),
        ("utf-8", b"", "", ""),
    ],
)
def test_a_mark_goes_before_the_header_and_the_header_before_the_declaration(
    publisher, make_feed, at, codec, mark, header_says, declared
):
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = f"{head}<rss><channel><item><title>奇瑞与捷豹路虎</title></item></channel></rss>"
    publisher.serve("/feed", mark + body.encode(codec), Content_Type=f"application/rss+xml{header_says}")
    make_feed()
    at(NOW)

    assert Entry.objects.get().title == "奇瑞与捷豹路虎"
