"""What receipts need before the first request: better no start than a wrong receipt later."""

from core.settings import Settings
from receipts.seals.keys import read_seal
from receipts.typesetting.fonts import Weight, face


def require_what_receipts_need(settings: Settings) -> None:
    """Open the fonts and the sealing key. Raises FontsMissing, SealUnreadable.

    A missing shaper stops the program even earlier, when ``receipts.typesetting.fonts`` is
    imported. The key of a demonstration is made when it is used.
    """
    for weight in Weight:
        face(weight)
    if settings.seal_key_file is not None:
        read_seal(settings)
