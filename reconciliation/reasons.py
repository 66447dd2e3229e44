"""Why a line is explained, in words that quote the values of both rows.

Nothing is stored: the sentence is made from the rule and the rows, so that it cannot disagree with
them. The language is the one spoken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import Session

from core.digits import to_persian
from core.jalali import jalali_plain
from core.rial import grouped
from core.words import DEFAULT_LANGUAGE, _, spoken
from donations.models.desk import DepositSlip
from donations.models.pledge import Pledge
from donations.models.refund import RefundEnd, RefundRequest
from ledger.terminals import Terminal
from offices.places import Office
from offices.staff import StaffMember
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Rule, Settlement, SettlementItem, Target


@dataclass(frozen=True, slots=True)
class Explained:
    """What a line was matched with: the principal match and the row behind its target."""

    match_id: int
    rule: Rule
    target: Target
    reason: str
    tracking_code: str | None
    settlement_id: int | None
    run_id: int | None


def explanations(session: Session, line_ids: Sequence[int]) -> Mapping[int, Explained]:
    """For each explained line among these, why it is."""
    rows = session.execute(
        select(
            Match,
            StatementLine,
            Pledge,
            Settlement,
            Terminal,
            DepositSlip,
            Office,
            StaffMember,
            RefundRequest,
            RefundEnd,
        )
        .join(StatementLine, StatementLine.id == Match.line_id)
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .outerjoin(Pledge, _targets(Target.PLEDGE, Pledge.id))
        .outerjoin(Settlement, _targets(Target.SETTLEMENT, Settlement.id))
        .outerjoin(Terminal, Terminal.id == Settlement.terminal_id)
        .outerjoin(DepositSlip, _targets(Target.DEPOSIT_SLIP, DepositSlip.id))
        .outerjoin(Office, Office.id == DepositSlip.office_id)
        .outerjoin(StaffMember, StaffMember.id == Match.made_by_id)
        .outerjoin(RefundRequest, _targets(Target.REFUND, RefundRequest.id))
        .outerjoin(RefundEnd, RefundEnd.request_id == RefundRequest.id)
        .where(Match.line_id.in_(line_ids), MatchUndo.id.is_(None), is_principal())
    )
    return {row.Match.line_id: _explained(session, row) for row in rows.all()}


def is_principal() -> ColumnElement[bool]:
    """The condition that a match is the line's own, not the fee netted from it."""
    return or_(Match.target != Target.BANK_FEE, Match.rule.in_((Rule.BANK_FEE, Rule.BY_HAND)))


def digits(text: object) -> str:
    """Digits as the language writes them."""
    return to_persian(str(text)) if spoken() == DEFAULT_LANGUAGE else str(text)


def rial(amount_rial: int) -> str:
    """An amount in groups of three, without its unit, as the language writes it."""
    if spoken() != DEFAULT_LANGUAGE:
        return f"{amount_rial:,}"
    return grouped(amount_rial)


def day(of: date) -> str:
    """A Jalali day as the language writes it."""
    return digits(jalali_plain(of))


def terminal_name(terminal: Terminal) -> str:
    """A terminal by the number people know: the bank's, or ours where the bank's is no number."""
    number = terminal.bank_terminal_id
    return digits(number if number.isdigit() else terminal.id)


def _targets(target: Target, id_: Any) -> ColumnElement[bool]:
    return and_(Match.target == target, Match.target_id == id_)


def _explained(session: Session, row: Row[*tuple[Any, ...]]) -> Explained:
    return Explained(
        match_id=row.Match.id,
        rule=row.Match.rule,
        target=row.Match.target,
        reason=_sentence(session, row),
        tracking_code=row.Pledge.tracking_code if row.Pledge else None,
        settlement_id=row.Settlement.id if row.Settlement else None,
        run_id=row.Match.run_id,
    )


def _sentence(session: Session, row: Row[*tuple[Any, ...]]) -> str:
    line = row.StatementLine
    quoted = {
        "row": digits(line.row_number),
        "day": day(line.booked_on),
        "amount": rial(abs(line.amount_rial)),
    }
    if row.Match.rule is Rule.BY_HAND:
        return _by_hand(row, quoted)
    if row.Pledge is not None:
        return _(
            "Row %(row)s of %(day)s (%(amount)s rial) is pledge %(code)s: the deposit id "
            "%(deposit_id)s is the same, its check digits are right and the amount is equal; "
            "no other open pledge has this id."
        ) % {
            **quoted,
            "code": digits(row.Pledge.tracking_code),
            "deposit_id": digits(line.deposit_id),
        }
    if row.DepositSlip is not None:
        return _(
            "Row %(row)s of %(day)s (%(amount)s rial) is deposit slip %(number)s of %(desk)s, "
            "handed in on %(handed)s: the deposit id %(deposit_id)s is the same and the amount "
            "is equal."
        ) % {
            **quoted,
            "number": digits(row.DepositSlip.number),
            "desk": row.Office.name_fa if spoken() == DEFAULT_LANGUAGE else row.Office.name_en,
            "handed": day(row.DepositSlip.handed_on),
            "deposit_id": digits(line.deposit_id),
        }
    if row.Settlement is not None:
        return _settled(session, row, quoted)
    if row.RefundRequest is not None:
        return _(
            "Row %(row)s of %(day)s (%(amount)s rial) is the money sent back for payment "
            "%(payment)s: the row carries the bank's reference %(reference)s of the refund and "
            "the amount is equal."
        ) % {
            **quoted,
            "payment": digits(row.RefundRequest.payment_id),
            "reference": digits(row.RefundEnd.bank_reference),
        }
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) is a fee of the bank: it is a debit and its "
        "text says: %(text)s."
    ) % {**quoted, "text": digits(line.description or line.payer or "")}


def _by_hand(row: Row[*tuple[Any, ...]], quoted: Mapping[str, str]) -> str:
    maker = {"name": row.StaffMember.name if row.StaffMember else ""}
    if row.RefundRequest is not None:
        return _(
            "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is the money sent "
            "back for payment %(payment)s."
        ) % {**quoted, **maker, "payment": digits(row.RefundRequest.payment_id)}
    if row.Pledge is None:
        return _(
            "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is a fee of the bank."
        ) % {**quoted, **maker}
    return _(
        "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is pledge %(code)s."
    ) % {**quoted, **maker, "code": digits(row.Pledge.tracking_code)}


def _settled(session: Session, row: Row[*tuple[Any, ...]], quoted: Mapping[str, str]) -> str:
    settlement = row.Settlement
    values = {
        **quoted,
        "terminal": terminal_name(row.Terminal),
        "business_day": day(settlement.business_day),
        "count": digits(settlement.item_count),
        "gross": rial(settlement.gross_rial),
        "fee": rial(settlement.fee_rial),
    }
    if row.Match.rule is Rule.BANK_REFERENCE:
        reference = session.scalars(
            select(SettlementItem.reference).where(SettlementItem.settlement_id == settlement.id)
        ).first()
        return _(
            "Row %(row)s of %(day)s (%(amount)s rial) is one payment of terminal %(terminal)s of "
            "%(business_day)s: the reference %(reference)s is the same and the amount is equal; "
            "no other row and no other payment has both."
        ) % {**values, "reference": digits(reference)}
    sentence = _paid_out(settlement, values)
    if settlement.moved_count:
        sentence += " " + _moved(session, settlement)
    return sentence


def _moved(session: Session, settlement: Settlement) -> str:
    """Which payments of it we had expected on a neighbouring day."""
    items = session.scalars(
        select(SettlementItem)
        .where(
            SettlementItem.settlement_id == settlement.id,
            SettlementItem.business_day != settlement.business_day,
        )
        .order_by(SettlementItem.id)
    ).all()
    named = (
        _("%(number)s of %(amount)s rial")
        % {"number": digits(item.source_id), "amount": rial(item.amount_rial)}
        for item in items
    )
    return _(
        "Of these, payment %(payments)s moved within minutes of midnight and stands under "
        "%(other_day)s in our books; no other choice of such payments makes both days agree."
    ) % {"payments": _(" and ").join(named), "other_day": day(items[0].business_day)}


def _paid_out(settlement: Settlement, values: Mapping[str, str]) -> str:
    if settlement.fee_rial:
        return (
            _(
                "Row %(row)s of %(day)s (%(amount)s rial) pays out terminal %(terminal)s for "
                "%(business_day)s: its %(count)s payments make %(gross)s rial, less %(fee)s rial "
                "of fees that is the amount of the row; no other batch and no other row fits."
            )
            % values
        )
    return (
        _(
            "Row %(row)s of %(day)s (%(amount)s rial) pays out terminal %(terminal)s for "
            "%(business_day)s: its %(count)s payments make %(gross)s rial, the amount of the row; "
            "no other batch and no other row fits."
        )
        % values
    )
