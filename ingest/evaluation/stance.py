"""How well the service judges headlines beside claims."""

from collections.abc import Iterable, Sequence
from typing import Any

from ingest.evaluation.figures import Figures, class_figures
from ingest.evaluation.files import LabelledClaim, LabelledEntry, UnreadableFile
from ingest.stance_model import LABELS, ClaimWords, Weights, shipped
from ingest.stance_model.learning import Example


def evaluate(
    claims: Sequence[LabelledClaim], entries: Sequence[LabelledEntry], weights: Weights | None = None
) -> tuple[Figures, list[dict[str, Any]]]:
    """Figures and predictions for pairs of a headline and a claim, with the weights that come with the service.

    On pairs that the weights were trained on the figures flatter: `manage.py train_stance FILE --dry-run` tells those of
    cross-validation. Pairs without a label are judged and not counted.
    """
    weights = weights or shipped()
    wordings = {claim.id: claim.wording for claim in claims}
    judged = []
    for entry in entries:
        example = _example(entry, wordings)
        judged.append((entry, example, weights.judge(example.sentence, ClaimWords.of(example.claim))))
    labelled = [(example, verdict) for _, example, verdict in judged if example.label]
    figures = class_figures(
        [(one.label, verdict.label) for one, verdict in labelled], [one.group for one, _ in labelled]
    )
    sure = [(one.label, verdict.label) for one, verdict in labelled if verdict.sure]
    figures |= {f"sure_{name}": figure for name, figure in class_figures(sure).items() if name.startswith("precision")}
    predictions = [
        {
            "id": entry.id,
            "claim": example.claim,
            "headline": entry.headline,
            "label": example.label or None,
            "predicted": verdict.label,
            "probabilities": {label: round(share, 4) for label, share in verdict.probabilities.items()},
            "sure": verdict.sure,
            "words": [entry.headline[start:end] for reason in verdict.reasons for start, end in reason.spans],
        }
        for entry, example, verdict in judged
    ]
    return figures, predictions


def labelled_pairs(claims: Sequence[LabelledClaim], entries: Iterable[LabelledEntry]) -> list[Example]:
    """The pairs to train on. Raises UnreadableFile for one without a label."""
    wordings = {claim.id: claim.wording for claim in claims}
    examples = [_example(entry, wordings) for entry in entries]
    for number, example in enumerate(examples, 1):
        if not example.label:
            raise UnreadableFile(f"Row {number} has no stance among {', '.join(LABELS)}.")
    return examples


def _example(entry: LabelledEntry, wordings: dict[str, str]) -> Example:
    key = entry.claims[0] if entry.claims else ""
    claim = str(entry.row.get("claim") or wordings.get(key, ""))
    label, fold = str(entry.row.get("stance") or ""), str(entry.row.get("fold") or "")
    if not claim or label and label not in LABELS:
        raise UnreadableFile(
            f"Row {entry.id} needs the wording of its claim, and for a stance one of {', '.join(LABELS)}."
        )
    return Example(claim, entry.headline, label, key or claim, int(fold) if fold.isdecimal() else None)
