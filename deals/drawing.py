"""The timeline of a claim as shapes to draw: where each event, record and status lies between the ends. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deals.fold import LATE_AFTER

SHORTEST_SPAN = timedelta(days=2)
# Shapes keep this share of the width free at either side, in percent.
MARGIN = 3.0
# Dots nearer to the first of their stack than this, in percent, are stacked upon it, up to so many.
NEAR, HIGHEST = 4.0, 2
# The middle of the band of statuses from the top, and how far a stacked dot rises, in pixels.
BAND, STEP = 72, 13


@dataclass(frozen=True)
class Mark:
    """The dot of an event: where it happened and where it was recorded, in percent of the width."""

    number: int
    event: str
    recorded: str
    status: str
    late: bool
    height: int
    title: str


@dataclass(frozen=True)
class Tick:
    """Where a row was recorded, in percent of the width."""

    place: str
    title: str


@dataclass(frozen=True)
class Span:
    """A time during which one status held: from a place, over a width, in percent."""

    start: str
    width: str
    status: str


@dataclass(frozen=True)
class Label:
    """The numbers of a stack of dots, above it."""

    place: str
    height: int
    words: str


@dataclass(frozen=True)
class Drawing:
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    spans: tuple[Span, ...]
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Moment:
    """What is drawn of a row. `status`: the one that holds after it; None if the row changes nothing.

    `happens` is False for a row that only takes another back: it is recorded, and nothing happened.
    """

    number: int
    event_at: datetime
    recorded_at: datetime
    status: str | None
    title: str
    happens: bool = True


def drawing(moments: Sequence[Moment], until: datetime | None = None) -> Drawing | None:
    """The drawing of rows in the order of events, up to `until` or their last moment; None without any."""
    if not moments:
        return None
    ends = [at for moment in moments for at in (moment.event_at, moment.recorded_at)]
    first, last = min(ends), max(until or max(ends), max(ends))
    if last - first < SHORTEST_SPAN:
        middle = first + (last - first) / 2
        first, last = middle - SHORTEST_SPAN / 2, middle + SHORTEST_SPAN / 2

    def place(at: datetime) -> float:
        return MARGIN + (100 - 2 * MARGIN) * ((at - first) / (last - first))

    events = [moment for moment in moments if moment.happens]
    levels, stacks = _stacked([place(moment.event_at) for moment in events])
    marks = tuple(
        Mark(
            number=moment.number,
            event=f"{place(moment.event_at):.2f}%",
            recorded=f"{place(moment.recorded_at):.2f}%",
            status=moment.status or "nothing",
            late=moment.recorded_at - moment.event_at > LATE_AFTER,
            height=BAND - STEP * level,
            title=moment.title,
        )
        for moment, level in zip(events, levels, strict=True)
    )
    ticks = tuple(Tick(f"{place(moment.recorded_at):.2f}%", moment.title) for moment in moments)
    steps = [(place(moment.event_at), moment.status) for moment in events if moment.status]
    ends_at = [start for start, _ in steps[1:]] + [100 - MARGIN]
    spans = tuple(
        Span(f"{start:.2f}%", f"{max(end - start, 0):.2f}%", status)
        for (start, status), end in zip(steps, ends_at, strict=True)
    )
    return Drawing(marks, ticks, tuple(_label(marks, stack) for stack in stacks), spans, first, last)


def _stacked(places: Sequence[float]) -> tuple[list[int], list[list[int]]]:
    """For each place how many dots it stands upon, and the stacks as lists of indexes."""
    levels: list[int] = []
    stacks: list[list[int]] = []
    for index, place in enumerate(places):
        if stacks and place - places[stacks[-1][0]] < NEAR:
            stacks[-1].append(index)
        else:
            stacks.append([index])
        levels.append(min(len(stacks[-1]) - 1, HIGHEST))
    return levels, stacks


def _label(marks: Sequence[Mark], stack: Sequence[int]) -> Label:
    first, last = marks[stack[0]], marks[stack[-1]]
    numbers = f"{first.number}–{last.number}" if len(stack) > 1 else str(first.number)
    return Label(first.event, last.height - STEP, numbers)
