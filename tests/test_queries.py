"""The words that a claim is searched for with, and the address that asks for them."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.choices import DealType
from ingest.queries import (
    DEAL_WORDS,
    LONGEST_PROPOSAL,
    LONGEST_QUERY,
    address_of,
    propose_query,
    trouble_with,
)
from ingest.text import fold
from ingest.wording import deal_words

JLR = ["JLR", "Jaguar Land Rover", "捷豹路虎", "Jaguar Land Rover Automotive"]
CHERY = ["Chery", "Chery Automobile", "奇瑞", "奇瑞汽车"]
LICENCE = DealType.TECHNOLOGY_LICENCE


@pytest.mark.parametrize(
    ("parties", "deal_type", "language", "query"),
    [
        (
            [JLR, CHERY],
            LICENCE,
            "en",
            '(JLR OR "Jaguar Land Rover") Chery (platform OR technology OR licence OR deal OR talks OR denies OR confirms)',
        ),
        ([JLR, CHERY], LICENCE, "zh-CN", "捷豹路虎 奇瑞 (平台 OR 授权 OR 技术 OR 合作 OR 否认 OR 传闻 OR 回应)"),
        ([JLR, ["Exeed"]], "merger", "zh", "捷豹路虎 Exeed (合并 OR 合作 OR 否认 OR 传闻 OR 回应)"),
        ([["捷豹路虎"], CHERY], LICENCE, "de", "捷豹路虎 Chery"),  # no name in that script; no words in that language
        (
            [["Stellantis"], ["Leapmotor"], ["Leapmotor International"]],
            "joint_venture",
            "en",
            'Stellantis Leapmotor ("joint venture" OR deal OR talks OR denies OR confirms)',
        ),
        ([["Fisker"]], "insolvency", "en", "Fisker (bankruptcy OR insolvency OR deal OR talks OR denies OR confirms)"),
        ([["A"], ["B"], ["C"]], "conditional_plan", "fr", "A B"),
        ([['Say "cheese"', "  "]], LICENCE, "fr", '"Say cheese"'),
        ([], LICENCE, "en", ""),
        ([[" "]], LICENCE, "en", ""),
    ],
)
def test_a_query_is_made_of_the_parties_in_the_language_and_the_words_of_the_deal(parties, deal_type, language, query):
    assert propose_query(parties, deal_type, language) == query


def test_what_is_too_long_loses_words_of_the_deal_and_then_second_names():
    assert (
        propose_query([["A" * 60, "B" * 60], ["C"]], LICENCE, "en")
        == f"({'A' * 60} OR {'B' * 60}) C (platform OR technology)"
    )
    assert propose_query([["A" * 60, "B" * 60], ["C" * 60]], LICENCE, "en") == f"{'A' * 60} {'C' * 60}"


@given(st.lists(st.lists(st.text(max_size=200), max_size=5), max_size=5), st.sampled_from(["en", "zh", "de"]))
def test_whatever_the_names_a_query_stays_short(parties, language):
    assert len(propose_query(parties, LICENCE, language)) <= LONGEST_QUERY


@pytest.mark.parametrize("language", DEAL_WORDS)
def test_every_word_of_a_deal_is_one_that_items_are_read_by(language):
    kinds = DEAL_WORDS[language]

    assert {*kinds, DealType.CONDITIONAL_PLAN} == set(DealType.values)
    unread = [word for kind, words in kinds.items() for word in words if kind not in deal_words(fold(word))]
    assert unread == []
    assert LONGEST_PROPOSAL < LONGEST_QUERY


@pytest.mark.parametrize("query", ['(JLR OR "Jaguar Land Rover") Chery', "捷豹路虎 奇瑞", "a&b=c#d?e/f%20{query}+"])
def test_an_address_asks_for_just_these_words(query):
    address = address_of("https://search.example/rss?q={query}&hl=en", query)

    assert parse_qs(urlsplit(address).query) == {"q": [query], "hl": ["en"]}
    assert address.isascii()
    assert urlsplit(address_of("https://search.example/{query}/rss", query)).path.count("/") == 2


def test_white_space_makes_no_other_search():
    assert address_of("https://s.example/?q={query}", " JLR \n Chery ") == "https://s.example/?q=JLR%20Chery"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("https://search.example/rss?q={query}", ""),
        ("https://search.example/{query}.rss", ""),
        ("https://search.example/rss", "exactly once"),
        ("https://search.example/{query}?q={query}", "exactly once"),
        ("https://search.example/rss?q={query}&l={language}", "No other braces"),
        ("https://{query}.example/rss", "behind the host"),
        ("https://search.example/rss#{query}", "behind the host"),
        ("https://[search/{query}", "not a valid address"),
    ],
)
def test_a_template_says_once_where_the_words_belong(template, sentence):
    assert sentence in trouble_with(template)
    assert bool(sentence) == bool(trouble_with(template))
