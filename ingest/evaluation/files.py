"""Labelled files as rows: CSV or JSON Lines, plain or gzipped."""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

# Names that the columns of labelled sets bear, the first that a row has counts.
ID = ("id", "row", "NEWID")
CLAIM_ID = ("claim_id", "id")
CLAIM = ("claim", "wording", "title")
HEADLINE = ("headline", "Headline", "title")
TEXT = ("lead", "text", "body", "summary", "Body")
PUBLISHED = ("published", "date", "published_at")


class UnreadableFile(Exception):
    """A labelled file cannot be read; the message is a sentence for who gave it."""


@dataclass(frozen=True)
class LabelledClaim:
    """A claim of a labelled set. `sides` are its parties, each with its aliases; a set may name none."""

    id: str
    wording: str
    sides: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class LabelledEntry:
    """An entry of a labelled set: `claims` is what it is about, `related` what it also speaks of; None: not labelled."""

    id: str
    headline: str
    text: str = ""
    claims: tuple[str, ...] | None = None
    related: tuple[str, ...] = ()
    row: dict[str, Any] = field(default_factory=dict, compare=False)


def rows(path: str | Path) -> Iterator[dict[str, Any]]:
    """The rows of a CSV or JSON Lines file (the name says which), plain or gzipped. Raises UnreadableFile."""
    path = Path(path)
    kind = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    try:
        with _opened(path) as file:
            if kind == "csv":
                yield from csv.DictReader(file)
            elif kind in ("jsonl", "ndjson"):
                yield from _json_lines(path, file)
            else:
                raise UnreadableFile(f"{path} is neither .csv nor .jsonl (nor one of them with .gz).")
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path} cannot be read: {error}.") from None


def _opened(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _json_lines(path: Path, file: TextIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise UnreadableFile(f"Line {number} of {path} is no JSON object.") from None
        if not isinstance(row, dict):
            raise UnreadableFile(f"Line {number} of {path} is no JSON object.")
        yield row


def value(row: dict[str, Any], names: tuple[str, ...]) -> str:
    """The first of these columns that the row has, as text; empty if it has none."""
    return next((str(row[name]) for name in names if row.get(name) not in (None, "")), "")


def labelled_claims(path: str | Path) -> list[LabelledClaim]:
    """The claims of a file, each once. Raises UnreadableFile if a row has no claim."""
    found: dict[str, LabelledClaim] = {}
    for row in rows(path):
        id, wording = value(row, CLAIM_ID), value(row, CLAIM)
        if not id or not wording:
            raise UnreadableFile(f"A row of {path} names no claim: it needs {' or '.join(CLAIM_ID)} and {CLAIM[0]}.")
        sides = tuple(tuple(map(str, row[side])) for side in ("side_a", "side_b") if row.get(side))
        found.setdefault(id, LabelledClaim(id, wording, sides))
    return list(found.values())


def labelled_entries(path: str | Path) -> Iterator[LabelledEntry]:
    """The entries of a file. Raises UnreadableFile if a row has neither headline nor text."""
    for number, row in enumerate(rows(path), 1):
        headline, text = value(row, HEADLINE), value(row, TEXT)
        if not headline and not text:
            raise UnreadableFile(f"Row {number} of {path} has neither a headline nor a text.")
        yield LabelledEntry(
            value(row, ID) or str(number), headline, text, _claims(row), tuple(map(str, row.get("also_related") or ())), row
        )  # fmt: skip


def _claims(row: dict[str, Any]) -> tuple[str, ...] | None:
    if isinstance(row.get("claims"), list):
        return tuple(map(str, row["claims"]))
    return (str(row["claim_id"]),) if row.get("claim_id") else None
