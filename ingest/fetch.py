"""Ask publishers for their feeds, and read their answers as the protocol means them. Over `outbound` alone."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from outbound.client import FetchError, Request, Response, Unread, fetch_all, fetch_each

logger = logging.getLogger(__name__)

ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"
# As long as their columns; a validator that does not fit is not kept, and the next answer comes whole.
LONGEST_ETAG = 1000
LONGEST_LAST_MODIFIED = 200
CACHING = ("Cache-Control", "Age", "Expires", "Date")  # by which an answer says how long it stays fresh

NOT_ASKED = "The server says that nothing changed, though we hold nothing of it yet."
GONE = "The publisher says that this feed is gone for good (410). Polling has stopped."
GONE_THERE = "The feed's address leads, for the time being, to one that is gone (410)."
WANTS_LOGIN = "The server wants a login ({})."
OUR_FAULT = "Polling failed by a fault of ours, which is in the log."


@dataclass(frozen=True)
class Question:
    """What a feed is asked with: the validators are the publisher's own words, sent back as they came."""

    url: str
    etag: str = ""
    last_modified: str = ""

    def request(self) -> Request:
        headers = {"Accept": ACCEPT, "If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return Request(self.url, {name: value for name, value in headers.items() if value})

    @property
    def conditional(self) -> bool:
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True)
class Answer:
    """What came of a question: a body, nothing new, or trouble in a sentence for the editor."""

    status: str  # for a list: "200 OK", or "no answer"
    body: bytes | None = None  # None: nothing new, or trouble
    content_type: str = ""
    url: str = ""  # where the body came from in the end
    etag: str | None = None  # None: the old one holds
    last_modified: str | None = None
    permanent_url: str | None = None
    retry_after: str = ""
    caching: Mapping[str, str] = field(default_factory=dict)  # those of CACHING that came
    trouble: str = ""
    gone: bool = False


def ask_all(questions: Sequence[Question], *, deadline: float = 30) -> Iterator[tuple[int, Answer]]:
    """Each question's place with its answer, as they come in; `deadline` in seconds for each. Never raises for one."""
    for place, outcome in fetch_all([question.request() for question in questions], deadline=deadline):
        yield place, read(questions[place], outcome)


def ask_each(
    questions: Sequence[Question], tell: Callable[[int, Answer], None], *, unread: Unread, deadline: float = 30
) -> Future:
    """`ask_all` for one who does not wait and lets `unread` go of each body: see `outbound.client.fetch_each`."""

    def told(place: int, outcome: Response | Exception):
        answer = read(questions[place], outcome)
        if isinstance(outcome, Response) and answer.body is None:
            unread.let_go(outcome.body)
        tell(place, answer)

    return fetch_each([question.request() for question in questions], told, unread=unread, deadline=deadline)


def read(question: Question, outcome: Response | Exception) -> Answer:
    """What a response means to the one who asked."""
    if isinstance(outcome, FetchError):
        return Answer("no answer", trouble=str(outcome))
    if isinstance(outcome, Exception):
        logger.error("Fetching %s failed by a fault of ours", question.url, exc_info=outcome)
        return Answer("no answer", trouble=OUR_FAULT)
    headers = outcome.headers
    answer = Answer(
        outcome.status_line,
        url=outcome.url,
        permanent_url=outcome.permanent_url,
        retry_after=headers.get("Retry-After", ""),
        caching={name: joined(headers, name) for name in CACHING if name in headers},
    )
    etag = storable(headers.get("ETag", ""), LONGEST_ETAG)
    last_modified = storable(headers.get("Last-Modified", ""), LONGEST_LAST_MODIFIED)
    match outcome.status:
        case 200 | 203:
            return replace(
                answer,
                body=outcome.body,
                content_type=headers.get("Content-Type", ""),
                etag=etag,
                last_modified=last_modified,
            )
        case 304 if question.conditional:
            return replace(answer, etag=etag or None, last_modified=last_modified or None)
        case 304:
            return replace(answer, trouble=NOT_ASKED)
        case 401 | 403 | 407:
            return replace(answer, trouble=WANTS_LOGIN.format(outcome.status_line))
        case 410 if outcome.passing:
            return replace(answer, trouble=GONE_THERE)
        case 410:
            return replace(answer, trouble=GONE, gone=True)
        case 429:
            return replace(answer, trouble="The publisher asks us to poll less often (429).")
    return replace(answer, trouble=f"The server answered {outcome.status_line}.")


def storable(validator: str, longest: int) -> str:
    """The validator as it came, or "" if it is too long or holds characters that no header may send back."""
    return validator if len(validator) <= longest and validator.isascii() and validator.isprintable() else ""


def joined(headers: Mapping[str, str], name: str) -> str:
    """A header that may come in several lines, in one."""
    lines = headers.getall(name) if hasattr(headers, "getall") else [headers[name]]
    return ", ".join(lines)
