"""Cutting known items out of a feed gives what the whole feed gives, less those."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.parsing import NotAFeed, markup, parse
from ingest.trimming import RECORD, items_of, records, without

NOW = datetime(2024, 6, 19, 12, tzinfo=UTC)
BASE = "https://news.example/feed"
# The folder `tests` of feedparser's source package, where it is at hand.
CORPUS = Path(os.environ.get("FEEDPARSER_TESTS", "/nonexistent"))


def rss(*items, head="", language="<language>en</language>", tail=""):
    return f"{head}<rss version='2.0'><channel><title>Deals</title>{language}{''.join(items)}{tail}</channel></rss>"


def item(number, title=None, more=""):
    return f"<item><guid>g{number}</guid><title>{title or number}</title><link>/{number}</link>{more}</item>"


def read(document, known=b""):
    return parse(document if isinstance(document, bytes) else document.encode(), base=BASE, now=NOW, known=known)


def titles(feed):
    return [entry.title for entry in feed.entries]


def test_items_that_are_known_are_left_out():
    before = read(rss(item(1), item(2)))

    after = read(rss(item(3), item(1), item(2)), known=before.items)

    assert titles(after) == ["3"]
    assert titles(read(rss(item(1), item(2), item(3)), known=after.items)) == []


def test_an_item_that_was_edited_is_read_again():
    before = read(rss(item(1), item(2)))

    assert titles(read(rss(item(1), item(2, "edited")), known=before.items)) == ["edited"]


def test_what_the_parser_need_not_see_is_cut():
    document = rss(item(1), item(2)).encode()
    first, _ = items_of(document, "")

    assert without(document, [first]) == rss(item(2)).encode()


def test_a_record_is_small_and_there_is_one_for_each_item():
    before = read(rss(item(1), item(2)))

    assert len(before.items) == 2 * RECORD
    assert len(records(before.items)) == 2


@pytest.mark.parametrize(
    "changed",
    [
        rss(item(1)).replace("<rss ", "<rss xml:lang='zh' "),
        rss(item(1)).replace("<channel>", "<channel xml:base='https://other.example/'>"),
        rss(item(1)).replace("<rss ", "<rss xmlns='http://backend.userland.com/rss2' "),
    ],
)
def test_items_below_another_root_are_not_known(changed):
    assert titles(read(changed, known=read(rss(item(1))).items)) == ["1"]


def test_items_from_another_address_are_not_known():
    before = read(rss(item(1)))

    assert parse(rss(item(1)).encode(), base="https://moved.example/", now=NOW, known=before.items).entries


def test_a_new_item_that_bears_a_known_items_guid_is_told_apart_from_it():
    before = read(rss(item(1)))
    both = rss(item(1).replace("/1<", "/other<"), item(1))

    assert [entry.guid for entry in read(both, known=before.items).entries] == [
        "https://news.example/other",
        "https://news.example/1",
    ]


def test_items_that_share_a_guid_are_never_cut():
    assert read(rss(item(1), item(1, "again"))).items == b""


@pytest.mark.parametrize(
    "odd",
    [
        rss(item(1)) + "<more/>",
        rss(item(1, more="&nbsp;")),
        rss(item(1, more="<a:b/>")),
        rss(item(1)).replace("</channel>", ""),
        rss(item(1, more=item(2))),
        rss(*map(item, range(501))),
        "<rss version='2.0'><channel>" + item(1) + "</channel><channel>" + item(2) + "</channel></rss>",
        rss("<item/>"),
        rss(item(1, more="<a:b xmlns:a='urn:1'/>"), item(2, more="<a:b xmlns:a='urn:2'/>")),
    ],
)
def test_what_is_odd_is_read_whole_and_nothing_of_it_is_known(odd):
    whole = parse(odd.encode(), base=BASE, now=NOW)

    found = read(odd)

    assert (found.entries, found.items) == (whole.entries, b"")


def assert_trimmed_equals_whole(body, chosen, content_type=""):
    """Asserts that with the chosen of its items known, a document gives what it gives whole, less those; True if cut."""
    whole = parse(body, content_type=content_type, base=BASE, now=NOW)
    every = parse(body, content_type=content_type, base=BASE, now=NOW, known=b"")
    assert every.entries == whole.entries
    kept = [every.items[at : at + RECORD] for at in range(0, len(every.items), RECORD)]
    if len(kept) != len(every.entries):  # odd, or one of its items says nothing
        return False
    known = [one for place, one in enumerate(kept) if chosen(place)]
    trimmed = parse(body, content_type=content_type, base=BASE, now=NOW, known=b"".join(known))
    # Two items of the same bytes have one record; such a feed shares guids and is not cut.
    expected = tuple(entry for place, entry in enumerate(whole.entries) if not chosen(place))
    assert trimmed.entries == expected
    assert (trimmed.title, trimmed.pace) == (whole.title, whole.pace)
    assert {trimmed.items[at : at + RECORD] for at in range(0, len(trimmed.items), RECORD)} == set(kept)
    return bool(known)


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
escaped = words.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", ""))
values = st.one_of(
    escaped,
    words.map(lambda text: f"<![CDATA[{text.replace(']]>', '')}]]>"),
    st.sampled_from(["/a", "https://a.example/", "Mon, 15 Apr 2024 08:05:00 GMT", "&lt;p&gt;a&lt;/p&gt;", "<p>a</p>"]),
    st.sampled_from(["<!-- <item> -->", "<?x <item> ?>", "<div xmlns='http://www.w3.org/1999/xhtml'>a</div>"]),
)
elements = st.builds(
    lambda name, value: f"<{name}>{value}</{name.split()[0]}>",
    st.sampled_from(
        ["title", "link", "description", "pubDate", "author", "updated", "id", "summary type='html'", "dc:date"]
        + ["content:encoded", "source", "category", "image", "textinput", "enclosure", "title xml:lang='de'", "item"]
        + ["content type='xhtml'", "contributor", "media:title", "dc:creator", "language", "ttl"]
    ),
    values,
)
bodies = st.lists(elements, max_size=5).map("".join)
attributes = st.sampled_from(
    ["", " xml:lang='zh'", " xml:base='https://b.example/'", " rdf:about='https://c.example/'"]
)
NAMESPACES = (
    " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    " xmlns:media='http://search.yahoo.com/mrss/' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["rss", "atom", "rdf"]),
    items=st.lists(st.tuples(attributes, bodies), max_size=5),
    head=bodies,
    tail=bodies,
    chosen=st.sets(st.integers(0, 4)),
)
def test_a_trimmed_feed_gives_what_the_whole_gives(kind, items, head, tail, chosen):
    name = "entry" if kind == "atom" else "item"
    middle = "\n".join(
        f"<{name}{attribute}><guid isPermaLink='false'>{place}</guid><id>{place}</id>{body}</{name}>"
        for place, (attribute, body) in enumerate(items)
    )
    document = {
        "rss": f"<rss version='2.0'{NAMESPACES}><channel>{head}{middle}{tail}</channel></rss>",
        "atom": f"<feed xmlns='http://www.w3.org/2005/Atom'{NAMESPACES}>{head}{middle}{tail}</feed>",
        "rdf": f"<rdf:RDF xmlns='http://purl.org/rss/1.0/'{NAMESPACES}><channel>{head}</channel>{middle}{tail}</rdf:RDF>",
    }[kind]

    assert_trimmed_equals_whole(document.encode(), chosen.__contains__)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="FEEDPARSER_TESTS names no folder of feedparser's own test feeds")
def test_feedparsers_own_feeds_give_the_same_trimmed_and_whole():
    cut = 0
    for path in sorted(CORPUS.rglob("*.xml")):
        body = path.read_bytes()
        try:
            markup(body.decode())
        except (NotAFeed, UnicodeDecodeError):
            continue
        # Most hold one item: with one more in front and behind, there is something to cut and something to keep.
        found = re.search(rb"<(item|entry)\b.*</\1\s*>", body, re.DOTALL)
        twice = body[: found.end()] + body[found.start() : found.end()] + body[found.end() :] if found else body
        for one in (body, twice):
            for chosen in (lambda place: place == 0, lambda place: place > 0, lambda place: True):
                try:
                    cut += assert_trimmed_equals_whole(one, chosen)
                except NotAFeed:
                    continue
                except AssertionError as difference:
                    raise AssertionError(f"{path.relative_to(CORPUS)}: {difference}") from None

    assert cut > 500
