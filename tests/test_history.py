"""What the one writer of the history accepts, refuses and stores."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.db.utils import DatabaseError, IntegrityError

from deals import clock
from deals.choices import Kind, Stance
from deals.history import Conflict, HistoryError, NewRow, change_status, preview, undo, ways
from deals.linking import withdraw
from deals.models import Claim, Ground, StatusChange
from deals.models.evidence import EvidenceLocked
from deals.models.history import AppendOnlyError
from tests.conftest import APRIL_15

HOUR = timedelta(hours=1)


@pytest.fixture
def rumored(make_claim, link, move):
    claim = make_claim()
    move(claim, "report", link(claim, Stance.SUPPORTS))
    return claim


def test_a_rumor_is_denied_and_later_confirmed(rumored, link, move):
    move(rumored, "denial", link(rumored, Stance.DENIES, published_at=APRIL_15 + 6 * HOUR))
    move(
        rumored,
        "confirmation",
        link(rumored, Stance.CONFIRMS, published_at=APRIL_15 + timedelta(days=65)),
        qualifiers=frozenset({"partial_terms_changed"}),
        stage="letter_of_intent",
    )

    rumored.refresh_from_db()
    assert rumored.status == "confirmed"
    assert rumored.version == 3
    assert [(row.status_before, row.status_after) for row in rumored.changes.all()] == [
        (None, "rumored"),
        ("rumored", "denied"),
        ("denied", "confirmed"),
    ]


REFUSED = [
    ("report", Stance.MENTIONS, {}, "needs one report that supports"),
    ("denial", Stance.NO_COMMENT, {}, "no comment"),
    ("denial", Stance.DENIES, {"speaker_kind": "anonymous", "speaker_name": ""}, "anonymous denial"),
    ("confirmation", Stance.SUPPORTS, {}, "stays a rumor"),
    ("confirmation", Stance.CONFIRMS, {"certainty": "hedged"}, "hedged"),
    ("confirmation", Stance.CONFIRMS, {"speaker_kind": "team", "speaker_name": ""}, "named officer"),
    ("reopening", Stance.SUPPORTS, {}, "Only a denied claim"),
    ("background", Stance.BACKGROUND, {}, "long known"),
]


@pytest.mark.parametrize(("kind", "stance", "statement", "sentence"), REFUSED)
def test_a_row_without_what_its_kind_needs_is_refused_with_a_sentence(
    kind, stance, statement, sentence, rumored, link, move
):
    evidence = link(rumored, stance, **statement)

    with pytest.raises(HistoryError, match=sentence):
        move(rumored, kind, evidence)

    rumored.refresh_from_db()
    assert (rumored.status, rumored.version, rumored.changes.count()) == ("rumored", 1, 1)


def test_a_stranger_cannot_deny_for_the_parties(rumored, link, move, make_company):
    evidence = link(rumored, Stance.DENIES, company=make_company("Geely"))

    with pytest.raises(HistoryError, match="must come from a party"):
        move(rumored, "denial", evidence)


def test_a_daughter_and_a_parent_of_a_party_speak_for_it_but_a_sister_does_not(make_company, make_claim, link, move):
    tata = make_company("Tata Motors")
    jlr = make_company("JLR", parents=[tata])
    china = make_company("Jaguar Land Rover China", parents=[jlr])
    sister = make_company("Tata Daewoo", parents=[tata])
    for speaker in (tata, china):
        claim = make_claim()
        move(claim, "denial", link(claim, Stance.DENIES, company=speaker, speaker_kind="team", speaker_name=""))
        assert claim.status == "denied"
    claim = make_claim()

    with pytest.raises(HistoryError, match="must come from a party"):
        move(claim, "denial", link(claim, Stance.DENIES, company=sister))


def test_a_filing_confirms_whoever_speaks(make_claim, link, move, make_source):
    claim = make_claim()
    filing = link(
        claim,
        Stance.CONFIRMS,
        source=make_source("HKEX", kind="exchange"),
        speaker_kind="document",
        speaker_name="",
        company=None,
    )

    move(claim, "confirmation", filing)

    assert claim.status == "confirmed"


def test_copies_of_the_old_story_do_not_reopen_a_denied_claim_but_a_new_origin_does(rumored, link, move, make_report):
    old = rumored.evidence.get().report
    move(rumored, "denial", link(rumored, Stance.DENIES, published_at=APRIL_15 + 6 * HOUR))
    copy = link(rumored, Stance.SUPPORTS, published_at=APRIL_15 + 9 * HOUR, origin=old)
    with pytest.raises(HistoryError, match="new after the denial"):
        move(rumored, "reopening", copy)

    move(rumored, "reopening", link(rumored, Stance.SUPPORTS, published_at=APRIL_15 + timedelta(days=3)))

    assert rumored.status == "rumored"


def test_a_rumor_repeated_after_a_denial_is_kept_and_moot(rumored, link, move):
    move(rumored, "denial", link(rumored, Stance.DENIES, published_at=APRIL_15 + 6 * HOUR))

    move(rumored, "report", link(rumored, Stance.SUPPORTS, published_at=APRIL_15 + 9 * HOUR))

    assert rumored.status == "denied"
    assert rumored.changes.count() == 3


def test_qualifiers_follow_from_a_rumors_evidence(make_claim, link, move):
    headline, hedged = make_claim("One"), make_claim("Two")
    move(headline, "report", link(headline, Stance.SUPPORTS, part="headline"))
    chairman = {"speaker_kind": "named", "speaker_name": "Yin Tongyue", "company": hedged.companies.get(name="Chery")}
    move(hedged, "report", link(hedged, Stance.SUPPORTS, certainty="hedged", **chairman))

    assert headline.changes.get().qualifiers == ["headline_only"]
    assert hedged.changes.get().qualifiers == ["on_record_hedged"]


def test_a_preview_shows_the_qualifiers_that_follow_from_the_evidence(make_claim, link):
    claim = make_claim()
    headline = link(claim, Stance.SUPPORTS, part="headline")

    shown = preview(claim, NewRow("report", APRIL_15, evidence=(headline,)))

    assert "headline_only" in shown.after.qualifiers


def test_the_second_of_two_editors_is_told_who_was_first_and_nothing_is_written(rumored, link, move, senior, editor):
    seen = rumored.version
    denial = link(rumored, Stance.DENIES)
    change_status(rumored, NewRow("denial", denial.said_at, "instant", (denial,)), seen=seen, by=editor)

    with pytest.raises(Conflict, match="editor wrote “Denial”"):
        change_status(rumored, NewRow("stage", clock.now(), reason="x", stage="signed"), seen=seen, by=senior)

    assert rumored.changes.count() == 2


def test_undo_brings_the_former_status_back_and_leaves_the_row(rumored, link, move, editor):
    denial = move(rumored, "denial", link(rumored, Stance.DENIES))

    undo(denial, seen=rumored.version, by=editor, reason="misread")

    rumored.refresh_from_db()
    assert rumored.status == "rumored"
    assert rumored.changes.count() == 3
    with pytest.raises(HistoryError, match="taken back already"):
        undo(denial, seen=rumored.version, by=editor, reason="again")


def test_an_undo_is_not_undone_but_the_row_is_written_again(rumored, link, move, editor):
    evidence = link(rumored, Stance.DENIES)
    denial = move(rumored, "denial", evidence)
    taken_back = undo(denial, seen=rumored.version, by=editor, reason="misread")
    rumored.refresh_from_db()
    with pytest.raises(HistoryError, match="write the row again"):
        undo(taken_back, seen=rumored.version, by=editor, reason="no")

    move(rumored, "denial", evidence)

    assert rumored.status == "denied"


def test_only_a_senior_editor_takes_back_anothers_row_or_overrides(rumored, link, move, editor, senior, grant):
    grant(senior, "undo_others", "override_status")
    denial = move(rumored, "denial", link(rumored, Stance.DENIES), by=senior)
    with pytest.raises(HistoryError, match="another's row"):
        undo(denial, seen=rumored.version, by=editor, reason="misread")
    override = {"override_to": "rumored", "reason": "The denial is about another matter."}
    with pytest.raises(HistoryError, match="Only a senior editor can override"):
        move(rumored, "override", at=clock.now() - HOUR, by=editor, **override)

    move(rumored, "override", at=clock.now() - HOUR, by=senior, **override)

    assert rumored.status == "rumored"


def test_a_better_date_replaces_a_row(make_claim, link, move):
    claim = make_claim()
    aside = link(claim, Stance.CONFIRMS, published_at=datetime(2023, 8, 24, 12, tzinfo=UTC))
    first = move(claim, "confirmation", aside, at=datetime(2023, 8, 24, 12, tzinfo=UTC), precision="by")
    dated = link(claim, Stance.CONFIRMS, said_at=datetime(2023, 7, 26, tzinfo=UTC))

    move(claim, "confirmation", dated, at=datetime(2023, 7, 26, tzinfo=UTC), precision="day", supersedes=first)

    assert claim.status == "confirmed"
    assert StatusChange.objects.get(supersedes=first).event_at.date().isoformat() == "2023-07-26"


def test_a_day_stands_for_its_end_but_never_for_later_than_the_report(make_claim, link, move):
    claim = make_claim()
    evidence = link(claim, Stance.SUPPORTS, published_at=datetime(2024, 4, 15, 12, 10, tzinfo=UTC))

    by_report = move(claim, "report", evidence, at=datetime(2024, 4, 15, tzinfo=UTC), precision="day")
    by_month = move(claim, "stage", at=datetime(2023, 4, 3, tzinfo=UTC), precision="month", stage="planned", reason="x")

    assert by_report.event_at == datetime(2024, 4, 15, 12, 10, tzinfo=UTC)
    assert by_month.event_at == datetime(2023, 4, 30, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(("stage", "days"), [("near_final", 14), ("in_talks", 60), ("considering", 180)])
def test_a_stage_says_when_the_desk_looks_again(stage, days, rumored, move):
    row = move(rumored, "stage", at=clock.now(), stage=stage, reason="Said so")

    assert Claim.objects.get().check_again == (row.recorded_at + timedelta(days=days)).date()


def test_a_day_to_check_that_comes_sooner_stays_and_other_stages_set_none(rumored, move):
    move(rumored, "stage", at=clock.now(), stage="signed", reason="Said so")
    assert Claim.objects.get().check_again is None

    sooner = (clock.now() + timedelta(days=3)).date()
    Claim.objects.update(check_again=sooner)
    move(rumored, "stage", at=clock.now(), stage="in_talks", reason="Said so")

    assert Claim.objects.get().check_again == sooner


@pytest.mark.parametrize("precision", ["instant", "day"])
def test_a_day_after_the_report_is_refused_and_not_quietly_moved(precision, make_claim, link, move):
    claim = make_claim()
    evidence = link(claim, Stance.SUPPORTS, published_at=datetime(2024, 4, 15, 12, 10, tzinfo=UTC))

    with pytest.raises(HistoryError, match="cannot come after the report that tells of it, published at 2024-04-15"):
        move(claim, "report", evidence, at=datetime(2024, 4, 20, tzinfo=UTC), precision=precision)


@pytest.mark.parametrize(
    ("at", "precision"), [(timedelta(hours=1), "instant"), (timedelta(days=2), "day"), (timedelta(days=40), "month")]
)
def test_what_has_not_happened_yet_cannot_be_recorded(rumored, move, at, precision):
    with pytest.raises(HistoryError, match="future"):
        move(rumored, "stage", at=clock.now() + at, precision=precision, stage="signed", reason="x")


def test_evidence_of_a_retracted_or_withdrawn_report_decides_nothing(rumored, link, move, editor):
    withdrawn, retracted = link(rumored, Stance.DENIES), link(rumored, Stance.DENIES)
    withdraw(withdrawn, by=editor, reason="wrong report")
    retracted.report.retraction, retracted.report.retracted_at = "retracted", clock.now()
    retracted.report.save()

    for evidence, why in ((withdrawn, "was withdrawn"), (retracted, "was retracted")):
        with pytest.raises(HistoryError, match=why):
            move(rumored, "denial", evidence)


def test_a_row_is_neither_changed_nor_deleted_by_any_way(rumored):
    row = rumored.changes.get()
    row.reason = "another"
    for change in (
        row.save,
        row.delete,
        lambda: StatusChange.objects.filter(pk=row.pk).update(reason="x"),
        StatusChange.objects.all().delete,
        Ground.objects.all().delete,
        row.evidence.clear,
        lambda: StatusChange.objects.bulk_update([row], ["reason"]),
        lambda: StatusChange._base_manager.filter(pk=row.pk).update(reason="x"),
        Ground._base_manager.all().delete,
    ):
        with pytest.raises(AppendOnlyError), transaction.atomic():
            change()
    with pytest.raises(ProtectedError):
        rumored.delete()
    with pytest.raises(ProtectedError):
        rumored.deal.delete()
    assert rumored.changes.get().reason == ""


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="the trigger is PostgreSQL's")
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 1000", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["deals_statuschange", "deals_ground"])
def test_postgresql_itself_refuses_to_touch_the_history(statement, table, rumored):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


def test_the_database_refuses_an_event_after_its_record(rumored):
    row = rumored.changes.get()
    values = {name: getattr(row, name) for name in ("kind", "precision", "recorded_at", "wording")}
    late = StatusChange(claim=rumored, version=9, position=999, event_at=row.recorded_at + HOUR, **values)

    with pytest.raises(IntegrityError, match="event_is_not_after_its_record"), transaction.atomic():
        late.save()


def test_what_a_decision_rests_on_is_locked_but_its_origin_stays_correctable(rumored, make_report):
    evidence = rumored.evidence.get()
    evidence.origin = make_report(title="36kr's story")
    evidence.save()
    evidence.stance = Stance.MENTIONS

    with pytest.raises(EvidenceLocked, match="stance cannot change"):
        evidence.save()
    with pytest.raises(EvidenceLocked, match="withdrawn, never deleted"):
        evidence.delete()


def test_a_preview_shows_what_would_follow_and_writes_nothing(rumored, link, move):
    move(rumored, "denial", link(rumored, Stance.DENIES, published_at=APRIL_15 + 6 * HOUR))
    early = link(rumored, Stance.CONFIRMS, published_at=APRIL_15 - 24 * HOUR)

    shown = preview(rumored, NewRow("confirmation", early.said_at, "instant", (early,)))

    assert (shown.refusal, shown.before.status, shown.after.status) == (None, "denied", "confirmed")
    assert [row.kind for row in shown.becomes_moot] == ["report", "denial"]
    assert rumored.changes.count() == 2


def test_ways_say_what_the_evidence_allows_and_what_is_missing(rumored, link):
    found = {way.kind: way for way in ways(rumored, [link(rumored, Stance.DENIES)])}

    assert (found[Kind.DENIAL].allowed, found[Kind.DENIAL].why) == (True, "rumored → denied")
    assert not found[Kind.CONFIRMATION].allowed
    assert "needs evidence that confirms" in found[Kind.CONFIRMATION].why


def test_a_claim_is_public_from_its_first_status(make_claim, link, move):
    claim = make_claim()
    assert claim.public_since is None

    move(claim, "report", link(claim, Stance.SUPPORTS))

    claim.refresh_from_db()
    assert claim.public_since is not None


def test_imports_state_when_the_record_learned_but_only_in_order(make_claim, link, move):
    claim, evidence_at = make_claim(), datetime(2023, 8, 24, 12, tzinfo=UTC)
    evidence = link(claim, Stance.SUPPORTS, published_at=evidence_at)
    row = NewRow("report", evidence_at, "instant", (evidence,))

    change = change_status(claim, row, seen=0, by=None, recorded_at=evidence_at + HOUR)

    assert change.recorded_at == evidence_at + HOUR
    stage = NewRow("stage", evidence_at - 9 * HOUR, stage="planned", reason="x")
    with pytest.raises(HistoryError, match="in their order"):
        change_status(claim, stage, seen=1, by=None, recorded_at=evidence_at)
    with pytest.raises(HistoryError, match="future"):
        change_status(claim, stage, seen=1, by=None, recorded_at=clock.now() + HOUR)
