"""The queue: items that wait for a decision, newest news first, one card each."""

from collections import Counter, defaultdict
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from deals import clock
from deals.models import Company, Source
from ingest.models import Entry, Feed, ReportNotice, Strength, Suggestion
from tracker.desk.reading import cards, grouped

PER_PAGE = 25
PER_FACET = 12
KEYS = [
    ("j", "next item"),
    ("k", "previous item"),
    ("Enter", "open the item"),
    ("n", "add a report"),
    ("?", "these keys"),
]


@dataclass(frozen=True)
class Wanted:
    """Which items the editor wants to see, as its address says it; whatever the address cannot mean is left out."""

    source: int | None = None
    company: int | None = None
    strength: str = ""
    leads: str = ""

    @classmethod
    def read(cls, query) -> "Wanted":
        return cls(
            source=_number(query.get("source")),
            company=_number(query.get("company")),
            strength=query.get("strength", "") if query.get("strength") in Strength.values else "",
            leads="1" if query.get("leads") == "1" else "",
        )

    def address(self, **more) -> str:
        """The query of an address with this filter and more pairs: “?source=3&leads=1”, or “” without any."""
        pairs = self.pairs() | {name: value for name, value in more.items() if value}
        return f"?{urlencode(pairs)}" if pairs else ""

    def pairs(self) -> dict:
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    def suggestions(self):
        """The pending suggestions that fit; an item is wanted if it has one."""
        found = Suggestion.objects.pending().filter(entry__waiting=True).order_by()
        if self.source:
            found = found.filter(entry__source=self.source)
        if self.company:
            found = found.filter(Q(companies=self.company) | Q(claim__parties__company=self.company))
        if self.strength:
            found = found.filter(strength=self.strength)
        if self.leads:
            found = found.leads()
        return found

    def entries(self):
        found = Entry.objects.waiting()
        if self.source:
            found = found.filter(source=self.source)
        if self.company or self.strength or self.leads:
            found = found.filter(Exists(replace(self, source=None).suggestions().filter(entry=OuterRef("pk"))))
        return found

    def after(self, entry: Entry) -> Entry | None:
        """The next item that waits below this one."""
        return self.entries().filter(_older_than(entry.said_at, entry.pk)).first()

    def before(self, entry: Entry) -> Entry | None:
        newer = Q(said_at__gt=entry.said_at) | Q(said_at=entry.said_at, pk__gt=entry.pk)
        return self.entries().filter(newer).order_by("said_at", "pk").first()


@permission_required("ingest.view_entry", raise_exception=True)
def page(request: HttpRequest):
    """The queue itself; POST polls the feeds that are well right away."""
    if request.method == "POST":
        return _poll_now(request)
    wanted = Wanted.read(request.GET)
    entries, older = _one_page(wanted, request.GET.get("after", ""))
    context = {
        **admin.site.each_context(request),
        "title": "Queue",
        "wanted": wanted,
        "cards": grouped(cards(entries)),
        "also_in": twins_of(entries),
        "older": older,
        "older_address": wanted.address(after=older),
        "keys": KEYS,
        "first_page": "after" not in request.GET,
        "facets": _facets(wanted),
        "chosen": _chosen(wanted),
        "troubled": list(Feed.objects.in_trouble().filter(active=True).select_related("source")[:4]),
        "set_aside": list(Entry.objects.set_aside().only("title").order_by("-pk")[:4]),
        "notices": list(ReportNotice.objects.unseen().select_related("report__source").order_by("pk")[:4]),
        "changed": list(Entry.objects.to_look_at_again().only("title")[:4]),
        "can_poll": request.user.has_perm("ingest.change_feed"),
        "can_add": request.user.has_perm("deals.add_report"),
    }
    if not entries:
        context["feeds"] = _state_of_feeds()
    return TemplateResponse(request, "desk/queue.html", context)


def twins_of(entries: list[Entry]) -> dict[int, list[Entry]]:
    """By entry, the same article as other feeds bring it, the earliest first; one query for all."""
    roots = {entry.root_id for entry in entries}
    together = Entry.objects.filter(Q(pk__in=roots) | Q(twin_of__in=roots)).select_related("source", "decided_by")
    by_root = defaultdict(list)
    for found in together.defer("text").order_by("said_at", "pk") if roots else ():
        by_root[found.root_id].append(found)
    return {entry.pk: [found for found in by_root[entry.root_id] if found.pk != entry.pk] for entry in entries}


def _poll_now(request):
    if not request.user.has_perm("ingest.change_feed"):
        raise PermissionDenied
    # A feed in trouble keeps its own time: its publisher may have asked us to wait.
    feeds = Feed.objects.filter(active=True, failures=0).update(next_poll_at=clock.now())
    messages.success(
        request, f"{feeds} feed{'' if feeds == 1 else 's'} will be polled within seconds. Load this page again."
    )
    return HttpResponseRedirect(reverse("admin:queue") + Wanted.read(request.GET).address())


def _one_page(wanted: Wanted, after: str) -> tuple[list[Entry], str]:
    """A page of entries, and the mark behind which the next page starts, or “”."""
    found = wanted.entries().select_related("source").defer("text")
    if mark := _read_mark(after):
        found = found.filter(_older_than(*mark))
    pending = (
        Suggestion.objects.pending().select_related("claim__deal", "company", "origin").prefetch_related("companies")
    )
    found = list(found.prefetch_related(Prefetch("suggestions", pending, to_attr="shown"))[: PER_PAGE + 1])
    page, more = found[:PER_PAGE], found[PER_PAGE:]
    return page, _mark(page[-1]) if more else ""


def _mark(entry: Entry) -> str:
    return f"{entry.said_at.isoformat()}~{entry.pk}"


def _read_mark(text: str) -> tuple[datetime, int] | None:
    moment, _, pk = text.partition("~")
    try:
        moment = parse_datetime(moment)
        moment = moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
    pk = _number(pk)
    return (moment, pk) if moment and pk else None


def _older_than(moment: datetime, pk: int) -> Q:
    return Q(said_at__lte=moment) & (Q(said_at__lt=moment) | Q(pk__lt=pk))


def _number(text: str | None) -> int | None:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)


def _facets(wanted: Wanted) -> list[tuple[str, list[tuple[str, int, str, bool]]]]:
    """Per facet its choices: words, number of items with the other filters kept, address, chosen."""
    sources = (
        replace(wanted, source=None)
        .suggestions()
        .values_list("entry__source_id", "entry__source__name")
        .annotate(n=Count("entry", distinct=True))
        .order_by("-n", "entry__source__name")[:PER_FACET]
    )
    named = replace(wanted, company=None).suggestions()
    pairs = (
        named.leads()
        .values_list("entry_id", "companies", "companies__name")
        .union(named.exclude(claim=None).values_list("entry_id", "claim__companies", "claim__companies__name"))
    )
    companies = Counter((pk, name) for _, pk, name in pairs if pk)
    strengths = (
        replace(wanted, strength="")
        .suggestions()
        .aggregate(**{value: Count("entry", distinct=True, filter=Q(strength=value)) for value in Strength.values})
    )
    leads = replace(wanted, leads="").suggestions().leads().aggregate(n=Count("entry", distinct=True))["n"]
    return [
        (
            "Strength",
            [
                _choice(wanted, "strength", value, label, strengths[value])
                for value, label in Strength.choices
                if strengths[value]
            ]
            + ([_choice(wanted, "leads", "1", "leads only", leads)] if leads else []),
        ),
        ("Company", [_choice(wanted, "company", pk, name, n) for (pk, name), n in companies.most_common(PER_FACET)]),
        ("Outlet", [_choice(wanted, "source", pk, name, n) for pk, name, n in sources]),
    ]


def _choice(wanted: Wanted, name: str, value, words: str, n: int):
    chosen = getattr(wanted, name) == value
    return words, n, replace(wanted, **{name: "" if chosen else value}).address() or "?", chosen


def _chosen(wanted: Wanted) -> list[tuple[str, str]]:
    """What the address filters by, in words, each with the address that drops it."""
    words = {
        "source": lambda pk: Source.objects.filter(pk=pk).first() or "an unknown outlet",
        "company": lambda pk: Company.objects.filter(pk=pk).first() or "an unknown company",
        "strength": lambda value: f"{value} suggestions",
        "leads": lambda value: "leads only",
    }
    return [
        (str(words[name](value)), replace(wanted, **{name: ""}).address() or "?")
        for name, value in wanted.pairs().items()
    ]


def _state_of_feeds() -> dict:
    """What an empty queue tells: feeds, when they were last polled, and what is fetched but not read yet."""
    return Feed.objects.aggregate(
        all=Count("pk"), active=Count("pk", filter=Q(active=True)), polled=Max("last_polled_at")
    ) | {"unread": Entry.objects.unread().count()}
