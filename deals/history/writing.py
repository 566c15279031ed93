"""The only writers of the history: `change_status` and `undo`."""

import uuid
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Case, DateField, DateTimeField, F, Value, When
from django.db.models.functions import Coalesce

from deals import clock
from deals.choices import Kind, Precision, Qualifier
from deals.fold import Row, fold
from deals.history.dates import check_again_on, dated, learned_at
from deals.history.needs import qualified, refusal_of
from deals.history.rows import Conflict, HistoryError, NewRow, as_row, history_rows
from deals.models import Claim, Ground, Position, StatusChange

# What of a claim the history keeps.
KEPT_HERE = ("status", "version", "public_since", "check_again")


def change_status(
    claim: Claim,
    row: NewRow,
    *,
    seen: int,
    by: AbstractBaseUser | None,
    step: uuid.UUID | None = None,
    recorded_at: datetime | None = None,
) -> StatusChange:
    """Append a row to the claim's history and store the status that follows.

    `seen` is the `claim.version` that the editor was looking at; rows of one editing step share `step`;
    `recorded_at` is for imports, which may tell when the record learned of it. Raises HistoryError, and Conflict
    if the claim has changed since; then nothing is written.
    """
    with transaction.atomic():
        position = next_position()
        fresh = Claim.objects.get(pk=claim.pk)
        if fresh.version != seen:
            raise Conflict(who_was_first(fresh, seen))
        rows = history_rows(fresh)
        recorded_at = learned_at(rows, recorded_at)
        row = dated(row, recorded_at)
        if refusal := refusal_of(fresh, row, rows, by):
            raise HistoryError(refusal)
        change = _append(fresh, row, rows, position, recorded_at, step, by)
    for field in KEPT_HERE:
        setattr(claim, field, getattr(fresh, field))
    return change


def undo(
    change: StatusChange,
    *,
    seen: int,
    by: AbstractBaseUser | None,
    reason: str,
    step: uuid.UUID | None = None,
    quiet: bool = False,
    quiet_reason: str = "",
    recorded_at: datetime | None = None,
) -> StatusChange:
    """Take a row back by a new row that supersedes it. Raises HistoryError; see `change_status`."""
    row = NewRow(
        kind=Kind.UNDO,
        event_at=recorded_at or clock.now(),
        precision=Precision.INSTANT,
        reason=reason,
        supersedes=change,
        quiet=quiet,
        quiet_reason=quiet_reason,
    )
    return change_status(change.claim, row, seen=seen, by=by, step=step, recorded_at=recorded_at)


def _append(
    claim: Claim,
    row: NewRow,
    rows: list[Row],
    position: int,
    recorded_at: datetime,
    step: uuid.UUID | None,
    by: AbstractBaseUser | None,
) -> StatusChange:
    """Write the row, its grounds, and the status that follows; the caller holds the position and the checks."""
    row = qualified(claim, row)
    now = max(recorded_at, clock.now())
    standing = fold([*rows, as_row(row, id=0, position=position, recorded_at=recorded_at)], now, now)
    status = standing.status
    change = StatusChange.objects.create(
        claim=claim,
        kind=row.kind,
        event_at=row.event_at,
        precision=row.precision,
        recorded_at=recorded_at,
        position=position,
        step=step or uuid.uuid4(),
        qualifiers=sorted(row.qualifiers, key=list(Qualifier).index),
        stage=row.stage,
        override_to=row.override_to,
        reason=row.reason.strip(),
        by=by,
        wording=claim.wording,
        quiet=row.quiet,
        quiet_reason=row.quiet_reason.strip(),
        supersedes=row.supersedes,
        status_before=claim.status,
        status_after=status,
        version=claim.version + 1,
    )
    Ground.objects.bulk_create([Ground(change=change, evidence=item) for item in row.evidence])
    # Whether it is published is asked in the statement itself: it may have been since the claim was read.
    first_public = Case(When(published=True, then=Value(now)), output_field=DateTimeField())
    swapped = Claim.objects.filter(pk=claim.pk, version=claim.version).update(
        status=status,
        version=claim.version + 1,
        public_since=Coalesce("public_since", first_public) if status else F("public_since"),
        **_look_again(standing.stage if row.stage else "", recorded_at),
    )
    if not swapped:
        raise Conflict(who_was_first(claim, claim.version))
    claim.refresh_from_db(fields=KEPT_HERE)
    return change


def _look_again(stage: str, recorded_at: datetime) -> dict:
    """The claim's next day to check, by the stage just stated; a day that is set already and comes sooner stays."""
    day = check_again_on(stage, recorded_at)
    if day is None:
        return {}
    sooner = When(check_again__gt=recorded_at.date(), check_again__lt=day, then=F("check_again"))
    return {"check_again": Case(sooner, default=Value(day), output_field=DateField())}


def next_position() -> int:
    """The next position. Every writer takes this row first and holds it to its commit, so writers line up."""
    while not Position.objects.filter(only=True).update(last=F("last") + 1):
        Position.objects.bulk_create([Position()], ignore_conflicts=True)
    return Position.objects.get().last


def who_was_first(claim: Claim, seen: int) -> str:
    change = StatusChange.objects.filter(claim=claim, version__gt=seen).select_related("by").order_by("version").first()
    who = change.by.get_username() if change and change.by else "Somebody"
    what = f"wrote “{change.get_kind_display()}”" if change else "changed it"
    return f"{who} {what} on this claim while you were looking. Look at it again; nothing of yours was written."
