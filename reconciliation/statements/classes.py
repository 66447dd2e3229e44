"""What kind of booking a line is, told by the texts of Bank Mellat's export; the rules are data.

The texts are those of ``reference/reconciliation.md`` C.1, in our one form of letters.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from reconciliation.lines import LineClass


@dataclass(frozen=True, slots=True)
class ClassRule:
    """A line is of this class when every text that is named stands where it is named."""

    line_class: LineClass
    is_debit: bool | None = None  # either, where nothing is said
    branch: str = ""  # the whole branch
    payer: str = ""  # a part of the payer
    description: str = ""  # a part of the description


# The first that fits holds: a fee that mentions a settlement is a fee.
MELLAT_CLASSES: tuple[ClassRule, ...] = (
    ClassRule(LineClass.FEE, is_debit=True, branch="اداره کل مدیریت عملیات", description="کارمزد"),
    ClassRule(LineClass.FEE, is_debit=True, payer="کارمزد پایا"),
    ClassRule(LineClass.SETTLEMENT, is_debit=False, branch="شاپرک", payer="شاپرک-پوز"),
    ClassRule(LineClass.SETTLEMENT, is_debit=False, description="حواله شاپرک"),
    ClassRule(LineClass.SETTLEMENT, is_debit=False, branch="اداره امور پایا", payer="پوز"),
    ClassRule(LineClass.CHEQUE, description="وصول چک چکاوک"),
    ClassRule(LineClass.CHEQUE, branch="ستاد مرکزی چکاوک"),
    ClassRule(LineClass.TRANSFER, branch="اداره امور پایا"),
    ClassRule(LineClass.TRANSFER, description="پایا"),
    ClassRule(LineClass.TRANSFER, branch="اداره امور پرداخت لحظه ای"),
    ClassRule(LineClass.TRANSFER, description="حواله همراه بانک"),
    ClassRule(LineClass.TRANSFER, description="واریز انتقالی"),
    ClassRule(LineClass.TRANSFER, is_debit=False, description="واریز نقدی"),
    ClassRule(LineClass.TRANSFER, branch="اداره حسابداری متمرکز"),
)

# A terminal's id stands after one of these words; the bank writes it with or without zeros.
_TERMINAL = re.compile(r"(?:شاپرک-پوز|پایانه|ترمینال|پوز)\D{0,3}0*([0-9]{4,12})")


def class_of(*, is_debit: bool, branch: str, payer: str, description: str) -> LineClass:
    """The class of a line by its texts; unknown where no rule fits, which is allowed and shown."""
    branch, payer, description = _spaced(branch), _spaced(payer), _spaced(description)
    for rule in MELLAT_CLASSES:
        if (
            rule.is_debit in (None, is_debit)
            and rule.branch in ("", branch)
            and rule.payer in payer
            and rule.description in description
        ):
            return rule.line_class
    return LineClass.UNKNOWN


@lru_cache(1 << 14)
def terminal_in(*texts: str) -> str | None:
    """The terminal a settlement names, in the first text that names one."""
    for text in texts:
        found = _TERMINAL.search(text)
        if found is not None:
            return found[1]
    return None


def _spaced(text: str) -> str:
    # The bank writes half-spaces in some exports and blanks in others.
    return text.replace("\u200c", " ")
