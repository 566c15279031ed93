"""When a feed is asked next: within which bounds, on whose word, and by which rhythm. What a feed's own words ask."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pace import Pace
from ingest.parser_child import parse_limited
from ingest.parsing import parse
from ingest.schedule import LONGEST_WAIT, freshness, next_poll, past_silence, rhythm_after, usual_wait

NOW = datetime(2024, 4, 15, 12, tzinfo=UTC)  # a Monday
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
waits = st.none() | st.timedeltas(timedelta(days=-2), timedelta(days=400))
hours = st.frozensets(st.integers(0, 23))
days = st.frozensets(st.integers(0, 6))


# Bounds


@given(
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    interval=st.integers(10, 7 * 86_400),
    failures=st.integers(0, 10_000),
    chance=st.floats(0, 1),
    retry_after=waits,
    fresh_for=waits,
    asked=waits,
    usual=waits,
    skip_hours=hours,
    skip_days=days,
)
def test_no_poll_comes_before_its_floor_or_what_the_publisher_asks_nor_after_a_day(
    now, interval, retry_after, fresh_for, asked, **rest
):
    found = next_poll(now, interval, retry_after=retry_after, fresh_for=fresh_for, asked=asked, **rest)

    floor = timedelta(seconds=interval)
    ceiling = max(floor, LONGEST_WAIT)
    assert floor <= found - now <= ceiling
    for wish in (retry_after, fresh_for, asked):
        assert wish is None or found - now >= min(wish, ceiling)


@given(moment=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), hours=hours, days=days)
def test_what_is_past_the_silence_is_not_in_it(moment, hours, days):
    found = past_silence(moment, hours, days)

    if len(hours) == 24 or len(days) == 7:
        assert found == moment
    else:
        assert found >= moment
        assert found.hour not in hours
        assert found.weekday() not in days


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ({"fresh_for": HOUR}, HOUR),
        ({"asked": 2 * HOUR, "fresh_for": HOUR}, 2 * HOUR),
        ({"asked": HOUR, "retry_after": 3 * HOUR}, 3 * HOUR),
        ({"asked": MINUTE}, 15 * MINUTE),
        ({"fresh_for": 365 * DAY}, DAY),
        ({"usual": 6 * HOUR}, 6 * HOUR),
        ({"usual": MINUTE}, 15 * MINUTE),
        ({"usual": 6 * HOUR, "failures": 1}, 30 * MINUTE),
        ({"skip_hours": {12, 13, 14}}, 3 * HOUR),
        ({"skip_hours": {11, 15}}, 15 * MINUTE),
        ({"skip_days": {0}}, 12 * HOUR),
        ({"skip_days": {0, 1, 2}}, DAY),
        ({"skip_hours": range(24)}, 15 * MINUTE),
    ],
)
def test_of_what_is_known_of_a_feed_the_longest_wait_holds(asked, wait):
    chance = 0.0 if "skip_hours" in asked or "skip_days" in asked else 0.5

    assert next_poll(NOW, 900, chance=chance, **asked) == NOW + wait


def test_feeds_that_sleep_until_the_same_hour_do_not_wake_together():
    wakes = {next_poll(NOW, 900, chance=chance / 10, skip_hours={12}) for chance in range(11)}

    assert len(wakes) == 11
    assert all(NOW + HOUR <= wake <= NOW + HOUR + 6 * MINUTE for wake in wakes)


# Headers


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Cache-Control": "max-age=3600"}, HOUR),
        ({"Cache-Control": 'public, Max-Age = "3600"'}, HOUR),
        ({"Cache-Control": "max-age=3600", "Age": "600"}, 50 * MINUTE),
        ({"Cache-Control": "max-age=60", "Age": "600"}, 0 * HOUR),
        ({"Cache-Control": "max-age=3600", "Age": "old"}, HOUR),
        ({"Cache-Control": "max-age=600", "Expires": "Mon, 15 Apr 2024 14:00:00 GMT"}, 10 * MINUTE),
        ({"Cache-Control": "no-cache", "Expires": "Mon, 15 Apr 2024 14:00:00 GMT"}, 2 * HOUR),
        ({"Expires": "Mon, 15 Apr 2024 14:00:00 GMT", "Date": "Mon, 15 Apr 2024 13:00:00 GMT"}, HOUR),
        ({"Expires": "Mon, 15 Apr 2024 14:00:00 GMT", "Date": "today"}, 2 * HOUR),
        ({"Expires": "Mon, 15 Apr 2124 14:00:00 GMT"}, DAY),
        ({"Cache-Control": "max-age=999999999999"}, DAY),
        ({"Cache-Control": "max-age=" + "9" * 5_000}, 0 * HOUR),
        ({"Cache-Control": "max-age=-5"}, 0 * HOUR),
        ({"Cache-Control": "s-maxage=3600"}, 0 * HOUR),
        ({"Expires": "0"}, 0 * HOUR),
        ({"Expires": "-1"}, 0 * HOUR),
        ({"Expires": "Mon, 01 Jan 0001 00:00:00 +1400"}, 0 * HOUR),
        ({}, 0 * HOUR),
    ],
)
def test_an_answer_says_how_long_it_stays_fresh(headers, wait):
    assert freshness(headers, NOW) == wait


@given(st.dictionaries(st.sampled_from(["Cache-Control", "Age", "Expires", "Date"]), st.text(max_size=40)))
def test_whatever_the_headers_say_the_answer_stays_fresh_for_a_day_at_most(headers):
    assert timedelta() <= freshness(headers, NOW) <= LONGEST_WAIT


# The rhythm


@pytest.mark.parametrize(
    ("rhythm", "silence", "wait"),
    [
        (None, None, None),
        (8 * HOUR, None, HOUR),
        (8 * HOUR, 4 * HOUR, HOUR),
        (8 * HOUR, 16 * HOUR, 2 * HOUR),
        (None, 24 * HOUR, 3 * HOUR),
        (400 * DAY, 400 * DAY, 6 * HOUR),
        (MINUTE, -DAY, 7.5 * timedelta(seconds=1)),
    ],
)
def test_a_feed_waits_for_an_eighth_of_its_usual_silence_or_of_the_present_one(rhythm, silence, wait):
    last = None if silence is None else NOW - silence

    assert usual_wait(rhythm, last, NOW, 6 * HOUR) == wait


def test_the_first_items_of_a_feed_give_its_rhythm_whatever_one_pinned_item_does():
    dates = [NOW - number * HOUR for number in range(1, 11)] + [NOW - 2_000 * DAY]

    assert rhythm_after(None, None, dates, NOW) == (HOUR, NOW - HOUR)


def test_an_item_moves_the_rhythm_a_little_and_many_move_it_much():
    last = NOW - DAY
    one, _ = rhythm_after(HOUR, last, [NOW], NOW)
    many, _ = rhythm_after(DAY, last, [last + number * HOUR for number in range(1, 24)], NOW)

    assert HOUR < one < 4 * HOUR
    assert HOUR < many < 10 * HOUR


def test_items_without_a_date_are_new_now_and_items_of_the_future_too():
    assert rhythm_after(None, NOW - 2 * HOUR, [None, NOW + DAY], NOW)[1] == NOW


def test_nothing_new_leaves_the_rhythm_and_old_news_the_last_item():
    assert rhythm_after(HOUR, NOW, [], NOW + DAY) == (HOUR, NOW)
    assert rhythm_after(HOUR, NOW, [NOW - DAY], NOW + DAY) == (HOUR, NOW)


@given(
    rhythm=st.none() | st.timedeltas(timedelta(), timedelta(days=9_000)),
    last=st.none() | st.datetimes(datetime(1995, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC)),
    dates=st.lists(st.none() | st.datetimes(datetime(1995, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))),
)
def test_a_rhythm_is_never_negative_and_the_last_item_never_moves_back(rhythm, last, dates):
    found, at = rhythm_after(rhythm, last, dates, NOW)

    assert found is None or found >= timedelta()
    assert at is None or last is None or at >= last


# What a feed's own words ask


def asks(head="", tail="", namespaces='xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'):
    item = "<item><title>A</title><ttl>9</ttl><description>skipHours &lt;skipHours&gt;</description></item>"
    body = f'<rss version="2.0" {namespaces}><channel><title>T</title>{head}{item}{tail}</channel></rss>'
    return parse(body.encode(), now=NOW).pace


@pytest.mark.parametrize(
    ("head", "pace"),
    [
        ("", Pace()),
        ("<ttl> 60 </ttl>", Pace(3_600)),
        ("<ttl>999999</ttl>", Pace(86_400)),
        ("<ttl>-60</ttl>", Pace()),
        ("<ttl>an hour</ttl>", Pace()),
        ("<ttl>" + "9" * 5_000 + "</ttl>", Pace()),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", Pace(3_600)),
        ("<sy:updatePeriod> Daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", Pace(21_600)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", Pace(3_600)),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", Pace(86_400)),
        ("<sy:updatePeriod>weekly</sy:updatePeriod><sy:updateFrequency>14</sy:updateFrequency>", Pace(43_200)),
        ("<sy:updateFrequency>2</sy:updateFrequency>", Pace(43_200)),
        ("<sy:updatePeriod>secondly</sy:updatePeriod>", Pace()),
        ("<ttl>60</ttl><sy:updatePeriod>daily</sy:updatePeriod>", Pace(86_400)),
        ("<skipHours><hour>0</hour><hour> 23 </hour><hour>24</hour></skipHours>", Pace(0, (0, 23))),
        ("<skipHours><hour>25</hour><hour>-1</hour><hour>x</hour></skipHours>", Pace()),
        (f"<skipHours>{''.join(f'<hour>{hour}</hour>' for hour in range(24))}</skipHours>", Pace()),
        ("<skipDays><day>Sunday</day><day>saturday</day><day>Someday</day></skipDays>", Pace(0, (), (5, 6))),
        ("<hour>3</hour><skipHours><hour>4</hour>", Pace()),
    ],
)
def test_a_feed_asks_in_its_own_words_how_often_it_is_polled(head, pace):
    assert asks(head) == pace


def test_what_an_item_says_is_not_the_feeds_word():
    assert asks(tail="<item><skipHours><hour>3</hour></skipHours></item>") == Pace()


def test_the_pace_comes_through_the_limited_child_as_it_is():
    body = b"<rss><channel><ttl>5</ttl><skipHours><hour>3</hour></skipHours><skipDays><day>Monday</day></skipDays></channel></rss>"

    assert parse_limited(body, now=NOW).pace == Pace(300, (3,), (0,))
