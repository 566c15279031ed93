"""The settings of a site whose beat ticks every second, for tests that wait for it."""

from tracker.settings import *  # noqa: F403
from tracker.settings import CELERY_BEAT_SCHEDULE

for _entry in CELERY_BEAT_SCHEDULE.values():
    _entry["schedule"] = 1
