"""The claim at the desk: its page, decide, “this report answers …”, undo, withdrawing; nothing is lost or forged."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deals import followers, linking
from deals.choices import Kind, Stance
from deals.linking import LinkError, answer
from deals.models import Claim, Company, Deal, Evidence, Ground, Report, Source, StatusChange

RUMOR = datetime(2024, 4, 15, 2, tzinfo=UTC)
DENIAL = datetime(2024, 4, 15, 8, tzinfo=UTC)
NO_TERMS = {"terms-TOTAL_FORMS": 0, "terms-INITIAL_FORMS": 0}


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


@pytest.fixture
def rumored(make_claim, link, move):
    """A claim that 36kr's story made a rumor at 02:00 UTC."""

    def make(wording="JLR will use Chery's platforms", **fields):
        claim = make_claim(wording, **fields)
        move(claim, Kind.REPORT, link(claim, Stance.SUPPORTS, published_at=RUMOR))
        return claim

    return make


def decide_url(claim, **query):
    return reverse("admin:deals_claim_decide", args=[claim.pk], query=query)


def decision(claim, *evidence, kind="denial", at=DENIAL, **more):
    """What the decide form posts."""
    return {
        "kind": kind,
        "day": f"{at:%Y-%m-%d}",
        "time": f"{at:%H:%M}",
        "precision": "instant",
        "seen": claim.version,
        "evidence": [item.pk for item in evidence],
        **more,
    }


def preview(desk, claim, *evidence, **more):
    return desk.post(decide_url(claim), {**decision(claim, *evidence, **more), "_preview": "Preview"})


def decide(desk, claim, *evidence, **more):
    """Preview, then confirm what was previewed, as the page's two buttons do."""
    data = decision(claim, *evidence, **more)
    seen = desk.post(decide_url(claim), {**data, "_preview": "Preview"})
    return desk.post(decide_url(claim), {**data, "previewed": seen.context["previewed"], "_confirm": "Confirm"})


def kinds_of(claim):
    return list(StatusChange.objects.filter(claim=claim).order_by("position").values_list("kind", flat=True))


def text_of(response):
    return " ".join(response.content.decode().split())


def test_the_claim_page_shows_the_history_in_fold_order_and_the_evidence_by_origin(
    desk, rumored, link, move, make_report
):
    claim = rumored()
    move(claim, Kind.DENIAL, link(claim, Stance.DENIES, published_at=DENIAL, quote="不属实"), reason="On the record.")
    first = Report.objects.earliest("pk")
    link(claim, Stance.SUPPORTS, make_report(published_at=RUMOR + timedelta(hours=1)), origin=first)

    page = desk.get(reverse("admin:deals_claim_change", args=[claim.pk]))

    assert [row.change.kind for row, _ in page.context["rows"]] == ["report", "denial"]
    assert [len(group.evidence) for group in page.context["origins"]] == [2, 1]
    said = text_of(page)
    for words in (
        "Jin Yibo, spokesman, for Chery",
        "不属实",
        "on 15 April 2024, 08:00 UTC",
        "On the record.",
        "counted once",
    ):
        assert words in said


def test_the_claim_page_links_to_the_public_page_only_when_there_is_one(desk, rumored):
    public, draft = (
        rumored("JLR will use Chery's platforms"),
        rumored("Jaguar will use Exeed's platform", published=False),
    )

    assert public.get_absolute_url() in text_of(desk.get(reverse("admin:deals_claim_change", args=[public.pk])))
    assert "only the desk sees it" in text_of(desk.get(reverse("admin:deals_claim_change", args=[draft.pk])))


def test_a_decision_is_previewed_then_written_and_the_claim_is_denied(desk, rumored, link, editor):
    claim = rumored()
    denial = link(claim, Stance.DENIES, published_at=DENIAL)

    answer = decide(desk, claim, denial, reason="Both sides.")

    assert answer.url == reverse("admin:deals_claim_change", args=[claim.pk])
    row = claim.changes.get(kind=Kind.DENIAL)
    assert (row.by, row.event_at, row.reason) == (editor, DENIAL, "Both sides.")
    claim.refresh_from_db()
    assert claim.status == "denied"


def test_a_preview_says_what_would_happen_and_writes_nothing(desk, rumored, link):
    claim = rumored()
    denial = link(claim, Stance.DENIES, published_at=DENIAL)

    page = preview(desk, claim, denial)

    assert page.context["preview"].before.status == "rumored"
    assert page.context["preview"].after.status == "denied"
    assert [step.after for step in page.context["resulting"]] == ["rumored", "denied"]
    assert kinds_of(claim) == ["report"]
    assert Claim.objects.get(pk=claim.pk).version == claim.version


def test_a_preview_says_what_becomes_moot(desk, rumored, link):
    claim = rumored()
    early = link(claim, Stance.CONFIRMS, published_at=RUMOR - timedelta(days=20))

    page = preview(desk, claim, early, kind="confirmation", at=RUMOR - timedelta(days=20))

    assert [row.kind for row in page.context["preview"].becomes_moot] == ["report"]
    assert "Becomes moot" in text_of(page)


def test_only_what_was_previewed_can_be_confirmed(desk, rumored, link):
    claim = rumored()
    denial = link(claim, Stance.DENIES, published_at=DENIAL)
    shown = preview(desk, claim, denial, reason="First thought")

    changed = decision(claim, denial, reason="Second thought")
    page = desk.post(decide_url(claim), {**changed, "previewed": shown.context["previewed"], "_confirm": "Confirm"})

    assert "You changed something after the preview" in text_of(page)
    assert kinds_of(claim) == ["report"]


@pytest.mark.parametrize(
    ("stance", "kind", "sentence"),
    [
        (Stance.NO_COMMENT, "denial", "no comment, no response and doubt are not denials"),
        (Stance.SUPPORTS, "confirmation", "any number of unnamed sources stays a rumor"),
    ],
)
def test_a_decision_without_its_evidence_says_what_is_missing(stance, kind, sentence, desk, rumored, link):
    claim = rumored()
    item = link(claim, stance, published_at=DENIAL)

    shown = desk.get(decide_url(claim, evidence=item.pk))
    refused = decide_without_preview(desk, claim, item, kind=kind)

    assert sentence in text_of(shown)
    assert sentence in refused.context["preview"].refusal
    assert kinds_of(claim) == ["report"]


def decide_without_preview(desk, claim, *evidence, **more):
    return desk.post(decide_url(claim), {**decision(claim, *evidence, **more), "_confirm": "Confirm"})


def test_the_page_proposes_the_kind_and_the_time_that_the_picked_evidence_gives(desk, rumored, link):
    claim = rumored()
    denial = link(claim, Stance.DENIES, published_at=DENIAL)

    form = desk.get(decide_url(claim, evidence=denial.pk)).context["form"]

    assert form["kind"].value() == "denial"
    assert (str(form["day"].value()), str(form["time"].value()), form["precision"].value()) == (
        "2024-04-15",
        "08:00:00",
        "instant",
    )


def test_the_second_of_two_editors_is_told_who_was_first_and_keeps_the_input(desk, rumored, link, move, senior):
    claim = rumored()
    denial = link(claim, Stance.DENIES, published_at=DENIAL)
    mine = decision(claim, denial, reason="Typed with care.")
    shown = desk.post(decide_url(claim), {**mine, "_preview": "Preview"})
    move(claim, Kind.STAGE, at=DENIAL, stage="in_talks", reason="Their plan", by=senior)

    page = desk.post(decide_url(claim), {**mine, "previewed": shown.context["previewed"], "_confirm": "Confirm"})

    assert [row.by for row in page.context["conflict"]] == [senior]
    assert senior.username in text_of(page)
    assert page.context["form"]["reason"].value() == "Typed with care."
    assert kinds_of(claim) == ["report", "stage"]
    again = decide(desk, Claim.objects.get(pk=claim.pk), denial, reason="Typed with care.")
    assert again.status_code == 302
    assert kinds_of(claim) == ["report", "stage", "denial"]


def test_a_denial_of_the_whole_is_proposed_for_its_parts_and_written_where_it_is_ticked(desk, rumored, link):
    whole = rumored("JLR will use Chery's platforms")
    part = rumored("Jaguar will use Exeed's platform", part_of=whole)
    other = rumored("Land Rover will use Exeed's platform", part_of=whole)
    denial = link(whole, Stance.DENIES, published_at=DENIAL)

    shown = desk.get(decide_url(whole, evidence=denial.pk))
    assert [(item.claim, item.ticked) for item in shown.context["companions"]] == [(part, False), (other, False)]
    seen = {f"seen_{claim.pk}": claim.version for claim in (part, other)}
    answer = decide(desk, whole, denial, **{"with": [part.pk], "entailed": [part.pk]}, **seen)

    assert answer.status_code == 302
    on_whole, on_part = whole.changes.get(kind=Kind.DENIAL), part.changes.get(kind=Kind.DENIAL)
    assert on_part.qualifiers == ["by_entailment"]
    assert on_part.step == on_whole.step
    assert on_part.evidence.get().report == denial.report
    assert kinds_of(other) == ["report"]


def test_a_confirmation_of_a_part_is_proposed_for_the_whole(desk, rumored, link):
    whole = rumored("JLR will use Chery's platforms")
    part = rumored("Jaguar will use Exeed's platform", part_of=whole)
    item = link(part, Stance.CONFIRMS, published_at=DENIAL)

    ticked = {"with": [whole.pk], "entailed": [whole.pk], f"seen_{whole.pk}": whole.version}
    answer = decide(desk, part, item, kind="confirmation", **ticked)

    assert answer.status_code == 302
    whole.refresh_from_db()
    assert whole.status == "confirmed"
    assert whole.changes.get(kind=Kind.CONFIRMATION).qualifiers == ["by_entailment"]


def test_nothing_of_a_step_is_written_if_one_of_its_claims_refuses(desk, rumored, link, make_company):
    whole = rumored("JLR will use Chery's platforms")
    part = rumored("Xpeng will use Exeed's platform", part_of=whole, parties=[(make_company("Xpeng"), "partner")])
    denial = link(whole, Stance.DENIES, published_at=DENIAL)

    ticked = {"with": [part.pk], "entailed": [part.pk], f"seen_{part.pk}": part.version}
    page = decide(desk, whole, denial, **ticked)

    assert "must come from a party" in text_of(page)
    assert kinds_of(whole) == kinds_of(part) == ["report"]
    assert not part.evidence.filter(stance=Stance.DENIES).exists()


def test_the_second_editor_is_told_of_a_change_on_a_part_too(desk, rumored, link, move, senior):
    whole = rumored("JLR will use Chery's platforms")
    part = rumored("Jaguar will use Exeed's platform", part_of=whole)
    denial = link(whole, Stance.DENIES, published_at=DENIAL)
    ticked = {"with": [part.pk], "entailed": [part.pk], f"seen_{part.pk}": part.version}
    move(part, Kind.STAGE, at=DENIAL, stage="planned", reason="Their plan", by=senior)

    page = preview(desk, whole, denial, **ticked)

    assert [row.claim for row in page.context["conflict"]] == [part]


def test_a_preview_counts_who_will_be_told(desk, rumored, link, monkeypatch):
    claim = rumored()
    denial = link(claim, Stance.DENIES, published_at=DENIAL)
    monkeypatch.setattr(followers, "count", lambda claims: 3 * len(list(claims)))

    told = preview(desk, claim, denial).context["told"]
    untold = preview(desk, claim, denial, quiet="on", quiet_reason="An import").context["told"]

    assert told == "3 people will be told."
    assert untold == "Nobody will be told: the row is quiet."


def test_a_preview_promises_no_mail_for_a_stage_or_for_background_which_tell_nobody(
    desk, rumored, make_claim, link, monkeypatch
):
    monkeypatch.setattr(followers, "count", lambda claims: 3)
    claim, known = rumored(), make_claim("JLR and Chery run a joint venture")
    fact = link(known, Stance.BACKGROUND, published_at=DENIAL)

    stage = preview(desk, claim, kind="stage", stage="in_talks", reason="Said so").context["told"]
    background = preview(desk, known, fact, kind="background", reason="Known since 2012").context["told"]

    assert stage == "Nobody will be told: the status and how it holds stay the same."
    assert background == "Nobody will be told: background is no news."


def test_an_answer_is_linked_to_the_ticked_claims_alone(desk, rumored, make_report, make_source, make_company):
    k8 = rumored("JLR will use Chery's platforms")
    answered = k8.evidence.get().report
    k10 = rumored("Two European luxury brands will use Chery's platform")
    Evidence.objects.create(claim=k10, report=answered, stance=Stance.SUPPORTS)
    denial = make_report(title="Chery denies", published_at=DENIAL)
    url = reverse("admin:deals_report_answers", args=[denial.pk], query={"answered": answered.pk})

    shown = desk.get(url)
    answer = desk.post(
        url,
        {
            "claims": [k8.pk],
            "stance": "denies",
            "speaker_kind": "named",
            "speaker_name": "Jin Yibo",
            "speaker_role": "spokesman",
            "company": make_company("Chery").pk,
            "quote": "不属实",
            "certainty": "stated",
            "part": "body",
            "outlet": make_source("36kr").pk,
        },
    )

    assert shown.context["carried"] == [k8, k10]
    assert not shown.context["chosen"]
    linked = Evidence.objects.get(report=denial)
    assert (linked.claim, linked.answers, linked.speaker) == (k8, answered, "Jin Yibo, spokesman, for Chery")
    assert linked.origin.placeholder
    assert linked.origin.source.name == "36kr"
    assert answer.url == decide_url(k8, evidence=linked.pk)


def test_an_answer_to_several_claims_is_decided_in_one_step(desk, rumored, make_report, make_company):
    whole = rumored("JLR will use Chery's platforms")
    part = rumored("Jaguar will use Exeed's platform", part_of=whole)
    answered = whole.evidence.get().report
    denial = make_report(title="Chery denies", published_at=DENIAL)

    answer = desk.post(
        reverse("admin:deals_report_answers", args=[denial.pk], query={"answered": answered.pk}),
        {
            "claims": [part.pk, whole.pk],
            "stance": "denies",
            "speaker_kind": "team",
            "speaker_role": "China team",
            "company": make_company("JLR").pk,
            "certainty": "stated",
            "part": "body",
        },
    )
    assert urlsplit(answer.url).path == decide_url(whole)
    query = parse_qs(urlsplit(answer.url).query)
    shown = desk.get(answer.url)
    assert [(item.claim, item.ticked, item.entailed) for item in shown.context["companions"]] == [(part, True, True)]

    evidence = Evidence.objects.get(pk=query["evidence"][0])
    ticked = {"also": query["also"], "with": [part.pk], "entailed": [part.pk], f"seen_{part.pk}": part.version}
    assert decide(desk, whole, evidence, **ticked).status_code == 302

    assert {whole.changes.get(kind=Kind.DENIAL).step} == {part.changes.get(kind=Kind.DENIAL).step}


def test_a_statement_that_is_linked_already_is_filled_in_and_keeps_what_it_answers(desk, rumored, link, make_report):
    claim = rumored()
    story = claim.evidence.get().report
    chery = claim.companies.get(name="Chery")
    speaker = {"speaker_kind": "named", "speaker_name": "Jin Yibo", "company": chery, "quote": "Untrue."}
    denial = link(claim, Stance.DENIES, make_report(title="Chery denies", published_at=DENIAL), **speaker)
    query = {"said": denial.pk, "answered": story.pk}
    address = reverse("admin:deals_report_answers", args=[denial.report_id], query=query)

    shown = desk.get(address)
    filled = {name: field.value() or "" for name, field in ((field.name, field) for field in shown.context["form"])}
    answer = desk.post(address, {**filled, "claims": list(shown.context["chosen"])})

    assert (filled["stance"], filled["speaker_name"], filled["quote"]) == ("denies", "Jin Yibo", "Untrue.")
    assert shown.context["chosen"] == {claim.pk}
    assert answer.url == decide_url(claim, evidence=denial.pk)
    denial.refresh_from_db()
    assert denial.answers == story


def test_a_statement_that_answers_another_report_is_not_turned_round(desk, rumored, link, make_report, editor):
    claim = rumored()
    other = make_report(title="Another story")
    denial = link(claim, Stance.DENIES, make_report(published_at=DENIAL), answers=other)
    same = ("company", "speaker_kind", "speaker_name", "speaker_role")
    speaker = {name: getattr(denial, name) for name in same}

    with pytest.raises(LinkError, match="linked as the answer to “.*Another story”"):
        answer(denial.report, claim.evidence.first().report, [claim], by=editor, **speaker)

    denial.refresh_from_db()
    assert denial.answers == other


def test_a_decision_says_how_the_claim_stands_and_who_hears_of_it(desk, rumored, link, monkeypatch):
    monkeypatch.setattr(followers, "count", lambda claims: 3)
    claim = rumored()
    paper = link(claim, Stance.CONFIRMS, speaker_kind="document", published_at=DENIAL)

    written = decide(desk, claim, paper, kind="confirmation", qualifiers=["partial_terms_changed"])

    said = text_of(desk.get(written.url))
    assert "Written. The claim is confirmed (in part: terms changed, recorded late). 3 people will be told." in said


def test_the_company_of_just_that_name_is_offered_first(desk, make_company):
    make_company("Chery Jaguar Land Rover")
    jaguar = make_company("Jaguar")
    field = {"app_label": "deals", "model_name": "party", "field_name": "company"}

    found = desk.get(reverse("admin:autocomplete"), {**field, "term": "jaguar"}).json()["results"]

    assert [row["text"] for row in found] == ["Jaguar", "Chery Jaguar Land Rover"]
    assert found[0]["id"] == str(jaguar.pk)


def test_an_answer_that_covers_nothing_is_refused_and_leaves_nothing(desk, rumored, make_report, make_source):
    answered = rumored().evidence.get().report
    denial = make_report(published_at=DENIAL)

    page = desk.post(
        reverse("admin:deals_report_answers", args=[denial.pk], query={"answered": answered.pk}),
        {
            "stance": "no_comment",
            "speaker_kind": "team",
            "certainty": "stated",
            "part": "body",
            "outlet": make_source("36kr").pk,
        },
    )

    assert "Tick at least one claim" in text_of(page)
    assert not Evidence.objects.filter(report=denial).exists()
    assert not Report.objects.filter(placeholder=True).exists()


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        ({}, "Give the report's address, or tick placeholder"),
        ({"url": "https://news.example/1", "placeholder": "on"}, "Give the report's address, or tick placeholder"),
        ({"url": "https://news.example/1", "retraction": "retracted"}, "Say when its outlet corrected or retracted it"),
        (
            {"title": "36kr's story", "placeholder": "on"},
            "There is a placeholder for that story of that source already",
        ),
    ],
)
def test_a_report_that_cannot_be_kept_is_refused_with_what_to_do(report, sentence, desk, make_source):
    source = make_source("36kr")
    linking.placeholder(source, "36kr's story")
    form = {"source": source.pk, "title": "Another story", "language": "zh", "published_precision": "day",
            "evidence-TOTAL_FORMS": 0, "evidence-INITIAL_FORMS": 0}  # fmt: skip

    page = desk.post(reverse("admin:deals_report_add"), {**form, **report})

    assert sentence in " ".join(page.context["adminform"].form.non_field_errors())


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ({"speaker_kind": "named"}, "Give the speaker's name"),
        ({"origin": True}, "Leave the origin empty where the report tells its own story."),
        ({"answers": True}, "A report does not answer itself: pick the one"),
    ],
)
def test_evidence_that_makes_no_sense_is_refused_with_what_to_do(statement, sentence, desk, make_claim, make_report):
    report = make_report()
    form = {"claim": make_claim().pk, "report": report.pk, "stance": "supports", "speaker_kind": "outlet",
            "certainty": "stated", "part": "body", "said_precision": "day"}  # fmt: skip
    said = {name: report.pk if value is True else value for name, value in statement.items()}

    page = desk.post(reverse("admin:deals_evidence_add"), {**form, **said})

    assert sentence in " ".join(page.context["adminform"].form.non_field_errors())


@pytest.mark.parametrize(
    "address",
    [
        "deals/claim/?status__exact=%00",
        "deals/evidence/?stance=%00",
        "autocomplete/?app_label=deals&model_name=evidence&field_name=claim&term=%00",
    ],
)
def test_a_nul_in_an_address_of_the_desk_is_refused(address, desk):
    assert desk.get(f"/admin/{address}").status_code == 400


def test_a_nul_in_the_search_box_finds_nothing_and_breaks_nothing(desk):
    assert desk.get("/admin/deals/claim/?q=%00").status_code == 200


@pytest.mark.parametrize("ticked", ["9" * 5000, "\0", "x", "²"])
def test_a_tick_that_is_no_claim_covers_nothing(ticked, desk, rumored, link, make_report):
    claim = rumored()
    story = claim.evidence.get().report
    address = reverse("admin:deals_report_answers", args=[make_report().pk], query={"answered": story.pk})

    page = desk.post(address, {"stance": "no_comment", "speaker_kind": "team", "certainty": "stated", "part": "body",
                               "claims": ticked})  # fmt: skip

    assert "Tick at least one claim that the answer covers." in text_of(page)


def test_the_answering_report_is_found_by_its_title_without_javascript(desk, make_report):
    report = make_report(title="Chery denies it")

    answer = desk.get(reverse("admin:deals_report_answers_start"), {"report_typed": "chery denies it"})

    assert answer.url == reverse("admin:deals_report_answers", args=[report.pk])


def test_a_company_is_found_by_its_alias_without_javascript(desk, editor, rumored, make_company, make_report):
    claim = rumored()
    chery = make_company("Chery", aliases=["奇瑞"])

    answer = desk.post(
        reverse("admin:deals_evidence_add"),
        {
            "claim": claim.pk,
            "report": make_report().pk,
            "stance": "denies",
            "speaker_kind": "team",
            "company_typed": "奇瑞",
            "certainty": "stated",
            "part": "body",
            "said_precision": "day",
            **NO_TERMS,
        },
    )

    assert answer.status_code == 302
    linked = Evidence.objects.get(stance="denies")
    assert (linked.company, linked.recorded_by) == (chery, editor)


def test_undo_shows_what_becomes_of_the_status_and_brings_the_former_one_back(desk, rumored, link, move):
    claim = rumored()
    denial = move(claim, Kind.DENIAL, link(claim, Stance.DENIES, published_at=DENIAL))
    url = reverse("admin:deals_statuschange_undo", args=[denial.pk])

    shown = desk.get(url)
    without_reason = desk.post(url, {"seen": claim.version, "reason": " "})
    assert (shown.context["preview"].before.status, shown.context["preview"].after.status) == ("denied", "rumored")
    assert "This field is required" in text_of(without_reason)
    assert kinds_of(claim) == ["report", "denial"]

    desk.post(url, {"seen": claim.version, "reason": "Misread"})

    claim.refresh_from_db()
    assert claim.status == "rumored"
    assert kinds_of(claim) == ["report", "denial", "undo"]


def test_an_undo_of_a_claim_that_has_changed_since_says_so(desk, rumored, link, move, senior):
    claim = rumored()
    denial = move(claim, Kind.DENIAL, link(claim, Stance.DENIES, published_at=DENIAL))
    seen = claim.version
    move(claim, Kind.STAGE, at=DENIAL, stage="planned", reason="Their plan", by=senior)

    page = desk.post(reverse("admin:deals_statuschange_undo", args=[denial.pk]), {"seen": seen, "reason": "Misread"})

    assert senior.username in page.context["conflict"]
    assert kinds_of(claim) == ["report", "denial", "stage"]


def test_evidence_under_a_decision_is_locked_and_its_translation_is_not(desk, rumored):
    evidence = rumored().evidence.get()
    url = reverse("admin:deals_evidence_change", args=[evidence.pk])
    form = desk.get(url)

    desk.post(
        url,
        {
            "stance": "denies",
            "quote": "forged",
            "translation": "A fair one",
            "seen_edit": form.context["seen_edit"],
            **NO_TERMS,
        },
    )

    evidence.refresh_from_db()
    assert (evidence.stance, evidence.quote, evidence.translation) == ("supports", "", "A fair one")


def test_withdrawing_asks_for_a_reason_and_names_the_decision_that_rests_on_it(desk, rumored, editor):
    evidence = rumored().evidence.get()
    url = reverse("admin:deals_evidence_withdraw", query={"ids": evidence.pk})

    asked = desk.post(url, {"reason": ""})
    assert "A decision rests on it" in text_of(asked)
    assert Evidence.objects.current().filter(pk=evidence.pk).exists()

    desk.post(url, {"reason": "Another company"})

    evidence.refresh_from_db()
    assert (evidence.withdrawn_by, evidence.withdrawn_reason) == (editor, "Another company")


def claim_form(claim, **changes):
    return {
        "wording": claim.wording,
        "deal": claim.deal_id,
        "type": claim.type,
        "parties-TOTAL_FORMS": 0,
        "parties-INITIAL_FORMS": 0,
        **changes,
    }


def test_a_typing_error_in_a_frozen_wording_can_be_corrected_and_nothing_more(desk, rumored):
    claim = rumored("JLR will use Cherry's platforms for new models")
    url = reverse("admin:deals_claim_change", args=[claim.pk])
    seen = desk.get(url).context["seen_edit"]

    refused = desk.post(url, claim_form(claim, wording="JLR will buy Chery", seen_edit=seen))
    assert "frozen by the claim" in text_of(refused)

    desk.post(url, claim_form(claim, wording="JLR will use Chery's platforms for new models", seen_edit=seen))
    assert Claim.objects.get().wording == "JLR will use Chery's platforms for new models"


def test_who_saves_over_anothers_edit_is_told_first(desk, rumored, senior):
    claim = rumored()
    url = reverse("admin:deals_claim_change", args=[claim.pk])
    seen = desk.get(url).context["seen_edit"]
    theirs = Claim.objects.get()
    theirs.due, theirs._history_user = datetime(2024, 12, 31, tzinfo=UTC).date(), senior
    theirs.save()

    page = desk.post(url, claim_form(claim, check_again="2024-06-01", seen_edit=seen))

    assert f"{senior.username} changed due" in text_of(page)
    assert Claim.objects.get().due is not None
    assert Claim.objects.get().check_again is None


def test_saving_a_claim_leaves_its_status_to_the_history(desk, rumored):
    claim = rumored()
    url = reverse("admin:deals_claim_change", args=[claim.pk])
    seen = desk.get(url).context["seen_edit"]

    desk.post(
        url, claim_form(claim, published="on", check_again="2024-06-01", status="confirmed", version=99, seen_edit=seen)
    )

    claim.refresh_from_db()
    assert (claim.status, claim.version, str(claim.check_again)) == ("rumored", 1, "2024-06-01")


def test_history_rows_are_read_in_the_admin_and_never_added_changed_or_deleted(client, admin_user, rumored):
    row = rumored().changes.get()
    client.force_login(admin_user)

    assert client.get(reverse("admin:deals_statuschange_change", args=[row.pk])).status_code == 200
    assert client.post(reverse("admin:deals_statuschange_change", args=[row.pk]), {"reason": "x"}).status_code == 403
    assert client.get(reverse("admin:deals_statuschange_add")).status_code == 403
    assert client.post(reverse("admin:deals_statuschange_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in text_of(client.get(reverse("admin:deals_statuschange_changelist")))
    assert StatusChange.objects.get().reason == ""


def test_nothing_that_the_history_cites_can_be_deleted(client, admin_user, rumored):
    claim = rumored()
    client.force_login(admin_user)

    for row in (claim, claim.evidence.get(), claim.evidence.get().report, Company.objects.first(), admin_user):
        url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk])
        answer = client.post(url, {"post": "yes"})

        assert answer.status_code == 403
        assert type(row).objects.filter(pk=row.pk).exists()


def test_no_page_needs_more_than_the_strict_content_policy_allows(desk, rumored, link):
    claim = rumored()
    item = link(claim, Stance.DENIES, published_at=DENIAL)
    pages = [
        preview(desk, claim, item),
        desk.get(reverse("admin:deals_claim_change", args=[claim.pk])),
        desk.get(reverse("admin:deals_claim_history", args=[claim.pk])),
        desk.get(reverse("admin:deals_evidence_change", args=[item.pk])),
        desk.get(reverse("admin:deals_evidence_withdraw", query={"ids": item.pk})),
        desk.get(reverse("admin:deals_report_answers", args=[item.report_id], query={"answered": item.report_id})),
    ]

    for page in pages:
        assert page.status_code == 200
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)", page.content.decode())


def test_a_claim_without_a_history_can_be_deleted(desk, make_claim):
    draft = make_claim()

    desk.post(reverse("admin:deals_claim_delete", args=[draft.pk]), {"post": "yes"})

    assert not Claim.objects.exists()


def queries_of(desk, url):
    desk.get(url)  # what is kept between requests is not counted
    with CaptureQueriesContext(connection) as queries:
        page = desk.get(url)
    return page, len(queries)


def write_many(claims, source):
    """A rumor's row with its report and evidence on each claim, all at once: writing them one by one takes minutes."""
    last, said = StatusChange.objects.latest("position"), RUMOR + timedelta(hours=1)
    numbers = range(last.position + 1, last.position + 1 + len(claims))
    reports = Report.objects.bulk_create(
        Report(source=source, title=f"Copy {n}", url=f"https://copy.example/{n}", published_at=said, recorded_at=said)
        for n in numbers
    )
    evidence = Evidence.objects.bulk_create(
        Evidence(claim=claim, report=report, stance=Stance.SUPPORTS, said_at=said, recorded_at=said)
        for claim, report in zip(claims, reports, strict=True)
    )
    changes = StatusChange.objects.bulk_create(
        StatusChange(
            claim=claim,
            kind=Kind.REPORT,
            event_at=said,
            precision="instant",
            recorded_at=last.recorded_at,
            position=n,
            version=n,
            wording=claim.wording,
            status_after="rumored",
        )
        for claim, n in zip(claims, numbers, strict=True)
    )
    Ground.objects.bulk_create(
        Ground(change=change, evidence=item) for change, item in zip(changes, evidence, strict=True)
    )


def test_the_claim_list_takes_the_same_queries_for_1_and_100_claims(desk, rumored, make_source):
    url = reverse("admin:deals_claim_changelist")
    first = rumored(owner=User.objects.get())
    _, for_one = queries_of(desk, url)
    claims = Claim.objects.bulk_create(
        Claim(
            wording=f"Claim {n}",
            slug=f"claim-{n}",
            deal=first.deal,
            status="rumored",
            owner=first.owner,
            created_at=first.created_at,
        )
        for n in range(99)
    )
    write_many(claims, make_source())

    page, for_many = queries_of(desk, url)

    assert len(page.context["cl"].result_list) == 50
    assert {claim.standing.status for claim in page.context["cl"].result_list} == {"rumored"}
    assert page.context["cl"].result_count == 100
    assert for_many == for_one


@pytest.mark.parametrize("page_of", ["admin:deals_claim_change", "admin:deals_claim_decide"])
def test_the_claim_page_and_decide_take_the_same_queries_for_1_and_100_rows(page_of, desk, rumored, make_source):
    claim = rumored()
    url = reverse(page_of, args=[claim.pk])
    _, for_one = queries_of(desk, url)
    write_many([claim] * 99, make_source())

    page, for_many = queries_of(desk, url)

    assert text_of(page).count("Copy 42") >= 1
    assert for_many == for_one


@pytest.mark.parametrize("model", [Company, Source, Deal, Report, Evidence, StatusChange])
def test_every_list_takes_the_same_queries_for_2_and_20_rows(
    model, desk, rumored, link, move, make_source, make_company
):
    url = reverse(f"admin:deals_{model._meta.model_name}_changelist")
    claim = rumored()

    def more(first, last):
        for number in range(first, last):
            source = make_source(f"Paper {number}")
            item = link(claim, Stance.SUPPORTS, source=source, published_at=RUMOR + timedelta(hours=number))
            move(claim, Kind.REPORT, item)
            Deal.objects.create(title=f"Deal {number}")
            make_company(f"Company {number}", aliases=[f"Alias {number}"])

    more(1, 3)
    _, for_few = queries_of(desk, url)
    more(3, 21)
    page, for_many = queries_of(desk, url)

    assert page.context["cl"].result_count >= 20
    assert for_many == for_few


def test_the_parts_of_a_claim_are_named_with_how_their_status_holds(desk, rumored):
    whole = rumored()
    rumored("Jaguar will use Exeed's platform", part_of=whole)

    page = text_of(desk.get(reverse("admin:deals_claim_change", args=[whole.pk])))

    named = page[page.index("Its parts:") :]
    assert named.index("nothing new for 180 days") < named.index("</li>")
