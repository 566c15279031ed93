"""From unread entries to suggestions and leads.

Suggesting never links and never moves a status. An entry's suggestions and its `read_at` are written in one
transaction, so a crash loses nothing and a second worker repeats nothing.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from django.db import DataError, IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from deals import clock
from deals.choices import Stance, Status
from deals.models import Claim, Company
from ingest.models import Entry, Lesson, Strength, Suggestion, SuggestionState, digest
from ingest.statements import Reading, Statement
from ingest.suggestions import copies
from ingest.suggestions.tracking import tracked
from ingest.suggestions.twins import Together, arrange, hold

logger = logging.getLogger(__name__)

# An item that only mentions a claim, or tells its background, is not put before an editor; a strong mention is: it
# tells the end of a deal.
WORTH_A_LOOK = (
    Q(stance__in=[Stance.SUPPORTS, Stance.DISPUTES, Stance.CONFIRMS, Stance.DENIES])
    | Q(stance__in=[Stance.NO_COMMENT, Stance.NO_RESPONSE])
    | Q(stance=Stance.MENTIONS, strength=Strength.STRONG)
)
# Stance → statuses that it could still move: what is ticked in advance.
MOVES: dict[str, set] = {
    Stance.SUPPORTS: {None, Status.DENIED},
    Stance.DENIES: {None, Status.RUMORED},
    Stance.CONFIRMS: {None, Status.RUMORED, Status.DENIED},
}
# Of several sentences with one stance the one with the best speaker is ticked.
BEST_SPEAKERS = ("document", "named", "company", "team", "anonymous", "outlet")
# What an entry says, and whether on its own or in its article, and whether it was decided.
AS_READ = attrgetter("content_digest", "article_at", "decision")
MOST_REREAD = 500
# Seconds; a task may run for 110.
LONGEST_BATCH = 20.0
# Seconds that one who opens a claim waits for the other items; what is left, the next round reads.
LONGEST_REREAD = 2.0

UNSTORABLE = (DataError, IntegrityError, TypeError, ValueError)


def read_unread(limit: int = 200, seconds: float = LONGEST_BATCH) -> int:
    """Look up to `limit` unread entries through, oldest first; how many were looked at. Any worker, at any time.

    A batch ends early after `seconds`, so that slow texts never hold it beyond a task's time limit. An entry that
    cannot be looked through is set aside and stops no other.
    """
    entries = list(Entry.objects.unread()[:limit])
    if not entries:
        return 0
    readings = read(entries, seconds)
    entries = entries[: len(readings)]
    try:
        _keep(entries, readings)
    except UNSTORABLE:  # one of them holds what the database does not take
        for entry in entries:
            try:
                _keep([entry], readings)
            except UNSTORABLE:
                logger.exception("What was read in item %s could not be stored", entry.pk)
                _keep([entry], {entry.pk: None})
    return len(entries)


def _keep(entries: Sequence[Entry], readings: Mapping[int, Reading | None]) -> None:
    """Write what was read in entries that are still unread, and that they are read."""
    with transaction.atomic():
        together = hold(entries)
        ours = [entry for entry in _still(entries, together) if together.held[entry.pk].read_at is None]
        _write([entry for entry in ours if readings[entry.pk] and not entry.decision], readings, together)
        _note(ours, readings, at=clock.now())


def _note(entries: Sequence[Entry], readings: Mapping[int, Reading | None], *, at: datetime) -> None:
    """Note that entries were looked through, and which of them could not be."""
    for unreadable in {readings[entry.pk] is None for entry in entries}:
        keys = [entry.pk for entry in entries if (readings[entry.pk] is None) == unreadable]
        Entry.objects.filter(pk__in=keys).update(read_at=at, unreadable=unreadable)


def read_again(entries: Iterable[Entry], seconds: float = LONGEST_BATCH) -> int:
    """Look undecided entries through with the claims as they are now; how many gained a suggestion.

    Ends early after `seconds`.

    What is pending and no longer found goes; a pair of item and claim that was rejected stays so.
    """
    entries = [entry for entry in entries if not entry.decision and entry.is_news]
    if not entries:
        return 0
    begun = clock.now()
    readings = read(entries, seconds)
    with transaction.atomic():
        together = hold(entries[: len(readings)])
        ours = _still(entries[: len(readings)], together)
        _note(ours, readings, at=begun)
        return _write([entry for entry in ours if readings[entry.pk]], readings, together)


def reread(companies: Iterable[Company], apart_from: Entry | None = None) -> int:
    """Look items through again that wait with a lead on one of these companies: they have a new claim.

    Of many only the first; `read_overtaken` finds the rest.
    """
    named = Suggestion.objects.pending().leads().filter(companies__in=list(companies))
    waiting = Entry.objects.waiting().filter(pk__in=named.values("entry"))
    waiting = waiting.select_related("article").exclude(pk=apart_from.pk if apart_from else None)
    return read_again(waiting[:MOST_REREAD], LONGEST_REREAD)


def read_overtaken() -> int:
    """Look those waiting items through again whose leads a claim opened since may have answered, wherever it was
    opened; how many gained a suggestion.
    """
    overtaken = (
        Suggestion.objects.pending()
        .leads()
        .filter(entry=OuterRef("pk"), companies__party_in__claim__created_at__gt=OuterRef("read_at"))
    )
    return read_again(Entry.objects.waiting().filter(Exists(overtaken)).select_related("article")[:MOST_REREAD])


def read(entries: Sequence[Entry], seconds: float = LONGEST_BATCH) -> dict[int, Reading | None]:
    """What each entry says, by its key, in the same number of queries for any number; writes nothing.

    Entries that `seconds` do not suffice for are left out at the end; the first is always read. None stands for an
    entry that could not be read.
    """
    with tracked() as profiles:
        ends = time.monotonic() + seconds
        readings: dict[int, Reading | None] = {}
        for entry in entries:
            if readings and time.monotonic() > ends:
                break
            try:
                readings[entry.pk] = (
                    profiles.read(entry.title, entry.full_text, entry.published_at) if entry.is_news else Reading()
                )
            except Exception:  # whatever it is, also a task's time limit, this text is its cause
                logger.exception("Item %s could not be looked through by a fault of ours", entry.pk)
                readings[entry.pk] = None
        return readings


def _still(entries: Sequence[Entry], together: Together) -> list[Entry]:
    """Those of the entries that say what they said, and are as undecided as they were."""
    return [
        entry for entry in entries if entry.pk in together.held and AS_READ(together.held[entry.pk]) == AS_READ(entry)
    ]


def _write(entries: Sequence[Entry], readings: Mapping[int, Reading | None], together: Together) -> int:
    """Store the suggestions that the entries lack, drop what is pending and no longer found, and set whether they
    wait; how many entries gained a suggestion.
    """
    keys = [entry.pk for entry in entries]
    standing = list(Suggestion.objects.filter(entry__in=keys)) if keys else []
    rejected = [row for row in standing if row.claim_id and row.state == SuggestionState.REJECTED]
    refused = {(row.entry_id, row.claim_id) for row in rejected} - _changed_since(entries, rejected)
    statuses = dict(Claim.objects.filter(pk__in=_claims_of(readings)).values_list("pk", "status"))
    known = {_key(row) for row in standing}
    now = clock.now()  # one for all: asking the database's clock is a query
    rows: list[Suggestion] = []
    companies: list[tuple[int, ...]] = []
    found, again = set(), []
    for entry in entries:
        reading = readings[entry.pk] or Reading()
        statements = [*reading.candidates, *reading.leads]
        ticked = _ticked(statements, statuses)
        for statement in statements:
            row = _row(entry, statement, statement in ticked, now)
            found.add(_key(row))
            if (entry.pk, statement.claim) in refused:
                continue
            if _key(row) in known:
                again.append(_key(row))
                continue
            known.add(_key(row))
            rows.append(row)
            companies.append(statement.companies)
    back = [row.pk for row in rejected if _key(row) in again and (row.entry_id, row.claim_id) not in refused]
    if back:
        Suggestion.objects.filter(pk__in=back).update(state=SuggestionState.PENDING)
    copies.note([entry for entry in entries if readings[entry.pk]], readings)
    made = Suggestion.objects.bulk_create(rows)
    named = Suggestion.companies.through
    named.objects.bulk_create(
        named(suggestion_id=row.pk, company_id=company)
        for row, parties in zip(made, companies, strict=True)
        for company in parties
    )
    gone = [row.pk for row in standing if row.state == SuggestionState.PENDING and _key(row) not in found]
    Suggestion.objects.filter(pk__in=gone).delete()
    worth = Suggestion.objects.pending().filter(WORTH_A_LOOK, entry__in=list(together.held))
    arrange(together, keys, set(worth.values_list("entry", flat=True)))
    return len({row.entry_id for row in made})


def _changed_since(entries: Sequence[Entry], rejected: Sequence[Suggestion]) -> set[tuple[int, int]]:
    """The rejected pairs of item and claim of which one says something else than on the day it was rejected."""
    if not rejected:
        return set()
    now = {entry.pk: bytes(entry.content_digest) for entry in entries}
    lessons = Lesson.objects.filter(entry__in=list(now), stance="").order_by("pk")
    seen = {}
    for entry, claim, wording, content, worded in lessons.values_list(
        "entry", "claim", "wording", "content_digest", "claim__wording"
    ):
        seen[entry, claim] = wording == worded and bytes(content) == now[entry]
    return {pair for pair, same in seen.items() if not same}


def _claims_of(readings: Mapping[int, Reading | None]) -> set[int]:
    return {statement.claim for reading in readings.values() if reading for statement in reading.candidates}


def _ticked(statements: Sequence[Statement], statuses: Mapping[int, str | None]) -> list[Statement]:
    """The statements that are ticked in advance: strong, able to move the claim, one for each stance and company."""
    best: dict[tuple, Statement] = {}
    for statement in statements:
        if (
            statement.strength != "strong"
            or not statement.sure
            or statuses.get(statement.claim) not in MOVES.get(statement.stance, ())
        ):
            continue
        if statement.claim and statement.claim not in statuses:
            continue  # deleted since it was read
        about = statement.claim, statement.companies, statement.stance, statement.company
        standing = best.get(about)
        if standing is None or _rank(statement) < _rank(standing):
            best[about] = statement
    return list(best.values())


def _rank(statement: Statement) -> tuple[int, bool]:
    return BEST_SPEAKERS.index(statement.speaker_kind), statement.part == "headline"


def _row(entry: Entry, statement: Statement, ticked: bool, now: datetime) -> Suggestion:
    origin = None if statement.origin == entry.source_id else statement.origin
    return Suggestion(
        entry=entry,
        claim_id=statement.claim,
        deal_type=statement.deal_type,
        strength=statement.strength,
        stance=statement.stance,
        speaker_kind=statement.speaker_kind,
        speaker_name=statement.speaker_name[:200],
        speaker_role=statement.speaker_role[:200],
        company_id=statement.company,
        origin_id=origin,
        cites=statement.cites[:100] if origin is None else "",
        certainty=statement.certainty,
        part=statement.part,
        passage=statement.passage,
        passage_digest=_digest(statement),
        triggers=list(statement.triggers),
        marks=[[mark.kind, mark.start, mark.end] for mark in statement.marks],
        probability=statement.probability,
        sure=statement.sure,
        reasons=list(statement.reasons),
        against=list(statement.against),
        preselected=ticked,
        created_at=now,
    )


def _digest(statement: Statement) -> bytes:
    """Tells statements of an item apart; the leads of one sentence by their companies."""
    return digest("\n".join([statement.passage, *map(str, sorted(statement.companies))]))


def _key(row: Suggestion) -> tuple:
    return row.entry_id, row.claim_id, row.stance, row.company_id, bytes(row.passage_digest)
