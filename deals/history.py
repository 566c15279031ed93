"""The only writers of the history: `change_status` and `undo`. Everything they refuse, they refuse in one sentence."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F

from deals import clock, hierarchy, kinds
from deals.choices import STORED_QUALIFIERS, Kind, Precision, Qualifier, Stage, Status
from deals.fold import Row, Standing, fold
from deals.models import Claim, Evidence, Ground, Parentage, Position, StatusChange

# What an editor weighs evidence for; the other kinds need a reason, not evidence.
WEIGHED = (Kind.REPORT, Kind.DENIAL, Kind.CONFIRMATION, Kind.REOPENING, Kind.BACKGROUND)


class HistoryError(Exception):
    """The row cannot be written; the message is one sentence for the editor."""


class Conflict(HistoryError):
    """Somebody changed the claim since the editor looked."""


@dataclass(frozen=True)
class NewRow:
    """A row to be appended. `event_at`: the last instant that the wording allows, aware; see `event_time`."""

    kind: str
    event_at: datetime
    precision: str = Precision.DAY
    evidence: tuple[Evidence, ...] = ()
    stage: str = ""
    qualifiers: frozenset[str] = frozenset()
    reason: str = ""
    override_to: str = ""
    supersedes: StatusChange | None = None
    quiet: bool = False
    quiet_reason: str = ""


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


def event_time(
    when: date | datetime, precision: str, *, published_at: datetime | None = None, recorded_at: datetime
) -> datetime:
    """The instant that stands for a date as worded: its last one, never after publication or record (domain.md)."""
    return min(moment for moment in (_last_instant(when, precision), published_at, recorded_at) if moment)


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
        position = _next_position()
        fresh = Claim.objects.get(pk=claim.pk)
        if fresh.version != seen:
            raise Conflict(_who_was_first(fresh, seen))
        rows = history_rows(fresh)
        recorded_at = _recorded_at(rows, recorded_at)
        row = _dated(row, recorded_at)
        if refusal := _refusal(fresh, row, rows, recorded_at, by):
            raise HistoryError(refusal)
        change = _append(fresh, row, rows, position, recorded_at, step, by)
    claim.status, claim.version, claim.public_since = fresh.status, fresh.version, fresh.public_since
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


def preview(claim: Claim, row: NewRow, by: AbstractBaseUser | None = None) -> Preview:
    """What `change_status` would do now, without writing anything."""
    rows = history_rows(claim)
    now = _recorded_at(rows, None)
    before = fold(rows, now, now)
    try:
        row = _dated(row, now)
        refusal = _refusal(claim, row, rows, now, by)
    except HistoryError as error:
        refusal = str(error)
    if refusal:
        return Preview(refusal, before, before)
    after = fold([*rows, _as_row(row, id=0, position=_beyond(rows), recorded_at=now)], now, now)
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
    statements, now = _statements(claim, evidence), _recorded_at(rows, None)
    status = fold(rows, now, now).status
    found = []
    for kind in WEIGHED:
        at = min((proposed_event(evidence, kind) or (now, ""))[0], now)
        denial = _denial(rows, at) if kind == Kind.REOPENING else None
        if lacks := kinds.missing(kind, statements, reason="to be given", denial=denial):
            found.append(Way(kind, False, lacks))
            continue
        row = _as_row(NewRow(kind, at), id=0, position=_beyond(rows), recorded_at=now)
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


def history_rows(claim: Claim) -> list[Row]:
    """The claim's rows as plain values, in the order they were written."""
    return [
        to_row(values) for values in StatusChange.objects.filter(claim=claim).order_by("position").values(*ROW_FIELDS)
    ]


ROW_FIELDS = (
    "id",
    "claim_id",
    "kind",
    "event_at",
    "precision",
    "recorded_at",
    "position",
    "supersedes_id",
    "qualifiers",
    "stage",
    "override_to",
)


def to_row(values: dict) -> Row:
    """A Row from a dict of ROW_FIELDS."""
    return Row(
        id=values["id"],
        kind=values["kind"],
        event_at=values["event_at"],
        precision=values["precision"],
        recorded_at=values["recorded_at"],
        position=values["position"],
        supersedes=values["supersedes_id"],
        qualifiers=frozenset(values["qualifiers"]),
        stage=values["stage"],
        override_to=values["override_to"],
    )


def _next_position() -> int:
    """The next position. Every writer takes this row first and holds it to its commit, so writers line up."""
    while not Position.objects.filter(only=True).update(last=F("last") + 1):
        Position.objects.bulk_create([Position()], ignore_conflicts=True)
    return Position.objects.get().last


def _who_was_first(claim: Claim, seen: int) -> str:
    change = StatusChange.objects.filter(claim=claim, version__gt=seen).select_related("by").order_by("version").first()
    who = change.by.get_username() if change and change.by else "Somebody"
    what = f"wrote “{change.get_kind_display()}”" if change else "changed it"
    return f"{who} {what} on this claim while you were looking. Look at it again; nothing of yours was written."


def _recorded_at(rows: list[Row], given: datetime | None) -> datetime:
    """When the record learns of the row: the database's now, never before the claim's last row."""
    last = max((row.recorded_at for row in rows), default=None)
    now = clock.now()
    if given is None:
        return max(now, last) if last else now
    if given > now:
        raise HistoryError("An import cannot say that the record will learn of something in the future.")
    if last and given < last:
        raise HistoryError(
            f"The claim has a row recorded at {last:%Y-%m-%d %H:%M} UTC; import its rows in their order."
        )
    return given


def _last_instant(when: date | datetime, precision: str) -> datetime:
    if isinstance(when, datetime):
        when = when.astimezone(UTC)
        if precision in (Precision.INSTANT, Precision.BY):
            return when
        when = when.date()
    match precision:
        case Precision.MONTH:
            when = date(when.year + when.month // 12, when.month % 12 + 1, 1) - timedelta(days=1)
        case Precision.YEAR:
            when = date(when.year, 12, 31)
    return datetime.combine(when, time.max, UTC)


def _dated(row: NewRow, recorded_at: datetime) -> NewRow:
    """The row with the last instant that its date allows; see `event_time`."""
    if row.precision not in Precision.values:
        raise HistoryError(f"There is no precision “{row.precision}”.")
    if row.event_at.tzinfo is None:
        raise HistoryError("The time of the event needs its zone.")
    if row.event_at > recorded_at and row.precision == Precision.INSTANT:
        if row.kind != Kind.UNDO:
            raise HistoryError("The event lies in the future: only what has happened can be recorded.")
    elif row.precision != Precision.INSTANT and _first_instant(row.event_at, row.precision) > recorded_at:
        raise HistoryError("The event lies in the future: only what has happened can be recorded.")
    published = min((item.report.published_at for item in row.evidence if item.report.published_at), default=None)
    if published and row.precision == Precision.INSTANT and row.event_at > published:
        raise HistoryError(
            f"The event cannot come after the report that tells of it, published at {published:%Y-%m-%d %H:%M} UTC."
        )
    at = event_time(row.event_at, row.precision, published_at=published, recorded_at=recorded_at)
    return replace(row, event_at=at)


def _first_instant(when: datetime, precision: str) -> datetime:
    when = when.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if precision == Precision.MONTH:
        return when.replace(day=1)
    if precision == Precision.YEAR:
        return when.replace(month=1, day=1)
    return when


def _refusal(
    claim: Claim, row: NewRow, rows: list[Row], recorded_at: datetime, by: AbstractBaseUser | None
) -> str | None:
    return (
        _unfit(row)
        or _unfit_evidence(claim, row)
        or _unfit_replacement(claim, row, rows, by)
        or kinds.missing(
            row.kind,
            _statements(claim, row.evidence),
            reason=row.reason.strip(),
            stage=row.stage,
            denial=_denial([r for r in rows if not row.supersedes or r.id != row.supersedes.pk], row.event_at),
        )
        or _without_right(row, by)
    )


def _unfit(row: NewRow) -> str | None:
    """What is wrong with the row's own words, before any evidence is looked at."""
    if row.kind not in Kind.values:
        return f"There is no row of kind “{row.kind}”."
    if unknown := sorted(row.qualifiers - set(STORED_QUALIFIERS)):
        return f"“{unknown[0]}” cannot be chosen: it follows from the record."
    if row.stage and row.stage not in Stage.values:
        return f"There is no stage “{row.stage}”."
    if (row.kind == Kind.OVERRIDE) != (row.override_to in Status.values):
        return (
            "Say which status the override sets." if row.kind == Kind.OVERRIDE else "Only an override names its status."
        )
    if row.kind == Kind.UNDO and row.supersedes is None:
        return "Say which row is taken back."
    if row.quiet and not row.quiet_reason.strip():
        return "Say why nobody is to be told."
    if row.quiet_reason and not row.quiet:
        return "A reason for telling nobody was given, but the row is not quiet."
    return None


def _unfit_evidence(claim: Claim, row: NewRow) -> str | None:
    for item in row.evidence:
        if item.claim_id != claim.pk:
            return f"“{item.report}” is linked to another claim; link it to this one first."
        if item.withdrawn_at:
            return f"The evidence of “{item.report}” was withdrawn."
        if item.report.retracted:
            return f"“{item.report}” was retracted by its outlet; it can carry no decision."
    return None


def _unfit_replacement(claim: Claim, row: NewRow, rows: list[Row], by: AbstractBaseUser | None) -> str | None:
    if row.supersedes is None:
        return None
    if row.supersedes.claim_id != claim.pk:
        return "A row can only replace a row of the same claim."
    if row.supersedes.kind == Kind.UNDO:
        return "An undo is not undone: write the row again."
    if row.supersedes.pk in {other.supersedes for other in rows}:
        return "That row has been replaced or taken back already."
    if row.kind == Kind.UNDO and by and row.supersedes.by_id != by.pk and not by.has_perm("deals.undo_others"):
        return "Only a senior editor can take back another's row."
    return None


def _without_right(row: NewRow, by: AbstractBaseUser | None) -> str | None:
    if row.kind == Kind.OVERRIDE and by and not by.has_perm("deals.override_status"):
        return "Only a senior editor can override a status."
    return None


def _statements(claim: Claim, evidence: Iterable[Evidence]) -> list[kinds.Statement]:
    evidence = list(evidence)
    if not evidence:
        return []
    parties = claim.parties.values_list("company_id", flat=True)
    voices = hierarchy.can_speak_for(parties, Parentage.objects.values_list("child_id", "parent_id"))
    return [
        kinds.Statement(
            stance=item.stance,
            rung=item.rung,
            by_party=item.company_id in voices,
            certainty=item.certainty,
            part=item.part,
            counts=item.withdrawn_at is None and not item.report.retracted and not item.root.retracted,
            root=item.root.pk,
            root_published_at=item.root.published_at,
        )
        for item in evidence
    ]


def _denial(rows: list[Row], at: datetime) -> kinds.Denial | None:
    """The denial in force at an instant, or None if the claim is not denied then."""
    standing = fold(rows, at)
    if standing.status != Status.DENIED:
        return None
    grounds = Ground.objects.filter(change=standing.set_by).values_list("evidence__report__retraction", flat=True)
    before = Ground.objects.filter(change__in=[row.id for row in rows if row.event_at <= standing.since])
    return kinds.Denial(
        event_at=standing.since,
        misreported=any(grounds),
        roots_before=frozenset(
            root for pair in before.values_list("evidence__origin_id", "evidence__report_id") for root in pair if root
        ),
    )


def _as_row(row: NewRow, *, id: int, position: int, recorded_at: datetime) -> Row:
    return Row(
        id=id,
        kind=row.kind,
        event_at=row.event_at,
        precision=row.precision,
        recorded_at=recorded_at,
        position=position,
        supersedes=row.supersedes.pk if row.supersedes else None,
        qualifiers=frozenset(row.qualifiers),
        stage=row.stage,
        override_to=row.override_to,
    )


def _beyond(rows: list[Row]) -> int:
    return max((row.position for row in rows), default=0) + 1


def _changes(claim: Claim, ids: Iterable[int]) -> tuple[StatusChange, ...]:
    ids = list(ids)
    return tuple(claim.changes.filter(pk__in=ids)) if ids else ()


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
    qualifiers = row.qualifiers | kinds.implied_qualifiers(row.kind, _statements(claim, row.evidence))
    row = replace(row, qualifiers=qualifiers)
    now = max(recorded_at, clock.now())
    status = fold([*rows, _as_row(row, id=0, position=position, recorded_at=recorded_at)], now, now).status
    change = StatusChange.objects.create(
        claim=claim,
        kind=row.kind,
        event_at=row.event_at,
        precision=row.precision,
        recorded_at=recorded_at,
        position=position,
        step=step or uuid.uuid4(),
        qualifiers=sorted(qualifiers, key=list(Qualifier).index),
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
    public_since = claim.public_since or (now if claim.published and status else None)
    swapped = Claim.objects.filter(pk=claim.pk, version=claim.version).update(
        status=status, version=claim.version + 1, public_since=public_since
    )
    if not swapped:
        raise Conflict(_who_was_first(claim, claim.version))
    claim.status, claim.version, claim.public_since = status, claim.version + 1, public_since
    return change
