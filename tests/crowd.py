"""Many public claims at once, each with two rows and two pieces of evidence, written past the verbs for speed."""

from datetime import UTC, datetime, timedelta

from deals.models import Claim, Company, Deal, Evidence, Ground, Party, Report, Source, StatusChange

MORNING = datetime(2024, 4, 15, 2, tzinfo=UTC)


def crowd(size: int, start: int = 0) -> list[Claim]:
    """Denied claims of one deal and one company, numbered from `start`."""
    deal, _ = Deal.objects.get_or_create(title="A deal of many claims")
    company, _ = Company.objects.get_or_create(name="Chery")
    source, _ = Source.objects.get_or_create(name="Yicai")
    claims = Claim.objects.bulk_create(
        Claim(
            wording=f"Claim {number}",
            slug=f"claim-{number}",
            deal=deal,
            published=True,
            public_since=MORNING,
            status="denied",
            version=2,
            created_at=MORNING,
        )
        for number in range(start, start + size)
    )
    Party.objects.bulk_create(Party(claim=claim, company=company) for claim in claims)
    for version, (kind, stance, after) in enumerate(
        [("report", "supports", "rumored"), ("denial", "denies", "denied")], 1
    ):
        at = MORNING + timedelta(hours=version)
        reports = Report.objects.bulk_create(
            Report(
                source=source,
                title=f"{claim}: {kind}",
                url=f"https://news.example/{kind}/{claim.pk}",
                published_at=at,
                recorded_at=at,
            )
            for claim in claims
        )
        evidence = Evidence.objects.bulk_create(
            Evidence(claim=claim, report=report, stance=stance, company=company, said_at=at, recorded_at=at)
            for claim, report in zip(claims, reports, strict=True)
        )
        changes = StatusChange.objects.bulk_create(
            StatusChange(
                claim=claim,
                kind=kind,
                event_at=at,
                precision="instant",
                recorded_at=at,
                position=1_000 * version + number,
                wording=claim.wording,
                status_before="rumored" if version == 2 else None,
                status_after=after,
                version=version,
            )
            for number, claim in enumerate(claims, start)
        )
        Ground.objects.bulk_create(
            Ground(change=change, evidence=item) for change, item in zip(changes, evidence, strict=True)
        )
    return claims
