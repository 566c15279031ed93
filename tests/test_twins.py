"""The same article in several feeds: it waits once, and is decided once."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse

from ingest.models import Entry, Feed, Suggestion
from ingest.suggestions import AlreadyDecided, accept, read_unread, reject, undo_decision

APRIL_15 = datetime(2024, 4, 15, 6, tzinfo=UTC)
ARTICLE = "https://cars.example/jlr-chery"
RUMOR = "JLR is close to using Chery's platforms, 36kr said, citing people familiar with the matter."
DENIAL = "Chery's spokesman Jin Yibo said the report on JLR using Chery's platforms was untrue."


@pytest.fixture
def claim(make_claim, make_source):
    make_source("36kr")
    return make_claim(type="technology_licence")


@pytest.fixture
def bring(make_source, claim):
    """An entry with the article, as a feed of this outlet brings it."""
    numbers = itertools.count(1)

    def stored(outlet, text=RUMOR, url=ARTICLE, title="News from the car makers", **fields):
        number = next(numbers)
        source = make_source(outlet)
        feed, _ = Feed.objects.get_or_create(url=f"https://{source.slug}.example/feed", defaults={"source": source})
        values = {"guid": f"{number}", "published_at": APRIL_15 + timedelta(minutes=number), **fields}
        return Entry.objects.create(feed=feed, source=source, title=title, text=text, url=url, **values)

    return stored


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def waiting():
    return [str(entry.source) for entry in Entry.objects.waiting().order_by("pk")]


def ticked(entry):
    return [(suggestion, {}) for suggestion in entry.suggestions.all()]


@pytest.mark.parametrize("batch", [1, 10])
@pytest.mark.parametrize(
    "url",
    [ARTICLE, f"{ARTICLE}?utm_source=rss#top", "https://cars.example:443//jlr-chery", "HTTPS://CARS.example/jlr-chery"],
)
def test_an_article_in_several_feeds_waits_once(bring, url, batch):
    first, *_ = bring("CnEVPost"), bring("Yicai", url=url), bring("Gasgoo")

    while read_unread(limit=batch):
        pass

    assert waiting() == ["CnEVPost"]
    assert {entry.twin_of for entry in Entry.objects.exclude(pk=first.pk)} == {first}
    assert Suggestion.objects.count() == 3


@pytest.mark.parametrize(
    ("url", "why"),
    [("https://cars.example/", "a front page"), ("", "no address"), ("https://cars.example/live", "one of several")],
)
def test_an_address_that_does_not_tell_articles_apart_makes_no_twins(bring, url, why):
    bring("CnEVPost", url=url)
    bring("Yicai", url=url)
    if why == "one of several":
        bring("Yicai", url=url, title="Another")

    read_unread()

    assert len(waiting()) == Entry.objects.count()


def test_if_the_first_says_nothing_the_twin_that_does_waits(bring):
    bring("CnEVPost", text="A picture.")
    bring("Yicai")
    bring("Gasgoo")

    read_unread()

    assert waiting() == ["Yicai"]


def test_a_twin_takes_over_when_the_one_that_waits_is_edited_and_says_nothing_any_more(bring):
    first = bring("CnEVPost")
    bring("Yicai")
    read_unread()
    Entry.objects.filter(pk=first.pk).update(text="Corrected away.", read_at=None)

    read_unread()

    assert waiting() == ["Yicai"]


@pytest.mark.parametrize("read_first", [True, False], ids=["before", "after"])
def test_a_decision_covers_the_twins_that_come_before_it_and_after_it(bring, editor, read_first):
    first = bring("CnEVPost")
    read_unread()
    twin = bring("Yicai")
    if read_first:
        read_unread()

    accept(first, ticked(first), by=editor)
    read_unread()

    twin.refresh_from_db()
    first.refresh_from_db()
    assert waiting() == []
    assert (twin.report, twin.decision, twin.twin_of) == (first.report, "", first)
    assert twin.covered_by() == first


def test_an_article_is_not_decided_twice(bring, editor, senior):
    first, twin = bring("CnEVPost"), bring("Yicai")
    read_unread()
    first, twin = Entry.objects.order_by("pk")
    reject(first, by=editor)

    with pytest.raises(AlreadyDecided, match="editor decided on the same article, from CnEVPost"):
        accept(twin, ticked(twin), by=senior)


def test_deciding_the_twin_decides_the_article(bring, editor):
    bring("CnEVPost")
    bring("Yicai")
    read_unread()
    first, twin = Entry.objects.order_by("pk")

    accept(twin, ticked(twin), by=editor)

    first.refresh_from_db()
    assert waiting() == []
    assert (first.report, first.covered_by()) == (twin.report, twin)


def test_undoing_the_decision_lets_the_article_wait_again_once(bring, editor):
    bring("CnEVPost")
    bring("Yicai")
    read_unread()
    first = Entry.objects.earliest("pk")
    accept(first, ticked(first), by=editor)

    undo_decision(first, by=editor)

    assert waiting() == ["CnEVPost"]


@pytest.mark.parametrize("size", [1, 30])
def test_reading_twins_takes_the_same_queries_for_any_number(bring, size, django_assert_max_num_queries):
    for number in range(size):
        bring("CnEVPost", url=f"{ARTICLE}/{number}")
        bring("Yicai", url=f"{ARTICLE}/{number}")

    # unread; eight for profiles and weights; the stories; the entries, held; suggestions, statuses; the rows and their companies;
    # what is worth a look; who waits; that they were read; a transaction; the clock
    with django_assert_max_num_queries(26):
        read_unread()

    assert Entry.objects.waiting().count() == size


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_let_each_article_wait_once(bring):
    for number in range(20):
        for outlet in ("CnEVPost", "Yicai", "Gasgoo"):
            bring(outlet, url=f"{ARTICLE}/{number}")

    def work():
        try:
            while read_unread(limit=7):
                pass
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert Entry.objects.waiting().values("story").distinct().count() == Entry.objects.waiting().count() == 20


# The desk


def test_the_queue_and_the_item_say_where_else_the_article_stands(bring, desk):
    bring("CnEVPost")
    twin = bring("Yicai", text=f"{RUMOR} More.")
    read_unread()

    for name, arguments in (("queue", []), ("queue_item", [Entry.objects.earliest("pk").pk])):
        page = desk.get(reverse(f"admin:{name}", args=arguments)).content.decode()
        assert "Also in:" in page
        assert reverse("admin:queue_item", args=[twin.pk]) in page
        assert "15 Apr 2024, 06:02 UTC" in page
        assert "(other words)" in page


def test_the_page_of_a_twin_says_what_was_decided_and_offers_no_second_decision(bring, desk, editor):
    bring("CnEVPost")
    twin = bring("Yicai", text=DENIAL)
    read_unread()
    reject(Entry.objects.earliest("pk"), by=editor)

    page = desk.get(reverse("admin:queue_item", args=[twin.pk])).content.decode()

    assert "Decided with the same article" in page
    assert "says nothing we track by editor" in page
    assert "Accept what is ticked" not in page
    assert "untrue" in page
