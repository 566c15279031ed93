"""Whether first stories become leads when parties are tracked and no claim is open."""

from collections.abc import Sequence
from typing import Any

from ingest.evaluation.figures import Share, share
from ingest.evaluation.files import LabelledClaim, LabelledEntry
from ingest.evaluation.matching import track
from ingest.statements import worth_a_look


def evaluate(
    claims: Sequence[LabelledClaim], entries: Sequence[LabelledEntry]
) -> tuple[dict[str, Share | float | int], list[dict[str, Any]]]:
    """Figures and predictions: entries in the order in which they came."""
    tracking = track(claims, opened=False)
    parties = {claim.id: claim.sides for claim in claims}
    names = {id: (company.name, *company.aliases) for id, company in tracking.profiles.companies.items()}
    firsts: dict[str, str] = {}
    predictions, caught, stories, groups, found_in = [], {}, 0, set(), []
    for entry in entries:
        leads = {
            tuple(sorted(lead.companies))
            for lead in tracking.profiles.read(entry.headline, entry.text).leads
            if worth_a_look(lead)
        }
        stories += bool(leads)
        groups |= leads
        if leads and entry.claims is not None:
            found_in.append(bool(entry.claims or entry.related))
        for key in entry.claims or ():
            if key not in firsts:
                firsts[key] = entry.id
                caught[key] = any(_fits([names[id] for id in lead], parties.get(key, ())) for lead in leads)
        predictions.append({"id": entry.id, "leads": [[names[id][0] for id in lead] for lead in sorted(leads)]})
    labelled = sum(entry.claims is not None for entry in entries)
    figures: dict[str, Share | float | int] = {
        "claims": len(claims),
        "entries": len(entries),
        "labelled": labelled,
        "first_stories_caught": share(caught.values()),
        "stories_with_a_lead": stories,
        "stories_with_a_lead_per_1000": 1000 * stories / max(1, len(entries)),
        "leads_grouped": len(groups),
        "leads_grouped_per_1000": 1000 * len(groups) / max(1, len(entries)),
        "stories_with_a_lead_about_a_labelled_deal": Share(sum(found_in), stories),
    }
    return figures, predictions


def _fits(lead: Sequence[tuple[str, ...]], sides: Sequence[tuple[str, ...]]) -> bool:
    """Whether the companies of a lead are the parties: each side one of them, or one side and nobody else."""
    taken = [next((place for place, side in enumerate(sides) if set(side) & set(names)), None) for names in lead]
    return bool(taken) and None not in taken and len(set(taken)) == len(taken)
