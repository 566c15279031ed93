"""A round of polling: take due feeds, ask for them side by side, parse in the child, store what is new.

No lock is held while fetching or parsing; `storing` writes what a batch brought in one transaction.
"""

import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import compress
from queue import Empty, SimpleQueue
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from deals import clock
from ingest.fetch import OUR_FAULT, Answer, Question, ask_each
from ingest.models import Feed
from ingest.parsed import ParsedFeed
from ingest.parser_child import QUICK, TOO_LONG, Document, ParseOverrun, parse_all_limited
from ingest.storing import Brought, Polled, note
from ingest.subscribing import same
from ingest.trimming import READING
from outbound.client import Unread

logger = logging.getLogger(__name__)

BATCH = 250
# What came is stored when so much of it is held, or when nothing has come for so long (seconds): a slow publisher keeps
# no other's news waiting, and the parser reads on while we store.
HELD_DOCUMENTS = 100
HELD_CHARACTERS = 4_000_000
LULL = 0.5
READ_TOGETHER = 20
MOST_PUT_OFF = 20_000_000  # bytes of documents that take long, held until the others of their batch are read
PAUSE = 0.005  # seconds; answers come by the thousand a second, and to wake up for each costs more than to note it
# A batch asks for no more after this many seconds, and its unfinished feeds are left to the next one. What has come by
# then is read for READ_ON more at most: a batch of nothing but feeds that hang the parser takes that long.
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


def poll_due(limit: int = BATCH, more: Callable[[], object] | None = None) -> Summary:
    """Poll up to `limit` due feeds that no other worker holds. With as many as that, `more` is called before."""
    summary = Summary()
    taken = take(Feed.objects.due(there()), limit)
    if more and len(taken) == limit:
        more()
    for polled in poll(taken):
        summary.add(polled)
    return summary


def there() -> Any:
    """Now by the database's clock, for a query that is asked at once."""
    return Now() if connection.vendor == "postgresql" else timezone.now()


def take(feeds, limit: int | None = None) -> list[Feed]:
    """Lease those of a queryset that nobody holds, up to `limit`; those that have not failed come first.

    Each knows then, without another question, its source's language and kind, whether it has entries and is a search.
    """
    chosen = (
        feeds.filter(Q(lease_until=None) | Q(lease_until__lt=there()))
        .order_by("failures", "next_poll_at")
        .values("pk")[:limit]
    )
    wanted, values = chosen.query.sql_with_params()
    lease, lease_until = Feed._meta.get_field("lease"), Feed._meta.get_field("lease_until")
    if connection.vendor == "postgresql":
        now, until, times = "statement_timestamp()", "statement_timestamp() + %s", [LEASE]
        # What another worker takes just now, it has. As an array, for a subquery may be run more than once.
        chosen_ids = f"= ANY (ARRAY({wanted} FOR UPDATE OF ingest_feed SKIP LOCKED))"
    else:
        now, until, chosen_ids = "%s", "%s", f"IN ({wanted})"
        times = [lease_until.get_db_prep_save(at, connection) for at in (timezone.now() + LEASE, timezone.now())]
    taken = Feed.objects.raw(
        f"UPDATE ingest_feed SET lease = %s, lease_until = {until} "  # noqa: S608  no value in it
        f"WHERE (lease_until IS NULL OR lease_until < {now}) AND id {chosen_ids} RETURNING *, "
        "(SELECT language FROM deals_source WHERE id = ingest_feed.source_id) AS source_language, "
        "(SELECT kind FROM deals_source WHERE id = ingest_feed.source_id) AS source_kind, "
        "(SELECT fetched FROM ingest_sourcearticles WHERE source_id = ingest_feed.source_id) AS source_articles, "
        "EXISTS (SELECT 1 FROM ingest_entry WHERE feed_id = ingest_feed.id) AS has_entries, "
        "EXISTS (SELECT 1 FROM ingest_search WHERE feed_id = ingest_feed.id) AS is_search",
        [lease.get_db_prep_save(uuid.uuid4(), connection), *times, *values],
    )
    return sorted(taken, key=lambda feed: (feed.failures, feed.next_poll_at))


def poll(
    feeds: list[Feed], *, budget: float | None = BUDGET, deadline: float = 30, now: datetime | None = None
) -> Iterator[Polled]:
    """Poll leased feeds, yielding each as it is finished.

    `budget` in seconds: what is not finished by then is given back, still due. `deadline` in seconds for each fetch.
    `now` is the database's clock unless told.
    """
    began = time.monotonic()
    taken_at = now or (feeds[0].lease_until - LEASE if feeds and feeds[0].lease_until else clock.now())
    waiting = {feed.pk: feed for feed in feeds}
    held: list[Brought] = []

    def settled() -> Iterator[Polled]:
        yield from settle(held, now or taken_at + timedelta(seconds=time.monotonic() - began))
        for one in held:
            del waiting[one.feed.pk]
        held.clear()

    coming = bring(feeds, budget=budget, deadline=deadline, now=taken_at)
    try:
        for brought in coming:
            if brought:
                held.append(brought)
            if held and (not brought or is_enough(held)):
                yield from settled()
        if held:
            yield from settled()
    finally:
        coming.close()
        release(waiting.values())


def is_enough(held: list[Brought]) -> bool:
    sizes = [brought.parsed.size for brought in held if brought.parsed]
    return len(sizes) >= HELD_DOCUMENTS or sum(sizes) > HELD_CHARACTERS


def release(feeds: Collection[Feed]):
    if feeds:
        leases = {feed.lease for feed in feeds}
        Feed.objects.filter(pk__in=[feed.pk for feed in feeds], lease__in=leases).update(lease=None, lease_until=None)


def settle(brought: list[Brought], now: datetime) -> list[Polled]:
    """Store what polls brought, and when to ask next. A fault of one feed is noted on it and stops no other."""
    try:
        return note(brought, now)
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):  # not the feeds' fault
        raise
    except Exception:
        if len(brought) > 1:
            return [polled for one in brought for polled in settle([one], now)]
        (one,) = brought
        logger.exception("Storing what %s brought failed by a fault of ours", one.feed.url)
        return note([Brought(one.feed, one.answer, OUR_FAULT)], now)


# Fetching, reading and storing go on side by side: on the loop, in a thread that feeds the parser, in the caller.


def bring(feeds: list[Feed], *, budget: float | None, deadline: float, now: datetime) -> Iterator[Brought | None]:
    """Ask for feeds and read what they answer, each as it is done. None comes whenever none was for LULL seconds."""
    began = time.monotonic()
    done: SimpleQueue[Brought | None] = SimpleQueue()
    reader = Reader(done.put, now)

    def tell(place: int, answer: Answer):
        if answer.body is None:
            done.put(Brought(feeds[place], answer, answer.trouble))
        else:
            reader.unread.put((feeds[place], answer))

    questions = [Question(feed.url, feed.etag, feed.last_modified) for feed in feeds]
    asking = ask_each(questions, tell, unread=reader.held, deadline=deadline)
    asking.add_done_callback(lambda _: reader.unread.put(None))
    try:
        while (over := -1.0 if budget is None else time.monotonic() - began - budget) < READ_ON:
            if over > 0 and not reader.late:
                reader.late = True
                asking.cancel()
            try:
                found = [done.get(timeout=LULL)]
            except Empty:
                yield None
                continue
            time.sleep(PAUSE)
            with suppress(Empty):
                while True:
                    found.append(done.get_nowait())
            for brought in found:
                if brought is None:
                    return
                yield brought
    finally:
        asking.cancel()
        reader.ended = True


class Reader(threading.Thread):
    """Reads answers as they come, those together that have come meanwhile, and tells what each brought, at last None.

    What takes its time keeps no other waiting: it is read when all others are. It gets no more time than the batch has.
    """

    def __init__(self, tell: Callable[[Brought | None], None], now: datetime):
        super().__init__(name="reader", daemon=True)
        self.tell, self.now = tell, now
        self.unread: SimpleQueue[tuple[Feed, Answer] | None] = SimpleQueue()  # None: no more will come
        self.all_came = False
        self.held = Unread()
        self.slow: list[tuple[Feed, Answer]] = []
        self.late = False
        self.ended = False  # nobody listens any more
        self.start()

    def run(self):
        while answers := self._next():
            self._read(answers, wall=QUICK)
        while self.slow and not self.late:
            self._read([self.slow.pop(0)])
        self._give_up_slow()
        self.tell(None)

    def _next(self) -> list[tuple[Feed, Answer]]:
        found: list[tuple[Feed, Answer]] = []
        with suppress(Empty):
            while len(found) < READ_TOGETHER and not self.all_came and not self.ended:
                answered = self.unread.get(block=not found)
                if answered:
                    found.append(answered)
                self.all_came = not answered
        return found

    def _read(self, answers: list[tuple[Feed, Answer]], wall: float | None = None):
        done = 0
        try:
            for brought in read_all(answers, self.now, wall):
                if self.ended:
                    return
                if brought:
                    self._tell(answers[done], brought, wall)
                else:
                    self._put_off(answers[done])
                done += 1
                if self.late:
                    self._give_up_slow()
        except Exception:
            feed, answer = answers[done]
            logger.exception("Reading what %s brought failed by a fault of ours", feed.url)
            self._tell(answers[done], Brought(feed, replace(answer, body=None), OUR_FAULT), wall)
            self._read(answers[done + 1 :], wall)

    def _tell(self, answered: tuple[Feed, Answer], brought: Brought, wall: float | None):
        if wall:
            self.held.let_go(answered[1].body)
        self.tell(brought)

    def _put_off(self, answered: tuple[Feed, Answer]):
        self.held.let_go(answered[1].body)
        self.slow.append(answered)
        if sum(len(answer.body) for _, answer in self.slow) > MOST_PUT_OFF:
            self._give_up_slow()

    def _give_up_slow(self):
        while self.slow:
            feed, answer = self.slow.pop(0)
            self.tell(Brought(feed, replace(answer, body=None), TOO_LONG))


def read_all(answers: list[tuple[Feed, Answer]], now: datetime, wall: float | None = None) -> Iterator[Brought | None]:
    """What answers hold that their feeds did not bring last time, parsed; in their order, each as it is done.

    With None for what could not be read within `wall` seconds, but may be in the time that a document has.
    """
    digests = [digest_of(answer) for _, answer in answers]
    changed = [found != bytes(feed.body_digest) for (feed, _), found in zip(answers, digests, strict=True)]
    documents = [
        Document(answer.body, answer.content_type, answer.url, bytes(feed.items))
        for feed, answer in compress(answers, changed)
    ]
    outcomes = parse_all_limited(documents, now=now, wall=wall)
    for (feed, answer), found, is_changed in zip(answers, digests, changed, strict=True):
        brought = Brought(feed, replace(answer, body=None), answer.trouble)
        outcome = next(outcomes) if is_changed else None
        if isinstance(outcome, ParsedFeed):
            yield replace(brought, parsed=outcome, body_digest=found)
        elif isinstance(outcome, ParseOverrun) and wall and not outcome.final:
            yield None
        elif outcome:
            yield replace(brought, trouble=f"{outcome}{led_elsewhere(feed, answer)}")
        else:
            yield brought


def digest_of(answer: Answer) -> bytes:
    """Of a body, and of all that its reading depends on."""
    found = hashlib.sha256(repr((READING, answer.url, answer.content_type)).encode())
    found.update(answer.body)
    return found.digest()


def led_elsewhere(feed: Feed, answer: Answer) -> str:
    """Where what is no feed came from, if not from the feed's own address: a login page, for one."""
    return "" if same(answer.url) == same(feed.url) else f" The feed's address led to {answer.url}"
