"""How often a claim is searched for: hot, cooling, at rest."""

from datetime import UTC, datetime, timedelta

import pytest

from deals.choices import Status
from ingest.heat import COOLING, DAY, HOT, HOUR, NOT_WANTED, OFTEN, Heat, Pulse, heat_of, hottest

NOW = datetime(2024, 6, 19, 12, tzinfo=UTC)


def heat(status, quiet, opened=1000):
    """Of a claim whose last sign of life was so many days ago, and that was opened so many days ago."""
    return heat_of(Pulse(status, NOW - timedelta(days=opened), NOW - timedelta(days=quiet)), NOW)


@pytest.mark.parametrize(
    ("status", "quiet", "opened", "interval"),
    [
        ("rumored", 0, 0, HOT),
        ("rumored", 2.9, 1000, HOT),
        ("rumored", 3, 1000, HOUR),
        ("rumored", 6.9, 6.9, HOT),  # young
        ("rumored", 7, 7, HOUR),
        ("rumored", 13.9, 1000, HOUR),
        ("rumored", 14, 1000, 6 * HOUR),
        ("rumored", 60, 1000, DAY),
        ("rumored", 364, 1000, DAY),
        ("rumored", 365, 1000, None),
        ("denied", 0, 1000, HOT),
        ("denied", 6.9, 6.9, HOUR),
        ("denied", 14, 1000, 6 * HOUR),
        ("denied", 30, 1000, DAY),
        ("denied", 89.9, 1000, DAY),
        ("denied", 90, 1000, None),
        ("confirmed", 2.9, 1000, HOT),
        ("confirmed", 30, 1000, DAY),
        ("confirmed", 90, 1000, None),
        (None, 0, 0, HOT),
        (None, 3, 3, HOUR),
        (None, 14, 14, None),  # a draft that was dropped
        (None, 14, 1000, None),
    ],
)
def test_a_claim_is_asked_for_the_more_seldom_the_longer_it_is_quiet(status, quiet, opened, interval):
    assert heat(status, quiet, opened).interval == interval


def test_each_status_cools_steadily_from_fifteen_minutes_to_a_day_at_most():
    assert set(COOLING) == {None, *Status.values}
    for steps in COOLING.values():
        assert [age for age, _ in steps] == sorted(age for age, _ in steps)
        assert [HOT, *(interval for _, interval in steps)] == sorted({HOT, *(interval for _, interval in steps)})
        assert all(interval in OFTEN and HOT <= interval <= DAY for _, interval in steps)


@pytest.mark.parametrize("status", COOLING)
def test_a_heat_says_until_when_it_holds_if_nothing_happens(status):
    opened = NOW - timedelta(days=1)
    pulse, now, seen = Pulse(status, opened, opened), NOW, []
    while (found := heat_of(pulse, now)).until:
        assert heat_of(pulse, found.until - timedelta(seconds=1)) == found
        seen, now = [*seen, found.interval], found.until

    assert seen == [HOT, *(interval for _, interval in COOLING[status])]


def test_a_heat_says_why():
    assert heat("denied", 20).why == "Asked every 6 hours: denied, last stirred on 30 May 2024."
    assert heat("denied", 100).why == "Not asked any more: denied, last stirred on 11 Mar 2024."
    assert heat(None, 0).why == "Asked every 15 minutes: a draft, last stirred on 19 Jun 2024."


def test_the_hottest_of_the_claims_that_want_it_counts():
    hot, hotter_for_longer = heat("rumored", 2), heat("rumored", 1)
    cold, resting = heat("denied", 40), heat("denied", 100)

    assert hottest([cold, hot, resting, hotter_for_longer]) == hotter_for_longer
    assert hottest([resting, cold]) == cold
    assert hottest([resting]) == resting
    assert hottest([]) == NOT_WANTED == Heat(None, "Not asked: no claim wants it.")
