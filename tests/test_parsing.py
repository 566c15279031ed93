"""Feed bytes become clean values or a reason, whatever the bytes; and hostile ones cost little."""

import os
import signal
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest import parser_child
from ingest.parser_child import Child, Limits, ParseOverrun, parse_limited
from ingest.parsing import LONGEST_TEXT, NotAFeed, parse
from tests.forks import holds_in_a_fork

NOW = datetime(2024, 6, 19, 12, tzinfo=UTC)
BASE = "https://news.example/feed.xml"
CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'


def read(body, **options):
    body = body.encode() if isinstance(body, str) else body
    return parse(body, **{"base": BASE, "now": NOW, **options})


def rss(*items, head="<?xml version='1.0'?>"):
    return f"{head}<rss version='2.0' {CONTENT}><channel><title>Deals</title>{''.join(items)}</channel></rss>"


def item(title="JLR and Chery", link="/story", **elements):
    elements = {"title": title, "link": link, **elements}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items() if value is not None)
    return f"<item>{inner}</item>"


def only(body, **options):
    (entry,) = read(body, **options).entries
    return entry


def atom(inner, attributes=""):
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>Deals</title>{inner}</feed>'


# What an entry holds


def test_an_rss_item_becomes_plain_values():
    body = rss(
        "<language>en-GB</language>",
        item(
            "AT&amp;amp;T &lt;b&gt;denies&lt;/b&gt; it",
            "https://news.example/story?a=1&amp;b=2",
            guid="story-1",
            author="Jin Yibo",
            pubDate="Mon, 15 Apr 2024 14:05:00 +0800",
            description="&lt;p&gt;It is not true.&lt;/p&gt;",
        ),
    )

    entry = only(body)

    assert read(body).title == "Deals"
    assert entry.title == "AT&T denies it"
    assert entry.url == "https://news.example/story?a=1&b=2"
    assert entry.text == "It is not true."
    assert (entry.author, entry.language) == ("Jin Yibo", "en-GB")
    assert entry.published_at == datetime(2024, 4, 15, 6, 5, tzinfo=UTC)
    assert entry.guid.endswith("story-1")


def test_an_atom_entry_becomes_plain_values():
    entry = only(
        atom(
            '<entry xml:lang="zh-CN"><id>tag:news.example,2024:1</id><title>捷豹路虎</title><link href="1.html"/>'
            '<published>2024-04-15T08:00:00+08:00</published><content type="html">&lt;p&gt;不实信息。&lt;/p&gt;</content>'
            "</entry>",
            'xml:base="/2024/"',
        )
    )

    assert (entry.guid, entry.title, entry.text) == ("tag:news.example,2024:1", "捷豹路虎", "不实信息。")
    assert entry.url == "https://news.example/2024/1.html"
    assert entry.published_at == datetime(2024, 4, 15, tzinfo=UTC)
    assert entry.language == "zh-CN"


def test_paragraphs_stay_apart_and_markup_goes():
    text = only(
        rss(
            item(
                **{
                    "content:encoded": "<![CDATA[<h2>Deal\nnear</h2><p>One &amp; two.</p><p>Three<br/>four &lt;5.</p>"
                    "<ul><li>six</li><li>seven</li></ul><script>alert(1)</script><style>p{}</style>"
                    '<a href="x" title="<p>">eight</a>]]>'
                }
            )
        )
    ).text

    assert text.splitlines() == ["Deal near", "One & two.", "Three", "four <5.", "six", "seven", "eight"]


def test_the_full_text_is_preferred_to_its_summary():
    entry = only(
        rss(item(description="In short.", **{"content:encoded": "<![CDATA[<p>In short.</p><p>At length.</p>]]>"}))
    )

    assert entry.text == "In short.\nAt length."


def test_a_summary_is_kept_when_the_content_is_a_picture():
    entry = only(
        atom(
            '<entry><title>a</title><summary>Words.</summary><content type="image/png">aGVsbG8gd29ybGQ=</content></entry>'
        )
    )

    assert entry.text == "Words."


def test_base64_content_is_stripped_of_its_script_too():
    entry = only(
        atom(
            '<entry><title>a</title><content type="text/html" mode="base64">'
            "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0PjxiPldvcmRzPC9iPg==</content></entry>"
        )
    )

    assert "<" not in entry.text


def test_an_item_without_title_is_called_by_its_first_words():
    assert (
        only(rss(item(title=None, description="&lt;p&gt;First line.&lt;/p&gt;&lt;p&gt;More.&lt;/p&gt;"))).title
        == "First line."
    )
    assert only(rss(item(title=None))).title == "https://news.example/story"


def test_an_item_that_says_nothing_is_left_out():
    assert [entry.title for entry in read(rss(item(title=None, link=None), item("kept"))).entries] == ["kept"]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://news.example/",
        "http://",
        "http://[::1/",
    ],
)
def test_links_that_are_not_web_addresses_are_dropped(link):
    assert only(rss(item(link=link))).url == ""


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 15 Apr 1985 08:00:00 GMT",
        "Mon, 15 Apr 9999 08:00:00 GMT",
        "21 Jun 2024 12:00:00 GMT",
        "0001-01-01T00:00:00Z",
        "soon",
    ],
)
def test_dates_that_cannot_be_true_are_unknown(date):
    assert only(rss(item(pubDate=date))).published_at is None


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 15 Apr 2024 08:00:00 +0800",
        "Mon, 15 Apr 2024 00:00:00",
        "2024-04-15T08:00:00+08:00",
        "2024-04-15T00:00:00",
        "2024-04-15",
        "15 Apr 2024",
    ],
)
def test_a_date_is_its_moment_in_utc_and_one_without_a_zone_is_taken_for_utc(date):
    assert only(rss(item(pubDate=date))).published_at == datetime(2024, 4, 15, tzinfo=UTC)


def test_an_item_without_a_date_has_none():
    assert only(rss(item())).published_at is None


@pytest.mark.parametrize(
    ("link", "base", "leads_to"),
    [
        ("story.html", "https://news.example/rss/feed.xml", "https://news.example/rss/story.html"),
        ("/story", "https://news.example/rss/feed.xml", "https://news.example/story"),
        ("../story", "https://news.example/rss/feed.xml", "https://news.example/story"),
        ("?id=1", "https://news.example/feed.php", "https://news.example/feed.php?id=1"),
        ("//cdn.example/story", "https://news.example/feed.xml", "https://cdn.example/story"),
        ("https://other.example/story", "https://news.example/feed.xml", "https://other.example/story"),
        ("story", "", ""),
    ],
)
def test_a_relative_link_leads_from_where_the_feed_was_found(link, base, leads_to):
    assert only(rss(item(link=link)), base=base).url == leads_to


@pytest.mark.parametrize(
    ("of_the_feed", "of_the_entry", "leads_to"),
    [
        ("https://a.example/x/", "", "https://a.example/x/1.html"),
        ("/2024/", "", "https://news.example/2024/1.html"),
        ("https://a.example/x/", "y/", "https://a.example/x/y/1.html"),
        ("", "https://b.example/", "https://b.example/1.html"),
        ("javascript:alert(1)", "", "https://news.example/1.html"),
    ],
)
def test_a_relative_link_leads_from_the_base_that_the_document_states(of_the_feed, of_the_entry, leads_to):
    feed, entry = (f'xml:base="{base}"' if base else "" for base in (of_the_feed, of_the_entry))
    document = atom(f'<entry {entry}><id>1</id><title>x</title><link href="1.html"/></entry>', feed)

    assert only(document).url == leads_to


def test_a_date_of_tomorrow_is_a_clock_that_runs_fast():
    assert only(rss(item(pubDate="20 Jun 2024 11:00:00 GMT"))).published_at == NOW + timedelta(hours=23)


# Which entry is which


def test_an_entry_is_known_by_guid_then_link_then_content():
    by_guid, by_link, by_content, other = read(
        rss(
            '<item><title>a</title><link>/1</link><guid isPermaLink="false">g1</guid></item>',
            item(link="/2"),
            item("only a title", link=None),
            item("another title", link=None),
        )
    ).entries

    assert by_guid.guid == "g1"
    assert by_link.guid == "https://news.example/2"
    assert by_content.guid.startswith("sha256:")
    assert by_content.guid != other.guid


def test_the_same_item_twice_in_a_feed_is_one_entry():
    assert len(read(rss(item(guid="g"), item(guid="g"))).entries) == 1


def test_a_guid_that_all_items_share_does_not_swallow_them():
    entries = read(rss(*(item(link=f"/{number}", guid="same") for number in range(3)))).entries

    assert [entry.guid for entry in entries] == [f"https://news.example/{number}" for number in range(3)]


def test_a_guid_longer_than_a_key_may_be_is_replaced_by_its_digest():
    assert len(only(rss(item(guid="g" * 50_000))).guid) < 100


# Encodings


@pytest.mark.parametrize(
    ("codec", "declared", "content_type"),
    [
        ("utf-8", "utf-8", ""),
        ("utf-8-sig", "utf-8", ""),
        ("utf-8", "iso-8859-1", "text/xml; charset=iso-8859-1"),
        ("gb18030", "gb2312", ""),
        ("gb18030", "", "application/rss+xml; charset=GBK"),
        ("big5", "big5", ""),
        ("utf-16", "utf-16", ""),
        ("utf-16-le", "utf-16", ""),
        ("utf-16-be", "utf-16", ""),
    ],
)
def test_feeds_are_read_in_the_encoding_they_are_in(codec, declared, content_type):
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""

    entry = only(rss(item("奇瑞"), head=head).encode(codec), content_type=content_type)

    assert entry.title == "奇瑞"


def test_an_encoding_that_is_not_on_the_list_is_not_used():
    entry = only(rss(item("caf\xe9"), head='<?xml version="1.0" encoding="utf-7"?>').encode("latin-1"))

    assert entry.title == "café"


# What is no feed


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "was empty"),
        (b" \n\0", "was empty"),
        (b"<!DOCTYPE html><html><head><title>Log in</title></head></html>", "a web page"),
        (b"<HTML><body>Log in", "a web page"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "JSON"),
        (b"plain words", "not an RSS or Atom feed"),
        (b"<svg/>", "not an RSS or Atom feed"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not an RSS or Atom feed"),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel/></rss>', "entities of its own"),
        (b"<!DOCTYPE rss [<!ELEMENT a ANY>]><rss><channel/></rss>", "entities of its own"),
        (b'<!ENTITY a "b"><rss><channel/></rss>', "entities of its own"),
        (b"<!-- " * 30_000, "not an RSS or Atom feed"),
        (b'<?xml version="1.0"' + b' encoding="' * 10_000, "not an RSS or Atom feed"),
    ],
)
def test_what_is_no_feed_is_refused_with_the_cause(body, sentence):
    with pytest.raises(NotAFeed, match=sentence):
        read(body)


def test_a_doctype_without_entities_and_a_stylesheet_are_no_obstacle():
    head = '<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?><!-- a > b --><!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "x">'

    assert only(rss(item("a story"), head=head)).title == "a story"


def test_an_article_may_speak_of_entity_declarations():
    body = rss(item(description="<![CDATA[How <!ENTITY x> and <!DOCTYPE y [ work]]>"))

    assert only(body).text.startswith("How")


def test_a_feed_without_items_is_a_feed():
    assert read(rss()).entries == ()


def test_a_bad_entry_leaves_the_rest():
    body = rss(
        item("first", "/1"),
        item("b\x00ad &#xD800; &#0; &nosuch; <b>", link="http://[bad", pubDate="99999999999999", guid="\x01"),
        item("last", "/3"),
    )

    titles = [entry.title for entry in read(body).entries]

    assert titles[0] == "first"
    assert titles[-1] == "last"


def test_a_feed_that_is_cut_off_keeps_what_came():
    body = rss(item("first", "/1"), item("second", "/2"), item("third", "/3"))

    titles = [entry.title for entry in read(body[: body.index("third")]).entries]

    assert titles[:2] == ["first", "second"]


# Caps


def test_more_than_500_entries_are_cut_at_500():
    assert len(read(rss(*(item(str(number), f"/{number}") for number in range(600)))).entries) == 500


def test_long_fields_are_cut():
    entry = only(rss(item("t" * 5_000, author="a" * 5_000, description="word " * 50_000)))

    assert (len(entry.title), len(entry.author)) == (500, 200)
    assert LONGEST_TEXT - 10 < len(entry.text) <= LONGEST_TEXT


# Any bytes at all


def is_clean(text):
    return all(char == "\n" or unicodedata.category(char) not in ("Cc", "Cs") for char in text)


def assert_all_is_clean(feed):
    """Asserts it, of each value."""
    texts = [feed.title]
    for entry in feed.entries:
        texts += [entry.guid, entry.url, entry.title, entry.text, entry.author, entry.language]
        assert entry.title
        assert entry.guid
        assert "\n" not in entry.title + entry.url + entry.author + entry.guid
        assert entry.url == "" or entry.url.startswith(("http://", "https://", "HTTP"))
        assert len(entry.title) <= 500
        assert len(entry.text) <= LONGEST_TEXT
        assert entry.published_at is None or datetime(1995, 1, 1, tzinfo=UTC) <= entry.published_at <= NOW + timedelta(
            1
        )
    assert all(map(is_clean, texts))
    assert len({entry.guid for entry in feed.entries}) == len(feed.entries)
    "".join(texts).encode()


fragments = st.one_of(
    st.binary(max_size=20),
    st.text(max_size=10).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.integers(0, 0x11FFFF).map(lambda code: f"&#{code};".encode()),
    st.integers(0, 0x11FFFF).map(lambda code: f"&amp;#x{code:x};".encode()),
    st.sampled_from(
        [
            b"<![CDATA[",
            b"]]>",
            b"<!--",
            b"-->",
            b"<?x",
            b"?>",
            b"<!DOCTYPE x [",
            b"&amp;",
            b"&nbsp;",
            b"&lt;p&gt;",
            b"<p>",
        ]
        + [
            b"javascript:x",
            b"http://a.example/",
            b"//",
            b"http://[",
            b"2024-04-15",
            b"\0",
            b"\xff\xfe",
            b"<item>",
            b"</item>",
        ]
    ),
)
names = st.sampled_from(
    [
        "title",
        "link",
        "guid",
        "pubDate",
        "description",
        "content:encoded",
        "author",
        "dc:date",
        "id",
        "updated",
        "summary",
    ]
)
elements = st.builds(
    lambda name, parts: f"<{name}>".encode() + b"".join(parts) + f"</{name}>".encode(),
    names,
    st.lists(fragments, max_size=4),
)
items = st.lists(elements, max_size=6).map(lambda parts: b"<item>" + b"".join(parts) + b"</item>")
feeds = st.builds(
    lambda root, items, tail: b"<" + root + b">" + b"".join(items) + tail,
    st.sampled_from([b"rss version='2.0'><channel", b"feed xmlns='http://www.w3.org/2005/Atom'", b"rdf:RDF"]),
    st.lists(items | fragments | elements, max_size=5),
    st.sampled_from([b"", b"</channel></rss>", b"</feed>"]),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=feeds | st.binary(max_size=200), content_type=st.text(max_size=30))
@example(b"<rss><item><title>&#xD800;</title></item></rss>", "")
@example(b"<rss><item><title>a</title><link>http://a\xc2\x85b/</link></item></rss>", "")
def test_any_bytes_give_clean_values_or_a_reason(body, content_type):
    try:
        feed = read(body, content_type=content_type)
    except NotAFeed:
        return
    assert_all_is_clean(feed)


# The limited child


@pytest.fixture
def start_child():
    """Start a child with limits of its own."""
    children = []

    def start(**limits):
        children.append(Child(Limits(**limits)))
        return children[-1]

    yield start
    for child in children:
        child.end()


def limits_of(process):
    with open(f"/proc/{process.pid}/limits") as file:
        return {line[:26].strip(): line[26:47].strip() for line in file}


def test_the_child_reads_a_feed_as_the_parser_does():
    body = rss(item("奇瑞", pubDate="Mon, 15 Apr 2024 14:05:00 +0800"), item("undated", "/2")).encode()

    assert parse_limited(body, content_type="text/xml", base=BASE, now=NOW) == read(body)


def test_what_is_no_feed_is_refused_by_the_child_too():
    with pytest.raises(NotAFeed, match="a web page"):
        parse_limited(b"<html>", now=NOW)


def test_one_child_reads_many_feeds_and_is_then_replaced(start_child, monkeypatch):
    monkeypatch.setattr(parser_child, "_alive", start_child(documents=2))
    first = parser_child._alive

    for _ in range(3):
        parse_limited(rss().encode(), now=NOW)

    assert first.documents == 2
    assert first.process.returncode == -signal.SIGKILL
    assert parser_child._alive.documents == 1
    parser_child._alive.end()


def test_the_child_may_use_no_file_no_network_and_little_memory(start_child):
    child = start_child()
    child.parse(rss().encode(), "", "", NOW)

    limits = limits_of(child.process)

    assert limits["Max address space"] == str(512 * 2**20)
    assert limits["Max data size"] == str(256 * 2**20)
    assert limits["Max open files"] == str(len(os.listdir(f"/proc/{child.process.pid}/fd")))
    assert limits["Max file size"] == "0"
    assert int(limits["Max cpu time"]) <= 10


def test_the_child_does_not_look_at_folders_that_have_changed(start_child):
    child = start_child()
    child.parse(rss().encode(), "", "", NOW)

    os.utime(parser_child.PROJECT)

    assert child.parse(rss(item()).encode(), "", "", NOW).entries


def test_a_child_that_has_grown_is_not_used_again(start_child, monkeypatch):
    grown = start_child(data=60 * 2**20)
    monkeypatch.setattr(parser_child, "_alive", grown)

    for _ in range(2):
        assert parse_limited(rss(item()).encode(), now=NOW).entries

    assert (grown.documents, parser_child._alive.documents) == (1, 1)
    parser_child._alive.end()


def test_the_child_knows_none_of_our_secrets(start_child):
    child = start_child()
    child.parse(rss().encode(), "", "", NOW)

    with open(f"/proc/{child.process.pid}/environ", "rb") as file:
        assert file.read() == b"PYTHONDONTWRITEBYTECODE=1\0"


# A regular expression of the parser that looks for an address in the author takes quadratic time on one long word.
HANGING = rss(item(author="a" * 100_000)).encode()


def test_a_feed_that_hangs_the_parser_is_stopped_and_the_next_one_is_read(start_child, monkeypatch):
    monkeypatch.setattr(parser_child, "_alive", start_child(wall=0.5))

    with pytest.raises(ParseOverrun, match="too long"):
        parse_limited(HANGING, now=NOW)

    assert parse_limited(rss(item("good")).encode(), now=NOW).entries[0].title == "good"
    parser_child._alive.end()


def test_a_document_that_computes_too_long_ends_the_child(start_child):
    child = start_child(cpu=1, wall=60)

    with pytest.raises(ParseOverrun, match="too long"):
        child.parse(HANGING, "", "", NOW)

    assert child.process.returncode == -signal.SIGXCPU


def test_each_document_has_the_time_for_itself(start_child):
    child = start_child()
    slow = rss(item(author="a" * 6_000)).encode()

    until = [allowed_seconds(child, slow)]
    while until[-1] == until[0] and len(until) < 300:
        until.append(allowed_seconds(child, slow))

    assert (until[0], until[-1]) == (9, 10)


def allowed_seconds(child, body):
    child.parse(body, "", "", NOW)
    return int(limits_of(child.process)["Max cpu time"])


def test_a_document_that_fills_the_memory_is_stopped(start_child):
    child = start_child(data=48 * 2**20, wall=60)

    with pytest.raises(ParseOverrun, match="too much memory"):
        child.parse(b"<rss>" + b"<a>" * 200_000, "", "", NOW)


def test_a_child_that_breaks_down_is_told_apart(start_child):
    child = start_child()
    child.process.send_signal(signal.SIGSEGV)

    with pytest.raises(ParseOverrun, match="broke down"):
        child.parse(rss().encode(), "", "", NOW)


def test_a_child_that_was_killed_is_replaced():
    parse_limited(rss().encode(), now=NOW)
    parser_child._alive.process.kill()
    parser_child._alive.process.wait()

    assert parse_limited(rss(item()).encode(), now=NOW).entries


def test_the_child_ends_with_its_parent():
    script = (
        "from datetime import datetime, UTC\nimport os\nfrom ingest import parser_child\n"
        "parser_child.parse_limited(b'<rss/>', now=datetime.now(UTC))\n"
        "print(parser_child._alive.process.pid, flush=True)\nos.kill(os.getpid(), 9)"
    )
    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=parser_child.PROJECT)

    assert parent.returncode == -signal.SIGKILL
    assert ended(int(parent.stdout))


def ended(pid):
    """Whether a process is gone, or will be within a few seconds."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as file:
                if file.read().split()[2] == "Z":
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        signal.sigtimedwait([], 0.01)
    return False


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_starts_a_child_of_its_own():
    parse_limited(rss().encode(), now=NOW)
    ours = parser_child._alive.process.pid

    def reads_with_another():
        entries = parse_limited(rss(item()).encode(), now=NOW).entries
        own = parser_child._alive.process.pid
        parser_child._alive.end()
        return entries and own != ours

    assert holds_in_a_fork(reads_with_another)
    assert parse_limited(rss(item()).encode(), now=NOW).entries
    assert parser_child._alive.process.pid == ours
