"""Who issues a receipt: the names that stand at its head, and the address that verifies it."""

from functools import cache

from core.settings import read_settings
from receipts.documents.facts import SERVICE_ID

__all__ = ["ORGANISATION", "SERVICE_ID", "UNIT", "verify_page", "verify_url"]

# By language.
ORGANISATION = {"fa": "سازمان بهزیستی کشور", "en": "State Welfare Organisation of Iran"}
UNIT = {
    "fa": "دفتر مشارکت‌های مردمی و خدمات داوطلبانه",
    "en": "Office of Public Participation and Voluntary Services",
}


def verify_page() -> str:
    """The address under which every receipt can be verified."""
    return f"{_public_url()}/verify"


def verify_url(number_in_address: str, verify_key: str, *, page: str | None = None) -> str:
    """What the QR code of a receipt opens; it carries the key that shows kind and amount.

    ``page`` is the address that was frozen when the receipt was issued.
    """
    return f"{page or verify_page()}/{number_in_address}?k={verify_key}"


@cache
def _public_url() -> str:
    # Frozen on letterheads, so it is that of the process and never that of one request.
    return read_settings().public_url
