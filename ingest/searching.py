"""Searches for claims: wanted, changed, paused and taken away by editors, and asked as often as the claims are hot."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q

from deals import clock
from deals.models import Claim, Evidence, StatusChange
from ingest.heat import HOT, Heat, Pulse, heat_of, hottest
from ingest.models import ClaimSearch, Feed, Search, SearchTemplate
from ingest.queries import propose_query
from ingest.schedule import brought_forward
from outbound.refusals import refusal

ADDRESS = Feed._meta.get_field("url")
# What happens is noticed within minutes; were the task away for longer, within a day.
LATELY = timedelta(hours=1)
LOOKED_AT = timedelta(days=1)
NEWEST = 500  # links, and rows of histories, that are looked through for what happened lately
AT_ONCE = 500  # searches judged together
RESTS = "The search “{}” rests. {} It is asked again when something happens, or when you resume it."


class SearchError(Exception):
    """The search cannot be made; the message is one sentence for the editor."""


# What editors do


def proposed_for(claim: Claim, template: SearchTemplate) -> str:
    """The words to search for a claim with; its companies' aliases prefetched, or asked for."""
    companies = [party.company for party in claim.parties.all() if party.role != "regulator"]
    return proposed(companies, claim.type, template)


def proposed(companies: Iterable, deal_type: str, template: SearchTemplate) -> str:
    """As `propose_query`, from rows of companies; one that nobody has named cannot be searched for."""
    parties = [
        (company.name, *(alias.name for alias in company.aliases.all()))
        for company in companies
        if not company.placeholder
    ]
    return propose_query(parties, deal_type, template.language)


def trouble(template: SearchTemplate, query: str) -> str:
    """Why these words cannot be searched for with that template, in a sentence; "" if they can."""
    if not query.strip():
        return "Say what to search for."
    address = template.address(query)
    try:
        ADDRESS.run_validators(address)
    except ValidationError:
        return "The search is too long for an address; leave words out."
    if why := refusal(address, settings.LOCAL_FEEDS):
        return why
    held = feed_at(address)
    if held and not hasattr(held, "search"):
        return f"That search is polled already, as a feed of {held.source}; what it brings is read for every claim."
    return ""


def feed_at(address: str) -> Feed | None:
    """The feed that is polled at an address, or was before its publisher moved it."""
    found = Feed.objects.filter(Q(url=address) | Q(former_addresses__url=address))
    return found.select_related("source", "search").order_by("pk").first()


def want(claim: Claim, template: SearchTemplate, query: str, *, by: AbstractBaseUser | None) -> ClaimSearch:
    """Search for a claim with these words from now on. Raises SearchError."""
    with transaction.atomic():
        search = search_for(template, query)
        wish, made = ClaimSearch.objects.get_or_create(claim=claim, search=search, defaults={"wanted_by": by})
        if made:
            judge([search.pk])
        else:
            go_on(wish, by=by)
    return wish


def search_for(template: SearchTemplate, query: str) -> Search:
    """The one search of these words' address, made if need be. Raises SearchError."""
    if why := trouble(template, query):
        raise SearchError(why)
    address, query = template.address(query), " ".join(query.split())
    feed = feed_at(address)
    if feed is None:
        asked = {"source": template.source, "interval": HOT, "slowest": HOT}
        feed, _ = Feed.objects.get_or_create(url=address, defaults=asked)
    search, _ = Search.objects.get_or_create(feed=feed, defaults={"template": template, "query": query})
    return search


def reword(wish: ClaimSearch, query: str, *, by: AbstractBaseUser | None) -> ClaimSearch:
    """Search with other words instead; what the old ones brought stays. Raises SearchError."""
    with transaction.atomic():
        search = search_for(wish.search.template, query)
        if search.pk == wish.search_id:
            return wish
        new = want(wish.claim, wish.search.template, query, by=by)
        if wish.paused:
            pause(new)
        leave(wish)
    return new


def pause(wish: ClaimSearch) -> None:
    with transaction.atomic():
        ClaimSearch.objects.filter(pk=wish.pk).update(paused=True)
        judge([wish.search_id])


def go_on(wish: ClaimSearch, *, by: AbstractBaseUser | None) -> None:
    """Search again, whatever stopped it; asking for it counts as a sign of life."""
    with transaction.atomic():
        Feed.objects.filter(search=wish.search_id).resume()
        ClaimSearch.objects.filter(pk=wish.pk).update(paused=False, wanted_by=by, wanted_at=clock.now())
        judge([wish.search_id])


def leave(wish: ClaimSearch) -> None:
    """Take a claim's search away. The feed is polled no more if no other claim wants it; what it brought stays."""
    with transaction.atomic():
        ClaimSearch.objects.filter(pk=wish.pk).delete()
        judge([wish.search_id])


def asked_again(feeds) -> None:
    """A person resumed these feeds: for the claims that want them, that is a sign of life."""
    wishes = ClaimSearch.objects.filter(search__feed__in=feeds, paused=False)
    with transaction.atomic():
        wishes.update(wanted_at=clock.now())
        judge(set(wishes.values_list("search", flat=True)))


# The pace


def pace_searches() -> int:
    """Judge the searches whose time has come or for whose claims something happened lately; how many that were.

    Looks through a bounded number of the newest links and rows, whatever the record holds.
    """
    now = clock.now()
    due = set(Search.objects.filter(look_at__lte=now).order_by("look_at").values_list("pk", flat=True)[:AT_ONCE])
    stirred = ClaimSearch.objects.filter(paused=False, claim__in=stirred_lately(now))
    due |= set(stirred.values_list("search", flat=True))
    judge(due, now)
    return len(due)


def stirred_lately(now: datetime) -> set[int]:
    links = Evidence.objects.order_by("-pk").values_list("claim", "recorded_at")[:NEWEST]
    rows = StatusChange.objects.order_by("-position").values_list("claim", "recorded_at")[:NEWEST]
    return {claim for claim, at in [*links, *rows] if at >= now - LATELY}


def judge(keys: Collection[int], now: datetime | None = None) -> None:
    """Set how often these searches are asked. Some statements for all, and some for each that begins or ends to be."""
    if not keys:
        return
    now = now or clock.now()
    heats = heats_of(keys, now)
    by_interval: dict[int, list[int]] = defaultdict(list)
    changed = []
    for search in Search.objects.filter(pk__in=keys).select_related("feed"):
        heat, wishes = heats[search.pk]
        before = search.pace, search.look_at
        search.pace, search.look_at = heat.why, heat.until and min(heat.until, now + LOOKED_AT)
        if before != (search.pace, search.look_at):
            changed.append(search)
        if heat.interval is None:
            rest(search, notice=wishes > 0, now=now)
            continue
        by_interval[heat.interval].append(search.feed_id)
        wake(search.feed, before[0], now)
        hurry(search.feed, heat.interval)
    for interval, feeds in by_interval.items():
        others = Feed.objects.filter(pk__in=feeds).exclude(interval=interval, slowest=interval)
        others.update(interval=interval, slowest=interval)
    Search.objects.bulk_update(changed, ["pace", "look_at"])


def heats_of(searches: Collection[int], now: datetime) -> dict[int, tuple[Heat, int]]:
    """The heat of each search, and how many claims want it; three queries for all."""
    wishes = ClaimSearch.objects.filter(search__in=searches, paused=False)
    wanted = list(wishes.values_list("search", "wanted_at", "claim", "claim__status", "claim__created_at"))
    claims = {claim for _, _, claim, _, _ in wanted}
    stirs: dict[int, list[datetime]] = defaultdict(list)
    for rows in (Evidence.objects.current(), StatusChange.objects.all()):
        newest = rows.filter(claim__in=claims).order_by().values("claim").annotate(newest=Max("recorded_at"))
        for claim, moment in newest.values_list("claim", "newest"):
            stirs[claim].append(moment)
    found: dict[int, list[Heat]] = {search: [] for search in searches}
    for search, wanted_at, claim, status, opened_at in wanted:
        pulse = Pulse(status, opened_at, max([wanted_at, opened_at, *stirs[claim]]))
        found[search].append(heat_of(pulse, now))
    return {search: (hottest(heats), len(heats)) for search, heats in found.items()}


def rest(search: Search, *, notice: bool, now: datetime) -> None:
    """Poll it no more, and say so once if claims still want it."""
    said = {"notice": RESTS.format(search.query, search.pace), "noticed_at": now} if notice else {}
    Feed.objects.filter(pk=search.feed_id, active=True).update(active=False, stopped=search.pace, **said)


def wake(feed: Feed, stopped: str, now: datetime) -> None:
    """Poll it again if it was at rest for that reason; not if it is gone, or a person paused it."""
    if not feed.active and stopped and feed.stopped == stopped:
        ours = Feed.objects.filter(pk=feed.pk, active=False, stopped=stopped)
        ours.update(active=True, stopped="", notice="", next_poll_at=max(now, feed.asked_until or now))


def hurry(feed: Feed, interval: int) -> None:
    """Bring the next poll forward where it was planned for a longer interval."""
    if not feed.active or feed.failures:
        return
    soon = brought_forward(
        feed.next_poll_at,
        interval,
        last_poll=feed.last_polled_at,
        asked_until=feed.asked_until,
        skip_hours=feed.skip_hours,
        skip_days=feed.skip_days,
    )
    if soon < feed.next_poll_at:
        Feed.objects.filter(pk=feed.pk, next_poll_at=feed.next_poll_at).update(next_poll_at=soon)
