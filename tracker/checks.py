"""What must be so before the web or a worker may start, and what is asked of it while it runs."""

import sys
from functools import cache

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def unapplied() -> list[str]:
    """The migrations that the code has and the database has not, as "app.name"; one query."""
    return sorted(
        f"{app}.{name}" for app, name in _known_migrations() - set(MigrationRecorder(connection).applied_migrations())
    )


def refusal() -> str:
    """Why the site must not start on this database, in one sentence; empty if it may."""
    try:
        missing = unapplied()
    except (DatabaseError, ImproperlyConfigured):
        return "The database does not answer."
    if missing:
        return (
            f"The database is behind its migrations (the first of {len(missing)}: {missing[0]}): run manage.py migrate."
        )
    return ""


def require_database() -> None:
    """End this process with one line if the database is away or behind; leaves no connection open for a fork."""
    sentence = refusal()
    connection.close()
    if hasattr(connection, "close_pool"):
        connection.close_pool()
    if sentence:
        sys.exit(f"Hearsay does not start. {sentence}")
