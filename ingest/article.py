"""What stands on a web page, for an editor to check: title, text, date, outlet. Nothing here fetches anything."""

import codecs
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.utils.dateparse import parse_date, parse_datetime

from deals.choices import Precision
from ingest.text import clean

LARGEST_PAGE = 2_000_000  # bytes
LONGEST_WAIT = 20  # seconds
FIRST_DAY = date(1995, 1, 1)


class ArticleError(Exception):
    """The page could not be read; the message is one plain sentence for an editor."""


@dataclass(frozen=True)
class Article:
    """What was read; whatever the page does not tell is empty."""

    title: str = ""
    text: str = ""
    published_at: datetime | None = None
    precision: str = Precision.DAY
    language: str = ""
    outlet: str = ""


def read_article(body: bytes, url: str, content_type: str = "") -> Article:
    """The article on a page, read by a process of its own with limits. Raises ArticleError."""
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() not in ("", "text/html", "application/xhtml+xml", "text/plain"):
        raise ArticleError(f"That address leads to no web page but to {kind.strip()[:60]}.")
    if len(body) > LARGEST_PAGE:
        raise ArticleError(f"The page is larger than {LARGEST_PAGE // 1_000_000} MB.")
    command = [sys.executable, "-m", "ingest.article_child", url, _charset(parameters)]
    try:
        done = subprocess.run(  # noqa: S603 no shell, and the address is a plain argument
            command,
            input=body,
            capture_output=True,
            timeout=LONGEST_WAIT,
            cwd=settings.BASE_DIR,
            env={"PYTHONIOENCODING": "utf-8"},  # nothing of ours: no keys, no database
            check=True,
        )
        found = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise ArticleError("The page could not be read; it takes too long or is no proper page.") from error
    title = _clean(found["title"])[:500]
    text = _clean(found["text"]).removeprefix(title).strip()
    if not title and not text:
        raise ArticleError("No article was found on that page.")
    published_at, precision = _published(found.get("time", ""), found["date"])
    language = (found["language"] or found.get("declared", "")).partition("-")[0].lower()[:12]
    return Article(title, text, published_at, precision, language, _clean(found["sitename"])[:200])


def _charset(parameters: str) -> str:
    named = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", parameters, re.IGNORECASE)
    try:
        return codecs.lookup(named[1]).name if named else ""
    except LookupError:
        return ""


def _clean(text: str) -> str:
    """Without what cannot be seen, or what no database or mail takes; line by line."""
    return "\n".join(clean(line) for line in text.splitlines()).strip()


def _published(instant: str, day: str) -> tuple[datetime | None, str]:
    try:
        moment = parse_datetime(instant.strip())
        if moment and moment.tzinfo and _sensible(moment.date()):
            return moment.astimezone(UTC), Precision.INSTANT
        found = parse_date(day)
    except (ValueError, OverflowError):
        return None, Precision.DAY
    if found and _sensible(found):
        return datetime.combine(found, time.max, UTC), Precision.DAY
    return None, Precision.DAY


def _sensible(day: date) -> bool:
    return FIRST_DAY <= day <= datetime.now(UTC).date() + timedelta(days=1)
