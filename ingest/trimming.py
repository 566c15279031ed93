"""Cut out of a feed what is known already, so that the parser of record reads only what is new. Pure.

An item is known by the digest of its raw bytes, together with all outside it that its reading depends on. What is odd
in any way is not cut: the parser then reads the whole document, and the result is the same but for the time it takes.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import NamedTuple
from xml.parsers import expat

# Raise this when `parsing` reads the same bytes in another way.
READING = f"3 {version('feedparser')}"

CLOSING = re.compile(rb"</([^\s>]+)\s*>")

BASE = "http://www.w3.org/XML/1998/namespace base"

RAW = 16  # bytes of an item's digest
GUID = 8  # bytes of its guid's digest
RECORD = RAW + GUID


class Item(NamedTuple):
    """Where an item stands in the document, in bytes, and the digest of what stands there."""

    start: int
    end: int
    raw: bytes


@dataclass
class Layout:
    """What expat meets of a document on its first two or three levels."""

    document: bytes
    context: str
    spans: list[tuple[int, int]] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # what an item inherits: start tags and namespaces above it
    prefixes: dict[str | None, str | None] = field(default_factory=dict)
    level: int | None = None  # how deep the items stand
    odd: bool = False

    def read(self) -> list[Item] | None:
        """The items, or None if the document is odd."""
        parser = expat.ParserCreate("utf-8", " ")
        parser.ordered_attributes = True
        parser.StartNamespaceDeclHandler = self.declared
        parser.StartElementHandler = self.started
        parser.EndElementHandler = self.ended
        self.parser = parser
        try:
            parser.Parse(self.document, True)
        except expat.ExpatError:
            return None
        finally:
            del self.parser  # a circle
        if self.odd:
            return None
        key = hashlib.sha256(repr((READING, self.context, self.outside)).encode()).digest()
        return [
            Item(start, end, hashlib.blake2b(self.document[start:end], digest_size=RAW, key=key).digest())
            for start, end in self.spans
        ]

    def declared(self, prefix: str | None, uri: str | None) -> None:
        if len(self.path) < 2:
            self.outside.append(f"{prefix} {uri}")
        # The parser of record keeps one meaning of a prefix for all the document.
        self.odd = self.odd or bool(prefix and self.prefixes.setdefault(prefix, uri) != uri)

    def started(self, name: str, attributes: list[str]) -> None:
        # The parser of record lets an item's base, and what stands behind an item, reach beyond it.
        self.odd = self.odd or (self.level is not None and bool(attributes) and BASE in attributes[::2])
        if self.is_item(name):
            self.opened = self.parser.CurrentByteIndex
            self.level = len(self.path)
            self.odd = self.odd or BASE in attributes[::2]
        elif self.level == len(self.path):
            self.odd = True
        elif len(self.path) < 2 and local(name) in ("rss", "RDF", "feed", "channel"):
            self.odd = self.odd or bool(self.path and self.spans)  # a second channel, or one behind items
            self.outside.append(repr((name, attributes)))
        self.path.append(name)

    def ended(self, name: str) -> None:
        self.path.pop()
        if self.is_item(name):
            tag = CLOSING.match(self.document, self.parser.CurrentByteIndex)
            if tag and self.document.startswith(b"<" + tag[1], self.opened):
                self.spans.append((self.opened, tag.end()))
            else:  # <item/>, which has no end tag
                self.odd = True

    def is_item(self, name: str) -> bool:
        """Whether an element of that name is an item where the parser is now."""
        if len(self.path) > 2:
            return False
        parents = [local(parent) for parent in self.path[:3]]
        return (local(name), parents) in (
            ("item", ["rss", "channel"]),
            ("item", ["RDF"]),
            ("entry", ["feed"]),
        )


def local(name: str) -> str:
    return name.rpartition(" ")[2]


def items_of(document: bytes, context: str) -> list[Item] | None:
    """The items of a UTF-8 document without a declaration; None if it is odd.

    `context` is whatever else their reading depends on, such as the address that the document came from.
    """
    return Layout(document, context).read()


def records(known: bytes) -> dict[bytes, bytes]:
    """From the records that a feed keeps of its items: the digest of the raw item to that of its guid."""
    return {known[at : at + RAW]: known[at + RAW : at + RECORD] for at in range(0, len(known) - RECORD + 1, RECORD)}


def record(raw: bytes, guid: str) -> bytes:
    return raw + guid_digest(guid)


def guid_digest(guid: str) -> bytes:
    return hashlib.blake2b(guid.encode(), digest_size=GUID).digest()


def without(document: bytes, cut: Sequence[Item]) -> bytes:
    """The document less these items, which are in its order."""
    pieces, at = [], 0
    for item in cut:
        pieces.append(document[at : item.start])
        at = item.end
    return b"".join([*pieces, document[at:]])
