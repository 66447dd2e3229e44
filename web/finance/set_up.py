"""What finance sets up now and then: one page that leads to each register."""

from flask import render_template
from flask.typing import ResponseReturnValue

from core.words import Later
from web.pages import AUDIENCES
from web.sign_in.guard import may_read

REGISTERS = (
    (
        "finance.rules",
        Later("Rules"),
        Later("What each rule of the reconciliation may do, and what it did."),
    ),
    (
        "finance.terminals",
        Later("Terminals"),
        Later("Fees, netting and clearing cycles of each terminal, from a day on."),
    ),
    (
        "finance.calendar",
        Later("Holidays"),
        Later("Working days, by which pay-outs are awaited."),
    ),
    (
        "finance.paper_books",
        Later("Paper receipt books"),
        Later("Which desk has which book, and what became of every leaf."),
    ),
    (
        "finance.mappings",
        Later("Columns of files"),
        Later("How the columns of an account's files or of a provider's reports are named."),
    ),
    (
        "finance.adapters",
        Later("Gateway adapters"),
        Later("Which gateways this house can speak to, and how to enter one."),
    ),
)


def set_up() -> ResponseReturnValue:
    """Every register that this person may open."""
    registers = [each for each in REGISTERS if may_read(AUDIENCES[each[0]])]
    return render_template("finance/set_up.html", registers=registers)
