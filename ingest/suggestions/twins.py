"""The same article in several feeds: of all entries with one address at most one waits, and a decision covers the others.

A twin is an entry whose canonical address an earlier one of another feed has. An address that a feed gives to several of
its items tells nothing. Entries that belong together are held together, in the order of their keys, before anything is
decided on them: so two workers, or a worker and an editor, agree.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from django.db import connection
from django.db.models import Count, Min, Q

from ingest import rows
from ingest.identity import address_of, is_telling
from ingest.models import Entry


@dataclass(frozen=True)
class Held:
    """An entry as it stands, locked until the transaction ends."""

    pk: int
    twin_of_id: int | None
    waiting: bool
    report_id: int | None
    decision: str
    decided_at: datetime | None
    read_at: datetime | None
    content_digest: bytes
    article_at: datetime | None


FIELDS = tuple(field.name for field in fields(Held))


@dataclass(frozen=True)
class Together:
    """Entries with all that are or become their twins, by key; and the twins found now, each with its root."""

    held: Mapping[int, Held]
    pairs: Mapping[int, int]

    def root_of(self, one: Held) -> int:
        """The entry that stands for all of one article: the first that was stored."""
        if one.pk in self.pairs.values():
            return one.pk
        stored = one.twin_of_id or one.pk
        return self.pairs.get(one.pk) or self.pairs.get(stored, stored)

    def arranged(self, read: Collection[int], worth: Collection[int]) -> Iterator[Held]:
        """Each entry as it is to be: of those that belong together at most one waits, none if one is decided.

        `read` are those that were just read, `worth` those that say something worth an editor's time.
        """
        groups: dict[int, list[Held]] = defaultdict(list)
        for one in self.held.values():
            groups[self.root_of(one)].append(one)
        for root, group in groups.items():
            decided = next((one for one in group if one.decision), None)
            able = [one for one in group if one.pk in worth or (one.waiting and one.pk not in read)]
            first = next((one for one in able if one.waiting), None) or next(iter(able), None)
            for one in group:
                one = replace(one, twin_of_id=None if one.pk == root else root)
                if not one.decision:
                    waiting = decided is None and first is not None and first.pk == one.pk
                    report = (decided and decided.report_id) or one.report_id
                    one = replace(one, waiting=waiting, report_id=report)
                yield one


def hold(entries: Sequence[Entry]) -> Together:
    """Lock entries with all that are or become their twins, in the order of their keys. Two queries for any number."""
    pairs = pairs_among(entries)
    roots = {entry.twin_of_id for entry in entries if entry.twin_of_id}
    concerned = {entry.pk for entry in entries} | set(pairs) | set(pairs.values()) | roots
    together = Entry.objects.filter(Q(pk__in=concerned) | Q(twin_of__in=concerned)).order_by("pk")
    found = together.select_for_update().values_list(*FIELDS)
    return Together({pk: Held(pk, *rest) for pk, *rest in found}, pairs)


def pairs_among(entries: Iterable[Entry]) -> dict[int, int]:
    """Twin to the first of its story, for all entries that tell the story of one of these: one query."""
    stories = {bytes(entry.story) for entry in entries if entry.story and is_telling(address_of(entry.url))}
    if not stories:
        return {}
    told = Entry.objects.filter(story__in=stories).order_by().values_list("story", "feed")
    by_story: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for story, _, first, number in told.annotate(first=Min("pk"), number=Count("pk")):
        by_story[bytes(story)].append((first, number))
    pairs: dict[int, int] = {}
    for feeds in by_story.values():
        if len(feeds) > 1 and all(number == 1 for _, number in feeds):
            root, *others = sorted(first for first, _ in feeds)
            pairs |= dict.fromkeys(others, root)
    return pairs


def arrange(together: Together, read: Collection[int], worth: Collection[int]) -> None:
    """Store who is whose twin and who waits, and what a decision linked as the report of all it covers: one statement."""
    changed = [one for one in together.arranged(read, worth) if one != together.held[one.pk]]
    if not changed:
        return
    columns = [[getattr(one, name) for one in changed] for name in ("pk", "twin_of_id", "waiting", "report_id")]
    source, values = rows.table(["bigint", "bigint", "boolean", "bigint"], columns)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ingest_entry SET twin_of_id = v.column2, waiting = v.column3, report_id = v.column4 "  # noqa: S608  names alone
            f"FROM {source} WHERE ingest_entry.id = v.column1",
            values,
        )
