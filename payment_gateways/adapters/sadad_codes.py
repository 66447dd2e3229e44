"""Sadad's result codes: what each says, in two languages, and what it means to us.

Source: guide 1.10/1.11. The guide lists its codes under the payment request; a verification
answers 0, 100, 101 or -1, and is read with the rest of the table where it answers anything else.
A code that is not here is unknown, never a failure.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("تراکنش موفق است", "success"),
    "-1": ("پارامترها نادرست است یا چنین تراکنشی نیست", "bad parameters or no such transaction"),
    "3": ("پذیرنده فعال نیست", "merchant inactive"),
    "23": ("پذیرنده نامعتبر است", "invalid merchant"),
    "58": ("این کار برای پایانه مجاز نیست", "not permitted to the terminal"),
    "61": ("مبلغ بیش از حد مجاز است", "amount above the limit"),
    "100": ("نتیجه تراکنش پیش‌تر ثبت شده است", "the result was registered before"),
    "101": ("مهلت ارسال تراکنش گذشته است", "the deadline has passed"),
    "1000": ("ترتیب پارامترها نادرست است", "wrong order of parameters"),
    "1001": ("پارامترهای پرداخت نادرست است", "wrong parameters"),
    "1002": ("خطای سیستم", "system error"),
    "1003": ("نشانی اینترنتی سرور ما نزد بانک ثبت نشده است", "our IP address is not allowed"),
    "1004": ("شماره پذیرنده نادرست است", "wrong merchant number"),
    "1005": ("خطای دسترسی؛ دوباره تلاش شود", "access error, to be tried again"),
    "1006": ("خطای سیستم", "system error"),
    "1011": ("شماره سفارش تکراری است", "duplicate order number"),
    "1012": ("تاریخ، زمان یا کلید نادرست است", "wrong date, time or key"),
    "1015": ("خطای نامشخص", "unspecified error"),
    "1017": ("مبلغ بیش از سقف پذیرنده است", "amount above the merchant's ceiling"),
    "1018": ("ساعت سرور ما درست نیست", "our clock is off"),
    "1019": ("پرداخت با شبکه شتاب برای پذیرنده مجاز نیست", "Shetab not allowed"),
    "1020": ("پذیرنده غیرفعال شده است", "merchant disabled"),
    "1023": ("نشانی بازگشت نامعتبر است", "invalid return address"),
    "1024": ("مهر زمانی نامعتبر است", "invalid time stamp"),
    "1025": ("امضای تراکنش نامعتبر است", "invalid signature"),
    "1026": ("شماره سفارش نامعتبر است", "invalid order number"),
    "1027": ("شماره پذیرنده نامعتبر است", "invalid merchant number"),
    "1028": ("شماره پایانه نامعتبر است", "invalid terminal number"),
    "1029": ("نشانی اینترنتی سرور ما نزد بانک ثبت نشده است", "our IP address is not allowed"),
    "1030": ("دامنه ما نزد بانک ثبت نشده است", "our domain is not allowed"),
    "1031": ("مهلت پرداخت گذشته است", "the time to pay is over"),
    "1032": ("پرداخت با این کارت مجاز نیست", "card not allowed"),
    "1033": ("پرداخت برای این پذیرنده بسته است", "payments are off for the merchant"),
    "1036": ("اطلاعات اضافی نادرست است", "wrong additional data"),
    "1037": ("شماره پذیرنده یا پایانه نادرست است", "wrong merchant or terminal number"),
    "1040": ("خطایی که شرح آن در راهنمای بانک است", "an error described in the guide"),
    "1053": ("درخواست معتبر از سوی پذیرنده نرسیده است", "no valid request of the merchant"),
    "1055": ("مقدار غیرمجاز در ورودی", "illegal value"),
    "1056": ("سامانه موقتاً قطع است", "temporarily down"),
    "1058": ("سرویس موقتاً قطع است", "temporarily out of service"),
    "1061": ("کد یکتای پرداخت ساخته نشد", "the unique code could not be made"),
    "1064": ("دوباره تلاش شود", "to be tried again"),
    "1065": ("ارتباط ناموفق؛ دوباره تلاش شود", "no connection, to be tried again"),
    "1066": ("سرویس پرداخت موقتاً قطع است", "temporarily out of service"),
    "1068": ("به‌روزرسانی؛ سامانه موقتاً قطع است", "temporarily down for an update"),
    "1072": ("پارامترهای اختیاری نادرست است", "wrong optional parameters"),
    "1101": ("مبلغ نامعتبر است", "invalid amount"),
    "1103": ("توکن نامعتبر است", "invalid token"),
    "1104": ("اطلاعات تسهیم نادرست است", "wrong split"),
    "1105": ("مهلت گذشته و تراکنش برگشت خورده است", "returned, the deadline was over"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


_OURS_TO_MEND = _each(
    Kind.CONFIG_ERROR,
    "3", "23", "58", "1003", "1004", "1012", "1018", "1019", "1020", "1023", "1024", "1025",
    "1027", "1028", "1029", "1030", "1033", "1037", "1053",
)  # fmt: skip
_TO_REPEAT = _each(
    Kind.UNKNOWN,
    "1002", "1005", "1006", "1015", "1040", "1056", "1058", "1064", "1065", "1066", "1068",
)  # fmt: skip
_NOT_TAKEN = _each(
    Kind.REFUSED,
    "61", "1000", "1001", "1011", "1017", "1026", "1031", "1032", "1036", "1055", "1061", "1072",
    "1101", "1103", "1104",
)  # fmt: skip

START: Mapping[str, Kind] = (
    _OURS_TO_MEND | _TO_REPEAT | _NOT_TAKEN | _each(Kind.STARTED, "0") | _each(Kind.REFUSED, "-1")
)
VERIFY: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    # What is said of a request says nothing of a payment that is under way.
    | _each(Kind.UNKNOWN, *_NOT_TAKEN)
    | _each(Kind.CONFIRMED, "0")
    | _each(Kind.ALREADY_CONFIRMED, "100")
    | _each(Kind.RETURNED, "101", "1105")
    | _each(Kind.NOT_FOUND, "1103")
    # -1 is said of a payer who is still on the pay page, of one who gave up and of a token that
    # never was. Nothing tells them apart, so nothing ends by it but by the window of time.
    | _each(Kind.OPEN, "-1")
)
# Asked for a token that cannot exist, a bank that lets us in says that there is none.
CHECK: Mapping[str, Kind] = {**VERIFY} | _each(Kind.DONE, "0", "-1", "100", "101", "1103", "1105")
