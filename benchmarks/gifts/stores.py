"""Databases to measure on: each made once, copied fresh for every round, gone at the end."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from benchmarks.missing import SERVER_URL


class Store(Protocol):
    """Where one contender keeps its rows."""

    @property
    def template_url(self) -> str:
        """The database that is filled once, before the first round."""

    def fresh(self) -> str:
        """The address of a copy of it, for one round."""

    def drop(self) -> None:
        """Leave nothing behind."""


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """Files in a folder; a large database is measured itself, it grows by little."""

    folder: Path
    name: str
    is_large: bool = False

    @property
    def template_url(self) -> str:
        return f"sqlite:///{self._file('made')}"

    def fresh(self) -> str:
        _without_log(self.template_url)
        if self.is_large:
            return self.template_url
        self._remove("round")
        shutil.copyfile(self._file("made"), self._file("round"))
        return f"sqlite:///{self._file('round')}"

    def drop(self) -> None:
        self._remove("*")

    def _remove(self, use: str) -> None:
        """The file with its log, and the folder of lock files that workers keep beside it."""
        for path in self.folder.glob(f"{self.name}-{use}.sqlite3*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _file(self, use: str) -> Path:
        return self.folder / f"{self.name}-{use}.sqlite3"


class PostgresStore:
    """Databases on the server of TEST_DATABASE_URL."""

    def __init__(self, name: str) -> None:
        self._name = f"mosharekat_bench_{secrets.token_hex(4)}_{name}"
        self._drop_and_make(self._name, "")

    @property
    def template_url(self) -> str:
        return _url(self._name)

    def fresh(self) -> str:
        copy = f"{self._name}_round"
        self._drop_and_make(copy, f" TEMPLATE {self._name}")
        return _url(copy)

    def drop(self) -> None:
        _on_server(
            *(
                f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
                for name in (f"{self._name}_round", self._name)
            )
        )

    def _drop_and_make(self, name: str, like: str) -> None:
        _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}{like}")


def count(url: str, statement: str) -> int:
    """The number that a statement gives, through a connection of its own."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return int(connection.execute(text(statement)).scalar_one())


def _url(database: str) -> str:
    return make_url(SERVER_URL).set(database=database).render_as_string(hide_password=False)


def _on_server(*statements: str) -> None:
    engine = create_engine(SERVER_URL, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


def _without_log(url: str) -> None:
    """Bring what the write-ahead log holds into the file."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
