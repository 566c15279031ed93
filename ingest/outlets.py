"""Whose an item is: the source at its link, else, of an aggregator's item, the outlet that the aggregator names."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower

from deals.choices import SourceKind
from deals.models import Source, SourceDomain
from ingest.models import Entry, Feed
from ingest.parsed import ParsedEntry


@dataclass
class Outlets:
    """Our sources, as far as some items name them: by host, and by name in lower case."""

    at_host: dict[str, int] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, fresh: Mapping[Feed, Iterable[ParsedEntry]]) -> "Outlets":
        """One query for all hosts; one more if an aggregator names outlets that no host tells."""
        hosts, told = set(), []
        for feed, entries in fresh.items():
            for entry in entries:
                hosts.add(host_of(entry.url))
                if is_aggregated(feed, entry):
                    hosts.add(entry.outlet_host)
                    told.append(entry)
        found = sources_at(hosts - {""})
        names = {entry.outlet.lower() for entry in told if entry.outlet_host not in found} - {""}
        return cls(found, sources_named(names) if names else {})

    def credit(self, feed: Feed, entry: ParsedEntry) -> dict[str, Any]:
        """The source of an item, and, where the one that is named is none of ours yet, its name and host.

        Where the link leads to one of our sources, that is who published it, whatever the aggregator says.
        """
        linked = self.at_host.get(host_of(entry.url), feed.source_id)
        if linked != feed.source_id or not is_aggregated(feed, entry):
            return {"source_id": linked}
        source = self.at_host.get(entry.outlet_host) or self.named.get(entry.outlet.lower())
        if source:
            return {"source_id": source}
        return {"source_id": linked, "outlet": entry.outlet or entry.outlet_host, "outlet_host": entry.outlet_host}


def is_aggregated(feed: Feed, entry: ParsedEntry) -> bool:
    """Whether the item names an outlet, in a feed of one whom we believe that: others could pass for anybody."""
    return bool(entry.outlet or entry.outlet_host) and kind_of(feed) == SourceKind.AGGREGATOR


def kind_of(feed: Feed) -> str:
    """Its source's; known for a feed that `polling.take` gave."""
    return feed.source_kind if hasattr(feed, "source_kind") else feed.source.kind


PLAIN = re.compile(r"https?://([a-z0-9.-]*[a-z0-9])(?:[/?#]|$)")


def host_of(url: str) -> str:
    if plain := PLAIN.match(url):
        return plain[1]
    return (urlsplit(url).hostname or "").lower().rstrip(".")


def sources_at(hosts: set[str]) -> dict[str, int]:
    """The source whose domain is, or stands nearest above, each host; one query for all."""
    above = {host: domains_above(host) for host in hosts}
    asked = {domain for domains in above.values() for domain in domains}
    owners = dict(SourceDomain.objects.filter(domain__in=asked).values_list("domain", "source_id"))
    return {
        host: owners[next(domain for domain in domains if domain in owners)]
        for host, domains in above.items()
        if any(domain in owners for domain in domains)
    }


def domains_above(host: str) -> list[str]:
    """news.yicai.com → news.yicai.com, yicai.com."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def sources_named(names: set[str]) -> dict[str, int]:
    """The one source that bears each name or alias, in lower case; names of several are left out."""
    bearers: dict[str, set[int]] = {}
    sources = Source.objects.order_by().annotate(folded=Lower("name"), alias=Lower("aliases__name"))
    for key, own, other in sources.filter(Q(folded__in=names) | Q(alias__in=names)).values_list(
        "pk", "folded", "alias"
    ):
        for name in {own, other} & names:
            bearers.setdefault(name, set()).add(key)
    return {name: next(iter(keys)) for name, keys in bearers.items() if len(keys) == 1}


# An editor says who it is


def known(entry: Entry) -> Source | None:
    """The source that an item's outlet has become since it was stored, by host, else by name."""
    key = sources_at({entry.outlet_host} - {""}).get(entry.outlet_host) or sources_named({entry.outlet.lower()}).get(
        entry.outlet.lower()
    )
    return Source.objects.get(pk=key) if key else None


def make_source(entry: Entry, kind: str) -> Source:
    """The source that an item's outlet is from now on, of this kind, with its host; the one that stands by that name."""
    source = Source.objects.named(entry.outlet).first()
    return source or Source.objects.create(name=entry.outlet, kind=kind, language=entry.language or "en")


@transaction.atomic
def credit(entry: Entry, source: Source) -> None:
    """An item, and all others of its outlet, are this source's; items to come too, by host and name."""
    if not entry.outlet:
        return
    if entry.outlet_host and not SourceDomain.objects.filter(domain=entry.outlet_host).exists():
        domain = SourceDomain(source=source, domain=entry.outlet_host)
        with suppress(ValidationError):  # no name of a host: it is known by its own name
            domain.full_clean()
            domain.save()
    if not Source.objects.named(entry.outlet).exists():
        source.aliases.create(name=entry.outlet)
    same = Entry.objects.filter(outlet=entry.outlet, outlet_host=entry.outlet_host)
    same.update(source=source, outlet="", outlet_host="")
    entry.source, entry.outlet, entry.outlet_host = source, "", ""
