"""Two addresses for those who watch the service: is it alive, and can it work."""

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from web.pages import Allow, Page, blueprint
from web.services import current


def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(state="alive")


def readyz() -> ResponseReturnValue:
    """The database answers too, and it has been migrated."""
    with current.database.reading() as session:
        version = session.scalar(text("SELECT version_num FROM alembic_version"))
    return jsonify(state="ready", schema=version)


health = blueprint(
    "health",
    (Page("/healthz", healthz, Allow.EVERYONE), Page("/readyz", readyz, Allow.EVERYONE)),
    prefix="/",
)
