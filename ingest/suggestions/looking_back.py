"""Late claims: a claim that is opened after its first stories finds them among the entries stored before it.

In the background, newest first, and bounded: so many entries looked at, so many found. What names no party and has none
of the claim's words costs no reading.
"""

import time
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from deals import clock
from deals.models import Claim
from ingest.matching import Profiles
from ingest.models import Entry, LookBack, Suggestion
from ingest.suggestions.reading import WORTH_A_LOOK, read_again
from ingest.suggestions.tracking import tracked

BATCH = 200
MOST_LOOKED_AT, MOST_FOUND = 20_000, 100
SECONDS = 10.0


def look_back(seconds: float = SECONDS) -> int:
    """Look stored entries through for the claims that were opened since; how many entries gained a suggestion."""
    owe_looks()
    until = time.monotonic() + seconds
    found = 0
    while row := LookBack.objects.filter(done_at=None).order_by("pk").first():
        found += look_on(row)
        if time.monotonic() > until:
            break
    return found


def owe_looks() -> None:
    """A row for each claim that has none."""
    claims = Claim.objects.filter(look_back=None).order_by("pk").values_list("pk", flat=True)
    LookBack.objects.bulk_create((LookBack(claim_id=pk) for pk in claims), ignore_conflicts=True)


def look_on(row: LookBack) -> int:
    """Look the next batch through, unless another worker does; how many of it gained a suggestion on the claim."""
    entries = Entry.objects.exclude(read_at=None).filter(decision="", twin_of=None).order_by("-pk")
    if row.before is not None:
        entries = entries.filter(pk__lt=row.before)
    batch = list(entries.select_related("article")[: min(BATCH, MOST_LOOKED_AT - row.looked_at)])
    found = gained(row.claim_id, likely(row.claim_id, batch))
    looked_at, so_far = row.looked_at + len(batch), row.found + found
    over = len(batch) < BATCH or looked_at >= MOST_LOOKED_AT or so_far >= MOST_FOUND
    LookBack.objects.filter(pk=row.pk, before=row.before, done_at=None).update(
        before=batch[-1].pk if batch else row.before,
        looked_at=F("looked_at") + len(batch),
        found=F("found") + found,
        done_at=clock.now() if over else None,
    )
    return found


def likely(claim: int, entries: Sequence[Entry]) -> list[Entry]:
    """Those of the entries that may speak of the claim."""
    with tracked() as profiles:
        return [entry for entry in entries if may_speak_of(profiles, claim, entry)]


def may_speak_of(profiles: Profiles, claim: int, entry: Entry) -> bool:
    """Whether the entry names somebody on each side of the claim, or has its words if nobody is named in it."""
    target = profiles.target(claim)
    if target is None:
        return False
    if not target.sides:
        return claim in {one.claim for one in profiles.rank(entry.title, entry.full_text)[:3]}
    named = profiles.named_in(f"{entry.title}\n{entry.full_text}")
    return all(named & (side.own | side.related) for side in target.sides)


def gained(claim: int, entries: Sequence[Entry]) -> int:
    """Read entries again; how many gained a suggestion on the claim. What was stored as history is news for it."""
    if not entries:
        return 0
    keys = [entry.pk for entry in entries]
    before = _on(claim, keys)
    past = [entry for entry in entries if not entry.is_news]
    with transaction.atomic():
        for entry in past:
            entry.is_news = True
        read_again(entries)
        found = _on(claim, keys) - before
        Entry.objects.filter(pk__in=[entry.pk for entry in past if entry.pk in found]).update(is_news=True, history="")
        for entry in past:
            if entry.pk not in found:
                entry.suggestions.pending().delete()
                Entry.objects.filter(pk=entry.pk).update(waiting=False)
    return len(found)


def _on(claim: int, keys: Sequence[int]) -> set[int]:
    """Those of the entries that say something on the claim that is worth an editor's time."""
    found = Suggestion.objects.filter(WORTH_A_LOOK, entry__in=keys, claim=claim)
    return set(found.values_list("entry", flat=True))
