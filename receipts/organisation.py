"""Who issues a receipt: the names that stand at its head, and the address that verifies it."""

from functools import cache

from core.settings import read_settings
from receipts.facts import SERVICE_ID

__all__ = ["ORGANISATION", "SERVICE_ID", "UNIT", "verify_url"]

# By language.
ORGANISATION = {"fa": "سازمان بهزیستی کشور", "en": "State Welfare Organisation of Iran"}
UNIT = {
    "fa": "دفتر مشارکت‌های مردمی و خدمات داوطلبانه",
    "en": "Office of Public Participation and Voluntary Services",
}


def verify_url(number_in_address: str, verify_key: str) -> str:
    """What the QR code of a receipt opens; it carries the key that shows kind and amount."""
    return f"{_public_url()}/verify/{number_in_address}?k={verify_key}"


@cache
def _public_url() -> str:
    # Frozen on every receipt, so it is that of the process and never that of one request.
    return read_settings().public_url
