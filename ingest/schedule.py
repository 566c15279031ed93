"""When a feed is asked next. Pure: the clock and the chance are arguments."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_WAIT = timedelta(days=1)
JITTER = 0.1  # of the wait, so that feeds that were added together do not come due together for ever
SLOWEST_DOUBLING = 20  # 2 ** this many intervals is beyond the longest wait whatever the interval


def next_poll(
    now: datetime, interval: int, *, failures: int = 0, retry_after: timedelta | None = None, chance: float = 0.0
) -> datetime:
    """`interval` in seconds, doubled with each failure in a row up to a day, or later if the publisher asks for it.

    `chance` is a number from 0 to 1 that moves the result within the jitter.
    """
    wait = timedelta(seconds=interval)
    if failures:
        wait = max(wait, min(wait * 2 ** min(failures, SLOWEST_DOUBLING), LONGEST_WAIT))
    wait *= 1 + JITTER * (2 * chance - 1)
    return now + max(wait, retry_after or timedelta())


def wait_asked_for(retry_after: str, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date: at least nothing, at most a day; None if unreadable."""
    text = retry_after.strip()
    if text.lstrip("-").isdecimal() and text.isascii():
        seconds = -1 if text.startswith("-") else int(text[:12])
        return min(max(timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())), timedelta()), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text[:100])
    except (ValueError, OverflowError, IndexError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), LONGEST_WAIT)
