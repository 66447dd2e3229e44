"""``api-keys add|revoke``: keys for partner software."""

import click

from core.words import _
from offices.api_keys import add_key, revoke_key
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


@api_keys.command("revoke")
@click.option("--name", required=True, help="Whose key it is.")
@as_json
def revoke(name: str, *, as_json: bool) -> None:
    """Let a key count no longer, from this moment."""
    with current.database.writing() as session:
        revoked_at = revoke_key(session, name, now=current.now())
    lines = [_("This key opens nothing any more.")]
    answer({"name": name, "revoked_at": revoked_at}, lines, as_json=as_json)
