"""Which changes people hear of, and how many people. The apps that tell them say how to count; without one, nothing is said."""

from collections.abc import Callable, Iterable
from typing import Protocol

from deals.choices import STORED_QUALIFIERS, Qualifier
from deals.models import Claim

# A change of these alone is worth a mail; “late” and its like say how a row came to be, not how the claim stands.
TELLING = frozenset({*STORED_QUALIFIERS, Qualifier.PARTIES_DISAGREE})

# Set by the project when it starts: claims → how many different people follow any of them.
count: Callable[[Iterable[Claim]], int] | None = None


class Stands(Protocol):
    """How a claim stands: a status, or none, with its qualifiers."""

    @property
    def status(self) -> str | None: ...

    @property
    def qualifiers(self) -> Iterable[str]: ...


def differ(before: Stands, after: Stands) -> bool:
    """Whether people are told of the way from one standing to another; another stage alone is no news."""
    return (before.status, TELLING & {*before.qualifiers}) != (after.status, TELLING & {*after.qualifiers})


def told(claims: Iterable[Claim], changed: bool, quiet: bool = False, background: bool = False) -> str:
    """Who will be told of a decision on these claims, in a sentence; “” if nobody can say."""
    public = [claim for claim in claims if claim.published]
    if quiet:
        return "Nobody will be told: the row is quiet."
    if background:
        return "Nobody will be told: background is no news."
    if not changed:
        return "Nobody will be told: the status and how it holds stay the same."
    if not public:
        return "Nobody will be told: the claim is not published."
    if count is None:
        return ""
    people = count(public)
    return f"{people} {'person' if people == 1 else 'people'} will be told." if people else "Nobody follows it yet."
