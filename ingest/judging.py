"""Labelled rows through the judgements that the service makes: how a headline stands to a claim, what a report does. Pure.

The formats are in docs/stance.md.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.stance_model import LABELS, STATUS_LABELS, ClaimWords, Weights, shipped, shipped_status, status_features
from ingest.stance_model.learning import Example
from ingest.stance_model.measures import Measured, measure


class UnreadableRows(Exception):
    """A labelled file is not of the format that is asked for; the message says which row and why."""


@dataclass(frozen=True)
class Judged:
    """The figures, and a row with its prediction for each row that was given."""

    measured: Measured
    predictions: list[dict[str, Any]]


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV with a header, or of JSON Lines."""
    if text.lstrip().startswith("{"):
        return [
            {name: str(value) for name, value in json.loads(line).items()} for line in text.splitlines() if line.strip()
        ]
    return list(csv.DictReader(text.splitlines()))


def stance_examples(rows: Iterable[Mapping[str, str]], wordings: Mapping[str, str] | None = None) -> list[Example]:
    """Labelled pairs from rows with `headline`, `stance`, and `claim` or, among `wordings`, `claim_id`; `fold` if there is one."""
    found = []
    for number, row in enumerate(rows, 1):
        claim = row.get("claim") or (wordings or {}).get(row.get("claim_id", ""), "")
        headline, label, fold = row.get("headline", ""), row.get("stance", ""), row.get("fold", "")
        if not claim or not headline or label not in LABELS:
            raise UnreadableRows(f"Row {number} needs a claim, a headline and a stance among {', '.join(LABELS)}.")
        group = row.get("claim_id") or claim
        found.append(Example(claim, headline, label, group, int(fold) if fold.isdecimal() else None))
    return found


def status_reports(rows: Iterable[Mapping[str, str]]) -> list[tuple[str, str, str]]:
    """(label, headline, lead) from rows with `label`, `title` or `headline`, and `lead` or `summary`."""
    found = []
    for number, row in enumerate(rows, 1):
        label, title = row.get("label", ""), row.get("title") or row.get("headline") or ""
        if label not in STATUS_LABELS or not title:
            raise UnreadableRows(f"Row {number} needs a title and a label among {', '.join(STATUS_LABELS)}.")
        found.append((label, title, row.get("lead") or row.get("summary") or ""))
    return found


def evaluate_stance(examples: Sequence[Example], weights: Weights | None = None) -> Judged:
    """How the service's judgement of a sentence beside a claim agrees with the labels."""
    weights = weights or shipped()
    claims = {example.claim: ClaimWords.of(example.claim) for example in examples}
    verdicts = [weights.judge(example.sentence, claims[example.claim]) for example in examples]
    measured = measure(
        [example.label for example in examples],
        [verdict.label for verdict in verdicts],
        [example.group for example in examples],
        LABELS,
    )
    predictions = [
        {
            "claim": example.claim,
            "headline": example.sentence,
            "stance": example.label,
            "predicted": verdict.label,
            "probability": round(verdict.probability, 4),
            "sure": verdict.sure,
        }
        for example, verdict in zip(examples, verdicts, strict=True)
    ]
    return Judged(measured, predictions)


def evaluate_status(reports: Sequence[tuple[str, str, str]], weights: Weights | None = None) -> Judged:
    """How the service's reading of a report agrees with the labels."""
    weights = weights or shipped_status()
    verdicts = [weights.weigh(status_features(headline, lead)) for _, headline, lead in reports]
    measured = measure(
        [label for label, _, _ in reports], [verdict.label for verdict in verdicts], labels=STATUS_LABELS
    )
    predictions = [
        {"title": headline, "label": label, "predicted": verdict.label, "probability": round(verdict.probability, 4)}
        for (label, headline, _), verdict in zip(reports, verdicts, strict=True)
    ]
    return Judged(measured, predictions)


def held_out(
    gold: Sequence[str], shares: Sequence[Sequence[float]], groups: Sequence[str], labels: Sequence[str]
) -> Measured:
    """The figures of cross-validation: of the rows that some model has not seen, as it judged them."""
    tested = [at for at, row in enumerate(shares) if row]
    judged = [labels[max(range(len(labels)), key=shares[at].__getitem__)] for at in tested]
    return measure([gold[at] for at in tested], judged, [groups[at] for at in tested], labels)
