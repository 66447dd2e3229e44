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
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

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
        self.spare: list[Copy] = []
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
        copy = self.spare.pop() if self.spare else self._another()
        try:
            yield copy.url
        finally:
            if copy.is_clean_again():
                self.spare.append(copy)
            else:
                copy.drop()

    def drop(self) -> None:
        """Leave nothing behind on the server."""
        for copy in self.spare:
            copy.drop()
        if SERVER_URL:
            _on_server(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _another(self) -> "Copy":
        name = f"{self.name}_{uuid.uuid4().hex[:10]}"
        _on_server(f"CREATE DATABASE {name} TEMPLATE {self.name}")
        return Copy(name)


class Copy:
    """A copy on the server. Making and dropping one costs a second, emptying it milliseconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = _server_url(name)
        self._schema = ""
        with self._as_its_owner() as connection:
            connection.execute(text(_KEEP_THE_CATALOGUE))
            self._schema = str(connection.scalar(text(_SCHEMA)))

    def is_clean_again(self) -> bool:
        """Bring the rows of the template back; false where the test changed the schema."""
        try:
            with self._as_its_owner() as connection:
                if connection.scalar(text(_SCHEMA)) != self._schema:
                    return False
                connection.execute(text(_BACK_TO_THE_CATALOGUE))
        except OperationalError:  # the test left somebody behind who holds a lock
            return False
        return True

    def drop(self) -> None:
        _on_server(f"DROP DATABASE {self.name} WITH (FORCE)")

    @contextmanager
    def _as_its_owner(self) -> Iterator[Connection]:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text("SET lock_timeout = '2s'"))
            yield connection


_KEEP_THE_CATALOGUE = """
CREATE SCHEMA pristine;
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE pristine.%I AS TABLE public.%I', t, t);
  END LOOP;
END $$
"""
# As a replica, the server fires no triggers: neither ours that keep facts nor foreign keys.
_BACK_TO_THE_CATALOGUE = """
DO $$ DECLARE t text; s text; BEGIN
  SET session_replication_role = replica;
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DELETE FROM public.%I', t);
    EXECUTE format('INSERT INTO public.%I SELECT * FROM pristine.%I', t, t);
  END LOOP;
  FOR t, s IN SELECT tablename, pg_get_serial_sequence(format('public.%I', tablename), 'id')
      FROM pg_tables JOIN information_schema.columns c
        ON c.table_schema = schemaname AND c.table_name = tablename AND c.column_name = 'id'
      WHERE schemaname = 'public' LOOP
    IF s IS NOT NULL THEN
      EXECUTE format('SELECT setval(%L, coalesce(max(id), 0) + 1, false) FROM public.%I', s, t);
    END IF;
  END LOOP;
  SET session_replication_role = origin;
END $$
"""
_SCHEMA = """
SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
  SELECT 'trigger ' || tgrelid::text || tgname || tgenabled::text AS line FROM pg_trigger
  UNION ALL SELECT 'constraint ' || conrelid::text || conname || coalesce(conbin::text, '')
    FROM pg_constraint
  UNION ALL SELECT 'index ' || indexrelid::text FROM pg_index
  UNION ALL SELECT 'column ' || attrelid::text || attname || atttypid::text FROM pg_attribute
    WHERE attnum > 0
) AS everything
"""


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
