"""The migrations build what the code says: tables, CHECKs, indexes and triggers, both engines."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from core.database import Database
from core.settings import ROOT
from migrations.tables import METADATA
from tests.databases import SERVER_URL
from tests.reconciliation.closings import Closer, import_rows, two_days


def checks_in(database):
    inspector = inspect(database.engine)
    return {
        (table, check["name"], " ".join(check["sqltext"].split()))
        for table in inspector.get_table_names()
        for check in inspector.get_check_constraints(table)
    }


def triggers_in(database):
    """Triggers and the functions they call, however their lines are broken."""
    query = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        if database.is_sqlite
        else "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT proname, prosrc FROM pg_proc WHERE prorettype = 'trigger'::regtype"
        " AND pronamespace = current_schema()::regnamespace"
    )
    with database.reading() as session:
        return {(name, " ".join(sql.split())) for name, sql in session.execute(text(query))}


def rebuilt_from_the_code(database):
    """The same database, emptied and built from the models alone."""
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
    return database


def test_migrations_build_exactly_the_tables_in_the_code(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})

        assert compare_metadata(context, METADATA) == []


def test_migrations_build_the_same_checks_and_triggers_as_the_code(database):
    migrated = checks_in(database), triggers_in(database)

    rebuilt_from_the_code(database)

    assert (checks_in(database), triggers_in(database)) == migrated


def test_a_missing_check_would_be_noticed(database):
    migrated = checks_in(database)
    table = METADATA.tables["goods_acceptance"]  # no other table refers to it
    rebuilt_from_the_code(database)
    with database.engine.begin() as connection:
        (guard,) = [c for c in table.constraints if c.name == "ck_goods_acceptance_valued"]
        connection.execute(text("DROP TABLE goods_acceptance"))
        table.constraints.remove(guard)
        try:
            table.create(connection)
        finally:
            table.append_constraint(guard)

    assert checks_in(database) != migrated


def test_every_migration_can_be_undone(tmp_path, template):
    with template.copy(tmp_path) as url:
        database = Database(url)
        config = Config(toml_file=str(ROOT / "pyproject.toml"))
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            if SERVER_URL:  # the catalogue's rows would be in the way of nothing: tables go
                connection.execute(text("SET session_replication_role = replica"))
            command.downgrade(config, "base")
            command.upgrade(config, "head")
        database.engine.dispose()


# A job, and a receipt on a letterhead; its contribution is not needed for what is asked here.
ROWS_AT_0006 = (
    "INSERT INTO receipt_letterhead (id, facts, facts_hash) VALUES (1, '{}', 'aa')",
    "INSERT INTO receipt (id, series_id, serial, number, contribution_id, kind, issued_on,"
    " issued_at, facts, facts_hash, verify_key, letterhead_id) VALUES (1, 1, 1, '1405-00-1', 1,"
    " 'cash', '2026-11-22', '2026-11-22 00:00:00', '{}', 'bb', 'cc', 1)",
    "INSERT INTO job (id, kind, subject, state, run_after, attempts, created_at)"
    " VALUES (1, 'k', 's', 'done', '2026-11-22 00:00:00', 1, '2026-11-22 00:00:00')",
)


def test_undoing_the_letterheads_keeps_receipts_and_checks(tmp_path, template):
    with template.copy(tmp_path) as url:
        database = Database(url)
        config = Config(toml_file=str(ROOT / "pyproject.toml"))
        with database.engine.connect() as connection:
            config.attributes["connection"] = connection
            lenient = "SET session_replication_role = replica"
            connection.execute(text(lenient if SERVER_URL else "PRAGMA defer_foreign_keys = ON"))
            command.downgrade(config, "0006")
            for row in ROWS_AT_0006:
                connection.execute(text(row))
            command.downgrade(config, "0005")

            kept = connection.execute(text("SELECT number, facts FROM receipt")).all()
            assert kept == [("1405-00-1", "{}")]
            assert "receipt_letterhead" not in inspect(connection).get_table_names()
            with pytest.raises(IntegrityError, match="jobstate"), connection.begin_nested():
                connection.execute(text("UPDATE job SET state = 'lost'"))

            command.upgrade(config, "0006")
            assert connection.scalar(text("SELECT letterhead_id FROM receipt")) is None
            connection.rollback()
        database.engine.dispose()


def test_a_database_that_stood_at_0016_comes_to_what_the_code_says(database):
    """With a day that was signed there: from now on the database itself guards it."""
    import_rows(database, two_days(database))
    closer = Closer(database)
    closer.close()
    config = Config(toml_file=str(ROOT / "pyproject.toml"))

    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0016")
        command.upgrade(config, "head")

    with pytest.raises(IntegrityError, match="signed"), database.engine.begin() as connection:
        connection.execute(text("DELETE FROM account_lock"))
    migrated = checks_in(database), triggers_in(database)
    rebuilt_from_the_code(database)
    assert (checks_in(database), triggers_in(database)) == migrated


def test_migration_files_are_numbered_in_order():
    names = sorted(path.stem for path in (ROOT / "migrations/versions").glob("*.py"))

    assert [name.split("_")[0] for name in names] == [f"{n:04d}" for n in range(1, len(names) + 1)]
