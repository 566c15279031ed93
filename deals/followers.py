"""How many people hear of a change. The apps that tell them say how to count; without one, nothing is said."""

from collections.abc import Callable, Iterable

from deals.models import Claim

# Set by the project when it starts: claims → how many different people follow any of them.
count: Callable[[Iterable[Claim]], int] | None = None


def told(claims: Iterable[Claim], changed: bool, quiet: bool = False) -> str:
    """Who will be told of a decision on these claims, in a sentence; “” if nobody can say."""
    public = [claim for claim in claims if claim.published]
    if quiet:
        return "Nobody will be told: the row is quiet."
    if not changed:
        return "Nobody will be told: what is said of the claim stays the same."
    if not public:
        return "Nobody will be told: the claim is not published."
    if count is None:
        return ""
    people = count(public)
    return f"{people} {'person' if people == 1 else 'people'} will be told." if people else "Nobody follows it yet."
