"""What a person settles by hand: a line, the payments in it, and every difference by its name.

The arithmetic must close to the rial: payments less fees less differences is the line. Fees are by
the terms; what differs from them is a difference, posted to fees or refunds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, insert, literal, select
from sqlalchemy.orm import Session

from core.database import Id
from core.digits import normalise
from core.refusals import NotFound, Refusal
from ledger.terminals import Netting, Terminal
from reconciliation.assigning import LineNotOpen, RefundNotOpen, WrongSide
from reconciliation.batches import Batch, OpenBatch, open_batches, placed_money
from reconciliation.expected import ExpectedRefund
from reconciliation.found import CHOSEN, emptied, rows_of
from reconciliation.lines import StatementLine
from reconciliation.locks import hold_for_explaining
from reconciliation.matches import DifferenceKind, Rule, SettlementDifference
from reconciliation.reported import terms_by_day
from reconciliation.settling import begin_payouts, close_money, write_chosen
from reconciliation.worktables import close_lines

NOTE_MAX = 300


class SumsDiffer(Refusal):
    """Payments less fees less the named differences is not the amount of the line."""

    code = "settlement.sums_differ"
    http_status = 422
    field = "payments"


class NothingChosen(Refusal):
    """A settlement without any payment, or with one that the terminal does not owe any more."""

    code = "settlement.nothing_chosen"
    http_status = 422
    field = "payments"


class NoteMissing(Refusal):
    """Another difference is named in words."""

    code = "settlement.note_missing"
    http_status = 422
    field = "note"


@dataclass(frozen=True, slots=True)
class Owed:
    """A payment that a terminal owes us, with the fee by its terms if it is netted, in rials."""

    business_day: date
    source: str
    source_id: int
    amount_rial: int
    fee_rial: int
    reference: str | None

    @property
    def key(self) -> str:
        """The payment in a form: day, source and number."""
        return f"{self.business_day.isoformat()}/{self.source}/{self.source_id}"


@dataclass(frozen=True, slots=True)
class Named:
    """A difference that a person names; positive is what the bank kept, in rials."""

    kind: DifferenceKind
    amount_rial: int
    note: str = ""
    refund_request_id: int | None = None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A settlement as it would be; it closes where ``rest_rial`` is zero."""

    item_count: int
    gross_rial: int
    fee_rial: int
    difference_rial: int
    line_rial: int

    @property
    def rest_rial(self) -> int:
        return self.gross_rial - self.fee_rial - self.difference_rial - self.line_rial


def batches_for_line(
    session: Session, line: StatementLine, *, limit: int
) -> list[tuple[Terminal, OpenBatch]]:
    """Open batches of the account's terminals that a line may pay, the nearest sums first."""
    terminals = {
        terminal.id: terminal
        for terminal in session.scalars(
            select(Terminal).where(Terminal.bank_account_id == line.bank_account_id)
        )
    }
    found = [
        batch
        for batch in open_batches(session)
        if batch.terminal_id in terminals and batch.business_day <= line.booked_on
    ]
    named = (line.terminal or "").lstrip("0")
    found.sort(
        key=lambda batch: (
            terminals[batch.terminal_id].bank_terminal_id.lstrip("0") != named,
            abs(batch.net_rial - line.amount_rial),
            batch.business_day,
        )
    )
    return [(terminals[batch.terminal_id], batch) for batch in found[:limit]]


def owed_in_batch(
    session: Session, terminal_id: int, business_day: date, cut_off_minute: int
) -> list[Owed]:
    """Every open payment of a batch."""
    money = placed_money(session).c
    rows = session.execute(
        select(*money)
        .where(
            money.terminal_id == terminal_id,
            money.batch_day == business_day,
            money.cut_off_minute == cut_off_minute,
        )
        .order_by(money.business_day, money.source, money.source_id)
    )
    terms_on = terms_by_day(session, terminal_id)
    found = []
    for row in rows:
        terms = terms_on(row.business_day)
        fee_rial = terms.fee_rial(row.amount_rial) if terms.netting is Netting.NETTED else 0
        found.append(
            Owed(
                row.business_day, row.source, row.source_id, row.amount_rial, fee_rial,
                row.reference,
            )
        )  # fmt: skip
    return found


def differences_of(session: Session, settlement_id: int) -> Sequence[SettlementDifference]:
    """What makes a settlement another amount than its payments less their fees."""
    return session.scalars(
        select(SettlementDifference)
        .where(SettlementDifference.settlement_id == settlement_id)
        .order_by(SettlementDifference.id)
    ).all()


def arithmetic(
    chosen: Sequence[Owed], differences: Sequence[Named], *, line_rial: int
) -> Arithmetic:
    """What the choice comes to beside the line."""
    return Arithmetic(
        item_count=len(chosen),
        gross_rial=sum(owed.amount_rial for owed in chosen),
        fee_rial=sum(owed.fee_rial for owed in chosen),
        difference_rial=sum(named.amount_rial for named in differences),
        line_rial=line_rial,
    )


def find_settlement_by_hand(
    session: Session,
    line_id: int,
    terminal_id: int,
    chosen: Sequence[Owed],
    differences: Sequence[Named] = (),
) -> None:
    """Put an open credit among the found as the pay-out of these payments, and close all of it.

    Raises NotFound, WrongSide, NothingChosen, NoteMissing, RefundNotOpen, SumsDiffer,
    LineNotOpen, and LostRace where a payment is not owed any more.
    """
    hold_for_explaining(session, [line_id])
    line = session.get(StatementLine, line_id)
    terminal = session.get(Terminal, terminal_id)
    if line is None or terminal is None or terminal.bank_account_id != line.bank_account_id:
        raise NotFound(subject="statement_line")
    if line.amount_rial < 0:
        raise WrongSide
    if not chosen:
        raise NothingChosen
    for named in differences:
        _check(named)
    sums = arithmetic(chosen, differences, line_rial=line.amount_rial)
    if sums.rest_rial:
        raise SumsDiffer(rest_rial=sums.rest_rial, line_rial=line.amount_rial)
    for named in differences:
        _take_refund(session, named, line)
    if close_lines(session, select(literal(line.id, Id).label("line_id"))) != 1:
        raise LineNotOpen
    _write(session, line, terminal_id, chosen, differences)


def _check(named: Named) -> None:
    is_named = bool(normalise(named.note)) and len(named.note) <= NOTE_MAX
    if named.kind is DifferenceKind.OTHER and not is_named:
        raise NoteMissing


def _take_refund(session: Session, named: Named, line: StatementLine) -> None:
    if named.kind is not DifferenceKind.REFUND:
        return
    taken = delete(ExpectedRefund).where(
        ExpectedRefund.request_id == named.refund_request_id,
        ExpectedRefund.bank_account_id == line.bank_account_id,
        ExpectedRefund.amount_rial == named.amount_rial,
    )
    if rows_of(session, taken) != 1:
        raise RefundNotOpen


def _write(
    session: Session,
    line: StatementLine,
    terminal_id: int,
    chosen: Sequence[Owed],
    differences: Sequence[Named],
) -> None:
    sums = arithmetic(chosen, differences, line_rial=line.amount_rial)
    batch = Batch(
        terminal_id,
        max(owed.business_day for owed in chosen),
        sums.item_count,
        sums.gross_rial,
        sums.fee_rial,
        line.id,
        line.booked_on,
    )
    (settlement_id,) = begin_payouts(session, [batch])
    session.add_all(
        SettlementDifference(
            settlement_id=settlement_id,
            kind=named.kind,
            amount_rial=named.amount_rial,
            note=normalise(named.note),
            refund_request_id=named.refund_request_id,
        )
        for named in differences
    )
    session.flush()
    emptied(session, CHOSEN)
    session.execute(
        insert(CHOSEN),
        [
            {
                "terminal_id": terminal_id,
                "business_day": owed.business_day,
                "source": owed.source,
                "source_id": owed.source_id,
                "settlement_id": settlement_id,
                "fee_rial": owed.fee_rial,
            }
            for owed in chosen
        ],
    )
    write_chosen(session, Rule.BY_HAND)
    close_money(session)
