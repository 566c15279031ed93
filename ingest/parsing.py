"""Feed bytes to clean values. Pure: no Django, network, clock or files, so that the limited child can run it.

What comes out is plain text without control characters, http(s) addresses, dates that can be true, or nothing.
"""

import calendar
import hashlib
import html
import io
import re
import time
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
import nh3

from ingest.pace import pace_of
from ingest.parsed import NotAFeed, ParsedEntry, ParsedFeed
from ingest.text import clean
from ingest.trimming import guid_digest, items_of, record, records, without

MOST_ENTRIES = 500
LONGEST_TITLE = 500
LONGEST_TEXT = 20_000
LONGEST_AUTHOR = 200
LONGEST_OUTLET = 200
LONGEST_GUID = 1_000
LONGEST_URL = 2_048
LONGEST_MARKUP = 100_000  # nh3 takes quadratic time on nested tags
LONGEST_PROLOG = 100_000
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)

# By the names that feeds use for them; us-ascii and Latin-1 are read as what they mean in practice.
ENCODINGS = {
    label: codec
    for codec, labels in {
        "utf-8": "utf-8 utf8 unicode-1-1-utf-8",
        "utf-16-le": "utf-16 utf-16le",
        "utf-16-be": "utf-16be",
        "cp1252": "us-ascii ascii iso-8859-1 iso8859-1 latin1 latin-1 windows-1252 cp1252",
        "cp1250": "windows-1250 cp1250",
        "cp1251": "windows-1251 cp1251",
        "cp1253": "windows-1253 cp1253",
        "cp1254": "windows-1254 cp1254 iso-8859-9",
        "cp1255": "windows-1255 cp1255",
        "cp1256": "windows-1256 cp1256",
        "cp1257": "windows-1257 cp1257",
        "cp1258": "windows-1258 cp1258",
        "iso8859-2": "iso-8859-2 latin2",
        "iso8859-5": "iso-8859-5",
        "iso8859-7": "iso-8859-7",
        "iso8859-15": "iso-8859-15 latin9",
        "koi8-r": "koi8-r",
        "koi8-u": "koi8-u",
        "gb18030": "gb2312 gbk gb18030 x-gbk",
        "big5": "big5 big5-hkscs",
        "shift_jis": "shift_jis shift-jis sjis x-sjis windows-31j",
        "euc_jp": "euc-jp",
        "euc_kr": "euc-kr ks_c_5601-1987",
    }.items()
    for label in labels.split()
}
# An Atom or RSS element that holds text in one of these is text; anything else (an image, say) is not.
TEXT_TYPES = frozenset({"text/plain", "text/html", "application/xhtml+xml"})
ROOTS = frozenset({"rss", "feed", "rdf"})
WEB_PAGES = frozenset({"html", "head", "body", "title", "meta"})  # how they may begin; HTML 5 leaves much out

DECLARED_ENCODING = re.compile(r"<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9_.:-]{1,40})[\"']")
CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
CHARACTER_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
WEB_PAGE = re.compile(r"<!doctype\s{1,9}html\b", re.IGNORECASE)
ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,50}:)?([A-Za-z_][\w.-]{0,50})")
NAIVE = re.compile(r"(?:[A-Za-z]{3,9},? )?\d{1,2} [A-Za-z]{3,9} \d{4} \d{1,2}:\d\d(?::\d\d)?")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
BARE_HOST = re.compile(r"[a-z0-9.-]{1,240}\.[a-z0-9-]{1,12}")
# The beginning of each tag that begins or ends a block: what stands on both sides is not one sentence.
BLOCK = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|caption|center|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|"
    r"header|hr|li|main|nav|ol|option|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul)\b)",
    re.IGNORECASE,
)
Item = dict[str, Any]  # feedparser's; read with dict.get, for its own get warns and guesses


def parse(
    body: bytes, *, content_type: str = "", base: str = "", now: datetime, known: bytes | None = None
) -> ParsedFeed:
    """Read an RSS or Atom document.

    `content_type` is the header's value, `base` the address that it came from, `now` bounds the dates. `known` are
    the `items` of an earlier reading of this feed: those are left out, and the rest is as without it. With None no
    records are made.
    Raises NotAFeed.
    """
    document = markup(decoded(body, content_type))
    if known is None:
        return read_document(document, document.encode(), base, now)[0]
    whole = document.encode()
    items = items_of(whole, base)
    if items is None or not 0 < len(items) <= MOST_ENTRIES:
        return read_document(document, whole, base, now)[0]
    before = records(known)
    cut = [item for item in items if item.raw in before]
    if cut:
        feed, guids = read_document(document, without(whole, cut), base, now)
        left = [item.raw for item in items if item.raw not in before]
        kept = {before[item.raw] for item in cut}
        new = {guid_digest(guid) for guid in guids}
        if len(guids) == len(left) == len(new) and not kept & new:
            made = map(record, left, guids)
            return replace(feed, items=b"".join([*(item.raw + before[item.raw] for item in cut), *made]))
    feed, guids = read_document(document, whole, base, now)
    # Items that share a guid are told apart by each other, so none of them may be missing.
    if len(guids) == len(items) == len(set(guids)):
        feed = replace(feed, items=b"".join(record(item.raw, guid) for item, guid in zip(items, guids, strict=True)))
    return feed


def read_document(document: str, read: bytes, base: str, now: datetime) -> tuple[ParsedFeed, list[str]]:
    """The feed as it stands in the bytes `read`, a part of the document; and the guid of each item that is there."""
    try:
        found = feedparser.parse(
            io.BytesIO(b'<?xml version="1.0" encoding="utf-8"?>\n' + read),  # bytes it would try to open
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # its handlers raise whatever they meet
        raise NotAFeed("The feed is broken in a way that could not be read.") from error
    language = language_of(found.feed.get("language"))
    each = [read_entry(item, base, language, now) for item in found.entries[:MOST_ENTRIES]]
    entries = [entry for entry in each if entry]
    if not entries and found.get("bozo") and not found.version:
        raise NotAFeed("The feed is broken in a way that could not be read.")
    title = one_line(to_text(*text_and_type(found.feed, "title")), LONGEST_TITLE)
    feed = ParsedFeed(title, tuple(distinct(entries)), pace_of(found.feed, document))
    return feed, [entry.guid if entry else f"\n{place}" for place, entry in enumerate(each)]


def decoded(body: bytes, content_type: str) -> str:
    """The document as text, by a closed list of encodings. Raises NotAFeed if it is empty.

    What is valid UTF-8 is read as such whatever it says of itself: the chance that it is something else is nil, and
    headers that claim Latin-1 are common.
    """
    if not body.strip(b" \t\r\n\0"):
        raise NotAFeed("The answer was empty.")
    for mark, codec in ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")):
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    if body.startswith((b"<\0", b"\0<")):
        return body.decode("utf-16-le" if body.startswith(b"<") else "utf-16-be", "replace")
    charset = CHARSET.search(content_type[:500])
    declared = DECLARED_ENCODING.match(body[:300].decode("latin-1").lstrip())
    labels = ["utf-8", *(found[1].lower() for found in (charset, declared) if found)]
    codecs = [ENCODINGS[label] for label in labels if label in ENCODINGS]
    for codec in codecs:
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    return body.decode(codecs[1] if len(codecs) > 1 else "cp1252", "replace")


def markup(text: str) -> str:
    """The document from its root on, without characters that XML forbids.

    Raises NotAFeed, with the cause, for what is no feed, and for documents that declare entities of their own.
    """
    text = CHARACTER_REFERENCE.sub(allowed_reference, text.translate(FORBIDDEN_IN_XML)).lstrip()
    if text[:1] in ("{", "["):
        raise NotAFeed("It is JSON, not an RSS or Atom feed.")
    start = root_at(text)
    name = ROOT.match(text, start)
    kind = name[1].lower() if name else ""
    if kind in WEB_PAGES or WEB_PAGE.search(text, 0, start):
        raise NotAFeed("It is a web page, not an RSS or Atom feed.")
    if kind not in ROOTS:
        raise NotAFeed("It is not an RSS or Atom feed.")
    return text[start:]


def root_at(text: str) -> int:
    """Where the first element begins, past declarations and comments. Raises NotAFeed for a DTD with a subset."""
    at = 0
    while at < LONGEST_PROLOG:
        while text[at : at + 1].isspace():
            at += 1
        if text.startswith("<!--", at):
            end, skip = text.find("-->", at + 4), 3
        elif text.startswith("<?", at):
            end, skip = text.find("?>", at), 2
        elif text.startswith("<!", at):
            end, skip = text.find(">", at), 1
            declaration = text[at:end].upper()
            if "[" in declaration or "<!ENTITY" in declaration:
                raise NotAFeed("It declares entities of its own (a DTD), which are not read.")
        else:
            return at
        if end < 0:
            break
        at = end + skip
    raise NotAFeed("It is not an RSS or Atom feed.")


def is_forbidden_in_xml(code: int) -> bool:
    return (
        (code < 32 and code not in (9, 10, 13))
        or 0xD800 <= code <= 0xDFFF
        or code > 0x10FFFF
        or code & 0xFFFE == 0xFFFE
    )


FORBIDDEN_IN_XML = {
    code: None for code in [*range(32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF] if is_forbidden_in_xml(code)
}


def allowed_reference(found: re.Match) -> str:
    digits, base = (found[1], 16) if found[1] else (found[2], 10)
    digits = digits.lstrip("0")
    return "" if not digits or len(digits) > 7 or is_forbidden_in_xml(int(digits, base)) else found[0]


def read_entry(item: Item, base: str, feed_language: str, now: datetime) -> ParsedEntry | None:
    """One item, or None if it says nothing: neither title, text nor address."""
    text = longest_text(item)
    url = address(dict.get(item, "link"), base)
    title = one_line(to_text(*text_and_type(item, "title")), LONGEST_TITLE)
    title = title or one_line(text.partition("\n")[0], 100) or url[:LONGEST_TITLE]
    if not title:
        return None
    published_at = date_of(item, now)
    outlet, outlet_host = outlet_of(item)
    return ParsedEntry(
        guid=guid_of(item, url, title, text, published_at),
        url=url,
        title=without_outlet(title, outlet),
        text=text,
        author=one_line(to_text(str(dict.get(item, "author") or ""), "text/plain"), LONGEST_AUTHOR),
        language=language_of(detail(item, "title").get("language")) or feed_language,
        published_at=published_at,
        outlet=outlet,
        outlet_host=outlet_host,
    )


def outlet_of(item: Item) -> tuple[str, str]:
    """Name and host of whom the item was taken from, by RSS's or Atom's `<source>`; "" for what it does not tell."""
    source = dict.get(item, "source")
    if not isinstance(source, dict):
        return "", ""
    name = one_line(to_text(*text_and_type(source, "title")), LONGEST_OUTLET)
    site = address(dict.get(source, "href") or dict.get(source, "link"), "")
    try:
        host = (urlsplit(site).hostname or "").rstrip(".").encode("idna").decode().lower().removeprefix("www.")
    except UnicodeError:
        host = ""
    return name, host if BARE_HOST.fullmatch(host) else ""


def without_outlet(title: str, outlet: str) -> str:
    """The headline as the outlet has it: aggregators add “ - Outlet”."""
    headline = title.removesuffix(f" - {outlet}") if outlet else title
    return headline.rstrip() or title


def distinct(entries: list[ParsedEntry]) -> Iterator[ParsedEntry]:
    """Each guid once. Where a feed gives one guid to items with different links, the link is what tells them apart."""
    links = defaultdict(set)
    for entry in entries:
        links[entry.guid].add(entry.url)
    seen = set()
    for entry in entries:
        if len(links[entry.guid]) > 1 and entry.url:
            entry = ParsedEntry(**{**vars(entry), "guid": entry.url})
        if entry.guid not in seen:
            seen.add(entry.guid)
            yield entry


def guid_of(item: Item, url: str, title: str, text: str, published_at: datetime | None) -> str:
    """What the feed calls the item, else its address, else a digest of what it says."""
    guid = clean(str(dict.get(item, "id") or "")) or url
    if guid and len(guid) <= LONGEST_GUID:
        return guid
    content = guid or "\n".join((title, text, str(published_at)))
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def longest_text(item: Item) -> str:
    """The full text where a feed brings it beside the summary, else the summary."""
    parts = [
        (part.get("value"), part.get("type")) for part in dict.get(item, "content") or [] if isinstance(part, dict)
    ]
    texts = [to_text(str(value or ""), str(kind or "")) for value, kind in [*parts, text_and_type(item, "summary")]]
    return max(texts, key=len)


def detail(item: Item, name: str) -> Item:
    found = dict.get(item, f"{name}_detail")
    return found if isinstance(found, dict) else {}


def text_and_type(item: Item, name: str) -> tuple[str, str]:
    value = dict.get(item, name)
    return (value if isinstance(value, str) else ""), str(detail(item, name).get("type") or "text/html")


def to_text(value: str, kind: str) -> str:
    """Plain text of a value with its media type; blocks of HTML become lines."""
    if kind not in TEXT_TYPES:
        return ""
    value = value[:LONGEST_MARKUP]
    if kind == "text/plain":
        plain = html.unescape(value)  # feeds escape these twice more often than they mean “&amp;”
    elif "<" not in value and "&" not in value:
        plain = " ".join(value.split())
    else:
        lines = BLOCK.sub("\n<", " ".join(value.split()))
        plain = html.unescape(nh3.clean(lines, tags=set(), clean_content_tags={"script", "style", "template"}))
    tidy = (" ".join(clean(line).split()) for line in plain.splitlines())
    return "\n".join(line for line in tidy if line)[:LONGEST_TEXT].rstrip()


def one_line(text: str, longest: int) -> str:
    return " ".join(text.split())[:longest].rstrip()


def address(value: object, base: str) -> str:
    """An http(s) address, resolved against the feed's; "" for any other."""
    link = clean(value) if isinstance(value, str) else ""
    try:
        link = urljoin(base, link) if link else ""
        parts = urlsplit(link)
        usable = parts.scheme in ("http", "https") and parts.hostname and " " not in link
        parts.port  # noqa: B018  raises for a port that is none
    except ValueError:
        return ""
    return link if usable and len(link) <= LONGEST_URL else ""


def date_of(item: Item, now: datetime) -> datetime | None:
    """When the item says it was published (else created, updated), in UTC; None if that cannot be true."""
    for name in ("published", "created", "updated"):
        found = dict.get(item, f"{name}_parsed")
        if not isinstance(found, time.struct_time):
            found = without_zone(dict.get(item, name))
        if found is None:
            continue
        try:
            moment = datetime.fromtimestamp(calendar.timegm(found), UTC)
        except (ValueError, OverflowError, OSError):
            continue
        if EARLIEST <= moment <= now + timedelta(days=1):
            return moment
    return None


def without_zone(said: object) -> tuple | None:
    """A date such as “Mon, 15 Apr 2024 08:00:00”, which feedparser does not read for want of a zone; taken for UTC."""
    return parsedate(said.strip()) if isinstance(said, str) and NAIVE.fullmatch(said.strip()) else None


def language_of(value: object) -> str:
    value = str(value or "").strip().replace("_", "-")
    return value if len(value) <= 12 and LANGUAGE.fullmatch(value) else ""
