"""Reading the record: how claims stood on any day as known on any day, timelines, and origins collapsed. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from django.db.models import Max, Q
from django.utils.dateparse import parse_date, parse_datetime

from deals import clock
from deals.choices import Qualifier, Retraction, Stance, Status
from deals.fold import NOTHING, Standing, Step, fold
from deals.history import ROW_FIELDS, to_row
from deals.models import Claim, Evidence, Ground, Report, StatusChange

STALE_AFTER = timedelta(days=180)
FIRST_YEAR, LAST_YEAR = 1900, 2200


def parse_moment(text: str) -> datetime:
    """An aware UTC instant from "2024-04-15T05:00:00Z" or "2023-09-01", a bare date being its end.

    Raises ValueError with a sentence that says what to write instead.
    """
    wrong = ValueError(
        "Write a date such as 2024-04-15 (its end in UTC) or a time with its zone: 2024-04-15T05:00:00Z."
    )
    if not isinstance(text, str) or len(text) > 40 or not text.isascii():
        raise wrong
    try:
        day = parse_date(text)
        moment = datetime.combine(day, time.max, UTC) if day else parse_datetime(text.replace(" ", "+"))
        if moment is None or moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise wrong
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise wrong from error


def standings(
    claims: Iterable[Claim], as_of: datetime | None = None, known_at: datetime | None = None
) -> dict[int, Standing]:
    """How each claim stood at `as_of` as the record had it at `known_at` (both default to now), by claim id.

    Three queries however many claims; the derived qualifiers are in.
    """
    claims = list(claims)
    now = clock.now() if as_of is None or known_at is None else None
    as_of, known_at = as_of or now, known_at or now
    rows = defaultdict(list)
    for values in StatusChange.objects.filter(claim__in=claims, recorded_at__lte=known_at).values(*ROW_FIELDS):
        rows[values["claim_id"]].append(to_row(values))
    folded = {claim.pk: fold(rows[claim.pk], as_of, known_at) if claim.pk in rows else NOTHING for claim in claims}

    supported = _newest_support(folded, as_of, known_at)
    shaken = _without_standing_ground(folded, min(as_of, known_at))
    found = {}
    for claim in claims:
        standing = folded[claim.pk]
        derived = set()
        if standing.status == Status.RUMORED and as_of - (supported.get(claim.pk) or standing.since) >= STALE_AFTER:
            derived.add(Qualifier.STALE)
        if standing.status and claim.due and as_of.astimezone(UTC).date() > claim.due:
            derived.add(Qualifier.DEADLINE_PASSED)
        if standing.set_by in shaken:
            derived.add(Qualifier.ORIGIN_RETRACTED)
        found[claim.pk] = replace(standing, qualifiers=standing.qualifiers | derived) if derived else standing
    return found


def standing(claim: Claim, as_of: datetime | None = None, known_at: datetime | None = None) -> Standing:
    """How one claim stood; see `standings`."""
    return standings([claim], as_of, known_at)[claim.pk]


def known(at: datetime | None) -> Q:
    """The evidence that the record held at an instant."""
    if at is None:
        return Q(withdrawn_at=None)
    return Q(recorded_at__lte=at) & (Q(withdrawn_at=None) | Q(withdrawn_at__gt=at))


def _newest_support(folded: dict[int, Standing], as_of: datetime, known_at: datetime) -> dict[int, datetime]:
    rumored = [claim for claim, standing in folded.items() if standing.status == Status.RUMORED]
    support = Evidence.objects.filter(known(known_at), claim__in=rumored, stance=Stance.SUPPORTS, said_at__lte=as_of)
    return dict(support.values_list("claim").annotate(Max("said_at")).order_by())


def _without_standing_ground(folded: dict[int, Standing], by: datetime) -> set[int]:
    """The deciding rows all of whose evidence comes from reports or origins that were retracted by then."""
    deciding = [standing.set_by for standing in folded.values() if standing.set_by]
    grounds = Ground.objects.filter(change__in=deciding).values_list(
        "change_id",
        "evidence__report__retraction",
        "evidence__report__retracted_at",
        "evidence__origin__retraction",
        "evidence__origin__retracted_at",
    )
    gone = defaultdict(list)
    for change, *retractions in grounds:
        pairs: tuple[list, list] = (retractions[:2], retractions[2:])
        gone[change].append(any(how == Retraction.RETRACTED and when <= by for how, when in pairs))
    return {change for change, each in gone.items() if all(each)}


@dataclass(frozen=True)
class TimelineRow:
    """A row of the history with what it did when the whole history is folded."""

    change: StatusChange
    before: str | None
    after: str | None
    moot: bool
    replaced_by: StatusChange | None

    @property
    def counts(self) -> bool:
        return not self.moot and self.replaced_by is None


def timeline(
    changes: Sequence[StatusChange], as_of: datetime | None = None, known_at: datetime | None = None
) -> list[TimelineRow]:
    """The rows of one claim in fold order (event, then position), each with its effect; takes no query.

    `changes` are all rows of the claim, as `claim.changes.with_record()` gives them. Rows not known at `known_at`,
    and rows of later events than `as_of`, are left out.
    """
    known_rows = [change for change in changes if known_at is None or change.recorded_at <= known_at]
    values = [to_row({name: getattr(change, name) for name in ROW_FIELDS}) for change in known_rows]
    steps = {step.row: step for step in fold(values, as_of, known_at).steps}
    replaced_by = {change.supersedes_id: change for change in known_rows if change.supersedes_id}
    shown = [change for change in known_rows if as_of is None or change.event_at <= as_of]
    shown.sort(key=lambda change: (change.event_at, change.position))
    nothing = Step(0, None, None, False)
    return [
        TimelineRow(
            change=change,
            before=(step := steps.get(change.pk, nothing)).before,
            after=step.after,
            moot=step.moot,
            replaced_by=replaced_by.get(change.pk),
        )
        for change in shown
    ]


@dataclass(frozen=True)
class OriginGroup:
    """Reports that retell one origin: they count once, or not at all once it is retracted."""

    root: Report
    evidence: tuple[Evidence, ...]

    @property
    def counts(self) -> bool:
        return not self.root.retracted

    @property
    def reports(self) -> int:
        return len({item.report_id for item in self.evidence})


def independent_origins(evidence: Iterable[Evidence]) -> list[OriginGroup]:
    """Evidence of one claim grouped by the report where its chain of retelling ends, oldest origin first."""
    evidence = [item for item in evidence if item.withdrawn_at is None]
    cited = {item.report_id: item.origin for item in evidence if item.origin_id}
    groups: dict[int, list[Evidence]] = defaultdict(list)
    roots: dict[int, Report] = {}
    for item in evidence:
        root, passed = item.root, {item.report_id}
        while root.pk in cited and root.pk not in passed:
            passed.add(root.pk)
            root = cited[root.pk]
        roots[root.pk] = root
        groups[root.pk].append(item)
    far = datetime.max.replace(tzinfo=UTC)
    ordered = sorted(roots.values(), key=lambda root: (root.published_at or far, root.pk))
    return [OriginGroup(root, tuple(groups[root.pk])) for root in ordered]


def date_in_words(moment: datetime, precision: str) -> str:
    """“on 15 April 2024, 08:00 UTC”, “on 15 April 2024”, “in April 2023”, “by 24 August 2023”."""
    moment = moment.astimezone(UTC)
    day = f"{moment.day} {moment:%B %Y}"
    return {
        "instant": f"on {day}, {moment:%H:%M} UTC",
        "day": f"on {day}",
        "month": f"in {moment:%B %Y}",
        "year": f"in {moment:%Y}",
        "by": f"by {day}",
    }[precision]
