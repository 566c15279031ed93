"""What the terms of a claim come to: which values are stated, by whom, and where they do not agree. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from deals.choices import Precision, Stance, TermKind

# Two numbers of which one is “about” agree within this share of the greater.
CLOSE = Decimal("0.05")
# Whose evidence states the claim's terms; a denial repeats the terms of what it denies.
STATING = frozenset({Stance.SUPPORTS, Stance.CONFIRMS, Stance.BACKGROUND})
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))


@dataclass(frozen=True)
class Fact:
    """The value of one term; which fields are filled follows from `kind` (choices.TermKind)."""

    kind: str
    about: bool = False
    number: Decimal | None = None
    currency: str = ""
    day: date | None = None
    precision: str = Precision.DAY
    name: str = ""


@dataclass(frozen=True)
class Stated:
    """One value of a claim's terms, with the keys of the evidence that states it."""

    fact: Fact
    evidence: tuple[int, ...]

    @property
    def words(self) -> str:
        return in_words(self.fact)


@dataclass(frozen=True)
class TermLine:
    """All that is stated of one kind: amounts of one currency, stakes, counts of one thing. `conflict` where the
    evidence does not agree."""

    kind: str
    unit: str
    stated: tuple[Stated, ...]
    conflict: bool

    @property
    def title(self) -> str:
        label = TermKind(self.kind).label
        return (
            f"{label} of {self.unit}"
            if self.kind == TermKind.COUNT
            else f"{label} ({self.unit})"
            if self.unit
            else label
        )


def in_words(fact: Fact) -> str:
    """“about 20 %”, “EUR 1.5 billion”, “by the end of 2026”, “2 models”."""
    about = "about " if fact.about else ""
    match fact.kind:
        case TermKind.AMOUNT:
            return f"{about}{fact.currency} {_short(fact.number)}"
        case TermKind.STAKE:
            return f"{about}{_plain(fact.number)} %"
        case TermKind.DATE:
            return f"{about}{_day(fact)}"
        case TermKind.COUNT:
            return f"{about}{_short(fact.number)} {fact.name}"
        case _:
            return fact.name


def agree(one: Fact, other: Fact) -> bool:
    """Whether two values of one kind and unit can both be true."""
    if one.kind == TermKind.DATE:
        return one.day is not None and other.day is not None and _day_agrees(one, other)
    if one.kind == TermKind.PLATFORM:
        mine, theirs = one.name.casefold(), other.name.casefold()
        return mine in theirs or theirs in mine
    a, b = one.number or Decimal(0), other.number or Decimal(0)
    return a == b or ((one.about or other.about) and abs(a - b) <= CLOSE * max(a, b))


def term_lines(stated: Iterable[tuple[int, str, Fact]]) -> list[TermLine]:
    """The terms of a claim from (evidence, its stance, fact), by kind and unit, in the order of first mention.

    Two pieces of evidence conflict if none of the values of the one agrees with any of the other: a range stated in
    one sentence is no conflict.
    """
    lines: dict[tuple[str, str], dict[int, list[Fact]]] = {}
    for evidence, stance, fact in stated:
        if stance in STATING:
            unit = fact.currency if fact.kind == TermKind.AMOUNT else fact.name if fact.kind == TermKind.COUNT else ""
            lines.setdefault((fact.kind, unit), {}).setdefault(evidence, []).append(fact)
    found = []
    for (kind, unit), by_evidence in lines.items():
        values: dict[Fact, list[int]] = {}
        for evidence, facts in by_evidence.items():
            for fact in facts:
                values.setdefault(fact, []).append(evidence)
        said = tuple(Stated(fact, tuple(dict.fromkeys(who))) for fact, who in values.items())
        found.append(TermLine(kind, unit, said, _conflicting(list(by_evidence.values()))))
    return found


def _conflicting(each: list[list[Fact]]) -> bool:
    return any(
        not any(agree(one, other) for one in mine for other in theirs)
        for at, mine in enumerate(each)
        for theirs in each[at + 1 :]
    )


def _day_agrees(one: Fact, other: Fact) -> bool:
    """As far as the less exact of the two goes."""
    if one.day is None or other.day is None:
        return False
    coarse = {one.precision, other.precision}
    if Precision.YEAR in coarse:
        return one.day.year == other.day.year
    if Precision.MONTH in coarse:
        return (one.day.year, one.day.month) == (other.day.year, other.day.month)
    if Precision.BY in coarse:
        limit = min(fact.day for fact in (one, other) if fact.precision == Precision.BY and fact.day)
        return all(
            fact.day == limit if fact.precision == Precision.BY else fact.day <= limit
            for fact in (one, other)
            if fact.day
        )
    return one.day == other.day


def _day(fact: Fact) -> str:
    day = fact.day or date.min
    if fact.precision == Precision.YEAR:
        return f"in {day.year}"
    if fact.precision == Precision.MONTH:
        return f"in {day:%B %Y}"
    written = f"{day.day} {day:%B %Y}"
    return f"by {written}" if fact.precision == Precision.BY else f"on {written}"


def _plain(number: Decimal | None) -> str:
    return f"{(number or Decimal(0)).normalize():f}"


def _short(number: Decimal | None) -> str:
    number = number or Decimal(0)
    for scale, word in _SCALES:
        if number >= scale:
            return f"{_plain(number / scale)} {word}"
    return f"{number.normalize():,f}"
