"""The settings that every gateway account may have, and the check of one value.

Declared once: the file of accounts, the form of finance, the masks and the documents all read the
same fields, these and those of an adapter's manifest.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from payment_gateways.contract import FieldKind, SettingField
from payment_gateways.reasons import Reason

BREAKER_FAILURES = 3
BREAKER_REST_SECONDS = 60

HIDDEN_KINDS = frozenset({FieldKind.SECRET, FieldKind.PEM})

_NUMBER, _YES_NO = FieldKind.WHOLE_NUMBER, FieldKind.YES_NO
_ACCOUNT = r"[A-Z0-9]{3,26}"
_SMALL = r"[1-9][0-9]{0,3}"
COMMON: tuple[SettingField, ...] = (
    SettingField("adapter", "نوع درگاه", "kind of gateway"),
    SettingField(
        "account", "حساب بانکی مقصد", "bank account it pays to", pattern=r"[A-Z0-9]{3,26}"
    ),
    SettingField(
        "base_url",
        "نشانی میزبان آزمایشی به‌جای نشانی بانک",
        "test host instead of the bank's own",
        FieldKind.URL,
        is_required=False,
    ),
    SettingField(
        "title_fa", "عنوان فارسی برای مردم", "Persian title for donors", is_required=False
    ),
    SettingField("title_en", "عنوان انگلیسی", "English title for donors", is_required=False),
    SettingField(
        "enabled",
        "به مردم پیشنهاد شود",
        "offered to donors",
        _YES_NO,
        is_required=False,
        default="yes",
    ),
    SettingField(
        "order",
        "جای آن در فهرست",
        "place in the list",
        _NUMBER,
        is_required=False,
        pattern=_SMALL,
    ),
    SettingField(
        "province",
        "کد استانی که پایانه از آن اوست",
        "code of the province it belongs to",
        is_required=False,
        pattern=r"[0-9]{2}",
    ),
    SettingField(
        "campaign",
        "کد محل مصرفی که پایانه برای آن است",
        "code of the fund it is for",
        is_required=False,
        pattern=r"[0-9A-Za-z_-]{1,40}",
    ),
    SettingField(
        "may_refund",
        "پس دادن پول از این پایانه مجاز است",
        "money may be refunded through it",
        _YES_NO,
        is_required=False,
        default="no",
    ),
    SettingField(
        "may_reverse",
        "برگرداندن پرداخت از این پایانه مجاز است",
        "payments may be reversed through it",
        _YES_NO,
        is_required=False,
        default="yes",
    ),
    SettingField(
        "allow_aggregator",
        "پول پیش از حساب ما از حساب پرداخت‌یار بگذرد",
        "the money may pass an aggregator's account before it reaches ours",
        _YES_NO,
        is_required=False,
        default="no",
    ),
    SettingField(
        "amount_rial_min",
        "کمترین مبلغ یک پرداخت، به ریال",
        "smallest payment, in rials",
        _NUMBER,
        is_required=False,
    ),
    SettingField(
        "amount_rial_max",
        "بیشترین مبلغ یک پرداخت، به ریال",
        "largest payment, in rials",
        _NUMBER,
        is_required=False,
    ),
    SettingField(
        "refund_rial_max",
        "بیشترین مبلغ یک استرداد، به ریال",
        "largest refund, in rials",
        _NUMBER,
        is_required=False,
    ),
    SettingField(
        "confirm_window_minutes",
        "مهلت تأیید، به دقیقه",
        "minutes within which the bank takes a confirm",
        _NUMBER,
        is_required=False,
        pattern=r"[1-9][0-9]{0,5}",
    ),
    SettingField(
        "reverse_window_minutes",
        "مهلت برگرداندن، به دقیقه",
        "minutes within which the bank takes a reversal",
        _NUMBER,
        is_required=False,
        pattern=r"[1-9][0-9]{0,5}",
    ),
    SettingField(
        "connect_seconds",
        "بیشترین ثانیه برای اتصال",
        "seconds to connect",
        _NUMBER,
        is_required=False,
        pattern=_SMALL,
    ),
    SettingField(
        "read_seconds",
        "بیشترین ثانیه میان دو تکه از پاسخ",
        "seconds between two pieces of an answer",
        _NUMBER,
        is_required=False,
        pattern=_SMALL,
    ),
    SettingField(
        "deadline_seconds",
        "بیشترین ثانیه برای یک تماس",
        "seconds for a whole call",
        _NUMBER,
        is_required=False,
        pattern=_SMALL,
    ),
    SettingField(
        "breaker_failures",
        "پس از چند تماس ناموفق پیاپی کنار گذاشته شود",
        "failed calls in a row after which it is left alone",
        _NUMBER,
        is_required=False,
        pattern=_SMALL,
        default=str(BREAKER_FAILURES),
    ),
    SettingField(
        "breaker_rest_seconds",
        "چند ثانیه کنار گذاشته شود",
        "seconds for which it is left alone",
        _NUMBER,
        is_required=False,
        pattern=r"[1-9][0-9]{0,4}",
        default=str(BREAKER_REST_SECONDS),
    ),
    SettingField(
        "ca_file",
        "پرونده گواهی‌های مورد اعتماد",
        "file of certificates to trust",
        is_required=False,
    ),
)
COMMON_NAMES = frozenset(asked.name for asked in COMMON)
# Read as numbers; what an account does not set is the adapter's or the transport's own.
NUMBERS = (
    "amount_rial_min",
    "amount_rial_max",
    "refund_rial_max",
    "confirm_window_minutes",
    "reverse_window_minutes",
    "connect_seconds",
    "read_seconds",
    "deadline_seconds",
)


def names_in_use(fields: tuple[SettingField, ...]) -> Iterator[str]:
    """The names among an adapter's settings that mean something else already, or stand twice."""
    taken = set(COMMON_NAMES)
    for asked in fields:
        if asked.name in taken:
            yield asked.name
        taken |= {asked.name, f"{asked.name}_file"}


def trouble_with(asked: SettingField, text: str, *, is_public: bool) -> Reason | None:
    """Say what is wrong with a value, without showing it where it is hidden."""
    shown = "" if asked.kind in HIDDEN_KINDS else f" {text!r}"
    if not text:
        return Reason("خالی است", "is empty")
    if asked.kind is FieldKind.WHOLE_NUMBER and not re.fullmatch(
        r"[1-9][0-9]{0,15}", text, re.ASCII
    ):
        return Reason(
            f"باید عددی درست و بزرگ‌تر از صفر باشد، نه{shown}",
            f"must be a whole number above zero, not{shown}",
        )
    if asked.kind is FieldKind.YES_NO and text not in {"yes", "no"}:
        return Reason(f"باید true یا false باشد، نه{shown}", f"must be true or false, not{shown}")
    if asked.kind is FieldKind.URL:
        return _trouble_with_address(text, is_public=is_public)
    if asked.kind is FieldKind.PEM and not _is_armoured(text):
        return Reason(
            "باید متن کامل کلید یا گواهی باشد، از سطر BEGIN تا سطر END (نمایش داده نمی‌شود)",
            "must be a whole key or certificate, from its BEGIN to its END line (not shown)",
        )
    if asked.pattern and not re.fullmatch(asked.pattern, text, re.ASCII):
        return Reason(
            f"شکل درستی ندارد:{shown or ' (نمایش داده نمی‌شود)'}",
            f"does not look as it should:{shown or ' (not shown)'}",
        )
    return None


def _trouble_with_address(text: str, *, is_public: bool) -> Reason | None:
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_whole = False
    if not is_whole or parts.scheme not in {"http", "https"}:
        return Reason(
            "باید نشانی کاملی مانند https://test.example.ir باشد",
            "must be an address such as https://test.example.ir",
        )
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        return Reason(
            "باید تنها پروتکل و میزبان باشد، بی مسیر و بی نام کاربری",
            "must be scheme and host only, without a path or a user name",
        )
    if is_public and parts.scheme != "https":
        return Reason(
            "جایی که PUBLIC_URL با https است باید با https باشد",
            "must be https where PUBLIC_URL is https",
        )
    return None


def _is_armoured(text: str) -> bool:
    lines = text.strip().splitlines()
    return (
        len(lines) > 2
        and lines[0].startswith("-----BEGIN ")
        and lines[-1].startswith("-----END ")
        and lines[0].removeprefix("-----BEGIN ") == lines[-1].removeprefix("-----END ")
    )
