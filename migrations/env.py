"""How Alembic reaches our database: a connection handed in, or the one the settings name."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, TypeDecorator

from core.database import Database
from core.settings import read_settings
from migrations.tables import METADATA


def main() -> None:
    """Run the migrations on the connection at hand."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate(connection)
        return
    with Database(read_settings().database).engine.begin() as opened:
        _migrate(opened)


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        compare_server_default=True,
        render_item=_plain_type,
        transactional_ddl=True,  # SQLite too: our connections begin their transactions themselves
    )
    with context.begin_transaction():
        context.run_migrations()


def _plain_type(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Write our own column types as plain ones: a migration must outlive today's code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


main()
