"""A round of fetching articles: each host that has rested gets one request, for its robots.txt or for a page.

A page is read in a limited child; no lock is held while fetching or reading. What was read is stored with what it
leads to, in one transaction: entries to be read again, a snapshot of what a decision rests on, a notice.
"""

import logging
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from deals import clock
from ingest.article import LARGEST_PAGE, ArticleError, read_article
from ingest.checking import check
from ingest.courtesy import GIVEN_UP_AFTER, PAUSE, next_check, next_try, robots_hold, robots_next
from ingest.fetch import CACHING, LONGEST_ETAG, LONGEST_LAST_MODIFIED, joined, storable
from ingest.models import Article, Entry, Host, digest
from ingest.rewriting import leads_to_front_page, says_removed
from ingest.robots import Rules, allows, parse
from ingest.schedule import freshness, wait_asked_for
from ingest.wanting import is_inside, place_of
from outbound.client import FetchError, Request, Response, fetch_all

logger = logging.getLogger(__name__)

AGENT = "Hearsay"  # as User-Agent names us, and robots.txt may
ACCEPT = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"
HOSTS_AT_ONCE = 10
LOOKED_AT = 20  # articles of a host, for one that its robots.txt allows
DEADLINE = 15.0  # seconds for a request
BUDGET = 45.0  # seconds after which no further page of a round is read; those come again
LEASE = timedelta(minutes=3)
MOST_HOPS = 5
LONGEST_TROUBLE = 500

DISALLOWED = "The site's robots.txt asks us not to fetch this page."
NO_ROBOTS = "The site's robots.txt could not be read, so nothing is fetched there: {}"
WAITED = "Given up after three days. {}"
GIVEN_UP = "Given up after {} tries. {}"
OUR_FAULT = "Fetching failed by a fault of ours, which is in the log."
LED_INSIDE = "It leads to an address inside our network, which is not fetched."
TOO_FAR = f"It redirects more than {MOST_HOPS} times."
TRANSIENT = frozenset({408, 421, 425, 429})  # and all 5xx


@dataclass(frozen=True)
class Turn:
    """What a host is asked now: for its robots.txt, or for an article."""

    host: Host
    article: Article | None = None

    def request(self) -> Request:
        if self.article is None:
            return Request(f"{self.host.place}/robots.txt", {"Accept": "text/plain,*/*;q=0.1"})
        return Request(self.article.address, {"Accept": ACCEPT, **validators(self.article)}, follow=False)


@dataclass(frozen=True)
class Outcome:
    """What came of asking for a page: it was read, did not change, is gone, cannot be had, or not now."""

    trouble: str = ""
    gone: bool = False
    again: bool = False  # the trouble may pass
    retry_after: timedelta | None = None
    unchanged: bool = False
    leads_to: str = ""  # by a redirect
    found_at: str = ""
    title: str = ""
    text: str = ""
    etag: str = ""
    last_modified: str = ""


def fetch_due(limit: int = HOSTS_AT_ONCE) -> int:
    """One request to each of up to `limit` hosts that are due one; how many turns were taken."""
    began = time.monotonic()
    turns, refused = take_turns(limit)
    if not turns:
        return refused
    waiting = dict(enumerate(turns))
    answers = fetch_all([turn.request() for turn in turns], deadline=DEADLINE, limit=LARGEST_PAGE)
    try:
        for found in answers:
            if found is None or time.monotonic() - began > BUDGET:
                continue
            settle(waiting.pop(found[0]), found[1])
    finally:
        answers.close()
        release(waiting.values())
    return len(turns) + refused


def take_turns(limit: int) -> tuple[list[Turn], int]:
    """Hosts that have rested and are owed a request, each with what it is asked, leased; how many had nothing allowed."""
    now = clock.now()
    first = Article.objects.due(now).filter(host=OuterRef("pk")).order_by("next_at").values("pk")[:1]
    rested = Host.objects.rested(now).annotate(first=Subquery(first)).exclude(first=None).order_by("next_at")
    turns, refused = [], 0
    for host in rested[:limit]:
        rests_until = now + timedelta(seconds=max(PAUSE, host.pause))
        if not Host.objects.filter(pk=host.pk, next_at=host.next_at).update(next_at=rests_until):
            continue  # another worker has its turn
        if host.robots_until is None or host.robots_until <= now:
            turns.append(Turn(host))
        elif article := take_allowed(host, now):
            turns.append(Turn(host, article))
        else:
            Host.objects.filter(pk=host.pk, next_at=rests_until).update(next_at=now)  # it was not asked for anything
            refused += 1
    return turns, refused


def take_allowed(host: Host, now: datetime) -> Article | None:
    """The first due article that the host's robots.txt allows, leased; what it does not allow is settled."""
    rules = Rules(tuple((allowed, pattern) for allowed, pattern in host.rules), host.pause)
    for article in Article.objects.due(now).filter(host=host).defer("text").order_by("next_at")[:LOOKED_AT]:
        lease = uuid.uuid4()
        taken = Article.objects.due(now).filter(pk=article.pk, host=host)
        if not taken.update(lease=lease, lease_until=now + LEASE):
            continue
        article.lease = lease
        if allows(rules, article.address):
            return article
        conclude(article, Outcome(trouble=DISALLOWED), now)
    return None


def release(turns: Iterable[Turn]) -> None:
    for turn in turns:
        if turn.article:
            Article.objects.filter(pk=turn.article.pk, lease=turn.article.lease).update(lease=None, lease_until=None)


def settle(turn: Turn, answer: Response | Exception) -> None:
    """Store what came of a turn. A fault of ours is noted on the page, and stops no other."""
    now = clock.now()
    if turn.article is None:
        note_robots(turn.host, answer, now)
        return
    try:
        outcome = outcome_of(turn.article, answer, now)
    except Exception:
        logger.exception("Reading %s failed by a fault of ours", turn.article.url)
        outcome = Outcome(trouble=OUR_FAULT, again=True)
    if outcome.retry_after:
        Host.objects.filter(pk=turn.host.pk, next_at__lt=now + outcome.retry_after).update(
            next_at=now + outcome.retry_after
        )
    conclude(turn.article, outcome, now)


# robots.txt


def note_robots(host: Host, answer: Response | Exception, now: datetime) -> None:
    """Keep what a host's robots.txt says: 4xx allows everything, what cannot be had allows nothing for now."""
    if not isinstance(answer, Response) or answer.status == 429 or answer.status // 100 not in (2, 4):
        robots_failed(host, answer, now)
        return
    rules = parse(answer.body, AGENT) if answer.status < 300 else Rules()
    caching = {name: joined(answer.headers, name) for name in CACHING if name in answer.headers}
    asked = "Cache-Control" in caching or "Expires" in caching
    Host.objects.filter(pk=host.pk).update(
        rules=[list(rule) for rule in rules.rules],
        pause=rules.pause,
        robots_until=now + robots_hold(freshness(caching, now) if asked else None),
        failures=0,
        trouble="",
    )


def robots_failed(host: Host, answer: Response | Exception, now: datetime) -> None:
    if isinstance(answer, Response):
        said = f"The server answered {answer.status_line}."
        asked = wait_asked_for(answer.headers.get("Retry-After", ""), now)
    else:
        said, asked = in_words(answer, host.place), None
    trouble = NO_ROBOTS.format(said)[:LONGEST_TROUBLE]
    wait = max(robots_next(host.failures + 1), asked or timedelta())
    Host.objects.filter(pk=host.pk).update(failures=host.failures + 1, trouble=trouble, next_at=now + wait)
    old = Article.objects.due(now).filter(host=host, wanted_at__lt=now - GIVEN_UP_AFTER)
    for article in old.order_by("next_at")[:100]:
        following = next_check(article.decided_at, now)
        given_up = {"next_at": following, "wanted_at": following or article.wanted_at}
        Article.objects.filter(pk=article.pk).update(trouble=WAITED.format(trouble)[:LONGEST_TROUBLE], **given_up)


# A page


def validators(article: Article) -> dict[str, str]:
    """What makes a request conditional: the validators of what stands there, if that is where they came from."""
    if article.address != article.found_at:
        return {}
    given = {"If-None-Match": article.etag, "If-Modified-Since": article.last_modified}
    return {name: value for name, value in given.items() if value}


def outcome_of(article: Article, answer: Response | Exception, now: datetime) -> Outcome:
    """What an answer means for an article."""
    if not isinstance(answer, Response):
        return Outcome(trouble=in_words(answer, article.url), again=True)
    said = f"The server answered {answer.status_line}."
    match answer.status:
        case 304 if validators(article):
            return Outcome(unchanged=True)
        case 200 | 203:
            return page_of(article, answer)
        case 301 | 302 | 303 | 307 | 308 if "Location" in answer.headers:
            return hop(article, answer.url)
        case 404 | 410:
            return Outcome(trouble=said, gone=True)
        case status if status in TRANSIENT or status >= 500:
            asked = wait_asked_for(answer.headers.get("Retry-After", ""), now)
            return Outcome(trouble=said, again=True, retry_after=asked)
    return Outcome(trouble=said)


def hop(article: Article, to: str) -> Outcome:
    """A redirect: it is asked for in its turn, as its own host's robots.txt allows. Nobody outside leads inside."""
    if is_inside(to) and not is_inside(article.url):
        return Outcome(trouble=LED_INSIDE)
    if article.hops >= MOST_HOPS:
        return Outcome(trouble=TOO_FAR)
    return Outcome(leads_to=to)


def page_of(article: Article, answer: Response) -> Outcome:
    if leads_to_front_page(article.url, answer.url):
        return Outcome(trouble="Its address leads to the site's front page now.", gone=True)
    try:
        found = read_article(answer.body, answer.url, answer.headers.get("Content-Type", ""))
    except ArticleError as error:
        return Outcome(trouble=str(error))
    if says_removed(found.text or found.title):
        return Outcome(trouble="The page says that it was taken down.", gone=True)
    if not found.text:
        return Outcome(trouble="No article was found on that page.")
    return Outcome(
        found_at=answer.url,
        title=found.title,
        text=found.text,
        etag=storable(answer.headers.get("ETag", ""), LONGEST_ETAG),
        last_modified=storable(answer.headers.get("Last-Modified", ""), LONGEST_LAST_MODIFIED),
    )


def in_words(error: Exception, what: str) -> str:
    if isinstance(error, FetchError):
        return str(error)
    logger.error("Fetching %s failed by a fault of ours", what, exc_info=error)
    return OUR_FAULT


def conclude(article: Article, outcome: Outcome, now: datetime) -> None:
    """Store an outcome and all that follows from it, if the article is still ours: all or nothing."""
    with transaction.atomic():
        stored = Article.objects.select_for_update().filter(pk=article.pk, lease=article.lease).first()
        if stored is None:  # our lease ran out and another worker took it: its word stands
            return
        saved: dict[str, Any] = {"lease": None, "lease_until": None, "asked_at": now}
        if outcome.leads_to:
            saved |= led_on(stored, outcome.leads_to, now)
        else:
            saved |= after(stored, outcome, now)
        Article.objects.filter(pk=stored.pk).update(**saved)
        if not outcome.leads_to and (outcome.text or outcome.gone):
            vars(stored).update({name: value for name, value in saved.items() if name != "host"})
            if outcome.text:
                give_to_entries(stored, now)
            check(stored, gone=outcome.trouble if outcome.gone else "", now=now)


def led_on(article: Article, to: str, now: datetime) -> dict[str, Any]:
    (host,) = hosts_at([to])
    return {"target": to, "hops": article.hops + 1, "host": host, "next_at": now}


def hosts_at(urls: Iterable[str]) -> list[Host]:
    return [Host.objects.get_or_create(place=place_of(url))[0] for url in urls]


def after(article: Article, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The columns of an article after an outcome that is no redirect."""
    (home,) = hosts_at([article.url])
    following = next_check(article.decided_at, now)
    saved: dict[str, Any] = {"target": "", "hops": 0, "host": home, "tries": 0, "trouble": outcome.trouble}
    if outcome.again:
        wait = next_try(article.tries + 1, outcome.retry_after)
        if wait is not None:
            return {**saved, "tries": article.tries + 1, "next_at": now + wait}
        saved["trouble"] = GIVEN_UP.format(article.tries + 1, outcome.trouble)[:LONGEST_TROUBLE]
    if outcome.text:
        saved |= {
            "fetched_at": now,
            "found_at": outcome.found_at,
            "title": outcome.title,
            "text": outcome.text,
            "sha256": digest(outcome.text).hex(),
            "etag": outcome.etag,
            "last_modified": outcome.last_modified,
        }
    return {**saved, "next_at": following, "wanted_at": following or article.wanted_at}


def give_to_entries(article: Article, now: datetime) -> None:
    """Undecided items of this article are read again, with its text."""
    undecided = Entry.objects.filter(article=article, decision="", is_news=True)
    undecided.update(article_at=now, read_at=None)
