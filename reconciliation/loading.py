"""Writing many rows at once by the fastest way each engine has."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.database import Base


def load(
    session: Session,
    model: type[Base],
    columns: Sequence[str],
    rows: Iterable[tuple[object, ...]],
) -> None:
    """Insert rows of values that need no conversion: text, numbers, bytes, ISO days and times.

    Runs in the session's transaction; constraints and triggers hold as for every insert.
    """
    connection = session.connection()
    driver = cast(Any, connection.connection.driver_connection)
    table = model.__table__.name  # type: ignore[attr-defined]
    quote = connection.dialect.identifier_preparer.quote
    if connection.dialect.name == "sqlite":
        statement = insert(model).compile(connection, column_keys=list(columns))
        order = statement.positiontup
        if order is not None and list(order) != list(columns):
            places = [columns.index(name) for name in order]
            rows = map(itemgetter(*places), rows)
        driver.executemany(str(statement), rows)
        return
    names = ", ".join(quote(column) for column in columns)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {quote(table)} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
