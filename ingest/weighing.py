"""The model's judgement of a statement beside that of the rules: how likely its stance is, and whether to doubt it. Pure.

Parties and documents are the rules' matter: who speaks decides what a denial is. Of what outlets and insiders say the
model judges whether the words support the claim or are against it.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ingest.stance_model import ClaimWords, Verdict, Weights, shipped_status, status_features
from ingest.statements import Statement
from ingest.text import CJK

# A stance that is less likely is unsure: nothing is ticked in advance.
UNSURE_BELOW = 0.6
_CHINESE = re.compile(f"[{CJK}]")
_claim_words = lru_cache(maxsize=20_000)(ClaimWords.of)


def weighed(statement: Statement, wording: str, weights: Weights) -> Statement:
    """The statement with the probability of its stance; disputed where the model is sure that the words are against it.

    Left alone: what a party or a document says, silence, mentions, background, and Chinese, which the model cannot read.
    """
    if statement.stance not in ("supports", "disputes") or _CHINESE.search(statement.passage):
        return statement
    verdict = weights.judge(statement.passage, _claim_words(wording))
    against = verdict.probabilities["against"]
    disputed = statement.stance == "disputes"
    if not disputed and verdict.label == "against" and verdict.sure:
        # Its words, not a party's: it may be disputed, and never denied.
        return replace(
            statement,
            stance="disputes",
            strength="possible",
            probability=round(against, 3),
            reasons=(*statement.reasons, f"Its words doubt the claim{_said(statement, verdict)}."),
        )
    probability = against if disputed else 1 - against
    sure = probability >= UNSURE_BELOW
    doubts = () if sure else (f"Unsure: the words read {'for' if disputed else 'against'} the claim as well.",)
    return replace(statement, probability=round(probability, 3), sure=sure, against=(*statement.against, *doubts))


def doubted(leads: Sequence[Statement], headline: str, text: str) -> tuple[Statement, ...]:
    """The leads of an item; unsure if as a whole it reads like something else than news of a deal."""
    if not leads or _CHINESE.search(headline):
        return tuple(leads)
    lead = next((line.strip() for line in text.splitlines() if line.strip()), "")
    verdict = shipped_status().weigh(status_features(headline, lead))
    if verdict.label != "other" or not verdict.sure:
        return tuple(leads)
    why = "As a whole the item reads like something else than news of a deal."
    return tuple(replace(statement, sure=False, against=(*statement.against, why)) for statement in leads)


def _said(statement: Statement, verdict: Verdict) -> str:
    """The words that weighed most, quoted: “ (“hoax”, “no”)”."""
    spans = [span for reason in verdict.reasons for span in reason.spans]
    words = dict.fromkeys(statement.passage[start:end] for start, end in spans)
    return f" (“{'”, “'.join(list(words)[:3])}”)" if words else ""
