"""What editors decided, kept to learn from; and the weights in service, which give way only to what is no worse."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from django.contrib.auth.models import AbstractBaseUser

from deals import clock
from deals.choices import Certainty, Stance
from deals.models import Evidence
from ingest.evaluation.figures import Figures, as_json, class_figures
from ingest.models import Entry, Lesson, StanceModel, Suggestion
from ingest.stance_model import LABELS, ClaimWords, Weights, shipped
from ingest.stance_model.features import features
from ingest.stance_model.learning import Example, Row, stance_rows, train

# So many decisions, on so many claims, before a model is adapted to them.
FEWEST, FEWEST_CLAIMS = 30, 5
# A model trained anew on a file may lose this much macro-F1 to chance.
SLACK = 0.005


class NothingToLearn(Exception):
    """There are too few decisions to train on, and no file."""


@dataclass(frozen=True)
class Trial:
    """Weights that were trained, with their figures. `worse` says why they are refused, in one sentence, or is empty."""

    weights: Weights
    measured: Figures
    before: Figures | None = None
    worse: str = ""


def in_service() -> Weights:
    """The weights that were trained last here, else those that come with the service. One query."""
    newest = StanceModel.objects.order_by("-pk").values_list("pk", "version").first()
    return _stored(*newest) if newest else shipped()


@lru_cache(maxsize=2)
def _stored(pk: int, version: str) -> Weights:
    return Weights.of(StanceModel.objects.get(pk=pk).weights)


def label_of(stance: str, certainty: str) -> str:
    """How a decided stance reads to the model: who vouches for the claim is for it, who repeats it observes."""
    if stance in (Stance.DENIES, Stance.DISPUTES):
        return "against"
    if stance in (Stance.CONFIRMS, Stance.BACKGROUND) or stance == Stance.SUPPORTS and certainty == Certainty.STATED:
        return "for"
    return "observing"


def keep(entry: Entry, linked: Iterable[tuple[Suggestion | None, Evidence]], by: AbstractBaseUser | None) -> None:
    """Keep what was linked, and what was turned down, of an item's suggestions: a row for each."""
    version, now = in_service().version, clock.now()
    pairs = [(suggestion, evidence) for suggestion, evidence in linked if suggestion]
    taken = {suggestion.pk for suggestion, _ in pairs}
    rows = [
        _lesson(
            suggestion,
            evidence.claim_id,
            evidence.claim.wording,
            label_of(evidence.stance, evidence.certainty),
            evidence.stance,
        )
        for suggestion, evidence in pairs
    ]
    refused = entry.suggestions.exclude(claim=None).exclude(pk__in=taken).select_related("claim")
    rows += [_lesson(one, one.claim.pk, one.claim.wording, "", "") for one in refused if one.claim]
    for row in rows:
        row.entry, row.model, row.decided_at = entry, version, now
        row.decided_by, row.content_digest = by, entry.content_digest  # type: ignore[assignment]
    Lesson.objects.bulk_create(rows)


def forget(entry: Entry) -> None:
    """The decision on an item was undone: nothing is learnt from it."""
    Lesson.objects.filter(entry=entry).delete()


def _lesson(suggestion: Suggestion, claim: int, wording: str, label: str, stance: str) -> Lesson:
    values = features(suggestion.passage, ClaimWords.of(wording)).values
    return Lesson(
        claim_id=claim,
        wording=wording,
        passage=suggestion.passage,
        suggested=suggestion.stance,
        stance=stance,
        label=label,
        features={name: value for name, value in values.items() if value},
    )


def decided(since=None) -> list[Example]:
    """What editors linked, as examples; what they turned down names no stance and is left out."""
    rows = Lesson.objects.exclude(label="").order_by("pk")
    if since:
        rows = rows.filter(decided_at__gt=since)
    return [
        Example(wording, passage, label, f"claim {claim}")
        for wording, passage, label, claim in rows.values_list("wording", "passage", "label", "claim")
    ]


def tried(examples: Sequence[Example], name: str = "") -> Trial:
    """Train on a file's examples and the decisions, or adapt the weights in service to the decisions alone.

    Raises NothingToLearn. Nothing is stored.
    """
    own, service = decided(), in_service()
    few = len(own) < FEWEST or len({example.group for example in own}) < FEWEST_CLAIMS
    if not examples and few:
        raise NothingToLearn(
            f"There are {len(own)} decisions to learn from; give a labelled file, or wait for {FEWEST} on {FEWEST_CLAIMS} claims."
        )
    rows = stance_rows([*examples, *own])
    trained = train(rows, {}, prior=None if examples else service)
    measured = held_out(rows, trained.held_out)
    before, worse, start = None, "", len(examples)
    if own:
        before, after = judged(own, service), held_out(rows[start:], trained.held_out[start:])
        if after["macro_f1"] < before["macro_f1"]:
            worse = f"On the decisions macro-F1 would fall from {before['macro_f1']:.3f} to {after['macro_f1']:.3f}."
    known = service.about.get("cross_validation", {}) if examples and service.about.get("trained_on") == name else {}
    if known:
        alone = held_out(rows[:start], trained.held_out[:start])
        if alone["macro_f1"] < known["macro_f1"] - SLACK:
            worse = f"On {name} macro-F1 would fall from {known['macro_f1']:.3f} to {alone['macro_f1']:.3f}."
    about = {
        "trained_on": name or f"decisions, from {service.version}",
        "rows": len(rows),
        "decisions": len(own),
        "cross_validation": as_json(measured),
    }
    return Trial(replace(trained.weights, about=about), measured, before, worse)


def held_out(rows: Sequence[Row], shares: Sequence[Sequence[float]], labels: Sequence[str] = LABELS) -> Figures:
    """The figures of cross-validation: of the rows that some model has not seen, as it judged them."""
    tested = [(row, share) for row, share in zip(rows, shares, strict=True) if share]
    pairs = [(row.label, labels[max(range(len(labels)), key=share.__getitem__)]) for row, share in tested]
    return class_figures(pairs, [row.group for row, _ in tested])


def judged(examples: Sequence[Example], weights: Weights) -> Figures:
    """The figures of weights on examples."""
    pairs = [(one.label, weights.judge(one.sentence, ClaimWords.of(one.claim)).label) for one in examples]
    return class_figures(pairs, [one.group for one in examples])


def take(trial: Trial) -> None:
    """Put the weights into service; the ones before stay in the table."""
    StanceModel.objects.create(version=trial.weights.version, weights=trial.weights.plain())
