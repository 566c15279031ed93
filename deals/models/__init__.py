"""The record: companies, sources, deals, claims, reports, evidence, and the history of each claim."""

from deals.models.claims import Claim, Deal, Party
from deals.models.companies import Company, CompanyAlias, Parentage
from deals.models.evidence import Evidence
from deals.models.history import Ground, Position, StatusChange
from deals.models.sources import Report, Snapshot, Source, SourceAlias, SourceDomain
from deals.models.terms import Term

__all__ = [
    "Claim",
    "Company",
    "CompanyAlias",
    "Deal",
    "Evidence",
    "Ground",
    "Parentage",
    "Party",
    "Position",
    "Report",
    "Snapshot",
    "Source",
    "SourceAlias",
    "SourceDomain",
    "StatusChange",
    "Term",
]
