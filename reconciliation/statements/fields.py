"""What the columns of a table may hold, and by which headings they are known; all of it data.

The headings of statements are those of ``reference/reconciliation.md`` C.2, those of settlement
reports what providers call them. A mapping that was saved for an account or terminal names the
heading of each field itself and takes their place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What a table is of."""

    STATEMENT = "statement"
    SETTLEMENT_REPORT = "settlement_report"


@dataclass(frozen=True, slots=True)
class FieldSet:
    """The fields of a kind of table: field -> headings, and of which groups one is needed."""

    headings: Mapping[str, tuple[str, ...]]
    needed: tuple[tuple[str, ...], ...]

    def missing(self, fields: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
        """The groups of which no field is there."""
        return (group for group in self.needed if not any(field in fields for field in group))


FIELD_SETS: Mapping[Purpose, FieldSet] = {
    Purpose.STATEMENT: FieldSet(
        headings={
            "day": (
                "تاریخ", "تاریخ مؤثر", "تاریخ موثر", "تاریخ عملیات", "تاریخ تراکنش", "تاریخ سند",
                "تاریخ ثبت", "تاریخ گردش", "date", "booking date",
            ),
            "clock": ("زمان", "ساعت", "زمان تراکنش", "time"),
            "credit": (
                "بستانکار", "واریز", "مبلغ واریز", "واریزی", "دریافت", "مبلغ بستانکار",
                "گردش بستانکار", "مبلغ گردش بستانکار", "credit", "deposit", "bes",
            ),
            "debit": (
                "بدهکار", "برداشت", "مبلغ برداشت", "پرداخت", "مبلغ بدهکار", "گردش بدهکار",
                "مبلغ گردش بدهکار", "debit", "withdrawal", "bed",
            ),
            "amount": ("مبلغ", "مبلغ گردش", "مبلغ تراکنش", "گردش", "amount"),
            "direction": ("بدهکار/بستانکار", "واریز/برداشت", "نوع گردش", "ماهیت", "debit/credit"),
            "balance": ("مانده", "مانده حساب", "موجودی", "موجودی پس از تراکنش", "balance"),
            "description": (
                "شرح", "شرح تراکنش", "توضیحات", "شرح سند", "جزئیات", "شرح عملیات", "description",
            ),
            "payer": (
                "واریز کننده", "ذینفع", "طرف تراکنش", "صاحب حساب", "فرستنده",
                "واریز کننده/ ذینفع", "واریز کننده/ ذیتفع", "payer",
            ),
            "reference": (
                "شماره سریال", "شماره پیگیری", "کد رهگیری", "شماره سند", "شماره ارجاع", "کد پیگیری",
                "reference", "trace number",
            ),
            "deposit_id": ("شناسه واریز", "شناسه پرداخت", "کد شناسه", "deposit id"),
            "branch": ("شعبه", "نام شعبه", "کد شعبه", "branch"),
            "currency": ("ارز", "نوع ارز", "currency"),
        },
        needed=(("day",), ("credit", "amount"), ("debit", "amount")),
    ),
    Purpose.SETTLEMENT_REPORT: FieldSet(
        headings={
            "kind": ("نوع تراکنش", "نوع عملیات", "وضعیت تراکنش", "type"),
            "terminal": ("شناسه پایانه", "شماره پایانه", "کد پایانه", "ترمینال", "terminal"),
            "reference": (
                "شماره مرجع", "شماره ارجاع", "شماره پیگیری", "کد رهگیری", "کد پیگیری", "rrn",
                "reference", "ref id",
            ),
            "order_number": ("شماره سفارش", "شماره فاکتور", "شناسه سفارش", "order id", "order"),
            "amount": ("مبلغ", "مبلغ تراکنش", "مبلغ ناخالص", "amount", "gross"),
            "fee": ("کارمزد", "مبلغ کارمزد", "کارمزد تراکنش", "fee", "commission"),
            "net": ("خالص", "مبلغ خالص", "مبلغ تسویه", "مبلغ قابل تسویه", "مبلغ واریزی", "net"),
            "day": ("تاریخ", "تاریخ تراکنش", "تاریخ پرداخت", "date"),
            "clock": ("زمان", "ساعت", "ساعت تراکنش", "زمان تراکنش", "time"),
            "card": ("شماره کارت", "کارت", "card", "card number"),
            "paid_on": ("تاریخ تسویه", "تاریخ واریز", "settlement date"),
            "cycle": ("چرخه", "سیکل", "شماره سیکل", "شماره تسویه", "شناسه تسویه", "cycle", "batch"),
        },
        needed=(("reference", "order_number"), ("amount",), ("day",)),
    ),
}  # fmt: skip
