"""Jibit's words (PPG 3): what each says, in two languages, and what it means to us.

Source: the official description of the service, version 3.2.48. Jibit says in words what others
say in numbers: ``status`` answers a call, ``state`` is that of a purchase, and ``errors`` refuse.
A word that is not here is unknown.
"""

from collections.abc import Mapping

from payment_gateways.contract import Kind

WORDS: Mapping[str, tuple[str, str]] = {
    # The states of a purchase and the answers to a verify and a reverse.
    "SUCCESSFUL": ("عملیات موفق بود", "successful"),
    "ALREADY_VERIFIED": ("پرداخت پیش‌تر تأیید شده است", "already verified"),
    "NOT_VERIFIABLE": ("پرداخت آماده تأیید نیست", "not ready to be verified"),
    "ALREADY_REVERSED": ("پرداخت پیش‌تر برگشت خورده است", "already reversed"),
    "NOT_REVERSIBLE": ("این پرداخت برگشت‌پذیر نیست", "not reversible"),
    "IN_PROGRESS": ("پرداخت در جریان است", "in progress"),
    "READY_TO_VERIFY": ("پرداخت شده و در انتظار تأیید ماست", "paid, ready to verify"),
    "SUCCESS": ("پرداخت تأیید شده است", "verified"),
    "MANUALLY_SUCCESS": ("پرداخت را کارکنان جیبیت تأیید کردند", "made successful by Jibit's staff"),
    "REVERSED": ("پرداخت برگشت خورده است", "reversed"),
    "FAILED": ("پرداخت ناموفق بود", "failed"),
    "UNKNOWN": ("وضعیت پرداخت نامشخص است", "unknown"),
    "EXPIRED": ("مهلت پرداخت گذشته است", "expired"),
    # The states of a transfer that sends money back.
    "INITIALIZED": ("دستور استرداد ثبت شده است", "the refund is noted"),
    "TRANSFERRED": ("وجه برگشت داده شد", "the refund is done"),
    "CANCELLED": ("استرداد لغو شده است", "the refund was cancelled"),
    "MANUALLY_FAILED": ("استرداد را کارکنان جیبیت رد کردند", "the refund was failed by staff"),
    # What is refused, and why.
    "security.bad_credentials": ("کلیدهای دسترسی درست نیستند", "wrong API or secret key"),
    "security.auth_required": ("توکن دسترسی فرستاده نشد", "the access token is missing"),
    "token.verification_failed": ("توکن دسترسی اعتبار ندارد", "the access token is not valid"),
    "apiKey.is_required": ("کلید دسترسی داده نشده است", "the API key is missing"),
    "secretKey.is_required": ("کلید محرمانه داده نشده است", "the secret key is missing"),
    "client.not_active": ("حساب پذیرنده فعال نیست", "the account is not active"),
    "ip.not_trusted": ("نشانی سرور ما ثبت نشده است", "the server IP address is not trusted"),
    "callbackUrl.domain_not_in_whitelist": (
        "دامنه نشانی بازگشت ثبت نشده است",
        "the callback domain is not registered",
    ),
    "callbackUrl.is_required": ("نشانی بازگشت داده نشده است", "the callback address is missing"),
    "callbackUrl.is_invalid": ("نشانی بازگشت نامعتبر است", "the callback address is invalid"),
    "callbackUrl.max_length": ("نشانی بازگشت بیش از حد بلند است", "callback address too long"),
    "amount.is_required": ("مبلغ داده نشده است", "the amount is missing"),
    "amount.not_enough": ("مبلغ کمتر از ۵۰۰۰ ریال است", "below 5,000 rial"),
    "amount_plus_wage.permitted_value_exceeded": ("مبلغ بیش از سقف است", "amount above the limit"),
    "clientReferenceNumber.duplicated": ("شماره سفارش تکراری است", "duplicate reference number"),
    "payerMobileNumber.is_invalid": ("شماره همراه نامعتبر است", "invalid mobile number"),
    "payerMobileNumber.in_blacklist": ("شماره همراه مسدود است", "the mobile number is blocked"),
    "description.max_length": ("شرح پرداخت بیش از حد بلند است", "description too long"),
    "payment.already_verified": ("پرداخت پیش‌تر تأیید شده است", "already verified"),
    "purchase.invalid_state": ("پرداخت در این وضعیت نیست", "the purchase is in another state"),
    "purchase.not_found": ("پرداخت یافت نشد", "the purchase was not found"),
    "purchase.already_reversed": ("پرداخت پیش‌تر برگشت خورده است", "already reversed"),
    "purchase.not_reversible": ("این پرداخت برگشت‌پذیر نیست", "not reversible"),
    "purchase.refunded": ("برای این پرداخت استرداد ثبت شده است", "a refund was ordered"),
    "reverse.is_not_enabled": ("برگشت برای این حساب فعال نیست", "reversing is not enabled"),
    "reverse.not_supported": ("این پرداخت برگشت‌پذیر نیست", "reversing is not supported"),
    "refund.not_supported": ("استرداد برای این حساب فعال نیست", "refunding is not enabled"),
    "balances.not_enough": ("موجودی برای استرداد کافی نیست", "not enough balance to refund"),
    "daily_limitation.reached": ("سقف روزانه استرداد پر شده است", "daily refund limit reached"),
    "transfers.0.amount.not_enough_for_normal": ("مبلغ استرداد کم است", "refund too small"),
    "transfers.0.amount.exceeded_maximum_for_normal": (
        "مبلغ استرداد بیش از حد مجاز است",
        "the refund exceeds what is allowed",
    ),
    "transfers.0.amount.not_enough_for_ach": ("مبلغ استرداد کم است", "refund too small"),
    "transfers.0.amount.exceeded_maximum_for_ach": (
        "مبلغ استرداد بیش از حد مجاز است",
        "the refund exceeds what is allowed",
    ),
    "transfer.not_found": ("استردادی یافت نشد", "no refund was found"),
    "transfer.already_exists": ("این استرداد پیش‌تر ثبت شده است", "the refund exists already"),
    "web.invalid_or_missing_body": ("بدنه درخواست نامعتبر است", "the body is not valid"),
    "too_many_requests": ("درخواست‌های هم‌زمان بیش از حد است", "one request at a time"),
    "server.error": ("خطای داخلی جیبیت", "internal server error"),
}


def _each(kind: Kind, *codes: str) -> dict[str, Kind]:
    return dict.fromkeys(codes, kind)


TOKEN_OVER = frozenset({"security.auth_required", "token.verification_failed"})

_OURS_TO_MEND = _each(
    Kind.CONFIG_ERROR,
    "security.bad_credentials",
    "apiKey.is_required",
    "secretKey.is_required",
    "client.not_active",
    "ip.not_trusted",
    "callbackUrl.domain_not_in_whitelist",
    *TOKEN_OVER,
)
_TO_REPEAT = _each(Kind.UNKNOWN, "UNKNOWN", "too_many_requests", "server.error")

LOG_IN: Mapping[str, Kind] = _OURS_TO_MEND | _TO_REPEAT
START: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(
        Kind.REFUSED,
        "amount.is_required",
        "amount.not_enough",
        "amount_plus_wage.permitted_value_exceeded",
        "callbackUrl.is_required",
        "callbackUrl.is_invalid",
        "callbackUrl.max_length",
        "clientReferenceNumber.duplicated",
        "payerMobileNumber.is_invalid",
        "payerMobileNumber.in_blacklist",
        "description.max_length",
        "web.invalid_or_missing_body",
    )
)
VERIFY: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.CONFIRMED, "SUCCESSFUL")
    | _each(Kind.ALREADY_CONFIRMED, "ALREADY_VERIFIED", "payment.already_verified")
    | _each(Kind.RETURNED, "FAILED", "purchase.already_reversed")
    | _each(Kind.NOT_FOUND, "purchase.not_found")
    # Neither yes nor no: the state of the purchase says which.
    | _each(Kind.OPEN, "NOT_VERIFIABLE", "purchase.invalid_state")
)
STATE: Mapping[str, Kind] = {
    "IN_PROGRESS": Kind.OPEN,
    "READY_TO_VERIFY": Kind.AWAITS_CONFIRM,
    "SUCCESS": Kind.ALREADY_CONFIRMED,
    "MANUALLY_SUCCESS": Kind.ALREADY_CONFIRMED,
    "REVERSED": Kind.RETURNED,
    "FAILED": Kind.NOT_PAID,
    "EXPIRED": Kind.NOT_PAID,  # RETURNED where money had been taken
    "UNKNOWN": Kind.UNKNOWN,
}
FIND: Mapping[str, Kind] = _OURS_TO_MEND | _TO_REPEAT | _each(Kind.NOT_FOUND, "purchase.not_found")
REVERSE: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.DONE, "SUCCESSFUL", "ALREADY_REVERSED", "purchase.already_reversed")
    | _each(Kind.NOT_FOUND, "purchase.not_found")
    | _each(
        Kind.REFUSED,
        "NOT_REVERSIBLE",
        "FAILED",
        "purchase.invalid_state",
        "purchase.not_reversible",
        "purchase.refunded",
        "reverse.is_not_enabled",
        "reverse.not_supported",
    )
)
REFUND: Mapping[str, Kind] = (
    _OURS_TO_MEND
    | _TO_REPEAT
    | _each(Kind.UNKNOWN, "transfer.already_exists")  # refund_status finds out which one it is
    | _each(
        Kind.REFUSED,
        "purchase.not_found",
        "purchase.invalid_state",
        "purchase.already_reversed",
        "refund.not_supported",
        "balances.not_enough",
        "daily_limitation.reached",
        "transfers.0.amount.not_enough_for_normal",
        "transfers.0.amount.exceeded_maximum_for_normal",
        "transfers.0.amount.not_enough_for_ach",
        "transfers.0.amount.exceeded_maximum_for_ach",
        "web.invalid_or_missing_body",
    )
)
REFUND_STATUS: Mapping[str, Kind] = (
    _OURS_TO_MEND | _TO_REPEAT | _each(Kind.NOT_FOUND, "transfer.not_found", "purchase.not_found")
)
TRANSFER: Mapping[str, Kind] = (
    _each(Kind.DONE, "TRANSFERRED")
    | _each(Kind.REFUSED, "FAILED", "CANCELLED", "MANUALLY_FAILED")
    | _each(
        Kind.OPEN,
        "INITIALIZED",
        "FEE_COMPUTED",
        "CORE_SUBMITTED",
        "ON_HOLD",
        "DESTINATION_IDENTIFIED",
        "CANCELLING",
        "IN_PROGRESS",
        "RETRYING",
        "ON_HOLD_BALANCES_NOT_ENOUGH",
        "ON_HOLD_WAIT_FOR_MANUAL_SUBMISSION",
        "ON_HOLD_WAIT_FOR_VERIFY",
    )
)
