"""Look at an address before it is polled: what would be stored from it, and which feeds a site has. Stores nothing."""

import html
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from deals import clock
from ingest.fetch import Answer, Question, ask_all
from ingest.opml import tidy
from ingest.parsed import NotAFeed, ParsedEntry
from ingest.parser_child import ParseOverrun, parse_limited
from ingest.subscribing import refused, same
from outbound.refusals import refusal

DEADLINE = 10.0  # seconds for one address
BUDGET = 25.0  # seconds for all of a site; what is under way then is still waited for
MOST_CANDIDATES = 10
LONGEST_PAGE = 300_000  # bytes that are searched for links; they stand in the head
FEED_TYPES = {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/xml", "text/xml"}
# Where the common publishing programs put their feeds; asked only of a site that announces none.
COMMON_PATHS = ("/feed", "/rss", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml")

# Each pattern ends at the next tag or after a bounded run, so that no page holds them up.
TAG = re.compile(r"<(link|a|base)\s([^<>]{1,3000})>", re.IGNORECASE)
ATTRIBUTE = re.compile(
    r"([a-z-]{1,20})\s{0,9}=\s{0,9}(?:\"([^\"]{0,2048})\"|'([^']{0,2048})'|([^\s\"'=`]{1,2048}))", re.IGNORECASE
)
FEED_PATH = re.compile(r"(?:/feeds?/?|/rss/?|/atom/?|\.rss|\.atom|/(?:rss|atom|feed|index)\.xml)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Tried:
    """What an address gave: a feed with its items, or trouble in a sentence."""

    url: str  # as asked
    final_url: str = ""  # where the answer came from
    permanent_url: str = ""  # where permanent redirects say that it lives
    title: str = ""
    entries: tuple[ParsedEntry, ...] = ()
    trouble: str = ""

    @property
    def best_url(self) -> str:
        return self.permanent_url or self.url

    @property
    def newest(self):
        return max((entry.published_at for entry in self.entries if entry.published_at), default=None)


@dataclass(frozen=True)
class Discovery:
    """The feeds of a site, the best announced first; `trouble` says why there is none."""

    site: str
    found: tuple[Tried, ...] = ()
    failed: tuple[Tried, ...] = ()  # announced by the site, and no feeds
    trouble: str = ""


def try_address(url: str) -> Tried:
    """Fetch an address through the guard and read it in the limited child."""
    url = complete(url)
    if why := refused(url):
        return Tried(url, trouble=why)
    return tried(url, ask(url))


def discover(url: str) -> Discovery:
    """The feeds of a site, from the address of any of its pages: the address itself, those it links to as such,
    else those at the common places."""
    url, ends = complete(url), time.monotonic() + BUDGET
    if why := refused(url):
        return Discovery(url, trouble=why)
    answer = ask(url)
    itself = tried(url, answer)
    if not itself.trouble:
        return Discovery(url, found=(itself,))
    if answer.status == "no answer":
        return Discovery(url, trouble=itself.trouble)
    site = answer.url or url
    announced = linked(page_text(answer.body or b""), site)
    found, failed = sorted_out(try_all(allowed(announced, site), ends))
    if not found:
        common = [(urljoin(site, path), "") for path in COMMON_PATHS]
        found, _ = sorted_out(try_all(allowed(common, site), ends))
    trouble = "" if found else itself.trouble if answer.body is None else "No feed was found at that address."
    return Discovery(site, tuple(found), tuple(failed), trouble)


def allowed(candidates: Iterable[tuple[str, str]], site: str) -> Iterator[tuple[str, str]]:
    """Those that would be fetched; a site outside names none inside, not even one that we poll there."""
    outside = not refusal(site, ())
    return ((url, title) for url, title in candidates if not refused(url) and not (outside and refusal(url, ())))


def try_all(candidates: Iterable[tuple[str, str]], ends: float) -> Iterator[Tried]:
    """Try addresses with their announced titles side by side, in their order, until the time is up."""
    asked = list(candidates)
    results: dict[int, Tried] = {}
    answers = ask_all([Question(url) for url, _ in asked], deadline=DEADLINE)
    try:
        for place, answer in answers:
            url, title = asked[place]
            one = tried(url, answer)
            results[place] = one if one.title or one.trouble else Tried(**{**vars(one), "title": title})
            if time.monotonic() > ends:
                break
    finally:
        answers.close()
    return (results[place] for place in sorted(results))


def sorted_out(results: Iterable[Tried]) -> tuple[list[Tried], list[Tried]]:
    """The feeds, each once however many addresses lead to it; and what is none."""
    found: dict[str, Tried] = {}
    failed = []
    for one in results:
        if one.trouble:
            failed.append(one)
        else:
            found.setdefault(same(one.final_url), one)
    return list(found.values()), failed


def ask(url: str) -> Answer:
    ((_, answer),) = ask_all([Question(url)], deadline=DEADLINE)
    return answer


def tried(url: str, answer: Answer) -> Tried:
    if answer.body is None:
        return Tried(url, answer.url, trouble=answer.trouble)
    try:
        feed = parse_limited(answer.body, content_type=answer.content_type, base=answer.url, now=clock.now())
    except (NotAFeed, ParseOverrun) as refusal:
        return Tried(url, answer.url, trouble=str(refusal))
    return Tried(url, answer.url, answer.permanent_url or "", feed.title, feed.entries)


def complete(url: str) -> str:
    """As typed by a person: “example.org” is meant as https."""
    url = url.strip()
    return url if re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", url, re.IGNORECASE) or not url else f"https://{url}"


def page_text(body: bytes) -> str:
    return body[:LONGEST_PAGE].decode("utf-8", "replace")


def linked(page: str, base: str) -> list[tuple[str, str]]:
    """Addresses that a page announces as feeds, with their titles: by <link>, else by links that look like it. Pure."""
    announced: dict[str, str] = {}
    likely: dict[str, str] = {}
    for found in TAG.finditer(page):
        name, said = found[1].lower(), attributes(found[2])
        address = joined(base, said.get("href", ""))
        if not address:
            continue
        if name == "base":
            base = address
        elif name == "link" and announces(said):
            announced.setdefault(address, tidy(said.get("title", "")))
        elif name == "a" and FEED_PATH.search(urlsplit(address).path):
            likely.setdefault(address, tidy(said.get("title", "")))
        if len(announced) == MOST_CANDIDATES:
            break
    return list((announced or likely).items())[:MOST_CANDIDATES]


def announces(said: dict[str, str]) -> bool:
    kind = said.get("type", "").partition(";")[0].strip().lower()
    return kind in FEED_TYPES and "alternate" in said.get("rel", "").lower().split()


def attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape(next(filter(None, values), "")).strip())
    return found


def joined(base: str, href: str) -> str:
    """An http(s) address without its fragment; "" for any other."""
    try:
        address = urljoin(base, href).partition("#")[0] if href else ""
        return address if urlsplit(address).scheme in ("http", "https") else ""
    except ValueError:
        return ""
