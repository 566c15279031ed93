"""The fold: a claim's status on any day, as known on any day, whatever the order in which rows were written."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.choices import Kind, Qualifier, Stage, Status
from deals.fold import Row, fold

START = datetime(2024, 4, 15, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def row(id, kind, event, recorded=1000, **fields):
    return Row(id, kind, at(event), at(recorded), position=id, **fields)


def test_a_rumor_timed_by_its_copy_after_the_denial_leaves_the_claim_denied():
    assert fold([row(1, "report", 16.1), row(2, "denial", 14)]).status == "denied"


def test_a_rumor_at_noon_and_a_denial_known_by_its_day_give_denied():
    standing = fold([row(1, "report", 12.2), row(2, "denial", 23.999, precision="day")])

    assert standing.status == "denied"
    assert standing.moot == frozenset()


def test_a_confirmation_entered_after_a_later_rumor_holds_on_both_days():
    rows = [row(1, "report", 29 * 24), row(2, "confirmation", 0)]

    assert fold(rows, as_of=at(1)).status == "confirmed"
    assert fold(rows, as_of=at(30 * 24)).status == "confirmed"
    assert fold(rows).moot == {1}


def test_rows_of_one_instant_take_effect_in_the_order_they_were_written():
    assert fold([row(2, "denial", 5), row(1, "report", 5)]).steps[0].row == 1


def test_a_denial_after_a_confirmation_is_moot_and_shows_that_the_parties_disagree():
    standing = fold([row(1, "confirmation", 0), row(2, "denial", 5)])

    assert standing.status == "confirmed"
    assert Qualifier.PARTIES_DISAGREE in standing.qualifiers


def test_what_is_recorded_more_than_a_week_after_the_event_is_late():
    assert Qualifier.LATE in fold([row(1, "confirmation", 0, recorded=24 * 7 + 1)]).qualifiers
    assert Qualifier.LATE not in fold([row(1, "confirmation", 0, recorded=24 * 7)]).qualifiers


def test_a_stage_of_a_moot_row_is_not_the_deals_stage():
    rows = [row(1, "confirmation", 0, stage="announced"), row(2, "report", 5, stage="in_talks")]

    assert fold(rows).stage == "announced"


def test_a_termination_is_a_stage_and_the_claim_stays_confirmed():
    standing = fold([row(1, "confirmation", 0), row(2, "stage", 9, stage="terminated")])

    assert (standing.status, standing.stage, standing.since) == ("confirmed", "terminated", at(0))


def test_a_row_is_replaced_only_for_those_who_knew_of_the_replacement():
    rows = [row(1, "confirmation", 24, recorded=25), row(2, "confirmation", 0, recorded=90, supersedes=1)]

    assert fold(rows, as_of=at(1), known_at=at(30)).status is None
    assert fold(rows, as_of=at(1), known_at=at(90)).status == "confirmed"


def test_taking_back_an_undo_does_not_revive_the_row():
    rows = [row(1, "report", 0), row(2, "undo", 1, supersedes=1), row(3, "undo", 2, supersedes=2)]

    assert fold(rows).status is None


TABLE = [
    (None, "report", "rumored"),
    ("rumored", "report", "rumored"),
    ("denied", "report", "denied"),
    ("confirmed", "report", "confirmed"),
    (None, "denial", "denied"),
    ("rumored", "denial", "denied"),
    ("denied", "denial", "denied"),
    ("confirmed", "denial", "confirmed"),
    (None, "confirmation", "confirmed"),
    ("rumored", "confirmation", "confirmed"),
    ("denied", "confirmation", "confirmed"),
    ("confirmed", "confirmation", "confirmed"),
    (None, "reopening", None),
    ("rumored", "reopening", "rumored"),
    ("denied", "reopening", "rumored"),
    ("confirmed", "reopening", "confirmed"),
    (None, "background", "confirmed"),
    ("rumored", "background", "rumored"),
    ("denied", "background", "denied"),
    ("confirmed", "background", "confirmed"),
    (None, "stage", None),
    ("denied", "stage", "denied"),
]


@pytest.mark.parametrize(("before", "kind", "after"), TABLE)
def test_each_kind_has_only_its_own_effect(before, kind, after):
    first = [row(1, "override", 0, override_to=before)] if before else []

    assert fold([*first, row(2, kind, 1)]).status == after


@st.composite
def histories(draw):
    """Rows as a writer could have left them: recorded in order, each replaced at most once, events not after records."""
    rows, recorded = [], 0
    for id in range(1, draw(st.integers(0, 12)) + 1):
        recorded += draw(st.integers(0, 50))
        kind = draw(st.sampled_from(Kind.values))
        taken = {other.supersedes for other in rows}
        free = [other.id for other in rows if other.id not in taken and other.kind != Kind.UNDO]
        supersedes = draw(st.sampled_from(free)) if free and (kind == Kind.UNDO or draw(st.booleans())) else None
        if kind == Kind.UNDO and supersedes is None:
            kind = Kind.REPORT
        rows.append(
            row(
                id,
                kind,
                draw(st.integers(0, recorded)),
                recorded,
                supersedes=supersedes,
                stage=draw(st.sampled_from(["", *Stage.values])) if kind != Kind.STAGE else "signed",
                override_to=draw(st.sampled_from(Status.values)) if kind == Kind.OVERRIDE else "",
            )
        )
    return rows


def plain_refold(rows, as_of, known_at):
    """The fold again, as naively as the domain's words put it."""
    known = [r for r in rows if r.recorded_at <= known_at]
    live = [r for r in known if not any(other.supersedes == r.id for other in known)]
    status = None
    for r in sorted(live, key=lambda r: (r.event_at, r.position)):
        if r.event_at > as_of:
            continue
        if r.kind == "override":
            status = r.override_to
        elif r.kind == "report" and status is None:
            status = "rumored"
        elif r.kind == "denial" and status in (None, "rumored"):
            status = "denied"
        elif r.kind == "confirmation":
            status = "confirmed"
        elif r.kind == "reopening" and status == "denied":
            status = "rumored"
        elif r.kind == "background" and status is None:
            status = "confirmed"
    return status


moments = st.integers(-1, 650).map(at)


@given(histories(), moments, moments)
def test_the_fold_agrees_with_a_plain_refold(rows, as_of, known_at):
    assert fold(rows, as_of, known_at).status == plain_refold(rows, as_of, known_at)


@given(histories(), moments, moments, st.randoms())
def test_the_order_in_which_rows_are_read_does_not_matter(rows, as_of, known_at, random):
    shuffled = random.sample(rows, len(rows))

    assert fold(shuffled, as_of, known_at) == fold(rows, as_of, known_at)


@given(histories(), moments)
def test_no_row_is_lost(rows, as_of):
    standing = fold(rows, as_of)

    later = {r.id for r in rows if r.event_at > as_of}
    undone = {r.id for r in rows if r.kind == Kind.UNDO}
    assert {step.row for step in standing.steps} | standing.replaced | later | undone == {r.id for r in rows}


@given(histories(), histories(), moments, moments)
def test_what_was_known_in_the_past_does_not_change_when_more_is_recorded(rows, more, as_of, known_at):
    last = max((r.recorded_at for r in rows), default=START)
    known_at = min(known_at, last)
    shift, count = last - START + timedelta(hours=1), len(rows)
    later = [
        replace(
            r,
            id=r.id + count,
            position=r.position + count,
            recorded_at=r.recorded_at + shift,
            supersedes=min(r.supersedes, count) if r.supersedes and count else None,
        )
        for r in more
    ]

    assert fold([*rows, *later], as_of, known_at) == fold(rows, as_of, known_at)
