"""``api-keys add``: keys for partner software."""

import click

from core.words import _
from offices.api_keys import add_key
from web.commands.frame import CommandGroup, answer, as_json
from web.services import current

api_keys = CommandGroup("api-keys", help="The keys of partner software.")


@api_keys.command("add")
@click.option("--name", required=True, help="Whose key it is.")
@as_json
def add(name: str, *, as_json: bool) -> None:
    """Make a key and show it, for the only time."""
    with current.database.writing() as session:
        key = add_key(session, name, now=current.now())
    lines = [_("Keep this key; it is shown only now:"), key]
    answer({"key": key}, lines, as_json=as_json)
