"""Why a line is explained, in words that quote the values of both rows.

Nothing is stored: the sentence is made from the rule and the rows, so that it cannot disagree with
them. The language is the one spoken.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import Session, aliased

from core.digits import to_persian
from core.jalali import jalali_plain
from core.rial import grouped
from core.words import DEFAULT_LANGUAGE, _, spoken
from donations.models.desk import DepositSlip
from donations.models.pledge import Pledge
from donations.models.refund import RefundEnd, RefundRequest
from ledger.accounts import BankAccount
from ledger.terminals import Terminal
from offices.places import Office
from offices.staff import StaffMember
from reconciliation.expected import DAY_END
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Rule, Settlement, SettlementItem, Target
from reconciliation.reports import ReportedSettlement, SettlementReport

_OtherSide = aliased(StatementLine, name="other_side")
_PAIRED = (Target.TRANSFER, Target.REVERSAL)
_Row: TypeAlias = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Explained:
    """What a line was matched with: the principal match and the row behind its target.

    Of a line that several pledges share, the first; the reason names all.
    """

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
            _OtherSide,
            BankAccount,
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
        .outerjoin(
            _OtherSide,
            and_(Match.target.in_(_PAIRED), Match.target_id == _OtherSide.id),
        )
        .outerjoin(BankAccount, BankAccount.id == _OtherSide.bank_account_id)
        .where(Match.line_id.in_(line_ids), MatchUndo.id.is_(None), is_principal())
        .order_by(Match.id)
    )
    parts = defaultdict(list)
    for row in rows.all():
        parts[row.Match.line_id].append(row)
    return {line_id: _explained(session, of_line) for line_id, of_line in parts.items()}


def is_principal() -> ColumnElement[bool]:
    """The condition that a match is the line's own, not what was netted from a pay-out."""
    return or_(Match.target.not_in((Target.BANK_FEE, Target.REFUND)), StatementLine.amount_rial < 0)


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


def clock(minute: int) -> str:
    """A minute of the day as a time, 1440 as 24:00."""
    return digits(f"{minute // 60:02}:{minute % 60:02}")


def terminal_name(terminal: Terminal) -> str:
    """A terminal by the number people know: the bank's, or ours where the bank's is no number."""
    number = terminal.bank_terminal_id
    return digits(number if number.isdigit() else terminal.id)


def _targets(target: Target, id_: Any) -> ColumnElement[bool]:
    return and_(Match.target == target, Match.target_id == id_)


def _explained(session: Session, rows: Sequence[_Row]) -> Explained:
    row = rows[0]
    return Explained(
        match_id=row.Match.id,
        rule=row.Match.rule,
        target=row.Match.target,
        reason=_sentence(session, row) if len(rows) == 1 else _shared(rows),
        tracking_code=row.Pledge.tracking_code if row.Pledge else None,
        settlement_id=row.Settlement.id if row.Settlement else None,
        run_id=row.Match.run_id,
    )


def _quoted(line: StatementLine) -> dict[str, str]:
    return {
        "row": digits(line.row_number),
        "day": day(line.booked_on),
        "amount": rial(abs(line.amount_rial)),
    }


def _shared(rows: Sequence[_Row]) -> str:
    """A line whose money is of several pledges."""
    quoted = _quoted(rows[0].StatementLine)
    parts = _(" and ").join(
        _("%(amount)s rial for pledge %(code)s (%(deposit_id)s)")
        % {
            "amount": rial(row.Match.amount_rial),
            "code": digits(row.Pledge.tracking_code),
            "deposit_id": digits(row.Pledge.deposit_id),
        }
        for row in rows
        if row.Pledge is not None
    )
    if rows[0].Match.rule is Rule.BY_HAND:
        return _(
            "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is shared: %(parts)s."
        ) % {**quoted, "parts": parts, "name": rows[0].StaffMember.name}
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) names several deposit ids of ours, and their "
        "pledges make exactly its amount: %(parts)s."
    ) % {**quoted, "parts": parts}


def _sentence(session: Session, row: _Row) -> str:
    quoted = _quoted(row.StatementLine)
    if row.Match.rule is Rule.BY_HAND:
        return _by_hand(row, quoted)
    if row.Match.rule is Rule.CARD:
        return _card(row, quoted)
    if row.Match.target is Target.REVERSAL:
        return _pair(row, quoted)
    if row.Pledge is not None:
        return _deposit_id(row, quoted)
    if row.DepositSlip is not None:
        return _slip(row, quoted)
    if row.Settlement is not None:
        return _settled(session, row, quoted)
    if row.RefundRequest is not None:
        return _refund(row, quoted)
    if row.Match.target_id is not None:
        return _fee_of_settlement(session, row, quoted)
    return _fee(row.StatementLine, quoted)


def _card(row: _Row, quoted: Mapping[str, str]) -> str:
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) is pledge %(code)s: earlier deposits of its "
        "donor came from the card %(card)s of the row and the amount is equal; no other open "
        "row and no other open pledge fits."
    ) % {
        **quoted,
        "code": digits(row.Pledge.tracking_code),
        "card": digits(row.StatementLine.card_key),
    }


def _pair(row: _Row, quoted: Mapping[str, str]) -> str:
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) and row %(other)s of the same day take each "
        "other back: the amounts are opposite, both carry the serial %(reference)s, and no "
        "other row does."
    ) % {
        **quoted,
        "other": digits(row.other_side.row_number),
        "reference": digits(row.StatementLine.reference),
    }


def _deposit_id(row: _Row, quoted: Mapping[str, str]) -> str:
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) is pledge %(code)s: the deposit id "
        "%(deposit_id)s is the same, its check digits are right and the amount is equal; "
        "no other open pledge has this id."
    ) % {
        **quoted,
        "code": digits(row.Pledge.tracking_code),
        "deposit_id": digits(row.StatementLine.deposit_id),
    }


def _slip(row: _Row, quoted: Mapping[str, str]) -> str:
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) is deposit slip %(number)s of %(desk)s, "
        "handed in on %(handed)s: the deposit id %(deposit_id)s is the same and the amount "
        "is equal."
    ) % {
        **quoted,
        "number": digits(row.DepositSlip.number),
        "desk": row.Office.name_fa if spoken() == DEFAULT_LANGUAGE else row.Office.name_en,
        "handed": day(row.DepositSlip.handed_on),
        "deposit_id": digits(row.StatementLine.deposit_id),
    }


def _refund(row: _Row, quoted: Mapping[str, str]) -> str:
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) is the money sent back for payment "
        "%(payment)s: the row carries the bank's reference %(reference)s of the refund and "
        "the amount is equal."
    ) % {
        **quoted,
        "payment": digits(row.RefundRequest.payment_id),
        "reference": digits(row.RefundEnd.bank_reference),
    }


def _fee(line: StatementLine, quoted: Mapping[str, str]) -> str:
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) is a fee of the bank: it is a debit and its "
        "text says: %(text)s."
    ) % {**quoted, "text": digits(line.description or line.payer or "")}


def _fee_of_settlement(session: Session, row: _Row, quoted: Mapping[str, str]) -> str:
    settlement = session.get_one(Settlement, row.Match.target_id)
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) is the fee of what terminal %(terminal)s was "
        "paid out for %(business_day)s: the %(count)s payments of that pay-out make %(gross)s "
        "rial, and the fee by the terms, which the bank books apart, is the amount of the row; no "
        "other pay-out and no other row fits."
    ) % {**quoted, **_of_settlement(settlement, session.get_one(Terminal, settlement.terminal_id))}


def _by_hand(row: _Row, quoted: Mapping[str, str]) -> str:
    maker = {"name": row.StaffMember.name if row.StaffMember else ""}
    if row.Match.target in _PAIRED:
        return _decided_pair(row, {**quoted, **maker})
    if row.RefundRequest is not None:
        return _(
            "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is the money sent "
            "back for payment %(payment)s."
        ) % {**quoted, **maker, "payment": digits(row.RefundRequest.payment_id)}
    if row.Settlement is not None:
        return _settled_by_hand(row, {**quoted, **maker})
    if row.DepositSlip is not None:
        return _(
            "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is the cash of deposit "
            "slip %(number)s of desk %(desk)s."
        ) % {
            **quoted,
            **maker,
            "number": digits(row.DepositSlip.number),
            "desk": digits(row.Office.code),
        }
    if row.Pledge is None:
        return _(
            "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is a fee of the bank."
        ) % {**quoted, **maker}
    return _(
        "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is pledge %(code)s."
    ) % {**quoted, **maker, "code": digits(row.Pledge.tracking_code)}


def _decided_pair(row: _Row, quoted: Mapping[str, str]) -> str:
    other = row.other_side
    values = {**quoted, "other": digits(other.row_number), "other_day": day(other.booked_on)}
    if row.Match.target is Target.REVERSAL:
        return (
            _(
                "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) and row %(other)s "
                "of %(other_day)s take each other back."
            )
            % values
        )
    return _(
        "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) is a transfer; its other "
        "side is row %(other)s of %(other_day)s on account %(account)s."
    ) % {**values, "account": digits(row.BankAccount.number)}


def _settled(session: Session, row: _Row, quoted: Mapping[str, str]) -> str:
    settlement = row.Settlement
    values = {**quoted, **_of_settlement(settlement, row.Terminal)}
    if row.Match.rule is Rule.SETTLEMENT_REPORT:
        return _reported(session, settlement, values)
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
    if settlement.cut_off_minute != DAY_END:
        sentence += " " + _("The cycle takes payments up to %(clock)s.") % {
            "clock": clock(settlement.cut_off_minute)
        }
    if rounded_rial := settlement.net_rial - row.StatementLine.amount_rial:
        sentence += " " + _(
            "The bank rounds the fees otherwise: %(rounded)s rial, less than one a payment, is "
            "posted to fees; nothing else is as near."
        ) % {"rounded": rial(rounded_rial)}
    if settlement.moved_count:
        sentence += " " + _moved(session, settlement)
    return sentence


def _of_settlement(settlement: Settlement, terminal: Terminal) -> dict[str, str]:
    return {
        "terminal": terminal_name(terminal),
        "business_day": day(settlement.business_day),
        "count": digits(settlement.item_count),
        "gross": rial(settlement.gross_rial),
        "fee": rial(settlement.fee_rial),
    }


def _reported(session: Session, settlement: Settlement, values: Mapping[str, str]) -> str:
    report = session.scalars(
        select(SettlementReport)
        .join(ReportedSettlement, ReportedSettlement.report_id == SettlementReport.id)
        .where(ReportedSettlement.settlement_id == settlement.id)
    ).one()
    return _(
        "Row %(row)s of %(day)s (%(amount)s rial) is the pay-out of terminal %(terminal)s that the "
        "provider lists in report %(report)s: its %(count)s payments make %(gross)s rial, less "
        "%(fee)s rial of fees that is the amount of the row; every one of them is ours, and no "
        "other row fits."
    ) % {**values, "report": digits(report.id)}


def _settled_by_hand(row: _Row, values: Mapping[str, str]) -> str:
    settlement = row.Settlement
    return _(
        "%(name)s decided that row %(row)s of %(day)s (%(amount)s rial) pays out terminal "
        "%(terminal)s: %(count)s payments make %(gross)s rial, less %(fee)s rial of fees and "
        "%(differences)s rial of named differences."
    ) % {
        **values,
        **_of_settlement(settlement, row.Terminal),
        "differences": rial(settlement.net_rial - row.StatementLine.amount_rial),
    }


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
