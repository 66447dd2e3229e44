"""The command line: ``flask --app wsgi …``, one module a subject."""

from flask import Flask

from web.commands.database import db, demo
from web.commands.day import day
from web.commands.jobs import jobs
from web.commands.ledger import ledger
from web.commands.partners import api_keys
from web.commands.payments import gateways, payments
from web.commands.receipt_audit import receipts
from web.commands.settlements import settlements
from web.commands.staff import staff
from web.commands.statements import reconcile, statements

GROUPS = (
    db,
    demo,
    gateways,
    payments,
    statements,
    reconcile,
    settlements,
    day,
    ledger,
    receipts,
    staff,
    api_keys,
    jobs,
)


def register(app: Flask) -> None:
    """Add every group of commands to the application."""
    for group in GROUPS:
        app.cli.add_command(group)
