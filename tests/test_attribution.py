"""The outlets that a sentence takes its story from, known to us or not."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.choices import SourceKind
from deals.record import independent_origins
from ingest.attribution import unknown_outlet, who_asked
from ingest.models import Entry, Feed, Sketch
from ingest.statements import Reading, Statement
from ingest.suggestions import Pick, accept, copies, read_unread, same_text
from ingest.syndication import likeness, sketch
from ingest.text import fold

APRIL_15 = datetime(2024, 4, 15, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sentence", "name", "kind"),
    [
        ("The partnership is close to being finalized, local media outlet 36kr said today, citing people familiar with the matter.", "36kr", SourceKind.TRADE_PRESS),
        ("36kr had written on the talks before.", "36kr", SourceKind.TRADE_PRESS),
        ("Hours later, another local media outlet, Yicai, quoted the spokesman Jin Yibo as saying so.", "Yicai", SourceKind.NEWSPAPER),
        ("Nordwind is in talks, according to Bloomberg.", "Bloomberg", SourceKind.WIRE),
        ("Nordwind is in talks, Bloomberg News reported on Friday.", "Bloomberg News", SourceKind.WIRE),
        ("LatePost reported that Nordwind will buy Halden.", "LatePost", SourceKind.TRADE_PRESS),
        ("German newspaper Nordblick reported the talks.", "Nordblick", SourceKind.TRADE_PRESS),
        ("The Nordland Tribune reported the talks.", "The Nordland Tribune", SourceKind.NEWSPAPER),
        ("BERLIN (Reuters) - Nordwind will buy Halden.", "Reuters", SourceKind.WIRE),
        ("Nordwind is weighing a bid, Quarzkanal said, citing unnamed executives.", "Quarzkanal", SourceKind.TRADE_PRESS),
        ("据财联社报道，北风将收购哈尔登。", "财联社", SourceKind.WIRE),
        ("36氪获悉，北风正与哈尔登洽谈。", "36氪", SourceKind.TRADE_PRESS),
        ("据《北方日报》消息，北风否认此事。", "北方日报", SourceKind.NEWSPAPER),
    ],
)  # fmt: skip
def test_an_outlet_is_read_from_the_words_around_it(sentence, name, kind):
    cited = unknown_outlet(fold(sentence))

    assert (cited.name, cited.kind) == (name, kind)
    assert fold(sentence)[cited.start : cited.end] == name


@pytest.mark.parametrize(
    "sentence",
    [
        "Nordwind and Halden have not responded to Reuters’ request for comments.",
        "Nordwind did not reply to a Reuters request for comment.",
        "Halden declined to comment when contacted by Reuters.",
        "Halden did not answer questions from Reuters.",
    ],
)
def test_who_asked_in_vain_is_where_the_word_of_a_silence_comes_from(sentence):
    assert who_asked(fold(sentence)).name == "Reuters"


@pytest.mark.parametrize(
    "sentence",
    [
        "Nordwind is in talks, according to people familiar with the matter.",
        "According to the report, Nordwind will buy Halden.",
        "According to Ola Berg, the talks go on.",
        "Nordwind said it will buy Halden.",
        "Ford reported higher sales.",
        "Sources said so on Monday.",
        "The company said in April that it will invest.",
        "据知情人士消息，北风将收购哈尔登。",
        "北风签署《合作协议》。",
    ],
)
def test_who_only_speaks_is_no_outlet(sentence):
    assert unknown_outlet(fold(sentence)) is None


PIECES = st.sampled_from(
    ["according to", "The", "36kr", "Times", "Bloomberg", ",", "said", "citing", "据", "财联社", "报道", "《", "》", "(", ")", "-", "People"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=14).map(" ".join))
def test_an_outlet_is_words_of_its_sentence(sentence):
    folded = fold(sentence)
    if cited := unknown_outlet(folded):
        assert folded[cited.start : cited.end] == cited.name


STORY = (
    "JLR is close to using Chery's platforms, 36kr said, citing people familiar with the matter. The carmaker would build new "
    "models on them, the report added, and a first one could be shown at the end of the year in Shanghai."
)


@pytest.fixture
def make_entry(make_source):
    numbers = itertools.count(1)

    def make(text=STORY, source="CnEVPost", title="News from the car makers", at=APRIL_15):
        outlet, number = make_source(source), next(numbers)
        feed, _ = Feed.objects.get_or_create(url=f"https://{outlet.slug}.example/feed", defaults={"source": outlet})
        return Entry.objects.create(
            feed=feed, source=outlet, title=title, text=text, guid=f"{number}", url=f"https://cars.example/{number}",
            published_at=at,
        )  # fmt: skip

    return make


@pytest.fixture
def claim(make_claim):
    return make_claim(type="technology_licence")


def picked(entry):
    return [Pick(entry.suggestions.filter(stance="supports").first())]


def test_an_outlet_that_is_no_source_yet_is_proposed_and_becomes_one_when_linked(claim, make_entry, editor):
    entry = make_entry()
    read_unread()
    said = entry.suggestions.get(passage__contains="close to")
    assert (said.origin, said.cites) == (None, "36kr")

    (evidence,) = accept(entry, [Pick(said)], by=editor)

    assert (evidence.origin.source.name, evidence.origin.placeholder) == ("36kr", True)
    assert evidence.origin.source.kind == SourceKind.TRADE_PRESS


def test_copies_of_one_story_collapse_to_the_origin_that_they_cite(claim, make_entry, editor):
    first, second = make_entry(), make_entry(f"Read on. {STORY}", source="Carscoops")
    read_unread()
    for entry in (first, second):
        entry.refresh_from_db()
        accept(entry, picked(entry), by=editor)

    (group,) = independent_origins(claim.evidence.select_related("report", "origin"))
    assert (group.root.source.name, group.reports) == ("36kr", 2)


PLAIN = STORY.replace(", 36kr said, citing people familiar with the matter", "").replace(", the report added,", "")


def test_the_same_text_without_a_word_on_its_origin_counts_once(claim, make_entry, editor, admin_client):
    first = make_entry(PLAIN)
    second = make_entry(f"{PLAIN} Editing by Carscoops.", source="Carscoops", title="Chery to lend platforms")
    other = make_entry("JLR may use Chery's platforms for a car that nobody has seen so far, say people who should know it best.", source="Pandaily")  # fmt: skip
    read_unread()
    for entry in (first, second, other):
        entry.refresh_from_db()
        accept(entry, picked(entry), by=editor)

    page = admin_client.get(f"/admin/queue/{second.pk}/").content.decode()
    groups = independent_origins(claim.evidence.select_related("report", "origin"))

    assert sorted((group.root.source.name, group.reports) for group in groups) == [("CnEVPost", 2), ("Pandaily", 1)]
    assert "Nearly the same text" in page


def test_copies_of_another_week_are_another_story(claim, make_entry):
    make_entry(PLAIN)
    later = make_entry(PLAIN, source="Carscoops", at=APRIL_15 + timedelta(days=30))
    read_unread()

    assert same_text(later) == []


@pytest.mark.parametrize("size", [1, 15])
def test_copies_are_found_in_the_same_queries_for_any_number(size, claim, make_entry, django_assert_num_queries):
    entries = [make_entry(source=f"Paper {number}") for number in range(size)]
    readings = {
        entry.pk: Reading(candidates=(Statement(claim.pk, "supports", "strong", "outlet", "body", "x"),))
        for entry in entries
    }

    with django_assert_num_queries(3):
        copies.note(entries, readings)

    assert Sketch.objects.exclude(same_as=None).count() == size - 1


@given(st.text(alphabet="abcdefg 北风", max_size=300), st.text(alphabet="abcdefg 北风", max_size=300))
def test_a_text_is_like_itself_and_no_more_than_that(one, other):
    mine, theirs = sketch("", one), sketch("", other)

    assert likeness(mine, mine) == (1.0 if mine else 0.0)
    assert 0 <= likeness(mine, theirs) == likeness(theirs, mine) <= 1
