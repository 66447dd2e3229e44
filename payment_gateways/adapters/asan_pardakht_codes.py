"""Asan Pardakht's codes, which are HTTP statuses: what each says and what it means to us.

Source: REST guide 1.6. The same number means another thing in each group of calls, so there is a
table for each. A code that is not here is unknown, never a failure.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

Words = Mapping[str, tuple[str, str]]

_COMMON: Words = {
    "200": ("عملیات موفق بود", "success"),
    "400": ("درخواست نادرست است", "bad request"),
    "401": ("نام کاربری یا گذرواژه در سرآیند نیامده است", "user or password header refused"),
    "571": ("هنوز پردازش نشده است", "not processed yet"),
    "572": ("وضعیت تراکنش هنوز روشن نیست", "the state is not known yet"),
    "573": ("خطای داخلی آسان پرداخت", "internal error"),
}
_TROUBLE_AT_START = (
    "تنظیم‌های پذیرنده یا سامانه آسان پرداخت ایراد دارد",
    "trouble in the merchant's configuration or in the system",
)
START_WORDS: Words = {
    **_COMMON,
    "471": ("هویت پذیرنده نامعتبر است", "identity not trusted"),
    "472": ("رکوردی یافت نشد", "no record"),
    "473": ("نام کاربری، گذرواژه یا کد پذیرنده نادرست است", "wrong user, password or merchant"),
    "474": ("نشانی سرور مجاز نیست", "the server address is not allowed"),
    "475": ("شماره فاکتور نامعتبر است", "invalid invoice number"),
    "476": ("مبلغ نامعتبر است", "invalid amount"),
    "477": ("تاریخ نامعتبر است", "invalid date"),
    "478": ("قالب تاریخ نامعتبر است", "invalid format of the date"),
    "479": ("شناسه سرویس نامعتبر است", "invalid service id"),
    "480": ("شناسه پرداخت‌کننده نامعتبر است", "invalid payer id"),
    "481": ("قالب تسهیم نامعتبر است", "invalid format of the portions"),
    "482": ("جمع تسهیم با مبلغ یکی نیست", "the portions do not add up"),
    "483": ("شماره شبا نامعتبر است", "invalid IBAN"),
    "484": ("خطای بانک", "error at the bank"),
    "485": ("ساعت سرور ما درست نیست", "our local date is wrong"),
    "486": ("مبلغ بیرون از محدوده مجاز است", "amount out of range"),
    "487": ("سرویس یافت نشد یا فعال نیست", "service not found"),
    "488": ("نشانی بازگشت نامعتبر است", "invalid callback address"),
    "489": ("شماره فاکتور تکراری است", "duplicate invoice number"),
    "490": ("شناسه پذیرنده فعال نیست", "the merchant id is inactive"),
    "491": ("شمار تسهیم‌ها بیش از حد مجاز است", "too many portions"),
    "492": ("درخواست پردازش‌پذیر نیست", "the request cannot be processed"),
    "493": ("درخواست پردازش‌پذیر نیست", "the request cannot be processed"),
    "494": ("شناسه واریز پذیرفته نیست", "the rules of payment ids are broken"),
    "497": ("شناسه واریز پذیرفته نیست", "the rules of payment ids are broken"),
    **dict.fromkeys(map(str, range(571, 581)), _TROUBLE_AT_START),
}
RESULT_WORDS: Words = {
    **_COMMON,
    "471": ("هویت پذیرنده نامعتبر است", "identity not trusted"),
    "472": ("رکوردی یافت نشد", "no record"),
}
WORDS: Words = {
    **_COMMON,
    "471": ("تراکنش ناموفق بوده است", "failed transaction"),
    "472": ("تأیید پیش‌تر درخواست شده است", "verify was requested before"),
    "473": ("تسویه پیش‌تر درخواست شده است", "settlement was requested before"),
    "474": ("برگشت پیش‌تر درخواست شده است", "reversal was requested before"),
    "475": ("تراکنش در فهرست تسویه است", "in the list of settlements"),
    "476": ("تراکنش در فهرست برگشت است", "in the list of reversals"),
    "477": ("هویت پذیرنده نامعتبر است", "identity not trusted"),
    "478": ("تراکنش لغو شده است", "cancelled"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


# Whatever stands between us and the bank answers 400 too; of a payment it says nothing.
_TO_REPEAT = _each(Kind.UNKNOWN, "400", "571", "572", "573")
_HEADERS = _each(Kind.CONFIG_ERROR, "401")

START: Mapping[str, Kind] = (
    _each(Kind.REFUSED, "400", "472", "475", "476", "477", "478", "479", "480", "481", "482", "483")
    | _each(Kind.REFUSED, "486", "489", "491", "492", "493", "494", "497")
    | _each(Kind.CONFIG_ERROR, "471", "473", "474", "485", "487", "488", "490")
    | _each(Kind.UNKNOWN, "484", *map(str, range(571, 581)))
    | _HEADERS
    | _each(Kind.STARTED, "200")
)
# No record is no proof that nobody pays: the donor may still be on the pay page.
RESULT: Mapping[str, Kind] = (
    _HEADERS
    | _TO_REPEAT
    | _each(Kind.AWAITS_CONFIRM, "200")
    | _each(Kind.NOT_FOUND, "472")
    | _each(Kind.CONFIG_ERROR, "471")
)
_OF_A_SALE = _HEADERS | _TO_REPEAT | _each(Kind.CONFIG_ERROR, "477")
VERIFY: Mapping[str, Kind] = (
    _OF_A_SALE
    | _each(Kind.CONFIRMED, "200")
    | _each(Kind.ALREADY_CONFIRMED, "472", "473", "475")
    | _each(Kind.RETURNED, "474", "476", "478")
    | _each(Kind.NOT_PAID, "471")
)
# A client of the company reads 473 to 476 of a settlement the other way round. The guide is
# believed where it says that money comes; that it went back is not taken from it. "Failed" and
# "verify requested" do not say whether this call took effect.
SETTLE: Mapping[str, Kind] = (
    _OF_A_SALE
    | _each(Kind.DONE, "200", "473", "475")
    | _each(Kind.RETURNED, "478")
    | _each(Kind.UNKNOWN, "471", "472", "474", "476")
)
# 472 sends from Reverse to Cancel; from Cancel it says nothing about the cancelling.
REVERSE: Mapping[str, Kind] = (
    _OF_A_SALE
    | _each(Kind.DONE, "200", "474", "476", "478")
    | _each(Kind.REFUSED, "471", "473", "475")
    | _each(Kind.UNKNOWN, "472")
)
# Asked for an invoice that is not there, a bank that lets us in says that there is none.
CHECK: Mapping[str, Kind] = {**RESULT} | _each(Kind.DONE, "200", "472")
