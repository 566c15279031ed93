"""Many rows in one statement, on both databases.

The ORM gives each value a placeholder of its own, and with thousands of rows more time goes into reading the statement
than into storing them. PostgreSQL takes one array a column instead, or one value where all rows have the same; SQLite
takes the same statement once a row.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from django.db import connection, models


class Row(SimpleNamespace):
    """A row to be stored: all columns of a model but the key, by attribute. Made in a twentieth of an instance's time."""


def row(model: type[models.Model], **columns: Any) -> Row:
    """With the model's defaults for the columns that are not named."""
    return Row(**{**defaults(model), **columns})


@cache
def defaults(model: type[models.Model]) -> dict[str, Any]:
    """Those that are the same for each row."""
    same = [field for field in columns_of(model) if not (field.has_default() and callable(field.default))]
    return {field.attname: field.get_default() for field in same}


@cache
def columns_of(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not field.primary_key]


def insert(model: type[models.Model], rows: Sequence[Row], *, once: Sequence[str], update: Sequence[str] = ()) -> None:
    """Insert new rows, in one statement and for SQLite within a transaction.

    Where a row with the same values in the fields `once` stands already, its fields `update` take the new values; with
    none of these it stays as it is.
    """
    if not rows:
        return
    fields = columns_of(model)
    columns = [list(map(attrgetter(field.attname), rows)) for field in fields]
    into = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({', '.join(map(name_of, fields))})"
    unless = f"ON CONFLICT ({', '.join(quoted(model, name) for name in once)}) DO {what_then(model, update)}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            selected, values = select(fields, columns)
            cursor.execute(f"{into} {selected} {unless}", values)
        else:
            marks = ", ".join(["%s"] * len(fields))
            prepared = [prepare(field, column) for field, column in zip(fields, columns, strict=True)]
            cursor.executemany(f"{into} VALUES ({marks}) {unless}", list(zip(*prepared, strict=True)))


def what_then(model: type[models.Model], update: Sequence[str]) -> str:
    taken = ", ".join(f"{quoted(model, name)} = EXCLUDED.{quoted(model, name)}" for name in update)
    return f"UPDATE SET {taken}" if taken else "NOTHING"


def select(fields: Sequence[Any], columns: Sequence[list[Any]]) -> tuple[str, list[Any]]:
    """Rows for PostgreSQL: columns of which all values are the same as one value, the others as a table of arrays."""
    selected: list[str] = []
    constants: list[Any] = []
    types: list[str] = []
    varied: list[list[Any]] = []
    for field, column in zip(fields, columns, strict=True):
        if column.count(column[0]) == len(column) and varied:
            selected.append(f"%s::{field.db_type(connection)}")
            constants += prepare(field, column[:1])
        else:
            types.append(field.db_type(connection))
            varied.append(prepare(field, column))
            selected.append(f"v.column{len(types)}")
    source, values = table(types, varied)
    return f"SELECT {', '.join(selected)} FROM {source}", [*constants, *values]  # noqa: S608  names alone


def prepare(field: Any, values: list[Any]) -> list[Any]:
    """Values as the database's driver takes them."""
    if native(field).issuperset(map(type, values)):
        return values
    return [field.get_db_prep_save(value, connection) for value in values]


def native(field: Any) -> frozenset[type]:
    """The types of a field's values that its driver takes as they are."""
    if isinstance(field, models.JSONField | models.UUIDField):
        return frozenset()
    more: set[type] = {bytes, datetime} if connection.vendor == "postgresql" else set()
    return frozenset({str, int, bool, type(None), *more})


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
