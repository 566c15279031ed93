"""What each kind of row needs: pure judgements on the statements it would rest on, with the sentence if they miss."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from deals.choices import Certainty, Kind, Part, Qualifier, Rung, SpeakerKind, Stance


@dataclass(frozen=True)
class Statement:
    """Evidence on the claim as plain values. `counts` is False once it is withdrawn or its report retracted."""

    stance: str
    rung: int
    by_party: bool
    certainty: str = Certainty.STATED
    part: str = Part.BODY
    counts: bool = True
    root: int = 0
    root_published_at: datetime | None = None


@dataclass(frozen=True)
class Denial:
    """The denial that a reopening would answer: when it fell, and whether its outlet took it back or corrected it."""

    event_at: datetime
    misreported: bool = False
    roots_before: frozenset[int] = frozenset()


def nobody_spoken_for(stance: str, speaker_kind: str, company: object | None) -> str | None:
    """The sentence for a denial or confirmation that no company and no document speaks; None if one does."""
    if stance not in (Stance.DENIES, Stance.CONFIRMS) or company or speaker_kind == SpeakerKind.DOCUMENT:
        return None
    return (
        f"Only a party or a document {stance}: say for which company, or choose another stance. "
        "A paper that doubts a story disputes it; one that repeats it supports it."
    )


def missing(
    kind: str, statements: Iterable[Statement], *, reason: str = "", stage: str = "", denial: Denial | None = None
) -> str | None:
    """The sentence that says what a row of this kind still needs, or None if nothing is missing."""
    statements = [statement for statement in statements if statement.counts]
    match kind:
        case Kind.REPORT:
            return _missing_report(statements)
        case Kind.DENIAL:
            return _missing_denial(statements)
        case Kind.CONFIRMATION:
            return _missing_confirmation(statements)
        case Kind.REOPENING:
            return _missing_reopening(statements, denial)
        case Kind.BACKGROUND:
            return _missing_background(statements, reason)
        case Kind.OVERRIDE:
            return None if reason else "An override needs a written reason."
        case Kind.STAGE:
            if not stage:
                return "Choose the stage that is reached."
            return None if statements or reason else "A stage needs evidence or a reason."
        case Kind.UNDO:
            return (
                None if reason else "Say why the row is taken back: misread, misattributed, retracted or wrong claim."
            )
    return f"There is no row of kind “{kind}”."


def _missing_report(statements: list[Statement]) -> str | None:
    if any(statement.stance == Stance.SUPPORTS for statement in statements):
        return None
    return "A rumor needs one report that supports the claim; a related link, “if true” or an opinion is not enough."


def _missing_denial(statements: list[Statement]) -> str | None:
    denials = [statement for statement in statements if statement.stance == Stance.DENIES]
    if not denials:
        return "A denial needs evidence that denies the claim; no comment, no response and doubt are not denials."
    if not any(statement.by_party for statement in denials):
        return "A denial must come from a party of the claim, or from a company above or below one."
    if not any(statement.by_party and statement.rung <= Rung.TEAM for statement in denials):
        return "An anonymous denial is not enough: name who speaks for the party, or the party's own document."
    return None


def _missing_confirmation(statements: list[Statement]) -> str | None:
    confirmations = [statement for statement in statements if statement.stance == Stance.CONFIRMS]
    if not confirmations:
        return "A confirmation needs evidence that confirms the claim; any number of unnamed sources stays a rumor."
    spoken = [statement for statement in confirmations if statement.by_party or statement.rung == Rung.DOCUMENT]
    if not spoken:
        return (
            "A confirmation must come from a party of the claim, from a company above or below one, or from a filing."
        )
    strong = [statement for statement in spoken if statement.rung <= Rung.NAMED]
    if not strong:
        return "A confirmation needs a filing, an announcement, or a named officer on the record."
    if not any(statement.certainty == Certainty.STATED for statement in strong):
        return "A hedged or conditional remark confirms nothing: wait until a party states it."
    return None


def _missing_reopening(statements: list[Statement], denial: Denial | None) -> str | None:
    if denial is None:
        return "Only a denied claim can be reopened."
    if denial.misreported:
        return None
    fresh = [
        statement
        for statement in statements
        if statement.stance == Stance.SUPPORTS
        and statement.root not in denial.roots_before
        and statement.root_published_at
        and statement.root_published_at > denial.event_at
    ]
    if fresh:
        return None
    return (
        "Reopening needs support from an origin that is new after the denial; copies of the old story are not. "
        "If the denial was misread, undo it."
    )


def _missing_background(statements: list[Statement], reason: str) -> str | None:
    if not any(statement.stance in (Stance.BACKGROUND, Stance.CONFIRMS) for statement in statements):
        return "Background needs a report that states the long-known fact."
    return None if reason else "Say why this is long known and no news."


def implied_qualifiers(kind: str, statements: Iterable[Statement]) -> frozenset[str]:
    """The qualifiers that follow from a rumor's evidence: headline only, conditional, on the record but hedged."""
    if kind not in (Kind.REPORT, Kind.REOPENING):
        return frozenset()
    support = [statement for statement in statements if statement.counts and statement.stance == Stance.SUPPORTS]
    if not support:
        return frozenset()
    holds = {
        Qualifier.HEADLINE_ONLY: all(statement.part == Part.HEADLINE for statement in support),
        Qualifier.CONDITIONAL: all(statement.certainty == Certainty.CONDITIONAL for statement in support),
        Qualifier.ON_RECORD_HEDGED: all(
            statement.by_party and statement.rung <= Rung.NAMED and statement.certainty == Certainty.HEDGED
            for statement in support
        ),
    }
    return frozenset(qualifier for qualifier, so in holds.items() if so)
