"""What a clause does and who speaks it."""

import pytest

from ingest.names import CompanyProfile, NameIndex, SourceProfile
from ingest.stance import read_voice, stance_on
from ingest.text import fold

NORDWIND, HALDEN, COURIER = 1, 2, 10
NAMES = NameIndex([CompanyProfile(NORDWIND, "Nordwind", ("北风",)), CompanyProfile(HALDEN, "Halden", ("哈尔登",))])
OUTLETS = NameIndex([SourceProfile(COURIER, "Motor Courier", ("汽车信使",))])


def hear(text):
    folded = fold(text)
    return read_voice(folded, NAMES.find(folded), OUTLETS.find(folded))


@pytest.mark.parametrize(
    "text",
    [
        "Nordwind denied that it is in talks with Halden.",
        "Nordwind said the report on Halden was untrue.",
        "The rumor about Halden is not true, Nordwind said.",
        "Nordwind has no plans to buy Halden, the company said.",
        "There is no truth in it, Nordwind said of the Halden story.",
        "Nordwind dismissed reports that it will take over Halden.",
        "Nordwind is not in talks with Halden, a spokesman said.",
        "Nordwind said it is not holding discussions with anyone.",
        "Nordwind does not plan to bid for Halden, a spokesman said.",
        "No truth in the Halden merger rumors, says Nordwind",
        "Nordwind board member says the Halden merger is 'fake news'",
        "北风否认将收购哈尔登。",
        "北风发言人李明表示，收购哈尔登的消息不实。",
        "北风称并无此事。",
    ],
)
def test_it_is_a_denial(text):
    assert hear(text).signal == "denial"


@pytest.mark.parametrize(
    "text",
    [
        "Nordwind neither confirmed nor denied the report.",
        "Nordwind declined to confirm or deny that it wants Halden.",
        "Nordwind did not deny that it is in talks with Halden.",
        "Nordwind has not denied the report.",
        "The talks were not confirmed by Nordwind.",
        "北风没有否认这一消息。",
    ],
)
def test_it_is_neither_a_denial_nor_a_confirmation(text):
    assert hear(text).signal not in ("denial", "confirmation")


@pytest.mark.parametrize(
    "text",
    [
        "Nordwind announced that it will buy Halden.",
        "Nordwind confirmed it has agreed to buy a stake in Halden.",
        "Nordwind and Halden signed a letter of intent on Monday.",
        "Nordwind said it would invest 2 billion euros in Halden.",
        "Nordwind will buy Halden for cash, the company announced on Monday.",
        "北风宣布收购哈尔登。",
    ],
)
def test_it_is_a_confirmation(text):
    voice = hear(text)

    assert voice.signal == "confirmation"
    assert voice.speaker.kind == "company"


@pytest.mark.parametrize(
    "text",
    [
        "Nordwind is close to finalizing a deal with Halden.",
        "The partnership of Nordwind and Halden is close to being finalized.",
        "Nordwind is considering a bid for Halden.",
        "Nordwind is expected to announce a deal with Halden.",
        "Nordwind and Halden are in advanced talks, people familiar with the matter said.",
        "Nordwind has agreed to buy Halden, sources said.",
        "Nordwind may buy Halden.",
        "Nordwind and Halden plan to sign an agreement, insiders said.",
        "知情人士称，北风考虑收购哈尔登。",
    ],
)
def test_it_is_a_rumor(text):
    assert hear(text).signal == "rumor"


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("Nordwind said a merger with Halden is not decided.", "contact"),
        ("Nordwind CEO Ola Berg says no decision was made on Halden.", "contact"),
        ("Nordwind and Halden confirm merger talks", "rumor"),
        ("Halden, Nordwind announce merger", "confirmation"),
        ("Nordwind said a court denied a motion to block the merger with Halden.", "confirmation"),
        ("Nordwind declined to comment.", "no_comment"),
        ("Nordwind would not comment on market talk.", "no_comment"),
        ("Nordwind declined comment on talk that it wants Halden.", "no_comment"),
        ("Nordwind said it terminated plans to acquire Halden.", "ended"),
        ("Nordwind has withdrawn its offer for Halden, it said.", "ended"),
        ("The two called off the merger, Nordwind announced.", "ended"),
        ("北风拒绝置评。", "no_comment"),
        ("Nordwind did not immediately respond to a request for comment.", "no_response"),
        ("Nordwind could not be reached for comment.", "no_response"),
        ("北风未回应。", "no_response"),
        ("If the reports about Nordwind and Halden are true, prices will fall.", "if_true"),
        ("Nordwind already operates a joint venture with Halden.", "background"),
        ("Unlike the alliance of Nordwind and Halden, this one is new.", "aside"),
        ("Working with Halden could be the ideal move for Nordwind.", "opinion"),
    ],
)
def test_other_signals_are_told_apart(text, signal):
    assert hear(text).signal == signal


@pytest.mark.parametrize(
    ("text", "kind", "name", "role", "companies"),
    [
        ("Motor Courier quoted Nordwind's spokesman Ola Berg as saying it was untrue.", "named", "Ola Berg", "spokesman", (1,)),
        ("Ola Berg, chief executive of Nordwind, said the report was false.", "named", "Ola Berg", "chief executive", (1,)),
        ("Nordwind CEO Ola Berg said the company will buy Halden.", "named", "Ola Berg", "CEO", (1,)),
        ("A Nordwind spokeswoman denied the report.", "team", "", "spokeswoman", (1,)),
        ("A spokesman for Halden denied it.", "team", "", "spokesman", (2,)),
        ("The Nordwind China team also denied it.", "team", "", "China team", (1,)),
        ("Nordwind and Halden have not responded.", "company", "", "", (1, 2)),
        ("Nordwind on Tuesday denied it wants Halden.", "company", "", "", (1,)),
        ("Nordwind said in a regulatory filing that it bought shares of Halden.", "document", "", "regulatory filing", (1,)),
        ("Another insider from Nordwind said there was contact with Halden.", "anonymous", "", "insider from Nordwind", ()),
        ("北风发言人李明表示，该消息不实。", "named", "李明", "发言人", (1,)),
    ],
)  # fmt: skip
def test_who_speaks_and_for_whom(text, kind, name, role, companies):
    speaker = hear(text).speaker

    assert (speaker.kind, speaker.name, speaker.role, speaker.companies) == (kind, name, role, companies)


@pytest.mark.parametrize(
    "text",
    [
        "Nordwind will buy Halden, Motor Courier said today, citing people familiar with the matter.",
        "According to Motor Courier, Nordwind will buy Halden.",
        "Motor Courier quoted Nordwind's spokesman Ola Berg as saying it was untrue.",
        "The team denied it, according to Motor Courier.",
        "据汽车信使报道，北风将收购哈尔登。",
    ],
)
def test_the_outlet_that_a_sentence_cites_is_read(text):
    assert hear(text).outlet == COURIER


def test_an_outlet_that_only_asked_for_comment_is_not_cited():
    assert hear("Nordwind has not responded to Motor Courier's request for comment.").outlet is None


def test_only_a_party_denies_or_confirms():
    denial, announcement = hear("Nordwind denied the report."), hear("Nordwind announced the deal.")

    assert [stance_on(denial, speaks)[0] for speaks in (True, False)] == ["denies", "disputes"]
    assert [stance_on(announcement, speaks)[0] for speaks in (True, False)] == ["confirms", "supports"]


def test_an_insider_neither_denies_nor_confirms_whoever_employs_him():
    assert stance_on(hear("An insider at Nordwind denied the report."), True)[0] == "disputes"
    assert stance_on(hear("An insider at Nordwind confirmed the deal with Halden."), True)[0] == "supports"


def test_a_hedged_word_of_a_party_is_support_and_no_confirmation():
    voice = hear("The odds are that two brands will use it, Nordwind's chairman Ola Berg said.")

    assert stance_on(voice, True) == ("supports", "hedged")
