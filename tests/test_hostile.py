"""Feeds as an attacker would serve them, polled over real HTTP: what each may cost, and what is left of it.

With `-m slow` the documents that cost the parser most are read under the limits of the service, which takes minutes.
"""

import base64
import functools
import gzip
import html
import os
import re
import signal
import threading
import time
import unicodedata
import zlib
from datetime import timedelta

import brotli
import pytest
from django.urls import reverse

from deals import clock
from ingest import parser_child, polling
from ingest.fetch import NOT_ASKED
from ingest.models import Entry, Feed
from ingest.parser_child import Child, Limits
from ingest.polling import poll, poll_due, take
from tests.cost import MB, end_child, watched
from tests.publisher import Publisher, answer

# A regular expression of the parser that looks for an address in the author takes quadratic time on one long word.
HANGING = "<item><title>a</title><author>" + "a" * 100_000 + "</author></item>"


@pytest.fixture
def make_feed(publisher, make_source):
    def make(path="/feed", **fields):
        fields = {"url": publisher.url(path), "suggest_old": True, **fields}
        return Feed.objects.create(source=make_source("CnEVPost"), **fields)

    return make


@pytest.fixture
def limits(monkeypatch):
    """Give all children of the test limits of their own, and feeds so many seconds until they wait for the others."""

    def limit(quick=0.2, **limits):
        end_child()
        monkeypatch.setattr(parser_child, "Child", functools.partial(Child, Limits(**limits)))
        monkeypatch.setattr(polling, "QUICK", quick)

    yield limit
    end_child()


def rss(*items, head=""):
    return f"{head}<rss version='2.0'><channel><title>Deals</title>{''.join(items)}</channel></rss>".encode()


def item(title="A story", **elements):
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
    return f"<item><title>{title}</title>{inner}</item>"


def titles():
    return list(Entry.objects.order_by("pk").values_list("title", flat=True))


# A queue of feeds that hang the parser


def test_feeds_that_hang_the_parser_wait_until_the_others_of_their_batch_are_stored(publisher, make_feed, limits):
    limits(wall=0.6)
    for number in range(3):
        publisher.serve(f"/{number}", rss(HANGING))
        make_feed(f"/{number}", next_poll_at=clock.now() - timedelta(hours=1))
    publisher.serve("/good", rss(item()))
    make_feed("/good")

    polled = poll(take(Feed.objects.due()))
    first = next(polled)

    assert (first.feed.url, titles()) == (publisher.url("/good"), ["A story"])
    assert [each.trouble for each in polled] == [parser_child.TOO_LONG] * 3


def test_a_batch_that_has_no_time_left_gives_none_to_feeds_that_hang_the_parser(publisher, make_feed, limits):
    limits(quick=0.4, wall=60, cpu=60)
    for number in range(6):
        publisher.serve(f"/{number}", rss(HANGING))
        make_feed(f"/{number}", next_poll_at=clock.now() - timedelta(hours=1))
    publisher.serve("/good", rss(item()))
    make_feed("/good")

    list(poll(take(Feed.objects.due()), budget=2))

    assert titles() == ["A story"]
    assert list(Feed.objects.in_trouble().values_list("trouble", "failures")) == [(parser_child.TOO_LONG, 1)] * 6
    assert len(publisher.requests) == 7
    assert poll_due().feeds == 0


def test_a_queue_that_no_batch_can_read_whole_is_worked_off_batch_by_batch(publisher, make_feed, limits, monkeypatch):
    limits(quick=0.3, wall=60, cpu=60)
    monkeypatch.setattr(polling, "READ_ON", 2.5)
    for number in range(8):
        publisher.serve(f"/{number}", rss(HANGING))
        make_feed(f"/{number}", next_poll_at=clock.now() - timedelta(hours=1))
    publisher.serve("/good", rss(item()))
    make_feed("/good")

    for _ in range(9):
        list(poll(take(Feed.objects.due()), budget=0.5))

    assert titles() == ["A story"]
    assert list(Feed.objects.in_trouble().values_list("trouble", "failures")) == [(parser_child.TOO_LONG, 1)] * 8


def test_a_large_feed_that_takes_its_time_is_read_all_the_same(publisher, make_feed, limits):
    limits(quick=0.02)
    publisher.serve("/feed", rss(*(item(f"Story {number}", guid=number) for number in range(400))))
    feed = make_feed()

    poll_due()

    feed.refresh_from_db()
    assert (feed.trouble, len(titles())) == ("", 400)


# Documents that cost the parser more than their size


def many(number, piece):
    return "".join(piece.format(n) for n in range(number))


def element(attributes):
    return f"<item><title>A story</title><link {attributes}>x</link></item>"


# By name: a document of so many bytes, about. Some are refused before the parser sees them, some are read after all.
SUPERLINEAR = {
    "encoding= in the declaration": lambda size: rss(item(), head='<?xml version="1.0"' + ' encoding="' * (size // 11)),
    "encoding= in a declaration that ends": lambda size: rss(
        item(), head='<?xml version="1.0"' + ' encoding="' * (size // 11) + '"?>'
    ),
    "newlines before the root": lambda size: rss(item(), head="\n" * size),
    "newlines in the declaration": lambda size: rss(item(), head='<?xml version="1.0"' + "\n" * size + "?>"),
    "<!ENTITY before the root": lambda size: rss(item(), head="<!ENTITY " * (size // 9)),
    "<!ENTITY in the document type": lambda size: rss(item(), head="<!DOCTYPE rss " + "<!ENTITY " * (size // 9) + ">"),
    "<!-- before the root": lambda size: rss(item(), head="<!--" * (size // 4)),
    "<!-- in the channel": lambda size: rss("<!--" * (size // 4), item()),
    "<!-- in a description": lambda size: rss(item(description="&lt;!--" * (size // 7))),
    "one long word in an author": lambda size: rss(item(author="a" * size)),
    "at signs in an author": lambda size: rss(item(author="a@" * (size // 2))),
    "declarations in one style attribute": lambda size: rss(
        item(description="&lt;p style='" + "a:b;" * (size // 4) + "'&gt;")
    ),
    "many style attributes": lambda size: rss(item(description="&lt;p style='a:b'&gt;" * (size // 21))),
    "categories": lambda size: rss(f"<item><title>A story</title>{many(size // 26, '<category>{}</category>')}</item>"),
    "attributes of one element": lambda size: rss(element(many(size // 10, 'a{}="" '))),
    "one attribute again and again": lambda size: rss(element('a="" ' * (size // 5))),
    "namespaces of one element": lambda size: rss(element(many(size // 15, 'xmlns:a{}="b" '))),
    "nested elements": lambda size: rss("<a>" * (size // 3)),
    "nested markup in a description": lambda size: rss(item(description="&lt;div&gt;" * (size // 11))),
    "ampersands": lambda size: rss(item(description="&" * size)),
    "half references": lambda size: rss(item("&#" * (size // 2))),
    "less-than signs": lambda size: rss("<" * size),
    "items": lambda size: rss(item() * (size // 33)),
    "one date of digits": lambda size: rss(item(pubDate="1" * size)),
    "a link of dots": lambda size: rss(item(link="../" * (size // 3))),
    "a base of dots": lambda size: rss(element("xml:base='" + "../" * (size // 3) + "'")),
}


@pytest.mark.parametrize(
    ("size", "own_limits"),
    [
        pytest.param(100_000, {"cpu": 1}, id="100 kB"),
        pytest.param(4_500_000, None, id="4.5 MB", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("name", SUPERLINEAR)
def test_a_document_that_costs_the_parser_much_is_stopped_and_its_feed_backs_off(
    publisher, make_feed, limits, name, size, own_limits
):
    if own_limits:
        limits(quick=0.1, **own_limits)
    allowed = Limits(**own_limits or {})
    publisher.serve("/feed", SUPERLINEAR[name](size))
    publisher.serve("/good", rss(item("A good story")))
    feed, good = make_feed(), make_feed("/good")

    with watched() as cost:
        assert poll_due().feeds == 2

    feed.refresh_from_db()
    good.refresh_from_db()
    print(name, vars(cost), feed.trouble, sep=" | ")  # shown with -rP
    starts = 4  # of children, each of which takes up to half a second of CPU to be ready
    assert cost.child_cpu < min(allowed.cpu, allowed.wall) + 1 + starts / 2
    assert cost.child_memory < 300 * MB
    assert cost.memory < 100 * MB
    assert "A good story" in titles()
    assert good.trouble == ""
    if feed.trouble:
        assert feed.next_poll_at - clock.now() > timedelta(seconds=1.7 * feed.interval)
    else:
        assert len(titles()) <= 501
    assert poll_due().feeds == 0


# Servers that misbehave


def forever(head, piece):
    def answer_without_end(connection, request):
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return answer_without_end


def dripping(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def silent(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    connection.recv(1)


def slow_hops(connection, request):
    time.sleep(0.2)
    connection.sendall(answer(status="302 Found", Location=request.split()[1] + "/on"))


def ten_gigabytes(connection, request):
    """In ten megabytes of gzip."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    first, more = (packing.compress(bytes(MB)) + packing.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + first)
    for _ in range(10_000):
        connection.sendall(more)


def long_header(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(50):
        connection.sendall(b"x" * MB)
    connection.sendall(b"\r\n\r\n" + rss(item()))


def packed(body, encoding, **headers):
    return answer(body, Content_Encoding=encoding, **headers)


TOO_LARGE = "The answer is larger than 5 MB."
TOO_SLOW = "The server took longer than 1.5 seconds."
NO_HTTP = "The server's answer is not proper HTTP, or its headers are too long."
CUT_OFF = "The server broke off in the middle of its answer."
NOT_UNPACKED = "The server packed its answer in a way that we do not unpack."
WORDS = rss(item(description="".join(f"{number:x}" for number in range(5_000))))

MISBEHAVIOUR = {
    "10 GB of gzip in 10 MB": (ten_gigabytes, TOO_LARGE),
    "100 MB of brotli in 1 kB": (packed(brotli.compress(bytes(100 * MB), quality=1), "br"), TOO_LARGE),
    "gzip in gzip": (packed(gzip.compress(gzip.compress(WORDS)), "gzip, gzip"), NOT_UNPACKED),
    "gzip in two headers": (
        packed(gzip.compress(gzip.compress(WORDS)), "gzip\r\nContent-Encoding: gzip"),
        NOT_UNPACKED,
    ),
    "gzip cut off": (packed(gzip.compress(WORDS)[:-100], "gzip"), CUT_OFF),
    "deflate cut off": (packed(zlib.compress(WORDS)[:-100], "deflate"), CUT_OFF),
    "bare deflate cut off": (packed(zlib.compress(WORDS)[2:-100], "deflate"), CUT_OFF),
    "brotli cut off": (packed(brotli.compress(WORDS)[:-100], "br"), CUT_OFF),
    "a header of 50 MB": (long_header, NO_HTTP),
    "headers without end": (forever(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n" * 1000), NO_HTTP),
    "a body without end": (forever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536), TOO_LARGE),
    "chunks without end": (
        forever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        TOO_LARGE,
    ),
    "a body without end behind a redirect": (
        forever(b"HTTP/1.1 302 Found\r\nLocation: /good\r\n\r\n", b"x" * 65_536),
        "",
    ),
    "a body without end behind an error": (
        forever(b"HTTP/1.1 500 Oh\r\n\r\n", b"x" * 65_536),
        "The server answered 500 Internal Server Error.",
    ),
    "a byte now and then": (dripping, TOO_SLOW),
    "100 Continue without end": (forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), TOO_SLOW),
    "silence behind the headers": (silent, TOO_SLOW),
    "slow redirects": (slow_hops, "It redirects more than 5 times.|" + TOO_SLOW),
    "a 304 that nobody asked for": (answer(status="304 Not Modified"), NOT_ASKED),
    "a login page": (answer(b"<!DOCTYPE html><title>Log in</title>"), "It is a web page, not an RSS or Atom feed."),
    "the name of a file": (answer(b"/etc/passwd"), "It is not an RSS or Atom feed."),
    "an address": (answer(b"http://127.0.0.1:8080/feed"), "It is not an RSS or Atom feed."),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_a_server_that_misbehaves_costs_little_and_its_feed_says_why(publisher, make_feed, name):
    behaviour, sentence = MISBEHAVIOUR[name]
    publisher.answers = {"/feed" + "/on" * more: behaviour for more in range(7)}
    publisher.serve("/good", rss(item("A good story")))
    feed = make_feed()
    make_feed("/good")

    with watched() as cost:
        for _ in poll(take(Feed.objects.due()), deadline=1.5):
            pass

    feed.refresh_from_db()
    assert re.fullmatch(sentence, feed.trouble), feed.trouble
    assert "A good story" in titles()
    assert cost.memory < 40 * MB
    assert feed.failures == bool(sentence)


@pytest.mark.parametrize("retry_after", ["1000000000", "-5", "Fri, 15 Apr 2124 11:00:00 GMT", "soon"])
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_wait_that_is_absurd_is_a_day_at_most_and_a_failure_at_least(publisher, make_feed, status, retry_after):
    publisher.serve("/feed", status=status, Retry_After=retry_after)
    feed = make_feed()

    poll_due()

    feed.refresh_from_db()
    wait = feed.next_poll_at - feed.last_polled_at
    assert timedelta(seconds=1.7 * feed.interval) < wait <= timedelta(days=1)


# Redirects to our own network

INSIDE = """
127.0.0.1 localhost 127.1 127.0.1 0 0.0.0.0 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 １２７.0.0.1 ①②⑦.⓪.⓪.① 127。0。0。1
[::1] [::] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [64:ff9b::7f00:1] [2002:7f00:1::1] [fe80::1] [fec0::1] [fd00::1]
10.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 192.168.0.1 192.88.99.1 198.18.0.1 224.0.0.1 255.255.255.255
[3fff::1] [2001:db8::1] [2001::1] [ff02::1]
"""


@pytest.mark.parametrize("host", INSIDE.split())
def test_no_redirect_leads_inside_however_the_address_is_spelt(publisher, make_feed, monkeypatch, host):
    with Publisher() as canary:
        canary.serve("/", rss(item("secret")))
        monkeypatch.setattr("outbound.client.PORTS", {canary.port})  # so that the address alone is judged
        publisher.serve(
            "/feed", status="302 Found", Location=f"http://{host}:{canary.port}/".encode().decode("latin-1")
        )
        feed = make_feed()

        list(poll(take(Feed.objects.due()), deadline=2))

        feed.refresh_from_db()
        assert re.search("inside our network|not a valid address|There is no host", feed.trouble), feed.trouble
        assert (canary.requests, titles()) == ([], [])


# What is left of hostile items

BOMBS = {
    "billion laughs": "<!DOCTYPE rss [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(9))
    + "]>",
    "one large entity, often": f"<!DOCTYPE rss [<!ENTITY a9 '{'a' * 50_000}'>]>",
    "an entity behind a comment": "<!-- > --><!DOCTYPE rss [<!ENTITY a9 'ha'>]>",
    "an entity from outside": "<!DOCTYPE rss [<!ENTITY a9 SYSTEM 'file:///etc/passwd'>]>",
    "entities from outside": "<!DOCTYPE rss [<!ENTITY % a SYSTEM 'http://127.0.0.1/'> %a;]>",
}


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", BOMBS)
def test_documents_that_declare_entities_are_refused_before_they_cost_anything(publisher, make_feed, name, codec):
    body = rss(item(description="&a9;" * 100_000), head=BOMBS[name]).decode().encode(codec)
    publisher.serve("/feed", body)
    feed = make_feed()

    with watched() as cost:
        poll_due()

    feed.refresh_from_db()
    assert feed.trouble == "It declares entities of its own (a DTD), which are not read."
    assert cost.memory < 40 * MB
    assert cost.child_memory < 60 * MB


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>go</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)//",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<body onload=alert(1)>",
    "<form><button formaction=javascript:alert(1)>go",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_is_stored_and_shown_as_words_whichever_way_it_comes(publisher, make_feed, admin_client, payload):
    coded = base64.b64encode(payload.encode()).decode()
    entry = "<entry><title type='html'>{0} a</title><id>{1}</id><content {2}>{3}</content></entry>"
    escaped = html.escape(payload)
    publisher.serve(
        "/feed",
        (
            '<feed xmlns="http://www.w3.org/2005/Atom">'
            + entry.format(escaped, 1, "type='html'", escaped)
            + entry.format(escaped, 2, "type='text/html' mode='base64'", coded)
            + entry.format(escaped, 3, "type='application/xhtml+xml' mode='base64'", coded)
            + "</feed>"
        ).encode(),
    )
    make_feed()

    poll_due()

    stored = list(Entry.objects.all())
    assert len(stored) == 3
    for entry in stored:
        assert not re.search(r"<(script|img|svg|math|a|iframe|body|form)\b", entry.title + entry.text, re.IGNORECASE)
        shown = admin_client.get(reverse("admin:ingest_entry_change", args=[entry.pk])).content.decode()
        assert html.escape(entry.title) in shown
        assert entry.title not in shown or "<" not in entry.title


ODD = {
    "a bare surrogate": ("&#xD800;&#55296;&#xDFFF;", "title"),
    "NUL": ("a\0b&#0;&#x0;", "title"),
    "controls": ("\x01\x08\x1b[31m\x7f&#x85;", "title"),
    "marks that turn text round": ("\u202ecod.exe\u2066", "title"),
    "a noncharacter": ("\uffff&#xFFFE;&#x1FFFF;", "title"),
    "half a reference": ("&#x;&#;&#99999999999999999999;&", "title"),
    "the year before the first": ("0001-01-01T00:00:00+14:00", "pubDate"),
    "year 10000": ("Mon, 15 Apr 10000 08:00:00 GMT", "pubDate"),
    "a date of digits": ("9" * 5_000, "pubDate"),
    "javascript:": ("javascript:alert(1)", "link"),
    "javascript: in disguise": (" java\tscript:alert(1)", "link"),
    "file:": ("file:///etc/passwd", "link"),
    "a link with a NUL": ("http://a.example/\0&#0;", "link"),
    "a guid of 50 kB": ("g" * 50_000, "guid"),
    "a guid of controls": ("\0\x01", "guid"),
    "a title of 1 MB": ("t" * MB, "title"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_item_is_stored_once_and_clean_and_so_is_the_one_behind_it(publisher, make_feed, name):
    value, where = ODD[name]
    fields = {"title": "A story", "link": "http://a.example/1", "guid": "1", where: value}
    body = rss(item(**fields), item("A good story", guid="good")).decode().encode("utf-8", "surrogatepass")
    publisher.serve("/feed", body)
    feed = make_feed()

    for _ in range(2):
        Feed.objects.update(next_poll_at=clock.now(), body_digest=b"", items=b"")
        poll_due()

    feed.refresh_from_db()
    odd, good = Entry.objects.order_by("pk")
    assert (feed.trouble, good.title) == ("", "A good story")
    assert odd.url == "" or odd.url.startswith("http://a.example/")
    assert odd.published_at is None
    assert 0 < len(odd.title) <= 500
    assert all(
        unicodedata.category(char) not in ("Cc", "Cs", "Cn") and char not in "\u202e\u2066"
        for value in (odd.title, odd.url, odd.guid, odd.text, odd.author)
        for char in value
    )


# The parser's process


def test_a_parser_that_somebody_kills_in_the_middle_of_a_document_is_replaced_and_the_document_read(
    publisher, make_feed
):
    publisher.serve("/first", rss(item("First")))
    make_feed("/first")
    poll_due()
    stopped = parser_child._alive.process.pid
    os.kill(stopped, signal.SIGSTOP)  # so that it is surely at it when it is killed
    threading.Timer(0.2, os.kill, [stopped, signal.SIGKILL]).start()
    publisher.serve("/feed", rss(item()))
    feed = make_feed()

    poll_due()

    feed.refresh_from_db()
    assert (feed.trouble, feed.failures, titles()) == ("", 0, ["First", "A story"])
    assert parser_child._alive.process.pid != stopped
