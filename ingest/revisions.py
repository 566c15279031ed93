"""What an entry said before its feed edited it: kept beside the entry, which holds the newest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import F

from deals.templatetags.desk import moment
from ingest import rows
from ingest.differences import Piece, compare
from ingest.models import Entry, EntryRevision

# So many earlier wordings of an item are kept a day. A feed that counts readers in its text, or says "3 hours ago",
# edits its items at every poll; what an editor decided on is kept in any case.
KEPT_A_DAY = 5
DAY = timedelta(days=1)
MOST_SHOWN = 10

# What an edit overwrites in an entry.
REVISED = [
    "source",
    "outlet",
    "outlet_host",
    "url",
    "title",
    "text",
    "author",
    "language",
    "published_at",
    "said_at",
    "content_digest",
    "story",
    "revised_at",
    "edits",
    "wants_article",
    "read_at",
]


def revised(entry: rows.Row, stored: Entry, now: datetime) -> rows.Row:
    """The entry as its feed has it now, to be stored over the one that is `stored`.

    It is read again, unless it was decided or is history. One whose content was not known is filled, not edited.
    """
    entry.pk, entry.guid, entry.guid_digest = stored.pk, stored.guid, stored.guid_digest
    entry.published_at = entry.published_at or stored.published_at
    entry.said_at = min(stored.said_at, entry.published_at or stored.said_at)
    entry.revised_at, entry.edits, entry.read_at = stored.revised_at, stored.edits, stored.read_at
    if stored.content_digest:
        entry.revised_at, entry.edits = now, stored.edits + 1
        if stored.is_news and not stored.decision:
            entry.read_at = None
    return entry


def keep_revisions(entries: Sequence[rows.Row], now: datetime) -> None:
    """Keep what these entries say in the database still, before they are overwritten: one statement."""
    if not entries:
        return
    columns = [name_of(name) for name in ("entry", "url", "title", "text", "published_at", "content_digest")]
    source, values = rows.table(["bigint"], [[entry.pk for entry in entries]])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO ingest_entryrevision ({', '.join(columns)}, seen_at, replaced_at) "  # noqa: S608  names alone
            "SELECT e.id, e.url, e.title, e.text, e.published_at, e.content_digest, "
            f"COALESCE(e.revised_at, e.first_seen_at), {a_time()} FROM {source} JOIN ingest_entry e ON e.id = v.column1 "
            "WHERE e.content_digest = e.decided_on OR (SELECT count(*) FROM ingest_entryrevision r "
            f"WHERE r.entry_id = e.id AND r.replaced_at > {a_time()}) < %s ON CONFLICT (entry_id, seen_at) DO NOTHING",
            [prepared(now), *values, prepared(now - DAY), KEPT_A_DAY],
        )


def name_of(name: str) -> str:
    return rows.name_of(EntryRevision._meta.get_field(name))


def a_time() -> str:
    return "%s::timestamptz" if connection.vendor == "postgresql" else "%s"


def prepared(at: datetime) -> Any:
    field: Any = EntryRevision._meta.get_field("replaced_at")
    return field.get_db_prep_save(at, connection)


@dataclass(frozen=True)
class Edit:
    """What changed from one wording to a later one; what stayed as it was is empty."""

    since: datetime
    until: datetime
    title: list[Piece]
    text: list[Piece]
    date: tuple[str, str] | None
    address: str  # where it led before

    @classmethod
    def of(cls, before: EntryRevision, after: "EntryRevision | Entry") -> "Edit":
        dates = moment(before.published_at) or "none", moment(after.published_at) or "none"
        return cls(
            before.seen_at,
            before.replaced_at,
            compare(before.title, after.title) if before.title != after.title else [],
            compare(before.text, after.text) if before.text != after.text else [],
            dates if dates[0] != dates[1] else None,
            before.url if before.url != after.url else "",
        )


def edits_of(entry: Entry) -> dict[str, Any]:
    """For "ingest/edits.html": the newest edits of an entry, newest first, and how many earlier wordings are kept."""
    revisions = list(entry.revisions.order_by("-seen_at")[:MOST_SHOWN]) if entry.edits else []
    kept = entry.revisions.count() if len(revisions) == MOST_SHOWN else len(revisions)
    return {
        "entry": entry,
        "kept": kept,
        "edits": [Edit.of(before, after) for after, before in pairwise([entry, *revisions])],
    }


def since_decided(entries: Iterable[Entry]) -> dict[int, Edit]:
    """By entry, what changed since it was decided; one query for all. Without those whose wording then is not kept."""
    changed = {entry.pk: entry for entry in entries if entry.is_changed}
    decided_on = EntryRevision.objects.filter(entry__in=changed, content_digest=F("entry__decided_on")).order_by(
        "seen_at"
    )
    return {before.entry_id: Edit.of(before, changed[before.entry_id]) for before in decided_on} if changed else {}
