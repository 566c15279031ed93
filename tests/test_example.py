"""The example newsroom against the case it was read from: who said what, and how each claim stood, on both clocks."""

import io
import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from alerts import composing, gathering, sending, story
from alerts.models import Alert, Subscriber
from deals import record
from deals.choices import Kind
from deals.models import Claim, Company, Deal, Evidence, Report, Source, StatusChange
from ingest.models import Feed
from tracker.example import newsroom as data
from tracker.example.loading import ExampleError, load
from tracker.management.commands.load_example import BEFORE_THE_STORY

ROOT = Path(__file__).parent.parent
CASE = ROOT.parent / "shared" / "cases" / "ev-deals.json"
LONG_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)


# (known at, as of) → how claims stood then.
EXPECTED = {
    ("2023-09-01", "2023-09-01"): {
        "K1": "rumored",
        "K2": "rumored",
        "K4": "rumored",
        "K6": "confirmed",
        "K14": "rumored",
        "K3": None,
        "K5": None,
        "K7": None,
        "K8": None,
        "K10": None,
    },
    # The announcement of October was not in the record yet.
    ("2023-12-31", "2023-12-31"): {"K1": "rumored", "K2": "rumored", "K3": None},
    ("2024-04-16", "2023-12-31"): {
        "K1": "confirmed",
        "K2": "confirmed",
        "K3": "confirmed",
        "K5": "confirmed",
        "K8": None,
    },
    ("2024-04-16", "2023-08-01"): {"K5": "confirmed", "K6": "confirmed", "K1": None, "K2": None},
    ("2024-04-16", "2024-04-12"): {"K7": "confirmed", "K10": None, "K8": None},
    ("2024-04-16", "2024-04-15T05:00:00Z"): {"K8": "rumored", "K9": "rumored", "K10": "rumored"},
    ("2024-04-16", "2024-04-15T12:00:00Z"): {"K8": "denied", "K9": "denied", "K10": "rumored"},
    ("2024-06-20", "2024-06-20"): {"K8": "confirmed", "K9": "denied", "K10": "rumored"},
    # Known only from an aside without a date, and so by 24 August; the day itself came in April 2024.
    ("2023-09-01", "2023-08-01"): {"K6": None},
}
# What each article causes when it is decided on its day. K8 and K9 go through a rumor, and are told once.
EXPECTED_ALERTS = [
    ["K1 new rumored", "K16 new rumored", "K2 new rumored", "K4 new rumored", "K6 new confirmed"],
    ["K13 new rumored", "K14 new rumored"],
    [
        "K1 rumored->confirmed (late)",
        "K10 new rumored",
        "K15 new confirmed",
        "K2 rumored->confirmed (late)",
        "K3 new confirmed (late)",
        "K5 new confirmed (late)",
        "K7 new confirmed",
        "K8 new denied",
        "K9 new denied",
    ],
]
AT_THE_END_OF_15_APRIL = {
    "rumored": ["K4", "K10", "K13", "K14", "K16"],
    "denied": ["K8", "K9"],
    "confirmed": ["K1", "K2", "K3", "K5", "K6", "K7", "K11", "K15", "K17", "K18", "K19", "K20"],
}


@contextmanager
def loaded(blocker, *arguments, **options):
    """The example in the database for several tests; each of them, and in the end all of it, is rolled back."""
    with blocker.unblock(), transaction.atomic():
        yield load(*arguments, **options)
        transaction.set_rollback(True)


@pytest.fixture(scope="class")
def whole(django_db_setup, django_db_blocker):
    """The whole record: case → claim."""
    with loaded(django_db_blocker, data.read_newsroom()) as claims:
        yield claims


@pytest.fixture(scope="class")
def evening(django_db_setup, django_db_blocker):
    """The record of 14 April 2024 with its sample feeds: case → claim."""
    with loaded(django_db_blocker, data.read_newsroom(), until=BEFORE_THE_STORY, feeds=data.read_feeds()) as claims:
        yield claims


@pytest.fixture(scope="session")
def case():
    """The case file: the careful reading of the three articles that the example was made from."""
    if not CASE.exists():
        pytest.skip("the case file is not beside this checkout")
    return json.loads(CASE.read_text())


def statuses(claims, known_at, as_of):
    found = record.standings(claims.values(), record.parse_moment(as_of), record.parse_moment(known_at))
    return {case: found[claim.pk].status for case, claim in claims.items()}


def qualifiers(claims, case, as_of, known_at=None):
    moments = record.parse_moment(as_of), record.parse_moment(known_at or as_of)
    return record.standings([claims[case]], *moments)[claims[case].pk].qualifiers


def asked(found, expected):
    return {when: {case: found[when][case] for case in cases} for when, cases in expected.items()}


def runs(text, length=8):
    """Each run of so many words in a text."""
    words = text.casefold().replace("’", "'").split()
    return {" ".join(words[start : start + length]) for start in range(len(words) - length + 1)}


def told_to(subscriber, claims):
    """What the subscriber's mails tell, in the case file's words."""
    cases = {claim.pk: case for case, claim in claims.items()}
    told = []
    for delivery in subscriber.deliveries.order_by("pk"):
        for each in composing.told_by(delivery, story.read(delivery.alert)):
            step = f"{each.before.status}->{each.after.status}" if each.before.status else f"new {each.after.status}"
            late = " (late)" if "late" in each.after.qualifiers else ""
            told.append(f"{cases[each.net.claim_id]} {step}{late}")
    return told


def from_the_articles_alone(newsroom):
    """The newsroom as if it had held nothing but the three articles, up to 15 April 2024."""
    evidence = tuple(item for item in newsroom.evidence if item.report in ("R0", "R1", "R2"))
    r0 = next(report.recorded for report in newsroom.reports if report.key == "R0")
    held = {item.key for item in evidence}
    rows = {change.key: change for change in newsroom.changes}
    instead = {
        "K1.1": replace(rows["K1.1"], event=rows["K2.1"].event, recorded=r0, evidence=("S0.01",)),
        "K4.1": replace(rows["K4.1"], event=rows["K13.1"].event, precision="month", recorded=r0, evidence=("S0.04",)),
        "K11.1": replace(
            rows["K11.1"],
            kind="override",
            event=r0.date(),
            precision="by",
            recorded=r0,
            evidence=("S0.09",),
            override_to="confirmed",
            reason="Stated by an outlet without a source; well known.",
            quiet_reason="Long known.",
        ),
    }
    changes = [instead.get(key, row) for key, row in rows.items() if key in instead or held.issuperset(row.evidence)]
    return replace(newsroom, evidence=evidence, changes=tuple(changes))


def assert_nothing_is_told(settings):
    settings.GRACE_SECONDS = 0

    while gathering.take_up():
        pass
    gathering.close_ripe()

    assert StatusChange.objects.exists()
    assert not Alert.objects.exists()


@pytest.mark.django_db
class TestTheWholeRecord:
    def test_each_claim_stood_as_the_case_says_on_both_clocks(self, whole):
        found = {when: statuses(whole, *when) for when in EXPECTED}

        assert asked(found, EXPECTED) == EXPECTED

    def test_the_api_tells_the_same_on_both_clocks(self, whole, client):
        found = {}
        for known_at, as_of in EXPECTED:
            for case in EXPECTED[known_at, as_of]:
                moments = {"as_of": as_of, "known_at": known_at}
                body = client.get(f"/api/v1/claims/{whole[case].slug}/", moments).json()
                found.setdefault((known_at, as_of), {})[case] = body["status"]

        assert found == EXPECTED

    def test_with_the_outside_sources_the_bankruptcy_is_confirmed_too(self, whole):
        found = statuses(whole, "2024-04-15", "2024-04-15")

        assert {case for case, status in found.items() if status == "confirmed"} == {
            *AT_THE_END_OF_15_APRIL["confirmed"],
            "K12",
        }
        assert {case for case, status in found.items() if status == "denied"} == {"K8", "K9"}

    def test_each_dated_step_of_the_case_holds_from_the_day_it_could_be_known(self, case, whole):
        wrong = []
        for claim in case["claims"]:
            for step in claim["timeline"]:
                if "event_date" not in step or step["precision"] not in ("day", "month"):
                    continue
                of_month = step["precision"] == "month"
                as_of = f"{step['event_date']}-30" if of_month else step["event_date"]
                found = statuses(whole, step["known_from"], max(as_of, step["event_date"]))[claim["id"]]
                if found != step["status"]:
                    wrong.append((claim["id"], as_of, step["known_from"], found, step["status"]))

        assert wrong == []

    def test_jlr_and_chery_go_from_rumor_to_denial_to_a_confirmation_in_part(self, whole):
        rows = record.timeline(whole["K8"].changes.with_record())

        assert [(row.before, row.after) for row in rows] == [
            (None, "rumored"),
            ("rumored", "denied"),
            ("denied", "confirmed"),
        ]
        assert [row.change.stage for row in rows] == ["near_final", "near_final", "letter_of_intent"]
        assert qualifiers(whole, "K8", "2024-06-20") == {"partial_terms_changed"}

    def test_both_denials_answer_the_report_of_36kr_and_leave_the_two_brands_alone(self, whole):
        denials = Evidence.objects.filter(stance="denies").select_related("answers__source", "report__source")

        assert {denial.answers.source.name for denial in denials} == {"36kr"}
        assert {denial.claim for denial in denials} == {whole["K8"], whole["K9"]}
        assert {(denial.company.name, int(denial.rung)) for denial in denials if denial.claim == whole["K8"]} == {
            ("Chery", 3),
            ("Jaguar Land Rover China", 4),
            ("JLR", 4),
        }

    def test_the_jaguar_claim_is_denied_by_entailment_and_its_due_date_passes(self, whole):
        assert qualifiers(whole, "K9", "2024-12-31") == {"by_entailment"}
        assert qualifiers(whole, "K9", "2025-01-01") == {"by_entailment", "deadline_passed"}

    def test_a_rumor_goes_stale_180_days_after_its_last_support(self, whole):
        assert "stale" not in qualifiers(whole, "K4", "2024-02-19")
        assert "stale" in qualifiers(whole, "K4", "2024-02-20")
        assert "stale" in qualifiers(whole, "K16", "2024-02-20")

    def test_an_announcement_that_was_learned_half_a_year_later_is_late(self, whole):
        assert qualifiers(whole, "K1", "2024-04-16") == {"terms_added", "late"}
        assert qualifiers(whole, "K3", "2024-04-16") == {"announced_plan", "late"}
        assert qualifiers(whole, "K7", "2024-04-16") == frozenset()

    def test_the_undated_row_is_replaced_by_the_dated_one_and_kept(self, whole):
        rows = record.timeline(whole["K6"].changes.with_record())

        assert [(row.change.event_at.date().isoformat(), row.change.precision) for row in rows] == [
            ("2023-07-26", "day"),
            ("2023-08-24", "by"),
        ]
        assert rows[1].replaced_by == rows[0].change

    def test_copies_of_one_story_count_as_one_origin(self, whole):
        support = whole["K1"].evidence.with_record().filter(stance="supports")

        groups = record.independent_origins(support)

        assert [(group.root.source.name, group.reports) for group in groups] == [("Bloomberg", 4)]

    def test_background_claims_rest_on_background_rows(self, whole):
        kinds = StatusChange.objects.filter(claim__in=[whole[case] for case in ("K17", "K18", "K19", "K20")])

        assert set(kinds.values_list("kind", flat=True)) == {Kind.BACKGROUND}

    def test_every_row_is_quiet_says_why_and_was_written_in_the_order_it_was_learned(self, whole):
        rows = list(StatusChange.objects.order_by("position"))

        assert all(row.quiet and row.quiet_reason for row in rows)
        assert [row.recorded_at for row in rows] == sorted(row.recorded_at for row in rows)

    def test_nothing_of_it_is_alerted(self, whole, settings):
        assert_nothing_is_told(settings)


@pytest.mark.django_db
class TestTheEveningBefore:
    """The record of 14 April 2024, and the feeds that bring what came next."""

    def test_on_the_evening_of_14_april_nothing_is_known_of_jlr_and_chery(self, evening):
        assert set(evening) == {"K1", "K2", "K4", "K6", "K11", "K12", "K13", "K14", "K16", "K17"}
        assert all(claim.published and claim.public_since for claim in evening.values())
        assert not StatusChange.objects.filter(recorded_at__gt=BEFORE_THE_STORY).exists()
        assert not Evidence.objects.filter(recorded_at__gt=BEFORE_THE_STORY).exists()
        assert not Report.objects.filter(recorded_at__gt=BEFORE_THE_STORY).exists()
        assert not Deal.objects.filter(title__contains="JLR").exists()
        assert Company.objects.named("捷豹路虎").get().name == "JLR"
        assert Source.objects.named("第一财经").get().name == "Yicai"

    def test_the_desk_follows_everything_so_that_a_newcomer_sees_mail(self, evening):
        subscription = Subscriber.objects.reachable().get(email="desk@example.org").subscriptions.active().get()

        assert subscription.claim is None

    @pytest.mark.parametrize("again", [[], ["--whole"]])
    def test_loading_twice_is_refused_in_one_line_and_changes_nothing(self, again, evening):
        before = [model.objects.count() for model in (Company, Source, Claim, StatusChange, Feed)]

        with pytest.raises(CommandError, match="^The example is here already") as refusal:
            call_command("load_example", *again)

        assert refusal.value.returncode == 2
        assert "\n" not in str(refusal.value)
        assert [model.objects.count() for model in (Company, Source, Claim, StatusChange, Feed)] == before

    def test_nothing_of_it_is_alerted(self, evening, settings):
        assert_nothing_is_told(settings)


def test_a_rumor_timed_by_its_copy_after_the_denial_is_denied(make_claim, link, move):
    claim = make_claim()

    move(claim, "report", link(claim, "supports", published_at=datetime(2024, 4, 15, 16, 5, tzinfo=UTC)))
    move(claim, "denial", link(claim, "denies", published_at=datetime(2024, 4, 15, 14, tzinfo=UTC)))

    assert claim.status == "denied"


def test_a_rumor_at_noon_and_a_denial_known_by_its_day_are_denied(make_claim, link, move):
    claim = make_claim()

    move(claim, "denial", link(claim, "denies", published_at=datetime(2024, 4, 15, 20, tzinfo=UTC)), precision="day")
    move(claim, "report", link(claim, "supports", published_at=datetime(2024, 4, 15, 12, 10, tzinfo=UTC)))

    assert claim.status == "denied"


def test_a_confirmation_of_july_entered_after_a_rumor_of_august_holds_on_both_days(make_claim, link, move):
    claim = make_claim()
    july, august = datetime(2023, 7, 26, 12, tzinfo=UTC), datetime(2023, 8, 24, 12, tzinfo=UTC)

    move(claim, "report", link(claim, "supports", published_at=august), precision="day")
    move(claim, "confirmation", link(claim, "confirms", published_at=july), precision="day")

    for day in ("2023-07-26", "2023-08-24"):
        assert record.standings([claim], record.parse_moment(day))[claim.pk].status == "confirmed"


def test_from_the_articles_alone_each_claim_stands_as_told_on_15_april(db):
    claims = load(from_the_articles_alone(data.read_newsroom()))

    found = statuses(claims, "2024-04-15", "2024-04-15")

    by_status = {status: [case for case in found if found[case] == status] for status in AT_THE_END_OF_15_APRIL}
    assert by_status == AT_THE_END_OF_15_APRIL
    assert "K12" not in claims


def test_a_subscriber_who_is_there_already_is_left_alone(db):
    subscriber = Subscriber.objects.create(email="desk@example.org")

    load(data.read_newsroom())

    subscriber.refresh_from_db()
    assert subscriber.confirmed_at is None
    assert not subscriber.subscriptions.exists()


@pytest.mark.parametrize("options", [[], ["--whole"]])
def test_the_command_prints_one_json_line_a_claim(options, db):
    out = io.StringIO()

    call_command("load_example", *options, stdout=out, stderr=io.StringIO())

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    stored = {claim.slug: claim.status for claim in Claim.objects.all()}
    assert {line["slug"]: line["status"] for line in lines} == stored
    assert len(lines) == (20 if options else 10)
    assert lines[0]["case"] == "K1"


def test_a_company_of_ones_own_is_never_taken_over(make_company):
    make_company("Chery", aliases=["our own alias"])

    with pytest.raises(ExampleError, match="The company “Chery” is here already"):
        load(data.read_newsroom())

    assert list(Company.objects.values_list("name", flat=True)) == ["Chery"]


def test_a_wrong_argument_is_answered_in_one_line_with_exit_2(tmp_path):
    run = subprocess.run(
        [sys.executable, ROOT / "manage.py", "load_example", "--half"],
        env={**os.environ, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert "--half" in run.stderr


def test_data_that_leads_nowhere_is_refused_by_name():
    newsroom = data.read_newsroom()
    lost = replace(newsroom.evidence[0], origin="R99")

    with pytest.raises(data.NewsroomError, match="evidence O-GAC.K11: there is no “R99”"):
        data.check(replace(newsroom, evidence=(lost, *newsroom.evidence[1:])))


def test_data_with_a_field_that_no_row_has_is_refused_by_name(tmp_path):
    wrong = tmp_path / "newsroom.json"
    wrong.write_text('{"deals": [{"key": "D1", "title": "One", "colour": "red"}]}')

    with pytest.raises(data.NewsroomError, match="deals D1: .*colour"):
        data.read_newsroom(wrong)


def test_the_case_expects_what_we_expect(case):
    theirs = {(each["known_at"], each["as_of"]): each["expect"] for each in case["as_of_expectations"]}

    assert theirs == EXPECTED


def test_each_claim_stands_from_the_articles_alone_as_the_case_says(case, db):
    claims = load(from_the_articles_alone(data.read_newsroom()))

    found = statuses(claims, "2024-04-15", "2024-04-15")

    expected = case["final_status_2024_04_15"]
    assert {case: found.get(case) for case in expected} == expected


def test_the_case_names_the_same_companies_deals_and_parties(case):
    newsroom = data.read_newsroom()
    wordings = {claim.case: {company for company, _ in claim.parties} for claim in newsroom.claims}
    renamed = {"unnamed_eu_luxury_2": "two_luxury_brands", "unnamed_cn_ev": "other_ev_makers"}
    theirs = {
        claim["id"]: {renamed.get(each["party"], each["party"]) for each in claim["parties"]}
        for claim in case["claims"]
    }

    assert len(newsroom.companies) == len(case["parties"])
    assert {claim.case: claim.deal for claim in newsroom.claims} == {c["id"]: c["deal"] for c in case["claims"]}
    assert wordings == theirs


def test_each_statement_of_the_case_is_evidence_with_its_stance_speaker_and_certainty(case):
    ours = {}
    for item in data.read_newsroom().evidence:
        ours[item.key] = (
            item.report,
            item.claim,
            item.stance,
            item.speaker,
            item.name,
            item.company,
            item.certainty,
            item.part,
        )
        for key in item.also:  # the same speaker once more, in the body of the text
            ours[key] = ours[item.key]

    wrong = [each["id"] for each in case["statements"] if ours.get(each["id"]) != mapped(each)]

    assert wrong == ["S1.02", "S2.02"]
    assert [ours[key][:6] for key in wrong] == [mapped(each)[:6] for each in case["statements"] if each["id"] in wrong]


def mapped(statement):
    """A statement of the case file in our words."""
    speaker, certainty = statement["speaker"], statement["certainty"]
    kinds = {"outlet_voice": "outlet", "party": "company", "party_team": "team", "party_representatives": "team"}
    kind = kinds.get(speaker["kind"], speaker["kind"])
    return (
        statement["report"],
        statement["claim"],
        statement["stance"].removeprefix("asserts_"),
        kind,
        speaker["name"] if kind == "named" else "",
        speaker["party"].rstrip("?") if "party" in speaker and kind != "anonymous" else None,
        "hedged" if certainty.startswith("hedged") else "conditional" if certainty == "conditional" else "stated",
        "body" if statement["part"] == "body" else "headline",
    )


def test_the_outside_sources_of_the_case_stand_at_their_addresses(case):
    ours = {report.key: report.url for report in data.read_newsroom().reports}

    assert {each["id"]: ours.get(each["id"]) for each in case["external_evidence"]} == {
        each["id"]: each["url"] for each in case["external_evidence"]
    }


def test_the_data_takes_over_no_words_of_the_articles(case):
    texts = [path.read_text() for path in sorted((CASE.parent / "seeds").glob("*.txt"))]
    theirs = {words for text in texts for words in runs(text)}
    newsroom, feeds = data.read_newsroom(), data.read_feeds()
    ours = [claim.wording for claim in newsroom.claims] + [report.title for report in newsroom.reports]
    ours += [change.reason for change in newsroom.changes]
    ours += [text for feed in feeds.feeds for item in feed.items for text in (item.title, *item.text)]

    assert {words for text in ours for words in runs(text)} & theirs == set()


def test_the_three_articles_decided_at_their_dates_cause_the_alerts_that_the_case_expects(db, settings):
    settings.GRACE_SECONDS = 0
    newsroom = from_the_articles_alone(data.read_newsroom())
    subscriber = Subscriber.objects.create(email="reader@example.org", confirmed_at=LONG_BEFORE)
    subscriber.subscriptions.create(since=LONG_BEFORE)
    claims = load(newsroom, quiet=False)
    rows_of_each_article = [rows for _, rows in sorted(Counter(row.recorded for row in newsroom.changes).items())]

    told = []
    for rows in rows_of_each_article:
        gathering.take_up(rows)
        gathering.close_ripe()
        sending.send_waiting()
        told.append(sorted(set(told_to(subscriber, claims)) - {line for lines in told for line in lines}))

    assert told == EXPECTED_ALERTS
    assert len(told_to(subscriber, claims)) == sum(map(len, EXPECTED_ALERTS))


def test_the_case_expects_the_alerts_that_we_expect(case):
    theirs = [
        sorted(
            line.replace(", net status", "").split(",")[0].replace(" (headline only)", "")
            for line in case["alerts_expected"][article]
            if not line.startswith("no alert")
        )
        for article in ("after_R0", "after_R1", "after_R2")
    ]

    assert theirs == EXPECTED_ALERTS
