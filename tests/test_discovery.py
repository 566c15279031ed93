"""Finding a site's feeds and trying an address: what is shown, how little is asked, and that nothing is stored."""

import pytest

from ingest.discovery import COMMON_PATHS, LONGEST_PAGE, complete, discover, linked, try_address
from ingest.models import Entry, Feed
from tests.publisher import Publisher

SITE = "https://paper.example/cars/"


def rss(title="Deals", *titles):
    items = "".join(
        f"<item><guid>{name}</guid><title>{name}</title><pubDate>Mon, 15 Apr 2024 14:05:00 +0800</pubDate></item>"
        for name in titles or ("Story 1",)
    )
    return f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>".encode()


def page(*links):
    return f"<!doctype html><html><head>{''.join(links)}</head><body>News</body></html>".encode()


def link(href, title="", kind="application/rss+xml"):
    return f'<link rel="alternate" type="{kind}" title="{title}" href="{href}">'


def paths_asked(publisher):
    return [request.split()[1] for request in publisher.requests]


# What a page announces


@pytest.mark.parametrize(
    ("markup", "address"),
    [
        ("<link rel=alternate type=application/rss+xml href=/feed>", "https://paper.example/feed"),
        ("<LINK HREF='feed' TYPE='application/atom+xml' REL='Alternate home'>", f"{SITE}feed"),
        ('<link rel="alternate" type="text/xml; charset=utf-8" href="?a=1&amp;b=2">', f"{SITE}?a=1&b=2"),
        (
            '<base href="https://cdn.example/x/"><link rel="alternate" type="application/rss+xml" href="f">',
            "https://cdn.example/x/f",
        ),
        ('<a class="icon" href="/news/rss.xml">RSS</a>', "https://paper.example/news/rss.xml"),
        ('<a href="https://feeds.example/paper.rss#top">RSS</a>', "https://feeds.example/paper.rss"),
    ],
)
def test_a_feed_that_a_page_links_to_is_found(markup, address):
    assert [url for url, _ in linked(markup, SITE)] == [address]


@pytest.mark.parametrize(
    "markup",
    [
        '<link rel="stylesheet" type="application/rss+xml" href="/feed">',
        '<link rel="alternate" hreflang="de" href="/de/">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">',
        '<link rel="alternate" type="application/rss+xml" href="file:///etc/passwd">',
        '<link rel="alternate" type="application/rss+xml" href="http://[::1/">',
        '<link rel="alternate" type="application/rss+xml">',
        '<a href="/feedback">Write to us</a>',
    ],
)
def test_what_is_no_feed_by_its_link_is_not_taken_for_one(markup):
    assert linked(markup, SITE) == []


def test_links_that_only_look_like_feeds_count_where_none_is_announced():
    assert linked(link("/a", "All &amp; everything") + '<a href="/rss">RSS</a>', SITE) == [
        ("https://paper.example/a", "All & everything")
    ]


def test_a_page_of_links_gives_ten_at_most():
    assert len(linked("".join(link(f"/{n}") for n in range(1000)), SITE)) == 10


@pytest.mark.parametrize(
    "piece", ["<link ", "<link a='", '<link a="', "<a href=", "<link " + "a=" * 1000, "<", "<link rel=alternate " * 9]
)
def test_no_page_holds_the_search_for_links_up(piece):
    """A search that took quadratic time would be here for minutes."""
    assert linked((piece * LONGEST_PAGE)[:LONGEST_PAGE], SITE) == []


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("paper.example", "https://paper.example"),
        (" http://paper.example/x ", "http://paper.example/x"),
        ("paper.example:8080/feed", "https://paper.example:8080/feed"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("", ""),
    ],
)
def test_an_address_typed_without_its_scheme_is_meant_as_https(typed, address):
    assert complete(typed) == address


# Discovery over HTTP


def test_a_sites_feeds_are_found_with_their_titles_and_nothing_is_stored(db, publisher):
    publisher.serve("/", page(link("/all"), link("/cars", "Cars"), link("/gone")), Content_Type="text/html")
    publisher.serve("/all", rss("Everything", "One", "Two"))
    publisher.serve("/cars", rss(""))

    found = discover(publisher.url("/"))

    assert [(one.url, one.title, len(one.entries)) for one in found.found] == [
        (publisher.url("/all"), "Everything", 2),
        (publisher.url("/cars"), "Cars", 1),
    ]
    assert [one.trouble for one in found.failed] == ["The server answered 404 Not Found."]
    assert found.trouble == ""
    assert not Feed.objects.exists()
    assert not Entry.objects.exists()


def test_an_address_that_is_a_feed_is_the_one_found_and_nothing_else_is_asked(db, publisher):
    publisher.serve("/feed", rss())

    found = discover(publisher.url("/feed"))

    assert [one.title for one in found.found] == ["Deals"]
    assert len(publisher.requests) == 1


def test_the_common_places_are_asked_where_a_page_announces_none(db, publisher):
    publisher.serve("/news", page())
    publisher.serve("/rss.xml", rss())

    found = discover(publisher.url("/news"))

    assert [one.url for one in found.found] == [publisher.url("/rss.xml")]
    assert sorted(paths_asked(publisher)) == sorted(["/news", *COMMON_PATHS])


def test_the_common_places_are_left_alone_where_a_page_announces_a_feed(db, publisher):
    publisher.serve("/", page(link("/all")))
    publisher.serve("/all", rss())

    discover(publisher.url("/"))

    assert paths_asked(publisher) == ["/", "/all"]


def test_addresses_that_lead_to_one_feed_are_one_result_under_its_lasting_address(db, publisher):
    publisher.serve("/", page(link("/a"), link("/b")))
    for path in ("/a", "/b"):
        publisher.serve(path, status="301 Moved Permanently", Location="/feed")
    publisher.serve("/feed", rss())

    (one,) = discover(publisher.url("/")).found

    assert one.best_url == publisher.url("/feed")


def test_a_site_without_feeds_says_so(db, publisher):
    publisher.serve("/", page())

    assert discover(publisher.url("/")).trouble == "No feed was found at that address."


def test_a_page_that_is_not_there_is_told_with_its_status(db, publisher):
    assert discover(publisher.url("/nowhere")).trouble == "The server answered 404 Not Found."


def test_a_host_that_does_not_answer_is_not_asked_for_more(db, publisher):
    publisher.answers["/"] = lambda connection, request: connection.close()

    assert "broke off" in discover(publisher.url("/")).trouble
    assert set(paths_asked(publisher)) == {"/"}


def test_a_page_cannot_send_us_into_our_own_network(db, publisher, settings):
    with Publisher() as inside:
        publisher.serve("/", page(link(inside.url("/feed")), link("/redirect"), link("/all")))
        publisher.serve("/redirect", status="302 Found", Location=inside.url("/feed"))
        publisher.serve("/all", rss())

        found = discover(publisher.url("/"))

        assert [one.url for one in found.found] == [publisher.url("/all")]
        assert inside.requests == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost/", "file:///etc/passwd", "javascript:alert(1)", ""]
)
@pytest.mark.parametrize("look", [discover, try_address])
def test_an_address_that_is_never_fetched_is_refused_before_anything_is_asked(db, settings, look, url):
    settings.LOCAL_FEEDS = frozenset()

    assert look(url).trouble


# Trying an address


def test_trying_an_address_shows_what_would_be_stored_and_stores_nothing(db, publisher):
    publisher.serve("/old", status="301 Moved Permanently", Location="/feed")
    publisher.serve("/feed", rss("Deals", "One", "Two"))

    found = try_address(publisher.url("/old"))

    assert (found.trouble, found.title, found.permanent_url) == ("", "Deals", publisher.url("/feed"))
    assert [entry.title for entry in found.entries] == ["One", "Two"]
    assert found.newest.isoformat() == "2024-04-15T06:05:00+00:00"
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><body>News</body></html>", "It is a web page"),
        (b'{"version": "1"}', "It is JSON"),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss/>', "DTD"),
        (b"", "empty"),
    ],
)
def test_an_address_that_is_no_feed_is_told_in_plain_words(db, publisher, body, words):
    publisher.serve("/feed", body)

    assert words in try_address(publisher.url("/feed")).trouble
