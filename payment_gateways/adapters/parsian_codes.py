"""Parsian's result codes: what each says, in two languages, and what it means to us.

No guide is public; the table is the one that all known clients share. Codes above zero come from
the card network. A code that is not here is unknown, never a failure.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("عملیات موفق است", "success"),
    "-1": ("خطای سرور", "server error"),
    "-100": ("پذیرنده غیرفعال است", "merchant inactive"),
    "-101": ("پذیرنده احراز هویت نشد", "merchant not authenticated"),
    "-102": ("تراکنش برگشت خورد", "reversed"),
    "-103": ("خرید برای پذیرنده فعال نیست", "sale is off for the merchant"),
    "-104": ("پرداخت قبض برای پذیرنده فعال نیست", "bills are off for the merchant"),
    "-105": ("تاپ‌آپ برای پذیرنده فعال نیست", "top-up is off for the merchant"),
    "-106": ("شارژ برای پذیرنده فعال نیست", "charge is off for the merchant"),
    "-107": ("تأیید برای پذیرنده فعال نیست", "confirmation is off for the merchant"),
    "-108": ("برگشت برای پذیرنده فعال نیست", "reversal is off for the merchant"),
    "-111": ("مبلغ بیش از سقف پذیرنده است", "amount above the ceiling"),
    "-112": ("شماره سفارش تکراری است", "duplicate order number"),
    "-113": ("پارامتر ورودی خالی است", "an input is empty"),
    "-114": ("شناسه قبض نامعتبر است", "invalid bill id"),
    "-115": ("شناسه پرداخت نامعتبر است", "invalid payment id"),
    "-116": ("طول رشته بیش از حد مجاز است", "an input is too long"),
    "-117": ("طول رشته کمتر از حد مجاز است", "an input is too short"),
    "-118": ("مقدار باید عدد باشد", "an input is no number"),
    "-119": ("سازمان نامعتبر است", "invalid organisation"),
    "-120": ("طول داده ورودی نامعتبر است", "invalid length of an input"),
    "-121": ("نوع داده ورودی نامعتبر است", "invalid type of an input"),
    "-126": ("کد شناسایی پذیرنده نامعتبر است", "invalid merchant code"),
    "-127": ("نشانی اینترنتی سرور ما نزد بانک ثبت نشده است", "our IP address is not allowed"),
    "-128": ("قالب نشانی اینترنتی نامعتبر است", "invalid form of the IP address"),
    "-130": ("زمان توکن گذشته است", "token expired"),
    "-131": ("توکن نامعتبر است", "invalid token"),
    "-132": ("مبلغ کمتر از حداقل است", "amount below the minimum"),
    "-138": ("پرداخت‌کننده از پرداخت انصراف داد", "cancelled by the payer"),
    "-1000": ("خطا در دریافت از سوییچ", "no answer from the switch"),
    "-1505": ("پذیرنده تراکنش را تأیید کرده است", "confirmed by the merchant"),
    "-1507": ("برگشت به سوییچ فرستاده شد", "the reversal was sent to the switch"),
    "-1527": ("درخواست خرید ناموفق بود", "the sale request failed"),
    "-1528": ("اطلاعات پرداخت یافت نشد", "no data of a payment"),
    "-1530": ("پذیرنده مجاز به تأیید این تراکنش نیست", "not allowed to confirm this one"),
    "-1531": ("تأیید تراکنش ناموفق ممکن نیست", "an unsuccessful one cannot be confirmed"),
    "-1532": ("پذیرنده تراکنش را تأیید کرده است", "confirmed by the merchant"),
    "-1533": ("تراکنش پیش‌تر تأیید شده است", "already confirmed"),
    "-1536": ("شارژ ناموفق بود", "the top-up failed"),
    "-1540": ("تأیید تراکنش ناموفق بود", "the confirmation failed"),
    "-1548": ("پرداخت قبض ناموفق بود", "the bill call failed"),
    "-1549": ("مهلت برگشت تراکنش گذشته است", "the time to reverse is over"),
    "-1550": ("برگشت در وضعیت کنونی ممکن نیست", "cannot be reversed in its state"),
    "-1551": ("تراکنش پیش‌تر برگشت خورده است", "already reversed"),
    "-1552": ("برگشت تراکنش مجاز نیست", "reversal not allowed"),
    "-32768": ("خطای ناشناخته", "unknown error"),
    "1": ("صادرکننده کارت تراکنش را نپذیرفت", "declined by the issuer"),
    "2": ("تراکنش پیش‌تر تأیید شده است", "already confirmed"),
    "5": ("تراکنش پذیرفته نشد", "declined"),
    "9": ("درخواست در جریان است", "in progress"),
    "12": ("تراکنش نامعتبر است", "invalid transaction"),
    "13": ("مبلغ نامعتبر است", "invalid amount"),
    "14": ("شماره کارت نامعتبر است", "invalid card number"),
    "30": ("قالب پیام نادرست است", "wrong format"),
    "33": ("تاریخ انقضای کارت گذشته است", "expired card"),
    "41": ("کارت گم‌شده است", "lost card"),
    "43": ("کارت دزدیده‌شده است", "stolen card"),
    "51": ("موجودی کافی نیست", "insufficient funds"),
    "54": ("تاریخ انقضای کارت گذشته است", "expired card"),
    "55": ("رمز کارت نادرست است", "wrong PIN"),
    "57": ("دارنده کارت مجاز به این تراکنش نیست", "not permitted to the card"),
    "58": ("پایانه مجاز به این تراکنش نیست", "not permitted to the terminal"),
    "59": ("کارت مظنون به تقلب است", "suspected fraud"),
    "61": ("مبلغ بیش از حد مجاز است", "amount limit exceeded"),
    "62": ("کارت محدود شده است", "restricted card"),
    "65": ("تعداد درخواست بیش از حد مجاز است", "count limit exceeded"),
    "68": ("پاسخ به‌موقع نرسید", "the answer came too late"),
    "75": ("دفعات ورود رمز بیش از حد مجاز است", "PIN tries exceeded"),
    "78": ("کارت فعال نیست", "inactive card"),
    "79": ("حساب متصل به کارت نامعتبر است", "invalid account of the card"),
    "84": ("صادرکننده کارت پاسخ نمی‌دهد", "the issuer is down"),
    "90": ("سامانه در حال بستن روز است", "end of day"),
    "91": ("صادرکننده کارت پاسخ نمی‌دهد", "the issuer is down"),
    "94": ("تراکنش تکراری است", "duplicate transaction"),
    "96": ("خطای سامانه", "system error"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


_OURS_TO_MEND = _each(
    Kind.CONFIG_ERROR,
    "-100", "-101", "-103", "-104", "-105", "-106", "-107", "-108", "-126", "-127", "-128",
)  # fmt: skip
# What leaves open whether the call had an effect, or says nothing about a sale of this kind.
_TO_REPEAT = _each(
    Kind.UNKNOWN,
    "-1", "-1000", "-1536", "-1540", "-1548", "-32768", "9", "68", "84", "90", "91", "94", "96",
)  # fmt: skip
_WRONG_INPUT = (
    "-111", "-112", "-113", "-114", "-115", "-116", "-117", "-118", "-119", "-120", "-121", "-132",
)  # fmt: skip
_DECLINED = (
    "1", "5", "12", "13", "14", "30", "33", "41", "43", "51", "54", "55", "57", "58", "59", "61",
    "62", "65", "75", "78", "79",
)  # fmt: skip

START: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.REFUSED, "-1527", *_WRONG_INPUT, *_DECLINED)
    | _each(Kind.STARTED, "0")
)
CONFIRM: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.UNKNOWN, *_WRONG_INPUT)  # our confirmation names what our request named
    | _each(Kind.CONFIRMED, "0")
    | _each(Kind.ALREADY_CONFIRMED, "2", "-1505", "-1532", "-1533")
    | _each(Kind.RETURNED, "-102", "-1507", "-1551")
    | _each(Kind.NOT_PAID, "-138", *_DECLINED)
    # These are said of who is still on the pay page as well as of who never paid, and a token may
    # be over without our knowing; the window of time ends what they leave open.
    | _each(Kind.OPEN, "-130", "-1527", "-1528", "-1531")
    | _each(Kind.NOT_FOUND, "-131")
    # The bank will not confirm this token for us, with this order and this amount.
    | _each(Kind.REFUSED, "-1530")
)
REVERSE: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.DONE, "0", "-102", "-1551")
    | _each(Kind.UNKNOWN, "-1507")  # on its way: asked again, the bank says -1551
    | _each(Kind.NOT_FOUND, "-131")
    | _each(Kind.REFUSED, "-130", "-138", "-1527", "-1528", "-1530", "-1531")
    | _each(Kind.REFUSED, "-1549", "-1550", "-1552")
)
# Asked for a token that cannot be ours, a bank that lets us in says that it is not.
CHECK: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.DONE, "-130", "-131", "-1527", "-1528", "-1530", "-1531", "-1533", "2")
)
