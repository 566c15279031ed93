"""The fold: from the rows of a claim's history to how it stands. Pure; its rules stand here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from deals.choices import Kind, Qualifier, Status

LATE_AFTER = timedelta(days=7)

# kind → {status before: status after}. A status that is not listed makes the row moot.
# Override may start anywhere and names its own end; stage and undo move no status.
EFFECTS: dict[str, dict[str | None, str]] = {
    Kind.REPORT: {None: Status.RUMORED},
    Kind.DENIAL: {None: Status.DENIED, Status.RUMORED: Status.DENIED},
    Kind.CONFIRMATION: {
        None: Status.CONFIRMED,
        Status.RUMORED: Status.CONFIRMED,
        Status.DENIED: Status.CONFIRMED,
    },
    Kind.REOPENING: {Status.DENIED: Status.RUMORED},
    Kind.BACKGROUND: {None: Status.CONFIRMED},
}


@dataclass(frozen=True)
class Row:
    """A row of the history as plain values; `supersedes` is the id of the row it replaces."""

    id: int
    kind: str
    event_at: datetime
    recorded_at: datetime
    position: int
    precision: str = "instant"
    supersedes: int | None = None
    qualifiers: frozenset[str] = frozenset()
    stage: str = ""
    override_to: str = ""


@dataclass(frozen=True)
class Step:
    """What one row did: the status before and after it, and whether it was moot."""

    row: int
    before: str | None
    after: str | None
    moot: bool


@dataclass(frozen=True)
class Standing:
    """How a claim stands: status, how it holds, stage, since when, and which row set it."""

    status: str | None = None
    qualifiers: frozenset[str] = frozenset()
    stage: str = ""
    since: datetime | None = None
    set_by: int | None = None
    steps: tuple[Step, ...] = ()
    replaced: frozenset[int] = frozenset()

    @property
    def moot(self) -> frozenset[int]:
        return frozenset(step.row for step in self.steps if step.moot)


NOTHING = Standing()


def fold(rows: Iterable[Row], as_of: datetime | None = None, known_at: datetime | None = None) -> Standing:
    """How the claim stood at `as_of`, as the record had it at `known_at`; None means with everything.

    Of the rows recorded by `known_at` and not replaced by one recorded by then, those whose event is not after
    `as_of` take effect in the order of (event_at, position).
    """
    known = [row for row in rows if known_at is None or row.recorded_at <= known_at]
    replaced = frozenset(row.supersedes for row in known if row.supersedes is not None)
    counted = [
        row
        for row in known
        if row.id not in replaced and row.kind != Kind.UNDO and (as_of is None or row.event_at <= as_of)
    ]
    counted.sort(key=lambda row: (row.event_at, row.position))

    status: str | None = None
    set_by: Row | None = None
    stage, steps, disagree = "", [], False
    for row in counted:
        before, (status, moot) = status, _effect(row, status)
        steps.append(Step(row.id, before, status, moot))
        if moot:
            disagree |= row.kind == Kind.DENIAL and before == Status.CONFIRMED
            continue
        stage = row.stage or stage
        if row.kind != Kind.STAGE:
            set_by, disagree = row, False
    return Standing(
        status=status,
        qualifiers=_qualifiers(set_by, disagree),
        stage=stage,
        since=set_by.event_at if set_by else None,
        set_by=set_by.id if set_by else None,
        steps=tuple(steps),
        replaced=replaced,
    )


def _effect(row: Row, status: str | None) -> tuple[str | None, bool]:
    """The status after a row, and whether the row was moot."""
    if row.kind == Kind.OVERRIDE:
        return row.override_to, False
    if row.kind == Kind.STAGE:
        return status, False
    after = EFFECTS[row.kind].get(status)
    return (status, True) if after is None else (after, False)


def _qualifiers(set_by: Row | None, disagree: bool) -> frozenset[str]:
    if set_by is None:
        return frozenset()
    derived = {
        Qualifier.LATE: set_by.recorded_at - set_by.event_at > LATE_AFTER,
        Qualifier.OVERRIDDEN: set_by.kind == Kind.OVERRIDE,
        Qualifier.PARTIES_DISAGREE: disagree,
    }
    return set_by.qualifiers | {qualifier for qualifier, holds in derived.items() if holds}
