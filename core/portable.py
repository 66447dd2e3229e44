"""SQL that each engine spells, or plans, in its own way."""

import hashlib
from typing import Any

from sqlalchemy import ColumnElement, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class json_text(FunctionElement[str]):  # noqa: N801  it is used like a function of SQL
    """One value as JSON: a text quoted, a number bare, a day in ISO, nothing as null."""

    type = Text()
    inherit_cache = True


class sha256_hex(FunctionElement[str]):  # noqa: N801
    """The SHA-256 of a text in UTF-8, as 64 hexadecimal digits."""

    type = String(64)
    inherit_cache = True


class bytes_hex(FunctionElement[str]):  # noqa: N801
    """So many bytes of a blob from a place on (counted from 1), as hexadecimal digits."""

    type = String()
    inherit_cache = True


class unindexed(FunctionElement[Any]):  # noqa: N801
    """A column as it is, but no reason for SQLite to walk an index of it.

    Without statistics SQLite takes an index that gives the wanted order for the best one, though
    another would lead to a few rows that are quickly sorted.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any] | Any) -> None:
        super().__init__(column)
        self.type = column.type


def sha256_of(text: str) -> str:
    """What ``sha256_hex`` is on an engine without such a function."""
    return hashlib.sha256(text.encode()).hexdigest()


@compiles(json_text, "sqlite")
def _quoted_by_sqlite(element: json_text, compiler: Any, **options: Any) -> str:
    return f"json_quote({compiler.process(element.clauses, **options)})"


@compiles(json_text, "postgresql")
def _quoted_by_postgresql(element: json_text, compiler: Any, **options: Any) -> str:
    return f"coalesce(to_json({compiler.process(element.clauses, **options)})::text, 'null')"


@compiles(sha256_hex, "sqlite")
def _hashed_by_python(element: sha256_hex, compiler: Any, **options: Any) -> str:
    return f"sha256_hex({compiler.process(element.clauses, **options)})"


@compiles(sha256_hex, "postgresql")
def _hashed_by_postgresql(element: sha256_hex, compiler: Any, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


@compiles(bytes_hex, "sqlite")
def _hex_by_sqlite(element: bytes_hex, compiler: Any, **options: Any) -> str:
    return f"lower(hex(substr({compiler.process(element.clauses, **options)})))"


@compiles(bytes_hex, "postgresql")
def _hex_by_postgresql(element: bytes_hex, compiler: Any, **options: Any) -> str:
    blob, *place = (compiler.process(part, **options) for part in element.clauses)
    bounds = ", ".join(f"CAST({part} AS INTEGER)" for part in place)
    return f"encode(substr({blob}, {bounds}), 'hex')"


@compiles(unindexed)
def _as_it_is(element: unindexed, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(unindexed, "sqlite")
def _out_of_reach(element: unindexed, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"
