"""What we track, held by each process and kept up to date: only what changed is put in or taken out.

Before each batch one query asks whether anything changed. It sees what people do; an alias that was rewritten in place
behind the models' back, in as many letters, is seen within a minute.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection

from deals.choices import Stance
from deals.models import (
    Claim,
    Company,
    CompanyAlias,
    Evidence,
    Parentage,
    Party,
    Position,
    Source,
    SourceAlias,
)
from ingest import lessons
from ingest.matching import Profiles
from ingest.names import CompanyProfile, SourceProfile
from ingest.profiles import ClaimProfile
from ingest.retrieval import MOST_HEADLINES

# Seconds after which all rows are compared again, whatever the stamp says.
COMPARED_EVERY = 60.0
# Reports that only mention a claim tell little of its words.
GROWS_BY = (Stance.SUPPORTS, Stance.DISPUTES, Stance.CONFIRMS, Stance.DENIES)

_lock = threading.RLock()


class Held:
    """The profiles of this process, as of a stamp."""

    def __init__(self) -> None:
        self.profiles = Profiles()
        self.stamp: Hashable = None
        self.compared = 0.0


_held = Held()


@contextmanager
def tracked() -> Iterator[Profiles]:
    """What is tracked now, prepared for reading. One thread of the process reads at a time."""
    with _lock:
        bring_up_to_date()
        _held.profiles.weights = lessons.in_service()
        yield _held.profiles


def forget() -> None:
    """Build what is held anew at the next use."""
    global _held
    with _lock:
        _held = Held()


def bring_up_to_date() -> None:
    stamp = _stamp()
    if stamp == _held.stamp and time.monotonic() - _held.compared < COMPARED_EVERY:
        return
    _held.stamp = None  # whatever breaks off here, the next one compares again
    companies, sources, claims = _companies(), _sources(), _claims()
    profiles = _held.profiles
    for id in _gone(profiles.companies, companies):
        profiles.drop_company(id)
    for id in _gone(profiles.sources, sources):
        profiles.drop_source(id)
    for id in _gone(profiles.claims, claims):
        profiles.drop_claim(id)
    for company in _changed(profiles.companies, companies):
        profiles.put_company(company)
    for source in _changed(profiles.sources, sources):
        profiles.put_source(source)
    for claim in _changed(profiles.claims, claims):
        profiles.put_claim(claim)
    _held.stamp, _held.compared = stamp, time.monotonic()


def _gone(held: Mapping[int, Any], now: Mapping[int, Any]) -> list[int]:
    return [id for id in held if id not in now]


def _changed(held: Mapping[int, Any], now: Mapping[int, Any]) -> list[Any]:
    return [profile for id, profile in now.items() if held.get(id) != profile]


def _stamp() -> Hashable:
    """What differs once a company, claim, source, link or alias was added, edited or taken away."""
    asked = [
        (what, model.history.model) for model in (Company, Source) for what in ("MAX(history_id)", "MAX(history_date)")
    ]
    asked += [("MAX(history_id)", Claim.history_of_edits.model), ("MAX(history_id)", Evidence.history.model)]
    asked += [
        (what, model)
        for model in (Company, Source, Claim, Evidence, Parentage, Party, CompanyAlias, SourceAlias)
        for what in ("COUNT(*)", "MAX(id)")
    ]
    asked += [
        ("COUNT(withdrawn_at)", Evidence),
        ("SUM(LENGTH(name))", CompanyAlias),
        ("SUM(LENGTH(name))", SourceAlias),
        ("MAX(last)", Position),
    ]
    query = ", ".join(f"(SELECT {what} FROM {model._meta.db_table})" for what, model in asked)  # noqa: S608 -- our own names
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {query}")  # noqa: S608
        return tuple(cursor.fetchone())


def _companies() -> dict[int, CompanyProfile]:
    aliases, parents = defaultdict(list), defaultdict(list)
    for company, name in CompanyAlias.objects.order_by("pk").values_list("company", "name"):
        aliases[company].append(name)
    for child, parent in Parentage.objects.order_by("pk").values_list("child", "parent"):
        parents[child].append(parent)
    return {
        pk: CompanyProfile(pk, name, tuple(aliases.get(pk, ())), frozenset(parents.get(pk, ())), unnamed)
        for pk, name, unnamed in Company.objects.order_by("pk").values_list("pk", "name", "placeholder")
    }


def _sources() -> dict[int, SourceProfile]:
    aliases = defaultdict(list)
    for source, name in SourceAlias.objects.order_by("pk").values_list("source", "name"):
        aliases[source].append(name)
    return {
        pk: SourceProfile(pk, name, tuple(aliases.get(pk, ())))
        for pk, name in Source.objects.order_by("pk").values_list("pk", "name")
    }


def _claims() -> dict[int, ClaimProfile]:
    parties: dict[int, list[int]] = defaultdict(list)
    headlines: dict[int, dict[str, None]] = defaultdict(dict)
    for claim, company in Party.objects.exclude(role="regulator").order_by("pk").values_list("claim", "company"):
        parties[claim].append(company)
    linked = Evidence.objects.current().filter(stance__in=GROWS_BY).order_by("-said_at", "-pk")
    for claim, title in linked.values_list("claim", "report__title"):
        if title and len(headlines[claim]) < MOST_HEADLINES:
            headlines[claim][title] = None
    fields = ("pk", "wording", "type", "part_of", "status")
    return {
        pk: ClaimProfile(
            pk, wording, frozenset(parties.get(pk, ())), type_, whole, status, tuple(headlines.get(pk, ()))
        )
        for pk, wording, type_, whole, status in Claim.objects.order_by("pk").values_list(*fields)
    }
