"""NextPay's result codes: what each says, in two languages, and what it means to us.

Source: the table that several independent clients share. -1 is a success when a payment is begun
and "not paid yet" when it is verified. A code that is not here is unknown.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("پرداخت تکمیل شد", "paid and verified"),
    "-1": ("در انتظار پرداخت", "waiting for the payer"),
    "-2": ("پرداخت رد شد یا انجام نشد", "refused by the payer or the bank"),
    "-3": ("در انتظار پاسخ بانک", "waiting for the bank"),
    "-4": ("پرداخت‌کننده از پرداخت انصراف داد", "cancelled"),
    "-20": ("کلید داده نشده است", "key missing"),
    "-21": ("شناسه پرداخت داده نشده است", "payment id missing"),
    "-22": ("مبلغ داده نشده است", "amount missing"),
    "-23": ("نشانی بازگشت داده نشده است", "callback address missing"),
    "-24": ("مبلغ درست نیست", "the amount is wrong"),
    "-25": ("این پرداخت پیش‌تر انجام شده است", "already done"),
    "-27": ("شماره سفارش درست نیست", "order number wrong"),
    "-30": ("مبلغ کمتر از کمینه است", "amount below the minimum"),
    "-32": ("نشانی بازگشت درست نیست", "callback address wrong"),
    "-33": ("کلید درست نیست", "key wrong"),
    "-34": ("شناسه پرداخت درست نیست", "payment id wrong"),
    "-35": ("قالب کلید درست نیست", "key in a wrong format"),
    "-36": ("شماره سفارش داده نشده است", "order number missing"),
    "-37": ("تراکنش یافت نشد", "payment not found"),
    "-38": ("توکن یافت نشد", "token not found"),
    "-39": ("کلید یافت نشد", "key not found"),
    "-40": ("کلید مسدود است", "key blocked"),
    "-42": ("خطای سامانه پرداخت", "error of the payment system"),
    "-43": ("درگاهی برای پرداخت نیست", "no gateway"),
    "-44": ("پاسخ بانک نادرست است", "bad answer of the bank"),
    "-45": ("درگاه غیرفعال است", "gateway disabled"),
    "-46": ("درخواست نادرست است", "bad request"),
    "-47": ("کلید حذف شده است", "key deleted"),
    "-48": ("کارمزد تعیین نشده است", "no commission set"),
    "-49": ("این پرداخت پیش‌تر تأیید شده است", "already verified"),
    "-50": ("حساب مشکل دارد", "trouble with the account"),
    "-51": ("حساب مشکل دارد", "trouble with the account"),
    "-52": ("حساب مشکل دارد", "trouble with the account"),
    "-64": ("شرح درست نیست", "description wrong"),
    "-66": ("شماره تلفن درست نیست", "phone number wrong"),
    "-71": ("شماره همراه درست نیست", "mobile number wrong"),
    "-72": ("بانک پاسخ نداد", "the bank did not answer"),
    "-73": ("نشانی بازگشت بیش از حد بلند است", "callback address too long"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


_OURS_TO_MEND = _each(
    Kind.CONFIG_ERROR, "-20", "-33", "-35", "-39", "-40", "-45", "-47", "-48", "-50", "-51", "-52"
)
_TO_REPEAT = _each(Kind.UNKNOWN, "-3", "-21", "-42", "-43", "-44", "-72")

START: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.STARTED, "-1")
    | _each(Kind.CONFIG_ERROR, "-32")
    | _each(Kind.REFUSED, "-22", "-23", "-24", "-27", "-30", "-36", "-46", "-64", "-66")
    | _each(Kind.REFUSED, "-71", "-73")
)
VERIFY: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.CONFIRMED, "0")
    | _each(Kind.ALREADY_CONFIRMED, "-25", "-49")
    | _each(Kind.OPEN, "-1")
    | _each(Kind.NOT_PAID, "-2", "-4")
    | _each(Kind.NOT_FOUND, "-34", "-37", "-38")
    # The money stands at NextPay with another amount than ours; nothing was made final.
    | _each(Kind.REFUSED, "-24")
)
# Asked for a payment that cannot exist, NextPay says so to whom it lets in.
CHECK: Mapping[str, Kind] = _OURS_TO_MEND | _each(Kind.DONE, "-24", "-34", "-37", "-38")
