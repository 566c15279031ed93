"""Which claims a reader asks for, and what the record held of them at the moment asked for. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from deals import record
from deals.choices import SourceKind
from deals.fold import Row, fold
from deals.history import ROW_FIELDS, to_row
from deals.models import Claim, CompanyAlias, Evidence, Ground, Party, StatusChange, Term
from deals.models.evidence import STATEMENT_FIELDS
from deals.terms import term_lines

WORDS = 10
# Sources that carry nobody's word but the speaker's own.
OWN_WORD = (SourceKind.EXCHANGE, SourceKind.REGULATOR, SourceKind.NEWSROOM)


def claims(asked: Mapping, among: QuerySet[Claim] | None = None) -> QuerySet[Claim]:
    """The public claims (or those `among`) that match what was asked: status apart, which may need the fold."""
    found = Claim.objects.public() if among is None else among
    if companies := asked.get("company"):
        found = found.filter(Exists(Party.objects.filter(claim=OuterRef("pk"), company__slug__in=companies)))
    if deals := asked.get("deal"):
        found = found.filter(deal__slug__in=deals)
    if types := asked.get("type"):
        found = found.filter(type__in=types)
    if sources := asked.get("source"):
        reported = Q(report__source__slug__in=sources) | Q(origin__source__slug__in=sources)
        held = _held(Evidence.objects.filter(reported), asked.get("as_of"), asked.get("known_at"))
        found = found.filter(Exists(held.filter(claim=OuterRef("pk"))))
    for word in asked.get("search", "").split()[:WORDS]:
        found = found.filter(_names(word))
    if since := asked.get("updated_since"):
        found = found.filter(_updated(since))
    return found


def with_status(found: QuerySet[Claim], asked: Mapping) -> QuerySet[Claim]:
    """Of these claims, the ones whose status is asked for: by the stored column, or folded at the moment asked for."""
    statuses = {None if status == "none" else status for status in asked.get("status", [])}
    if not statuses:
        return found
    as_of, known_at = asked.get("as_of"), asked.get("known_at")
    if as_of is None and known_at is None:
        return found.filter(status__in=statuses - {None}) if statuses - {None} else found.none()
    return found.filter(_stood(found, statuses, as_of, known_at))


def _stood(found: QuerySet[Claim], statuses: set, as_of: datetime | None, known_at: datetime | None) -> Q:
    """Which claims had one of the statuses then. One query of its own, for the rows of claims caught in between.

    Where every row lies before the moments, the stored status holds; where none does, there was none. Only claims
    with rows on both sides must be folded.
    """
    rows = StatusChange.objects.filter(claim=OuterRef("pk"))
    within, beyond = Q(), Q(pk__in=[])
    if as_of:
        within, beyond = within & Q(event_at__lte=as_of), beyond | Q(event_at__gt=as_of)
    if known_at:
        within, beyond = within & Q(recorded_at__lte=known_at), beyond | Q(recorded_at__gt=known_at)
    begun, settled = Exists(rows.filter(within)), ~Exists(rows.filter(beyond))
    between = found.filter(begun, ~settled).order_by()
    histories = _rows(StatusChange.objects.filter(claim__in=between.values("pk")), known_at)
    folded = [pk for pk, history in histories.items() if fold(history, as_of, known_at).status in statuses]
    stood = Q(begun, settled, status__in=statuses - {None}) | Q(pk__in=folded)
    return stood | Q(~begun) if None in statuses else stood


def _rows(changes: QuerySet[StatusChange], known_at: datetime | None = None) -> dict[int, list[Row]]:
    """The rows of the history as plain values, by claim id: one query."""
    rows = defaultdict(list)
    known = changes.filter(recorded_at__lte=known_at) if known_at else changes
    for values in known.order_by("position").values(*ROW_FIELDS):
        rows[values["claim_id"]].append(to_row(values))
    return rows


def _names(word: str) -> Q:
    bearers = Q(company__name__icontains=word) | Exists(
        CompanyAlias.objects.filter(company=OuterRef("company"), name__icontains=word)
    )
    return Q(wording__icontains=word) | Exists(Party.objects.filter(bearers, claim=OuterRef("pk")))


def _updated(since: datetime) -> Q:
    """Published, changed, edited, or with evidence or terms that came, changed or were withdrawn since then."""
    of_claim = {"claim": OuterRef("pk")}
    return (
        Q(created_at__gte=since)
        | Q(public_since__gte=since)
        | Exists(StatusChange.objects.filter(**of_claim, recorded_at__gte=since))
        | Exists(Term.objects.filter(_term_since(since), evidence__claim=OuterRef("pk")))
        | Exists(Evidence.history.filter(claim_id=OuterRef("pk"), history_date__gte=since))
        | Exists(Claim.history_of_edits.filter(id=OuterRef("pk"), history_date__gte=since))
    )


def _term_since(since: datetime) -> Q:
    return Q(recorded_at__gte=since) | Q(withdrawn_at__gte=since)


def with_parties(found: QuerySet[Claim]) -> QuerySet[Claim]:
    """With the deal and the parties, in two queries however many claims."""
    return found.select_related("deal", "part_of").prefetch_related(
        Prefetch("parties", Party.objects.select_related("company"))
    )


def stand(found: Iterable[Claim], as_of: datetime | None = None, known_at: datetime | None = None) -> list[Claim]:
    """The claims, each with what the record held of it then, in a constant number of queries.

    `.standing`, `.since_precision`; `.said`, its evidence, and `.origins`, the same grouped; `.report_count` and
    `.origin_count`, in which a retracted origin counts for none; `.terms`, what its evidence states of terms.
    """
    found = list(found)
    standings = record.standings(found, as_of, known_at)
    deciding = StatusChange.objects.filter(
        pk__in=[standing.set_by for standing in standings.values() if standing.set_by]
    )
    precisions = dict(deciding.order_by().values_list("pk", "precision"))
    held: dict[int, list[Evidence]] = {claim.pk: [] for claim in found}
    for item in evidence_known(Evidence.objects.filter(claim__in=found), as_of, known_at):
        held[item.claim_id].append(item)
    for claim in found:
        claim.standing = standings[claim.pk]
        claim.since_precision = precisions.get(claim.standing.set_by)
        claim.said = held[claim.pk]
        claim.origins = record.independent_origins(claim.said)
        claim.report_count = len({item.report_id for group in claim.origins for item in group.evidence})
        claim.origin_count = sum(1 for group in claim.origins if group.counts)
        counted = [item for item in claim.said if item.withdrawn_at is None and not item.report.retracted]
        claim.terms = term_lines((item.pk, item.stance, term.fact) for item in counted for term in item.stated)
    return found


def as_recorded(changes: Iterable[StatusChange]) -> list[StatusChange]:
    """The changes, each with `.standing`: how its claim stood when it had just been recorded. One query."""
    changes = list(changes)
    rows = _rows(StatusChange.objects.filter(claim__in={change.claim_id for change in changes}))
    for change in changes:
        change.standing = fold(row for row in rows[change.claim_id] if row.position <= change.position)
    return changes


def evidence_known(
    evidence: QuerySet[Evidence], as_of: datetime | None = None, known_at: datetime | None = None
) -> list[Evidence]:
    """The evidence that the record held at `known_at` of what was said by `as_of`, as it stood then: four queries.

    Each has `.stated`, its terms. What a row of the history rests on stays in it, though it was said after the event or has been withdrawn since.
    """
    held = _held(evidence, as_of, known_at).with_record().prefetch_related("report__source__official_for")
    found = list(held.order_by("said_at", "pk"))
    if known_at:
        _read_as_then(found, known_at)
    stated: dict[int, list[Term]] = {item.pk: [] for item in found}
    for term in Term.objects.known(known_at).filter(evidence__in=list(stated)):
        stated[term.evidence_id].append(term)
    for item in found:
        item.stated = stated[item.pk]
    return [_as_it_stood(item, as_of, known_at) for item in found]


def _held(evidence: QuerySet[Evidence], as_of: datetime | None, known_at: datetime | None) -> QuerySet[Evidence]:
    resting = Ground.objects.filter(evidence=OuterRef("pk"))
    if known_at:
        resting, evidence = (
            resting.filter(change__recorded_at__lte=known_at),
            evidence.filter(recorded_at__lte=known_at),
        )
    if as_of:
        resting = resting.filter(change__event_at__lte=as_of)
    # What was said on a day that nobody knows was said when it was recorded at the latest.
    said = Q(said_at__lte=as_of) | Q(said_at=None, recorded_at__lte=as_of) if as_of else Q()
    return evidence.filter((record.known(known_at) & said) | Exists(resting))


def _read_as_then(evidence: Iterable[Evidence], known_at: datetime) -> None:
    """Give evidence back what was read in it at `known_at`: origin, answer and translation stay correctable.

    An import states when it was recorded, but its first edit is of the day of the import: it holds until the next.
    """
    then: dict[int, Any] = {}
    edits = Evidence.history.filter(id__in=[item.pk for item in evidence]).order_by("history_id")
    for edit in edits.select_related("company", "origin__source", "answers__source"):
        if edit.id not in then or edit.history_date <= known_at:
            then[edit.id] = edit
    for item in evidence:
        if edit := then.get(item.pk):
            for name in STATEMENT_FIELDS:
                setattr(item, name, getattr(edit, name))


def _as_it_stood(item: Evidence, as_of: datetime | None, known_at: datetime | None) -> Evidence:
    if known_at and item.withdrawn_at and item.withdrawn_at > known_at:
        item.withdrawn_at = None
    by = min((moment for moment in (as_of, known_at) if moment), default=None)
    for report in (item.report, item.origin, item.answers):
        if by and report and report.retracted_at and report.retracted_at > by:
            report.retraction, report.retracted_at = "", None
    return item


def first_hand(item: Evidence) -> bool:
    """Whether the speaker's own outlet carries the words; else they are as reported by an outlet."""
    source = item.report.source
    return source.kind in OWN_WORD or item.company_id in {company.pk for company in source.official_for.all()}
