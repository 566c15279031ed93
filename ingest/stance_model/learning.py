"""Training: multinomial logistic regression with an L2 penalty by L-BFGS, cross-validation grouped by claim. Pure.

Plain Python, so that a newsroom can train where it runs; two thousand rows take about ten seconds a fit.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.stance_model.features import ClaimWords, features
from ingest.stance_model.scoring import LABELS, Weights, probabilities
from ingest.stance_model.status import status_features

PENALTY = 2.5  # on the squared weights: 1 / C of other libraries, with C = 0.4
RAREST = 2  # a feature that stands in fewer rows is left out
SMALLEST = 0.02  # a feature whose weights are all smaller is left out of the file
FOLDS = 5
# How often a sure verdict must be right, by label, in cross-validation.
WANTED = {"for": 0.8, "against": 0.9, "observing": 0.75}


@dataclass(frozen=True)
class Example:
    """One labelled sentence on one claim. `group` is the claim: its rows are never on both sides of a split."""

    claim: str
    sentence: str
    label: str
    group: str
    fold: int | None = None


@dataclass(frozen=True)
class Trained:
    """Weights, with the probabilities that models trained without a row's claim gave it, in the order of the rows."""

    weights: Weights
    held_out: list[list[float]]


Vector = list[tuple[int, float]]


@dataclass(frozen=True)
class Row:
    """Features with their label; rows of one group are never on both sides of a split."""

    values: Mapping[str, float]
    label: str
    group: str
    fold: int | None = None

    @property
    def place(self) -> int:
        """Its fold: the one it brings, else one that follows from its group alone; -1 is in all training and no test."""
        return self.fold if self.fold is not None else hashlib.sha256(self.group.encode()).digest()[0] % FOLDS


def stance_rows(examples: Sequence[Example]) -> list[Row]:
    """The examples as the training takes them."""
    made: dict[str, ClaimWords] = {}
    rows = []
    for example in examples:
        claim = made.setdefault(example.claim, ClaimWords.of(example.claim))
        rows.append(Row(features(example.sentence, claim).values, example.label, example.group, example.fold))
    return rows


def status_rows(reports: Sequence[tuple[str, str, str]], group: str = "", fold: int | None = None) -> list[Row]:
    """Rows from (status, headline, lead); each report is a group of its own unless one is given."""
    return [
        Row(status_features(headline, lead).values, label, group or f"{headline}\n{lead}", fold)
        for label, headline, lead in reports
    ]


def train(
    rows: Sequence[Row],
    about: Mapping[str, Any],
    prior: Weights | None = None,
    *,
    labels: tuple[str, ...] = LABELS,
    wanted: Mapping[str, float] = WANTED,
    penalty: float = PENALTY,
) -> Trained:
    """Fit all rows, and each fold's complement for the figures, the temperature and what counts as sure.

    With a `prior` the weights are drawn to it and not to nothing: a few decisions then adapt a model, and do not
    replace it.
    """
    vectors = [row.values for row in rows]
    gold = [labels.index(row.label) for row in rows]
    held_out: list[list[float]] = [[] for _ in rows]
    for fold in sorted({row.place for row in rows} - {-1}):
        inside = [at for at, row in enumerate(rows) if row.place != fold]
        model = _fit([vectors[at] for at in inside], [gold[at] for at in inside], labels, prior, penalty)
        for at, row in enumerate(rows):
            if row.place == fold:
                held_out[at] = model.sums(row.values)
    tested = [at for at, sums in enumerate(held_out) if sums]
    temperature = (
        prior.temperature if prior else _temperature([held_out[at] for at in tested], [gold[at] for at in tested])
    )
    shares = [probabilities(sums, temperature) if sums else [] for sums in held_out]
    sure = (
        dict(prior.sure_from)
        if prior
        else _sure_from([shares[at] for at in tested], [gold[at] for at in tested], labels, wanted)
    )
    whole = _fit(vectors, gold, labels, prior, penalty)
    kept = {
        name: tuple(round(weight, 3) for weight in weights)
        for name, weights in whole.by_feature.items()
        if max(map(abs, weights)) >= SMALLEST
    }
    bias = tuple(round(weight, 3) for weight in whole.bias)
    version = hashlib.sha256(json.dumps([bias, sorted(kept.items())]).encode()).hexdigest()[:10]
    return Trained(Weights(version, labels, bias, kept, temperature, sure, about), shares)


def _fit(
    rows: Sequence[Mapping[str, float]],
    gold: Sequence[int],
    labels: tuple[str, ...],
    prior: Weights | None,
    penalty: float,
) -> Weights:
    counts = Counter(name for row in rows for name, value in row.items() if value)
    names = sorted({name for name, count in counts.items() if count >= RAREST} | set(prior.by_feature if prior else ()))
    index = {name: at for at, name in enumerate(names)}
    vectors: list[Vector] = [
        [(index[name], value) for name, value in row.items() if value and name in index] for row in rows
    ]
    # One flat list: for each label its weights, then its bias.
    width, block = len(names), len(names) + 1
    start = [0.0] * (block * len(labels))
    for label in range(len(labels) if prior else 0):
        for name, standing in prior.by_feature.items() if prior else ():
            start[label * block + index[name]] = standing[label]
        start[label * block + width] = prior.bias[label] if prior else 0.0
    solved = _minimize(
        lambda point: _loss(point, start, vectors, gold, len(labels), penalty, prior is None), list(start)
    )
    blocks = [solved[label * block : (label + 1) * block] for label in range(len(labels))]
    weights = {name: tuple(part[at] for part in blocks) for at, name in enumerate(names)}
    return Weights("", labels, tuple(part[width] for part in blocks), weights)


def _loss(
    point: list[float],
    centre: list[float],
    vectors: Sequence[Vector],
    gold: Sequence[int],
    classes: int,
    penalty: float,
    free_bias: bool,
) -> tuple[float, list[float]]:
    """The penalized negative log likelihood and its gradient; the penalty is on the way from `centre`."""
    width = len(point) // classes - 1
    blocks = [point[label * (width + 1) : (label + 1) * (width + 1)] for label in range(classes)]
    slopes = [[0.0] * (width + 1) for _ in range(classes)]
    loss = 0.0
    for vector, wanted in zip(vectors, gold, strict=True):
        shares = probabilities([sum([block[at] * value for at, value in vector]) + block[width] for block in blocks])
        loss -= math.log(max(shares[wanted], 1e-300))
        for label in range(classes):
            error = shares[label] - (label == wanted)
            if -1e-6 < error < 1e-6:
                continue
            slope = slopes[label]
            slope[width] += error
            for at, value in vector:
                slope[at] += error * value
    for label in range(classes):
        block, slope = blocks[label], slopes[label]
        middle = centre[label * (width + 1) : (label + 1) * (width + 1)]
        for at in range(width if free_bias else width + 1):
            way = block[at] - middle[at]
            loss += 0.5 * penalty * way * way
            slope[at] += penalty * way
    return loss, [value for slope in slopes for value in slope]


def _minimize(
    of: Callable[[list[float]], tuple[float, list[float]]], point: list[float], rounds: int = 60, memory: int = 8
) -> list[float]:
    """L-BFGS with a backtracking line search (Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 3.1)."""
    value, slope = of(point)
    steps: list[tuple[list[float], list[float], float]] = []
    for _ in range(rounds):
        direction = _direction(slope, steps)
        descent = _dot(slope, direction)
        if descent > -1e-6 * max(1.0, abs(value)):
            break
        length = 1.0 if steps else min(1.0, 10 / math.sqrt(_dot(slope, slope)))
        while length > 1e-8:
            moved = [a + length * b for a, b in zip(point, direction, strict=True)]
            new_value, new_slope = of(moved)
            if new_value <= value + 1e-4 * length * descent:
                break
            length /= 2
        else:
            break
        way = [a - b for a, b in zip(moved, point, strict=True)]
        turn = [a - b for a, b in zip(new_slope, slope, strict=True)]
        if (curve := _dot(way, turn)) > 1e-10:
            steps = [*steps[-(memory - 1) :], (way, turn, curve)]
        gained, point, value, slope = value - new_value, moved, new_value, new_slope
        if gained < 1e-4 * max(1.0, abs(value)) / 10:
            break
    return point


def _direction(slope: list[float], steps: Sequence[tuple[list[float], list[float], float]]) -> list[float]:
    turned = [-value for value in slope]
    factors = []
    for way, turn, curve in reversed(steps):
        factor = _dot(way, turned) / curve
        factors.append(factor)
        turned = [a - factor * b for a, b in zip(turned, turn, strict=True)]
    if steps:
        way, turn, curve = steps[-1]
        scale = curve / _dot(turn, turn)
        turned = [scale * value for value in turned]
    for (way, turn, curve), factor in zip(steps, reversed(factors), strict=True):
        change = factor - _dot(turn, turned) / curve
        turned = [a + change * b for a, b in zip(turned, way, strict=True)]
    return turned


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(float.__mul__, one, other))


def _temperature(sums: Sequence[Sequence[float]], labels: Sequence[int]) -> float:
    """The temperature under which the held-out rows are likeliest."""

    def surprise(temperature: float) -> float:
        pairs = zip(sums, labels, strict=True)
        return -sum(math.log(max(probabilities(row, temperature)[label], 1e-300)) for row, label in pairs)

    return min((at / 20 for at in range(10, 61)), key=surprise)


def _sure_from(
    shares: Sequence[Sequence[float]], gold: Sequence[int], labels: tuple[str, ...], wanted: Mapping[str, float]
) -> dict[str, float]:
    """By label the lowest probability from which on held-out verdicts were right as often as wanted."""
    found = {}
    for at, label in enumerate(labels):
        judged = [(row[at], true == at) for row, true in zip(shares, gold, strict=True) if row[at] == max(row)]
        found[label] = 0.95
        for level in range(35, 96, 5):
            above = [right for share, right in judged if share >= level / 100]
            if above and sum(above) / len(above) >= wanted.get(label, 0.8):
                found[label] = level / 100
                break
    return found
