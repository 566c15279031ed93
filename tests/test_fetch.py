"""Asking publishers and reading their answers, and when a feed is asked next."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.fetch import Question, ask_all
from ingest.schedule import next_poll, wait_asked_for
from tests.publisher import header

NOW = datetime(2024, 4, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def ask(publisher):
    def ask(path="/feed", **question):
        ((_, answer),) = ask_all([Question(publisher.url(path), **question)], deadline=5)
        return answer

    return ask


def test_a_first_question_sends_no_validators_and_says_what_we_read(publisher, ask):
    publisher.serve("/feed", b"<rss/>", Content_Type="text/xml", ETag='W/"abc"', Last_Modified="yesterday, about noon")

    answer = ask()

    (request,) = publisher.requests
    assert "application/rss+xml" in header(request, "Accept")
    assert header(request, "If-None-Match") is None
    assert header(request, "If-Modified-Since") is None
    assert (answer.body, answer.content_type, answer.trouble) == (b"<rss/>", "text/xml", "")
    assert (answer.etag, answer.last_modified) == ('W/"abc"', "yesterday, about noon")


def test_validators_are_sent_back_as_they_came(publisher, ask):
    publisher.serve("/feed", status="304 Not Modified")

    answer = ask(etag='W/"abc', last_modified="yesterday, about noon")

    (request,) = publisher.requests
    assert header(request, "If-None-Match") == 'W/"abc'
    assert header(request, "If-Modified-Since") == "yesterday, about noon"
    assert (answer.body, answer.trouble) == (None, "")


def test_an_unchanged_answer_to_a_question_without_validators_is_trouble(publisher, ask):
    publisher.serve("/feed", status="304 Not Modified")

    assert "nothing changed" in ask().trouble


@pytest.mark.parametrize("etag", ["x" * 1001, "caf\xe9", "a\tb"])
def test_validators_that_cannot_be_kept_are_not(publisher, ask, etag):
    publisher.serve("/feed", b"<rss/>", ETag=etag)

    assert ask().etag == ""


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("404 Not Found", "The server answered 404 Not Found."),
        ("500 Internal Server Error", "The server answered 500 Internal Server Error."),
        ("204 No Content", "The server answered 204 No Content."),
        ("799 Odd", "The server answered 799."),
        ("429 Too Many Requests", "The publisher asks us to poll less often (429)."),
    ],
)
def test_other_answers_are_trouble_in_plain_words(publisher, ask, status, sentence):
    publisher.serve("/feed", status=status)

    answer = ask()

    assert (answer.body, answer.trouble, answer.gone) == (None, sentence, False)


def test_a_feed_that_is_gone_says_so(publisher, ask):
    publisher.serve("/feed", status="410 Gone")

    assert ask().gone


def test_the_wait_that_a_publisher_asks_for_is_handed_on(publisher, ask):
    publisher.serve("/feed", status="503 Service Unavailable", Retry_After="120")

    assert ask().retry_after == "120"


def test_no_answer_is_trouble_in_plain_words(settings, ask):
    settings.LOCAL_FEEDS = frozenset()

    assert ask().status == "no answer"
    assert ask().trouble.startswith("Port ")


# The schedule


def test_a_feed_that_is_well_is_asked_at_its_interval():
    assert next_poll(NOW, 900, chance=0.5) == NOW + timedelta(seconds=900)


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_polls_are_spread_by_a_tenth_of_the_interval(chance):
    assert timedelta(seconds=810) <= next_poll(NOW, 900, chance=chance) - NOW <= timedelta(seconds=990)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1_800), (2, 3_600), (5, 28_800), (7, 86_400), (10_000, 86_400)])
def test_each_failure_in_a_row_doubles_the_wait_up_to_a_day(failures, seconds):
    assert next_poll(NOW, 900, failures=failures, chance=0.5) == NOW + timedelta(seconds=seconds)


def test_a_feed_that_is_asked_less_than_daily_is_not_asked_more_for_failing():
    assert next_poll(NOW, 7 * 86_400, failures=3, chance=0.5) == NOW + timedelta(days=7)


def test_a_publisher_that_asks_for_more_time_gets_it():
    assert next_poll(NOW, 900, failures=1, retry_after=timedelta(hours=5), chance=0.5) == NOW + timedelta(hours=5)
    assert next_poll(NOW, 900, failures=1, retry_after=timedelta(seconds=1), chance=0.5) == NOW + timedelta(hours=0.5)


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta()),
        ("-5", timedelta()),
        ("1000000000", DAY),
        ("9" * 5_000, DAY),
        ("Mon, 15 Apr 2024 12:10:00 GMT", timedelta(minutes=10)),
        ("Mon, 15 Apr 2024 12:10:00", timedelta(minutes=10)),
        ("Mon, 15 Apr 2024 11:00:00 GMT", timedelta()),
        ("Fri, 15 Apr 2124 11:00:00 GMT", DAY),
        ("Mon, 15 Apr 99999 11:00:00 GMT", None),
        ("soon", None),
        ("٣", None),
        ("1e9", None),
        ("", None),
    ],
)
def test_what_a_publisher_asks_for_is_read_and_capped_at_a_day(retry_after, wait):
    assert wait_asked_for(retry_after, NOW) == wait
