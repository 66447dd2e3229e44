"""Reading a list of money that was received at a desk: each row a gift, or refused."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time

from core.clock import tehran_moment
from core.digits import digits_only, folded, normalise
from core.identifiers import parse_mobile
from core.portable import sha256_of
from core.refusals import Refusal
from core.rial import parse_rial
from donations.models.contribution import Tender
from donations.models.fund import MOST_NEEDED
from donations.pledging import NAME_MAX, CashItem, DonorFacts, UnknownFund, UnusableText
from flows.lists.cells import Texts, UnknownWord, WrongCell, read_cell, read_day, read_word
from flows.lists.told import BadRow, ListRows
from flows.receiving_many import MoneyGift

DAYS_BACK = 31
REMARK_MAX = 200
_ANSWER_MAX = 40
_REFERENCE_MAX = 40
_DAY_ENDS = time(23, 59)  # of a day that is over nobody knows the hour
_TENDERS = {
    folded(word): tender
    for tender, words in {
        Tender.CASH: ("", "نقد", "نقدی", "cash"),
        Tender.CHEQUE: ("چک", "cheque", "check"),
        Tender.CARD_TERMINAL: ("کارتخوان", "کارت", "card"),
    }.items()
    for word in words
}
_YES = {folded(word) for word in ("بله", "yes")}
_NO = {folded(word) for word in ("", "خیر", "no")}


class DayNotOpen(Refusal):
    """A day of the future, one that is signed, or one of long ago."""

    code = "walk_in_list.day"
    http_status = 422
    field = "received_on"


class DrawerCounted(Refusal):
    """The drawer into which this cash went that day has been counted and closed."""

    code = "walk_in_list.drawer_counted"
    field = "received_on"


class ReferenceMissing(Refusal):
    """A cheque or card payment without its number, or a card payment without its terminal."""

    code = "walk_in_list.reference"
    http_status = 422
    field = "reference"


@dataclass(frozen=True, slots=True)
class ListDesk:
    """The desk of whoever hands the list in, and what a row has to fit."""

    office_id: int
    staff_id: int
    first_day: date
    today: date
    funds: Collection[str]
    terminals: Sequence[str]
    counted_days: Sequence[tuple[date, date]]  # of drawers that are closed, first and last


@dataclass(frozen=True, slots=True)
class WalkInRow:
    """A row that could be read: the gift in it, its day, and whether it says that it is another."""

    number: int
    gift: MoneyGift
    day: date
    is_another: bool


def read_walk_ins(rows: ListRows, desk: ListDesk, bad: list[BadRow]) -> Iterator[WalkInRow]:
    """The gift of each row; a row that is none is added to ``bad``."""
    alike: Counter[str] = Counter()
    for number, texts in rows:
        try:
            yield _read(number, texts, desk, alike)
        except WrongCell as wrong:
            bad.append(BadRow(number, wrong.column, wrong.refusal))
        except Refusal as refusal:
            bad.append(BadRow(number, str(refusal.field), refusal))


def _read(number: int, texts: Texts, desk: ListDesk, alike: Counter[str]) -> WalkInRow:
    day = read_day(texts, "received_on")
    if not desk.first_day <= day <= desk.today:
        raise DayNotOpen(days=DAYS_BACK)
    tender = read_word(texts, "tender", _TENDERS)
    if tender is Tender.CASH and any(first <= day <= last for first, last in desk.counted_days):
        raise DrawerCounted
    typed = {"amount_rial": texts.get("amount_rial") or "0"}  # an empty cell is no amount
    amount_rial = read_cell(typed, "amount_rial", parse_rial) or 0
    fund = texts.get("fund") or MOST_NEEDED
    if fund not in desk.funds:
        raise UnknownFund(fund=fund[:40])
    reference, terminal = _means(texts, tender, desk)
    donor = DonorFacts(_short(texts, "name", NAME_MAX), read_cell(texts, "mobile", parse_mobile))
    remark = _short(texts, "remark", REMARK_MAX)
    another = _another(texts)
    money = (day.isoformat(), amount_rial, tender.value, reference, terminal, fund)
    said = sha256_of(repr((*money, donor.name, donor.mobile, remark, another)))[:32]
    alike[said] += 1  # two gifts that say the same are two, in this order
    gift = MoneyGift(
        key=f"listed:{desk.office_id}:{said}:{alike[said]}",
        item=CashItem(amount_rial, fund),
        donor=donor,
        tender=tender,
        terminal=terminal,
        trace_number=reference if tender is Tender.CARD_TERMINAL else None,
        cheque_number=reference if tender is Tender.CHEQUE else None,
        received_at=None if day == desk.today else tehran_moment(day, _DAY_ENDS),
        remark=remark,
    )
    return WalkInRow(number, gift, day, bool(another))


def _another(texts: Texts) -> str:
    """What the last column says after and with its "yes", by which a gift is told from its like."""
    text = folded(_short(texts, "is_another", _ANSWER_MAX) or "")
    if text in _NO:
        return ""
    if text.split()[0] not in _YES:
        raise WrongCell("is_another", UnknownWord())
    return text


def _means(texts: Texts, tender: Tender, desk: ListDesk) -> tuple[str | None, str | None]:
    """The number of the cheque or card slip, and the card terminal."""
    if tender is Tender.CASH:
        return None, None
    written = texts.get("reference", "")
    reference = digits_only(written) or normalise(written)
    if not 0 < len(reference) <= _REFERENCE_MAX:
        raise ReferenceMissing
    if tender is Tender.CHEQUE:
        return reference, None
    terminal = texts.get("terminal") or (desk.terminals[0] if len(desk.terminals) == 1 else "")
    if terminal not in desk.terminals:
        raise WrongCell("terminal", UnknownWord())
    return reference, terminal


def _short(texts: Texts, field: str, longest: int) -> str | None:
    text = normalise(texts.get(field, ""))
    if len(text) > longest:
        raise WrongCell(field, UnusableText(name=field, longest=longest))
    return text or None
