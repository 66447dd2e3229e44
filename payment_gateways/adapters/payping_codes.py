"""PayPing's result codes (version 3): what each says, in two languages, what it means to us.

Source: the official description of the service and PayPing's own shop modules (2025). A success
has no code; ``report.`` and ``http.`` stand before the numbers of a report's states and of HTTP,
which would else be taken for each other. A code that is not here is unknown.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "1": ("پرداخت‌کننده انصراف داد", "cancelled by the payer"),
    "2": ("رمز کارت نادرست است", "wrong PIN"),
    "3": ("شماره CVV2 یا تاریخ انقضا داده نشد", "CVV2 or expiry is missing"),
    "4": ("موجودی کافی نیست", "not enough funds"),
    "5": ("کارت منقضی شده است", "the card has expired"),
    "6": ("کارت مسدود است", "the card is blocked"),
    "7": ("تراکنش نزد درگاه یافت نشد", "not found at the gateway"),
    "8": ("بانک صادرکننده کارت نپذیرفت", "refused by the issuer"),
    "9": ("مبلغ نامعتبر است", "invalid amount"),
    "10": ("شماره کارت نادرست است", "wrong card number"),
    "11": ("درگاه در دسترس نیست", "the gateway cannot be reached"),
    "12": ("خطای داخلی بانک", "internal error of the bank"),
    "15": ("پرداخت پیش‌تر تأیید شده است", "already verified"),
    "18": ("پذیرنده تأیید نشده است", "the merchant is not approved"),
    "19": ("هویت پذیرنده کامل نشده است", "the merchant's identity is incomplete"),
    "25": ("سرویس موقتاً در دسترس نیست", "temporarily down"),
    "26": ("کد پرداخت یافت نشد", "the payment code was not found"),
    "27": ("مبلغ مجاز نیست", "the amount is not allowed"),
    "28": ("دسترسی از این نشانی مجاز نیست", "access from this address is not allowed"),
    "29": ("درگاه در دسترس نیست", "the gateway cannot be reached"),
    "31": ("پرداخت‌کننده هنوز به بانک نرفته است", "the payer has not been at the bank yet"),
    "38": ("نشانی وب پذیرنده نامعتبر است", "the merchant's site is invalid"),
    "39": ("پرداخت ناموفق بود و وجه برمی‌گردد", "failed, the money returns"),
    "44": ("شناسه پرداخت نامعتبر است", "invalid payment reference"),
    "46": ("توکن تأیید با توکن ساخت یکی نیست", "another token than the payment was made with"),
    "47": ("مبلغ پرداخت‌شده با مبلغ درخواست یکی نیست", "the amount differs"),
    "48": ("نتیجه شاپرک هنوز نهایی نیست", "not final at the card network"),
    "49": ("پایانه‌ای تعریف نشده است", "there is no terminal"),
    "104": ("مبلغ بیش از سقف توکن آزمایشی است", "above the cap of a test token"),
    "110": ("پرداخت پیش‌تر تأیید شده است", "already verified"),
    "112": ("تعداد پرداخت‌های آزمایشی به سقف رسید", "the count of test payments is full"),
    "133": ("اطلاعات پرداخت نامعتبر است", "invalid"),
    "http.200": ("عملیات موفق بود", "success"),
    "http.202": ("نتیجه هنوز نهایی نیست", "still settling"),
    "http.401": ("توکن پذیرفته نشد", "the token is not accepted"),
    "http.403": ("دسترسی مجاز نیست", "access denied"),
    "http.404": ("پرداختی یافت نشد", "no such payment"),
    "report.0": ("پرداخت ساخته شده است", "created"),
    "report.1": ("پرداخت تأیید شده است", "verified"),
    "report.2": ("پرداخت‌کننده در صفحه بانک است", "the payer is at the bank"),
    "report.3": ("پرداخت لغو شده است", "cancelled"),
    "report.4": ("پرداخت نزد بانک ناموفق بود", "failed at the bank"),
    "report.5": ("پرداخت شده و در انتظار تأیید ماست", "paid, awaiting our verification"),
    "step": (
        "این درگاه به تومان کار می‌کند؛ مبلغ باید مضربی از ۱۰ ریال باشد",
        "this gateway counts in toman: the amount must be a multiple of 10 rial",
    ),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


_OURS_TO_MEND = _each(Kind.CONFIG_ERROR, "http.401", "http.403", "18", "19", "28", "38", "46", "49")
_TO_REPEAT = _each(Kind.UNKNOWN, "http.202", "11", "12", "25", "29", "48")

START: Mapping[str, Kind] = (
    _OURS_TO_MEND | _TO_REPEAT | _each(Kind.REFUSED, "9", "27", "104", "112", "133")
)
# What a verify says of the card or the reference is looked into by a report before it is believed.
VERIFY: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.ALREADY_CONFIRMED, "15", "110")
    | _each(Kind.NOT_PAID, "1", "2", "3", "4", "5", "6", "8", "10", "39")
    | _each(Kind.NOT_FOUND, "http.404", "7", "26", "31", "44", "133")
    # The money stands at PayPing with another amount than ours; nothing was made final.
    | _each(Kind.REFUSED, "9", "27", "47")
)
REPORT: Mapping[str, Kind] = (
    _OURS_TO_MEND | _TO_REPEAT | _each(Kind.NOT_FOUND, "http.404", "7", "26", "133")
)
REPORT_STATE: Mapping[str, Kind] = {
    "0": Kind.OPEN,
    "1": Kind.ALREADY_CONFIRMED,
    "2": Kind.OPEN,
    "3": Kind.NOT_PAID,
    "4": Kind.NOT_PAID,  # RETURNED where money had been taken
    "5": Kind.AWAITS_CONFIRM,
}
REVERSE: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.NOT_FOUND, "http.404", "7", "26", "44")
    | _each(Kind.REFUSED, "39", "133")
)
