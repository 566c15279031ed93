"""Feeds as an attacker would serve them, polled over real HTTP: what each may cost, and what is left of it."""

import functools
from datetime import timedelta

import pytest

from deals import clock
from ingest import parser_child, polling
from ingest.models import Entry, Feed
from ingest.parser_child import Child, Limits
from ingest.polling import poll, poll_due, take

# A regular expression of the parser that looks for an address in the author takes quadratic time on one long word.
HANGING = "<item><title>a</title><author>" + "a" * 100_000 + "</author></item>"


@pytest.fixture
def make_feed(publisher, make_source):
    def make(path="/feed", **fields):
        fields = {"url": publisher.url(path), "suggest_old": True, **fields}
        return Feed.objects.create(source=make_source("CnEVPost"), **fields)

    return make


@pytest.fixture
def limits(monkeypatch):
    """Give all children of the test limits of their own, and feeds so many seconds until they wait for the others."""

    def limit(quick=0.2, **limits):
        end_child(monkeypatch)
        monkeypatch.setattr(parser_child, "Child", functools.partial(Child, Limits(**limits)))
        monkeypatch.setattr(polling, "QUICK", quick)

    yield limit
    end_child(monkeypatch)


def end_child(monkeypatch):
    if parser_child._alive:
        parser_child._alive.end()
    parser_child._alive = None


def rss(*items, head=""):
    return f"{head}<rss version='2.0'><channel><title>Deals</title>{''.join(items)}</channel></rss>".encode()


def item(title="A story", **elements):
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
    return f"<item><title>{title}</title>{inner}</item>"


def titles():
    return list(Entry.objects.order_by("pk").values_list("title", flat=True))


# A queue of feeds that hang the parser


def test_feeds_that_hang_the_parser_wait_until_the_others_of_their_batch_are_stored(publisher, make_feed, limits):
    limits(wall=0.6)
    for number in range(3):
        publisher.serve(f"/{number}", rss(HANGING))
        make_feed(f"/{number}", next_poll_at=clock.now() - timedelta(hours=1))
    publisher.serve("/good", rss(item()))
    make_feed("/good")

    polled = poll(take(Feed.objects.due()))
    first = next(polled)

    assert (first.feed.url, titles()) == (publisher.url("/good"), ["A story"])
    assert [each.trouble for each in polled] == [parser_child.TOO_LONG] * 3


def test_a_batch_that_has_no_time_left_gives_none_to_feeds_that_hang_the_parser(publisher, make_feed, limits):
    limits(quick=0.4, wall=60, cpu=60)
    for number in range(6):
        publisher.serve(f"/{number}", rss(HANGING))
        make_feed(f"/{number}", next_poll_at=clock.now() - timedelta(hours=1))
    publisher.serve("/good", rss(item()))
    make_feed("/good")

    list(poll(take(Feed.objects.due()), budget=2))

    assert titles() == ["A story"]
    assert list(Feed.objects.in_trouble().values_list("trouble", "failures")) == [(parser_child.TOO_LONG, 1)] * 6
    assert len(publisher.requests) == 7
    assert poll_due().feeds == 0


def test_a_large_feed_that_takes_its_time_is_read_all_the_same(publisher, make_feed, limits):
    limits(quick=0.02)
    publisher.serve("/feed", rss(*(item(f"Story {number}", guid=number) for number in range(400))))
    feed = make_feed()

    poll_due()

    feed.refresh_from_db()
    assert (feed.trouble, len(titles())) == ("", 400)
