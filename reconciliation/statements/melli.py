"""Bank Melli's export: the sheet's and the document's number first, cards and tracking in the text.

The layout is that of ``reference/reconciliation.md`` C.2.
"""

import re

from reconciliation.statements.classes import MELLI
from reconciliation.statements.layouts import Layout, TableReader

LAYOUT = Layout(
    headings={
        "sheet": ("شماره برگه", "شماره برگ"),
        "reference": ("شماره سند",),
        "credit": ("بستانکار", "مبلغ بستانکار"),
        "debit": ("بدهکار", "مبلغ بدهکار"),
        "description": ("شرح", "شرح عملیات"),
        "day": ("تاریخ",),
        "clock": ("زمان", "ساعت"),
        "balance": ("مانده", "موجودی"),
        "deposit_id": ("شناسه واریز",),
        "branch": ("شعبه", "نام شعبه"),
        "number": ("ردیف",),
    },
    required=("sheet", "reference", "credit", "debit", "day"),
    classes=MELLI,
    reference=re.compile(r"(?:(?:^| )ش پ|پیگیری)[ :]{1,3}([0-9]{3,40})"),
    terminal=re.compile(r"(?:پایانه|ترمینال|پذیرنده|پوز)\D{0,3}0*([0-9]{4,12})"),
)


class Melli(TableReader):
    name = "melli"
    layouts = (LAYOUT,)
