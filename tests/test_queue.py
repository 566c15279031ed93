"""The desk's queue: items in order, their page, and what an editor's decision on one does."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse

from deals.choices import DealType, SpeakerKind, Stance
from deals.models import Claim, Deal, Evidence, Report
from ingest.models import Entry, Feed, Suggestion
from tests.conftest import seated

QUERIES = 17 + (connection.vendor == "postgresql")  # which is asked for its clock
ITEM_QUERIES = 17
AT_TWO = datetime(2024, 4, 15, 6, tzinfo=UTC)
ATTACK = '<script>alert("x")</script><img src=x onerror=alert(1)>'


@pytest.fixture
def make_entry(make_source):
    numbers = itertools.count(1)

    def make(title="JLR denies talks with Chery", text="", source=None, **fields):
        number = next(numbers)
        source = source or make_source()
        feed, _ = Feed.objects.get_or_create(url=f"https://{source.slug}.example/feed", defaults={"source": source})
        values = {
            "guid": f"item-{number}",
            "url": f"https://{source.slug}.example/{number}",
            "published_at": AT_TWO,
            "waiting": True,
            "read_at": AT_TWO,
            "language": "en",
        }
        return Entry.objects.create(feed=feed, source=source, title=title, text=text, **values | fields)

    return make


@pytest.fixture
def suggest(make_company):
    """A suggestion on a claim, or with no claim a lead that names JLR and Chery."""

    def make(entry, claim=None, stance=Stance.DENIES, passage="“Not true,” said Jin Yibo.", **fields):
        spoken = {"speaker_kind": SpeakerKind.OUTLET}
        if stance == Stance.DENIES:
            spoken = {"speaker_kind": "named", "speaker_name": "Jin Yibo", "company": make_company("Chery")}
        values = {"strength": "strong", "preselected": True, **spoken, **fields}
        made = Suggestion.objects.create(entry=entry, claim=claim, stance=stance, passage=passage, **values)
        if claim is None:
            made.companies.set([make_company("JLR"), make_company("Chery")])
        return made

    return make


@pytest.fixture
def desk(client, editor):
    client.force_login(editor)
    return client


def open_item(entry, query=""):
    return reverse("admin:queue_item", args=[entry.pk]) + query


def form_of(response) -> dict:
    """What a browser would send back from the page's forms, button and hand-filled fields apart."""
    sent = {}
    context = response.context
    forms = [form for about in [*context["about"], *context["folded"]] for form in about.forms] + [context["hand"]]
    for form in forms:
        for field in form:
            value = field.value()
            if field.name == "pick":
                if value:
                    sent[field.html_name] = "on"
            elif value not in (None, ""):
                sent[field.html_name] = value
    return sent


def test_the_desk_opens_with_the_queue(desk, make_entry, suggest, make_claim):
    suggest(make_entry("Chery denies"), make_claim())

    page = desk.get(reverse("admin:index")).content.decode()

    assert "Hearsay desk" in page
    assert "Chery denies" in page
    assert desk.get(reverse("admin:apps")).context["title"] == "All tables"


def test_a_card_shows_outlet_time_with_zone_claim_status_stance_speaker_origin_and_strength(
    desk, make_entry, suggest, make_claim, make_source, link, move
):
    claim = make_claim()
    move(claim, "report", link(claim, Stance.SUPPORTS))
    suggest(make_entry(), claim, origin=make_source("36kr"))

    page = desk.get(reverse("admin:queue")).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))

    for words in ("Yicai", "15 Apr 2024, 06:00 UTC", "JLR will use", "rumored", "denies", "Jin Yibo, for Chery"):
        assert words in text
    assert "citing 36kr" in text
    assert "strong" in text


def test_a_status_is_shown_with_how_it_holds(desk, make_entry, suggest, make_claim, link, move):
    claim = make_claim()
    move(claim, "confirmation", link(claim, Stance.CONFIRMS), qualifiers=frozenset({"partial_terms_changed"}))
    suggest(make_entry(), claim)

    assert "in part: terms changed" in desk.get(reverse("admin:queue")).content.decode()


def test_a_lead_says_what_claim_would_be_new(desk, make_entry, suggest):
    entry = make_entry()
    for stance in (Stance.SUPPORTS, Stance.DENIES):
        suggest(entry, stance=stance, passage=stance, deal_type=DealType.TECHNOLOGY_LICENCE)

    page = desk.get(reverse("admin:queue")).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))

    assert re.search(r"New (Chery \+ JLR|JLR \+ Chery), technology licence — supports, denies", text)


def test_the_newest_news_comes_first_and_pages_never_repeat_or_skip(desk, make_entry, suggest, make_claim):
    claim = make_claim()
    entries = [make_entry(published_at=AT_TWO + timedelta(hours=n // 3)) for n in range(60)]
    for entry in entries:
        suggest(entry, claim)

    seen, address = [], reverse("admin:queue")
    while address:
        page = desk.get(address)
        seen += [card.entry.pk for card in page.context["cards"]]
        address = page.context["older"] and reverse("admin:queue") + page.context["older_address"]

    newest_first = sorted(entries, key=lambda entry: (entry.said_at, entry.pk), reverse=True)
    assert seen == [entry.pk for entry in newest_first]


@pytest.mark.parametrize("size", [1, 24, 100])
def test_the_queue_takes_the_same_queries_for_any_number(
    size, desk, make_entry, suggest, make_claim, django_assert_num_queries
):
    claims = [make_claim(f"Claim {n}") for n in range(3)]
    for _ in range(size):
        entry = make_entry()
        suggest(entry)
        for claim in claims:
            suggest(entry, claim)
    desk.get(reverse("admin:queue"))

    # Session, user, rights; items, suggestions, their companies; rows, support, grounds; four facets;
    # feeds in trouble.
    with django_assert_num_queries(QUERIES):
        page = desk.get(reverse("admin:queue"))

    assert len(page.context["cards"]) == min(size, 25)


def test_filters_live_in_the_address_and_their_counts_come_true(
    desk, make_entry, suggest, make_claim, make_source, make_company
):
    claim = make_claim()
    suggest(make_entry(), claim)
    suggest(make_entry(source=make_source("Example Daily")), claim, strength="possible")
    suggest(make_entry(source=make_source("Example Daily")), strength="possible")
    vw = make_claim("VW invests", parties=[(make_company("Volkswagen"), "investor")])
    suggest(make_entry(source=make_source("Example Daily")), vw, company=None, speaker_kind="outlet")

    everything = desk.get(reverse("admin:queue"))

    choices = [choice for _, group in everything.context["facets"] for choice in group]
    counts = {words: n for words, n, _, _ in choices}
    assert counts == {
        "Strong": 2, "Possible": 2, "leads only": 1, "JLR": 3, "Chery": 3, "Volkswagen": 1, "Example Daily": 3, "Yicai": 1
    }  # fmt: skip
    for _, n, address, _ in choices:
        assert len(desk.get(reverse("admin:queue") + address).context["cards"]) == n


def test_filters_combine_and_can_be_dropped_one_by_one(desk, make_entry, suggest, make_claim, make_source):
    daily = make_source("Example Daily")
    suggest(make_entry(source=daily), make_claim())
    lead = make_entry(source=daily)
    suggest(lead)

    page = desk.get(reverse("admin:queue"), {"source": daily.pk, "leads": 1})

    assert [card.entry for card in page.context["cards"]] == [lead]
    assert page.context["chosen"] == [("Example Daily", "?leads=1"), ("leads only", f"?source={daily.pk}")]


@pytest.mark.parametrize("query", ["source=x", "source=99999999999999999999", "company=%00", "strength=huge",
                                   "after=0001-01-01T00:00:00%2B14:00~5", "after=9999-12-31T23:59:59-14:00~5", "after=~", "after=9999-99-99T00:00Z~1", "after=2024-04-15T06:00:00Z~", "leads=2"])  # fmt: skip
def test_an_address_that_means_nothing_shows_the_queue(query, desk, make_entry, suggest, make_claim):
    suggest(make_entry(), make_claim())

    assert len(desk.get(reverse("admin:queue") + "?" + query).context["cards"]) == 1


def test_an_empty_queue_says_what_to_do_next(desk, make_entry):
    make_entry(waiting=False, read_at=None)

    page = desk.get(reverse("admin:queue")).content.decode()

    assert "Nothing waits for a decision" in page
    assert "1 feed polled" in page
    assert "1 item fetched and not yet read" in page
    assert reverse("admin:add_report_from_address") in page


def test_items_that_could_not_be_looked_through_are_named_until_they_are_decided(desk, make_entry):
    entry = make_entry("Chery and the machine", unreadable=True, waiting=False)

    assert "read these yourself" in desk.get("/admin/queue/").content.decode()
    desk.post(open_item(entry), {"action": "reject"})

    assert "read these yourself" not in desk.get("/admin/queue/").content.decode()


def test_feeds_in_trouble_are_one_line(desk, make_entry):
    make_entry(waiting=False)
    Feed.objects.update(trouble="The server answered 404 Not Found.")

    page = desk.get(reverse("admin:queue")).content.decode()

    assert "Feeds in trouble" in page
    assert "The server answered 404 Not Found." in page


def test_polling_now_makes_the_well_feeds_due_and_leaves_the_troubled_ones_their_time(desk, make_entry, make_source):
    make_entry()
    make_entry(source=make_source("36kr"))
    later = AT_TWO + timedelta(days=5000)
    Feed.objects.update(next_poll_at=later)
    Feed.objects.filter(source__name="36kr").update(failures=3)

    desk.post(reverse("admin:queue"), {"action": "poll"})

    assert [feed.source.name for feed in Feed.objects.due()] == ["Yicai"]


def test_the_item_page_marks_the_passage_and_its_trigger_words(desk, make_entry, suggest, make_claim):
    entry = make_entry(text="First things.\n“This is not  true,” said Jin Yibo. More.")
    said = suggest(entry, make_claim(), passage="“This is not true,” said Jin Yibo.", triggers=["not  true"])

    page = desk.get(open_item(entry)).content.decode()

    assert f'<mark id="s{said.pk}-said">“This is <b>not  true</b>,” said Jin Yibo.</mark> More.' in page


@pytest.mark.parametrize("size", [1, 20])
def test_the_item_page_takes_the_same_queries_for_any_number_of_statements(
    size, desk, make_entry, suggest, make_claim, make_source, django_assert_max_num_queries
):
    entry = make_entry()
    claims = [make_claim(f"Claim {n}") for n in range(size)]
    for number, claim in enumerate(claims):
        suggest(entry, claim, passage=f"Passage {number}", origin=make_source("36kr"))
        suggest(entry, passage=f"Lead {number}")

    with django_assert_max_num_queries(ITEM_QUERIES):
        page = desk.get(open_item(entry))

    assert len(page.context["about"]) == size


def test_titles_and_texts_are_shown_as_text_whatever_they_hold(desk, make_entry, suggest, make_claim):
    entry = make_entry(title=ATTACK, text=ATTACK, author=ATTACK, url="https://x.example/?a=1&b='\"<")
    suggest(entry, make_claim(), passage=ATTACK, triggers=["<script>"], reasons=[ATTACK], against=[ATTACK],
            speaker_name=ATTACK, speaker_role=ATTACK)  # fmt: skip
    suggest(entry, passage=ATTACK + "2", triggers=["onerror"], reasons=[ATTACK])

    for address in (reverse("admin:queue"), open_item(entry), reverse("admin:queue_open", args=[entry.pk])):
        page = desk.get(address).content.decode()

        assert ATTACK not in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_what_is_ticked_becomes_evidence_and_the_next_item_comes_up(desk, editor, make_entry, suggest, make_claim):
    claim = make_claim()
    older = make_entry(published_at=AT_TWO - timedelta(hours=1))
    suggest(older, claim)
    entry = make_entry()
    suggest(entry, claim)
    suggest(entry, claim, Stance.MENTIONS, passage="Both build cars.", preselected=False)

    answer = desk.post(open_item(entry), form_of(desk.get(open_item(entry))) | {"action": "accept"})

    evidence = Evidence.objects.get()
    assert (evidence.claim, evidence.stance, evidence.speaker) == (claim, Stance.DENIES, "Jin Yibo, for Chery")
    assert (evidence.report.url, evidence.recorded_by) == (entry.url, editor)
    assert answer.url == open_item(older)
    entry.refresh_from_db()
    assert (entry.decision, entry.waiting, entry.decided_by) == ("linked", False, editor)
    assert claim.changes.count() == 0


def test_what_an_editor_corrects_is_what_is_linked(desk, make_entry, suggest, make_claim, make_company):
    claim, other = make_claim(), make_claim("JLR and Chery will build cars together")
    entry = make_entry()
    said = suggest(entry, claim)
    page = desk.get(open_item(entry))

    corrected = {
        f"s{said.pk}-claim": other.pk,
        f"s{said.pk}-speaker_kind": "team",
        f"s{said.pk}-speaker_name": "",
        f"s{said.pk}-speaker_role": "JLR's China team",
        f"s{said.pk}-company": make_company("JLR").pk,
        f"s{said.pk}-said_on": "2024-04-14",
        f"s{said.pk}-quote": "not true",
        "action": "accept",
    }
    desk.post(open_item(entry), form_of(page) | corrected)

    evidence = Evidence.objects.get()
    assert evidence.claim == other
    assert evidence.speaker == "JLR's China team, for JLR"
    assert evidence.quote == "not true"
    assert f"{evidence.said_at:%Y-%m-%d} {evidence.said_precision}" == "2024-04-14 day"


def test_another_claim_is_linked_by_hand(desk, make_entry, suggest, make_claim):
    claim, other = make_claim(), make_claim("Two European luxury brands will use Chery's platform")
    entry = make_entry()
    suggest(entry, claim, preselected=False)

    by_hand = {"hand-pick": "on", "hand-claim": other.pk, "hand-stance": "supports", "hand-speaker_kind": "outlet",
               "hand-certainty": "stated", "hand-part": "body", "hand-quote": "two brands", "action": "accept"}  # fmt: skip
    desk.post(open_item(entry), by_hand)

    assert [(e.claim, e.quote) for e in Evidence.objects.all()] == [(other, "two brands")]


def test_a_form_with_a_gap_says_what_is_missing_and_keeps_what_was_entered(desk, make_entry, suggest, make_claim):
    entry = make_entry()
    said = suggest(entry, make_claim())
    sent = form_of(desk.get(open_item(entry))) | {"action": "accept", f"s{said.pk}-quote": "my own words"}
    del sent[f"s{said.pk}-company"]

    page = desk.post(open_item(entry), sent)

    assert "Only a party or a document denies" in page.content.decode()
    assert "my own words" in page.content.decode()
    assert Evidence.objects.count() == 0
    entry.refresh_from_db()
    assert entry.waiting


def test_accepting_sets_a_lead_aside_and_says_how_to_open_it_still(desk, lead, suggest, make_claim):
    entry, *_ = lead
    suggest(entry, make_claim("Chery will build cars in Spain"), passage="No plant in Spain, said Jin Yibo.")

    page = desk.post(open_item(entry), form_of(desk.get(open_item(entry))) | {"action": "accept"}, follow=True)

    assert "was set aside" in page.content.decode()
    assert open_claim(entry) in desk.get(open_item(entry)).content.decode()
    answer = desk.post(open_claim(entry), opening(desk.get(open_claim(entry))) | {"action": "open", "again": "1"})
    assert answer.status_code == 302
    assert Claim.objects.filter(wording="JLR will use Chery's technology").exists()


def test_accepting_nothing_is_refused(desk, make_entry, suggest, make_claim):
    entry = make_entry()
    suggest(entry, make_claim(), preselected=False)

    page = desk.post(open_item(entry), {"action": "accept"})

    assert "Tick what the item says, or reject it." in page.content.decode()
    entry.refresh_from_db()
    assert entry.waiting


def test_one_more_report_of_a_rumor_offers_no_move_to_rumored(desk, make_entry, suggest, make_claim, link, move):
    claim = make_claim()
    move(claim, "report", link(claim, Stance.SUPPORTS))
    entry = make_entry()
    suggest(entry, claim, stance=Stance.SUPPORTS)

    page = desk.post(open_item(entry), form_of(desk.get(open_item(entry))) | {"action": "accept"}, follow=True)

    assert Evidence.objects.filter(report__entries=entry).exists()
    assert "Decide: move to" not in page.content.decode()


def test_a_denial_that_is_linked_offers_the_decision(desk, make_entry, suggest, make_claim, link, move):
    claim = make_claim()
    move(claim, "report", link(claim, Stance.SUPPORTS))
    entry = make_entry()
    suggest(entry, claim)

    page = desk.post(open_item(entry), form_of(desk.get(open_item(entry))) | {"action": "accept"}, follow=True)

    evidence = Evidence.objects.get(stance=Stance.DENIES)
    offered = f'<a href="{reverse("admin:deals_claim_decide", args=[claim.pk])}?evidence={evidence.pk}">'
    assert f"{offered}Decide: move to denied</a>" in page.content.decode()
    answers = reverse("admin:deals_report_answers", args=[evidence.report_id], query={"said": evidence.pk})
    assert f'<a href="{answers}">This report answers …</a>' in page.content.decode()
    claim.refresh_from_db()
    assert claim.status == "rumored"


def test_a_rejected_item_waits_no_more_and_can_be_taken_back(desk, make_entry, suggest, make_claim):
    entry = make_entry()
    suggest(entry, make_claim())

    desk.post(open_item(entry), {"action": "reject"})
    entry.refresh_from_db()
    assert (entry.decision, entry.waiting) == ("rejected", False)
    assert Evidence.objects.count() == 0

    desk.post(open_item(entry), {"action": "undo"})
    entry.refresh_from_db()
    assert (entry.decision, entry.waiting) == ("", True)


def test_undoing_a_link_withdraws_its_evidence(desk, make_entry, suggest, make_claim):
    entry = make_entry()
    suggest(entry, make_claim())
    desk.post(open_item(entry), form_of(desk.get(open_item(entry))) | {"action": "accept"})

    desk.post(open_item(entry), {"action": "undo"})

    assert Evidence.objects.current().count() == 0
    assert Evidence.objects.count() == 1
    entry.refresh_from_db()
    assert entry.waiting


def test_the_second_of_two_editors_is_told_and_loses_nothing(desk, senior, client, make_entry, suggest, make_claim):
    entry = make_entry()
    said = suggest(entry, make_claim())
    sent = form_of(desk.get(open_item(entry))) | {"action": "accept", f"s{said.pk}-quote": "what the second wrote"}
    client.force_login(senior)
    client.post(open_item(entry), {"action": "reject"})

    client.force_login(desk_user := entry.feed and senior.__class__.objects.get(username="editor"))
    page = client.post(open_item(entry), sent)

    assert desk_user.username == "editor"
    assert page.status_code == 409
    assert "senior_editor" in page.content.decode()
    assert "what the second wrote" in page.content.decode()
    assert Evidence.objects.count() == 0
    entry.refresh_from_db()
    assert entry.decision == "rejected"


def opening(response) -> dict:
    """What a browser would send back from the page that opens a claim."""
    sent = {"parties-TOTAL_FORMS": 4, "parties-INITIAL_FORMS": 0}
    forms = [response.context["claim"], *response.context["parties"], *response.context["statements"]]
    for form in forms:
        for field in form:
            value = field.value()
            if value not in (None, "", False):
                sent[field.html_name] = "on" if value is True else getattr(value, "pk", value)
    sent["parties-INITIAL_FORMS"] = response.context["parties"].initial_form_count()
    sent["parties-TOTAL_FORMS"] = response.context["parties"].total_form_count()
    return sent


@pytest.fixture
def lead(make_entry, suggest, make_source, make_company):
    entry = make_entry("JLR to use Chery's platforms, 36kr says; Chery denies it")
    make_company("JLR", aliases=["Jaguar Land Rover"])
    rumor = suggest(entry, stance=Stance.SUPPORTS, passage="36kr says that JLR will use Chery's platforms.",
                    origin=make_source("36kr"), deal_type=DealType.TECHNOLOGY_LICENCE)  # fmt: skip
    denial = suggest(entry, stance=Stance.DENIES, deal_type=DealType.TECHNOLOGY_LICENCE)
    return entry, rumor, denial


def open_claim(entry):
    return reverse("admin:queue_open", args=[entry.pk])


def test_a_lead_proposes_the_claim_its_deal_and_the_roles(desk, lead):
    entry, *_ = lead

    proposed = opening(desk.get(open_claim(entry)))

    assert proposed["new_deal"] == "JLR – Chery: technology licence"
    assert proposed["wording"] == "JLR will use Chery's technology"
    assert proposed["type"] == "technology_licence"
    assert [proposed["parties-0-role"], proposed["parties-1-role"]] == ["licensee", "licensor"]


def test_a_claim_is_opened_from_a_lead_with_its_evidence_and_then_decided(desk, lead, editor, make_company):
    entry, rumor, denial = lead

    answer = desk.post(open_claim(entry), opening(desk.get(open_claim(entry))) | {"published": "on", "action": "open"})

    claim = Claim.objects.get()
    assert claim.published
    assert claim.status is None
    assert {(p.company.name, p.role) for p in claim.parties.all()} == {("JLR", "licensee"), ("Chery", "licensor")}
    support, denied = claim.evidence.get(stance="supports"), claim.evidence.get(stance="denies")
    assert (support.origin.source.name, support.origin.placeholder) == ("36kr", True)
    assert denied.speaker == "Jin Yibo, for Chery"
    assert support.report == denied.report == Report.objects.get(url=entry.url)
    assert answer.url == reverse("admin:deals_claim_decide", args=[claim.pk]) + f"?evidence={support.pk}"
    entry.refresh_from_db()
    assert (entry.decision, entry.waiting, entry.decided_by) == ("opened", False, editor)


def test_several_claims_are_opened_from_one_item_and_share_the_origin(desk, lead):
    entry, rumor, _ = lead
    first = desk.post(open_claim(entry), opening(desk.get(open_claim(entry))) | {"action": "another"})
    assert first.url.startswith(open_claim(entry))

    second = opening(desk.get(first.url)) | {"wording": "The Jaguar brand will use Exeed's platform", "action": "open",
                                             "again": "1", f"s{rumor.pk}-pick": "on"}  # fmt: skip
    desk.post(first.url, second)

    assert Claim.objects.count() == 2
    assert Deal.objects.count() == 1
    origins = {evidence.origin for evidence in Evidence.objects.filter(stance="supports")}
    assert len(origins) == 1


def test_an_item_that_says_more_goes_on_waiting_without_the_lead_that_was_opened(desk, lead, suggest, make_claim):
    entry, *_ = lead
    suggest(entry, stance=Stance.MENTIONS, passage="Both build cars.", preselected=False)
    suggest(entry, make_claim("Chery will build cars in Spain"), passage="No plant in Spain, said Jin Yibo.")

    answer = desk.post(open_claim(entry), opening(desk.get(open_claim(entry))) | {"action": "open"})
    page = desk.get(answer.url).content.decode()

    card = desk.get(reverse("admin:queue")).context["cards"][0]
    assert (card.entry, len(card.about), card.leads) == (entry, 1, [])
    assert "see what else it says" in page
    assert "Open another claim" in desk.get(open_item(entry)).content.decode()


def test_a_claim_that_nobody_suggested_is_opened_from_an_item(desk, make_entry, suggest, make_claim, make_company):
    entry = make_entry()
    suggest(entry, make_claim())
    assert open_claim(entry) in desk.get(open_item(entry)).content.decode()

    by_hand = {"new_deal": "Chery – two luxury brands", "wording": "Two luxury brands will use Chery's platform",
               "parties-0-company": make_company("Chery").pk, "parties-0-role": "licensor", "action": "open",
               "hand-pick": "on", "hand-stance": "supports", "hand-speaker_kind": "named", "hand-part": "body",
               "hand-speaker_name": "Yin Tongyue", "hand-company": make_company("Chery").pk,
               "hand-certainty": "hedged", "hand-quote": "two brands"}  # fmt: skip
    desk.post(open_claim(entry), opening(desk.get(open_claim(entry))) | by_hand)

    claim = Claim.objects.get(deal__title="Chery – two luxury brands")
    assert claim.evidence.get().speaker == "Yin Tongyue, for Chery"
    entry.refresh_from_db()
    assert entry.waiting


def test_opening_a_claim_reads_other_items_with_the_same_lead_again(desk, lead, make_entry, suggest):
    entry, *_ = lead
    copy = make_entry("JLR is to use Chery's platforms, says a report", text="JLR is to use Chery's platforms.")
    suggest(copy, stance=Stance.SUPPORTS, passage="JLR is to use Chery's platforms.")

    wording = {"wording": "JLR will use Chery's platforms", "action": "open"}
    desk.post(open_claim(entry), opening(desk.get(open_claim(entry))) | wording)

    assert {suggestion.claim for suggestion in copy.suggestions.all()} == {Claim.objects.get()}


def test_an_opening_with_a_gap_keeps_all_input_and_writes_nothing(desk, lead):
    entry, rumor, _ = lead
    sent = opening(desk.get(open_claim(entry))) | {"wording": "", "new_deal": "My own title", "action": "open",
                                                   f"s{rumor.pk}-quote": "words of mine"}  # fmt: skip

    page = desk.post(open_claim(entry), sent).content.decode()

    assert "My own title" in page
    assert "words of mine" in page
    assert "This field is required." in page
    assert (Claim.objects.count(), Deal.objects.count(), Report.objects.count()) == (0, 0, 0)


def test_a_statement_that_cannot_be_linked_takes_the_whole_opening_back(desk, lead):
    entry, _, denial = lead
    sent = opening(desk.get(open_claim(entry))) | {"action": "open"}
    del sent[f"s{denial.pk}-company"]

    page = desk.post(open_claim(entry), sent).content.decode()

    assert "say for which company" in page
    assert (Claim.objects.count(), Deal.objects.count(), Report.objects.count()) == (0, 0, 0)


def test_the_second_who_opens_the_same_lead_is_told_of_the_first(desk, lead, client, senior, editor):
    entry, *_ = lead
    sent = opening(desk.get(open_claim(entry))) | {"action": "open"}
    client.force_login(senior)
    client.post(open_claim(entry), sent)
    client.force_login(editor)

    page = client.post(open_claim(entry), sent | {"wording": "What the second wrote"})

    assert page.status_code == 409
    assert "Opened from this item already" in page.content.decode()
    assert "What the second wrote" in page.content.decode()
    assert Claim.objects.count() == 1


def test_a_reader_sees_the_queue_and_changes_nothing(client, reader, make_entry, suggest, make_claim):
    client.force_login(reader)
    entry = make_entry()
    suggest(entry, make_claim())
    suggest(entry)

    assert client.get(reverse("admin:queue")).status_code == 200
    page = client.get(open_item(entry))
    assert page.status_code == 200
    assert "Accept what is ticked" not in page.content.decode()
    for address, action in [
        (reverse("admin:queue"), "poll"),
        (open_item(entry), "accept"),
        (open_item(entry), "reject"),
        (open_item(entry), "undo"),
        (open_claim(entry), "open"),
    ]:
        assert client.post(address, {"action": action}).status_code == 403
    assert client.get(open_claim(entry)).status_code == 403


def test_the_desk_asks_strangers_to_log_in(client, make_entry, db):
    for address in (reverse("admin:queue"), open_item(make_entry()), reverse("admin:index")):
        assert client.get(address).url.startswith(reverse("admin:login"))


def test_every_key_is_a_button_or_link_on_the_page(desk, make_entry, suggest, make_claim):
    before, entry, after = (make_entry(published_at=AT_TWO + timedelta(hours=-n)) for n in range(3))
    for each in (before, entry, after):
        suggest(each, make_claim(f"Claim {each.pk}"))
    suggest(entry)

    page = desk.get(open_item(entry)).content.decode()

    assert sorted(re.findall(r'data-key="(.)"', page)) == sorted("?ajknqrs")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_desk_is_silent_under_the_policy_fits_a_phone_and_passes_axe(
    width, scheme, live_server, browser, desk, make_entry, suggest, make_claim, make_report
):
    from axe_playwright_python.sync_playwright import Axe

    entry = make_entry(text="A long word: " + "platform" * 40)
    suggest(entry, make_claim(), triggers=["true"], against=["It is hedged."])
    suggest(entry, deal_type=DealType.TECHNOLOGY_LICENCE)
    paths = [reverse("admin:index"), open_item(entry), open_claim(entry), reverse("admin:add_report_from_address"),
             reverse("admin:report_said", args=[make_report(text="Words.").pk])]  # fmt: skip
    page, said = seated(browser, desk, live_server, viewport={"width": width, "height": 900}, color_scheme=scheme)
    wide, heard, violations = [], [], []
    for path in paths:
        page.goto(live_server.url + path)
        page.evaluate("document.querySelectorAll('#content details').forEach((one) => { one.open = true })")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
        heard += said
        # The stock autocomplete is Django's to mend.
        ours = {"include": [["#content"]], "exclude": [[".select2-container"]]}
        found = Axe().run(page, context=ours).response["violations"]
        violations += [(path, one["id"]) for one in found if one["impact"] in ("serious", "critical")]
        said.clear()  # axe itself breaks the policy

    assert heard == []
    assert wide == []
    assert violations == []


def test_an_editor_works_through_the_queue_by_keys(live_server, browser, desk, make_entry, suggest, make_claim):
    claim = make_claim()
    first, second = make_entry(), make_entry(published_at=AT_TWO - timedelta(hours=1))
    for entry in (first, second):
        suggest(entry, claim)
    page, said = seated(browser, desk, live_server)
    page.goto(live_server.url + reverse("admin:queue"))

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{open_item(first)}")
    page.keyboard.press("a")
    page.wait_for_url(f"**{open_item(second)}")
    page.keyboard.press("r")
    page.wait_for_url(f"**{reverse('admin:queue')}")

    assert said == []
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.decision, second.decision) == ("linked", "rejected")


def test_the_desk_works_without_javascript(live_server, browser, desk, make_entry, suggest, make_claim, make_company):
    entry = make_entry()
    said = suggest(entry, make_claim())
    make_company("JLR", aliases=["Jaguar Land Rover"])
    page, _ = seated(browser, desk, live_server, java_script_enabled=False)
    page.goto(live_server.url + open_item(entry))

    page.click("summary:has-text('Correct it')")
    page.fill(f"[name='s{said.pk}-company_typed']", "Jaguar Land Rover")
    page.click("button[value=accept]")

    assert "Linked" in page.inner_text(".messagelist")
    assert Evidence.objects.get().company.name == "JLR"


@pytest.mark.parametrize(
    "table",
    [
        *("deals_claim", "deals_deal", "deals_company", "deals_source", "deals_report", "deals_evidence"),
        *("deals_statuschange", "ingest_feed", "ingest_entry", "ingest_suggestion", "ingest_searchtemplate"),
        *("alerts_alert", "alerts_delivery", "alerts_subscriber"),
    ],
)
def test_a_list_that_is_empty_says_how_rows_come_into_it(table, client, admin_user):
    client.force_login(admin_user)

    page = client.get(reverse(f"admin:{table}_changelist")).content.decode()
    filtered = client.get(reverse(f"admin:{table}_changelist"), {"q": "nothing"}).content.decode()

    assert re.search(r"None yet\. \w+", page)
    assert "None yet." not in filtered


def test_items_that_tell_one_lead_are_one_card(desk, make_entry, suggest, make_claim):
    told = [make_entry(f"JLR and Chery in talks, {n}", published_at=AT_TWO - timedelta(hours=n)) for n in range(3)]
    for entry in told:
        suggest(entry, stance=Stance.SUPPORTS)
    with_more = make_entry("Both, and another deal", published_at=AT_TWO - timedelta(hours=9))
    suggest(with_more, stance=Stance.SUPPORTS)
    suggest(with_more, make_claim())

    page = desk.get(reverse("admin:queue"))

    assert [card.entry for card in page.context["cards"]] == [told[0], with_more]
    assert page.context["cards"][0].leads[0].told_too == told[1:]
    assert "Told by 2 more" in page.content.decode()
    assert reverse("admin:queue_item", args=[told[2].pk]) in page.content.decode()
