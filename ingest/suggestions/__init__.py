"""From unread entries to suggestions, and from those to an editor's decision on the item."""

from ingest.suggestions.copies import same_text
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
from ingest.suggestions.looking_back import look_back
from ingest.suggestions.reading import read, read_again, read_overtaken, read_unread, reread
from ingest.suggestions.tracking import tracked

__all__ = [
    "AlreadyDecided",
    "Pick",
    "SuggestionError",
    "accept",
    "look_back",
    "open_claim",
    "read",
    "read_again",
    "read_overtaken",
    "read_unread",
    "reject",
    "reread",
    "see_change",
    "same_text",
    "tracked",
    "undo_decision",
]
