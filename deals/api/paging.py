"""Pages by key: a page begins after a key, so rows added meanwhile neither repeat nor hide another."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

FORWARD, BACK = "n", "p"
LARGEST_KEY = 2**63 - 1

# (key to begin after or None, greatest first?, how many) → that many keys in that order
Keys = Callable[[int | None, bool, int], Sequence[int]]


@dataclass(frozen=True)
class Page:
    """The keys on a page in the order asked for, with the cursors of its neighbours."""

    keys: list[int]
    next: str | None
    previous: str | None


def page(keys: Keys, cursor: tuple[str, int] | None, size: int, *, descending: bool) -> Page:
    """One page of keys, from the first on or from a cursor as `read_cursor` gives it."""
    way, key = cursor or (FORWARD, None)
    if way == FORWARD:
        found = list(keys(key, descending, size + 1))
        more, found = len(found) > size, found[:size]
        before, after = key is not None and bool(found), more
    else:
        found = list(keys(key, not descending, size + 1))
        more, found = len(found) > size, found[:size][::-1]
        before, after = more, bool(found)
    return Page(
        keys=found,
        next=write_cursor(FORWARD, found[-1]) if after else None,
        previous=write_cursor(BACK, found[0]) if before else None,
    )


def in_queryset(rows: QuerySet, field: str) -> Keys:
    """The keys of a queryset: `field` is unique and never changes."""

    def keys(after, descending, limit):
        order, side = ("-", "lt") if descending else ("", "gt")
        beyond = rows if after is None else rows.filter(**{f"{field}__{side}": after})
        return beyond.order_by(order + field).values_list(field, flat=True)[:limit]

    return keys


def write_cursor(way: str, key: int) -> str:
    return urlsafe_b64encode(f"{way}{key}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[str, int]:
    """The way and the key that `write_cursor` was given. Raises ValueError with a sentence for anything else."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        way, digits = text[:1], text[1:]
        if way in (FORWARD, BACK) and digits.isdecimal() and len(digits) <= 19 and int(digits) <= LARGEST_KEY:
            return way, int(digits)
    except ValueError:
        pass
    raise ValueError("This is no cursor of ours: take it from next or previous of a page.")
