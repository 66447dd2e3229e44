"""``db upgrade`` and ``demo load``: what an installation begins with, and people to try it out."""

from collections.abc import Iterator

import click
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from core.database import Database
from core.settings import ROOT
from core.words import _
from flows.catalogue import load_catalogue, load_terminals
from flows.demo import DEMO_STAFF, PASSWORD, load_demo
from flows.demo_custody import load_demo_custody
from flows.demo_gifts import load_demo_gifts
from flows.demo_goods import load_demo_goods
from flows.demo_offices import load_demo_offices
from flows.demo_volunteers import load_demo_volunteers
from web.commands.frame import CommandGroup, answer, as_json
from web.services import current

_UPGRADE_LOCK = 4_219_061_710  # any number, the same in every process

db = CommandGroup("db", help="The database.")
demo = CommandGroup("demo", help="People and gifts to try everything out.")


@db.command("upgrade")
def upgrade() -> None:
    """Bring the schema to this version; load funds, provinces, desks, account and terminals."""
    current.settings.instance_dir.mkdir(parents=True, exist_ok=True)
    migrate(current.database)
    with current.database.writing() as session:
        load_catalogue(session)
        load_terminals(session, current.gateways)
    click.echo(_("The database is up to date."))


@demo.command("load")
@as_json
def load(*, as_json: bool) -> None:
    """Add people of every role and a few gifts; what is there is not added again."""
    if current.settings.is_public:
        raise click.ClickException(
            _("A public installation takes no demo: everybody knows its password.")
        )
    with current.database.writing() as session:
        load_demo(session, current.now())
        load_demo_gifts(session, current.now())
        load_demo_custody(session, current.now())
        load_demo_volunteers(session, current.now())
        load_demo_goods(session, current.now())
        load_demo_offices(session, current.now())
    facts = {
        "password": PASSWORD,
        "staff": [
            {"username": person.username, "role": person.role, "office": person.office_code}
            for person in DEMO_STAFF
        ],
    }
    answer(facts, _greeting(), as_json=as_json)


def _greeting() -> Iterator[str]:
    yield _("People of the demo (name to sign in, role, office):")
    for person in DEMO_STAFF:
        yield f"  {person.username}  {person.role}  {person.office_code}"
    yield _("Password of all of them: {password}").format(password=PASSWORD)
    yield _("One-time code: {command}").format(
        command=".venv/bin/flask --app wsgi staff code USERNAME"
    )


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
