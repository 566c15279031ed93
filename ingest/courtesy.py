"""When an article's host may be asked, how often a page is tried, and when one that decided is read again. Pure."""

from datetime import datetime, timedelta

PAUSE = 5.0  # seconds between two requests to a host, at least
CHECKED_AFTER = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30))
TRIED_AGAIN = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
ROBOTS_HOLD = (timedelta(hours=1), timedelta(days=1))  # as its headers say, within these bounds
GIVEN_UP_AFTER = timedelta(days=3)  # of waiting for a host whose robots.txt cannot be had


def next_try(tries: int, asked: timedelta | None = None) -> timedelta | None:
    """How long to wait after so many failures in a row; `asked` is what Retry-After says. None: give up."""
    if tries > len(TRIED_AGAIN):
        return None
    return max(TRIED_AGAIN[tries - 1], asked or timedelta())


def next_check(decided_at: datetime | None, now: datetime) -> datetime | None:
    """When what decided then is read next; None if nothing decided, or a month ago."""
    due = (decided_at + after for after in CHECKED_AFTER) if decided_at else ()
    return next((at for at in due if at > now), None)


def first_check(decided_at: datetime, now: datetime, *, held: bool) -> datetime | None:
    """When what has just been taken up is read first: at once if its page is not held, or a check is overdue."""
    following = next_check(decided_at, now)
    overdue = now >= decided_at + CHECKED_AFTER[0]
    return now if following and (overdue or not held) else following


def robots_hold(fresh_for: timedelta | None) -> timedelta:
    """How long a robots.txt is gone by."""
    shortest, longest = ROBOTS_HOLD
    return min(max(fresh_for or longest, shortest), longest)


def robots_next(failures: int) -> timedelta:
    """When one that could not be had is asked for again: doubled with each failure in a row, up to a day."""
    return min(TRIED_AGAIN[0] * 2 ** min(failures - 1, 10), timedelta(days=1))
