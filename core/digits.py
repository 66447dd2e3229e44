"""Text from outside, brought to one form; and digits on the way out to people.

Everything that is typed, posted, imported or called back passes ``normalise`` once, at the edge.
Three further forms serve single purposes: ``digits_only`` for identifiers, ``folded`` for looking
names up, ``isolate`` for codes inside right-to-left text.
"""

import re
import unicodedata

_DIGITS = {ord(c): str(i % 10) for i, c in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩０１２３４５６７８９")}
_LETTERS = {ord("ي"): "ی", ord("ى"): "ی", ord("ك"): "ک", ord("ۀ"): "هٔ"}
# Bidi controls, byte-order mark, soft hyphen, tatweel, C0 and C1: able to hide what is written.
_INVISIBLE = dict.fromkeys(
    (
        *range(0x202A, 0x202F),  # embeddings and overrides
        *range(0x2066, 0x206A),  # isolates
        *(0x200E, 0x200F, 0x061C),  # marks
        *(0xFEFF, 0x00AD, 0x0640, 0x200B, 0x2060),
        *(code for code in range(0x20) if chr(code) not in "\t\n\r"),
        *range(0x7F, 0xA0),
    )
)
_ZWNJ = "\u200c"
_SEPARATORS = str.maketrans("", "", "٬،,_-‐‑–/. \u00a0\u202f" + _ZWNJ)
_TO_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_BLANKS = re.compile(r"[^\S\n]+")
_FOLD = {ord("ة"): "ه", ord("أ"): "ا", ord("إ"): "ا", ord("آ"): "ا", ord("ؤ"): "و", ord("ئ"): "ی"}

_LRI, _PDI = "\u2066", "\u2069"


def to_latin(text: str) -> str:
    """Turn every Persian, Arabic or full-width digit into its Latin one."""
    return text.translate(_DIGITS)


def to_persian(text: str) -> str:
    """Turn every Latin digit into its Persian one."""
    return text.translate(_TO_PERSIAN)


def normalise(text: str) -> str:
    """Bring outside text to our one form: ی and ک, Latin digits, no hidden characters.

    Half-spaces (ZWNJ) between letters stay, they are Persian spelling. Other control characters
    and bidi marks go, runs of blanks become one.
    """
    text = unicodedata.normalize("NFC", text).translate(_INVISIBLE).translate(_LETTERS)
    text = to_latin(text).replace("\r\n", "\n")
    return _BLANKS.sub(" ", text).strip(f" \n{_ZWNJ}")


def digits_only(text: str) -> str | None:
    """Read an identifier: separators between the digits are dropped, anything else refuses.

    Returns ``None`` where something other than digits and separators is left.
    """
    digits = normalise(text).translate(_SEPARATORS)
    return digits if re.fullmatch(r"[0-9]+", digits) else None


def folded(text: str) -> str:
    """The form in which names are compared and searched: what people type alike is alike."""
    text = normalise(text).replace(_ZWNJ, " ").translate(_FOLD).casefold()
    stripped = "".join(
        c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)
    )
    return _BLANKS.sub(" ", stripped).strip()


def isolate(code: str) -> str:
    """Wrap a code or number so that no right-to-left neighbour can reorder it."""
    return f"{_LRI}{code}{_PDI}"


def without_isolates(text: str) -> str:
    """Take the marks of ``isolate`` out again."""
    return text.replace(_LRI, "").replace(_PDI, "")
