"""The database: one engine, two ways to open a session, and tables that only grow."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    DDL,
    BigInteger,
    Connection,
    Date,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
    insert,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.functions import FunctionElement

from core.portable import sha256_of
from core.turns import WriteTurns

BUSY_TIMEOUT_MS = 10_000
# Of the log of changes, before they are carried over into the file: a page that many transactions
# change is carried over once. 32 MB.
_CHECKPOINT_PAGES = 8_000


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in time. Naive datetimes are refused; what comes back is UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class ExactSum(TypeDecorator[int]):
    """A sum of rials as an exact ``int``, whatever its size; an empty sum is zero."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> int:
        if value is None:
            return 0
        high, _, low = value.rpartition(":")
        return int(high or 0) * _HALF + int(low)


_HALF = 10**9


class sum_rial(FunctionElement[int]):  # noqa: N801  it is used like a function of SQL
    """The sum of a column of rials; not for comparing inside SQL.

    SQLite's own ``sum`` fails past 9.2e18 (some 9,000 gifts of 10^15), PostgreSQL's returns a
    Decimal: both halves are summed apart, or the sum is carried as text.
    """

    type = ExactSum()
    inherit_cache = True


@compiles(sum_rial)
def _sum_in_one(element: sum_rial, compiler: Any, **options: Any) -> str:
    return f"CAST(sum({compiler.process(element.clauses, **options)}) AS TEXT)"


@compiles(sum_rial, "sqlite")
def _sum_in_halves(element: sum_rial, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"(sum(({column}) / {_HALF}) || ':' || sum(({column}) % {_HALF}))"


def one_of(column: str, kind: type[StrEnum]) -> str:
    """The words of a CHECK that a column holds a value of this kind, the likeliest one first.

    For tables that a run fills by the million: inside a CHECK, SQLite builds the list of an IN
    anew for every row, which costs several times the insert; comparisons one by one cost nothing.
    """
    return " OR ".join(f"{column} = '{member.value}'" for member in kind)


def words_of(kind: type[StrEnum]) -> Enum:
    """The type of a column whose values are checked by ``one_of``."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=30,
        values_callable=lambda kind: [member.value for member in kind],
    )


# SQLite numbers its own rows only where the column is spelt INTEGER; it is 64 bits wide there.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """The base of every table. Constraint names are spelt out so migrations can find them."""

    type_annotation_map = {
        int: Id,
        str: Text,
        date: Date,
        datetime: UtcDateTime,
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            length=30,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


def upsert(session: Session, model: type[Base]) -> Any:
    """An INSERT that can say what to do on a conflict, in the words of this engine."""
    return upsert_of(engine_of(session), model)


def upsert_of(engine: str, model: type[Base] | Table) -> Any:
    """The same by the name of the engine, for statements that are built once for each."""
    return (sqlite_insert if engine == "sqlite" else postgresql_insert)(model)


def engine_of(session: Session) -> str:
    """The name of the engine that a session speaks to: sqlite or postgresql."""
    return session.get_bind().dialect.name


def insert_if_new(session: Session, model: type[Base], **values: object) -> Any:
    """An INSERT that does nothing where a unique constraint already holds such a row."""
    return upsert(session, model).values(**values).on_conflict_do_nothing()


def add_row(session: Session, model: type[Base], **values: object) -> None:
    """Insert one row at once, with a statement that is built once: for what every gift writes."""
    session.execute(_insert_of(model), values)


def add_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """The same for many rows that name the same columns."""
    session.execute(_insert_of(model), rows)


def add_if_new(session: Session, model: type[Base], **values: object) -> None:
    """The same, doing nothing where a unique constraint already holds such a row."""
    session.execute(_insert_if_new_of(engine_of(session), model), values)


@cache
def _insert_of(model: type[Base]) -> Any:
    # Into the table and not the class: the units of the ORM cost ten times the insert.
    return insert(cast(Table, model.__table__))


@cache
def _insert_if_new_of(engine: str, model: type[Base]) -> Any:
    return upsert_of(engine, cast(Table, model.__table__)).on_conflict_do_nothing()


INSERT_ONLY: set[str] = set()


def insert_only(model: type[Base]) -> type[Base]:
    """Let the rows of this table be neither changed nor deleted, by the database itself."""
    table = cast(Table, model.__table__)
    INSERT_ONLY.add(table.name)
    for dialect in ("sqlite", "postgresql"):
        for statement in insert_only_ddl(table.name, dialect):
            event.listen(
                table, "after_create", DDL(statement.replace("%", "%%")).execute_if(dialect=dialect)
            )
    return model


def insert_only_ddl(table: str, dialect: str) -> list[str]:
    """The statements that make a table insert-only, for the models and the migrations alike.

    PostgreSQL needs the function ``refuse_change`` (``REFUSE_CHANGE_DDL``) beforehand.
    """
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
            for verb in ("update", "delete")
        ]
    return [
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ]


REFUSE_CHANGE_DDL = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$
"""

event.listen(
    Base.metadata,
    "before_create",
    DDL(REFUSE_CHANGE_DDL.replace("%", "%%")).execute_if(dialect="postgresql"),
)


class Database:
    """Opens sessions. ``reading`` never commits; ``writing`` commits once, at the end."""

    def __init__(self, url: str, **engine_options: Any) -> None:
        self.engine = create_engine(url, **engine_options)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            _prepare_sqlite(self.engine)
        self._turns = WriteTurns(_file_of(self.engine) if self.is_sqlite else None)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine, autoflush=False) as session:
            yield session
            if session.new or session.dirty or session.deleted:
                raise RuntimeError("a reading session was used to write")

    @contextmanager
    def writing(self) -> Iterator[Session]:
        if not self.is_sqlite:
            with Session(self.engine, expire_on_commit=False) as session:
                yield session
                session.commit()
            return
        with self._turns.taken(), Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"begin": "BEGIN IMMEDIATE"})
            yield session
            session.commit()


def _file_of(engine: Engine) -> Path | None:
    """The file of an SQLite database; nothing where it is held in memory."""
    name = engine.url.database
    in_memory = not name or name == ":memory:" or name.startswith("file:")
    return None if in_memory else Path(str(name))


def _prepare_sqlite(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
            "foreign_keys = ON",
            "recursive_triggers = ON",
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("sha256_hex", 1, sha256_of, deterministic=True)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        statement = connection.get_execution_options().get("begin", "BEGIN")
        connection.exec_driver_sql(statement)
