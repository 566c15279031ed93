"""Searches for claims: a feed from a template and some words, shared by claims, asked as often as they are hot."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deals import clock
from deals.choices import DealType, Kind, Stance
from deals.models import Evidence
from ingest import searching
from ingest.heat import HOT, HOUR
from ingest.models import ClaimSearch, Entry, Feed, FormerAddress, Search, SearchTemplate
from ingest.polling import poll_due
from ingest.schedule import brought_forward
from ingest.searching import SearchError, pace_searches, want

NOW = datetime(2024, 6, 19, 12, tzinfo=UTC)
WORDS = '"JLR" Chery'


@pytest.fixture
def make_template(publisher, make_source):
    def make(path="/rss?q={query}", language="en", **fields):
        source = make_source("Search", domain="search.example", kind="aggregator")
        values = {"name": f"News search {language} {path}", "url": publisher.url(path), "source": source, **fields}
        return SearchTemplate.objects.create(language=language, **values)

    return make


@pytest.fixture
def template(make_template):
    return make_template()


def age(claim, days):
    """Let it have been opened, wanted and spoken of so many days earlier."""
    gone = timedelta(days=days)
    for row in Evidence.objects.filter(claim=claim):
        Evidence.objects.filter(pk=row.pk).update(recorded_at=row.recorded_at - gone)
    type(claim).objects.filter(pk=claim.pk).update(created_at=claim.created_at - gone)
    for wish in ClaimSearch.objects.filter(claim=claim):
        ClaimSearch.objects.filter(pk=wish.pk).update(wanted_at=wish.wanted_at - gone)
    Search.objects.update(look_at=clock.now())


def feed_of(wish):
    return Feed.objects.select_related("search").get(search__wishes=wish)


# Templates


def test_a_template_asks_with_the_words_encoded_whatever_they_are(template):
    address = template.address('捷豹路虎 "Chery" & co')

    assert parse_qs(urlsplit(address).query) == {"q": ['捷豹路虎 "Chery" & co']}


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("https://search.example/rss", "aggregator", "exactly once"),
        ("ftp://search.example/{query}", "aggregator", "http"),
        ("https://10.0.0.1/{query}", "aggregator", "not"),
        ("https://intranet/{query}", "aggregator", "not"),
        ("https://search.example:22/{query}", "aggregator", "Port 22"),
        ("https://a:b@search.example/{query}", "aggregator", "name or password"),
        ("https://search.example/{query}", "newspaper", "aggregator"),
    ],
)
def test_what_polling_would_refuse_is_no_template(url, kind, words, make_source):
    made = SearchTemplate(name="News", url=url, source=make_source(kind, kind=kind))

    with pytest.raises(ValidationError, match=words):
        made.full_clean()


def test_a_public_address_is_a_template(make_source):
    source = make_source("Search", kind="aggregator")

    SearchTemplate(name="News", url="https://search.example/rss?q={query}&hl=en", source=source).full_clean()


def test_words_are_proposed_from_the_claims_parties_in_the_templates_language(make_claim, make_company, make_template):
    make_company("JLR", aliases=["Jaguar Land Rover", "捷豹路虎"])
    make_company("Chery", aliases=["奇瑞"])
    claim = make_claim(type=DealType.TECHNOLOGY_LICENCE)
    claim.parties.create(company=make_company("Somebody", placeholder=True))
    claim.parties.create(company=make_company("SAMR"), role="regulator")

    english, chinese = make_template(), make_template(language="zh")

    assert searching.proposed_for(claim, english).startswith('(JLR OR "Jaguar Land Rover") Chery (platform OR')
    assert searching.proposed_for(claim, chinese).startswith("捷豹路虎 奇瑞 (平台 OR")


# Wishes


def test_a_search_is_a_feed_that_is_due_at_once_and_asked_every_quarter_of_an_hour(template, make_claim, editor):
    wish = want(make_claim(), template, WORDS, by=editor)

    feed = feed_of(wish)
    assert (feed.url, feed.source) == (template.address(WORDS), template.source)
    assert (feed.active, feed.interval, feed.slowest) == (True, HOT, HOT)
    assert Feed.objects.due().get() == feed
    assert feed.search.pace.startswith("Asked every 15 minutes: a draft, last stirred on ")


def test_claims_with_one_address_share_one_feed(template, make_claim, editor):
    one = want(make_claim(), template, WORDS, by=editor)
    other = want(make_claim("JLR and Chery talk"), template, f" {WORDS}  ", by=editor)
    again = want(one.claim, template, WORDS, by=editor)

    assert one.search == other.search
    assert again == one
    assert Feed.objects.count() == 1


def test_a_search_whose_feed_moved_is_found_by_its_old_address(template, make_claim, editor):
    one = want(make_claim(), template, WORDS, by=editor)
    FormerAddress.objects.create(feed=one.search.feed, url=one.search.feed.url)
    Feed.objects.update(url="https://elsewhere.example/rss")

    assert want(make_claim("JLR and Chery talk"), template, WORDS, by=editor).search == one.search


@pytest.mark.parametrize(("words", "sentence"), [(" ", "Say what"), ("奇瑞" * 150, "too long")])
def test_words_that_cannot_be_asked_for_are_refused(words, sentence, template, make_claim, editor):
    with pytest.raises(SearchError, match=sentence):
        want(make_claim(), template, words, by=editor)

    assert not Feed.objects.exists()


def test_a_feed_that_an_operator_added_is_left_as_it_is(template, make_claim, make_source, editor):
    Feed.objects.create(url=template.address(WORDS), source=make_source("CnEVPost"), interval=7200)

    with pytest.raises(SearchError, match="polled already, as a feed of CnEVPost"):
        want(make_claim(), template, WORDS, by=editor)

    assert Feed.objects.get().interval == 7200


def test_a_search_is_polled_until_the_last_claim_leaves_it_and_keeps_what_it_brought(template, make_claim, editor):
    one = want(make_claim(), template, WORDS, by=editor)
    other = want(make_claim("JLR and Chery talk"), template, WORDS, by=editor)
    feed = feed_of(one)
    Entry.objects.create(feed=feed, source=feed.source, guid="1", title="JLR")

    searching.leave(one)
    assert feed_of(other).active
    searching.leave(other)

    feed.refresh_from_db()
    assert (feed.active, feed.stopped, feed.notice) == (False, "Not asked: no claim wants it.", "")
    assert Entry.objects.count() == 1
    assert want(one.claim, template, WORDS, by=editor).search.feed == feed
    assert feed_of(ClaimSearch.objects.get()).active


def test_a_wish_is_paused_and_goes_on(template, make_claim, editor):
    wish = want(make_claim(), template, WORDS, by=editor)

    searching.pause(wish)
    assert not feed_of(wish).active
    searching.go_on(wish, by=editor)

    assert feed_of(wish).active
    assert feed_of(wish).stopped == ""


def test_other_words_are_another_search_and_the_old_one_rests(template, make_claim, editor):
    wish = want(make_claim(), template, WORDS, by=editor)

    new = searching.reword(wish, "JLR Exeed", by=editor)

    assert {feed.search.query: feed.active for feed in Feed.objects.select_related("search")} == {
        WORDS: False,
        "JLR Exeed": True,
    }
    assert list(ClaimSearch.objects.all()) == [new]


def test_a_claim_that_is_deleted_takes_its_wish_along_and_the_feed_rests(template, make_claim, editor):
    wish = want(make_claim(), template, WORDS, by=editor)
    feed = feed_of(wish)

    wish.claim.delete()
    Search.objects.update(look_at=clock.now())
    pace_searches()

    feed.refresh_from_db()
    assert (feed.active, feed.notice) == (False, "")


# The pace


def test_a_claim_that_goes_quiet_is_asked_for_more_seldom_and_at_last_rests_with_one_notice(
    template, make_claim, editor
):
    wish = want(make_claim(), template, WORDS, by=editor)
    age(wish.claim, 4)
    pace_searches()
    assert (feed_of(wish).interval, feed_of(wish).slowest) == (HOUR, HOUR)

    wish.claim.refresh_from_db()
    age(wish.claim, 11)
    pace_searches()

    feed = feed_of(wish)
    assert (feed.active, feed.stopped) == (False, feed.search.pace)
    assert feed.notice.startswith(f"The search “{WORDS}” rests. Not asked any more: a draft, last stirred on ")
    Feed.objects.update(notice="")
    pace_searches()
    assert feed_of(wish).notice == ""


def cooled(wish):
    """Its claim has been quiet for so long that it is asked for once an hour, last polled ten minutes ago."""
    age(wish.claim, 5)
    pace_searches()
    polled = clock.now() - timedelta(minutes=10)
    Feed.objects.update(last_polled_at=polled, last_success_at=polled, next_poll_at=polled + timedelta(hours=1))
    return polled


@pytest.mark.parametrize("happens", ["evidence", "a row", "another claim"])
def test_what_happens_on_a_claim_brings_the_next_poll_forward(happens, template, make_claim, editor, link, move):
    wish = want(make_claim(), template, WORDS, by=editor)
    said = link(wish.claim, Stance.SUPPORTS)
    polled = cooled(wish)
    assert feed_of(wish).interval == HOUR

    if happens == "evidence":
        link(wish.claim, Stance.SUPPORTS)
    elif happens == "a row":
        move(wish.claim, Kind.REPORT, said)
    else:
        want(make_claim("JLR and Chery talk"), template, WORDS, by=editor)
    pace_searches()

    feed = feed_of(wish)
    assert (feed.interval, feed.next_poll_at) == (HOT, polled + timedelta(seconds=HOT))


@pytest.mark.parametrize(
    ("kept", "fields"),
    [
        ("Retry-After, max-age, ttl", {"asked_until": timedelta(minutes=40)}),
        ("failures", {"failures": 2}),
        ("a person's pause", {"active": False}),
        ("410", {"active": False, "stopped": "The server answered 410 Gone."}),
    ],
)
def test_however_hot_a_claim_its_publisher_is_asked_no_sooner_than_it_wants(
    kept, fields, template, make_claim, editor, link
):
    wish = want(make_claim(), template, WORDS, by=editor)
    polled = cooled(wish)
    if "asked_until" in fields:
        fields = {"asked_until": polled + fields["asked_until"]}
    Feed.objects.update(**fields)

    link(wish.claim, Stance.SUPPORTS)
    pace_searches()

    feed = feed_of(wish)
    assert feed.next_poll_at == (feed.asked_until or polled + timedelta(hours=1))
    assert feed.active == fields.get("active", True)


def test_what_a_publisher_asks_for_at_a_poll_is_kept(template, make_claim, editor, publisher):
    wish = want(make_claim(), template, WORDS, by=editor)
    path = urlsplit(wish.search.feed.url)
    publisher.serve(f"{path.path}?{path.query}", rss(), Cache_Control="max-age=7200")

    poll_due()

    feed = feed_of(wish)
    assert feed.asked_until == feed.last_polled_at + timedelta(hours=2)
    assert feed.next_poll_at >= feed.asked_until


@pytest.mark.parametrize(
    ("planned", "asked_until", "moment"),
    [
        (timedelta(days=1), None, timedelta(minutes=15)),
        (timedelta(days=1), timedelta(hours=2), timedelta(hours=2)),
        (timedelta(minutes=16), None, timedelta(minutes=16)),  # the jitter
        (timedelta(minutes=5), None, timedelta(minutes=5)),  # a person's “poll now”
    ],
)
def test_a_poll_is_brought_forward_within_what_the_publisher_allows(planned, asked_until, moment):
    asked_until = asked_until and NOW + asked_until
    found = brought_forward(NOW + planned, HOT, last_poll=NOW, asked_until=asked_until)

    assert found == NOW + moment


def test_a_poll_is_not_brought_forward_into_hours_of_silence():
    planned = NOW + timedelta(days=1)

    found = brought_forward(planned, HOT, last_poll=NOW, asked_until=None, skip_hours=[12, 13], skip_days=[])

    assert found == NOW + timedelta(hours=2)


def test_a_search_at_rest_wakes_when_its_claim_stirs(template, make_claim, editor, link):
    wish = want(make_claim(), template, WORDS, by=editor)
    age(wish.claim, 20)
    pace_searches()
    assert not feed_of(wish).active

    link(wish.claim, Stance.SUPPORTS)
    pace_searches()

    feed = feed_of(wish)
    assert (feed.active, feed.stopped, feed.notice, feed.interval) == (True, "", "", HOT)


def test_a_search_that_a_person_resumes_is_hot_again(template, make_claim, editor):
    wish = want(make_claim(), template, WORDS, by=editor)
    age(wish.claim, 20)
    pace_searches()

    Feed.objects.resume()
    searching.asked_again(Feed.objects.all())
    pace_searches()

    assert (feed_of(wish).active, feed_of(wish).interval) == (True, HOT)


@pytest.mark.parametrize("size", [1, 20])
def test_judging_takes_the_same_queries_for_any_number_of_searches(
    size, template, make_claim, editor, link, django_assert_max_num_queries
):
    for number in range(size):
        wish = want(make_claim(f"Claim {number}"), template, f"words {number}", by=editor)
        link(wish.claim, Stance.SUPPORTS)
        age(wish.claim, 5)

    # what is due, what happened, whose that is (3); wishes and signs of life (3), the searches, one interval, the rows
    # with their savepoint (4); a clock may ask too
    with django_assert_max_num_queries(14):
        assert pace_searches() == size
    assert set(Feed.objects.values_list("interval", flat=True)) == {HOUR}


def test_nothing_is_written_for_searches_whose_time_has_not_come(template, make_claim, editor):
    want(make_claim(), template, WORDS, by=editor)

    with CaptureQueriesContext(connection) as asked:
        assert pace_searches() == 0

    assert [query["sql"] for query in asked if query["sql"].startswith(("UPDATE", "INSERT"))] == []


# What a search finds


def rss(*items):
    return f"<rss version='2.0'><channel><title>Search</title>{''.join(items)}</channel></rss>".encode()


def item(number, days):
    at = clock.now() - timedelta(days=days) if days is not None else None
    date = f"<pubDate>{at:%a, %d %b %Y %H:%M:%S} GMT</pubDate>" if at else ""
    return f"<item><guid>{number}</guid><title>{number}</title><link>https://a.example/{number}</link>{date}</item>"


def test_what_a_search_finds_is_news_if_it_may_have_been_missed(template, make_claim, editor, publisher):
    feed = want(make_claim(), template, WORDS, by=editor).search.feed
    path = feed.url.removeprefix(publisher.url(""))
    publisher.serve(path, rss(item("new", 1), item("before the opening", 29), item("old", 31), item("undated", None)))
    poll_due()
    news = dict(Entry.objects.values_list("title", "is_news"))
    assert news == {"new": True, "before the opening": True, "old": False, "undated": True}

    Feed.objects.update(next_poll_at=clock.now(), last_success_at=clock.now() - timedelta(days=60))
    publisher.serve(path, rss(item("while it rested", 80), item("older", 91)))
    poll_due()

    news = dict(Entry.objects.values_list("title", "is_news"))
    assert (news["while it rested"], news["older"]) == (True, False)


def test_searches_are_left_out_of_an_exported_list(template, make_claim, make_source, editor):
    from ingest.subscribing import exported

    want(make_claim(), template, WORDS, by=editor)
    Feed.objects.create(url="https://a.example/feed", source=make_source())

    assert exported(Feed.objects.all()).count("xmlUrl") == 1
