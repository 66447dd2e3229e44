"""Pasargad's result codes (token API): what each says, in two languages, and what it means to us.

Source: guide 9.0 (Mordad 1403) with the tables of the official repository (2026). The space of
codes is not the same in all versions (13007 and 13008 have changed); a code that is not here is
unknown.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("عملیات موفق بود", "success"),
    "1": ("عملیات ناموفق بود", "failure"),
    "2": ("وضعیت پرداخت نامشخص است", "unknown"),
    "401": ("نام کاربری، گذرواژه یا توکن پذیرفته نشد", "login or token not accepted"),
    "500": ("خطای داخلی بانک", "internal server error"),
    "13000": ("ورودی نامعتبر است", "invalid input"),
    "13001": ("نشانی نامعتبر است", "invalid address"),
    "13002": ("توکن نشانی پرداخت نامعتبر است", "invalid url token"),
    "13003": ("شماره فاکتور تکراری است", "duplicate invoice"),
    "13004": ("توکن خالی است", "token is empty"),
    "13005": ("سرور بانک موقتاً در دسترس نیست", "gateway time-out"),
    "13009": ("پرداختی با این نشانی یافت نشد", "url token not found"),
    "13010": ("شماره همراه نامعتبر است", "invalid mobile number"),
    "13013": ("شناسه پرداخت نامعتبر است", "invalid payment id"),
    "13015": ("برای تکرار درخواست دو دقیقه صبر باید کرد", "two minutes between repeated calls"),
    "13016": ("تراکنش یافت نشد", "transaction not found"),
    "13017": ("طول یکی از فیلدها نامعتبر است", "invalid input length"),
    "13018": ("یافت نشد", "not found"),
    "13019": ("فاکتور از آن کاربر دیگری است", "the invoice belongs to another user"),
    "13021": ("پرداخت از پیش لغو شده است", "the payment page was cancelled"),
    "13022": ("پرداخت انجام نشده است", "not paid"),
    "13025": ("تراکنش ناموفق بود", "the transaction failed"),
    "13026": ("شماره کارت نامعتبر است", "invalid card number"),
    "13027": ("کارت و شماره همراه از یک نفر نیستند", "card and mobile do not match"),
    "13028": ("دامنه نشانی بازگشت ثبت نشده است", "the callback domain is not registered"),
    "13029": ("تراکنش تأیید شده است", "confirmed"),
    "13030": ("تراکنش تأیید نشد و ناموفق است", "verification failed"),
    "13031": ("تراکنش در انتظار تأیید ماست", "awaiting confirmation"),
    "13032": ("کارت منقضی شده است", "the card has expired"),
    "13033": ("تراکنش برگشت خورده است", "reversed"),
    "13034": ("تراکنش وریفای شده است و تأیید آن در پی می‌آید", "verified, will be confirmed"),
    "13035": ("برگشت این تراکنش مجاز نیست", "reversal is not allowed"),
    "13045": ("دارنده کارت انصراف داد", "cancelled by the card holder"),
    "13046": ("تراکنش تسویه شده است", "settled"),
    "13047": ("پذیرنده نامعتبر است", "invalid merchant"),
    "13049": ("تراکنش ناقص است", "the transaction is incomplete"),
    "13055": ("مبلغ نامعتبر است", "invalid amount"),
    "13063": ("موجودی کافی نیست", "not enough funds"),
    "13064": ("رمز کارت نادرست است", "wrong PIN"),
    "13068": ("مبلغ بیش از سقف مجاز است", "limit exceeded"),
    "13071": ("مبلغ تراکنش با مبلغ درخواست یکی نیست", "the amount differs"),
    "13075": ("مهلت تأیید گذشته است", "too late to confirm"),
    "13076": ("مهلت برگشت گذشته است", "too late to reverse"),
    "13084": ("سوئیچ بانک در دسترس نیست", "the switch is signed off"),
    "13339": ("پاسخ بانک دیر رسید", "the answer came too late"),
    "13366": ("توکن فعال نیست", "the token is not active"),
    "13402": ("نشانی ارجاع‌دهنده پذیرفته نشد", "the referring page is not accepted"),
    "13422": ("نشانی سرور ما نزد بانک ثبت نشده است", "the server IP address is not registered"),
    "13428": ("تراکنش پیش‌تر تأیید شده است", "already verified"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


_OURS_TO_MEND = _each(Kind.CONFIG_ERROR, "401", "13028", "13047", "13402", "13422")
_TO_REPEAT = _each(Kind.UNKNOWN, "1", "2", "500", "13005", "13015", "13084", "13339", "13366")
_NOT_THERE = _each(Kind.NOT_FOUND, "13009", "13016", "13018", "13019")
# What may still turn into a payment while the page is open: the payer can try another card.
_STILL_TRYING = _each(
    Kind.OPEN, "13022", "13026", "13027", "13032", "13049", "13063", "13064", "13068"
)
_NOT_PAID = _each(Kind.NOT_PAID, "13021", "13025", "13030", "13045")

LOG_IN: Mapping[str, Kind] = _OURS_TO_MEND | _TO_REPEAT | _each(Kind.CONFIG_ERROR, "13000")
START: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.STARTED, "0")
    | _each(Kind.CONFIG_ERROR, "13001")
    | _each(Kind.REFUSED, "13000", "13003", "13010", "13013", "13017", "13055", "13068")
)
CONFIRM: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _NOT_THERE
    | _STILL_TRYING
    | _NOT_PAID
    | _each(Kind.CONFIRMED, "0")
    | _each(Kind.ALREADY_CONFIRMED, "13029", "13034", "13046", "13428")
    | _each(Kind.RETURNED, "13033", "13075")
    # The money stands at the bank with another amount than the invoice; nothing was made final.
    | _each(Kind.REFUSED, "13071")
)
REVERSE: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _NOT_THERE
    | _each(Kind.DONE, "0", "13033")
    | _each(Kind.REFUSED, "13021", "13022", "13025", "13035", "13045", "13046", "13071", "13076")
)
INQUIRE: Mapping[str, Kind] = _OURS_TO_MEND | _TO_REPEAT | _NOT_THERE | _STILL_TRYING | _NOT_PAID
# The state of a payment within an inquiry. "Success" does not say whether it was confirmed, so
# that it is confirmed once more, which is harmless.
STATUS: Mapping[str, Kind] = (
    _NOT_THERE
    | _STILL_TRYING
    | _NOT_PAID
    | _each(Kind.AWAITS_CONFIRM, "0", "13031")
    | _each(Kind.ALREADY_CONFIRMED, "13029", "13034", "13046", "13428")
    | _each(Kind.RETURNED, "13033", "13075")
)
# Who is told that there is no such invoice, or that it is somebody else's, was let in.
CHECK: Mapping[str, Kind] = {**INQUIRE, **_each(Kind.DONE, "0", "13016", "13018", "13019")}
