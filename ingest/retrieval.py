"""Which claims resemble a text by its words: BM25 over growing profiles, then letter by letter. Pure.

A claim's profile is its wording and the headlines that editors linked to it. Profiles are put in and taken out one by
one, and a search costs what the text's rare words bring up, not what is tracked.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from heapq import nlargest
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
MOST_POSTINGS, MOST_LEFT = 600, 60
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
        self._norms: dict[int, tuple[float, int]] = {}

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
        self._norms.pop(claim, None)
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
        if not self._words:
            return []
        words = {word: self.rarity(word) for word in dict.fromkeys(searched_words(folded))}
        whole = sum(words.values())
        scores = self._scores(words)
        best = nlargest(limit, scores, key=scores.__getitem__)
        short = dict.fromkeys([*best, *(claim for claim in among if claim in self._words)])
        letters = self._letters(folded, short)
        known = [(word, weight, self._postings[word]) for word, weight in words.items() if word in self._postings]
        found = []
        for claim in short:
            shared = [(word, weight) for word, weight, held in known if claim in held]
            score = scores.get(claim, 0.0) / whole + LETTERS * letters[claim]
            weight = sum(weight for _, weight in shared)
            found.append(Resemblance(claim, score, letters[claim], weight, tuple(word for word, _ in shared)))
        return sorted(found, key=lambda one: -one.score)

    def shared_weight(self, folded: str, claims: Set[int]) -> dict[int, float]:
        """How many rare words of the text those of the claims have that have any."""
        found: dict[int, float] = {}
        for word in set(searched_words(folded)):
            held = self._postings.get(word, {})
            if 0 < len(held) <= MOST_POSTINGS:
                weight = self.rarity(word)
                for claim in held.keys() & claims:
                    found[claim] = found.get(claim, 0.0) + weight
        return found

    def _scores(self, words: Mapping[str, float]) -> dict[int, float]:
        known = sorted((len(held), word, held) for word in words if (held := self._postings.get(word)))
        scores: dict[int, float] = {}
        average = self._length / len(self)
        brought = 0
        for count, word, held in known:
            weight = words[word] * (K1 + 1)
            if brought and brought + count > MOST_POSTINGS:
                if len(scores) > MOST_LEFT:
                    scores = {claim: scores[claim] for claim in nlargest(MOST_LEFT, scores, key=scores.__getitem__)}
                reached: Iterable[int] = [claim for claim in scores if claim in held]
            else:
                brought += count
                reached = held
            for claim in reached:
                times = held[claim]
                longer = K1 * (1 - B + B * self._lengths[claim] / average)
                scores[claim] = scores.get(claim, 0.0) + weight * times / (times + longer)
        return scores

    def _letters(self, folded: str, claims: Iterable[int]) -> dict[int, float]:
        whole, held = len(self) + UNTRACKED, self._pieces_in
        weights = {code: math.log(1 + whole / (1 + held.get(code, 0))) ** 2 for code in _codes(folded)}
        length = math.sqrt(sum(weights.values()))
        alike = {}
        for claim in claims:
            shared = sum([weights[code] for code in self._pieces[claim] if code in weights])
            alike[claim] = shared / length / self._norm(claim) if shared else 0.0
        return alike

    def _telling(self, code: int) -> float:
        """What it says, squared, that a run of letters is in a text."""
        return math.log(1 + (len(self) + UNTRACKED) / (1 + self._pieces_in.get(code, 0))) ** 2

    def _norm(self, claim: int) -> float:
        """The length of a claim's vector of letters, measured again when the index has grown or shrunk by a tenth."""
        norm, size = self._norms.get(claim, (0.0, 0))
        if abs(len(self) - size) * 10 > size:
            norm = math.sqrt(sum([self._telling(code) for code in self._pieces[claim]]))
            self._norms[claim] = norm, len(self)
        return norm


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
