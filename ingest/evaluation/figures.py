"""Figures with the number of rows behind them and their 95 % intervals. Pure."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Z = 1.96  # of a 95 % interval
RESAMPLES = 400


@dataclass(frozen=True)
class Share:
    """A share: `hits` of `n`."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        return self.hits / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval: from 0 to 1 where there is nothing to count."""
        if not self.n:
            return 0.0, 1.0
        share, spread = self.value, Z * Z / self.n
        middle = (share + spread / 2) / (1 + spread)
        half = Z * math.sqrt(share * (1 - share) / self.n + spread / (4 * self.n)) / (1 + spread)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f}  [{low:.3f}, {high:.3f}]  {self.hits}/{self.n}"


def share(hits: Iterable[bool]) -> Share:
    hits = list(hits)
    return Share(sum(hits), len(hits))


Figures = dict[str, Any]  # by name: a Share, a number or words


@dataclass(frozen=True)
class ByClass:
    """How well labels were read: accuracy, and precision, recall and F1 of each class that occurs."""

    accuracy: Share
    precision: dict[str, Share]
    recall: dict[str, Share]

    def f1(self, label: str) -> float:
        precision, recall = self.precision[label].value, self.recall[label].value
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that the labels hold."""
        labels = [label for label, held in self.recall.items() if held.n]
        return sum(self.f1(label) for label in labels) / len(labels) if labels else 0.0


def by_class(pairs: Sequence[tuple[str, str]]) -> ByClass:
    """Figures of (label, prediction) pairs."""
    right = Counter(label for label, read in pairs if label == read)
    labels, reads = Counter(label for label, _ in pairs), Counter(read for _, read in pairs)
    every = sorted({*labels, *reads})
    return ByClass(
        Share(sum(right.values()), len(pairs)),
        {label: Share(right[label], reads[label]) for label in every},
        {label: Share(right[label], labels[label]) for label in every},
    )


def class_figures(pairs: Sequence[tuple[str, str]], groups: Sequence[str] | None = None) -> Figures:
    """The figures of (label, prediction) pairs by name; macro-F1's interval is from resampling `groups` as wholes."""
    read = by_class(pairs)
    low, high = resampled_macro_f1(pairs, groups or [str(at) for at in range(len(pairs))])
    return {
        "n": len(pairs),
        "accuracy": read.accuracy,
        "macro_f1": read.macro_f1,
        "macro_f1_low": low,
        "macro_f1_high": high,
        **{f"precision_{label}": share for label, share in read.precision.items()},
        **{f"recall_{label}": share for label, share in read.recall.items()},
    }


def resampled_macro_f1(pairs: Sequence[tuple[str, str]], groups: Sequence[str]) -> tuple[float, float]:
    """The 95 % interval of macro-F1 from a bootstrap over groups, such as claims: their rows are no independent ones."""
    of_group: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for pair, group in zip(pairs, groups, strict=True):
        of_group[group][pair] += 1
    parts, dice = list(of_group.values()), random.Random(7)  # noqa: S311 figures, no secrets
    labels = sorted({label for label, _ in pairs})
    scores = sorted(_macro_f1([parts[dice.randrange(len(parts))] for _ in parts], labels) for _ in range(RESAMPLES))
    return (scores[int(0.025 * RESAMPLES)], scores[int(0.975 * RESAMPLES)]) if scores and labels else (0.0, 1.0)


def _macro_f1(parts: Iterable["Counter[tuple[str, str]]"], labels: Sequence[str]) -> float:
    right: Counter[str] = Counter()
    both: Counter[str] = Counter()
    for part in parts:
        for (label, read), times in part.items():
            right[label] += times * (label == read)
            both[label] += times
            both[read] += times
    return sum(2 * right[label] / both[label] if both[label] else 0.0 for label in labels) / len(labels)


def as_json(figures: dict[str, "Share | float | int | str"]) -> dict[str, object]:
    """Figures as one flat object: a share also gives its `_n` and its `_95`."""
    found: dict[str, object] = {}
    for name, figure in figures.items():
        if isinstance(figure, Share):
            found[name] = round(figure.value, 4)
            found[f"{name}_n"] = figure.n
            found[f"{name}_95"] = [round(edge, 4) for edge in figure.interval]
        else:
            found[name] = round(figure, 4) if isinstance(figure, float) else figure
    return found
