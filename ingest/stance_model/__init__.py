"""A small linear model of how a sentence stands to a claim: for it, against it, or only repeating it; and another of what
a report as a whole does for its deal.

`features`, `status` and `scoring` are pure and run in the service; `learning` trains, also pure; the weights lie beside
them as JSON. Nothing but the standard library is needed. docs/stance.md says on what they were trained and what they
are worth.
"""

from ingest.stance_model.features import ClaimWords
from ingest.stance_model.scoring import LABELS, Reason, Verdict, Weights
from ingest.stance_model.shipped import shipped, shipped_status
from ingest.stance_model.status import STATUS_LABELS, status_features

__all__ = [
    "LABELS",
    "STATUS_LABELS",
    "ClaimWords",
    "Reason",
    "Verdict",
    "Weights",
    "shipped",
    "shipped_status",
    "status_features",
]
