"""What a person decides about an open line: whose money it is, or what else it is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.orm import Session

from core.database import Id
from core.refusals import NotFound, Refusal
from donations.models.desk import DepositSlip
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from reconciliation.expected import ExpectedRefund, OpenLine, forget_pledge, forget_slip
from reconciliation.found import FOUND, emptied, next_id, rows_of
from reconciliation.lines import StatementLine
from reconciliation.locks import hold_for_explaining
from reconciliation.matches import Match, Rule, Target
from reconciliation.worktables import close_lines


class LineNotOpen(Refusal):
    """The line is explained already, perhaps by somebody else a moment ago."""

    code = "reconciliation.line_not_open"


class PledgeNotOpen(Refusal):
    """The pledge has no cash left to receive."""

    code = "reconciliation.pledge_not_open"


class AmountDiffers(Refusal):
    """The line brings another amount than the pledge promises, and nobody said that it may."""

    code = "reconciliation.amount_differs"


class RefundNotOpen(Refusal):
    """The refund is explained already, or it has not been sent."""

    code = "reconciliation.refund_not_open"


class SlipNotAwaited(Refusal):
    """The slip is matched or void, or its cash goes to another account than the line's."""

    code = "reconciliation.slip_not_awaited"


class CashOfSlip(Refusal):
    """The line bears the deposit id of a slip, standing or void: it is the cash of a desk."""

    code = "reconciliation.cash_of_slip"


class PartsDiffer(Refusal):
    """The parts of a split are fewer than two, name a pledge twice or do not sum to the line."""

    code = "reconciliation.parts_differ"


class NoPair(Refusal):
    """Two lines that are not the two sides of one movement."""

    code = "reconciliation.no_pair"


class WhichFund(Refusal):
    """Another amount came for a pledge of several items: nobody can say which item it is for."""

    code = "reconciliation.which_fund"


class WrongSide(Refusal):
    """Money that went out is no gift, and money that came in is no fee."""

    code = "reconciliation.wrong_side"


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a line is whose money."""

    pledge_id: int
    amount_rial: int


def open_cash_rial(session: Session, pledge_id: int) -> int:
    """What a pledge still promises in cash; holds nothing. Raises NotFound, PledgeNotOpen."""
    return sum(item.amount_rial or 0 for item in _open_items(session, pledge_id))


def begin_to_find(
    session: Session, line_ids: Collection[int], pledge_ids: Collection[int] = ()
) -> None:
    """Forget what was found before, and hold the accounts of the lines and the pledges of an act.

    Every act by hand begins with it: all of a kind at once and in the order of their ids, because
    two who took one each would wait for one another.
    """
    emptied(session, FOUND)
    hold_for_explaining(session, line_ids)
    session.execute(
        select(Pledge.id).where(Pledge.id.in_(pledge_ids)).order_by(Pledge.id).with_for_update()
    )


def find_by_hand(session: Session, line_id: int, pledge_id: int, *, as_given: bool) -> None:
    """Put a line among the found as the money of a pledge, and close both.

    ``as_given`` takes another amount than promised, for a pledge of one cash item. Raises
    NotFound, LineNotOpen, PledgeNotOpen, AmountDiffers, WhichFund, WrongSide; then nothing changed.
    """
    line = _credit(session, line_id)
    _refuse_other_amount(session, pledge_id, line.amount_rial, as_given=as_given)
    _close(session, line)
    forget_pledge(session, pledge_id)
    _find(session, line, Target.PLEDGE, pledge_id)


def find_split_by_hand(session: Session, line_id: int, parts: Sequence[Part]) -> None:
    """Put a line among the found as the money of several pledges, and close all of them.

    A pledge of one cash item may be given another amount than it promised. Raises NotFound,
    LineNotOpen, PledgeNotOpen, AmountDiffers, PartsDiffer, WrongSide.
    """
    line = _credit(session, line_id)
    pledges = {part.pledge_id for part in parts}
    parts_rial = sum(part.amount_rial for part in parts)
    are_whole = all(part.amount_rial > 0 for part in parts) and parts_rial == line.amount_rial
    if len(pledges) < max(len(parts), 2) or not are_whole:
        raise PartsDiffer(line_rial=line.amount_rial, parts_rial=parts_rial)
    for part in parts:
        _refuse_other_amount(session, part.pledge_id, part.amount_rial, as_given=True)
    _close(session, line)
    for part in parts:
        forget_pledge(session, part.pledge_id)
        _find(session, line, Target.PLEDGE, part.pledge_id, amount_rial=part.amount_rial)


def find_transfer_by_hand(session: Session, line_id: int, other_id: int) -> None:
    """Put two lines of two accounts among the found as one transfer, and close both.

    Raises NotFound, LineNotOpen, NoPair.
    """
    line, other = _pair(session, line_id, other_id)
    if line.bank_account_id == other.bank_account_id:
        raise NoPair
    _find_pair(session, line, other, Target.TRANSFER)


def find_reversal_by_hand(session: Session, line_id: int, other_id: int) -> None:
    """Put two lines of one account among the found, one taking the other back, and close both.

    Raises NotFound, LineNotOpen, NoPair.
    """
    line, other = _pair(session, line_id, other_id)
    if line.bank_account_id != other.bank_account_id:
        raise NoPair
    _find_pair(session, line, other, Target.REVERSAL)


def open_credit(session: Session, line_id: int) -> StatementLine:
    """A credit that nothing explains. Raises NotFound, LineNotOpen, WrongSide."""
    line = _credit(session, line_id)
    if session.get(OpenLine, line_id) is None:
        raise LineNotOpen
    return line


def find_fee_by_hand(session: Session, line_id: int) -> None:
    """Put an open debit among the found as a bank fee. Raises NotFound, LineNotOpen, WrongSide."""
    line = _line(session, line_id)
    if line.amount_rial > 0:
        raise WrongSide
    _close(session, line)
    _find(session, line, Target.BANK_FEE, None)


def find_refund_by_hand(session: Session, line_id: int, request_id: int) -> None:
    """Put an open debit among the found as the money of a refund, and close both.

    Raises NotFound, LineNotOpen, RefundNotOpen, AmountDiffers, WrongSide.
    """
    line = _line(session, line_id)
    if line.amount_rial > 0:
        raise WrongSide
    expected = session.get(ExpectedRefund, request_id)
    if expected is None or expected.bank_account_id != line.bank_account_id:
        raise RefundNotOpen
    if expected.amount_rial != -line.amount_rial:
        raise AmountDiffers(promised_rial=expected.amount_rial, came_rial=-line.amount_rial)
    if rows_of(session, delete(ExpectedRefund).where(ExpectedRefund.request_id == request_id)) != 1:
        raise RefundNotOpen
    _close(session, line)
    _find(session, line, Target.REFUND, request_id)


def find_slip_by_hand(session: Session, line_id: int, slip_id: int) -> None:
    """Put a line among the found as the cash of a slip, whatever deposit id it bears.

    Raises NotFound, LineNotOpen, SlipNotAwaited, AmountDiffers, WrongSide.
    """
    line = _credit(session, line_id)
    slip = session.get(DepositSlip, slip_id)
    if slip is None:
        raise NotFound(subject="deposit_slip")
    if slip.bank_account_id != line.bank_account_id:
        raise SlipNotAwaited
    if slip.amount_rial != line.amount_rial:
        raise AmountDiffers(promised_rial=slip.amount_rial, came_rial=line.amount_rial)
    if not forget_slip(session, slip):
        raise SlipNotAwaited
    _close(session, line)
    _find(session, line, Target.DEPOSIT_SLIP, slip_id)


def refuse_cash_of_slip(session: Session, line: StatementLine) -> None:
    """Let a line be received as a gift only where no slip gave it its id. Raises CashOfSlip."""
    number = session.scalar(
        select(DepositSlip.number).where(DepositSlip.deposit_id == line.deposit_id)
    )
    if number is not None:
        raise CashOfSlip(number=number)


def _line(session: Session, line_id: int) -> StatementLine:
    line = session.get(StatementLine, line_id)
    if line is None:
        raise NotFound(subject="statement_line")
    return line


def _credit(session: Session, line_id: int) -> StatementLine:
    line = _line(session, line_id)
    if line.amount_rial < 0:
        raise WrongSide
    return line


def _pair(session: Session, line_id: int, other_id: int) -> tuple[StatementLine, StatementLine]:
    line, other = (_line(session, each) for each in sorted((line_id, other_id)))
    if line.amount_rial != -other.amount_rial:
        raise NoPair
    return line, other


def _find_pair(session: Session, line: StatementLine, other: StatementLine, target: Target) -> None:
    for each, beside in ((line, other), (other, line)):
        _close(session, each)
        _find(session, each, target, beside.id)


def _refuse_other_amount(
    session: Session, pledge_id: int, amount_rial: int, *, as_given: bool
) -> None:
    """Raise where the open cash of a pledge that is held is not this amount and may not be."""
    items = _open_items(session, pledge_id)
    if _is_found(session, pledge_id):
        raise PledgeNotOpen
    promised_rial = sum(item.amount_rial or 0 for item in items)
    if promised_rial == amount_rial:
        return
    if not as_given:
        raise AmountDiffers(promised_rial=promised_rial, came_rial=amount_rial)
    if len(items) > 1:
        raise WhichFund


def _open_items(session: Session, pledge_id: int) -> list[PledgeItem]:
    pledge = session.get(Pledge, pledge_id)
    if pledge is None:
        raise NotFound(subject="pledge")
    items = session.scalars(
        select(PledgeItem)
        .where(
            PledgeItem.pledge_id == pledge_id,
            PledgeItem.kind == ItemKind.CASH,
            PledgeItem.state == ItemState.PROMISED,
        )
        .execution_options(populate_existing=True)
    ).all()
    if not items:
        raise PledgeNotOpen(tracking_code=pledge.tracking_code)
    return list(items)


def _is_found(session: Session, pledge_id: int) -> bool:
    """Whether the same act gives the pledge another line already; it is booked only at its end."""
    of_pledge = select(FOUND.c.line_id).where(
        FOUND.c.target == Target.PLEDGE.value, FOUND.c.target_id == pledge_id
    )
    return session.execute(of_pledge.limit(1)).first() is not None


def _close(session: Session, line: StatementLine) -> None:
    if close_lines(session, select(literal(line.id, Id).label("line_id"))) != 1:
        raise LineNotOpen


def _find(
    session: Session,
    line: StatementLine,
    target: Target,
    target_id: int | None,
    *,
    amount_rial: int | None = None,
) -> None:
    match_id = session.execute(
        select(next_id(session, Match, beside=FOUND.c.match_id))
    ).scalar_one()
    session.execute(
        insert(FOUND).values(
            match_id=match_id,
            line_id=line.id,
            rule=Rule.BY_HAND.value,
            target=target.value,
            target_id=target_id,
            amount_rial=line.amount_rial if amount_rial is None else amount_rial,
            is_principal=True,
            booked_on=line.booked_on,
        )
    )
