"""Many rows in one statement, on both databases.

The ORM gives each value a placeholder of its own, and with thousands of rows more time goes into reading the statement
than into storing them. PostgreSQL takes one array a column instead, SQLite the same statement once a row.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models


def insert(rows: Sequence[models.Model], *, once: Sequence[str], update: Sequence[str] = ()) -> None:
    """Insert new rows of one model, in one statement and for SQLite within a transaction.

    Where a row with the same values in the fields `once` stands already, its fields `update` take the new values; with
    none of these it stays as it is.
    """
    if not rows:
        return
    model = type(rows[0])
    fields: list[Any] = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = [[field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows] for field in fields]
    keys = ", ".join(quoted(model, name) for name in once)
    taken = ", ".join(f"{quoted(model, name)} = EXCLUDED.{quoted(model, name)}" for name in update)
    into = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({', '.join(map(name_of, fields))})"
    unless = f"ON CONFLICT ({keys}) DO {f'UPDATE SET {taken}' if taken else 'NOTHING'}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            source, values = table([field.db_type(connection) for field in fields], columns)
            cursor.execute(f"{into} SELECT * FROM {source} {unless}", values)  # noqa: S608  names alone
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"{into} VALUES ({marks}) {unless}", list(zip(*columns, strict=True)))


def table(types: Sequence[str], columns: Sequence[Sequence[Any]]) -> tuple[str, Sequence[Any]]:
    """Columns of values, each of a type of the database, as a table `v` with column1, column2, …: SQL and its values."""
    if connection.vendor == "postgresql":
        names = ", ".join(f"column{number}" for number in range(1, len(types) + 1))
        return f"unnest({', '.join(f'%s::{kind}[]' for kind in types)}) AS v({names})", columns
    row = f"({', '.join(['%s'] * len(types))})"
    rows = list(zip(*columns, strict=True))
    return f"(VALUES {', '.join([row] * len(rows))}) AS v", [value for values in rows for value in values]


def quoted(model: type[models.Model], name: str) -> str:
    return name_of(model._meta.get_field(name))


def name_of(field: Any) -> str:
    return connection.ops.quote_name(field.column)
