"""How good judgements are: accuracy, macro-F1, precision of each label, each with its 95 % interval. Pure."""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

RESAMPLES = 400


@dataclass(frozen=True)
class Share:
    """So many of so many, with the 95 % interval of Wilson."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.of)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} ({low:.3f}-{high:.3f}, n = {self.of})"


@dataclass(frozen=True)
class Measured:
    """What judgements of labelled rows are worth. `macro_f1_interval` is from resampling whole groups."""

    n: int
    accuracy: Share
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    precision: dict[str, Share]
    recall: dict[str, Share]

    def plain(self) -> dict[str, Any]:
        """Figures for JSON, rounded to four places."""
        parts = {
            f"{name}_{label}": {
                "value": round(share.value, 4),
                "of": share.of,
                "interval": [round(x, 4) for x in share.interval],
            }
            for name, shares in (("precision", self.precision), ("recall", self.recall))
            for label, share in shares.items()
        }
        return {
            "n": self.n,
            "accuracy": round(self.accuracy.value, 4),
            "accuracy_interval": [round(x, 4) for x in self.accuracy.interval],
            "macro_f1": round(self.macro_f1, 4),
            "macro_f1_interval": [round(x, 4) for x in self.macro_f1_interval],
            **parts,
        }

    def lines(self) -> list[str]:
        """The figures as a person reads them."""
        low, high = self.macro_f1_interval
        table = [
            f"  {label:12} precision {self.precision[label]}   recall {self.recall[label]}" for label in self.recall
        ]
        return [f"accuracy {self.accuracy}", f"macro-F1 {self.macro_f1:.3f} ({low:.3f}-{high:.3f})", *table]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def macro_f1(gold: Sequence[str], judged: Sequence[str], labels: Sequence[str]) -> float:
    """The mean over the labels of the harmonic mean of precision and recall."""
    scores = []
    for label in labels:
        hits = sum(a == b == label for a, b in zip(gold, judged, strict=True))
        both = sum(a == label for a in gold) + sum(b == label for b in judged)
        scores.append(2 * hits / both if both else 0.0)
    return sum(scores) / len(scores)


def measure(
    gold: Sequence[str], judged: Sequence[str], groups: Sequence[str] | None = None, labels: Sequence[str] | None = None
) -> Measured:
    """The figures for judgements of labelled rows; rows of a group (a claim) are resampled together."""
    labels = list(labels or dict.fromkeys(gold))
    pairs = list(zip(gold, judged, strict=True))
    hits = sum(a == b for a, b in pairs)
    return Measured(
        n=len(gold),
        accuracy=Share(hits, len(gold)),
        macro_f1=macro_f1(gold, judged, labels),
        macro_f1_interval=_resampled(pairs, groups or [str(at) for at in range(len(pairs))], labels),
        precision={
            label: Share(sum(a == b == label for a, b in pairs), sum(b == label for _, b in pairs)) for label in labels
        },
        recall={
            label: Share(sum(a == b == label for a, b in pairs), sum(a == label for a, _ in pairs)) for label in labels
        },
    )


def _resampled(pairs: Sequence[tuple[str, str]], groups: Sequence[str], labels: Sequence[str]) -> tuple[float, float]:
    of_group: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pair, group in zip(pairs, groups, strict=True):
        of_group[group].append(pair)
    parts, dice, scores = list(of_group.values()), random.Random(7), []  # noqa: S311 figures, not secrets
    counts = [_counts(part, labels) for part in parts]
    for _ in range(RESAMPLES):
        total: dict[str, list[int]] = {label: [0, 0] for label in labels}
        for _ in parts:
            for label, (hits, both) in counts[dice.randrange(len(parts))].items():
                total[label][0] += hits
                total[label][1] += both
        scores.append(sum(2 * hits / both if both else 0.0 for hits, both in total.values()) / len(labels))
    scores.sort()
    return scores[int(0.025 * RESAMPLES)], scores[int(0.975 * RESAMPLES)]


def _counts(part: Sequence[tuple[str, str]], labels: Sequence[str]) -> dict[str, tuple[int, int]]:
    return {
        label: (sum(a == b == label for a, b in part), sum((a == label) + (b == label) for a, b in part))
        for label in labels
        if any(label in pair for pair in part)
    }
