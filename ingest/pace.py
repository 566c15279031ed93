"""What a feed's own words ask of those who poll it: `ttl`, `sy:updatePeriod`, `skipHours`, `skipDays`. Pure."""

import re
from dataclasses import dataclass
from typing import Any

DAY = 86_400  # seconds; nobody is left alone for longer on a feed's word
PERIODS = {"hourly": 3_600, "daily": DAY, "weekly": 7 * DAY, "monthly": 30 * DAY, "yearly": 365 * DAY}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# feedparser keeps the last hour and the last day of a list alone.
FIRST_ITEM = re.compile(r"<(?:[A-Za-z_][\w.-]{0,50}:)?(?:item|entry)[\s>]")
LONGEST_HEAD = 100_000
HOURS = re.compile(r"<hour>\s{0,99}([0-9]{1,2})\s{0,99}</hour>", re.IGNORECASE)
WEEKDAYS = re.compile(r"<day>\s{0,99}([A-Za-z]{6,9})\s{0,99}</day>", re.IGNORECASE)
COUNT = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Pace:
    """How a feed asks to be polled; what it does not say, or says absurdly, is 0 or empty."""

    wait: int = 0  # seconds between two polls, at most a day
    skip_hours: tuple[int, ...] = ()  # 0 to 23, UTC
    skip_days: tuple[int, ...] = ()  # 0 is Monday


def pace_of(channel: dict[str, Any], document: str) -> Pace:
    """The pace asked for in a feed: `channel` as feedparser read it, and the document from its root on."""
    first = FIRST_ITEM.search(document, 0, LONGEST_HEAD)
    head = document[: first.start() if first else LONGEST_HEAD]
    hours = {int(hour) % 24 for hour in HOURS.findall(within(head, "skipHours")) if int(hour) <= 24}
    days = {DAYS.index(day.lower()) for day in WEEKDAYS.findall(within(head, "skipDays")) if day.lower() in DAYS}
    return Pace(
        wait=min(max(count(channel, "ttl") * 60, update_period(channel)), DAY),
        skip_hours=tuple(sorted(hours)) if len(hours) < 24 else (),
        skip_days=tuple(sorted(days)) if len(days) < 7 else (),
    )


def update_period(channel: dict[str, Any]) -> int:
    """Seconds between two updates, by RSS's syndication module; 0 if it does not say."""
    period = dict.get(channel, "sy_updateperiod")
    frequency = count(channel, "sy_updatefrequency")
    if not isinstance(period, str):
        return DAY // frequency if frequency else 0
    return PERIODS.get(period.strip().lower(), 0) // (frequency or 1)


def count(channel: dict[str, Any], name: str) -> int:
    value = dict.get(channel, name)
    found = COUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(found[0]) if found else 0


def within(head: str, element: str) -> str:
    """What stands in the first element of that name."""
    _, _, after = head.partition(f"<{element}>")
    inside, closed, _ = after.partition(f"</{element}>")
    return inside if closed else ""
