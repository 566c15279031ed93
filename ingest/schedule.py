"""When a feed is asked next. Pure: the clock and the chance are arguments.

Between two polls lie at least the feed's interval and whatever its publisher asks for, and never more than a day (or
the interval, where that is longer). Between these bounds a feed is asked as often as it tends to bring something.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from statistics import median_low

LONGEST_WAIT = timedelta(days=1)
JITTER = 0.1  # of the wait, so that feeds that were added together do not come due together for ever
SLOWEST_DOUBLING = 20  # 2 ** this many intervals is beyond the longest wait whatever the interval
POLLS_A_GAP = 8  # so many polls between two items: what is new is found late by an eighth of the usual silence at most
REMEMBERED = 10  # items that the rhythm goes by, roughly
SHORTEST_GAP = timedelta(seconds=1)  # between items that bear one date
HOUR = timedelta(hours=1)

SECONDS = re.compile(r"[0-9]{1,12}")
# Quoted, too: RFC 9111, 5.2, has senders leave the quotes away and readers take them.
MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s{0,9}=\s{0,9}\"?([0-9]{1,12})\"?\s{0,9}(?:,|$)", re.IGNORECASE)


def next_poll(
    now: datetime,
    interval: int,
    *,
    failures: int = 0,
    retry_after: timedelta | None = None,
    chance: float = 0.0,
    fresh_for: timedelta | None = None,
    asked: timedelta | None = None,
    usual: timedelta | None = None,
    skip_hours: Collection[int] = (),
    skip_days: Collection[int] = (),
) -> datetime:
    """`interval` in seconds, doubled with each failure in a row up to a day, or later for what else is known.

    `chance` is a number from 0 to 1 that moves the result within the jitter. Of a feed that is well, `usual` is how
    long its own rhythm lets it wait. The publisher asks for `retry_after`, `fresh_for` (of the answer, as caches
    count) and `asked` (in the feed itself), each up to a day; and for silence in some hours (0 to 23) and on some days
    of the week (0 is Monday), all in UTC, which is kept unless they leave no time within a day.
    """
    floor = timedelta(seconds=interval)
    ceiling = max(LONGEST_WAIT, floor)
    wait = floor
    if failures:
        wait = max(wait, min(wait * 2 ** min(failures, SLOWEST_DOUBLING), LONGEST_WAIT))
    elif usual:
        wait = max(wait, usual)
    wait *= 1 + JITTER * (2 * chance - 1)
    wait = min(max(wait, floor, *(asking for asking in (retry_after, fresh_for, asked) if asking)), ceiling)
    moment = now + wait
    awake = past_silence(moment, skip_hours, skip_days)
    if awake != moment:
        awake += HOUR * JITTER * chance  # or all that sleep till six would come at six
    return min(awake, now + ceiling)


def past_silence(moment: datetime, hours: Collection[int], days: Collection[int]) -> datetime:
    """The moment, or the beginning of the first hour after it that is not asked to be silent; itself if none follows."""
    begins = moment.astimezone(UTC)
    for _ in range(24 * 7):
        if begins.hour not in hours and begins.weekday() not in days:
            return begins
        begins = begins.replace(minute=0, second=0, microsecond=0) + HOUR
    return moment


def brought_forward(
    planned: datetime,
    interval: int,
    *,
    last_poll: datetime | None,
    asked_until: datetime | None,
    skip_hours: Collection[int] = (),
    skip_days: Collection[int] = (),
) -> datetime:
    """When a feed that is well is asked next, if that was planned when its interval was longer.

    Never sooner than its publisher asked for at the last poll. What the jitter may have moved stays.
    """
    if not last_poll:
        return planned
    wait = timedelta(seconds=interval)
    moment = past_silence(max(last_poll + wait, asked_until or last_poll), skip_hours, skip_days)
    return moment if planned - moment > wait * 2 * JITTER else planned


# What the publisher's headers ask for


def wait_asked_for(retry_after: str, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date: at least nothing, at most a day; None if unreadable."""
    text = retry_after.strip()
    if text.lstrip("-").isdecimal() and text.isascii():
        seconds = -1 if text.startswith("-") else int(text[:12])
        return min(max(timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds())), timedelta()), LONGEST_WAIT)
    moment = http_date(text)
    return bounded(moment - now) if moment else None


def freshness(headers: Mapping[str, str], now: datetime) -> timedelta:
    """For how long an answer says that it stays fresh, as RFC 9111, 4.2.1, counts it; at most a day.

    Of `headers` count Cache-Control, Age, Expires and Date. What is negative or unreadable asks for nothing.
    """
    if max_age := MAX_AGE.search(headers.get("Cache-Control", "")[:1000]):
        age = SECONDS.fullmatch(headers.get("Age", "").strip())
        return bounded(timedelta(seconds=int(max_age[1]) - (int(age[0]) if age else 0)))
    expires = http_date(headers.get("Expires", ""))
    return bounded(expires - (http_date(headers.get("Date", "")) or now)) if expires else timedelta()


def http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text[:100])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, IndexError):
        return None


def bounded(wait: timedelta) -> timedelta:
    return min(max(wait, timedelta()), LONGEST_WAIT)


# The feed's own rhythm


def usual_wait(
    rhythm: timedelta | None, last_item_at: datetime | None, now: datetime, longest: timedelta
) -> timedelta | None:
    """How long a feed may be left alone by what it usually brings, at most `longest`; None if that is not known.

    `rhythm` is the usual time between two of its items. A feed that has been silent for longer than that is asked as
    if the silence were its rhythm.
    """
    silence = now - last_item_at if last_item_at else None
    known = [span for span in (rhythm, silence) if span]
    return bounded(min(max(known) / POLLS_A_GAP, longest)) if known else None


def rhythm_after(
    rhythm: timedelta | None, last_item_at: datetime | None, dates: Iterable[datetime | None], now: datetime
) -> tuple[timedelta | None, datetime | None]:
    """Rhythm and last item of a feed that has just brought items with these dates (None: undated, so new now).

    The gaps between the items move the rhythm by as much as they are many, and by how many times longer or shorter
    they are, so that a burst or a pinned item from years ago does not make it.
    """
    moments = sorted(min(date or now, now) for date in dates)
    if not moments:
        return rhythm, last_item_at
    if last_item_at:
        moments = [last_item_at, *(moment for moment in moments if moment > last_item_at)]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    if not gaps:
        return rhythm, moments[-1]
    gap = max(median_low(gaps), SHORTEST_GAP)
    if rhythm is None:
        return gap, moments[-1]
    share = len(gaps) / (len(gaps) + REMEMBERED)
    return max(rhythm, SHORTEST_GAP) * (gap / max(rhythm, SHORTEST_GAP)) ** share, moments[-1]
