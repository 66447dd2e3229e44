"""Behpardakht Mellat's result codes: what each says, in two languages, and what it means to us.

Source: guides 1.29 (Tir 1402) and 1.39 (Azar 1404). A code that is not here is unknown, never a
failure. ``MEANS`` holds what a code says about a payment when ``bpVerifyRequest`` answers it; the
other operations differ from it in a few codes each.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("تراکنش موفق است", "success"),
    "11": ("شماره کارت نامعتبر است", "invalid card number"),
    "12": ("موجودی کافی نیست", "insufficient funds"),
    "13": ("رمز نادرست است", "wrong PIN"),
    "14": ("تعداد دفعات وارد کردن رمز بیش از حد مجاز است", "PIN tries exceeded"),
    "15": ("کارت نامعتبر است", "invalid card"),
    "16": ("دفعات برداشت وجه بیش از حد مجاز است", "withdrawal count limit exceeded"),
    "17": ("پرداخت‌کننده از پرداخت انصراف داد", "cancelled by the payer"),
    "18": ("تاریخ انقضای کارت گذشته است", "expired card"),
    "19": ("مبلغ برداشت وجه بیش از حد مجاز است", "withdrawal amount limit exceeded"),
    "20": ("پارامترهای احراز هویت ناقص است", "credentials missing"),
    "21": ("پذیرنده نامعتبر است یا سرویس فعال نیست", "merchant invalid or service off"),
    "23": ("خطای امنیتی رخ داد", "security error"),
    "24": ("نام کاربری یا گذرواژه پذیرنده نامعتبر است", "merchant user or password invalid"),
    "25": ("مبلغ نامعتبر است", "invalid amount"),
    "30": ("درخواست قبلی هنوز در جریان است", "the previous request is in progress"),
    "31": ("پاسخ نامعتبر است", "invalid answer"),
    "32": ("قالب اطلاعات واردشده درست نیست", "invalid format"),
    "33": ("حساب نامعتبر است", "invalid account"),
    "34": ("خطای سیستمی بانک", "system error at the bank"),
    "35": ("تاریخ نامعتبر است", "invalid date or time"),
    "36": ("سامانه بانک موقتاً در دسترس نیست", "the switch is signed off"),
    "37": ("سامانه بانک موقتاً در دسترس نیست", "the switch is signed off"),
    "41": ("شماره درخواست تکراری است", "duplicate order number"),
    "42": ("تراکنش فروش یافت نشد", "sale not found"),
    "43": ("این تراکنش پیش‌تر تأیید شده است", "already verified"),
    "44": ("درخواست تأیید یافت نشد", "verify request not found"),
    "45": ("تراکنش تسویه شده است", "already settled"),
    "46": ("تراکنش تسویه نشده است", "not settled"),
    "47": ("تراکنش تسویه یافت نشد", "settlement not found"),
    "48": ("تراکنش برگشت خورده است", "reversed"),
    "49": ("تراکنش استرداد یافت نشد", "refund not found"),
    "51": ("تراکنش تکراری است", "duplicate transaction"),
    "54": ("تراکنش مرجع موجود نیست", "original transaction missing"),
    "55": ("تراکنش نامعتبر است", "invalid transaction"),
    "56": ("کد ملی با دارنده کارت هم‌خوان نیست", "national id does not match the card"),
    "57": ("احراز هویت قوی پذیرفته نشد", "strong authentication refused"),
    "61": ("خطا در واریز", "deposit error"),
    "62": ("نشانی بازگشت در دامنه ثبت‌شده نیست", "callback outside the registered domain"),
    "98": ("سقف استفاده از رمز ایستا پر شده است", "static PIN limit reached"),
    "111": ("صادرکننده کارت نامعتبر است", "invalid card issuer"),
    "112": ("خطای سوییچ صادرکننده کارت", "issuer switch error"),
    "113": ("پاسخی از صادرکننده کارت دریافت نشد", "no answer from the issuer"),
    "114": ("دارنده کارت مجاز به این تراکنش نیست", "card not allowed"),
    "412": ("شناسه قبض نادرست است", "invalid bill id"),
    "413": ("شناسه پرداخت نادرست است", "invalid payment id"),
    "414": ("سازمان صادرکننده قبض نامعتبر است", "invalid biller"),
    "415": ("زمان صفحه پرداخت به پایان رسیده است", "pay page session expired"),
    "416": ("خطا در ثبت اطلاعات", "error while saving"),
    "417": ("شناسه پرداخت‌کننده نامعتبر است", "payer id fails its algorithm"),
    "418": ("اشکال در تعریف اطلاعات مشتری", "customer set-up error"),
    "419": ("دفعات ورود اطلاعات بیش از حد مجاز است", "too many entries"),
    "421": ("نشانی اینترنتی سرور ما نزد بانک ثبت نشده است", "our IP address is not allowed"),
}

# The same codes say something else about an order to refund.
REFUND_WORDS: Mapping[str, tuple[str, str]] = {
    "12": (
        "اعتبار استرداد پذیرنده کافی نیست",
        "the merchant's credit for refunds does not suffice",
    ),
    "19": ("مبلغ استرداد بیش از مبلغ فروش است", "the refund exceeds the sale"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


# What is wrong with a call of ours says nothing about the money.
_OF_OUR_CALL = ("25", "31", "32", "35", "41", "44", "49", "417")

MEANS: Mapping[str, Kind] = (
    _each(Kind.CONFIRMED, "0")
    | _each(Kind.ALREADY_CONFIRMED, "43", "45", "46")
    | _each(Kind.RETURNED, "48")
    | _each(Kind.NOT_PAID, "11", "12", "13", "14", "15", "16", "17", "18", "19")
    | _each(Kind.NOT_PAID, "56", "57", "98", "111", "114", "412", "413", "414", "415")
    # 54 and 55 say that the sale we named is not there. That may be the reference's fault, so
    # they are read like 42, which ``confirm`` looks into before anybody believes it.
    | _each(Kind.NOT_FOUND, "42", "54", "55")
    | _each(Kind.CONFIG_ERROR, "20", "21", "23", "24", "33", "62", "418", "419", "421")
    # Listed, but nothing that ends a payment: the same call is to be made again, or looked into.
    | _each(Kind.UNKNOWN, "30", "34", "36", "37", "51", "61", "112", "113", "416")
    | _each(Kind.UNKNOWN, "47", *_OF_OUR_CALL)
)

_OURS_TO_MEND = [code for code, kind in MEANS.items() if kind is Kind.CONFIG_ERROR]
_TO_REPEAT = ("30", "34", "36", "37", "51", "61", "112", "113", "416")
_DECLINED = [code for code, kind in MEANS.items() if kind is Kind.NOT_PAID]

START: Mapping[str, Kind] = (
    _each(Kind.REFUSED, *MEANS)
    | _each(Kind.STARTED, "0")
    | _each(Kind.CONFIG_ERROR, *_OURS_TO_MEND)
    | _each(Kind.UNKNOWN, *_TO_REPEAT)
)
SETTLE: Mapping[str, Kind] = (
    {**MEANS}
    | _each(Kind.DONE, "0", "45")
    | _each(Kind.REFUSED, *_OF_OUR_CALL)
    # "Already verified" and "not settled yet" do not say whether this call took effect, and a
    # card's refusal makes no sense about a sale that is verified.
    | _each(Kind.UNKNOWN, "43", "46", "47", *_DECLINED)
)
REVERSE: Mapping[str, Kind] = (
    {**MEANS}
    | _each(Kind.DONE, "0", "48")
    | _each(Kind.REFUSED, "45", *_OF_OUR_CALL)
    | _each(Kind.UNKNOWN, "43", "46", "47", *_DECLINED)
)
INQUIRE: Mapping[str, Kind] = (
    {**MEANS}
    # An inquiry makes nothing final, so what it finds verified was verified by an earlier call.
    | _each(Kind.ALREADY_CONFIRMED, "0")
    | _each(Kind.AWAITS_CONFIRM, "44")
    | _each(Kind.UNKNOWN, "47")
)
# Only 0 brings a reference; "already verified" without one leads nowhere.
RECOVER: Mapping[str, Kind] = (
    {**MEANS}
    | _each(Kind.AWAITS_CONFIRM, "0")
    | _each(Kind.UNKNOWN, "43", "45", "46")
    # A card that was declined is not the end while the payer is on the page and may try another.
    | _each(Kind.OPEN, *(code for code in _DECLINED if code not in {"17", "415"}))
)
# Asked for a sale that cannot exist, a bank that lets us in says that there is none.
CHECK: Mapping[str, Kind] = {**MEANS} | _each(
    Kind.DONE, "0", "42", "43", "44", "45", "46", "47", "48", "54", "55"
)
# The guide wants every answer but 0 looked into before the order is sent again; a plain no is one
# of these. "Duplicate order number" may be our own order, which arrived before.
REFUND: Mapping[str, Kind] = (
    _each(Kind.UNKNOWN, *MEANS)
    | _each(Kind.DONE, "0")
    | _each(Kind.CONFIG_ERROR, *_OURS_TO_MEND)
    | _each(Kind.REFUSED, "12", "19", "25", "32", "42", "46", "47", "48", "54")
)
REFUND_STATUS: Mapping[str, Kind] = (
    _each(Kind.UNKNOWN, *MEANS)
    | _each(Kind.DONE, "0")
    | _each(Kind.CONFIG_ERROR, *_OURS_TO_MEND)
    | _each(Kind.NOT_FOUND, "49")
)
