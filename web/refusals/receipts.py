"""Receipts, certificates and yearly statements."""

from collections.abc import Mapping

from core.words import Later

SENTENCES: Mapping[str, tuple[Later, ...]] = {
    "annual.merged_since": (
        Later(
            "Donors were merged or parted since these statements were begun. Please begin anew in"
            " another folder."
        ),
    ),
    "annual.nobody_gave": (
        Later("No receipt of this year stands for a donor who told a name or an address."),
    ),
    "annual.other_statements": (
        Later("This folder holds the statements of another year, or something that is none."),
    ),
    "certificate.in_doubt": (
        Later(
            "The certificate of these hours is void, and the office is looking at it. Please ask"
            " again later."
        ),
    ),
    "certificate.no_hours": (Later("No hours were confirmed in this period."),),
    "certificate.reason_missing": (
        Later("Please give the reason, with at most %(longest)s characters."),
    ),
    "certificate.void": (Later("This certificate is void."),),
    "copy.reason_missing": (Later("Please give the reason, with at most %(longest)s characters."),),
    "receipt.amount_beyond_words": (Later("This amount is too large for a receipt."),),
    "receipt.file_not_kept": (
        Later("The file of this receipt cannot be kept at the moment. Please try again later."),
    ),
    "receipt.no_address": (Later("The donor left neither a mobile number nor an e-mail address."),),
    "receipt.number_unreadable": (
        Later("A receipt number looks like 1404/07/000123: year, desk, number."),
    ),
    "receipt.readers_busy": (
        Later("Too many files are being checked at this moment. Please try again in a minute."),
    ),
    "receipt.text_too_long": (Later("This is empty or longer than %(longest)s characters."),),
    "receipt.unknown_glyph": (
        Later("The character “%(sign)s” cannot be printed on a receipt."),
        Later("A text holds a character that cannot be printed on a receipt."),
    ),
    "receipt.unusable_seal": (
        Later("This is no picture of a seal: a PNG or JPEG of at most one megabyte is needed."),
    ),
    "replacement.nothing_corrected": (
        Later("The new receipt would say the same. For a lost paper, print a copy."),
    ),
    "replacement.too_long": (
        Later("This is too long for a receipt: at most %(longest)s characters."),
    ),
}
