"""Bank Mellat's export of an account, in its layout of today and in the one of the 1390s.

Both are those of ``reference/reconciliation.md`` C.1: the running balance first, the row number
(optional) last, headings in Arabic or Persian letters with the bank's own misspelling, the newest
row first or last, totals below. The old one has one signed amount in place of credit and debit.
"""

import re
from collections.abc import Mapping, Sequence

from reconciliation.statements.classes import MELLAT
from reconciliation.statements.layouts import Layout, TableReader
from reconciliation.statements.tables import Kind

_HEADINGS: Mapping[str, Sequence[str]] = {
    "balance": ("مانده", "مانده حساب"),
    "description": ("شرح",),
    "payer": ("واریز کننده/ ذیتفع", "واریز کننده/ ذینفع", "واریز کننده"),
    "reference": ("شماره سریال",),
    "deposit_id": ("شناسه واریز", "شناسه واریز کننده"),
    "accounting_code": ("کد حسابگری",),
    "branch": ("شعبه",),
    "clock": ("زمان",),
    "day": ("تاریخ",),
    "number": ("ردیف",),
}
_ALWAYS = ("balance", "reference", "day")
# A terminal's id stands after one of these words; the bank writes it with or without zeros.
_TERMINAL = re.compile(r"(?:شاپرک-پوز|پایانه|ترمینال|پوز)\D{0,3}0*([0-9]{4,12})")

TODAY = Layout(
    headings={
        **_HEADINGS,
        "credit": ("مبلغ گردش بستانکار", "گردش بستانکار", "بستانکار"),
        "debit": ("مبلغ گردش بدهکار", "گردش بدهکار", "بدهکار"),
    },
    required=(*_ALWAYS, "credit", "debit"),
    classes=MELLAT,
    terminal=_TERMINAL,
)
OLD = Layout(
    headings={**_HEADINGS, "amount": ("مبلغ گردش",)},
    required=(*_ALWAYS, "amount"),
    classes=MELLAT,
    terminal=_TERMINAL,
)


class MellatXlsx(TableReader):
    """The export as a real spreadsheet."""

    name = "mellat-xlsx"
    layouts = (TODAY, OLD)
    kinds = frozenset({Kind.SPREADSHEET})


class MellatHtml(TableReader):
    """The export as a table of HTML, which the bank's page saves under the name of an .xls."""

    name = "mellat-html"
    layouts = (TODAY, OLD)
    kinds = frozenset({Kind.HTML})
