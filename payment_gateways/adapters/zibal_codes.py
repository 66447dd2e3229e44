"""Zibal's result and status codes: what each says, in two languages, and what it means to us.

Source: the documentation of version 1. The gateway and the platform number their results anew, so
they have two tables; the status of a payment is a third. A code that is not here is unknown.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "100": ("عملیات موفق بود", "success"),
    "102": ("پذیرنده یافت نشد", "merchant not found"),
    "103": ("پذیرنده فعال نیست", "merchant inactive"),
    "104": ("پذیرنده نامعتبر است", "merchant invalid"),
    "105": ("مبلغ باید بیش از هزار ریال باشد", "amount too small"),
    "106": ("نشانی بازگشت نامعتبر است", "callback address invalid"),
    "107": ("شیوه تقسیم نامعتبر است", "split mode invalid"),
    "108": ("ذی‌نفع تقسیم نامعتبر است", "beneficiary of the split invalid"),
    "109": ("ذی‌نفع تقسیم فعال نیست", "beneficiary of the split inactive"),
    "110": ("سهم پذیرنده در تقسیم نیست", "the merchant's own share is missing"),
    "111": ("جمع سهم‌ها با مبلغ یکی نیست", "the shares do not add up"),
    "112": ("کیف پول کارمزد موجودی ندارد", "the wallet for fees is empty"),
    "113": ("مبلغ بیش از سقف مجاز است", "amount above the limit"),
    "114": ("کد ملی نامعتبر است", "national id invalid"),
    "115": ("نشانی اینترنتی سرور ما ثبت نشده است", "our IP address is not registered"),
    "116": ("شیوه کارمزد نامعتبر است", "fee mode invalid"),
    "201": ("این پرداخت پیش‌تر تأیید شده است", "already verified"),
    "202": ("پرداخت انجام نشده یا ناموفق بوده است", "unpaid or failed"),
    "203": ("شناسه پرداخت نامعتبر است", "unknown payment"),
}
STATUS_WORDS: Mapping[str, tuple[str, str]] = {
    "-2": ("خطای داخلی زیبال", "internal error"),
    "-1": ("پرداخت‌کننده هنوز در صفحه بانک است", "the payer is still at the bank"),
    "1": ("پرداخت تأیید شده است", "paid and verified"),
    "2": ("پرداخت انجام شده و در انتظار تأیید ماست", "paid, not verified yet"),
    "3": ("پرداخت‌کننده از پرداخت انصراف داد", "cancelled by the payer"),
    "4": ("شماره کارت نامعتبر است", "invalid card number"),
    "5": ("موجودی کافی نیست", "insufficient funds"),
    "6": ("رمز نادرست است", "wrong PIN"),
    "7": ("تعداد درخواست‌ها بیش از حد مجاز است", "too many requests"),
    "8": ("تعداد پرداخت روزانه بیش از حد مجاز است", "daily count limit exceeded"),
    "9": ("مبلغ پرداخت روزانه بیش از حد مجاز است", "daily amount limit exceeded"),
    "10": ("صادرکننده کارت نامعتبر است", "invalid card issuer"),
    "11": ("خطای سوییچ", "switch error"),
    "12": ("کارت در دسترس نیست", "card unreachable"),
    "15": ("مبلغ به پرداخت‌کننده بازگردانده شد", "refunded"),
    "16": ("مبلغ در حال بازگشت به پرداخت‌کننده است", "being refunded"),
    "18": ("پرداخت برگشت خورده است", "reversed"),
    "21": ("پذیرنده نامعتبر است", "merchant invalid"),
}
REFUND_WORDS: Mapping[str, tuple[str, str]] = {
    "1": ("درخواست استرداد پذیرفته شد", "the order to refund was taken"),
    "2": ("کلید دسترسی داده نشده است", "access token missing"),
    "3": ("کلید دسترسی نامعتبر است", "access token invalid"),
    "4": ("دسترسی به این سرویس مجاز نیست", "access to this service is not allowed"),
    "5": ("نشانی بازگشت نامعتبر است", "callback address invalid"),
    "6": ("ورودی نامعتبر است", "invalid input"),
    "7": ("نشانی اینترنتی سرور ما مجاز نیست", "our IP address is not allowed"),
    "8": ("کلید دسترسی فعال نیست", "access token inactive"),
    "9": ("مبلغ کمتر از هزار ریال است", "amount too small"),
    "10": ("کیف پول یافت نشد", "wallet not found"),
    "11": ("موجودی کیف پول کافی نیست", "the wallet's balance does not suffice"),
    "12": ("مبلغ کمتر از ده هزار ریال است", "amount below ten thousand rials"),
    "14": ("درخواست یافت نشد", "no such order"),
    "18": ("درگاه یافت نشد یا فعال نیست", "gateway not found or inactive"),
    "29": ("موجودی کیف پول برای کارمزد کافی نیست", "the wallet does not cover the fee"),
    "45": ("بانک در دسترس نیست", "the banks cannot be reached"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


_OURS_TO_MEND = _each(Kind.CONFIG_ERROR, "102", "103", "104", "115")

START: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _each(Kind.STARTED, "100")
    | _each(Kind.CONFIG_ERROR, "106", "112")
    | _each(Kind.REFUSED, "105", "107", "108", "109", "110", "111", "113", "114", "116")
)
# "Already verified" carries neither amount nor reference, and "unpaid or failed" also comes while
# the payer is still at the bank: ``confirm`` looks into both before anybody believes them.
VERIFY: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _each(Kind.CONFIRMED, "100")
    | _each(Kind.ALREADY_CONFIRMED, "201")
    | _each(Kind.NOT_PAID, "202")
    | _each(Kind.NOT_FOUND, "203")
)
INQUIRE: Mapping[str, Kind] = _OURS_TO_MEND | _each(Kind.NOT_FOUND, "203")
# Asked for a payment that cannot exist, Zibal says so to whom it lets in.
CHECK: Mapping[str, Kind] = _OURS_TO_MEND | _each(Kind.DONE, "203")
STATUS: Mapping[str, Kind] = (
    _each(Kind.OPEN, "-1")
    | _each(Kind.ALREADY_CONFIRMED, "1")
    | _each(Kind.AWAITS_CONFIRM, "2")
    | _each(Kind.NOT_PAID, "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "21")
    | _each(Kind.RETURNED, "15", "16", "18")
    | _each(Kind.UNKNOWN, "-2")
)

_PLATFORM_TO_MEND = _each(Kind.CONFIG_ERROR, "2", "3", "4", "7", "8", "10", "18")
REFUND: Mapping[str, Kind] = (
    _PLATFORM_TO_MEND
    | _each(Kind.DONE, "1")
    | _each(Kind.REFUSED, "5", "6", "9", "11", "12", "14", "29")
    | _each(Kind.UNKNOWN, "45")
)
REFUND_INQUIRE: Mapping[str, Kind] = (
    _PLATFORM_TO_MEND | _each(Kind.DONE, "1") | _each(Kind.NOT_FOUND, "14")
)
# Of the status of a refund no source at hand tells the numbers: 0 and 1 are assumed. Any other
# leaves the refund unknown, so that people look into it and nothing is sent a second time.
REFUND_STATUS: Mapping[str, Kind] = {"0": Kind.OPEN, "1": Kind.DONE}
