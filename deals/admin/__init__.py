"""The desk's tables and the pages on a claim: its record, decide, “this report answers …”, undo."""

from deals.admin import changes, claims, companies, evidence, people, sources

__all__ = ["changes", "claims", "companies", "evidence", "people", "sources"]
