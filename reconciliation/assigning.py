"""What a person decides about an open line: it is this pledge's money, or it is a bank fee."""

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.orm import Session

from core.database import Id
from core.refusals import NotFound, Refusal
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from reconciliation.expected import ExpectedRefund, forget_pledge
from reconciliation.found import FOUND, emptied, next_id, rows_of
from reconciliation.lines import StatementLine
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


class WhichFund(Refusal):
    """Another amount came for a pledge of several items: nobody can say which item it is for."""

    code = "reconciliation.which_fund"


class WrongSide(Refusal):
    """Money that went out is no gift, and money that came in is no fee."""

    code = "reconciliation.wrong_side"


def find_by_hand(session: Session, line_id: int, pledge_id: int, *, as_given: bool) -> None:
    """Put a line among the found as the money of a pledge, and close both.

    ``as_given`` takes another amount than promised, for a pledge of one cash item. Raises
    NotFound, LineNotOpen, PledgeNotOpen, AmountDiffers, WhichFund, WrongSide.
    """
    line = _line(session, line_id)
    if line.amount_rial < 0:
        raise WrongSide
    items = _open_items(session, pledge_id)
    promised_rial = sum(item.amount_rial or 0 for item in items)
    if promised_rial != line.amount_rial:
        if not as_given:
            raise AmountDiffers(promised_rial=promised_rial, came_rial=line.amount_rial)
        if len(items) > 1:
            raise WhichFund
    _close(session, line)
    forget_pledge(session, pledge_id)
    _find(session, line, Target.PLEDGE, pledge_id)


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


def _line(session: Session, line_id: int) -> StatementLine:
    line = session.get(StatementLine, line_id)
    if line is None:
        raise NotFound(subject="statement_line")
    return line


def _open_items(session: Session, pledge_id: int) -> list[PledgeItem]:
    pledge = session.scalars(
        select(Pledge).where(Pledge.id == pledge_id).with_for_update()
    ).one_or_none()
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


def _close(session: Session, line: StatementLine) -> None:
    if close_lines(session, select(literal(line.id, Id).label("line_id"))) != 1:
        raise LineNotOpen


def _find(session: Session, line: StatementLine, target: Target, target_id: int | None) -> None:
    emptied(session, FOUND)
    match_id = session.execute(select(next_id(session, Match))).scalar_one()
    session.execute(
        insert(FOUND).values(
            match_id=match_id,
            line_id=line.id,
            rule=Rule.BY_HAND.value,
            target=target.value,
            target_id=target_id,
            amount_rial=line.amount_rial,
            is_principal=True,
            booked_on=line.booked_on,
        )
    )
