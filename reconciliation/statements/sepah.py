"""Bank Sepah's export: six columns of common names; cards and tracking numbers in the text.

The layout is that of ``reference/reconciliation.md`` C.2.
"""

import re

from reconciliation.statements.classes import SEPAH
from reconciliation.statements.layouts import Layout, TableReader

LAYOUT = Layout(
    headings={
        "day": ("تاریخ",),
        "clock": ("زمان", "ساعت"),
        "description": ("شرح",),
        "debit": ("بدهکار",),
        "credit": ("بستانکار",),
        "balance": ("مانده",),
        "number": ("ردیف",),
    },
    required=("day", "clock", "description", "debit", "credit", "balance"),
    classes=SEPAH,
    is_whole=True,  # any bank's table has such columns, among others
    reference=re.compile(r"پیگیری[ :]{1,3}([0-9]{3,40})"),
    terminal=re.compile(r"(?:پایانه|ترمینال|پذیرنده|پوز)\D{0,3}0*([0-9]{4,12})"),
)


class Sepah(TableReader):
    name = "sepah"
    layouts = (LAYOUT,)
