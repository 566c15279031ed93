"""From unread entries to suggestions, and from those to an editor's decision on the item."""

from ingest.suggestions.deciding import (
    AlreadyDecided,
    Pick,
    SuggestionError,
    accept,
    open_claim,
    reject,
    see_change,
    undo_decision,
)
from ingest.suggestions.reading import current_profiles, read, read_again, read_overtaken, read_unread, reread

__all__ = [
    "AlreadyDecided",
    "Pick",
    "SuggestionError",
    "accept",
    "current_profiles",
    "open_claim",
    "read",
    "read_again",
    "read_overtaken",
    "read_unread",
    "reject",
    "reread",
    "see_change",
    "undo_decision",
]
