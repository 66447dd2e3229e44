"""Delimited text of any bank whose table is known here."""

from reconciliation.statements import keshavarzi, mellat, melli, sepah
from reconciliation.statements.layouts import TableReader
from reconciliation.statements.tables import Kind


class Csv(TableReader):
    """Comma, semicolon, tab or bar; UTF-8 with or without a mark, UTF-16 or windows-1256."""

    name = "csv"
    layouts = (mellat.TODAY, mellat.OLD, melli.LAYOUT, keshavarzi.LAYOUT, sepah.LAYOUT)
    kinds = frozenset({Kind.TEXT})
