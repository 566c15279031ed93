"""Which claims resemble a text by its words, and how the index follows what changes."""

import pytest

from ingest.names import CompanyProfile, NameIndex
from ingest.profiles import ClaimProfile, Tracked
from ingest.retrieval import ClaimIndex, likelihood
from ingest.text import fold

WORDINGS = {
    1: "Apple is buying the start-up Path",
    2: "A 50-foot crab was photographed in Britain",
    3: "The stainless steel Apple Watch will cost 500 dollars",
    4: "北风汽车将入股哈尔登",
}


@pytest.fixture
def index():
    index = ClaimIndex()
    for claim, wording in WORDINGS.items():
        index.put(claim, wording)
    return index


def first(index, text):
    found = index.search(fold(text))
    return found[0].claim if found else None


@pytest.mark.parametrize(
    ("headline", "claim"),
    [
        ("Apple in late stages to acquire Path, report says", 1),
        ("Giant crab picture reveals huge crustacean off British coast", 2),
        ("Apple Watch: $500 for steel, thousands for gold", 3),
        ("北风汽车据悉考虑入股哈尔登", 4),
        ("Weather on Sunday", None),
        ("", None),
    ],
)
def test_a_headline_in_other_words_finds_its_claim(headline, claim, index):
    assert first(index, headline) == claim


def test_a_profile_grows_with_the_headlines_that_were_linked(index):
    assert first(index, "Crustacean off Whitstable") is None

    index.put(2, WORDINGS[2], ["Crabzilla: crustacean lurks off Whitstable"])

    assert first(index, "Crustacean off Whitstable") == 2


def test_what_is_taken_out_is_found_no_more_and_what_is_put_in_again_is_found_as_before(index):
    before = index.search("Apple buys Path")
    for claim in WORDINGS:
        index.drop(claim)
    index.drop(1)
    assert index.search("Apple buys Path") == []

    for claim in (4, 3, 2, 1):
        index.put(claim, WORDINGS[claim])

    assert index.search("Apple buys Path") == before


def test_a_headline_on_something_else_is_unlikely_to_mean_the_claim_that_it_resembles_most(index):
    meant = index.search("Apple is to buy Path, the start-up")
    other = index.search("Apple opens a store in Hull")

    assert likelihood(meant) > 0.8
    assert likelihood(other) < 0.5
    assert likelihood([]) == 0


def test_names_follow_what_is_put_in_and_taken_out():
    names = NameIndex([CompanyProfile(1, "Nordwind", ("NW", "北风"))])
    text = "Nordwind, NW und 北风 und Südwind"
    assert [mention.id for mention in names.find(text)] == [1, 1, 1]

    names.put(CompanyProfile(1, "Nordwind"))
    names.put(CompanyProfile(2, "Südwind AG"))
    assert [(text[m.start : m.end], m.id) for m in names.find(text)] == [("Nordwind", 1), ("Südwind", 2)]

    names.drop(1)
    names.drop(2)
    assert names.find(text) == []


def test_tracking_follows_companies_and_claims_one_by_one():
    tracked = Tracked([CompanyProfile(1, "Nordwind"), CompanyProfile(2, "Halden")])
    tracked.put_claim(ClaimProfile(7, "Nordwind will buy Halden", frozenset({1, 2}), "acquisition"))
    assert tracked.target(7).all == {1, 2}

    tracked.put_company(CompanyProfile(3, "Vanta", parents=frozenset({2})))
    assert tracked.target(7).all == {1, 2, 3}
    assert [target.claim for target in tracked.targets_near({3}, "")] == [7]

    tracked.drop_claim(7)
    assert tracked.target(7) is None
    assert tracked.targets_near({1, 2, 3}, "") == []
