"""Bank Keshavarzi's export: English headings, no balances; three texts that tell everything.

The layout is that of ``reference/reconciliation.md`` C.2. A settlement comes from Shaparak's
centre; its full text ends with ``ACH1`` and the centre's name and holds the terminal's seven digits
after a run of zeros. Card and tracking number stand in the texts too.
"""

import re

from reconciliation.statements.classes import KESHAVARZI
from reconciliation.statements.layouts import Layout, TableReader

LAYOUT = Layout(
    headings={
        "day": ("date",),
        "clock": ("time",),
        "title": ("trantitle",),
        "note": ("trandesc",),
        "debit": ("bed",),
        "credit": ("bes",),
        "description": ("fulldesc",),
        "payer": ("depositorname",),
        "branch": ("branchname",),
        "balance": ("balance", "mandeh", "remain"),
        "number": ("row", "ردیف"),
    },
    required=("day", "debit", "credit", "title", "description"),
    classes=KESHAVARZI,
    reference=re.compile(r"(?:شماره پیگیری سوئیچ|سریال)[ :]{1,3}([0-9]{3,40})"),
    terminal=re.compile(r"0{2,}([1-9][0-9]{6})(?![0-9]).*ACH1?\s*مرکزشاپرک"),
)


class Keshavarzi(TableReader):
    name = "keshavarzi"
    layouts = (LAYOUT,)
