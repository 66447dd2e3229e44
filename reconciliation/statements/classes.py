"""What kind of booking a line is, told by the texts of its bank; the rules are data of each bank.

The texts are those of ``reference/reconciliation.md`` C.1 and C.2, in our one form of letters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from reconciliation.line_classes import LineClass
from reconciliation.statements.columns import each_once


@dataclass(frozen=True, slots=True)
class ClassRule:
    """A line is of this class when every text that is named stands where it is named."""

    line_class: LineClass
    is_debit: bool | None = None  # either, where nothing is said
    branch: str = ""  # the whole branch
    payer: str = ""  # a part of the payer
    description: str = ""  # a part of the description


class Classes:
    """The rules of one bank in one version; the first that fits a line holds."""

    def __init__(self, bank: str, version: int, rules: Iterable[ClassRule]) -> None:
        self.bank = bank
        self.version = version
        self._rules = tuple(rules)
        self._in_payer = tuple({rule.payer for rule in self._rules} - {""})
        self._in_description = tuple({rule.description for rule in self._rules} - {""})
        self._known = lru_cache(1 << 12)(self._first_that_fits)

    def column(
        self,
        amounts: Sequence[int],
        branches: Sequence[str],
        payers: Sequence[str],
        descriptions: Sequence[str],
    ) -> list[LineClass]:
        """The class of each line; unknown where no rule fits, which is allowed and shown."""
        # Lines differ in their texts, but hardly in which of the rules' words stand in them.
        return list(
            map(
                self._known,
                [amount < 0 for amount in amounts],
                each_once(_spaced_column, branches),
                each_once(partial(_words_in, words=self._in_payer), payers),
                each_once(partial(_words_in, words=self._in_description), descriptions),
            )
        )

    def _first_that_fits(
        self,
        is_debit: bool,  # noqa: FBT001  a part of what is kept
        branch: str,
        in_payer: tuple[str, ...],
        in_description: tuple[str, ...],
    ) -> LineClass:
        for rule in self._rules:
            if (
                rule.is_debit in (None, is_debit)
                and rule.branch in ("", branch)
                and rule.payer in ("", *in_payer)
                and rule.description in ("", *in_description)
            ):
                return rule.line_class
        return LineClass.UNKNOWN


FEE, SETTLEMENT, CHEQUE, TRANSFER = (
    LineClass.FEE, LineClass.SETTLEMENT, LineClass.CHEQUE, LineClass.TRANSFER,
)  # fmt: skip

# A fee that mentions a settlement is a fee, and a cheque that was paid in at a counter a cheque.
MELLAT = Classes(
    "mellat",
    1,
    (
        ClassRule(FEE, is_debit=True, branch="اداره کل مدیریت عملیات", description="کارمزد"),
        ClassRule(FEE, is_debit=True, payer="کارمزد پایا"),
        ClassRule(SETTLEMENT, is_debit=False, branch="شاپرک", payer="شاپرک-پوز"),
        ClassRule(SETTLEMENT, is_debit=False, description="حواله شاپرک"),
        ClassRule(SETTLEMENT, is_debit=False, branch="اداره امور پایا", payer="پوز"),
        ClassRule(CHEQUE, description="وصول چک چکاوک"),
        ClassRule(CHEQUE, branch="ستاد مرکزی چکاوک"),
        ClassRule(TRANSFER, branch="اداره امور پایا"),
        ClassRule(TRANSFER, description="پایا"),
        ClassRule(TRANSFER, branch="اداره امور پرداخت لحظه ای"),
        ClassRule(TRANSFER, description="حواله همراه بانک"),
        ClassRule(TRANSFER, description="واریز انتقالی"),
        ClassRule(TRANSFER, is_debit=False, description="واریز نقدی"),
        ClassRule(TRANSFER, branch="اداره حسابداری متمرکز"),
    ),
)

_IN_WORDS = (
    ClassRule(FEE, is_debit=True, description="کارمزد"),
    *(
        ClassRule(SETTLEMENT, is_debit=False, description=words)
        for words in ("شاپرک", "واریز تجمیعی", "واریز تجمعی", "واریزتجمعی")
    ),
    *(ClassRule(CHEQUE, description=word) for word in ("چکاوک", "وصول چک")),
    *(
        ClassRule(TRANSFER, description=word)
        for word in ("پایا", "ساتنا", "انتقال", "حواله", "از کارت")
    ),
    ClassRule(TRANSFER, is_debit=False, description="واریز نقدی"),
)
MELLI = Classes("melli", 1, (*_IN_WORDS, ClassRule(TRANSFER, description=" ش ک ")))
SEPAH = Classes("sepah", 1, _IN_WORDS)
GENERIC = Classes("generic", 1, _IN_WORDS)
KESHAVARZI = Classes(
    "keshavarzi",
    1,
    (
        ClassRule(FEE, is_debit=True, description="کارمزد"),
        ClassRule(SETTLEMENT, is_debit=False, payer="مرکزشاپرک"),
        ClassRule(SETTLEMENT, is_debit=False, description="مرکزشاپرک"),
        ClassRule(TRANSFER, branch="مبادلات الکترونیک-(ساتناوپایا"),
        *_IN_WORDS[1:],
        ClassRule(TRANSFER, description="|کارت بانک"),
    ),
)


def _words_in(texts: Sequence[str], words: Sequence[str]) -> list[tuple[str, ...]]:
    """Which of the words stand in each text; most stand in none of them."""
    all_texts = _spaced("\0".join(texts))
    present = [word for word in words if word in all_texts]
    if not present:
        return [()] * len(texts)
    return [tuple([word for word in present if word in text]) for text in map(_spaced, texts)]


def _spaced_column(texts: Sequence[str]) -> Sequence[str]:
    return list(map(_spaced, texts))


def _spaced(text: str) -> str:
    # The bank writes half-spaces in some exports and blanks in others.
    return text.replace("\u200c", " ")
