"""Linking what a report says to claims: the verbs around Report and Evidence. No status moves here."""

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from courlan import normalize_url
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.encoding import iri_to_uri

from deals import clock
from deals.choices import Certainty, Part, Precision, Retraction, SpeakerKind, Stance
from deals.models import Claim, Company, Evidence, Report, Snapshot, Source, Term
from deals.terms import Fact

LONGEST_URL = 2048


class LinkError(Exception):
    """The link cannot be made; the message is one sentence for the editor."""


# Most addresses are canonical as they stand. What this matches, `normalized` gives back unchanged.
CANONICAL = re.compile(
    r"https?://(?!.*xn--)(?:[a-z0-9-]{1,63}\.){1,8}[a-z0-9-]{1,63}(?:/[A-Za-z0-9_-](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?)*/?"
)


def canonical_url(url: str) -> str:
    """The address under which a report is kept: http(s), trackers and fragment cut, percent-encoded.

    Raises LinkError for anything that is not such an address.
    """
    url = url.strip()
    return url if len(url) <= LONGEST_URL and CANONICAL.fullmatch(url) else normalized(url)


def normalized(url: str) -> str:
    refusal = LinkError("A report's address must begin with http:// or https://, name a host, and be a plain link.")
    if len(url) > LONGEST_URL or any(character <= " " or character == "\x7f" for character in url):
        raise refusal
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise refusal
        host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
        netloc = (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
        plain = urlunsplit((parts.scheme.lower(), netloc, iri_to_uri(parts.path), iri_to_uri(parts.query), ""))
        canonical = normalize_url(plain)
    except ValueError as error:
        raise refusal from error
    if len(canonical) > LONGEST_URL:
        raise refusal
    return canonical


def report_at(
    url: str,
    *,
    source: Source,
    title: str,
    published_at: datetime | None = None,
    published_precision: str = Precision.INSTANT,
    language: str = "",
    recorded_at: datetime | None = None,
) -> Report:
    """The report at this address; made if we do not hold it, else the one that stands, unchanged."""
    title = title.strip()[:500]
    if not title:
        raise LinkError("A report needs a title.")
    report, _ = Report.objects.get_or_create(
        url=canonical_url(url),
        defaults={
            "source": source,
            "title": title,
            "published_at": published_at,
            "published_precision": published_precision,
            "language": language or source.language,
            "recorded_at": recorded_at or clock.now(),
        },
    )
    return report


def placeholder(
    source: Source,
    title: str,
    published_at: datetime | None = None,
    precision: str = Precision.DAY,
    recorded_at: datetime | None = None,
) -> Report:
    """The stand-in for one story of one source that others cite and we do not hold; made once."""
    report, _ = Report.objects.get_or_create(
        source=source,
        title=title.strip()[:500],
        placeholder=True,
        defaults={
            "published_at": published_at,
            "published_precision": precision,
            "language": source.language,
            "recorded_at": recorded_at or clock.now(),
        },
    )
    return report


def link(
    claim: Claim,
    report: Report,
    *,
    stance: str,
    by: AbstractBaseUser | None,
    speaker_kind: str = SpeakerKind.OUTLET,
    speaker_name: str = "",
    speaker_role: str = "",
    company: Company | None = None,
    quote: str = "",
    translation: str = "",
    certainty: str = Certainty.STATED,
    part: str = Part.BODY,
    said_at: datetime | None = None,
    said_precision: str = Precision.DAY,
    origin: Report | None = None,
    answers: Report | None = None,
    snapshot: Snapshot | None = None,
    terms: Iterable[tuple[Fact, str]] = (),
    recorded_at: datetime | None = None,
) -> Evidence:
    """Link what a report says on a claim; the same statement of the same speaker is linked once.

    `said_at` defaults to the report's publication, `snapshot` to what was read of it last; of each of the `terms` the
    words come with it. Raises LinkError for a link that makes no sense.
    """
    if origin == report:
        origin = None
    if said_at is None and report.published_at:
        said_at, said_precision = report.published_at, report.published_precision
    evidence = Evidence(
        claim=claim,
        report=report,
        stance=stance,
        speaker_kind=speaker_kind,
        speaker_name=speaker_name.strip(),
        speaker_role=speaker_role.strip(),
        company=company,
        quote=quote.strip(),
        translation=translation.strip(),
        certainty=certainty,
        part=part,
        said_at=said_at,
        said_precision=said_precision,
        origin=origin,
        answers=answers,
        snapshot=snapshot or report.snapshots.first(),
        recorded_at=recorded_at or clock.now(),
        recorded_by=by,
    )
    if standing := same_statement(evidence):
        state_terms(standing, terms, by=by)
        return standing
    try:
        evidence.full_clean(exclude=["claim", "report", "company", "origin", "answers", "recorded_by"])
    except ValidationError as error:
        raise LinkError(" ".join(error.messages)) from error
    try:
        with transaction.atomic():
            evidence.save()
            state_terms(evidence, terms, by=by)
    except IntegrityError:
        if standing := same_statement(evidence):  # another editor linked it a moment ago
            return standing
        raise
    return evidence


def state_terms(evidence: Evidence, terms: Iterable[tuple[Fact, str]], *, by: AbstractBaseUser | None) -> None:
    """Record the facts that a statement gives, each with its words; one that is recorded already stays as it is."""
    for fact, words in terms:
        term = Term(evidence=evidence, words=words.strip()[:200], recorded_by=by, **vars(fact))
        if evidence.terms.current().filter(kind=term.kind, words=term.words).exists():
            continue
        try:
            term.full_clean(exclude=["evidence", "recorded_by"])
        except ValidationError as error:
            raise LinkError(" ".join(error.messages)) from error
        term.save()


def take_back(term: Term, *, by: AbstractBaseUser | None) -> None:
    """Take a term back; it stays in the record. Taken back twice it is taken back once."""
    Term.objects.current().filter(pk=term.pk).update(withdrawn_at=clock.now(), withdrawn_by=by)


def same_statement(evidence: Evidence) -> Evidence | None:
    """The standing evidence that says the same of the same claim by the same speaker, if it is linked already."""
    return (
        Evidence.objects.current()
        .filter(
            claim=evidence.claim_id,
            report=evidence.report_id,
            stance=evidence.stance,
            company=evidence.company_id,
            speaker_kind=evidence.speaker_kind,
            speaker_name=evidence.speaker_name,
            speaker_role=evidence.speaker_role,
        )
        .first()
    )


def mark(report: Report, how: str, *, by: AbstractBaseUser | None, note: str) -> None:
    """Record that its outlet corrected or retracted a report; `how` is a Retraction. No status moves.

    Raises LinkError without a note, and if somebody recorded the same meanwhile.
    """
    if not note.strip():
        raise LinkError("Say how its outlet corrected or retracted it.")
    with transaction.atomic():
        held = Report.objects.select_for_update().get(pk=report.pk)
        if held.retraction in (how, Retraction.RETRACTED):
            raise LinkError(f"It is recorded already that this report was {held.get_retraction_display()}.")
        held.retraction, held.retracted_at, held.retraction_note = how, clock.now(), note.strip()[:500]
        held._history_user = by
        held.save(update_fields=["retraction", "retracted_at", "retraction_note"])


def answer(
    report: Report,
    answered: Report,
    claims: Iterable[Claim],
    *,
    by: AbstractBaseUser | None,
    stance: str = Stance.DENIES,
    **statement,
) -> list[Evidence]:
    """This report answers that one, over these claims and no others: one Evidence each. See `link`.

    A statement that is linked already is told what it answers; one that answers another report is refused.
    """
    claims = list(claims)
    if not claims:
        raise LinkError("Tick at least one claim that the answer covers.")
    if report == answered:
        raise LinkError("A report does not answer itself.")
    with transaction.atomic():
        evidence = [link(claim, report, stance=stance, by=by, answers=answered, **statement) for claim in claims]
        for item in evidence:
            _answer_by(item, answered)
    return evidence


def _answer_by(evidence: Evidence, answered: Report) -> None:
    """Keep what a statement answers where it was linked before that was known."""
    if evidence.answers_id == answered.pk:
        return
    if evidence.answers_id:
        raise LinkError(f"That statement is linked as the answer to “{evidence.answers}”. Correct it on its own page.")
    evidence.answers = answered
    evidence.save(update_fields=["answers"])


def withdraw(evidence: Evidence, *, by: AbstractBaseUser | None, reason: str) -> None:
    """Take a link back; it stays in the record, with who and why. A decision that rests on it stays in force."""
    if not reason.strip():
        raise LinkError("Say why the evidence is withdrawn.")
    withdrawn = Evidence.objects.current().filter(pk=evidence.pk)
    now = clock.now()
    if not withdrawn.update(withdrawn_at=now, withdrawn_by=by, withdrawn_reason=reason.strip()[:300]):
        raise LinkError("That evidence was withdrawn already.")
    evidence.withdrawn_at, evidence.withdrawn_by, evidence.withdrawn_reason = now, by, reason.strip()[:300]  # type: ignore[assignment]
