"""Vandar's codes: what each says, in two languages, and what it means to us.

Source: the documentation of versions 3 and 4. Each call has a few codes of its own; a refusal has
no code but texts, so its HTTP status and those texts tell whether it is ours to mend. A code that
is not here is unknown.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

REFUSED_WORDS = ("وندار این درخواست را نپذیرفت", "Vandar declines the request")
OURS_WORDS = (
    "کلید، دامنه یا نشانی سرور ما نزد وندار درست نیست",
    "key, domain or IP address is not what Vandar has on file",
)
SEND_WORDS: Mapping[str, tuple[str, str]] = {"1": ("توکن صادر شد", "a token was issued")}
TRANSACTION_WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("تراکنش یافت نشد", "no such payment"),
    "1": ("پرداخت انجام شده و در انتظار تأیید ماست", "paid, not verified yet"),
    "2": ("پرداخت تأیید شده است", "verified"),
    "3": ("مهلت تأیید گذشته و مبلغ بازگشته است", "the time to verify is over"),
    "4": ("پرداخت ناموفق بود", "failed"),
}
VERIFY_WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("تأیید پذیرفته نشد", "the verification is declined"),
    "1": ("پرداخت تأیید شد", "verified"),
    "2": ("این پرداخت پیش‌تر تأیید شده است", "already verified"),
    "3": ("مهلت تأیید گذشته و مبلغ بازگشته است", "the time to verify is over"),
}

SEND: Mapping[str, Kind] = {"1": Kind.STARTED}
TRANSACTION: Mapping[str, Kind] = {
    "0": Kind.NOT_FOUND,
    "1": Kind.AWAITS_CONFIRM,
    "2": Kind.ALREADY_CONFIRMED,
    "3": Kind.RETURNED,
    "4": Kind.NOT_PAID,
}
VERIFY: Mapping[str, Kind] = {
    "1": Kind.CONFIRMED,
    "2": Kind.ALREADY_CONFIRMED,
    "3": Kind.RETURNED,
}
