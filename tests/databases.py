"""Fresh databases for tests: built once by the migrations, copied for every test."""

import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from core.database import Database
from core.settings import ROOT
from flows.catalogue import enter_terminal, load_catalogue
from ledger.accounts import BankAccount

SERVER_URL = os.environ.get("TEST_DATABASE_URL", "")
TERMINALS = (("mellat-main", "7001"), ("zarinpal-main", "7002"))


class Template:
    """A database with every table and the catalogue, and no people: copied for each test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"mosharekat_test_{uuid.uuid4().hex[:10]}"
        self.url = _server_url(self.name) if SERVER_URL else f"sqlite:///{folder / 'template.db'}"
        if SERVER_URL:
            _on_server(f"CREATE DATABASE {self.name}")
        database = Database(self.url)
        migrate(database)
        with database.writing() as session:
            load_catalogue(session)
            account = session.query(BankAccount).one()
            for name, bank_terminal_id in TERMINALS:
                enter_terminal(session, name, bank_terminal_id, bank_account_id=account.id)
        database.engine.dispose()
        if not SERVER_URL:
            _in_one_file(folder / "template.db")

    @contextmanager
    def copy(self, folder: Path) -> Iterator[str]:
        """The address of a fresh copy; it is gone when the test ends."""
        if not SERVER_URL:
            shutil.copyfile(self.folder / "template.db", folder / "test.db")
            yield f"sqlite:///{folder / 'test.db'}"
            return
        name = f"{self.name}_{uuid.uuid4().hex[:10]}"
        _on_server(f"CREATE DATABASE {name} TEMPLATE {self.name}")
        try:
            yield _server_url(name)
        finally:
            _on_server(f"DROP DATABASE {name} WITH (FORCE)")

    def drop(self) -> None:
        """Leave nothing behind on the server."""
        if SERVER_URL:
            _on_server(f"DROP DATABASE {self.name} WITH (FORCE)")


@contextmanager
def fresh_database() -> Iterator[str | None]:
    """An empty database on the test server; none where the tests run on SQLite files."""
    if not SERVER_URL:
        yield None
        return
    name = f"mosharekat_house_{uuid.uuid4().hex[:10]}"
    _on_server(f"CREATE DATABASE {name}")
    try:
        yield _server_url(name)
    finally:
        _on_server(f"DROP DATABASE {name} WITH (FORCE)")


def migrate(database: Database, target: str = "head") -> None:
    """Build the schema as an installation does."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, target)


def _server_url(name: str) -> str:
    return make_url(SERVER_URL).set(database=name).render_as_string(hide_password=False)


def _on_server(statement: str) -> None:
    engine = create_engine(SERVER_URL, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _in_one_file(path: Path) -> None:
    """Bring what the write-ahead log holds into the file, so that copying the file copies all."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
