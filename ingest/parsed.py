"""What is read in a feed: clean values. Pure, and without the parser: who only passes them on need not load it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ingest.pace import Pace


class NotAFeed(Exception):
    """These bytes are no feed that we read; the message is a sentence for the editor."""


@dataclass(frozen=True)
class ParsedEntry:
    """One item as published: plain text, at most LONGEST_… characters each."""

    guid: str
    url: str  # "" if the item links to nothing fetchable
    title: str
    text: str  # paragraphs on lines of their own
    author: str
    language: str  # such as "en-GB", or ""
    published_at: datetime | None
    outlet: str = ""  # by `<source>`: the name of whom an aggregator took it from, and the host
    outlet_host: str = ""


@dataclass(frozen=True)
class ParsedFeed:
    title: str
    entries: tuple[ParsedEntry, ...]  # in the feed's order, each guid once
    pace: Pace = Pace()
    items: bytes = b""  # records of all items that the document holds, to be `known` next time; b"" if it is odd

    @cached_property
    def size(self) -> int:
        """Characters of its entries' texts."""
        return sum(len(entry.text) for entry in self.entries)
