"""What is left when the sure rules are done: one class for each open line, with the reason.

One of them is sure itself: a debit that takes a credit of the same day and serial back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from core.identifiers import is_deposit_id
from core.words import _
from donations.models.contribution import Contribution, Origin
from donations.models.pledge import Pledge
from reconciliation.expected import ExpectedDeposit, ExpectedRefund, OpenLine, OpenReferenceLine
from reconciliation.lines import LineClass, StatementLine, opposite_lines
from reconciliation.matches import Match, MatchUndo
from reconciliation.reasons import day, digits, rial
from reconciliation.rules_found import Part, Whole
from reconciliation.splitting import named_ids

TRANSFER_DAYS = 3  # the two banks may book on different days


class LeftoverClass(StrEnum):
    """What an open line most probably is."""

    SHORT_OR_OVER = "short_or_over"  # a pledge's id with another amount
    DUPLICATE = "duplicate"  # a second deposit for a pledge that has been received
    SEVERAL_IDS = "several_ids"  # names several of our ids, without the sum
    SETTLEMENT = "settlement"  # a pay-out that no batch makes
    REVERSAL = "reversal"  # takes back, or is taken back by, a line of the account
    TRANSFER = "transfer"  # the other side stands on another account of the register
    REFUND = "refund"  # the amount of a refund that is awaited
    BANK_FEE = "bank_fee"
    OTHER_DEBIT = "other_debit"
    UNIDENTIFIED = "unidentified"


@dataclass(frozen=True, slots=True)
class Leftover:
    """The class of an open line, the reason in words, and the line that speaks for it, if any."""

    kind: LeftoverClass
    reason: str
    other_line_id: int | None = None  # the other side, or the first deposit


def sure_reversals(session: Session) -> Sequence[Whole]:
    """Debits that take back an earlier credit: same account, day, serial and amount, one each.

    Both sides are open, so that nothing was booked for the credit; each names the other.
    """
    credit, debit_line, credit_line = OpenReferenceLine, StatementLine, aliased(StatementLine)
    pair = (
        select(
            debit_line.id.label("debit_id"),
            credit_line.id.label("credit_id"),
            credit.amount_rial,
        )
        # Outer joins keep the order: few open debits, each looked up among the credits by its key.
        .select_from(OpenLine)
        .outerjoin(
            debit_line,
            and_(debit_line.id == OpenLine.line_id, debit_line.line_class != LineClass.FEE),
        )
        .outerjoin(
            credit,
            and_(
                credit.reference == debit_line.reference,
                credit.amount_rial == -OpenLine.amount_rial,
                credit.booked_on == OpenLine.booked_on,
            ),
        )
        .outerjoin(
            credit_line,
            and_(
                credit_line.id == credit.line_id,
                credit_line.bank_account_id == debit_line.bank_account_id,
                credit_line.position < debit_line.position,
            ),
        )
        .where(OpenLine.amount_rial < 0)
        .subquery()
    )
    debits = func.count().over(partition_by=pair.c.credit_id)
    credited = func.count(pair.c.credit_id).over(partition_by=pair.c.debit_id)
    counted = select(pair, debits.label("debits"), credited.label("credits")).subquery()
    rows = session.execute(
        select(counted.c.credit_id, counted.c.debit_id, counted.c.amount_rial)
        .where(counted.c.credit_id.is_not(None), counted.c.debits == 1, counted.c.credits == 1)
        .order_by(counted.c.credit_id)
    )
    return [
        [Part(credit_id, debit_id, rial), Part(debit_id, credit_id, -rial)]
        for credit_id, debit_id, rial in rows
    ]


def classified(session: Session, line: StatementLine) -> Leftover:
    """What an open line most probably is; it is never booked from this."""
    if line.amount_rial < 0:
        return _taken_back(session, line) or _transfer(session, line) or _debit(session, line)
    return (
        _of_our_id(session, line)
        or _several(session, line)
        or _pay_out(line)
        or _taken_back(session, line)
        or _transfer(session, line)
        or _unidentified()
    )


def _of_our_id(session: Session, line: StatementLine) -> Leftover | None:
    if line.deposit_id is None or not is_deposit_id(line.deposit_id):
        return None
    values = {"deposit_id": digits(line.deposit_id), "came": rial(line.amount_rial)}
    promised_rial = session.scalars(
        select(ExpectedDeposit.amount_rial).where(ExpectedDeposit.deposit_id == line.deposit_id)
    ).first()
    if promised_rial is not None:
        values["promised"] = rial(promised_rial)
        values["difference"] = rial(abs(line.amount_rial - promised_rial))
        reason = (
            _("Over: %(came)s rial came for %(deposit_id)s, %(difference)s more than %(promised)s.")
            if line.amount_rial > promised_rial
            else _(
                "Short: %(came)s rial came for %(deposit_id)s, %(difference)s less than "
                "%(promised)s."
            )
        )
        return Leftover(LeftoverClass.SHORT_OR_OVER, reason % values)
    return _second_deposit(session, line, values)


def _second_deposit(
    session: Session, line: StatementLine, values: dict[str, str]
) -> Leftover | None:
    found = session.execute(
        select(Pledge, StatementLine)
        .join(
            Contribution,
            and_(Contribution.pledge_id == Pledge.id, Contribution.origin == Origin.DEPOSIT),
        )
        .join(Match, Match.id == Contribution.cause_id)
        .join(StatementLine, StatementLine.id == Match.line_id)
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(Pledge.deposit_id == line.deposit_id, MatchUndo.id.is_(None))
        .order_by(StatementLine.id)
        .limit(1)
    ).first()
    if found is None:
        return None
    pledge, first = found
    reason = _(
        "Second deposit: pledge %(code)s was received with row %(row)s of %(day)s, reference "
        "%(reference)s. Send this one back, or take it as a second gift."
    ) % {
        **values,
        "code": digits(pledge.tracking_code),
        "row": digits(first.row_number),
        "day": day(first.booked_on),
        "reference": digits(first.reference or "—"),
    }
    return Leftover(LeftoverClass.DUPLICATE, reason, first.id)


def _several(session: Session, line: StatementLine) -> Leftover | None:
    ids = named_ids(session, line.id)
    if not ids:
        return None
    named = _(" and ").join(digits(each) for each in ids)
    return Leftover(
        LeftoverClass.SEVERAL_IDS,
        _("Several ids: the row names %(ids)s; what they promise does not make its amount.")
        % {"ids": named},
    )


def _pay_out(line: StatementLine) -> Leftover | None:
    if line.line_class is not LineClass.SETTLEMENT:
        return None
    return Leftover(
        LeftoverClass.SETTLEMENT,
        _("Pay-out: the bank calls the row a settlement, and no batch of ours makes its amount."),
    )


def _taken_back(session: Session, line: StatementLine) -> Leftover | None:
    """The other side on the same account and day, with the same serial if there is one."""
    others = opposite_lines(session, line)
    same = [other for other in others if line.reference and other.reference == line.reference]
    if not (same or others):
        return None
    other = (same or others)[0]
    quoted = {"row": digits(other.row_number), "reference": digits(line.reference or "")}
    reason = (
        _(
            "Taken back: row %(row)s of the same day has the opposite amount and the same serial "
            "%(reference)s."
        )
        if same
        else _("Taken back: row %(row)s of the same day has the opposite amount.")
    )
    return Leftover(LeftoverClass.REVERSAL, reason % quoted, other.id)


def _transfer(session: Session, line: StatementLine) -> Leftover | None:
    """The other side, open on another account of the register, within days."""
    days = timedelta(days=TRANSFER_DAYS)
    other = session.scalars(
        select(StatementLine)
        .join(OpenLine, OpenLine.line_id == StatementLine.id)
        .where(
            OpenLine.bank_account_id != line.bank_account_id,
            OpenLine.booked_on.between(line.booked_on - days, line.booked_on + days),
            OpenLine.amount_rial == -line.amount_rial,
        )
        .order_by(OpenLine.line_id)
        .limit(1)
    ).first()
    if other is None:
        return None
    reason = _(
        "Transfer: row %(row)s of %(day)s on another account of ours has the opposite amount."
    ) % {"row": digits(other.row_number), "day": day(other.booked_on)}
    return Leftover(LeftoverClass.TRANSFER, reason, other.id)


def _debit(session: Session, line: StatementLine) -> Leftover:
    awaited = session.scalars(
        select(ExpectedRefund.request_id).where(
            ExpectedRefund.bank_account_id == line.bank_account_id,
            ExpectedRefund.amount_rial == -line.amount_rial,
        )
    ).first()
    if awaited is not None:
        return Leftover(
            LeftoverClass.REFUND, _("Refund: one of this amount is awaited on this account.")
        )
    if line.line_class is LineClass.FEE:
        return Leftover(LeftoverClass.BANK_FEE, _("Fee: the bank's texts call the row a fee."))
    return Leftover(
        LeftoverClass.OTHER_DEBIT, _("Other debit: money went out that nothing of ours explains.")
    )


def _unidentified() -> Leftover:
    return Leftover(
        LeftoverClass.UNIDENTIFIED,
        _("Unidentified: nothing in the row names a pledge, a slip or a pay-out of ours."),
    )
