"""A claim's history: `change_status` and `undo` alone write it; what they refuse, they refuse in one sentence."""

from deals.history.dates import event_time
from deals.history.rows import ROW_FIELDS, Conflict, HistoryError, NewRow, history_rows, to_row
from deals.history.weighing import Preview, Way, preview, proposed_event, ways
from deals.history.writing import change_status, undo

__all__ = [
    "ROW_FIELDS",
    "Conflict",
    "HistoryError",
    "NewRow",
    "Preview",
    "Way",
    "change_status",
    "event_time",
    "history_rows",
    "preview",
    "proposed_event",
    "to_row",
    "undo",
    "ways",
]
