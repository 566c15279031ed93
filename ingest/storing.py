"""Store what polls brought: items that are new or edited, how each poll went, when the next one is. All or nothing.

What a batch of feeds brought is stored together, in one transaction with their validators and schedules: a crash
repeats a poll and doubles nothing.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from ingest import rows
from ingest.fetch import Answer
from ingest.identity import counterpart, digest, digests
from ingest.models import TOO_SHORT, Entry, Feed, History, Search
from ingest.moves import adopt_stable_move
from ingest.outlets import Outlets
from ingest.parsed import ParsedEntry, ParsedFeed
from ingest.revisions import REVISED, keep_revisions, revised
from ingest.trimming import guid_digest, records
from ingest.upkeep import after_poll, move_is_stable

MOST_ASKED_FOR = 10_000  # items in one query; SQLite takes 32,766 values, of which an item has three
BEFORE_OPENING = timedelta(days=30)  # so long before a claim was opened its story may have begun
# What is read of a stored entry to tell whether an item is the same, and what becomes of it if it was edited.
COMPARED = ", ".join(
    f"ingest_entry.{rows.name_of(Entry._meta.get_field(name))}"
    for name in ("id", "feed", "guid", "guid_digest", "story", "content_digest", "url", "title", "published_at")
    + ("said_at", "first_seen_at", "revised_at", "read_at", "is_news", "edits", "decision")
)
# A look into two indexes for each item. PostgreSQL would rather read the whole table if it were asked as SQLite is.
OF_FEED = f"SELECT {COMPARED} FROM ingest_entry WHERE ingest_entry.feed_id = v.column1 AND ingest_entry"  # noqa: S608
JOINED = f"SELECT {COMPARED} FROM v JOIN ingest_entry ON ingest_entry.feed_id = v.column1 AND ingest_entry"  # noqa: S608
KNOWN = {
    "postgresql": "SELECT found.* FROM {source} CROSS JOIN LATERAL "  # noqa: S608
    f"({OF_FEED}.guid_digest = v.column2 UNION ALL {OF_FEED}.story = v.column3) AS found",
    "sqlite": "WITH v AS (SELECT * FROM {source}) "  # noqa: S608
    f"{JOINED}.guid_digest = v.column2 UNION ALL {JOINED}.story = v.column3",
}
LONGEST_TROUBLE = Feed._meta.get_field("trouble").max_length


@dataclass(frozen=True)
class Polled:
    """What came of polling one feed."""

    feed: Feed
    status: str
    new: int = 0
    trouble: str = ""
    taken_over: bool = False  # our lease ran out and another worker took the feed: its word stands
    edited: int = 0


@dataclass(frozen=True)
class Items:
    """What a feed brought that is to be stored."""

    new: list[rows.Row] = field(default_factory=list)
    edited: list[rows.Row] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """Entries of one feed, by the digest of their guid and by their story."""

    by_guid: dict[bytes, Entry] = field(default_factory=dict)
    by_story: dict[bytes, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def add(self, entry: Entry) -> None:
        if bytes(entry.guid_digest) not in self.by_guid:
            self.by_guid[bytes(entry.guid_digest)] = entry
            self.by_story[bytes(entry.story)].append(entry)


@dataclass(frozen=True)
class Found:
    """An item that a feed brought, with what it is known by; `guid` is the key that it is stored under."""

    feed: Feed
    item: ParsedEntry
    guid: str
    guid_digest: bytes  # of the guid that the feed gave it
    content: bytes
    story: bytes

    @classmethod
    def of(cls, feed: Feed, item: ParsedEntry) -> "Found":
        content, story = digests(feed.pk, item.title, item.text, item.url)
        return cls(feed, item, item.guid, digest(item.guid), content, story)


@dataclass(frozen=True)
class Brought:
    """An answer and what it holds: `parsed` is None if that is nothing new, or trouble."""

    feed: Feed
    answer: Answer  # its body is None from here on
    trouble: str = ""
    parsed: ParsedFeed | None = None
    body_digest: bytes = b""


def note(brought: list[Brought], now: datetime) -> list[Polled]:
    """Store the items that are new or edited, how each poll went and when the next one is, and let the feeds go.

    All or nothing. The feeds come first: from then on nobody else who polled one of them has a say on what is known.
    """
    items = sort_out(brought, now)
    changes = [(one.feed, changes_after(one, items[one.feed.pk].new, now)) for one in brought]
    if any(found.new or found.edited for found in items.values()):
        with transaction.atomic():
            ours = finish(changes)
            store(items, ours, now)
    else:
        ours = finish(changes)
    for feed, saved in changes:
        if feed.pk in ours:
            vars(feed).update(saved)
            if not feed.trouble and move_is_stable(feed, now):
                adopt_stable_move(feed, now)
    return [
        Polled(
            one.feed,
            one.answer.status,
            len(items[one.feed.pk].new),
            one.trouble,
            taken_over=one.feed.pk not in ours,
            edited=sum(entry.revised_at == now for entry in items[one.feed.pk].edited),
        )
        for one in brought
    ]


def store(items: Mapping[int, Items], ours: Collection[int], now: datetime) -> None:
    """Keep what edited entries said, then insert and overwrite. Of a feed that another took over: only what is new."""
    edited = sorted((entry for feed in ours for entry in items[feed].edited), key=lambda entry: entry.pk)
    keep_revisions([entry for entry in edited if entry.revised_at == now], now)
    upserted = edited + [entry for feed in ours for entry in items[feed].new]
    rows.insert(Entry, upserted, once=["feed", "guid_digest"], update=REVISED if edited else ())
    late = [entry for feed, found in items.items() if feed not in ours for entry in found.new]
    rows.insert(Entry, late, once=["feed", "guid_digest"])


def changes_after(brought: Brought, new: list[rows.Row], now: datetime) -> dict[str, Any]:
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
    for saved_to in fields:
        sets.append(
            f"{rows.name_of(saved_to)} = CASE WHEN v.column{len(types) + 1} THEN v.column{len(types) + 2} "
            f"ELSE ingest_feed.{rows.name_of(saved_to)} END"
        )
        types += ["boolean", saved_to.db_type(connection)]
        columns.append([saved_to.name in saved for _, saved in changes])
        columns.append([prepared(saved_to, saved) for _, saved in changes])
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


def sort_out(brought: list[Brought], now: datetime) -> dict[int, Items]:
    """By feed, the items that it did not bring before, and those that say something else now."""
    parsed = {one.feed: one.parsed for one in brought if one.parsed and one.parsed.entries}
    found = {feed: [Found.of(feed, item) for item in document.entries] for feed, document in parsed.items()}
    known = known_among([item for feed, items in found.items() if has_entries(feed) for item in items])
    fresh = {feed: list(fresh_items(items, parsed[feed], known[feed.pk])) for feed, items in found.items()}
    outlets = Outlets.of({feed: [one.item for one, _ in items] for feed, items in fresh.items() if items})
    sorted_out = {one.feed.pk: Items() for one in brought}
    for feed, items in fresh.items():
        for one, stored in items:
            entry = entry_of(one, outlets, now)
            if stored:
                sorted_out[feed.pk].edited.append(revised(entry, stored, now))
            else:
                sorted_out[feed.pk].new.append(entry)
    return sorted_out


def fresh_items(items: list[Found], document: ParsedFeed, known: Known) -> Iterator[tuple[Found, Entry | None]]:
    """The items that are new, each with None, and those that changed, each with the entry that it is."""
    present = set(records(document.items).values()) or {guid_digest(one.item.guid) for one in items}
    told = Counter(one.story for one in items)
    met: set[int] = set()
    for one in items:
        by_guid = known.by_guid.get(one.guid_digest)
        is_shared = bool(one.item.url) and told[one.story] > 1  # an address that does not tell items apart
        by_story = [] if is_shared else [entry for entry in known.by_story.get(one.story, ()) if entry.pk not in met]
        stored = counterpart(one.item, by_guid, by_story, present)
        if stored is None:
            # A guid that belongs to another story already: the address tells the two apart.
            yield (replace(one, guid=one.item.url) if by_guid else one), None
        else:
            met.add(stored.pk)
            if differs(one, stored):
                yield one, stored


def differs(one: Found, stored: Entry) -> bool:
    """Whether an item says something else than its entry, or bears another date; a date that is dropped still holds."""
    return one.content != bytes(stored.content_digest) or one.item.published_at not in (None, stored.published_at)


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


def known_among(items: list[Found]) -> Mapping[int, Known]:
    """By feed, the stored entries that have the guid of one of these items, or tell its story: one query for all."""
    known: dict[int, Known] = defaultdict(Known)
    asked = [(one.feed.pk, one.guid_digest, one.story) for one in items]
    types = ["bigint", *(Entry._meta.get_field(name).db_type(connection) for name in ("guid_digest", "story"))]
    for at in range(0, len(asked), MOST_ASKED_FOR):
        source, values = rows.table(types, list(map(list, zip(*asked[at : at + MOST_ASKED_FOR], strict=True))))
        for entry in Entry.objects.raw(KNOWN[connection.vendor].format(source=source), values):
            known[entry.feed_id].add(entry)
    return known


def entry_of(one: Found, outlets: Outlets, now: datetime) -> rows.Row:
    feed, item = one.feed, one.item
    history = why_history(feed, item.published_at, now)
    return rows.row(
        Entry,
        feed_id=feed.pk,
        **outlets.credit(feed, item),
        guid=one.guid,
        guid_digest=digest(one.guid),
        url=item.url,
        title=item.title,
        text=item.text,
        author=item.author,
        language=item.language or language_of(feed),
        published_at=item.published_at,
        first_seen_at=now,
        said_at=item.published_at or now,
        content_digest=one.content,
        story=one.story,
        is_news=not history,
        wants_article=not history and feed.wants_whole_articles and bool(item.url) and len(item.text) < TOO_SHORT,
        history=history,
        due_at=min(feed.next_poll_at, now),
        read_at=now if history else None,
    )


def why_history(feed: Feed, published_at: datetime | None, now: datetime) -> str:
    """Why an item that was not seen before is no news; "" if it is.

    What stands in a feed at its first poll is history, unless the feed says otherwise or is a search; what is older
    than the feed counts as news is history whenever it turns up, in a search what is older than what we missed can be.
    """
    horizon = now - timedelta(days=feed.news_days or settings.NEWS_DAYS)
    if is_search(feed) and not feed.suggest_old:
        horizon = (feed.last_success_at or now) - BEFORE_OPENING
    if published_at and published_at < horizon:
        return History.OLD
    is_known = feed.suggest_old or is_search(feed) or feed.last_success_at is not None or has_entries(feed)
    return "" if is_known else History.FIRST_POLL
