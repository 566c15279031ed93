"""Figures with the number of rows behind them and their 95 % intervals. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z = 1.96  # of a 95 % interval


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
