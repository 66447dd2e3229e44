"""The command line: ``flask --app wsgi …``, one module a group of commands."""

from flask import Flask

from web.commands.database import db
from web.commands.jobs import jobs
from web.commands.partners import api_keys
from web.commands.payments import gateways, payments
from web.commands.staff import staff

GROUPS = (db, gateways, payments, staff, api_keys, jobs)


def register(app: Flask) -> None:
    """Add every group of commands to the application."""
    for group in GROUPS:
        app.cli.add_command(group)
