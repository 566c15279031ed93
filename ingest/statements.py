"""What was read: one statement per claim (or pair), stance, company and passage. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Mark:
    """Words that led to a statement: their kind (name, deal, or a signal of stance.Voice), at [start, end) of the passage."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Statement:
    """What one sentence says on one claim, or, with `claim` None, on a deal between `companies` that has no claim."""

    claim: int | None
    stance: str
    strength: str  # "strong" or "possible"
    speaker_kind: str
    part: str
    passage: str
    speaker_name: str = ""
    speaker_role: str = ""
    company: int | None = None
    origin: int | None = None
    cites: str = ""  # the outlet that it is taken from, where that is none of our sources
    certainty: str = "stated"
    companies: tuple[int, ...] = ()
    deal_type: str = ""
    triggers: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    probability: float | None = None  # that the stance is right, where the model judged it
    sure: bool = True
    reasons: tuple[str, ...] = ()
    against: tuple[str, ...] = ()

    @property
    def about(self) -> tuple[Any, ...]:
        """What tells the claims, and the pairs without one, apart."""
        return self.claim, self.companies


@dataclass(frozen=True)
class Reading:
    """What was read in one item, in reading order."""

    candidates: tuple[Statement, ...] = ()
    leads: tuple[Statement, ...] = ()


# What is put before an editor: an item that only mentions a claim, or tells its background, is not; a strong mention is.
TELLING = frozenset({"supports", "disputes", "confirms", "denies", "no_comment", "no_response"})


def worth_a_look(statement: Statement) -> bool:
    """Whether an item is put before an editor for this."""
    return statement.stance in TELLING or (statement.stance == "mentions" and statement.strength == "strong")


def merged(found: Iterable[Statement]) -> list[Statement]:
    """One statement per claim (or pair), stance, company and passage: the strong one. A mention gives way to more."""
    kept: dict[tuple[Any, ...], Statement] = {}
    for statement in found:
        key = (statement.about, statement.stance, statement.company, statement.passage)
        if standing := kept.get(key):
            better = statement if (standing.strength, statement.strength) == ("possible", "strong") else standing
            triggers = tuple(dict.fromkeys((*standing.triggers, *statement.triggers)))
            marks = tuple(dict.fromkeys((*standing.marks, *statement.marks)))
            statement = replace(better, triggers=triggers, marks=marks)
        kept[key] = statement
    weighty = {(statement.about, statement.passage) for statement in kept.values() if statement.stance != "mentions"}
    return [
        statement
        for statement in kept.values()
        if statement.stance != "mentions" or (statement.about, statement.passage) not in weighty
    ]


def with_origins(found: Iterable[Statement]) -> list[Statement]:
    """Where an item cites a single outlet for a rumor, its other sentences on that rumor came from there too."""
    found = list(found)
    cited = defaultdict(set)
    for statement in found:
        if statement.stance == "supports" and (statement.origin is not None or statement.cites):
            cited[statement.about].add((statement.origin, statement.cites))
    return [_taken_from(statement, cited[statement.about]) for statement in found]


def _taken_from(statement: Statement, origins: set[tuple[int | None, str]]) -> Statement:
    retold = statement.stance == "supports" and statement.speaker_kind in ("outlet", "anonymous")
    if not retold or statement.origin is not None or statement.cites or len(origins) != 1:
        return statement
    why = "The item cites one outlet for this, in another sentence."
    origin, cites = next(iter(origins))
    return replace(statement, origin=origin, cites=cites, reasons=(*statement.reasons, why))
