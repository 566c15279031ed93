"""From features to probabilities, and why. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.stance_model.features import ClaimWords, Features, Span, features

# How a sentence stands to a claim: it believes it, it is against it, or it repeats it and vouches for nothing.
LABELS = ("for", "against", "observing")


@dataclass(frozen=True)
class Reason:
    """One feature that spoke for the verdict: its name, how much it added (log odds), and the words it comes from."""

    name: str
    weight: float
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The probabilities of the labels, the likeliest of them, and the features that spoke most for it."""

    probabilities: Mapping[str, float]
    label: str
    reasons: tuple[Reason, ...] = ()
    sure: bool = True

    @property
    def probability(self) -> float:
        return self.probabilities[self.label]


@dataclass(frozen=True)
class Weights:
    """A trained model. `by_feature` gives a weight per label, `sure_from` the probability from which a label is sure."""

    version: str
    labels: tuple[str, ...]
    bias: tuple[float, ...]
    by_feature: Mapping[str, tuple[float, ...]]
    temperature: float = 1.0
    sure_from: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)  # data, figures and date of its training

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Weights":
        """The weights as JSON has them."""
        return cls(
            version=plain["version"],
            labels=tuple(plain["labels"]),
            bias=tuple(plain["bias"]),
            by_feature={name: tuple(weights) for name, weights in plain["weights"].items()},
            temperature=plain["temperature"],
            sure_from=plain["sure_from"],
            about=plain["about"],
        )

    def plain(self) -> dict[str, Any]:
        """As JSON takes them; `of` reads them back."""
        return {
            "version": self.version,
            "labels": list(self.labels),
            "bias": list(self.bias),
            "weights": {name: list(weights) for name, weights in sorted(self.by_feature.items())},
            "temperature": self.temperature,
            "sure_from": dict(self.sure_from),
            "about": dict(self.about),
        }

    def judge(self, sentence: str, claim: ClaimWords) -> Verdict:
        """How the sentence, as published, stands to the claim."""
        return self.weigh(features(sentence, claim))

    def weigh(self, found: Features) -> Verdict:
        """The verdict on features; the spans of its reasons are those of the features."""
        shares = probabilities(self.sums(found.values), self.temperature)
        best = max(range(len(shares)), key=shares.__getitem__)
        label = self.labels[best]
        return Verdict(
            dict(zip(self.labels, shares, strict=True)),
            label,
            self._reasons(found, best),
            shares[best] >= self.sure_from.get(label, 0.0),
        )

    def sums(self, values: Mapping[str, float]) -> list[float]:
        """The log odds of the labels, up to a constant."""
        sums = list(self.bias)
        for name, value in values.items():
            if weights := self.by_feature.get(name):
                for at, weight in enumerate(weights):
                    sums[at] += weight * value
        return sums

    def _reasons(self, found: Features, label: int, most: int = 4) -> tuple[Reason, ...]:
        """What speaks for the label against the mean of the others, of what is said and not of what is missing."""
        spoken = []
        for name, value in found.values.items():
            if (weights := self.by_feature.get(name)) and value and not name.startswith("no:"):
                others = (sum(weights) - weights[label]) / (len(weights) - 1)
                spoken.append((value * (weights[label] - others), name))
        spoken.sort(reverse=True)
        return tuple(
            Reason(name, round(weight, 2), tuple(found.spans.get(name, ())))
            for weight, name in spoken[:most]
            if weight > 0.15
        )


def probabilities(sums: Sequence[float], temperature: float = 1.0) -> list[float]:
    """The softmax of sums; a temperature above 1 makes them less sure."""
    top = max(sums)
    powers = [math.exp((value - top) / temperature) for value in sums]
    total = sum(powers)
    return [power / total for power in powers]
