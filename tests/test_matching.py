"""What an item says on claims that we track, and on deals that we do not."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.matching import Profiles, read_item
from ingest.names import CompanyProfile, SourceProfile
from ingest.profiles import ClaimProfile
from ingest.statements import Reading, worth_a_look

NORDWIND, HALDEN, BRIGHTCELL, GROUP, JOINT, VANTA, UNNAMED, CHINA = range(1, 9)
COMPANIES = [
    CompanyProfile(NORDWIND, "Nordwind", ("NW", "北风汽车"), frozenset({GROUP})),
    CompanyProfile(HALDEN, "Halden", ("哈尔登",)),
    CompanyProfile(BRIGHTCELL, "Brightcell"),
    CompanyProfile(GROUP, "Boreal Group"),
    CompanyProfile(JOINT, "Halden Nordwind", ("Halden-Nordwind",), frozenset({NORDWIND, HALDEN})),
    CompanyProfile(VANTA, "Vanta (brand)", (), frozenset({HALDEN})),
    CompanyProfile(UNNAMED, "two unnamed European makers", placeholder=True),
    CompanyProfile(CHINA, "Nordwind China", (), frozenset({NORDWIND})),
]
COURIER, WIRE = 10, 11
SOURCES = [SourceProfile(COURIER, "Motor Courier", ("汽车信使",)), SourceProfile(WIRE, "Reuters")]
PLATFORM, STAKE, PLANT, BRANDS, TIE_UP = 100, 101, 102, 103, 104
CLAIMS = [
    ClaimProfile(TIE_UP, "Nordwind and Halden will work together", frozenset({NORDWIND, HALDEN})),
    ClaimProfile(
        PLATFORM, "Nordwind will use Halden's vehicle platform", frozenset({NORDWIND, HALDEN}), "technology_licence", TIE_UP
    ),
    ClaimProfile(STAKE, "Nordwind will take a stake in Halden", frozenset({NORDWIND, HALDEN}), "equity_stake", TIE_UP),
    ClaimProfile(PLANT, "Brightcell will build a battery plant in Hull", frozenset({BRIGHTCELL}), "capacity_investment"),
    ClaimProfile(
        BRANDS, "Two European luxury makers will use Halden's platform", frozenset({HALDEN, UNNAMED}), "technology_licence"
    ),
]  # fmt: skip
PROFILES = Profiles(COMPANIES, CLAIMS, SOURCES)


def read(text, headline="News of the day", profiles=PROFILES):
    return profiles.read(headline, text)


def said(reading):
    return {(statement.claim, statement.stance) for statement in reading.candidates}


def leads(reading):
    return {(statement.companies, statement.stance) for statement in reading.leads}


def only(reading, claim, stance):
    return next(s for s in reading.candidates if (s.claim, s.stance) == (claim, stance))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Halden Nordwind opened a plant.", {JOINT}),
        ("The Halden-Nordwind venture opened a plant.", {JOINT}),
        ("Nordwind-owned Vanta opened a plant.", {VANTA}),
        ("Nordwind China opened a plant.", {CHINA}),
        ("NW opened a plant.", {NORDWIND}),
        ("It turned nw of Hull.", set()),
        ("Haldensleben is a town.", set()),
        ("北风汽车与哈尔登洽谈。", {NORDWIND, HALDEN}),
        ("BRIGHTCELL SHARES RISE", {BRIGHTCELL}),
        ("a brightcell glows", set()),
    ],
)
def test_the_longest_name_is_the_company_that_is_meant(text, named):
    assert {mention.id for mention in PROFILES.names.find(text) if not mention.aside} == named


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Nordwind is in talks to use Halden's platform, people familiar with the matter said.",
            (PLATFORM, "supports"),
        ),
        ("Nordwind's spokesman Ola Berg said the report on Halden's platform was untrue.", (PLATFORM, "denies")),
        ("Brightcell's analyst-watchers say Nordwind denied it will buy a stake in Halden.", (STAKE, "denies")),
        ("Halden announced that Nordwind will take a stake of 10 percent in it.", (STAKE, "confirms")),
        ("Nordwind and Halden declined to comment on the platform report.", (PLATFORM, "no_comment")),
        ("Brightcell said it will build a battery plant in Hull.", (PLANT, "confirms")),
        ("Boreal Group denied that Nordwind will use Halden's platform.", (PLATFORM, "denies")),
        ("Brightcell denied that Nordwind will use Halden's platform.", (PLATFORM, "disputes")),
        ("北风汽车否认将使用哈尔登的平台。", (PLATFORM, "denies")),
        ("据汽车信使报道，北风汽车考虑入股哈尔登。", (STAKE, "supports")),
    ],
)
def test_a_sentence_speaks_of_the_claim_that_its_words_fit(text, expected):
    assert expected in said(read(text))


def test_two_sides_must_be_named():
    assert read("Nordwind will use a new platform.") == Reading()
    assert read("Halden and its brand Vanta will use one platform.") == Reading()


def test_a_joint_venture_of_both_parties_is_neither():
    assert said(read("Halden Nordwind may buy a stake in a supplier.")) == set()


def test_a_brand_stands_for_its_owner_as_possible_with_the_reason_said():
    statement = only(read("Nordwind may use the platform of Vanta, sources said."), PLATFORM, "supports")

    assert statement.strength == "possible"
    assert "It names Vanta (brand); the claim is about Halden." in statement.against


def test_a_named_company_is_not_one_of_those_that_nobody_has_named():
    text = "Nordwind denied that it will use the platform of Halden, as two European luxury makers will."

    assert BRANDS not in {claim for claim, _ in said(read(text))}


def test_what_the_chairman_expects_supports_and_does_not_confirm():
    text = "Two European luxury makers are likely to use Halden's platform, its chairman Li Wei said."

    statement = only(read(text), BRANDS, "supports")

    assert (statement.certainty, statement.speaker_name, statement.company) == ("hedged", "Li Wei", HALDEN)


def test_a_pronoun_carries_the_claim_over():
    text = (
        "Nordwind will use Halden's platform, Motor Courier said, citing insiders. The Nordwind China team denied it."
    )

    statement = only(read(text), PLATFORM, "denies")

    assert (statement.company, statement.speaker_kind, statement.strength) == (CHINA, "team", "strong")


def test_no_comment_on_this_matter_belongs_to_the_matter_before_it():
    text = "Nordwind wants a stake in Halden, sources said. Nordwind declined to comment on this matter."

    assert (STAKE, "no_comment") in said(read(text))
    assert (PLATFORM, "no_comment") not in said(read(text))


def test_the_two_companies_are_those_of_the_sentence_before():
    text = "Halden announced a stake for Nordwind on Monday. The two companies plan to work together, Halden said."

    assert {(STAKE, "confirms"), (TIE_UP, "confirms")} <= said(read(text))


def test_each_clause_has_its_own_speaker():
    text = (
        "Nordwind denied that it will buy a stake in Halden, but Brightcell said it will build a battery plant in Hull."
    )

    assert {(STAKE, "denies"), (PLANT, "confirms")} <= said(read(text))
    assert (PLANT, "denies") not in said(read(text))


def test_every_silent_company_is_a_statement_of_its_own():
    reading = read(
        "Nordwind may use Halden's platform. Nordwind and Halden have not responded to Reuters on the report."
    )

    silent = [s for s in reading.candidates if s.stance == "no_response"]
    assert {s.company for s in silent} == {NORDWIND, HALDEN}
    assert {s.origin for s in silent} == {None}


def test_what_denies_the_whole_is_put_forward_for_the_parts_and_what_confirms_a_part_for_the_whole():
    denied = read("Nordwind denied that it will work together with Halden.")
    confirmed = read("Nordwind announced that it will take a stake in Halden.")

    assert {(TIE_UP, "denies"), (PLATFORM, "denies"), (STAKE, "denies")} <= said(denied)
    assert only(denied, STAKE, "denies").strength == "possible"
    assert only(confirmed, TIE_UP, "confirms").strength == "possible"
    assert (PLATFORM, "confirms") not in said(confirmed)


def test_if_the_reports_are_true_is_a_mention():
    assert said(read("If the reports about Nordwind and a stake in Halden are true, prices will fall.")) == {
        (STAKE, "mentions")
    }


def test_the_outlet_that_is_cited_once_is_the_origin_of_the_whole_rumor():
    text = (
        "Nordwind will reportedly use Halden's platform.\n"
        "Nordwind will use the platform of Halden, Motor Courier said, citing people familiar with the matter."
    )

    assert {statement.origin for statement in read(text).candidates} == {COURIER}


def test_an_outlet_that_had_written_it_before_is_its_origin():
    text = (
        "Motor Courier had written, citing people familiar with the matter, that Nordwind would use Halden's platform."
    )

    assert {statement.origin for statement in read(text).candidates} == {COURIER}


def test_a_related_link_is_no_evidence():
    text = "Prices fell.\nThey rose again.\nRead: Nordwind denies it will take a stake in Halden\nThen they fell."

    assert read(text) == Reading()


def test_the_headline_is_read_as_such():
    statement = read("Nothing more is known.", headline="Nordwind may take a stake in Halden").candidates[0]

    assert (statement.part, statement.certainty, statement.stance) == ("headline", "hedged", "supports")


def test_a_statement_gives_its_words_reasons_and_doubts():
    statement = only(read("Nordwind may take a stake in Halden."), STAKE, "supports")

    assert statement.triggers == ("Nordwind", "may", "stake", "Halden")
    assert "It names Nordwind and Halden." in statement.reasons
    assert "It is hedged." in statement.against


def test_two_tracked_companies_with_the_language_of_a_deal_and_no_claim_are_a_lead():
    text = "Brightcell will supply Halden, Motor Courier said, citing insiders.\nBrightcell denied it."

    reading = read(text)

    assert leads(reading) == {((BRIGHTCELL, HALDEN), "supports"), ((BRIGHTCELL, HALDEN), "denies")}
    assert {statement.deal_type for statement in reading.leads} == {"supply"}
    assert {statement.speaker_kind for statement in reading.leads} == {"anonymous", "company"}


def test_a_new_kind_of_deal_between_companies_with_a_claim_is_a_lead():
    reading = read("Nordwind and Halden will merge, sources said.", profiles=Profiles(COMPANIES, CLAIMS[1:2], SOURCES))

    assert said(reading) == set()
    assert leads(reading) == {((NORDWIND, HALDEN), "supports")}


@pytest.mark.parametrize(
    "text",
    [
        "Boreal Group may sell Nordwind, sources said.",
        "Halden Nordwind is in talks with Halden.",
        "Brightcell and Halden shares rose.",
        "Brightcell already operates a joint venture with Halden.",
        "If reports about a merger of Brightcell and Halden are true, prices will fall.",
    ],
)
def test_it_is_no_lead(text):
    assert read(text).leads == ()


def test_one_passage_speaks_of_three_claims_at_most():
    many = [ClaimProfile(n, f"Deal {n}", frozenset({NORDWIND, HALDEN}), "supply") for n in range(1, 9)]

    assert len(read("Nordwind may supply Halden.", profiles=Profiles(COMPANIES, many)).candidates) == 3


def test_an_item_is_read_the_same_on_its_own_and_with_prepared_profiles():
    text = "Nordwind denied that it will take a stake in Halden."

    assert read_item("News of the day", text, None, COMPANIES, CLAIMS, SOURCES) == read(text)


def test_what_is_told_in_passing_is_possible_and_says_so():
    school = (
        "Halden opened a school in Hull on Monday, and hundreds of people came to see it. The mayor spoke for an hour."
    )
    passing = read(f"{school * 3}\nLast week Nordwind took a stake in Halden, it said.").candidates
    news = read("Last week Nordwind took a stake in Halden, it said.").candidates

    assert [s.strength for s in passing if s.claim == STAKE] == ["possible"]
    assert [s.strength for s in news if s.claim == STAKE] == ["strong"]
    assert "Headline and opening do not speak of this: it may be told in passing." in passing[0].against


def test_a_headline_that_names_both_sides_and_a_deal_speaks_of_the_claim_whatever_its_verb():
    reading = read("", headline="NORDWIND GETS NOD FROM HALDEN BOARD FOR STAKE")

    assert (STAKE, "strong") in {(statement.claim, statement.strength) for statement in reading.candidates}


@pytest.mark.parametrize(
    ("headline", "strengths"),
    [
        ("Halden mum on Nordwind rumours", {"strong"}),
        ("Nordwind and Halden complete waiting period", {"strong"}),
        ("Nordwind overtakes Halden in Europe", set()),
        ("Nordwind sold more cars in March than Halden", set()),
    ],
)
def test_between_parties_of_one_claim_words_around_a_deal_are_enough_and_others_are_not(headline, strengths):
    profiles = Profiles(COMPANIES, [CLAIMS[2]], SOURCES)

    found = read("", headline, profiles).candidates

    assert {statement.strength for statement in found if worth_a_look(statement)} == strengths


def test_a_name_that_two_companies_bear_is_not_both_sides_of_a_claim():
    companies = [CompanyProfile(1, "Nordwind", ("Berg",)), CompanyProfile(2, "Ola Berg", ("Berg",))]
    profiles = Profiles(companies, [ClaimProfile(5, "Ola Berg will buy Nordwind", frozenset({1, 2}), "acquisition")])

    assert said(read("Berg may buy a bank.", profiles=profiles)) == set()
    assert (5, "supports") in said(read("Berg may buy Nordwind.", profiles=profiles))


def test_a_claim_without_a_named_party_is_found_by_its_words():
    claims = [ClaimProfile(n, w, frozenset()) for n, w in enumerate((
        "A 50-foot crab was photographed off the British coast", "A nun in an Italian convent gave birth to a child",
        "The stainless steel watch will cost 500 dollars"), 1)]  # fmt: skip
    profiles = Profiles(COMPANIES, claims)

    found = read("More is not known.", "Italian nun gives birth to baby in convent", profiles).candidates

    assert {statement.claim for statement in found} == {2}
    assert read("More is not known.", "Nordwind opens a plant in Italy", profiles).candidates == ()


def test_one_company_that_seeks_a_partner_who_is_not_named_is_a_lead():
    lead = read("Nothing more is known.", headline="Halden in talks with Chinese carmaker on joint venture").leads[0]

    assert (lead.companies, lead.strength, lead.deal_type) == ((HALDEN,), "possible", "joint_venture")


@pytest.mark.parametrize("headline", ["BRIGHTCELL TO OFFER 40 DLRS/SHR FOR VANTA", "Brightcell bids for Vanta"])
def test_a_headline_alone_can_be_a_lead(headline):
    assert {lead.companies for lead in read("", headline=headline).leads} == {(BRIGHTCELL, VANTA)}


PIECES = st.sampled_from(
    ["Nordwind", "Halden", "NW", "北风汽车", "denied", "it", "may", "use", "platform", "stake", "said", "the two companies",
     "if", "unlike", "spokesman", "Ola Berg", "sources", "not", ",", ".", "\n", "“", "”", "'s", "否认", "。", "1", "the report"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=6), max_size=40).map(" ".join))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_can_be_read_and_only_a_party_denies(text):
    reading = read(text)

    for statement in (*reading.candidates, *reading.leads):
        assert statement.stance != "denies" or statement.company is not None or statement.speaker_kind == "document"
        assert statement.passage
        assert all(trigger in statement.passage for trigger in statement.triggers)
        assert statement.passage in " ".join(unicodedata.normalize("NFC", f"News of the day {text}").split())
        assert all(0 <= mark.start < mark.end <= len(statement.passage) for mark in statement.marks)
        assert {statement.passage[mark.start : mark.end].strip() for mark in statement.marks} == set(statement.triggers)
