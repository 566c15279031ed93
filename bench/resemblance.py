"""Fits when a headline that names no party is put to a claim: four weights, with cross-validation by claim.

    python bench/resemblance.py PAIRS.csv       columns claim_id, claim, headline, fold (the Emergent set)

Each headline is ranked twice: among all claims, and with its own claim taken out, where whatever comes first is wrong.
Prints precision and recall of what would be shown at several thresholds, each fold judged by weights fitted on the
others, and as its last line the weights fitted on all: `ingest/retrieval.py` holds them.
"""

import csv
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from ingest.retrieval import ClaimIndex, signs
from ingest.text import fold

THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)


def examples(pairs: list[dict]) -> list[tuple[int, tuple[float, ...], bool]]:
    """Of each headline twice what came first: (fold, its signs, whether it is right)."""
    claims = {pair["claim_id"]: pair["claim"] for pair in pairs}
    numbers = {key: number for number, key in enumerate(claims)}
    index = ClaimIndex()
    for key, wording in claims.items():
        index.put(numbers[key], wording)
    found = []
    for pair in pairs:
        own = numbers[pair["claim_id"]]
        among = index.search(fold(pair["headline"]))
        for kept in (among, [one for one in among if one.claim != own]):
            if kept:
                found.append((int(pair["fold"]), signs(kept), kept[0].claim == own))
    return found


def fitted(rows: list[tuple[int, tuple[float, ...], bool]], rounds: int = 600, rate: float = 1.0) -> list[float]:
    """Logistic regression by plain gradient descent, slightly held back: the bias, then one weight per sign."""
    weights = [0.0] * (len(rows[0][1]) + 1)
    for _ in range(rounds):
        steps = [0.0] * len(weights)
        for _, values, right in rows:
            miss = likelihood(weights, values) - right
            steps[0] += miss
            for place, value in enumerate(values, 1):
                steps[place] += miss * value
        weights = [
            weight - rate * (step / len(rows) + (1e-4 * weight if place else 0.0))
            for place, (weight, step) in enumerate(zip(weights, steps, strict=True))
        ]
    return weights


def likelihood(weights: list[float], values: tuple[float, ...]) -> float:
    total = weights[0] + sum(weight * value for weight, value in zip(weights[1:], values, strict=True))
    return 1 / (1 + math.exp(-total))


def main() -> None:
    with Path(sys.argv[1]).open(newline="") as file:
        pairs = list(csv.DictReader(file))
    rows = examples(pairs)
    judged = []
    for number in sorted({row[0] for row in rows}):
        weights = fitted([row for row in rows if row[0] != number])
        judged += [(likelihood(weights, row[1]), row[2]) for row in rows if row[0] == number]
    print("threshold  precision  recall      n")
    for threshold in THRESHOLDS:
        shown = [right for chance, right in judged if chance >= threshold]
        right = sum(shown)
        print(f"{threshold:9.2f}  {right / max(1, len(shown)):9.3f}  {right / len(pairs):6.3f}  {len(shown):5}")
    print(json.dumps({"weights": [round(weight, 2) for weight in fitted(rows)]}))


if __name__ == "__main__":
    main()
