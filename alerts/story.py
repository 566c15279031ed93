"""What an alert tells of a claim, in the words that people read: clean text, no markup, no line breaks in a line."""

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from alerts import audience
from alerts.models import Alert, NetChange
from deals import record, words
from deals.choices import Certainty, Kind, Precision, Qualifier, SpeakerKind, Stance
from deals.fold import LATE_AFTER
from deals.models import Claim, Evidence, StatusChange

WEIGHTY = (Stance.SUPPORTS, Stance.CONFIRMS, Stance.DENIES)
LONGEST_HISTORY = 8
LONGEST_QUOTE = 300
# Characters that reorder the text around them: a wording could borrow another's.
REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, longest: int = 1000) -> str:
    """One line of text that is safe in a header: no controls, lone surrogates or reordering marks; cut with “…”."""
    kept = "".join(
        " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character
        for character in text
        if unicodedata.category(character) != "Cs" and character not in REORDERING
    )
    kept = " ".join(kept.split())
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


@dataclass(frozen=True)
class Saying:
    """One piece of evidence: who said it, on whose behalf, through whom, how strong, in which words."""

    who: str
    when: str
    strength: str
    quote: str
    translation: str
    title: str
    url: str
    origin: str


@dataclass(frozen=True)
class Row:
    """One row of the history: what it is, when it happened, what it did, and what it rests on.

    Its reason is the desk's note, and stays there.
    """

    what: str
    when: str
    effect: str
    sayings: tuple[Saying, ...] = ()


@dataclass(frozen=True)
class ClaimStory:
    """All that a mail says of one claim, whoever reads it."""

    wording: str
    company: str
    deal: str
    url: str
    claim: int
    late: str
    steps: tuple[Row, ...]  # what the alert tells, as it was recorded
    why: tuple[Row, ...]  # of these what still holds, newest first
    origins: str
    history: tuple[Row, ...]  # empty if the steps are all of it
    earlier_rows: int


@dataclass(frozen=True)
class AlertStory:
    """An alert's lines and, by net change, what there is to say; read once for all its mails."""

    lines: tuple[audience.Line, ...]
    claims: dict[int, ClaimStory]


def read(alert: Alert, claims: dict[int, ClaimStory] | None = None) -> AlertStory:
    """The story of a closed alert, as the history stood when it was closed.

    `claims` keeps what was read of claims, by net change, for the next alert or the next time.
    """
    claims = {} if claims is None else claims
    line_up = audience.lines(alert)
    missing = [line.net for line in line_up if line.net.pk not in claims]
    if missing:
        told = set(alert.told.values_list("change", flat=True))
        claims.update({net.pk: _claim_story(alert, net, told) for net in missing})
    return AlertStory(tuple(line_up), claims)


def words_for(standing: audience.Standing, *, before: bool) -> str:
    """A standing in words; without a status a claim is new beforehand, and taken back afterwards.

    That a row was recorded late is said of what is told now, not of what stood before.
    """
    if standing.status is None:
        return "new" if before else "taken back, no status"
    shown = [qualifier for qualifier in standing.qualifiers if not (before and qualifier == Qualifier.LATE)]
    return words.standing(standing.status, shown)


def _claim_story(alert: Alert, net: NetChange, told: set[int]) -> ClaimStory:
    claim: Claim = net.claim
    changes = list(claim.changes.with_record().filter(position__lte=alert.until))
    rows = record.timeline(changes)
    steps = [change for change in changes if change.pk in told]
    replaced = {change.supersedes_id for change in changes}
    holding = [change for change in steps if change.pk not in replaced]
    history = rows if len(changes) > len(steps) else []
    party = claim.parties.select_related("company").first()
    return ClaimStory(
        wording=clean(claim.wording),
        company=clean(party.company.name if party else claim.deal.title),
        deal=clean(claim.deal.title),
        url=settings.SITE_URL + claim.get_absolute_url(),
        claim=claim.pk,
        late=_late(holding),
        steps=tuple(_row(change, _effect(change.status_before, change.status_after)) for change in steps),
        why=tuple(_row(change, with_evidence=True) for change in reversed(holding)),
        origins=_origins(claim, alert.closed_at),
        history=tuple(_history_row(row) for row in history[-LONGEST_HISTORY:]),
        earlier_rows=max(0, len(history) - LONGEST_HISTORY),
    )


def _late(changes: list[StatusChange]) -> str:
    """That the newest of these was recorded long after it happened, or nothing."""
    if not changes or changes[-1].recorded_at - changes[-1].event_at <= LATE_AFTER:
        return ""
    happened = record.date_in_words(changes[-1].event_at, changes[-1].precision)
    learned = record.date_in_words(changes[-1].recorded_at, Precision.DAY)
    return f"Recorded late: happened {happened}, learned {learned}."


def _row(change: StatusChange, effect: str = "", with_evidence: bool = False) -> Row:
    return Row(
        what=_what(change),
        when=record.date_in_words(change.event_at, change.precision),
        effect=effect,
        sayings=tuple(_saying(evidence) for evidence in change.evidence.all()) if with_evidence else (),
    )


def _what(change: StatusChange) -> str:
    kind = change.get_kind_display()
    if change.kind == Kind.UNDO and change.supersedes:
        return f"{change.supersedes.get_kind_display()} taken back"
    return f"{kind}, in place of another row" if change.supersedes_id else kind


def _effect(before: str | None, after: str | None) -> str:
    if before == after:
        return f"stays {words.status_word(after)}"
    return f"{words.status_word(before) if before else 'new'} → {words.status_word(after)}"


def _history_row(row: record.TimelineRow) -> Row:
    if row.replaced_by:
        taken_back = row.replaced_by.kind == Kind.UNDO
        effect = "taken back since" if taken_back else "replaced since"
    elif row.change.kind == Kind.UNDO:
        effect = ""
    elif row.moot:
        effect = "changed nothing"
    else:
        effect = _effect(row.before, row.after)
    return _row(row.change, effect)


def _saying(evidence: Evidence) -> Saying:
    report = evidence.report
    address = report.url or ""
    said = record.date_in_words(evidence.said_at, evidence.said_precision) if evidence.said_at else ""
    own_voice = evidence.speaker_kind == SpeakerKind.OUTLET and not evidence.speaker_name and not evidence.speaker_role
    outlet = clean(report.source.name, 200)
    return Saying(
        who=f"{outlet} in its own voice" if own_voice else f"{clean(evidence.speaker, 400)}, via {outlet}",
        when=said,
        strength=_strength(evidence),
        quote=clean(evidence.quote, LONGEST_QUOTE),
        translation=clean(evidence.translation, LONGEST_QUOTE),
        title=clean(report.title, 200),
        url=clean(address, 2048) if address.startswith(("http://", "https://")) else "",
        origin=clean(evidence.origin.source.name, 200) if evidence.origin else "",
    )


def _strength(evidence: Evidence) -> str:
    strength = f"rung {evidence.rung.value} of 5: {evidence.rung.label}"
    return (
        strength
        if evidence.certainty == Certainty.STATED
        else f"{strength}; {evidence.get_certainty_display().lower()}"
    )


def _origins(claim: Claim, at: datetime | None) -> str:
    """How many independent origins supported, confirmed and denied the claim by then; copies of one count once."""
    by_stance = defaultdict(list)
    for evidence in claim.evidence.with_record().filter(record.known(at), stance__in=WEIGHTY):
        by_stance[evidence.stance].append(evidence)
    counts = []
    for stance in WEIGHTY:
        groups = [group for group in record.independent_origins(by_stance[stance]) if group.counts]
        if groups:
            reports = sum(group.reports for group in groups)
            counts.append(f"{len(groups)} {stance.label.lower()} ({reports} report{'' if reports == 1 else 's'})")
    return f"Independent origins: {', '.join(counts)}" if counts else ""
