"""A text of our own, sentence by sentence, with how the claims stand that it touches. Nothing of it is stored."""

from dataclasses import dataclass

from deals import record
from deals.fold import NOTHING, Standing
from deals.models import Claim
from ingest.suggestions import tracked
from ingest.text import passages

LONGEST = 20_000  # characters


@dataclass(frozen=True)
class Touched:
    """A claim that a sentence touches, how it stands now, and the words that led to it."""

    claim: Claim
    standing: Standing
    words: tuple[str, ...]


@dataclass(frozen=True)
class Sentence:
    """A sentence of the draft; `begins` where a paragraph does."""

    text: str
    begins: bool
    touched: tuple[Touched, ...]


def check(text: str) -> list[Sentence]:
    """The sentences of a draft in order. The same number of queries however long it is."""
    text = text[:LONGEST]
    with tracked() as profiles:
        found = profiles.read("", text).candidates
    words: dict[str, dict[int, tuple[str, ...]]] = {}
    for statement in found:
        words.setdefault(statement.passage, {}).setdefault(statement.claim, statement.triggers)
    claims = Claim.objects.in_bulk({statement.claim for statement in found})
    standings = record.standings(list(claims.values())) if claims else {}
    sentences, paragraph = [], 0
    for passage in passages("", text):
        touched = tuple(
            Touched(claims[claim], standings.get(claim, NOTHING), triggers)
            for claim, triggers in words.get(passage.text, {}).items()
            if claim in claims
        )
        sentences.append(Sentence(passage.text, passage.paragraph != paragraph, touched))
        paragraph = passage.paragraph
    return sentences
