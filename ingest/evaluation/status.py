"""How well the service reads what reports do as a whole: confirm, deny, rumor, keep silent."""

from collections.abc import Iterable, Sequence
from typing import Any

from ingest.evaluation.figures import Figures, class_figures
from ingest.evaluation.files import LabelledClaim, LabelledEntry, UnreadableFile
from ingest.stance_model import STATUS_LABELS, Weights, shipped_status, status_features


def evaluate(
    claims: Sequence[LabelledClaim], entries: Sequence[LabelledEntry], weights: Weights | None = None
) -> tuple[Figures, list[dict[str, Any]]]:
    """Figures and predictions for reports of a headline and a first paragraph. What has no label is not counted."""
    weights = weights or shipped_status()
    judged = [(entry, _label(entry), weights.weigh(status_features(entry.headline, _lead(entry)))) for entry in entries]
    figures = class_figures([(label, verdict.label) for _, label, verdict in judged if label])
    predictions = [
        {
            "id": entry.id,
            "headline": entry.headline,
            "label": label or None,
            "predicted": verdict.label,
            "probabilities": {name: round(share, 4) for name, share in verdict.probabilities.items()},
        }
        for entry, label, verdict in judged
    ]
    return figures, predictions


def labelled_reports(entries: Iterable[LabelledEntry]) -> list[tuple[str, str, str]]:
    """(label, headline, lead) of each row, to train on. Raises UnreadableFile for one without a label."""
    found = [(_label(entry), entry.headline, _lead(entry)) for entry in entries]
    for number, (label, _, _) in enumerate(found, 1):
        if not label:
            raise UnreadableFile(f"Row {number} has no label among {', '.join(STATUS_LABELS)}.")
    return found


def _label(entry: LabelledEntry) -> str:
    label = str(entry.row.get("label") or "")
    if label and label not in STATUS_LABELS:
        raise UnreadableFile(f"The label of row {entry.id} is none of {', '.join(STATUS_LABELS)}.")
    return label


def _lead(entry: LabelledEntry) -> str:
    """The first paragraph of its text."""
    return next((line.strip() for line in entry.text.splitlines() if line.strip()), "")
