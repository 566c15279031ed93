"""Which claims resemble a text by its words: BM25 over growing profiles, then letter by letter. Pure.

A claim's profile is its wording and the headlines that editors linked to it. Profiles are put in and taken out one by
one, and a search costs what the text's rare words bring up, not what is tracked.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

from ingest.text import fold
from ingest.wording import pieces, searched_words

# Of a claim's headlines so many count; each word of theirs counts half of one in the wording.
MOST_HEADLINES = 30
HEADLINE_WEIGHT = 0.5
# BM25 with its usual constants: how soon a repeated word says no more, how far long profiles are held back.
K1, B = 1.2, 0.75
# So many claims are taken to exist that we do not track: with three claims no word is rare yet.
UNTRACKED = 50
# The rarest words of a text bring claims up until they brought so many; the others only count for those.
MOST_POSTINGS = 1_500
SHORTLIST = 24
# What letters count for beside words.
LETTERS = 0.7


@dataclass(frozen=True)
class Resemblance:
    """How far a claim resembles a text. `score` orders the claims of one text.

    `letters` is a cosine of runs of four letters, `weight` says how many rare words are shared (1 for a word that
    nothing else tracked has), `shared` are those words as the index holds them.
    """

    claim: int
    score: float
    letters: float
    weight: float
    covered: float
    shared: tuple[str, ...]


class ClaimIndex:
    """An inverted index over the profiles of claims."""

    def __init__(self) -> None:
        self._postings: dict[str, dict[int, float]] = {}
        self._words: dict[int, tuple[str, ...]] = {}
        self._lengths: dict[int, float] = {}
        self._length = 0.0
        self._pieces: dict[int, array[int]] = {}
        self._pieces_in: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._words)

    def put(self, claim: int, wording: str, headlines: Sequence[str] = ()) -> None:
        """Take a claim's profile in, in place of what stood there. `headlines` the newest first."""
        self.drop(claim)
        weights: Counter[str] = Counter()
        found: set[int] = set()
        for text, weight in [(wording, 1.0), *((line, HEADLINE_WEIGHT) for line in headlines[:MOST_HEADLINES])]:
            folded = fold(text)
            for word in searched_words(folded):
                weights[word] += weight
            found |= _codes(folded)
        for word, held in weights.items():
            self._postings.setdefault(word, {})[claim] = held
        self._words[claim] = tuple(weights)
        self._lengths[claim] = sum(weights.values())
        self._length += self._lengths[claim]
        self._pieces[claim] = array("I", sorted(found))
        self._pieces_in.update(found)

    def drop(self, claim: int) -> None:
        """Take a claim's profile out, if it is in."""
        for word in self._words.pop(claim, ()):
            held = self._postings[word]
            del held[claim]
            if not held:
                del self._postings[word]
        self._length -= self._lengths.pop(claim, 0.0)
        for code in self._pieces.pop(claim, ()):
            self._pieces_in[code] -= 1
            if not self._pieces_in[code]:
                del self._pieces_in[code]

    def rarity(self, word: str) -> float:
        """What it says that a word is in a profile, from 0 (in each) to about 1 (in no other)."""
        tracked, holders = len(self) + UNTRACKED, len(self._postings.get(word, ()))
        return math.log(1 + (tracked - holders + 0.5) / (holders + 0.5)) / math.log(1 + tracked)

    def search(self, folded: str, among: Iterable[int] = (), limit: int = SHORTLIST) -> list[Resemblance]:
        """The claims that resemble the text most, best first, and where they stand those in `among`."""
        words = dict.fromkeys(searched_words(folded))
        if not words or not self._words:
            return []
        scores = self._scores(words)
        best = sorted(scores, key=scores.__getitem__, reverse=True)[:limit]
        short = dict.fromkeys([*best, *(claim for claim in among if claim in self._words)])
        whole = sum(self.rarity(word) for word in words)
        letters = self._letters(folded, short)
        found = [self._resemblance(claim, words, scores.get(claim, 0.0) / whole, letters[claim]) for claim in short]
        return sorted(found, key=lambda one: -one.score)

    def shared_weight(self, folded: str, claims: Iterable[int]) -> dict[int, float]:
        """How many rare words of the text each of the claims has."""
        words = set(searched_words(folded)) & self._postings.keys()
        held = [(self.rarity(word), self._postings[word]) for word in words]
        return {claim: sum(weight for weight, holders in held if claim in holders) for claim in claims}

    def _scores(self, words: Iterable[str]) -> dict[int, float]:
        known = sorted((len(held), word, held) for word in words if (held := self._postings.get(word)))
        scores: dict[int, float] = {}
        average = self._length / len(self)
        brought = 0
        for count, word, held in known:
            weight = self.rarity(word) * (K1 + 1)
            brought += count
            reached: Iterable[int] = held if brought <= MOST_POSTINGS or not scores else scores.keys() & held.keys()
            for claim in reached:
                times = held[claim]
                longer = K1 * (1 - B + B * self._lengths[claim] / average)
                scores[claim] = scores.get(claim, 0.0) + weight * times / (times + longer)
        return scores

    def _letters(self, folded: str, claims: Iterable[int]) -> dict[int, float]:
        tracked = len(self) + UNTRACKED
        weights = {code: math.log(1 + tracked / (1 + self._pieces_in[code])) ** 2 for code in _codes(folded)}
        length = math.sqrt(sum(weights.values()))
        alike = {}
        for claim in claims:
            codes = self._pieces[claim]
            shared = sum(weights[code] for code in codes if code in weights)
            if shared:
                own = sum(math.log(1 + tracked / (1 + self._pieces_in[code])) ** 2 for code in codes)
                alike[claim] = shared / length / math.sqrt(own)
            else:
                alike[claim] = 0.0
        return alike

    def _resemblance(self, claim: int, words: dict[str, None], score: float, letters: float) -> Resemblance:
        shared = tuple(word for word in words if claim in self._postings.get(word, ()))
        weight = sum(self.rarity(word) for word in shared)
        whole = sum(self.rarity(word) for word in self._words[claim])
        return Resemblance(claim, score + LETTERS * letters, letters, weight, weight / whole if whole else 0.0, shared)


def _codes(folded: str) -> set[int]:
    return {crc32(piece.encode()) for piece in pieces(folded)}


def signs(found: Sequence[Resemblance]) -> tuple[float, ...]:
    """What tells whether the first of a search's claims is the one that is meant: its score, how far it is before the
    next, how alike the letters are, and how many rare words are shared.
    """
    first = found[0]
    ahead = first.score - (found[1].score if len(found) > 1 else 0.0)
    return first.score, ahead, first.letters, min(first.weight, 6.0)


# Fitted by bench/resemblance.py on Emergent's headlines: the bias, then a weight for each of the signs.
WEIGHTS = (-4.02, 1.09, 5.16, 1.88, 0.79)


def likelihood(found: Sequence[Resemblance]) -> float:
    """How likely the first of a search's claims is the one that is meant, from 0 to 1."""
    if not found:
        return 0.0
    total = WEIGHTS[0] + sum(weight * sign for weight, sign in zip(WEIGHTS[1:], signs(found), strict=True))
    return 1 / (1 + math.exp(-total))
