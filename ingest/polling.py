"""A round of polling: take due feeds, ask for them side by side, parse in the child, store what is new.

No lock is held while fetching or parsing; `storing` writes what a batch brought in one transaction.
"""

import hashlib
import logging
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection
from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, Q, Value
from django.db.models.functions import Now
from django.utils import timezone

from deals import clock
from ingest.fetch import OUR_FAULT, Answer, Question, ask_all
from ingest.models import Entry, Feed
from ingest.parser_child import QUICK, TOO_LONG, Document, ParseOverrun, parse_all_limited
from ingest.parsing import ParsedFeed
from ingest.storing import Brought, Polled, note
from ingest.subscribing import same
from ingest.trimming import READING

logger = logging.getLogger(__name__)

BATCH = 100
# What came is stored when so much of it is held, or when nothing has come for so long (seconds): a slow publisher keeps
# no other's news waiting.
HELD_ANSWERS = BATCH
HELD_BYTES = 16_000_000
LULL = 0.5
# A batch is given up after this many seconds, its unfinished feeds left to the next one. What has come by then is read
# for READ_ON more at most: a batch of nothing but feeds that hang the parser takes that long.
BUDGET = 40.0
READ_ON = 40.0
LEASE = timedelta(minutes=3)


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
    for polled in poll(take(Feed.objects.due(there()), limit)):
        summary.add(polled)
    return summary


def there() -> Any:
    """Now by the database's clock, for a query that is asked at once."""
    return Now() if connection.vendor == "postgresql" else timezone.now()


def take(feeds, limit: int | None = None) -> list[Feed]:
    """Lease those of a queryset that nobody holds, up to `limit`; those that have not failed come first."""
    lease = uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=there())
    chosen = feeds.filter(free).order_by("failures", "next_poll_at").values("pk")[:limit]
    now = there()
    until = now + LEASE if isinstance(now, datetime) else ExpressionWrapper(now + Value(LEASE), DateTimeField())
    if not Feed.objects.filter(free, pk__in=chosen).update(lease=lease, lease_until=until):
        return []
    held = Feed.objects.filter(lease=lease).select_related("source").order_by("failures", "next_poll_at")
    return list(held.annotate(has_entries=Exists(Entry.objects.filter(feed=OuterRef("pk")))))


def poll(
    feeds: list[Feed], *, budget: float | None = BUDGET, deadline: float = 30, now: datetime | None = None
) -> Iterator[Polled]:
    """Poll leased feeds, yielding each as it is finished.

    `budget` in seconds: what is not begun by then is given back, still due. `deadline` in seconds for each fetch.
    `now` is the database's clock unless told.
    """
    began = time.monotonic()
    taken_at = None if now or not feeds or not feeds[0].lease_until else feeds[0].lease_until - LEASE
    waiting = dict(enumerate(feeds))
    held: list[tuple[Feed, Answer]] = []
    slow: list[tuple[Feed, Answer]] = []

    def moment() -> datetime | None:
        return now or (taken_at and taken_at + timedelta(seconds=time.monotonic() - began))

    def late(by: float = 0) -> bool:
        return budget is not None and time.monotonic() - began > budget + by

    answers = ask_all(
        [Question(feed.url, feed.etag, feed.last_modified) for feed in feeds], deadline=deadline, lull=LULL
    )
    try:
        for found in answers:
            if found:
                held.append((waiting.pop(found[0]), found[1]))
            while held and (late() or not found or not waiting or is_enough(held)) and not late(by=READ_ON):
                settled = settle_all(held, moment(), slow)
                done = {polled.feed.pk for polled in settled} | {feed.pk for feed, _ in slow}
                held = [(feed, answer) for feed, answer in held if feed.pk not in done]
                yield from settled
            if late():
                break
        while slow:  # what takes its time keeps no other waiting, and has no more of it than the batch has
            feed, answer = slow.pop(0)
            if late():
                answer = replace(answer, body=None, trouble=TOO_LONG)
            yield settle(feed, answer, moment())
    finally:
        answers.close()
        release([*waiting.values(), *(feed for feed, _ in held), *(feed for feed, _ in slow)])


def is_enough(held: list[tuple[Feed, Answer]]) -> bool:
    return len(held) >= HELD_ANSWERS or sum(len(answer.body or b"") for _, answer in held) > HELD_BYTES


def release(feeds: Iterable[Feed]):
    for feed in feeds:
        Feed.objects.filter(pk=feed.pk, lease=feed.lease).update(lease=None, lease_until=None)


def settle(feed: Feed, answer: Answer, now: datetime | None = None) -> Polled:
    """Store what an answer brings, then when to ask next."""
    (polled,) = settle_all([(feed, answer)], now)
    return polled


def settle_all(
    answers: list[tuple[Feed, Answer]], now: datetime | None = None, slow: list[tuple[Feed, Answer]] | None = None
) -> list[Polled]:
    """Store what answers bring, and when to ask next. A fault of one feed is noted on it and stops no other.

    Of what an answer says that its feed brought already, nothing is parsed or asked of the database. Those whose
    reading takes long are put into `slow` instead, if it is given; behind many of these, some are left unread.
    """
    now = now or clock.now()
    try:
        brought = read_all(answers, now, slow)
        return note(brought, now) if brought else []
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):  # not the feeds' fault
        raise
    except Exception:
        if len(answers) > 1:
            put_off = {feed.pk for feed, _ in slow or []}
            return [settle(feed, answer, now) for feed, answer in answers if feed.pk not in put_off]
        ((feed, answer),) = answers
        logger.exception("Storing what %s brought failed by a fault of ours", feed.url)
        return note([Brought(feed, replace(answer, body=None), OUR_FAULT)], now)


def read_all(
    answers: list[tuple[Feed, Answer]], now: datetime, slow: list[tuple[Feed, Answer]] | None = None
) -> list[Brought]:
    """What answers hold that their feeds did not bring last time, parsed; without those put into `slow` or left unread."""
    brought = {feed.pk: Brought(feed, replace(answer, body=None), answer.trouble) for feed, answer in answers}
    digests = {feed.pk: digest_of(answer) for feed, answer in answers if answer.body is not None}
    changed = [
        (feed, answer) for feed, answer in answers if feed.pk in digests and digests[feed.pk] != bytes(feed.body_digest)
    ]
    documents = [Document(answer.body, answer.content_type, answer.url, bytes(feed.items)) for feed, answer in changed]
    outcomes = parse_all_limited(documents, now=now, wall=None if slow is None else QUICK)
    for feed, _ in changed[len(outcomes) :]:
        del brought[feed.pk]
    for (feed, answer), outcome in zip(changed, outcomes, strict=False):
        if slow is not None and isinstance(outcome, ParseOverrun) and not outcome.final:
            slow.append((feed, answer))
            del brought[feed.pk]
        elif isinstance(outcome, ParsedFeed):
            brought[feed.pk] = replace(brought[feed.pk], parsed=outcome, body_digest=digests[feed.pk])
        else:
            brought[feed.pk] = replace(brought[feed.pk], trouble=f"{outcome}{led_elsewhere(feed, answer)}")
    return list(brought.values())


def digest_of(answer: Answer) -> bytes:
    """Of a body, and of all that its reading depends on."""
    found = hashlib.sha256(repr((READING, answer.url, answer.content_type)).encode())
    found.update(answer.body)
    return found.digest()


def led_elsewhere(feed: Feed, answer: Answer) -> str:
    """Where what is no feed came from, if not from the feed's own address: a login page, for one."""
    return "" if same(answer.url) == same(feed.url) else f" The feed's address led to {answer.url}"
