"""``db upgrade``: the schema of this version, and everything a new installation begins with."""

import click
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from core.database import Database
from core.settings import ROOT
from core.words import _
from flows.catalogue import load_catalogue, load_terminals
from web.commands.frame import CommandGroup
from web.services import current

_UPGRADE_LOCK = 4_219_061_710  # any number, the same in every process

db = CommandGroup("db", help="The database.")


@db.command("upgrade")
def upgrade() -> None:
    """Bring the schema to this version; load funds, provinces, desks, account and terminals."""
    current.settings.instance_dir.mkdir(parents=True, exist_ok=True)
    migrate(current.database)
    with current.database.writing() as session:
        load_catalogue(session)
        load_terminals(session, current.gateways)
    click.echo(_("The database is up to date."))


def migrate(database: Database) -> None:
    """Bring the schema to the newest revision; of two processes at once, one waits."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    with database.engine.connect() as connection:
        _begin_alone(connection, is_sqlite=database.is_sqlite)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _begin_alone(connection: Connection, *, is_sqlite: bool) -> None:
    if is_sqlite:
        connection.execution_options(begin="BEGIN IMMEDIATE")
        connection.begin()
        return
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
