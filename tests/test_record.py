"""Reading the record on two clocks, and origins collapsed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals import clock, finding, linking
from deals.choices import Kind, Precision, Qualifier, Stance, Status
from deals.finding import evidence_known
from deals.history import HistoryError, NewRow, change_status, undo
from deals.linking import withdraw
from deals.models import Claim, StatusChange
from deals.record import date_in_words, independent_origins, parse_moment, standing, standings, timeline
from tests.conftest import APRIL_15

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_the_same_day_reads_differently_with_later_knowledge(make_claim, link):
    claim = make_claim("Stellantis takes a stake in Leapmotor")
    rumor, announcement = datetime(2023, 8, 24, tzinfo=UTC), datetime(2023, 10, 26, tzinfo=UTC)
    steps = [("report", Stance.SUPPORTS, rumor, rumor), ("confirmation", Stance.CONFIRMS, announcement, APRIL_15)]
    for kind, stance, event, learned in steps:
        evidence = link(claim, stance, published_at=event, recorded_at=learned)
        change_status(
            claim, NewRow(kind, event, "instant", (evidence,)), seen=claim.version, by=None, recorded_at=learned
        )
    new_year = datetime(2023, 12, 31, 23, tzinfo=UTC)

    assert standing(claim, new_year, new_year).status == "rumored"
    assert standing(claim, new_year, APRIL_15).status == "confirmed"
    assert standing(claim, rumor - DAY, APRIL_15).status is None
    assert Qualifier.LATE in standing(claim, new_year, APRIL_15).qualifiers


def test_a_rumor_goes_stale_180_days_after_its_newest_support(make_claim, link, move):
    claim = make_claim()
    move(claim, "report", link(claim, Stance.SUPPORTS))

    assert Qualifier.STALE not in standing(claim, APRIL_15 + 179 * DAY).qualifiers
    assert Qualifier.STALE in standing(claim, APRIL_15 + 180 * DAY).qualifiers

    link(claim, Stance.SUPPORTS, published_at=APRIL_15 + 100 * DAY)
    assert Qualifier.STALE not in standing(claim, APRIL_15 + 180 * DAY).qualifiers


def test_a_due_day_that_is_over_is_said_whatever_the_status(make_claim, link, move):
    claim = make_claim(due=date(2024, 12, 31))
    move(claim, "denial", link(claim, Stance.DENIES))

    assert Qualifier.DEADLINE_PASSED not in standing(claim, datetime(2024, 12, 31, 23, 59, tzinfo=UTC)).qualifiers
    assert Qualifier.DEADLINE_PASSED in standing(claim, datetime(2025, 1, 1, tzinfo=UTC)).qualifiers


def test_a_decision_whose_origins_were_all_retracted_says_so(make_claim, link, move, make_report):
    claim, origin = make_claim(), make_report()
    move(claim, "report", link(claim, Stance.SUPPORTS, origin=origin), link(claim, Stance.SUPPORTS, origin=origin))
    assert Qualifier.ORIGIN_RETRACTED not in standing(claim).qualifiers

    origin.retraction, origin.retracted_at = "retracted", clock.now()
    origin.save()

    assert Qualifier.ORIGIN_RETRACTED in standing(claim).qualifiers
    assert [group.counts for group in independent_origins(claim.evidence.with_record())] == [False]


def test_a_retraction_does_not_shake_a_decision_as_of_the_days_before_it(make_claim, link, move, make_report):
    claim, origin = make_claim(), make_report()
    move(claim, "report", link(claim, Stance.SUPPORTS, origin=origin))
    origin.retraction, origin.retracted_at = "retracted", datetime(2024, 6, 1, tzinfo=UTC)
    origin.save()

    assert Qualifier.ORIGIN_RETRACTED not in standing(claim, datetime(2024, 5, 31, tzinfo=UTC)).qualifiers
    assert Qualifier.ORIGIN_RETRACTED in standing(claim, datetime(2024, 6, 2, tzinfo=UTC)).qualifiers
    (item,) = evidence_known(claim.evidence.all(), as_of=datetime(2024, 5, 31, tzinfo=UTC))
    assert not item.origin.retracted


def test_an_origin_that_is_corrected_later_does_not_change_what_was_known_before(make_claim, link, make_report):
    claim, story = make_claim(), make_report(title="36kr's story")
    first, second = link(claim, Stance.SUPPORTS), link(claim, Stance.SUPPORTS)
    before = clock.now()
    for item in (first, second):
        item.origin, item.translation = story, "Better words"
        item.save()

    known_then = evidence_known(claim.evidence.all(), known_at=before)

    assert [(item.origin, item.translation) for item in known_then] == [(None, ""), (None, "")]
    assert len(independent_origins(known_then)) == 2
    assert len(independent_origins(evidence_known(claim.evidence.all(), known_at=clock.now()))) == 1


def test_what_was_said_on_an_unknown_day_was_not_said_before_it_can_have_been(make_claim, link, make_source):
    claim = make_claim()
    link(claim, Stance.SUPPORTS, report=linking.placeholder(make_source(), "A story of some day"))

    assert evidence_known(claim.evidence.all(), as_of=datetime(1990, 1, 1, tzinfo=UTC)) == []
    assert len(evidence_known(claim.evidence.all(), as_of=clock.now())) == 1


def test_ten_articles_that_cite_36kr_are_one_independent_origin(make_claim, link, make_report):
    claim, story = make_claim(), make_report(title="36kr's story")
    copies = [link(claim, Stance.SUPPORTS, origin=story) for _ in range(9)]
    link(claim, Stance.SUPPORTS, origin=copies[0].report)
    alone = link(claim, Stance.SUPPORTS, published_at=APRIL_15 + DAY)

    groups = independent_origins(claim.evidence.with_record())

    assert [(group.root, group.reports) for group in groups] == [(story, 10), (alone.report, 1)]


def test_origins_that_cite_each_other_end_somewhere(make_claim, link, make_report):
    claim, one, two = make_claim(), make_report(), make_report()
    link(claim, Stance.SUPPORTS, report=one, origin=two)
    link(claim, Stance.SUPPORTS, report=two, origin=one)

    groups = independent_origins(claim.evidence.with_record())

    assert sum(group.reports for group in groups) == 2


def test_withdrawn_evidence_is_known_until_it_was_withdrawn(make_claim, link, editor):
    claim = make_claim()
    evidence = link(claim, Stance.SUPPORTS)

    withdraw(evidence, by=editor, reason="wrong claim")

    assert independent_origins(claim.evidence.with_record()) == []
    assert claim.evidence.get().withdrawn_by == editor


def test_the_timeline_shows_every_row_in_the_order_of_events(make_claim, link, move, editor):
    claim = make_claim()
    first = move(claim, "report", link(claim, Stance.SUPPORTS))
    denial = move(claim, "denial", link(claim, Stance.DENIES, published_at=APRIL_15 + 6 * HOUR))
    undo(denial, seen=claim.version, by=editor, reason="misread")
    claim.refresh_from_db()
    move(claim, "confirmation", link(claim, Stance.CONFIRMS, published_at=APRIL_15 - DAY))

    rows = timeline(list(claim.changes.with_record()))

    assert [(row.change.kind, row.before, row.after, row.moot) for row in rows] == [
        ("confirmation", None, "confirmed", False),
        ("report", "confirmed", "confirmed", True),
        ("denial", None, None, False),
        ("undo", None, None, False),
    ]
    assert rows[2].replaced_by.kind == "undo"
    assert rows[1].change == first


@pytest.mark.parametrize("size", [1, 30])
def test_standings_take_three_queries_for_any_number_of_claims(size, make_claim, link, move, django_assert_num_queries):
    claims = [make_claim(f"Claim {number}") for number in range(size)]
    for claim in claims:
        move(claim, "report", link(claim, Stance.SUPPORTS))

    now = clock.now()

    with django_assert_num_queries(3):
        found = standings(claims, APRIL_15, now)

    assert {each.status for each in found.values()} == {"rumored"}


def test_the_claims_found_by_a_status_at_a_moment_are_those_that_the_fold_gives(make_claim, link):
    """Every lag between event and record, asked for on every pair of moments."""
    days = [APRIL_15 + n * DAY for n in range(4)]
    for number, (event, learned) in enumerate((e, r) for e in days for r in days if r >= e):
        claim = make_claim(f"Claim {number}")
        for kind, stance, lag in (("report", Stance.SUPPORTS, 0), ("denial", Stance.DENIES, 1)):
            evidence = link(claim, stance, published_at=event + lag * HOUR)
            row = NewRow(kind, event + lag * HOUR, "instant", (evidence,))
            recorded_at = learned + lag * DAY + HOUR
            change_status(claim, row, seen=claim.version, by=None, recorded_at=recorded_at)
    moments = [APRIL_15 - HOUR, *(day + 2 * HOUR for day in days), None]

    for as_of, known_at in ((a, k) for a in moments for k in moments):
        folded = standings(Claim.objects.all(), as_of, known_at)
        for status in (*Status.values, "none"):
            asked = {"status": [status], "as_of": as_of, "known_at": known_at}
            expected = {pk for pk, found in folded.items() if (found.status or "none") == status}
            found = finding.with_status(Claim.objects.all(), asked)
            assert set(found.values_list("pk", flat=True)) == expected, asked


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-09-01", datetime(2023, 9, 1, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2024-04-15T05:00:00Z", datetime(2024, 4, 15, 5, tzinfo=UTC)),
        ("2024-04-15T13:00:00+08:00", datetime(2024, 4, 15, 5, tzinfo=UTC)),
        ("2024-04-15T13:00:00 08:00", datetime(2024, 4, 15, 5, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_with_a_bare_date_as_its_end(text, moment):
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-02-30", "2024-04-15T05:00", "10000-01-01", "0001-01-01", "2024\x00", "９"]
)
def test_a_moment_that_cannot_be_meant_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="Write a date such as"):
        parse_moment(text)


@given(st.text(max_size=60))
def test_any_text_is_a_moment_or_a_sentence(text):
    try:
        assert parse_moment(text).tzinfo is UTC
    except ValueError as error:
        assert "Write a date" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("precision", "words"),
    [
        ("instant", "on 15 April 2024, 02:00 UTC"),
        ("day", "on 15 April 2024"),
        ("month", "in April 2024"),
        ("year", "in 2024"),
        ("by", "by 15 April 2024"),
    ],
)
def test_a_date_is_told_as_exactly_as_it_is_known(precision, words):
    assert date_in_words(APRIL_15, precision) == words


ACTIONS = st.tuples(
    st.sampled_from(Kind.values),
    st.integers(0, 400),  # days back from today
    st.sampled_from(Precision.values),
    st.booleans(),  # replaces a row?
    st.integers(0, 3),  # which one
    st.sampled_from(Status.values),
)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, min_size=1, max_size=7))
def test_random_histories_lose_nothing_and_never_rewrite_what_was_known(actions, make_claim, link):
    """Drives the real writer with late facts, replacements, undos, overrides and all precisions."""
    claim = make_claim(f"Claim {clock.now().timestamp()}")
    ages = range(0, 420, 70)
    stances = {"report": "supports", "denial": "denies", "confirmation": "confirms", "background": "background"}
    written, remembered = [], {}
    for kind, days, precision, replaces, which, to in actions:
        event = clock.now() - days * DAY
        targets = [change for change in written if replaces or kind == Kind.UNDO][-4:]
        target = targets[which % len(targets)] if targets else None
        evidence = ()
        if kind in stances:
            evidence = (link(claim, stances[kind], published_at=event + DAY * 40, said_at=event),)
        try:
            if kind == Kind.UNDO and target:
                written.append(undo(target, seen=claim.version, by=None, reason="misread"))
            else:
                row = NewRow(
                    kind,
                    event,
                    precision,
                    evidence,
                    stage="signed" if kind == Kind.STAGE else "",
                    reason="a reason",
                    override_to=to if kind == Kind.OVERRIDE else "",
                    supersedes=target,
                )
                written.append(change_status(claim, row, seen=claim.version, by=None))
        except HistoryError as refusal:
            assert str(refusal).endswith(".")  # noqa: PT017
        claim.refresh_from_db()
        known_at = clock.now()
        for seen_at, before in remembered.items():
            assert [standing(claim, seen_at - age * DAY, seen_at).status for age in ages] == before
        remembered[known_at] = [standing(claim, known_at - age * DAY, known_at).status for age in ages]

    assert list(StatusChange.objects.filter(claim=claim).order_by("position")) == written
    assert claim.version == len(written)
    assert claim.status == standing(claim).status
    assert len(timeline(list(claim.changes.with_record()))) == len(written)
