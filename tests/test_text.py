"""Items as sentences: where they end, and which lines are no part of the story."""

import pytest

from ingest.text import fold, passages


def sentences(text, headline="A headline"):
    return [passage.text for passage in passages(headline, text) if passage.part == "body"]


@pytest.mark.parametrize(
    "text",
    [
        "Nordwind NV and Halden Motor Co. are in talks on a stake worth $18.7 billion.",
        "Mr. Berg of Halden Inc. in the U.S. declined to comment.",
        "It holds 4.99 percent, or approx. 3.2 million shares.",
        "“We have no such plan,” he said.",
        "北风汽车将收购哈尔登3.5%的股份。",
    ],
)
def test_a_sentence_stays_whole(text):
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One ends here. Another begins.", ["One ends here.", "Another begins."]),
        ("He said: “No.” Then he left.", ["He said: “No.”", "Then he left."]),
        ("It bought Halden Inc. The price is not known.", ["It bought Halden Inc.", "The price is not known."]),
        ("北风否认了。哈尔登呢？没有回应！", ["北风否认了。", "哈尔登呢？", "没有回应！"]),
        ("北风称：“不实。”哈尔登未回应。", ["北风称：“不实。”", "哈尔登未回应。"]),
        ("A first line\n\nA second one.", ["A first line", "A second one."]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        "Read: Ten things to know about Nordwind",
        "SEE ALSO:Halden Motors files for bankruptcy",
        "(Image credit: Halden)",
        "($1 = £0.8012)",
        "相关阅读：北风汽车的十年",
        "Halden Motors shows a new van",
    ],
)
def test_links_credits_and_captions_are_boilerplate(line):
    found = passages(
        "Nordwind buys Halden", f"Nordwind buys Halden, it said.\n{line}\nThe price is not known.\nIt ends."
    )

    assert [passage.text for passage in found if passage.boilerplate] == [line]


def test_the_headline_repeated_in_the_text_is_boilerplate():
    found = passages("Nordwind may buy Halden", "It may.\nNordwind May Buy Halden\nNobody knows.\nWe asked.")

    assert [passage.text for passage in found if passage.boilerplate] == ["Nordwind May Buy Halden"]


def test_without_a_headline_the_first_line_stands_for_it():
    assert [passage.part for passage in passages("", "Nordwind buys Halden.\nIt said so.")] == ["headline", "body"]


def test_a_text_wrapped_at_a_fixed_width_is_joined():
    text = "Nordwind said it has agreed to buy\nHalden for cash and shares in a\ndeal that regulators must still\napprove.\n    Halden declined to comment."

    assert sentences(text) == [
        "Nordwind said it has agreed to buy Halden for cash and shares in a deal that regulators must still approve.",
        "Halden declined to comment.",
    ]


def test_folding_makes_forms_plain_and_keeps_every_place():
    published = "“ＪＬＲ”‑Chery’s５０％ﬁ"

    assert fold(published) == '"JLR"-Chery\'s50%ﬁ'
    assert len(fold(published)) == len(published)
