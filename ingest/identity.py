"""Whether a published item is one that its feed brought before, and whether it says something else now."""

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from deals.linking import LinkError, canonical_url
from ingest.trimming import guid_digest


class Stored(Protocol):
    """What must be known of an entry to tell whether an item is the same."""

    guid: str
    title: str
    url: str


class Published(Protocol):
    """What a feed brings."""

    @property
    def title(self) -> str: ...
    @property
    def url(self) -> str: ...


S = TypeVar("S", bound=Stored)


def digest(text: str) -> bytes:
    """SHA-256 of a text, 32 bytes."""
    return hashlib.sha256(text.encode()).digest()


def digests(feed: int | None, title: str, text: str, url: str) -> tuple[bytes, bytes]:
    """Of what an item says and where it leads, and of what makes it the same story wherever it stands: 16 bytes each.

    White space and the trackers in an address make no difference. The story is the canonical address; without one
    that leads beyond a site's front page it is the words, within their feed.
    """
    address = address_of(url)
    words = f"{squeezed(title)}\n{squeezed(text)}"
    return _short(f"{address}\n{words}"), _short(address if is_telling(address) else f"{feed}\n{words}")


def address_of(url: str) -> str:
    """The canonical form of an item's address; "" without one, the address itself if it has none."""
    if not url:
        return ""
    try:
        return canonical_url(url)
    except LinkError:
        return url


TELLING = re.compile(r"[a-z]+://[^/?#]*(?:/*\?[^#]|/+[^/?#])")


def is_telling(url: str) -> bool:
    """Whether an address leads to something of its own, beyond a site's front page."""
    return bool(TELLING.match(url))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def counterpart(item: Published, by_guid: S | None, by_story: Sequence[S], present: Collection[bytes]) -> S | None:
    """The stored entry that a feed's item is, or None if it is new.

    `by_guid` and `by_story` are the feed's entries with the item's guid and with its story; `present` holds the
    `guid_digest` of all items that stand in the feed now. What has another guid is the same item if it is the same
    story, one that no other entry tells, and the other guid has gone from the feed.
    """
    if by_guid and not is_another(item, by_guid):
        return by_guid
    gone = [entry for entry in by_story if guid_digest(entry.guid) not in present]
    return gone[0] if gone and (len(by_story) == 1 or not item.url) else None


def is_another(item: Published, stored: Stored) -> bool:
    """Whether a guid was given to another story: both its address and its title are others."""
    return bool(
        item.url
        and stored.url
        and item.url != stored.url
        and address_of(item.url) != address_of(stored.url)
        and squeezed(item.title).casefold() != squeezed(stored.title).casefold()
    )


def _short(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
