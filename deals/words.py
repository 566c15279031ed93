"""Standings in the words that people read. Pure."""

from collections.abc import Iterable

from deals.choices import Qualifier, Stage, Status


def standing(status: str | None, qualifiers: Iterable[str] = ()) -> str:
    """A status with its qualifiers, never without: “confirmed (in part: terms changed, recorded late)”."""
    words = qualifier_words(qualifiers)
    return f"{status_word(status)} ({', '.join(words)})" if words else status_word(status)


def status_word(status: str | None) -> str:
    return _lower(Status(status).label) if status else "no status"


def qualifier_words(qualifiers: Iterable[str]) -> list[str]:
    """The words for qualifiers, in the order of the vocabulary."""
    return [_lower(choice.label) for choice in Qualifier if choice.value in set(qualifiers)]


def stage_word(stage: str) -> str:
    return _lower(Stage(stage).label) if stage else ""


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]
