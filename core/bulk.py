"""Many rows at once: written the quickest way each engine has, asked for by one parameter.

The rows carry driver values (text, whole numbers, nothing that needs a type's help); SQLAlchemy's
own way spends more time on their parameters than the database does on the rows.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Table,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from core.database import Id

_WORTH_A_COPY = 10  # rows; below that, opening a COPY costs more than it saves


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows in the open transaction: constraints and triggers see each of them."""
    names = ", ".join(columns)
    is_sqlite = connection.dialect.name == "sqlite"
    cursor: Any = connection.connection.cursor()
    try:
        if is_sqlite or len(rows) < _WORTH_A_COPY:
            places = ", ".join(("?" if is_sqlite else "%s",) * len(columns))
            cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({places})", rows)  # noqa: S608  names of our own columns
            return
        with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def driver_value(connection: Connection, table: Table, name: str, value: object) -> Any:
    """What a column's type makes of one value for this engine, asked once for many rows."""
    column_type = table.c[name].type.dialect_impl(connection.dialect)
    process = column_type.bind_processor(connection.dialect)
    return process(value) if process else value


def single(id_: int) -> Select[int]:
    """One id where a selection of ids is asked for."""
    return select(literal(id_, Id))


def listed(connection: Connection, ids: Sequence[int]) -> Select[int]:
    """The ids as a sub-select with one parameter, however many they are."""
    if connection.dialect.name == "sqlite":
        rows = func.json_each(json.dumps(ids)).table_valued("value")
        return select(rows.c.value)
    return select(func.unnest(cast(list(ids), ARRAY(BigInteger))))


def rows_given(
    connection: Connection, columns: Mapping[str, Any], rows: Sequence[Sequence[Any]]
) -> Select[Any]:
    """The rows as a select with one parameter: a statement with it is compiled once.

    ``columns`` are the names and types in the order of the values: texts and whole numbers.
    """
    given = json.dumps(rows, ensure_ascii=False)
    if connection.dialect.name == "sqlite":
        each = func.json_each(given).table_valued("value")
        values: list[Any] = [
            func.json_extract(each.c.value, f"$[{at}]", type_=type_)
            for at, type_ in enumerate(columns.values())
        ]
    else:
        each = func.jsonb_array_elements(cast(literal(given), JSONB)).table_valued(
            column("value", JSONB)
        )
        values = [cast(each.c.value[at].astext, type_) for at, type_ in enumerate(columns.values())]
    return select(*(value.label(name) for name, value in zip(columns, values, strict=True)))
