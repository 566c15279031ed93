"""When an event counts: its last instant as worded, cut by publication and by the time of record."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from deals import clock
from deals.choices import Kind, Precision, Stage
from deals.fold import Row
from deals.history.rows import HistoryError, NewRow

# The nearer a deal is said to be, the sooner its silence means something.
CHECK_AGAIN_AFTER: dict[str, timedelta] = {
    Stage.NEAR_FINAL: timedelta(days=14),
    Stage.IN_TALKS: timedelta(days=60),
    Stage.CONSIDERING: timedelta(days=180),
}


def event_time(
    when: date | datetime, precision: str, *, published_at: datetime | None = None, recorded_at: datetime
) -> datetime:
    """The instant that stands for a date as worded: its last one, never after publication or record."""
    return min(moment for moment in (last_instant(when, precision), published_at, recorded_at) if moment)


def dated(row: NewRow, recorded_at: datetime) -> NewRow:
    """The row with the last instant that its date allows; see `event_time`."""
    if row.precision not in Precision.values:
        raise HistoryError(f"There is no precision “{row.precision}”.")
    if row.event_at.tzinfo is None:
        raise HistoryError("The time of the event needs its zone.")
    if row.kind != Kind.UNDO and _begins(row) > recorded_at:
        raise HistoryError("The event lies in the future: only what has happened can be recorded.")
    published = min((item.report.published_at for item in row.evidence if item.report.published_at), default=None)
    if published and row.precision != Precision.BY and _begins(row) > published:
        raise HistoryError(
            f"The event cannot come after the report that tells of it, published at {published:%Y-%m-%d %H:%M} UTC."
        )
    at = event_time(row.event_at, row.precision, published_at=published, recorded_at=recorded_at)
    return replace(row, event_at=at)


def check_again_on(stage: str, recorded_at: datetime) -> date | None:
    """The day on which the desk looks again at a deal that is said to be at this stage; None for other stages."""
    after = CHECK_AGAIN_AFTER.get(stage)
    return (recorded_at.astimezone(UTC) + after).date() if after else None


def learned_at(rows: list[Row], given: datetime | None) -> datetime:
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


def last_instant(when: date | datetime, precision: str) -> datetime:
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


def _begins(row: NewRow) -> datetime:
    return row.event_at if row.precision == Precision.INSTANT else first_instant(row.event_at, row.precision)


def first_instant(when: datetime, precision: str) -> datetime:
    when = when.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if precision == Precision.MONTH:
        return when.replace(day=1)
    if precision == Precision.YEAR:
        return when.replace(month=1, day=1)
    return when
