"""An editor's decision on an item: the only way that items are decided."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from deals import clock, snapshots
from deals.choices import Precision, ReadFrom
from deals.linking import link, placeholder, report_at, withdraw
from deals.models import Claim, Evidence, Report, Snapshot, Source
from ingest import lessons
from ingest.attribution import kind_of
from ingest.models import Decision, Entry, Refusal, Suggestion, SuggestionState
from ingest.suggestions import copies
from ingest.suggestions.reading import WORTH_A_LOOK, reread

# What evidence takes over from a suggestion, unless an editor corrects it.
AS_SUGGESTED = (
    "claim", "stance", "speaker_kind", "speaker_name", "speaker_role", "company", "origin", "certainty", "part"
)  # fmt: skip


class SuggestionError(Exception):
    """The item cannot be decided so; the message is one sentence for the editor."""


class AlreadyDecided(SuggestionError):
    """Somebody decided the item since the editor looked."""


# A pick with what came of it; of two picks that say the same the evidence is one.
Linked = tuple[Suggestion | None, Evidence]


class Pick(NamedTuple):
    """What an editor links: a suggestion (None for a statement made by hand) and what was corrected in it.

    Corrections are named as the arguments of `deals.linking.link`; `claim` may be among them, and `origin` may be the
    Source that is cited, or the name of an outlet that becomes one.
    """

    suggestion: Suggestion | None
    corrections: Mapping[str, Any] = {}


def accept(entry: Entry, picked: Iterable[Pick | tuple], by: AbstractBaseUser) -> list[Evidence]:
    """Link what was picked and decide the item; suggestions that were not picked are rejected. All of it or nothing.

    Raises AlreadyDecided, SuggestionError, and LinkError for a statement that cannot be linked.
    """
    picks = [Pick(*pick) for pick in picked]
    if not picks:
        raise SuggestionError("Tick what the item says, or reject it.")
    with transaction.atomic():
        together = _hold(entry)
        decided = _decide(entry, Decision.LINKED, by)
        report, linked = _link(entry, picks, by)
        lessons.keep(entry, linked, by)
        _cover(together, report)
        accepted = [pick.suggestion.pk for pick in picks if pick.suggestion]
        entry.suggestions.filter(pk__in=accepted).update(state=SuggestionState.ACCEPTED)
        entry.suggestions.pending().update(state=SuggestionState.REJECTED)
    _now(entry, report=report, **decided)
    return _evidence(linked)


def open_claim(entry: Entry, claim: Claim, picked: Iterable[Pick | tuple], by: AbstractBaseUser) -> list[Evidence]:
    """Link what was picked of a lead to the claim that was opened from it.

    The item is decided unless it says something on other claims or deals, for which it goes on waiting. Other items
    that wait with the same lead are looked through again. A decided item may open another claim. Raises AlreadyDecided
    if the item, or the lead, was answered since the editor looked, and LinkError.
    """
    picks = [Pick(suggestion, {**corrections, "claim": claim}) for suggestion, corrections in picked]
    with transaction.atomic():
        together = _hold(entry)
        _take_lead(entry, [pick.suggestion for pick in picks if pick.suggestion])
        report, linked = _link(entry, picks, by) if picks else (entry.report, [])
        decided = {}
        if not entry.decision and not _other_business(entry, claim):
            decided = _decide(entry, Decision.OPENED, by)
        elif not Entry.objects.filter(pk=entry.pk, decided_at=entry.decided_at).update(report=report):
            raise _decided_by_another(entry)
        _cover(together, report)
        reread(claim.companies.all(), apart_from=entry)
    _now(entry, report=report, **decided)
    return _evidence(linked)


def reject(entry: Entry, by: AbstractBaseUser, reason: str = "") -> None:
    """Take the item from the queue: it says nothing that we want. `reason` is a Refusal or empty."""
    if reason and reason not in Refusal.values:
        raise SuggestionError("Choose one of the reasons for rejecting an item.")
    with transaction.atomic():
        _hold(entry)
        decided = _decide(entry, Decision.REJECTED, by, refusal=reason)
        lessons.keep(entry, [], by)
        entry.suggestions.pending().update(state=SuggestionState.REJECTED)
    _now(entry, **decided)


def undo_decision(entry: Entry, by: AbstractBaseUser) -> None:
    """Put the item back into the queue and withdraw the evidence that the decision linked.

    A claim that was opened from it stays, without that evidence. Refused while a status rests on the evidence.
    """
    if not entry.decision:
        raise SuggestionError("The item has not been decided.")
    with transaction.atomic():
        _hold(entry)
        linked = list(_linked_by_decision(entry).select_related("claim"))
        for evidence in linked:
            if evidence.changes.filter(superseded_by=None).exists():
                raise SuggestionError(
                    f"The status of “{evidence.claim}” rests on this item. Undo that change of status first."
                )
        back = {
            "decision": "",
            "refusal": "",
            "decided_at": None,
            "decided_by": None,
            "decided_on": b"",
            "seen_at": None,
        }
        if entry.edits:  # it may say other things than those that it was read for
            back["read_at"] = None
        if not Entry.objects.filter(pk=entry.pk, decided_at=entry.decided_at).update(**back):
            raise _decided_by_another(entry)
        for evidence in linked:
            withdraw(evidence, by=by, reason="The decision on the item was undone.")
        lessons.forget(entry)
        entry.suggestions.update(state=SuggestionState.PENDING)
        Entry.objects.filter(pk=entry.pk).update(waiting=entry.suggestions.exists())
    _now(entry, waiting=entry.suggestions.exists(), **back)


def see_change(entry: Entry) -> None:
    """The decision stands with what the item says now, as the editor saw it."""
    seen = {"decided_on": bytes(entry.content_digest), "seen_at": clock.now()}
    if not Entry.objects.filter(pk=entry.pk, decided_at=entry.decided_at).exclude(decision="").update(**seen):
        raise SuggestionError("The decision on the item was undone or taken anew meanwhile: look again.")
    _now(entry, **seen)


def _linked_by_decision(entry: Entry) -> QuerySet[Evidence]:
    """The standing evidence that the decision made, as far as it still stands."""
    return Evidence.objects.current().filter(
        report=entry.report_id, report__isnull=False, recorded_by=entry.decided_by_id, recorded_at__gte=entry.decided_at
    )


def _hold(entry: Entry) -> QuerySet[Entry]:
    """Lock an item with its twins, in the order in which readers lock them; all of them."""
    together = entry.together()
    list(together.order_by("pk").select_for_update().values_list("pk"))
    return together


def _cover(together: QuerySet[Entry], report: Report | None) -> None:
    """What a decision linked is the report of the item's twins, too."""
    together.update(report=report)


def _decide(entry: Entry, decision: str, by: AbstractBaseUser, refusal: str = "") -> dict[str, Any]:
    """Decide the entry if nobody has; what was written. Raises AlreadyDecided."""
    decided = {"decision": decision, "refusal": refusal, "decided_at": clock.now(), "decided_by": by, "waiting": False}
    if other := entry.covered_by():
        raise AlreadyDecided(
            f"{other.decided_by or 'Somebody'} decided on the same article, from {other.publisher}: look at that decision."
        )
    decided["decided_on"] = bytes(entry.content_digest)  # what the editor saw, which may have changed since
    if not Entry.objects.filter(pk=entry.pk, decided_at=None).update(**decided):
        raise _decided_by_another(entry)
    entry.together().filter(waiting=True).update(waiting=False)
    return decided


def _decided_by_another(entry: Entry) -> AlreadyDecided:
    now = Entry.objects.select_related("decided_by").filter(pk=entry.pk).first()
    who = now.decided_by.get_username() if now and now.decided_by else "Somebody"
    return AlreadyDecided(f"{who} was faster with this item: look again at what was decided.")


def _now(entry: Entry, **values) -> None:
    """What was committed, also on the entry that the caller holds."""
    for name, value in values.items():
        setattr(entry, name, value)


def _take_lead(entry: Entry, suggestions: Sequence[Suggestion]) -> None:
    """Mark the lead's statements as taken, if they are as the editor saw them."""
    for state in {suggestion.state for suggestion in suggestions}:
        seen = [suggestion.pk for suggestion in suggestions if suggestion.state == state]
        taken = entry.suggestions.filter(pk__in=seen, state=state).update(state=SuggestionState.ACCEPTED)
        if taken != len(seen):
            raise AlreadyDecided("Somebody has just answered this lead: look again at what was opened.")


def _other_business(entry: Entry, claim: Claim) -> bool:
    """Whether the item still says something on other claims, or on a deal of other companies."""
    parties = set(claim.companies.values_list("pk", flat=True))
    for suggestion in entry.suggestions.pending().filter(WORTH_A_LOOK).prefetch_related("companies"):
        if suggestion.claim_id or not {company.pk for company in suggestion.companies.all()} & parties:
            return True
    return False


def _link(entry: Entry, picks: Sequence[Pick], by: AbstractBaseUser) -> tuple[Report, list[Linked]]:
    """The report of an entry, made if need be, and for each pick its suggestion with the evidence."""
    if entry.outlet:
        raise SuggestionError(f"“{entry.outlet}” is not yet a source: make it one, or say which of ours it is.")
    report = report_at(
        entry.url,
        source=entry.source,
        title=entry.title,
        published_at=entry.said_at,  # the earliest date it bore: an edit does not make it younger
        published_precision=Precision.INSTANT if entry.published_at else Precision.BY,
        language=entry.language,
    )
    snapshot = what_was_read(entry, report)
    linked: list[Linked] = []
    for pick in picks:
        said = {**_as_suggested(pick.suggestion, entry), **pick.corrections}
        claim, origin = said.pop("claim", None), said.pop("origin", None)
        if claim is None:
            raise SuggestionError("Open a claim from this lead first, or pick the claim that it speaks of.")
        if isinstance(origin, str):
            origin = _outlet_named(origin)
        if isinstance(origin, Source):
            origin = _story_of(origin, entry, claim, said["stance"])
        origin = origin or copies.told_first(entry, claim, said["stance"])
        evidence = link(claim, report, by=by, origin=origin, snapshot=snapshot, **said)
        linked.append((pick.suggestion, evidence))
    return report, linked


def _evidence(linked: Iterable[Linked]) -> list[Evidence]:
    return list(dict.fromkeys(evidence for _, evidence in linked))


def what_was_read(entry: Entry, report: Report) -> Snapshot | None:
    """The snapshot of what stands at the desk for this item: its article, if that was read, else its own text."""
    if whole := entry.whole:
        return snapshots.keep(
            report,
            title=whole.title,
            text=whole.text,
            read=ReadFrom.PAGE,
            url=whole.found_at,
            taken_at=whole.fetched_at,
        )
    return snapshots.keep(
        report, title=entry.title, text=entry.text, read=ReadFrom.ITEM, taken_at=entry.revised_at or entry.first_seen_at
    )


def _as_suggested(suggestion: Suggestion | None, entry: Entry) -> dict[str, Any]:
    if suggestion is None:
        return {}
    suggestion.entry = entry
    terms = [(term.fact, term.words) for term in suggestion.proposed_terms if suggestion.turns_on(term)]
    said = {name: getattr(suggestion, name) for name in AS_SUGGESTED}
    said["origin"] = said["origin"] or suggestion.cites or None
    return said | {"quote": suggestion.passage[:1000], "terms": terms}


def _outlet_named(name: str) -> Source:
    """The source of this name or alias; made if we have none."""
    if known := Source.objects.named(name).first():
        return known
    return Source.objects.create(name=name[:200], kind=kind_of(name))


def _story_of(source: Source, entry: Entry, claim: Claim, stance: str) -> Report | None:
    """The story of another outlet that an item retells: one we know for the claim, else a placeholder.

    So copies of one story count as one origin, whichever item brought them.
    """
    if source.pk == entry.source_id:
        return None
    told = Evidence.objects.current().filter(claim=claim, stance=stance)
    if retold := told.filter(origin__source=source).order_by("-said_at", "-pk").first():
        return retold.origin
    if held := told.filter(report__source=source).order_by("-said_at", "-pk").first():
        return held.report
    return placeholder(source, entry.title, entry.said_at, Precision.BY)
