"""Looking at how the engine reads what a function asks of it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session


def whole_tables_read(session: Session, call: Callable[[], object]) -> list[str]:
    """The steps of the plans of everything a call asks that would read a whole table."""
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    asked: list[tuple[str, Any]] = []

    def remember(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", remember)
    try:
        call()
    finally:
        event.remove(connection, "before_cursor_execute", remember)
    if not is_sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    whole = "SCAN " if is_sqlite else "Seq Scan"
    return [
        f"{row[-1]}: {statement}"
        for statement, parameters in asked
        for row in connection.exec_driver_sql(explain + statement, parameters)
        if whole in row[-1] and "CONSTANT ROW" not in row[-1]
    ]
