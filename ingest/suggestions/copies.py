"""Items that carry the same text: found when they are read, and collapsed to one origin when they are linked."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db.models import F, Q

from deals.models import Claim, Evidence, Report
from ingest.models import Entry, Sketch, Suggestion
from ingest.statements import Reading
from ingest.syndication import SAME, likeness, sketch

# Copies come out within days; of items on the same claims and companies so many are compared.
WITHIN, MOST_COMPARED, MOST_SHOWN = timedelta(days=10), 400, 5


def note(entries: Sequence[Entry], readings: Mapping[int, Reading | None]) -> None:
    """Keep the sketches of items that say something, each with the first item of the same text. Two queries a batch."""
    telling = [entry for entry in entries if (reading := readings[entry.pk]) and (reading.candidates or reading.leads)]
    if not telling:
        return
    known = _near(telling, readings)
    standing = {row.entry_id: row for row in known}
    rows = []
    for entry in telling:
        if entry.pk in standing:
            continue
        row = Sketch(entry=entry, text=sketch(entry.title, entry.full_text))
        row.said_at = entry.said_at
        row.same_as_id = _first(row, known)
        rows.append(row)
        known.append(row)
    Sketch.objects.bulk_create(rows, ignore_conflicts=True)


def _near(telling: Sequence[Entry], readings: Mapping[int, Reading | None]) -> list[Sketch]:
    """The sketches of items that say something on the same claims or companies, at about the same time."""
    found = [reading for entry in telling if (reading := readings[entry.pk])]
    claims = {statement.claim for reading in found for statement in reading.candidates}
    companies = {company for reading in found for statement in reading.leads for company in statement.companies}
    same = Suggestion.objects.filter(Q(claim__in=claims) | Q(claim=None, companies__in=companies))
    times = [entry.said_at for entry in telling]
    near = Sketch.objects.filter(
        entry__in=same.values("entry"), entry__said_at__range=(min(times) - WITHIN, max(times) + WITHIN)
    )
    own = Sketch.objects.filter(entry__in=[entry.pk for entry in telling])
    dated = F("entry__said_at")
    rows: list[Sketch] = list(near.annotate(said_at=dated).order_by("-entry")[:MOST_COMPARED])
    return [*rows, *own.annotate(said_at=dated).exclude(pk__in=[row.pk for row in rows])]


def _first(row: Sketch, known: Sequence[Sketch]) -> int | None:
    """The first item of the text that the sketch is of, if another carries it."""
    alike = [
        other
        for other in known
        if abs(other.said_at - row.said_at) <= WITHIN and likeness(bytes(other.text), bytes(row.text)) >= SAME
    ]
    return min((other.same_as_id or other.entry_id for other in alike), default=None)


def same_text(entry: Entry) -> list[Entry]:
    """Some other items that carry the text of this one, the first one first."""
    mine = Sketch.objects.filter(entry=entry).first()
    return list(mine.others().select_related("source")[:MOST_SHOWN]) if mine else []


def told_first(entry: Entry, claim: Claim, stance: str) -> Report | None:
    """The report that this item copies, as far as its text is linked to the claim already from another item."""
    mine = Sketch.objects.filter(entry=entry).first()
    if mine is None:
        return None
    told = Evidence.objects.current().filter(claim=claim, stance=stance, report__entries__in=mine.others())
    first = told.select_related("origin", "report").order_by("said_at", "pk").first()
    return first and first.root
