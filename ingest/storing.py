"""Store what polls brought: the items that are new, how each poll went, when the next one is. All or nothing.

What a batch of feeds brought is stored together, in one transaction with their validators and schedules: a crash
repeats a poll and doubles nothing.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from ingest import rows
from ingest.fetch import Answer
from ingest.models import Entry, Feed, Search, digest
from ingest.moves import adopt_stable_move
from ingest.outlets import Outlets
from ingest.parsing import ParsedEntry, ParsedFeed
from ingest.upkeep import after_poll, move_is_stable

MOST_ASKED_FOR = 10_000  # values in one query; SQLite takes 32,766
BEFORE_OPENING = timedelta(days=30)  # so long before a claim was opened its story may have begun
LONGEST_TROUBLE = Feed._meta.get_field("trouble").max_length


@dataclass(frozen=True)
class Polled:
    """What came of polling one feed."""

    feed: Feed
    status: str
    new: int = 0
    trouble: str = ""
    taken_over: bool = False  # our lease ran out and another worker took the feed: its word stands


@dataclass(frozen=True)
class Brought:
    """An answer and what it holds: `parsed` is None if that is nothing new, or trouble."""

    feed: Feed
    answer: Answer  # its body is None from here on
    trouble: str = ""
    parsed: ParsedFeed | None = None
    body_digest: bytes = b""


def note(brought: list[Brought], now: datetime) -> list[Polled]:
    """Store the items that are new, how each poll went and when the next one is, and let the feeds go: all or nothing."""
    new = fresh_entries(brought, now)
    changes = [(one.feed, changes_after(one, new.get(one.feed.pk, []), now)) for one in brought]
    if new:
        with transaction.atomic():
            rows.insert([entry for entries in new.values() for entry in entries], once=["feed", "guid_digest"])
            ours = finish(changes)
    else:
        ours = finish(changes)
    for feed, saved in changes:
        if feed.pk in ours:
            vars(feed).update(saved)
            if not feed.trouble and move_is_stable(feed, now):
                adopt_stable_move(feed, now)
    return [
        Polled(one.feed, one.answer.status, len(new.get(one.feed.pk, [])), one.trouble, one.feed.pk not in ours)
        for one in brought
    ]


def changes_after(brought: Brought, new: list[Entry], now: datetime) -> dict[str, Any]:
    """The columns of a feed after a poll."""
    parsed = brought.parsed
    saved = after_poll(
        brought.feed,
        brought.answer,
        trouble=brought.trouble[:LONGEST_TROUBLE],
        pace=parsed.pace if parsed else None,
        new=[entry.published_at for entry in new],
        now=now,
        chance=random.random(),  # noqa: S311
    )
    if parsed:
        saved |= {"body_digest": brought.body_digest, "items": parsed.items}
    return saved


def finish(changes: Sequence[tuple[Feed, dict[str, Any]]]) -> set[int]:
    """Save each feed's columns and let it go, in one statement; the keys of those that were still ours.

    A column that a feed does not name keeps what stands there, which an editor may have changed meanwhile.
    """
    names = sorted({name for _, saved in changes for name in saved})
    fields: list[Any] = [Feed._meta.get_field(name) for name in names]
    lease: Any = Feed._meta.get_field("lease")
    types = ["bigint", lease.db_type(connection)]
    columns = [
        [feed.pk for feed, _ in changes],
        [lease.get_db_prep_save(feed.lease, connection) for feed, _ in changes],
    ]
    sets = []
    for field in fields:
        sets.append(
            f"{rows.name_of(field)} = CASE WHEN v.column{len(types) + 1} THEN v.column{len(types) + 2} "
            f"ELSE ingest_feed.{rows.name_of(field)} END"
        )
        types += ["boolean", field.db_type(connection)]
        columns.append([field.name in saved for _, saved in changes])
        columns.append([prepared(field, saved) for _, saved in changes])
    source, values = rows.table(types, columns)
    same_lease = "IS NOT DISTINCT FROM" if connection.vendor == "postgresql" else "IS"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE ingest_feed SET lease = NULL, lease_until = NULL, {', '.join(sets)} FROM {source} "  # noqa: S608  names alone
            f"WHERE ingest_feed.id = v.column1 AND ingest_feed.lease {same_lease} v.column2 RETURNING ingest_feed.id",
            values,
        )
        return {pk for (pk,) in cursor.fetchall()}


def prepared(field, saved: dict[str, Any]) -> Any:
    return field.get_db_prep_save(saved[field.name], connection) if field.name in saved else None


def fresh_entries(brought: list[Brought], now: datetime) -> dict[int, list[Entry]]:
    """By feed, the items that it did not bring before.

    What stands in a feed at its first poll is history, not news: stored as read, unless the feed says otherwise.
    """
    parsed = {
        one.feed: {digest(entry.guid): entry for entry in one.parsed.entries}
        for one in brought
        if one.parsed and one.parsed.entries
    }
    known = known_among({feed.pk: list(entries) for feed, entries in parsed.items() if has_entries(feed)})
    fresh = {
        feed: new
        for feed, entries in parsed.items()
        if (new := [entry for key, entry in entries.items() if (feed.pk, key) not in known])
    }
    outlets = Outlets.of(fresh)
    return {feed.pk: [entry_of(feed, entry, outlets, now) for entry in new] for feed, new in fresh.items()}


def has_entries(feed: Feed) -> bool:
    """Whether any were stored of it; known for a feed that `take` gave."""
    if not hasattr(feed, "has_entries"):
        feed.has_entries = feed.entries.exists()
    return feed.has_entries


def is_search(feed: Feed) -> bool:
    """Whether it is polled for claims; known for a feed that `take` gave."""
    if not hasattr(feed, "is_search"):
        feed.is_search = Search.objects.filter(feed=feed).exists()
    return feed.is_search


def language_of(feed: Feed) -> str:
    """Its source's; known for a feed that `take` gave."""
    return feed.source_language if hasattr(feed, "source_language") else feed.source.language


def known_among(digests: dict[int, list[bytes]]) -> set[tuple[int, bytes]]:
    """Which of these guids, by feed, are stored: one query for all."""
    known: set[tuple[int, bytes]] = set()
    keys = [key for some in digests.values() for key in some]
    for at in range(0, len(keys), MOST_ASKED_FOR):
        found = Entry.objects.filter(feed_id__in=list(digests), guid_digest__in=keys[at : at + MOST_ASKED_FOR])
        known |= {(feed, bytes(key)) for feed, key in found.values_list("feed_id", "guid_digest")}
    return known


def is_news(feed: Feed, entry: ParsedEntry, now: datetime) -> bool:
    """Whether it is put before the desk. What a search finds is, unless it is older than what we missed can be."""
    if feed.suggest_old:
        return True
    if is_search(feed):
        return entry.published_at is None or entry.published_at >= (feed.last_success_at or now) - BEFORE_OPENING
    return feed.last_success_at is not None or has_entries(feed)


def entry_of(feed: Feed, entry: ParsedEntry, outlets: Outlets, now: datetime) -> Entry:
    news = is_news(feed, entry, now)
    return Entry(
        feed=feed,
        **outlets.credit(feed, entry),
        guid=entry.guid,
        url=entry.url,
        title=entry.title,
        text=entry.text,
        author=entry.author,
        language=entry.language or language_of(feed),
        published_at=entry.published_at,
        first_seen_at=now,
        is_news=news,
        read_at=None if news else now,
    ).complete()
