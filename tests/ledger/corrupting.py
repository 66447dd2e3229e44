"""What somebody with the database's own password can do: change rows behind the triggers."""

from sqlalchemy import text

from core.database import insert_only_ddl


def behind_the_triggers(database, table, *statements):
    """Drop the triggers of a table, run raw SQL, and put the triggers back as if nothing was."""
    dialect = database.engine.dialect.name
    quoted = database.engine.dialect.identifier_preparer.quote(table)
    names = [statement.split()[2] for statement in insert_only_ddl(table, dialect)]
    with database.engine.begin() as connection:
        for name in names:
            on = "" if dialect == "sqlite" else f" ON {quoted}"
            connection.execute(text(f"DROP TRIGGER {name}{on}"))
        for statement in statements:
            connection.execute(text(statement))
        for statement in insert_only_ddl(table, dialect):
            connection.exec_driver_sql(statement.replace("%", "%%"))
