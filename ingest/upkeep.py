"""What a poll leaves on its feed: health, validators, rhythm, moves, notices, and when to ask next. Pure.

A feed is read here and never written: what comes out are the columns to save.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from ingest.fetch import Answer
from ingest.pace import Pace
from ingest.schedule import freshness, next_poll, rhythm_after, usual_wait, wait_asked_for

# A permanent redirect is believed when it was met so often over so long: some are mistakes, or a captive portal's.
MOVES_SEEN = 3
MOVES_LAST = timedelta(days=2)
DEAD_AFTER = timedelta(days=7)
DEAD = "It has brought nothing but trouble for a week. {}"


def after_poll(
    feed,
    answer: Answer,
    *,
    trouble: str,
    pace: Pace | None,
    new: Iterable[datetime | None] = (),
    now: datetime,
    chance: float,
) -> dict[str, Any]:
    """The columns of a feed after a poll.

    `trouble` is a sentence or "", `pace` what the document asks for if there was one, `new` the dates of the items
    that it had not brought before, `chance` a number from 0 to 1.
    """
    saved = {"last_polled_at": now, "trouble": trouble}
    saved |= failed(feed, answer, trouble, now) if trouble else went_well(feed, answer, pace, new, now)
    known = {**vars(feed), **saved}
    retry_after, fresh_for = wait_asked_for(answer.retry_after, now), freshness(answer.caching, now)
    asked = timedelta(seconds=known["asked_wait"])
    saved["asked_until"] = now + max(retry_after or timedelta(), fresh_for, asked)
    saved["next_poll_at"] = next_poll(
        now,
        feed.interval,
        failures=known["failures"],
        retry_after=retry_after,
        chance=chance,
        fresh_for=fresh_for,
        asked=asked,
        usual=usual_wait(known["rhythm"], known["last_item_at"], now, timedelta(seconds=feed.slowest)),
        skip_hours=known["skip_hours"],
        skip_days=known["skip_days"],
    )
    return saved


def failed(feed, answer: Answer, trouble: str, now: datetime) -> dict[str, Any]:
    since = feed.failing_since or now
    saved = {"failures": feed.failures + 1, "failing_since": since}
    if answer.gone:
        saved |= {"active": False, "stopped": trouble, "notice": trouble, "noticed_at": now}
    elif now - since >= DEAD_AFTER and not told_since(feed, since):
        saved |= {"notice": DEAD.format(trouble), "noticed_at": now}
    return saved


def went_well(feed, answer: Answer, pace: Pace | None, new: Iterable[datetime | None], now: datetime) -> dict[str, Any]:
    rhythm, last_item_at = rhythm_after(feed.rhythm, feed.last_item_at, new, now)
    saved = {
        "failures": 0,
        "failing_since": None,
        "last_success_at": now,
        "rhythm": rhythm,
        "last_item_at": last_item_at,
        **moved(feed, answer.permanent_url or "", now),
    }
    validators = {"etag": answer.etag, "last_modified": answer.last_modified}
    saved |= {name: value for name, value in validators.items() if value is not None}
    if pace:
        saved |= {
            "asked_wait": pace.wait,
            "skip_hours": list(pace.skip_hours),
            "skip_days": list(pace.skip_days),
        }
    return saved


def moved(feed, to: str, now: datetime) -> dict[str, Any]:
    """How often without a break, and since when, permanent redirects have led to one address."""
    if not to or to == feed.url:
        return {"moved_to": "", "moved_seen": 0, "moved_since": None}
    if to != feed.moved_to:
        return {"moved_to": to, "moved_seen": 1, "moved_since": now}
    return {"moved_to": to, "moved_seen": feed.moved_seen + 1, "moved_since": feed.moved_since}


def move_is_stable(feed, now: datetime) -> bool:
    """Whether a feed's move may be believed without a person, who alone gives https up."""
    return (
        feed.moved_to != ""
        and feed.moved_seen >= MOVES_SEEN
        and now - feed.moved_since >= MOVES_LAST
        and not (urlsplit(feed.url).scheme == "https" and urlsplit(feed.moved_to).scheme == "http")
    )


def told_since(feed, moment: datetime) -> bool:
    """Whether a notice was raised since then, dismissed or not."""
    return feed.noticed_at is not None and feed.noticed_at >= moment
