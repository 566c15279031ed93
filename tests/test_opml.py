"""Lists of feeds in and out: what is read, what is refused and why, and that an export comes back whole."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from deals.models import Source, SourceDomain
from ingest import opml, subscribing
from ingest.models import Feed
from ingest.opml import NotOPML, Outline

HOSTILE = {
    "entities": b'<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><opml><outline xmlUrl="&b;"/></opml>',
    "file": b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><outline xmlUrl="&x;"/></opml>',
    "remote DTD": b'<!DOCTYPE opml SYSTEM "http://127.0.0.1:1/x.dtd"><opml/>',
}


def lines_of(*outlines, **options):
    return subscribing.plan(outlines, **options)


def told(*outlines, **options):
    return [(line.wanted.url, line.source_name, line.skipped) for line in lines_of(*outlines, **options)]


def document(*rows):
    return f"<opml version='2.0'><head/><body>{''.join(rows)}</body></opml>".encode()


def row(url, title="", site=""):
    return f'<outline type="rss" text="{title}" xmlUrl="{url}" htmlUrl="{site}"/>'


def import_opml(path, *options):
    out = io.StringIO()
    call_command("import_opml", str(path), *options, stdout=out)
    return out.getvalue()


def export_opml():
    out = io.StringIO()
    call_command("export_opml", stdout=out)
    return out.getvalue()


# Reading


def test_feeds_are_found_in_folders_whatever_the_case_of_the_attributes():
    found = opml.read(
        document(
            '<outline text="Cars"><outline text="EV" title=" CnEV&#10;Post " xmlUrl="https://a.example/feed"/></outline>',
            '<outline text="B" xmlurl="https://b.example/rss" HTMLURL="https://b.example/"/>',
            '<outline text="A folder without feeds"/>',
        )
    )

    assert found == [
        Outline("https://a.example/feed", "CnEV Post"),
        Outline("https://b.example/rss", "B", site="https://b.example/"),
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_document_type_is_refused_before_anything_of_it_is_read(name):
    with pytest.raises(NotOPML, match="DTD"):
        opml.read(HOSTILE[name])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"<html><body/></html>", "not OPML"),
        (b"<opml><outline xmlUrl='a&b'/></opml>", "not well-formed XML.*line 1"),
        (b"<opml>" + b"<outline>" * 60, "deep"),
        (document(*(row(f"https://{n}.example/") for n in range(opml.MOST_FEEDS + 1))), "more than 5,000 feeds"),
        (document("<outline/>" * opml.MOST_ELEMENTS), "more than 50,000 elements"),
        (b"<opml>" + b" " * opml.LARGEST, "larger than 2 MB"),
        (b"<?xml version='1.0' encoding='rot13'?><opml/>", "written in rot13"),
    ],
)
def test_what_is_no_list_or_too_much_of_one_is_refused_with_the_reason(body, words):
    with pytest.raises(NotOPML, match=words):
        opml.read(body)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_list_is_read_in_the_encoding_that_it_declares(codec):
    declared = "utf-8" if codec == "utf-8-sig" else codec
    written = f"<?xml version='1.0' encoding='{declared}'?>" + document(row("https://a.example/", "Süd")).decode()

    assert [one.title for one in opml.read(written.encode(codec))] == ["Süd"]


def test_what_is_written_is_read_again_whatever_its_names_hold():
    outlines = [
        Outline(
            "https://a.example/?a=1&b=2", "“Q&A” <b>'x'</b>", "https://a.example/", "zh", "wire", 600, True, 86_400
        ),
        Outline("https://b.example/feed", "第一财经"),
    ]

    assert opml.read(opml.write(outlines, title="T & T").encode()) == outlines


# Judging


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("javascript:alert(1)", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("feed://a.example/", "http:// or https://"),
        ("http://user:secret@a.example/", "name or password"),
        ("http://a.example:22/", "Port 22"),
        ("http://127.0.0.1/feed", "inside our network"),
        ("http://127.1/feed", "inside our network"),
        ("http://2130706433/", "inside our network"),
        ("http://0x7f000001/", "inside our network"),
        ("http://[::1]/", "inside our network"),
        ("http://[::ffff:10.0.0.1]/", "inside our network"),
        ("http://169.254.169.254/latest/meta-data/", "inside our network"),
        ("http://localhost/feed", "inside our network"),
        ("http://db.internal/feed", "inside our network"),
        ("http://printer/feed", "inside our network"),
        ("https://a.example/" + "x" * 2048, "longer than 2048"),
        ("https://a b.example/", "a space"),
        ("http://", "http:// or https://"),
        ("http://[::1/", "not a valid address"),
        ("https://-.example/", "not a valid address"),
        ("", "no address"),
    ],
)
def test_an_address_that_would_not_be_fetched_is_skipped_with_the_reason(db, url, words):
    (line,) = lines_of(Outline(url[:2049], "A"))

    assert words in line.skipped


def test_an_inside_address_is_added_where_the_house_allows_it(db, settings):
    settings.LOCAL_FEEDS = frozenset({"127.0.0.1:8000"})

    assert told(Outline("http://127.0.0.1:8000/feed", "Ours")) == [("http://127.0.0.1:8000/feed", "Ours", "")]


def test_a_feed_that_is_polled_already_is_skipped_however_it_is_spelt(make_source):
    Feed.objects.create(url="https://a.example/feed/", source=make_source())

    held, spelt, twice, again = told(
        Outline("https://a.example/feed/"),
        Outline("http://A.example:80/feed#top"),
        Outline("https://b.example/feed", "B"),
        Outline("https://b.example/feed", "B"),
    )

    assert held[2] == "It is polled already."
    assert spelt[2] == "It is polled already, as https://a.example/feed/."
    assert (twice[2], again[2]) == ("", "It is polled already.")


def test_the_address_that_a_feed_moved_from_is_not_polled_again(make_source):
    feed = Feed.objects.create(url="https://a.example/new", source=make_source())
    feed.former_addresses.create(url="https://a.example/old")

    (line,) = lines_of(Outline("https://a.example/old"))

    assert line.skipped == "It moved, and is polled at https://a.example/new."


def test_a_source_is_known_by_its_site_then_by_its_name_then_by_the_feeds_host(make_source):
    make_source("Yicai", domain="yicai.com")
    make_source("Reuters").aliases.create(name="路透社")

    found = told(
        Outline("https://feeds.example/1", "Anything", site="https://www.yicai.com/news"),
        Outline("https://news.yicai.com/2", "路透社"),
        Outline("https://news.yicai.com/3", "Anything else"),
    )

    assert [source for _, source, _ in found] == ["Yicai", "Reuters", "Yicai"]


def test_a_source_that_is_not_known_is_made_once_for_all_its_feeds(db):
    lines = lines_of(
        Outline("https://www.cnevpost.com/a", "CnEVPost", language="en", kind="aggregator"),
        Outline("https://cnevpost.com/b", "CnEVPost: deals"),
        Outline("https://feeds.feedburner.com/x", "One blog"),
        Outline("https://feeds.feedburner.com/y", "Other blog"),
    )

    subscribing.add(lines)

    assert list(Feed.objects.values_list("source__name", flat=True)) == [
        "CnEVPost",
        "CnEVPost",
        "One blog",
        "Other blog",
    ]
    assert Source.objects.get(name="CnEVPost").kind == "aggregator"
    assert list(SourceDomain.objects.values_list("domain", flat=True)) == ["cnevpost.com"]


def test_a_name_that_two_sources_bear_decides_nothing(make_source):
    make_source("Yicai").aliases.create(name="Business")
    make_source("Caixin").aliases.create(name="business")

    (line,) = lines_of(Outline("https://a.example/", "Business"))

    assert line.skipped == "More than one source is called “Business”; add it by hand."


def test_no_source_is_made_for_one_who_may_not(db):
    (line,) = lines_of(Outline("https://a.example/", "A"), may_make_sources=False)

    assert "you may not add sources" in line.skipped


@pytest.mark.parametrize("size", [2, 200])
def test_a_list_of_any_length_is_judged_in_five_queries(size, make_source, django_assert_num_queries):
    make_source("Yicai", domain="yicai.com")

    with django_assert_num_queries(5):  # feeds, former addresses, sources, domains, aliases
        lines = lines_of(*(Outline(f"https://{n}.example/", f"Paper {n}") for n in range(size)))

    assert len(lines) == size


# The commands


def test_a_list_is_imported_and_every_line_of_it_told(db, tmp_path):
    path = tmp_path / "list.opml"
    path.write_bytes(document(row("https://a.example/feed", "A"), row("http://127.0.0.1/", "Inside")))

    said = import_opml(path)

    assert list(Feed.objects.values_list("url", "source__name")) == [("https://a.example/feed", "A")]
    assert said.splitlines() == [
        "add  https://a.example/feed: new source A",
        "skip http://127.0.0.1/: That address points inside our network and is not fetched.",
        "Added: 1. Skipped: 1.",
    ]


def test_a_dry_run_tells_the_same_and_stores_nothing(db, tmp_path):
    path = tmp_path / "list.opml"
    path.write_bytes(document(row("https://a.example/feed", "A")))

    said = import_opml(path, "--dry-run")

    assert said.splitlines() == ["add  https://a.example/feed: new source A", "Would be added: 1. Skipped: 0."]
    assert not Feed.objects.exists()
    assert not Source.objects.exists()


def test_an_import_again_adds_nothing(db, tmp_path):
    path = tmp_path / "list.opml"
    path.write_bytes(document(row("https://a.example/feed", "A")))
    import_opml(path)

    assert import_opml(path).splitlines()[-1] == "Added: 0. Skipped: 1."
    assert Feed.objects.count() == 1


def test_a_list_comes_in_on_standard_input_too(db, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document(row("https://a.example/feed", "A")))))

    import_opml("-")

    assert Feed.objects.get().url == "https://a.example/feed"


@pytest.mark.parametrize(("body", "words"), [(None, "cannot be read"), (HOSTILE["entities"], "DTD")])
def test_a_file_that_cannot_be_used_ends_the_command_in_one_sentence(db, tmp_path, body, words):
    path = tmp_path / "list.opml"
    if body:
        path.write_bytes(body)

    with pytest.raises(CommandError, match=words):
        import_opml(path)

    assert not Feed.objects.exists()


def test_an_export_brings_back_the_feeds_and_their_sources(make_source, tmp_path):
    yicai = make_source("Yicai", domain="yicai.com", kind="newspaper", language="zh")
    Feed.objects.create(url="https://yicai.com/feed?a=1&b=2", source=yicai, interval=600, slowest=7200)
    Feed.objects.create(url="https://yicai.com/old", source=yicai, active=False)
    Feed.objects.create(url="https://feeds.example/x", source=make_source("“Q&A” <News>"))
    shape = ["url", "source__name", "source__kind", "source__language", "interval", "slowest", "active"]
    before, path = sorted(Feed.objects.values_list(*shape)), tmp_path / "list.opml"
    path.write_text(export_opml())
    Feed.objects.all().delete()
    Source.objects.all().delete()

    import_opml(path)

    assert sorted(Feed.objects.values_list(*shape)) == before
    assert SourceDomain.objects.get(domain="yicai.com").source.name == "Yicai"
    assert import_opml(path, "--dry-run").splitlines()[-1] == "Would be added: 0. Skipped: 3."
