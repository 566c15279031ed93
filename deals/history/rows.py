"""Rows of the history as values: those that stand, and the one that is to be appended."""

from dataclasses import dataclass
from datetime import datetime

from deals.choices import Precision
from deals.fold import Row
from deals.models import Claim, Evidence, StatusChange

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


def history_rows(claim: Claim) -> list[Row]:
    """The claim's rows as plain values, in the order they were written."""
    return [
        to_row(values) for values in StatusChange.objects.filter(claim=claim).order_by("position").values(*ROW_FIELDS)
    ]


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


def as_row(row: NewRow, *, id: int, position: int, recorded_at: datetime) -> Row:
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


def beyond(rows: list[Row]) -> int:
    return max((row.position for row in rows), default=0) + 1
