"""How often a claim is searched for: often while it is hot, then ever more seldom, at last no more. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = 3_600  # seconds
DAY = 86_400

HOT = 15 * 60  # seconds between two polls
HOT_FOR = timedelta(days=3)  # after the last sign of life
YOUNG_FOR = timedelta(days=7)  # after it was opened, of a rumor

# By status, what comes when a claim is hot no more: until when after the last sign of life, and seconds between two
# polls till then. After the last line it is asked for no more.
SETTLED = ((timedelta(days=14), HOUR), (timedelta(days=30), 6 * HOUR), (timedelta(days=90), DAY))
COOLING = {
    None: ((timedelta(days=14), HOUR),),
    "rumored": ((timedelta(days=14), HOUR), (timedelta(days=60), 6 * HOUR), (timedelta(days=365), DAY)),
    "confirmed": SETTLED,
    "denied": SETTLED,
}
OFTEN = {HOT: "every 15 minutes", HOUR: "every hour", 6 * HOUR: "every 6 hours", DAY: "once a day"}


@dataclass(frozen=True)
class Pulse:
    """What tells how hot a claim is. Signs of life are evidence linked, a row of its history, an editor's wish."""

    status: str | None  # None: a draft
    opened_at: datetime
    stirred_at: datetime  # the last sign of life


@dataclass(frozen=True)
class Heat:
    """How often to ask, until when that holds if nothing happens, and why in words. `interval` is seconds, None: never."""

    interval: int | None
    why: str
    until: datetime | None = None


NOT_WANTED = Heat(None, "Not asked: no claim wants it.")


def heat_of(pulse: Pulse, now: datetime) -> Heat:
    hot_until = pulse.stirred_at + HOT_FOR
    if pulse.status == "rumored":
        hot_until = max(hot_until, pulse.opened_at + YOUNG_FOR)
    cooling = ((pulse.stirred_at + age, interval) for age, interval in COOLING[pulse.status])
    why = f"{pulse.status or 'a draft'}, last stirred on {day(pulse.stirred_at)}"
    for until, interval in ((hot_until, HOT), *cooling):
        if now < until:
            return Heat(interval, f"Asked {OFTEN[interval]}: {why}.", until)
    return Heat(None, f"Not asked any more: {why}.")


def hottest(heats: Sequence[Heat]) -> Heat:
    """The heat that counts where several claims want the same: of the most frequent the longest."""
    wanted = [heat for heat in heats if heat.interval and heat.until]
    if wanted:
        return min(wanted, key=lambda heat: (heat.interval, -heat.until.timestamp()))  # type: ignore[union-attr]
    return next(iter(heats), NOT_WANTED)


def day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"
