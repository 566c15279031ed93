"""A round of polling: take due feeds, ask for them side by side, parse in the child, store what is new.

No lock is held while fetching or parsing. Entries are saved before the feed's ETag and schedule: a crash in between
repeats a poll, which finds its entries known.
"""

import logging
import random
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import OperationalError
from django.db.models import Q

from deals import clock
from deals.models import SourceDomain
from ingest.fetch import OUR_FAULT, Answer, Question, ask_all
from ingest.models import Entry, Feed, digest
from ingest.moves import adopt_stable_move
from ingest.pace import Pace
from ingest.parser_child import ParseOverrun, parse_limited
from ingest.parsing import NotAFeed, ParsedFeed
from ingest.subscribing import same
from ingest.upkeep import after_poll, move_is_stable

logger = logging.getLogger(__name__)

BATCH = 25
# A batch is given up after this many seconds, its unfinished feeds left to the next one; a parse may run over it.
BUDGET = 40.0
LEASE = timedelta(minutes=3)
LONGEST_TROUBLE = Feed._meta.get_field("trouble").max_length


@dataclass(frozen=True)
class Polled:
    """What came of polling one feed."""

    feed: Feed
    status: str
    new: int = 0
    trouble: str = ""
    taken_over: bool = False  # our lease ran out and another worker took the feed: its word stands


@dataclass
class Summary:
    """What came of a round."""

    feeds: int = 0
    new: int = 0
    in_trouble: int = 0

    def add(self, polled: Polled):
        self.feeds += 1
        self.new += polled.new
        self.in_trouble += bool(polled.trouble)


def poll_due(limit: int = BATCH) -> Summary:
    """Poll up to `limit` due feeds that no other worker holds."""
    summary = Summary()
    for polled in poll(take(Feed.objects.due(clock.now()), limit)):
        summary.add(polled)
    return summary


def take(feeds, limit: int | None = None) -> list[Feed]:
    """Lease those of a queryset that nobody holds, up to `limit`; those that have not failed come first."""
    lease, at = uuid.uuid4(), clock.now()
    free = Q(lease_until=None) | Q(lease_until__lt=at)
    chosen = feeds.filter(free).order_by("failures", "next_poll_at").values_list("pk", flat=True)[:limit]
    feeds.filter(free, pk__in=list(chosen)).update(lease=lease, lease_until=at + LEASE)
    return list(Feed.objects.filter(lease=lease).select_related("source").order_by("failures", "next_poll_at"))


def poll(
    feeds: list[Feed], *, budget: float | None = BUDGET, deadline: float = 30, now: datetime | None = None
) -> Iterator[Polled]:
    """Poll leased feeds, yielding each as it is finished.

    `budget` in seconds: what is not begun by then is given back, still due. `deadline` in seconds for each fetch.
    `now` is the database's clock unless told.
    """
    ends = None if budget is None else time.monotonic() + budget
    waiting = dict(enumerate(feeds))
    answers = ask_all([Question(feed.url, feed.etag, feed.last_modified) for feed in feeds], deadline=deadline)
    try:
        for place, answer in answers:
            yield settle(waiting.pop(place), answer, now)
            if ends is not None and time.monotonic() > ends:
                break
    finally:
        answers.close()
        release(waiting.values())


def release(feeds: Iterable[Feed]):
    for feed in feeds:
        Feed.objects.filter(pk=feed.pk, lease=feed.lease).update(lease=None, lease_until=None)


def settle(feed: Feed, answer: Answer, now: datetime | None = None) -> Polled:
    """Store what an answer brings, then when to ask next. A fault of one feed is noted on it and stops no other."""
    now = now or clock.now()
    new: list[Entry] = []
    pace, trouble = None, answer.trouble
    if answer.body is not None:
        try:
            parsed = parse_limited(answer.body, content_type=answer.content_type, base=answer.url, now=now)
            new, pace = store(feed, parsed, now), parsed.pace
        except (NotAFeed, ParseOverrun) as refusal:
            trouble = f"{refusal}{led_elsewhere(feed, answer)}"
        except OperationalError:  # the database is away or busy: not the feed's fault, and nothing could be noted
            raise
        except Exception:
            logger.exception("Storing what %s brought failed by a fault of ours", feed.url)
            trouble = OUR_FAULT
    held = finish(feed, answer, trouble[:LONGEST_TROUBLE], pace, new, now)
    return Polled(feed, answer.status, len(new), trouble, taken_over=not held)


def led_elsewhere(feed: Feed, answer: Answer) -> str:
    """Where what is no feed came from, if not from the feed's own address: a login page, for one."""
    return "" if same(answer.url) == same(feed.url) else f" The feed's address led to {answer.url}"


def finish(feed: Feed, answer: Answer, trouble: str, pace: Pace | None, new: list[Entry], now: datetime) -> bool:
    """Note how the poll went and when the next one is, and let the feed go; False if it is no longer ours."""
    saved = after_poll(
        feed,
        answer,
        trouble=trouble,
        pace=pace,
        new=[entry.published_at for entry in new],
        now=now,
        chance=random.random(),  # noqa: S311
    )
    ours = Feed.objects.filter(pk=feed.pk, lease=feed.lease)
    if not ours.update(**saved, lease=None, lease_until=None):
        return False
    for name, value in saved.items():
        setattr(feed, name, value)
    if not trouble and move_is_stable(feed, now):
        adopt_stable_move(feed, now)
    return True


def store(feed: Feed, parsed: ParsedFeed, now: datetime) -> list[Entry]:
    """Save the entries that the feed did not bring before, and say which.

    What stands in a feed at its first poll is history, not news: stored as read, unless the feed says otherwise.
    """
    entries = {digest(entry.guid): entry for entry in parsed.entries}
    known = set(map(bytes, feed.entries.filter(guid_digest__in=list(entries)).values_list("guid_digest", flat=True)))
    fresh = [entry for key, entry in entries.items() if key not in known]
    if not fresh:
        return []
    is_news = feed.suggest_old or feed.last_success_at is not None or feed.entries.exists()
    sources = sources_at({host_of(entry.url) for entry in fresh})
    rows = [
        Entry(
            feed=feed,
            source_id=sources.get(host_of(entry.url), feed.source_id),
            guid=entry.guid,
            url=entry.url,
            title=entry.title,
            text=entry.text,
            author=entry.author,
            language=entry.language or feed.source.language,
            published_at=entry.published_at,
            first_seen_at=now,
            is_news=is_news,
            read_at=None if is_news else now,
        ).complete()
        for entry in fresh
    ]
    Entry.objects.bulk_create(rows, ignore_conflicts=True)
    return rows


def host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").lower().rstrip(".")


def sources_at(hosts: set[str]) -> dict[str, int]:
    """The source whose domain is, or stands nearest above, each host; one query for all."""
    above = {host: domains_above(host) for host in hosts}
    asked = {domain for domains in above.values() for domain in domains}
    owners = dict(SourceDomain.objects.filter(domain__in=asked).values_list("domain", "source_id"))
    return {
        host: owners[next(domain for domain in domains if domain in owners)]
        for host, domains in above.items()
        if any(domain in owners for domain in domains)
    }


def domains_above(host: str) -> list[str]:
    """news.yicai.com → news.yicai.com, yicai.com."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]
