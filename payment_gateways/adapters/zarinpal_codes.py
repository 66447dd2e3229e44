"""Zarinpal's result codes (version 4): what each says, in two languages, and what it means to us.

Source: the official documentation pages. The older WebGate service used the same numbers with
other meanings; none of them may be added here. A code that is not here is unknown.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "100": ("عملیات موفق بود", "success"),
    "101": ("این پرداخت پیش‌تر تأیید شده است", "already verified"),
    "-2": ("نشانی بازگشت داده نشده است", "callback address missing"),
    "-3": ("شرح پرداخت خالی یا بیش از حد بلند است", "description missing or too long"),
    "-4": ("مبلغ بیرون از محدوده مجاز است", "amount out of range"),
    "-5": ("شناسه معرف نامعتبر است", "invalid referrer id"),
    "-9": ("اطلاعات ارسالی نامعتبر است", "validation error"),
    "-10": ("شناسه پذیرنده یا نشانی سرور درست نیست", "merchant id or IP address is wrong"),
    "-11": ("پایانه فعال نیست", "terminal inactive"),
    "-12": ("تعداد درخواست‌ها بیش از حد مجاز است", "too many attempts"),
    "-13": ("سقف پایانه پر شده است", "terminal limit reached"),
    "-14": ("نشانی بازگشت با دامنه پایانه یکی نیست", "callback domain mismatch"),
    "-15": ("پایانه معلق شده است", "terminal suspended"),
    "-16": ("سطح پذیرنده پایین‌تر از نقره‌ای است", "merchant level below silver"),
    "-17": ("محدودیت سطح آبی", "blue level limit"),
    "-18": ("دامنه معرف یکی نیست", "referrer domain mismatch"),
    "-19": ("پایانه مسدود است", "terminal banned"),
    "-40": ("زمان اعتبار نامعتبر است", "invalid expiry"),
    "-41": ("مبلغ بیش از صد میلیون تومان است", "amount above the limit"),
    "-42": ("زمان اعتبار بیرون از محدوده مجاز است", "expiry out of range"),
    "-50": ("مبلغ پرداخت‌شده با مبلغ درخواست یکی نیست", "the paid amount differs"),
    "-51": ("پرداخت انجام نشده یا ناموفق بوده است", "unpaid or failed"),
    "-52": ("خطای داخلی زرین‌پال", "internal error"),
    "-53": ("پرداخت از آن پذیرنده دیگری است", "belongs to another merchant"),
    "-54": ("شناسه پرداخت نامعتبر است", "invalid authority"),
    "-55": ("تراکنش یافت نشد", "transaction not found"),
    "-60": ("بانک امکان برگشت این پرداخت را ندارد", "the bank cannot reverse"),
    "-61": ("پرداخت ناموفق یا پیش‌تر برگشت خورده است", "not successful or already reversed"),
    "-62": ("نشانی سرور ما برای برگشت ثبت نشده است", "no server IP address is registered"),
    "-63": ("مهلت سی‌دقیقه‌ای برگشت گذشته است", "the thirty minutes are over"),
    "429": ("شناسه معرف نامعتبر است", "invalid referrer id"),
    # The words of an inquiry stand beside the codes.
    "VERIFIED": ("پرداخت تأیید شده است", "verified"),
    "PAID": ("پرداخت انجام شده و در انتظار تأیید ماست", "paid, not verified yet"),
    "IN_BANK": ("پرداخت‌کننده هنوز در صفحه بانک است", "the payer is still at the bank"),
    "FAILED": ("پرداخت ناموفق بود", "failed"),
    "REVERSED": ("پرداخت برگشت خورده است", "reversed"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


_OURS_TO_MEND = _each(
    Kind.CONFIG_ERROR, "-9", "-10", "-11", "-13", "-14", "-15", "-16", "-17", "-18", "-19"
)
_TO_REPEAT = _each(Kind.UNKNOWN, "-12", "-52")

START: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.STARTED, "100")
    # -9 is also what an odd mobile number of a donor gets.
    | _each(Kind.REFUSED, "-2", "-3", "-4", "-5", "-9", "-40", "-41", "-42", "429")
)
VERIFY: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.CONFIRMED, "100")
    | _each(Kind.ALREADY_CONFIRMED, "101")
    | _each(Kind.NOT_PAID, "-51")
    | _each(Kind.NOT_FOUND, "-53", "-54", "-55")
    # The money stands at Zarinpal with another amount than ours; nothing was made final.
    | _each(Kind.REFUSED, "-50")
)
REVERSE: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.DONE, "100")
    | _each(Kind.NOT_FOUND, "-53", "-54", "-55")
    | _each(Kind.CONFIG_ERROR, "-62")
    | _each(Kind.REFUSED, "-51", "-60", "-61", "-63")
)
LIST: Mapping[str, Kind] = _OURS_TO_MEND | _TO_REPEAT | _each(Kind.DONE, "100")
STATUS: Mapping[str, Kind] = {
    "VERIFIED": Kind.ALREADY_CONFIRMED,
    "PAID": Kind.AWAITS_CONFIRM,
    "IN_BANK": Kind.OPEN,
    "FAILED": Kind.NOT_PAID,
    "REVERSED": Kind.RETURNED,
}
INQUIRE: Mapping[str, Kind] = (
    _OURS_TO_MEND | _TO_REPEAT | _each(Kind.NOT_FOUND, "-53", "-54", "-55")
)

# The panel speaks GraphQL: a refusal has a category instead of a code.
PANEL_WORDS: Mapping[str, tuple[str, str]] = {
    "": ("پاسخ پنل زرین‌پال", "the panel's answer"),
    "authentication": ("کلید دسترسی پنل نامعتبر است", "the panel's access token is invalid"),
    "authorization": ("کلید دسترسی پنل مجاز نیست", "the panel's access token is not allowed"),
    "validation": ("زرین‌پال این استرداد را نپذیرفت", "Zarinpal declines this refund"),
    "no session": ("پنل زرین‌پال چنین پرداختی ندارد", "the panel shows no such payment"),
}
PANEL: Mapping[str, Kind] = {
    "authentication": Kind.CONFIG_ERROR,
    "authorization": Kind.CONFIG_ERROR,
    "validation": Kind.REFUSED,
}
# The pages show no list of these words: they are assumed. Any other leaves the refund unknown, so
# that people look into it and nothing is sent a second time.
REFUND_STATUS: Mapping[str, Kind] = {
    "PENDING": Kind.OPEN,
    "PAID": Kind.DONE,
    "DONE": Kind.DONE,
}
