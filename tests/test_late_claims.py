"""A claim that is opened after its stories finds them among the stored items, in the background."""

from datetime import UTC, datetime, timedelta

import pytest

from deals.models import Claim
from ingest.models import Entry, Feed, LookBack
from ingest.suggestions import look_back, looking_back, read_unread

pytestmark = pytest.mark.django_db

APRIL_15 = datetime(2024, 4, 15, 6, tzinfo=UTC)
RUMOR = "JLR is close to using Chery's platforms, people familiar with the matter said."


@pytest.fixture
def make_entry(make_source):
    def make(title="News from the car makers", text="", **fields):
        number = Entry.objects.count() + 1
        source = make_source("CnEVPost")
        feed, _ = Feed.objects.get_or_create(url="https://cars.example/feed", defaults={"source": source})
        values = {"guid": f"item-{number}", "url": f"https://cars.example/{number}", "published_at": APRIL_15}
        return Entry.objects.create(feed=feed, source=source, title=title, text=text, **values | fields)

    return make


def on(claim):
    return set(Entry.objects.waiting().filter(suggestions__claim=claim))


def test_stories_that_named_nobody_we_tracked_are_found_once_a_claim_is_opened(make_entry, make_claim):
    story, other = make_entry(text=RUMOR), make_entry(text="BYD sold more cars in March.")
    read_unread()
    assert not Entry.objects.waiting().exists()

    claim = make_claim(type="technology_licence")

    assert look_back() == 1
    assert on(claim) == {story}
    assert not other.suggestions.exists()
    row = LookBack.objects.get(claim=claim)
    assert (row.looked_at, row.found, row.done_at is None) == (2, 1, False)
    assert look_back() == 0


def test_what_was_stored_as_history_is_news_for_the_claim_and_nothing_else_of_it_is(make_entry, make_claim):
    past = make_entry(text=RUMOR, is_news=False, history="first_poll", read_at=APRIL_15)
    other = make_entry(text="JLR praised Chery's cars.", is_news=False, history="first_poll", read_at=APRIL_15)

    claim = make_claim(type="technology_licence")
    look_back()

    assert on(claim) == {past}
    other.refresh_from_db()
    assert (other.is_news, other.history, other.waiting, other.suggestions.count()) == (False, "first_poll", False, 0)


def test_decided_items_and_items_that_are_not_read_yet_are_left_alone(make_entry, make_claim, editor):
    decided, unread = make_entry(text=RUMOR), make_entry(text=RUMOR)
    Entry.objects.filter(pk=decided.pk).update(
        read_at=APRIL_15, decision="rejected", decided_at=APRIL_15 + timedelta(hours=1), decided_by=editor
    )

    make_claim(type="technology_licence")

    assert look_back() == 0
    assert list(Entry.objects.unread()) == [unread]


def test_it_goes_on_where_it_stopped_and_looks_at_so_many_at_most(make_entry, make_claim, monkeypatch):
    monkeypatch.setattr(looking_back, "BATCH", 2)
    monkeypatch.setattr(looking_back, "MOST_LOOKED_AT", 5)
    stories = [make_entry(text=RUMOR, title=f"Item {n}") for n in range(7)]
    Entry.objects.update(read_at=APRIL_15)
    claim = make_claim(type="technology_licence")

    look_back(seconds=0)
    assert on(claim) == set(stories[-2:])
    while LookBack.objects.filter(done_at=None).exists():
        look_back(seconds=0)

    assert on(claim) == set(stories[-5:])
    assert LookBack.objects.get(claim=claim).looked_at == 5


def test_it_ends_when_enough_is_found(make_entry, make_claim, monkeypatch):
    monkeypatch.setattr(looking_back, "BATCH", 2)
    monkeypatch.setattr(looking_back, "MOST_FOUND", 3)
    for n in range(7):
        make_entry(text=RUMOR, title=f"Item {n}")
    Entry.objects.update(read_at=APRIL_15)
    claim = make_claim(type="technology_licence")

    look_back()

    assert len(on(claim)) == 4


def test_a_claim_whose_parties_nobody_has_named_finds_its_stories_by_words(make_entry, make_claim):
    story = make_entry(title="Apple in late stages to acquire Path, report says")
    make_entry(title="Weather on Sunday")
    read_unread()

    claim = make_claim("Apple is acquiring the start-up Path", parties=[], deal=None)
    look_back()

    assert on(claim) == {story}
    assert Claim.objects.count() == 1
