"""Who stands above and below whom: pure walks over (child, parent) pairs."""

from collections import defaultdict
from collections.abc import Iterable


def above(companies: Iterable[int], edges: Iterable[tuple[int, int]]) -> set[int]:
    """The companies themselves and all their parents, however far up."""
    return _reach(companies, ((child, parent) for child, parent in edges))


def below(companies: Iterable[int], edges: Iterable[tuple[int, int]]) -> set[int]:
    """The companies themselves and all that belongs to them, however far down."""
    return _reach(companies, ((parent, child) for child, parent in edges))


def can_speak_for(parties: Iterable[int], edges: Iterable[tuple[int, int]]) -> set[int]:
    """Who speaks as a party: the parties, and those above or below one of them; not their siblings."""
    parties, edges = set(parties), list(edges)
    return above(parties, edges) | below(parties, edges)


def _reach(start: Iterable[int], steps: Iterable[tuple[int, int]]) -> set[int]:
    onward = defaultdict(set)
    for here, there in steps:
        onward[here].add(there)
    reached, frontier = set(start), set(start)
    while frontier:
        frontier = set().union(*(onward[company] for company in frontier)) - reached
        reached |= frontier
    return reached
