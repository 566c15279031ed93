"""Why a row may not be written: its words, its evidence, what it replaces, what its kind needs, and who may."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from deals import hierarchy, kinds
from deals.choices import STORED_QUALIFIERS, Kind, Stage, Status
from deals.fold import Row, fold
from deals.history.rows import NewRow
from deals.models import Claim, Evidence, Ground, Parentage


def refusal_of(claim: Claim, row: NewRow, rows: list[Row], by: AbstractBaseUser | None) -> str | None:
    """The sentence that says why the row cannot be written on the claim as it stands, or None."""
    return (
        _unfit(row)
        or _unfit_evidence(claim, row)
        or _unfit_replacement(claim, row, rows, by)
        or kinds.missing(
            row.kind,
            statements_of(claim, row.evidence),
            reason=row.reason.strip(),
            stage=row.stage,
            denial=denial_in_force([r for r in rows if not row.supersedes or r.id != row.supersedes.pk], row.event_at),
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


def qualified(claim: Claim, row: NewRow) -> NewRow:
    """The row with the qualifiers that follow from its evidence beside those that were chosen."""
    implied = kinds.implied_qualifiers(row.kind, statements_of(claim, row.evidence))
    return replace(row, qualifiers=row.qualifiers | implied)


def statements_of(claim: Claim, evidence: Iterable[Evidence]) -> list[kinds.Statement]:
    """The evidence as the judgements of `kinds` take it; two queries."""
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


def denial_in_force(rows: list[Row], at: datetime) -> kinds.Denial | None:
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
