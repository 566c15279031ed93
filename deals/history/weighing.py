"""What would follow, without writing: the preview of a row, and the ways that evidence allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from deals import kinds
from deals.choices import Kind
from deals.fold import Standing, fold
from deals.history.dates import dated, learned_at
from deals.history.needs import denial_in_force, qualified, refusal_of, statements_of
from deals.history.rows import HistoryError, NewRow, as_row, beyond, history_rows
from deals.models import Claim, Evidence, StatusChange

# What an editor weighs evidence for; the other kinds need a reason, not evidence.
WEIGHED = (Kind.REPORT, Kind.DENIAL, Kind.CONFIRMATION, Kind.REOPENING, Kind.BACKGROUND)


@dataclass(frozen=True)
class Preview:
    """What a row would do: the refusal if there is one, else how the claim stands before and after."""

    refusal: str | None
    before: Standing
    after: Standing
    becomes_moot: tuple[StatusChange, ...] = ()
    revives: tuple[StatusChange, ...] = ()
    moot: bool = False


@dataclass(frozen=True)
class Way:
    """One kind of row that evidence may lead to: what it would do, or what is missing.

    `changes` is False where the row could be written but leaves the present status as it is.
    """

    kind: str
    allowed: bool
    why: str
    changes: bool = False
    status_after: str | None = None


def preview(claim: Claim, row: NewRow, by: AbstractBaseUser | None = None) -> Preview:
    """What `change_status` would do now, without writing anything."""
    rows = history_rows(claim)
    now = learned_at(rows, None)
    before = fold(rows, now, now)
    try:
        row = dated(row, now)
        refusal = refusal_of(claim, row, rows, by)
    except HistoryError as error:
        refusal = str(error)
    if refusal:
        return Preview(refusal, before, before)
    row = qualified(claim, row)
    after = fold([*rows, as_row(row, id=0, position=beyond(rows), recorded_at=now)], now, now)
    return Preview(
        refusal=None,
        before=before,
        after=after,
        becomes_moot=_changes(claim, after.moot - before.moot - {0}),
        revives=_changes(claim, before.moot - after.moot - after.replaced),
        moot=0 in after.moot,
    )


def ways(claim: Claim, evidence: Iterable[Evidence]) -> list[Way]:
    """Each kind of row that evidence can lead to, with what is missing where it does not."""
    evidence, rows = list(evidence), history_rows(claim)
    statements, now = statements_of(claim, evidence), learned_at(rows, None)
    status = fold(rows, now, now).status
    found = []
    for kind in WEIGHED:
        at = min((proposed_event(evidence, kind) or (now, ""))[0], now)
        denial = denial_in_force(rows, at) if kind == Kind.REOPENING else None
        if lacks := kinds.missing(kind, statements, reason="to be given", denial=denial):
            found.append(Way(kind, False, lacks))
            continue
        row = as_row(NewRow(kind, at), id=0, position=beyond(rows), recorded_at=now)
        after = fold([*rows, row], now, now).status
        changes = after != status
        why = f"{status or 'no status'} → {after}" if changes else f"The claim stays {status}."
        found.append(Way(kind, True, why, changes, after))
    return found


def proposed_event(evidence: Iterable[Evidence], kind: str) -> tuple[datetime, str] | None:
    """When what the evidence tells of happened, with its precision: the first saying of it, for a rumor at its origin."""
    moments = []
    for item in evidence:
        moments.append((item.said_at, item.said_precision))
        if kind in (Kind.REPORT, Kind.REOPENING) and item.root.published_at:
            moments.append((item.root.published_at, item.root.published_precision))
    return min((moment for moment in moments if moment[0]), default=None)


def _changes(claim: Claim, ids: Iterable[int]) -> tuple[StatusChange, ...]:
    ids = list(ids)
    return tuple(claim.changes.filter(pk__in=ids)) if ids else ()
