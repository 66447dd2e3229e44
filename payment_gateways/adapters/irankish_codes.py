"""IranKish's result codes: what each says, in two languages, and what it means to us.

Source: guide "V9" of the REST service, version 3. An answer carries two codes: one about the call,
and within its result one about the payment. Codes below ten are written here with two digits. A
code that is not here is unknown, never a failure.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "00": ("عملیات موفق است", "success"),
    "02": ("تراکنش پیش‌تر برگشت خورده است", "already reversed"),
    "03": ("پذیرنده نامعتبر است", "invalid merchant"),
    "05": ("پرداخت‌کننده از پرداخت انصراف داد", "cancelled by the payer"),
    "14": ("اطلاعات کارت نادرست است", "wrong card data"),
    "17": ("پرداخت‌کننده از پرداخت انصراف داد", "cancelled by the payer"),
    "25": ("تراکنش اصلی یافت نشد", "original transaction not found"),
    "30": ("قالب پیام نادرست است", "wrong format"),
    "31": ("کد ملی با دارنده کارت هم‌خوان نیست", "national id does not match the card"),
    "40": ("این کار پشتیبانی نمی‌شود", "not supported"),
    "42": ("حساب مقصد پذیرای وجه نیست", "the destination account does not accept"),
    "51": ("موجودی کافی نیست", "insufficient funds"),
    "54": ("تاریخ انقضای کارت گذشته است", "expired card"),
    "55": ("رمز کارت نادرست است", "wrong PIN"),
    "56": ("اطلاعات کارت نادرست است", "wrong card data"),
    "57": ("این تراکنش مجاز نیست", "transaction not permitted"),
    "58": ("پایانه مجاز به این تراکنش نیست", "not permitted to the terminal"),
    "59": ("کارت مظنون به تقلب است", "suspected fraud"),
    "61": ("مبلغ بیش از حد مجاز است", "amount limit exceeded"),
    "62": ("کارت محدود شده است", "restricted card"),
    "63": ("خطای امنیتی", "security error"),
    "64": ("مبلغ نادرست است یا با جمع تسهیم یکی نیست", "wrong amount or sum of the split"),
    "65": ("تعداد درخواست بیش از حد مجاز است", "count limit exceeded"),
    "75": ("دفعات ورود رمز بیش از حد مجاز است", "PIN tries exceeded"),
    "77": ("روز مالی تراکنش نامعتبر است", "invalid business day"),
    "78": ("کارت فعال نیست", "inactive card"),
    "79": ("حساب متصل به کارت بسته یا نامعتبر است", "closed account of the card"),
    "86": ("بانک صادرکننده از شبکه شتاب خارج است", "Shetab is signed off"),
    "94": ("تراکنش تکراری است", "duplicate transaction"),
    "96": ("خطای داخلی سامانه", "internal error"),
    "97": ("کد اعتبارسنجی نادرست است", "wrong message authentication code"),
    "98": ("سقف استفاده از رمز ایستا پر شده است", "static PIN limit reached"),
    "901": ("درخواست نامعتبر است", "invalid request"),
    "902": ("پارامترهای اضافی نامعتبر است", "invalid additional parameters"),
    "903": ("شناسه پرداخت نامعتبر است", "invalid payment id"),
    "904": ("اطلاعات قبض نامعتبر است", "invalid bill"),
    "905": ("شناسه درخواست نامعتبر یا تکراری است", "invalid or used request id"),
    "906": ("زمان درخواست گذشته است", "stale time of the request"),
    "907": ("نشانی بازگشت نامعتبر است", "invalid return address"),
    "909": ("پذیرنده نامعتبر است", "invalid merchant"),
    "910": ("اطلاعات تسهیم نامعتبر است", "invalid split"),
    "911": ("اطلاعات تسهیم نامعتبر است", "invalid split"),
    "912": ("نوع تراکنش نامعتبر است", "invalid transaction type"),
    "913": ("اطلاعات تسهیم نامعتبر است", "invalid split"),
    "914": ("نشانی اینترنتی سرور ما نزد بانک ثبت نشده است", "our IP address is not allowed"),
    "915": ("پایانه نامعتبر است", "invalid terminal"),
    "916": ("شماره پذیرنده نامعتبر است", "invalid acceptor number"),
    "917": ("نوع تراکنش نامعتبر است", "invalid transaction type"),
    "918": ("پذیرنده فعال نیست", "merchant inactive"),
    "919": ("اطلاعات تسهیم نامعتبر است", "invalid split"),
    "920": ("توکن نامعتبر است", "invalid token"),
    "921": ("زمان توکن گذشته است", "token expired"),
    "922": ("خطای امنیتی: پاکت احراز هویت درست نیست", "security error: wrong envelope"),
    "923": ("شناسه پرداخت برای قبض مجاز نیست", "payment id not allowed with a bill"),
    "925": ("مبلغ مبادله‌شده نامعتبر است", "invalid exchanged amount"),
    "928": ("مبلغ مبادله‌شده نامعتبر است", "invalid exchanged amount"),
    "929": ("شناسه پرداخت با الگوریتم خود هم‌خوان نیست", "payment id fails its algorithm"),
    "930": ("کد ملی نامعتبر است", "invalid national id"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


_OURS_TO_MEND = _each(
    Kind.CONFIG_ERROR, "03", "58", "63", "97", "909", "914", "915", "916", "918", "922"
)
# What may still turn into a payment while the page is open: the payer can try another card.
DECLINED = _each(
    Kind.OPEN,
    "14", "31", "51", "54", "55", "56", "57", "59", "61", "62", "65", "75", "78", "79",
    "98",
)  # fmt: skip

START: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _each(Kind.STARTED, "00")
    | _each(Kind.CONFIG_ERROR, "42", "57", "906", "907")
    | _each(Kind.REFUSED, "30", "40", "61", "64", "94", "901", "902", "903", "904", "905", "910")
    | _each(Kind.REFUSED, "911", "912", "913", "917", "919", "923", "925", "928", "929", "930")
)
# What the bank knows of a payment, once our asking for it was understood.
PAYMENT: Mapping[str, Kind] = (
    DECLINED
    | _each(Kind.NOT_PAID, "05", "17")
    | _each(Kind.AWAITS_CONFIRM, "00")
    | _each(Kind.RETURNED, "02")
    | _each(Kind.NOT_FOUND, "25", "920")
    # A page whose time is over may have been paid before it was.
    | _each(Kind.OPEN, "921")
)
# The same said of the call: then "not permitted" is about us and not about a card.
INQUIRE: Mapping[str, Kind] = {**PAYMENT} | _OURS_TO_MEND | _each(Kind.CONFIG_ERROR, "57")
# The inquiry before it found the payment paid. What says otherwise now is to be asked again.
CONFIRM: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _each(Kind.CONFIRMED, "00")
    | _each(Kind.RETURNED, "02")
    | _each(Kind.CONFIG_ERROR, "57")
)
REVERSE: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _each(Kind.DONE, "00", "02")
    | _each(Kind.CONFIG_ERROR, "57")
    | _each(Kind.REFUSED, "25", "40", "920", "921")
)
# Asked for a payment that cannot exist, a bank that lets us in says that there is none.
CHECK: Mapping[str, Kind] = {**INQUIRE} | _each(Kind.DONE, "00", "02", "25", "920", "921")
