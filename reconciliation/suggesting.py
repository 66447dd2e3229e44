"""Suggestions for an open line: never automatic, at most five, each with its points and words."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import folded
from core.identifiers import is_deposit_id, is_tracking_code
from donations.models.donor import Donor
from donations.models.pledge import HiddenFrom, Pledge
from reconciliation.expected import ExpectedDeposit, Expects, OpenDepositLine, OpenLine
from reconciliation.lines import StatementLine

SUGGESTIONS_MAX = 5
_CANDIDATES_MAX = 500
_CODE = re.compile(r"(?<![0-9])[0-9]{13}(?![0-9])")
_WORD_LETTERS_MIN = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that speaks for a candidate: which, how much, and the value that agrees."""

    name: str
    points: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An open pledge that a line may be the money of."""

    pledge_id: int
    tracking_code: str
    deposit_id: str
    promised_rial: int
    made_on: date
    donor_name: str | None
    signs: tuple[Sign, ...] = field(default=())

    @property
    def points(self) -> int:
        return sum(sign.points for sign in self.signs)


def suggestions(session: Session, line: StatementLine) -> Sequence[Suggestion]:
    """The open pledges that a credit line may be, best first."""
    if line.amount_rial < 0:
        return ()
    found = [_weighed(line, candidate) for candidate in _candidates(session, line)]
    found.sort(key=lambda suggestion: (-suggestion.points, suggestion.pledge_id))
    return [suggestion for suggestion in found if suggestion.points > 0][:SUGGESTIONS_MAX]


def suggested_count(session: Session) -> int:
    """How many open lines have a suggestion by their amount or by an id of ours."""
    promised = select(ExpectedDeposit.amount_rial).where(ExpectedDeposit.expects == Expects.PLEDGE)
    ours = (
        select(OpenDepositLine.line_id)
        .join(ExpectedDeposit, ExpectedDeposit.deposit_id == OpenDepositLine.deposit_id)
        .where(ExpectedDeposit.expects == Expects.PLEDGE)
    )
    return session.scalars(
        select(func.count())
        .select_from(OpenLine)
        .where(
            OpenLine.amount_rial > 0,
            or_(OpenLine.amount_rial.in_(promised), OpenLine.line_id.in_(ours)),
        )
    ).one()


def codes_in(line: StatementLine) -> Iterator[str]:
    """Every number of thirteen digits that a line carries anywhere."""
    for text in (line.deposit_id, line.description, line.payer, line.reference):
        yield from _CODE.findall(text or "")


def near_deposit_ids(code: str) -> Iterator[str]:
    """Deposit ids of ours that differ from a number by one digit or by two swapped neighbours."""
    for place, digit in enumerate(code):
        for other in "0123456789":
            if other != digit and is_deposit_id(near := code[:place] + other + code[place + 1 :]):
                yield near
    for place in range(len(code) - 1):
        near = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        if near != code and is_deposit_id(near):
            yield near


_Candidate = tuple[ExpectedDeposit, Pledge, Donor | None]


def _candidates(session: Session, line: StatementLine) -> Iterable[_Candidate]:
    codes = set(codes_in(line))
    ids = codes | {near for code in codes for near in near_deposit_ids(code)}
    tracking_codes = {code for code in codes if is_tracking_code(code)}
    rows = session.execute(
        select(ExpectedDeposit, Pledge, Donor)
        .join(Pledge, Pledge.id == ExpectedDeposit.target_id)
        .outerjoin(Donor, Donor.id == Pledge.donor_id)
        .where(
            ExpectedDeposit.expects == Expects.PLEDGE,
            or_(
                ExpectedDeposit.amount_rial == line.amount_rial,
                ExpectedDeposit.deposit_id.in_(ids),
                Pledge.tracking_code.in_(tracking_codes),
            ),
        )
        .order_by(Pledge.id.desc())
        .limit(_CANDIDATES_MAX)
    )
    return ((expected, pledge, donor) for expected, pledge, donor in rows)


def _weighed(line: StatementLine, candidate: _Candidate) -> Suggestion:
    expected, pledge, donor = candidate
    # Who asked to be hidden from everyone is not named here either, nor told by a sign.
    shown = None if pledge.hidden_from is HiddenFrom.EVERYONE else donor
    return Suggestion(
        pledge_id=pledge.id,
        tracking_code=pledge.tracking_code,
        deposit_id=pledge.deposit_id,
        promised_rial=expected.amount_rial,
        made_on=tehran_date(pledge.made_at),
        donor_name=shown.name if shown else None,
        signs=tuple(sign for sign in _signs(line, expected, pledge, shown) if sign.points),
    )


def _signs(
    line: StatementLine, expected: ExpectedDeposit, pledge: Pledge, donor: Donor | None
) -> Iterator[Sign]:
    codes = set(codes_in(line))
    if pledge.deposit_id in codes:
        yield Sign("deposit_id", 60, pledge.deposit_id)
    elif any(pledge.deposit_id in near_deposit_ids(code) for code in codes):
        yield Sign("near_deposit_id", 40, pledge.deposit_id)
    if pledge.tracking_code in codes:
        yield Sign("tracking_code", 60, pledge.tracking_code)
    if expected.amount_rial == line.amount_rial:
        yield Sign("amount", 20)
    texts = f"{line.payer or ''} {line.description or ''}"
    if donor is not None and donor.mobile and donor.mobile[-10:] in texts:
        yield Sign("mobile", 30)
    if donor is not None and donor.name and _shares_a_name(texts, donor.name):
        yield Sign("name", 15, donor.name)
    days = (line.booked_on - tehran_date(pledge.made_at)).days
    if 0 <= days <= 5:
        yield Sign("days", 10 - 2 * days, str(days))


def _shares_a_name(text: str, name: str) -> bool:
    """Whether two words of a name, or its only one, stand in a text."""
    words = {word for word in folded(name).split() if len(word) >= _WORD_LETTERS_MIN}
    shared = words & set(folded(text).split())
    return bool(words) and len(shared) >= min(2, len(words))
