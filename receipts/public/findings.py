"""What can come out of checking a file, each with its sentence and with what to do."""

from collections.abc import Mapping
from enum import StrEnum

from core.words import Later
from receipts.public.examined import FileKind


class Finding(StrEnum):
    """The one thing to say first about a file that was handed in."""

    GENUINE = "genuine"
    COPY = "copy"
    VOID = "void"
    REPLACED = "replaced"
    SEALED = "sealed"
    SEAL_HOLDS = "seal_holds"
    NOT_THE_KEPT_FILE = "not_the_kept_file"
    APPENDED = "appended"
    APPENDED_TO_OURS = "appended_to_ours"
    CHANGED = "changed"
    UNKNOWN_SEALER = "unknown_sealer"
    RE_SAVED = "re_saved"
    NOT_SEALED = "not_sealed"
    FOREIGN = "foreign"
    SCAN = "scan"
    PICTURE = "picture"
    NOT_A_PDF = "not_a_pdf"
    EMPTY = "empty"
    DAMAGED = "damaged"
    LOCKED = "locked"
    TOO_MUCH = "too_much"


# Genuine is what stands as it was made: for a receipt that is void or replaced, no more.
GENUINE = frozenset({Finding.GENUINE, Finding.COPY, Finding.SEALED, Finding.SEAL_HOLDS})

OF_KIND: Mapping[FileKind, Finding] = {
    FileKind.SCAN: Finding.SCAN,
    FileKind.PICTURE: Finding.PICTURE,
    FileKind.LOCKED: Finding.LOCKED,
    FileKind.DAMAGED: Finding.DAMAGED,
    FileKind.OTHER: Finding.NOT_A_PDF,
    FileKind.EMPTY: Finding.EMPTY,
    FileKind.TOO_MUCH: Finding.TOO_MUCH,
}

_ASK_FOR_THE_ORIGINAL = Later(
    "Ask for the file as it was downloaded or received, and check that one; or read the QR code."
)
_READ_THE_CODE = Later(
    "Read the QR code on the receipt with a phone, or type its number; that shows what we know."
)
_TELL_US = Later("Do not rely on it. Please tell us on the help line.")
_NOTHING_TO_DO = Later("You need not do anything.")

# What was found, and what to do about it.
SENTENCES: Mapping[Finding, tuple[Later, Later]] = {
    Finding.GENUINE: (
        Later("This is the receipt as we issued it, to the last byte, and it is valid."),
        _NOTHING_TO_DO,
    ),
    Finding.COPY: (
        Later("This is a numbered copy that we made of a receipt, and the receipt is valid."),
        _NOTHING_TO_DO,
    ),
    Finding.VOID: (
        Later("This file is ours and unchanged, but the receipt is void and stands no more."),
        Later("Do not accept it. For questions call the help line."),
    ),
    Finding.REPLACED: (
        Later("This file is ours and unchanged, but another receipt has taken its place."),
        Later("Ask for the receipt that replaces it."),
    ),
    Finding.SEALED: (
        Later(
            "This file carries our seal and is unchanged. It is no receipt but another document of"
            " ours, such as a certificate or a yearly statement."
        ),
        _NOTHING_TO_DO,
    ),
    Finding.SEAL_HOLDS: (
        Later("The seal is ours, covers the whole file, and nothing was changed after it."),
        Later("Look the number up to learn whether the receipt still stands."),
    ),
    Finding.NOT_THE_KEPT_FILE: (
        Later("This file carries our seal, but it is not the file we keep for this number."),
        _TELL_US,
    ),
    Finding.APPENDED: (
        Later(
            "Something was added to this file after it was sealed. What it shows may not be what"
            " was sealed; a page may have been replaced."
        ),
        _ASK_FOR_THE_ORIGINAL,
    ),
    Finding.APPENDED_TO_OURS: (
        Later(
            "This file begins with a receipt of ours, and something was added to it afterwards."
            " What it shows may not be what we issued; a page may have been replaced."
        ),
        _ASK_FOR_THE_ORIGINAL,
    ),
    Finding.CHANGED: (
        Later("This file was changed after it was sealed. It is not what was issued."),
        _TELL_US,
    ),
    Finding.UNKNOWN_SEALER: (
        Later("This file carries a seal, but not ours: whoever sealed it is unknown to us."),
        _TELL_US,
    ),
    Finding.RE_SAVED: (
        Later(
            "This file names a receipt of ours, but it is not the file we issued: it was saved"
            " anew, printed into a file, or changed. What it shows cannot be trusted."
        ),
        _ASK_FOR_THE_ORIGINAL,
    ),
    Finding.NOT_SEALED: (
        Later("This file carries no seal, so it proves nothing by itself."),
        _READ_THE_CODE,
    ),
    Finding.FOREIGN: (
        Later("This file is not ours: it carries no seal and names no receipt of ours."),
        _READ_THE_CODE,
    ),
    Finding.SCAN: (
        Later("This is a picture of paper in a PDF. A picture cannot be checked."),
        _READ_THE_CODE,
    ),
    Finding.PICTURE: (
        Later("This is a picture and not a PDF. A picture cannot be checked."),
        _READ_THE_CODE,
    ),
    Finding.NOT_A_PDF: (
        Later("This file is not a PDF; our receipts are."),
        _ASK_FOR_THE_ORIGINAL,
    ),
    Finding.EMPTY: (Later("This file is empty."), _ASK_FOR_THE_ORIGINAL),
    Finding.DAMAGED: (
        Later("This file is damaged and cannot be read as a PDF."),
        _ASK_FOR_THE_ORIGINAL,
    ),
    Finding.LOCKED: (
        Later("This PDF is locked with a password; our receipts never are."),
        _ASK_FOR_THE_ORIGINAL,
    ),
    Finding.TOO_MUCH: (
        Later("Reading this file takes more than any receipt of ours would; it was left."),
        _ASK_FOR_THE_ORIGINAL,
    ),
}
