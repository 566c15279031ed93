"""Lists of feeds as OPML, read and written. Pure.

The format is OPML 2.0 (opml.org/spec2.opml). What only Hearsay knows of a feed stands in attributes of a namespace
of our own, so that an export brings back what was exported, and other readers pass over it.
"""

import html
import re
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable
from dataclasses import dataclass
from xml.parsers import expat

LARGEST = 2_000_000  # bytes
MOST_FEEDS = 5_000
MOST_ELEMENTS = 50_000
DEEPEST = 50
LONGEST_TITLE = 200
LONGEST_URL = 2_048
NAMESPACE = "urn:hearsay:opml"
ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
ENCODINGS = {"utf-8", "utf8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"}
FORBIDDEN_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotOPML(Exception):
    """These bytes are no list of feeds that we read; the message is a sentence for the operator."""


@dataclass(frozen=True)
class Outline:
    """A feed as a list names it. What the list does not say is empty."""

    url: str  # as written, at most LONGEST_URL + 1 characters: one more than an address may have
    title: str = ""
    site: str = ""  # the address of the site that the feed belongs to
    language: str = ""
    kind: str = ""  # of its source
    interval: int | None = None  # seconds
    paused: bool = False
    slowest: int | None = None  # seconds


def read(document: bytes) -> list[Outline]:
    """The feeds of an OPML document in its order, folders laid flat. Raises NotOPML."""
    if len(document) > LARGEST:
        raise NotOPML(f"The file is larger than {LARGEST // 1_000_000} MB.")
    if not document.strip():
        raise NotOPML("The file is empty.")
    reader = Reader()
    parser = expat.ParserCreate(encoding_of(document))
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.EntityDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise NotOPML(
            f"The file is not well-formed XML: {expat.ErrorString(error.code)}, line {error.lineno}."
        ) from None
    return reader.found


def encoding_of(document: bytes) -> str | None:
    """What the document is written in; None leaves it to its byte order mark. Raises NotOPML."""
    if document.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return None
    declared = ENCODING.match(document.removeprefix(BOM_UTF8).lstrip()[:300])
    name = declared[1].decode().lower() if declared else "utf-8"
    if name not in ENCODINGS:
        raise NotOPML(f"The file is written in {name}, which is not read here; save it as UTF-8.")
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        return name
    return "utf-8"  # what is valid UTF-8 is nothing else, whatever it says of itself


class Reader:
    def __init__(self) -> None:
        self.found: list[Outline] = []
        self.elements = self.depth = 0

    def doctype(self, *_: object) -> None:
        raise NotOPML("The file declares a document type or entities (a DTD), which are not read.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        self.depth += 1
        if self.elements == 1 and name.lower() != "opml":
            raise NotOPML("The file is not OPML: its first element is not <opml>.")
        if self.elements > MOST_ELEMENTS or self.depth > DEEPEST:
            raise NotOPML(f"The file has more than {MOST_ELEMENTS:,} elements, or lies more than {DEEPEST} deep.")
        if name.lower() != "outline":
            return
        said = {key.lower(): value for key, value in attributes.items()}
        if "xmlurl" in said:
            if len(self.found) == MOST_FEEDS:
                raise NotOPML(f"The file holds more than {MOST_FEEDS:,} feeds.")
            self.found.append(outline(said))

    def end(self, _: str) -> None:
        self.depth -= 1


def outline(said: dict[str, str]) -> Outline:
    return Outline(
        url=said["xmlurl"].strip()[: LONGEST_URL + 1],
        title=tidy(said.get("title", "")) or tidy(said.get("text", "")),
        site=said.get("htmlurl", "").strip()[: LONGEST_URL + 1],
        language=tidy(said.get("language", ""))[:12],
        kind=tidy(said.get("hearsay:kind", ""))[:20],
        interval=seconds(said.get("hearsay:interval", "")),
        paused=said.get("hearsay:paused", "") == "true",
        slowest=seconds(said.get("hearsay:slowest", "")),
    )


def seconds(said: str) -> int | None:
    return int(said) if re.fullmatch("[0-9]{1,7}", said) else None


def tidy(text: str) -> str:
    """One line, without characters that cannot be seen."""
    seen = (char if unicodedata.category(char)[0] != "C" else " " for char in text[: 4 * LONGEST_TITLE])
    return " ".join("".join(seen).split())[:LONGEST_TITLE].rstrip()


def write(outlines: Iterable[Outline], *, title: str, created: str = "") -> str:
    """An OPML document; `created` is a date as RFC 822 writes it."""
    head = f"<title>{text(title)}</title>" + (f"<dateCreated>{text(created)}</dateCreated>" if created else "")
    rows = (
        "<outline " + " ".join(f'{name}="{text(value)}"' for name, value in attributes(one).items() if value) + "/>"
        for one in outlines
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:hearsay="{NAMESPACE}">',
        f"<head>{head}</head>",
        "<body>",
        *rows,
        "</body>",
        "</opml>",
    ]
    return "\n".join(lines) + "\n"


def attributes(one: Outline) -> dict[str, str]:
    return {
        "type": "rss",
        "text": one.title or one.url,
        "title": one.title,
        "xmlUrl": one.url,
        "htmlUrl": one.site,
        "language": one.language,
        "hearsay:kind": one.kind,
        "hearsay:interval": str(one.interval or ""),
        "hearsay:slowest": str(one.slowest or ""),
        "hearsay:paused": "true" if one.paused else "",
    }


def text(value: str) -> str:
    return html.escape(FORBIDDEN_IN_XML.sub("", value))
