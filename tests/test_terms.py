"""The terms of a deal: proposed from a sentence, kept per evidence, and shown where they do not agree."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from deals.choices import Stance
from deals.linking import LinkError, state_terms, take_back
from deals.models import Term
from deals.terms import Fact, in_words, term_lines
from ingest.models import Entry, Feed
from ingest.suggestions import read_unread
from ingest.terms import proposed_terms
from tracker.desk import report as report_page

APRIL_15 = date(2024, 4, 15)
STAKE = Fact("stake", True, Decimal(20))
SENTENCE = "Chery said JLR would invest 1.5 billion euros in it for about 20 percent of its shares."


def read(sentence, published=APRIL_15):
    return [(term.fact.kind, in_words(term.fact), term.words) for term in proposed_terms(sentence, published)]


@pytest.mark.parametrize(
    ("sentence", "terms"),
    [
        (
            "Nordwind would invest 1.5 billion euros in it for about 20 percent, the largest stake.",
            [("amount", "EUR 1.5 billion", "1.5 billion euros"), ("stake", "about 20 %", "about 20 percent")],
        ),
        (
            "Nordwind will invest about $700 million to acquire a stake of 4.99% in Halden (NYSE: HLD).",
            [("amount", "about USD 700 million", "about $700 million"), ("stake", "4.99 %", "4.99%")],
        ),
        ("It will spend £15 billion ($18.7 billion).", [("amount", "GBP 15 billion", "£15 billion"), ("amount", "USD 18.7 billion", "$18.7 billion")]),
        ("It agreed to buy 16 pct of Halden for 16.5 mln dlrs.", [("stake", "16 %", "16 pct"), ("amount", "USD 16.5 million", "16.5 mln dlrs")]),
        ("The price is 20 dlrs a share ($1 = £0.80).", []),
        ("Its shares rose 5 percent after a 30 percent tariff.", []),
        ("Production starts in 2026.", [("date", "in 2026", "in 2026")]),
        ("The first model comes as early as the second half of 2024.", [("date", "about by 31 December 2024", "as early as the second half of 2024")]),
        ("It is to close by the end of March 2025.", [("date", "by 31 March 2025", "by the end of March 2025")]),
        ("In 2019 the two founded a venture; on July 26, 2023, they said so.", []),
        ("They build two Nordwind-branded EV models.", [("count", "2 models", "two Nordwind-branded EV models")]),
        ("It uses the firm’s G9 ‘Edward’ platform.", [("platform", "G9 'Edward'", "G9 ‘Edward’ platform")]),
        ("It will use Halden's platform.", [("platform", "Halden", "Halden's platform")]),
        (
            "北风将以约15亿欧元收购哈尔登约20%的股份，2024年下半年投产两款车型。",
            [("amount", "about EUR 1.5 billion", "约15亿欧元"), ("stake", "about 20 %", "约20%"),
             ("date", "by 31 December 2024", "2024年下半年"), ("count", "2 models", "两款车型")],
        ),
    ],
)  # fmt: skip
def test_terms_are_read_from_a_sentence(sentence, terms):
    assert read(sentence) == terms


@given(
    st.text(alphabet="0123456789.,%$€£ 约亿元年月两款'’‘abmnoftuy\tTheplatformsin of 2026 percentstake", max_size=80)
)
def test_a_term_is_words_of_its_sentence(sentence):
    for term in proposed_terms(sentence, APRIL_15):
        assert term.words == sentence[term.start : term.end]
        assert term.words.strip()


def test_evidence_keeps_terms_with_who_said_what_when(make_claim, link, editor):
    evidence = link(make_claim(), Stance.SUPPORTS, terms=[(STAKE, "about 20 percent")])
    state_terms(evidence, [(STAKE, "about 20 percent")], by=editor)

    term = evidence.terms.get()
    take_back(term, by=editor)

    assert (term.in_words, term.words) == ("about 20 %", "about 20 percent")
    assert not evidence.terms.current()
    assert Term.objects.known(term.recorded_at).get() == term
    with pytest.raises(ValidationError):
        term.delete()


@pytest.mark.parametrize(
    "fact",
    [
        Fact("amount", number=Decimal(5)),
        Fact("stake", number=Decimal(120)),
        Fact("date"),
        Fact("count", number=Decimal(2)),
    ],
)
def test_a_term_without_the_value_of_its_kind_is_refused(fact, make_claim, link):
    with pytest.raises(LinkError):
        link(make_claim(), Stance.SUPPORTS, terms=[(fact, "words")])


@pytest.mark.parametrize(
    ("one", "other", "conflict"),
    [
        (Fact("stake", True, Decimal(20)), Fact("stake", False, Decimal("19.6")), False),
        (Fact("stake", False, Decimal(20)), Fact("stake", False, Decimal("19.6")), True),
        (Fact("date", day=date(2026, 12, 31), precision="year"), Fact("date", day=date(2026, 6, 30), precision="by"), False),
        (Fact("date", day=date(2025, 12, 31), precision="year"), Fact("date", day=date(2026, 6, 30)), True),
        (Fact("platform", name="G9"), Fact("platform", name="G9 'Edward'"), False),
        (Fact("platform", name="MEB"), Fact("platform", name="G9 'Edward'"), True),
    ],
)  # fmt: skip
def test_values_conflict_if_both_cannot_be_true(one, other, conflict):
    (line,) = term_lines([(1, "supports", one), (2, "confirms", other)])

    assert line.conflict is conflict


def test_amounts_in_two_currencies_and_the_terms_of_a_denial_conflict_with_nothing():
    euros, dollars = (
        Fact("amount", number=Decimal(15), currency="EUR"),
        Fact("amount", number=Decimal(18), currency="USD"),
    )
    lines = term_lines(
        [(1, "supports", euros), (1, "supports", dollars), (2, "denies", Fact("stake", number=Decimal(9)))]
    )

    assert [(line.unit, line.conflict) for line in lines] == [("EUR", False), ("USD", False)]


def test_a_conflict_of_terms_is_shown_on_the_page_in_the_api_and_at_the_desk(
    client, make_claim, link, move, admin_client
):
    claim = make_claim()
    move(claim, "report", link(claim, Stance.SUPPORTS, terms=[(Fact("stake", number=Decimal(20)), "20 percent")]))
    link(claim, Stance.SUPPORTS, terms=[(Fact("stake", number=Decimal(30)), "30 %")])

    page = client.get(claim.get_absolute_url()).content.decode()
    (line,) = client.get(f"/api/v1/claims/{claim.slug}/").json()["terms"]
    desk = admin_client.get(reverse("admin:deals_claim_change", args=[claim.pk])).content.decode()

    assert "the reports differ" in page
    assert (line["kind"], line["conflict"], [said["value"]["number"] for said in line["stated"]]) == (
        "stake",
        True,
        ["20", "30"],
    )
    assert "the reports differ" in desk


def test_the_record_knows_the_terms_of_any_day(client, make_claim, link, move, editor):
    claim = make_claim()
    evidence = link(claim, Stance.SUPPORTS, terms=[(STAKE, "about 20 percent")])
    move(claim, "report", evidence)
    Term.objects.update(recorded_at=datetime(2024, 4, 16, tzinfo=UTC))
    take_back(evidence.terms.get(), by=editor)
    type(evidence).objects.update(recorded_at=datetime(2024, 4, 15, tzinfo=UTC))

    def stated(**asked):
        return [
            term["words"]
            for item in client.get(f"/api/v1/claims/{claim.slug}/", asked).json()["evidence"]
            for term in item["terms"]
        ]

    assert stated() == []
    assert stated(known_at="2024-04-17") == ["about 20 percent"]
    assert stated(known_at="2024-04-15") == []


@pytest.fixture
def entry(make_claim, make_source, make_company):
    make_claim("JLR will buy a stake in Chery", type="equity_stake")
    source = make_source("CnEVPost")
    feed = Feed.objects.create(url="https://cars.example/feed", source=source)
    at = datetime(2024, 4, 15, 6, tzinfo=UTC)
    found = Entry.objects.create(
        feed=feed, source=source, title="Cars", text=SENTENCE, guid="1", url="https://cars.example/1", published_at=at
    )
    read_unread()
    return found


def test_an_editor_is_offered_the_terms_of_a_sentence_and_links_those_that_are_ticked(entry, admin_client):
    (said,) = entry.suggestions.all()
    address = reverse("admin:queue_item", args=[entry.pk])
    shown = admin_client.get(address).content.decode()
    assert "stake: about 20 % (“about 20 percent”)" in shown
    form = {
        f"s{said.pk}-{name}": value
        for name, value in {
            "pick": "on", "stance": said.stance, "speaker_kind": said.speaker_kind, "company": said.company_id or "",
            "certainty": said.certainty, "part": said.part, "claim": said.claim_id, "quote": said.passage, "terms": ["1"],
        }.items()
    }  # fmt: skip

    admin_client.post(address, {**form, "action": "accept"})

    assert [term.in_words for term in Term.objects.all()] == ["about 20 %"]


def test_a_term_is_corrected_on_the_evidences_page_by_taking_it_back_and_adding_another(
    make_claim, link, admin_client, admin_user
):
    evidence = link(make_claim(), Stance.SUPPORTS, terms=[(STAKE, "about 20 percent")])
    standing = evidence.terms.get()
    address = reverse("admin:deals_evidence_change", args=[evidence.pk])
    page = admin_client.get(address)
    form = {f"{name}": value for name, value in page.context["adminform"].form.initial.items() if value is not None}
    management = {
        "terms-TOTAL_FORMS": 2,
        "terms-INITIAL_FORMS": 1,
        "terms-0-id": standing.pk,
        "terms-0-evidence": evidence.pk,
    }
    added = {
        "terms-1-kind": "stake",
        "terms-1-number": "21",
        "terms-1-precision": "day",
        "terms-1-words": "21 percent",
        "terms-1-evidence": evidence.pk,
    }
    moment = {"said_at_0": "2024-04-15", "said_at_1": "06:00:00", "seen_edit": page.context["seen_edit"]}

    answer = admin_client.post(address, {**form, **moment, **management, **added, "terms-0-DELETE": "on"})

    assert answer.status_code == 302, answer.context["errors"]
    assert [(term.in_words, term.recorded_by) for term in evidence.terms.current()] == [("21 %", admin_user)]
    standing.refresh_from_db()
    assert standing.withdrawn_by == admin_user


def test_a_report_added_by_hand_brings_its_terms_into_the_form_of_evidence(make_claim, make_report, admin_client):
    claim = make_claim("JLR will buy a stake in Chery", type="equity_stake")
    report = make_report(title="Cars", text=SENTENCE)
    (offer,) = [offer for offer in report_page.offers(report) if offer.claim == claim]

    page = admin_client.get(offer.address)
    form = {name: value for name, value in page.context["adminform"].form.initial.items() if value not in (None, "")}
    inline = page.context["inline_admin_formsets"][0].formset
    for shown in inline.forms:
        form |= {shown.add_prefix(name): value for name, value in shown.initial.items() if value}
        form[shown.add_prefix("precision")] = "day"
    sent = {**form, "said_precision": "day", "terms-TOTAL_FORMS": len(inline.forms), "terms-INITIAL_FORMS": 0}
    answer = admin_client.post(offer.address, sent)

    assert answer.status_code == 302, answer.context["errors"]
    assert [term.in_words for term in Term.objects.all()] == ["EUR 1.5 billion", "about 20 %"]


@pytest.mark.parametrize(
    "term", ["x", "[]", '{"kind": "\\u0000", "number": "1e999", "day": "x", "evil": 1}', "{" * 900]
)
def test_an_absurd_term_in_an_address_breaks_no_form(term, admin_client):
    assert admin_client.get(reverse("admin:deals_evidence_add"), {"term": [term]}).status_code == 200
