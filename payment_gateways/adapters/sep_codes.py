"""Saman's result codes: what each says, in two languages, and what it means to us.

Source: OnlinePG guides 3.3 and 3.6. The codes of a token request and of the way back are another
list than those of verify and reverse. A code that is not here is unknown, never a failure.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

START_WORDS: Mapping[str, tuple[str, str]] = {
    "1": ("توکن صادر شد", "token issued"),
    "5": ("پارامترهای ارسالی نامعتبر است", "invalid parameters"),
    "8": ("نشانی سرور پذیرنده نامعتبر است", "the server address is not registered"),
    "11": ("تنها تراکنش با توکن پذیرفته است", "only transactions with a token are taken"),
    "12": ("شماره پایانه یافت نشد", "terminal not found"),
    "21": ("خطای سیاست تسهیم", "the rules of a split are broken"),
}
WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("تراکنش موفق است", "success"),
    "2": ("درخواست تکراری است", "repeated request"),
    "5": ("تراکنش برگشت خورده است", "reversed"),
    "-2": ("تراکنش یافت نشد", "transaction not found"),
    "-6": ("بیش از سی دقیقه از تراکنش گذشته است", "more than thirty minutes have passed"),
    "-104": ("پایانه غیرفعال است", "terminal inactive"),
    "-105": ("پایانه در سامانه موجود نیست", "terminal unknown"),
    "-106": ("نشانی سرور پذیرنده مجاز نیست", "the server address is not allowed"),
}

_OURS_TO_MEND = dict.fromkeys(("-104", "-105", "-106"), Kind.CONFIG_ERROR)

START: Mapping[str, Kind] = {
    "5": Kind.REFUSED,
    "8": Kind.CONFIG_ERROR,
    "11": Kind.REFUSED,
    "12": Kind.CONFIG_ERROR,
    "21": Kind.REFUSED,
}
VERIFY: Mapping[str, Kind] = {
    **_OURS_TO_MEND,
    "0": Kind.CONFIRMED,
    "2": Kind.ALREADY_CONFIRMED,
    "5": Kind.RETURNED,
    "-2": Kind.NOT_FOUND,
    "-6": Kind.RETURNED,  # what nobody verified in thirty minutes goes back by itself
}
# A repeated request (2) does not say what became of the first one: it is looked into.
REVERSE: Mapping[str, Kind] = {
    **_OURS_TO_MEND,
    "0": Kind.DONE,
    "5": Kind.DONE,
    "-2": Kind.NOT_FOUND,
    "-6": Kind.REFUSED,
}
# Asked for a transaction that cannot exist, a bank that lets us in says that there is none.
CHECK: Mapping[str, Kind] = {**_OURS_TO_MEND, "-2": Kind.DONE}
