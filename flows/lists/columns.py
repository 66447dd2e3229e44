"""Which lists can be handed in, and the columns of each: headings in both languages, hints."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ListKind(StrEnum):
    """The lists that can be handed in."""

    PARTNER_RECEIPTS = "partner-receipts"
    OFFICES = "offices"
    WALK_INS = "walk-ins"


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column of a list: its field, and the headings under which it is known."""

    field: str
    fa: str
    en: str
    hint_fa: str = ""
    hint_en: str = ""


COLUMNS: Mapping[ListKind, tuple[ListColumn, ...]] = {
    ListKind.PARTNER_RECEIPTS: (
        ListColumn("office", "کد مرکز", "Centre"),
        ListColumn("number", "شماره رسید", "Receipt number"),
        ListColumn("received_on", "تاریخ", "Day", "مانند ۱۴۰۵/۰۸/۳۰", "like 1405/08/30"),
        ListColumn("kind", "نوع", "Kind", "نقدی، کالا یا خدمت", "cash, goods or service"),
        ListColumn("fund", "کد محل مصرف", "Fund", "خالی: هرجا نیاز است", "empty: most needed"),
        ListColumn("amount_rial", "مبلغ (ریال)", "Amount (rial)"),
        ListColumn("description", "شرح", "Description"),
        ListColumn("quantity", "مقدار", "Quantity"),
        ListColumn("unit", "واحد", "Unit"),
        ListColumn("hours", "ساعت", "Hours"),
    ),
    ListKind.OFFICES: (
        ListColumn(
            "kind", "نوع", "Kind", "میز خدمت، مرکز یا مرکز همکار", "desk, centre or partner centre"
        ),
        ListColumn("name_fa", "نام فارسی", "Persian name"),
        ListColumn("name_en", "نام انگلیسی", "English name"),
        ListColumn("province", "کد استان", "Province", "برای میز خدمت", "for a desk"),
        ListColumn("parent", "کد میز خدمت بالادست", "Desk above", "برای مرکز", "for a centre"),
        ListColumn("valid_from", "از تاریخ", "From", "خالی: امروز", "empty: today"),
    ),
    ListKind.WALK_INS: (
        ListColumn("number", "شماره رسید", "Receipt", "خالی: مشارکت تازه", "empty: a new gift"),
        ListColumn("received_on", "تاریخ", "Day", "مانند ۱۴۰۵/۰۸/۳۰", "like 1405/08/30"),
        ListColumn("amount_rial", "مبلغ (ریال)", "Amount (rial)"),
        ListColumn(
            "tender",
            "شکل پرداخت",
            "Form of payment",
            "نقد، چک یا کارتخوان؛ خالی: نقد",
            "cash, cheque or card; empty: cash",
        ),
        ListColumn(
            "reference",
            "شماره چک یا پیگیری",
            "Cheque or trace number",
            "برای چک و کارتخوان",
            "for a cheque or card",
        ),
        ListColumn(
            "terminal",
            "کارتخوان",
            "Card terminal",
            "اگر میز بیش از یکی دارد",
            "where the desk has several",
        ),
        ListColumn("fund", "کد محل مصرف", "Fund", "خالی: هرجا نیاز است", "empty: most needed"),
        ListColumn("name", "نام", "Name"),
        ListColumn("mobile", "همراه", "Mobile"),
        ListColumn("remark", "ملاحظه", "Remark"),
        ListColumn(
            "is_another",
            "مشارکت دیگری است",
            "It is another gift",
            "بله، اگر به ثبت دیگری می‌ماند و همان نیست؛ بار بعد: بله ۲",
            "yes, where it only looks like another; the next time: yes 2",
        ),
    ),
}
