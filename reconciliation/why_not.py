"""Why no rule explains an open line: the first test of each rule that fails, in words."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.identifiers import is_deposit_id
from core.words import _
from donations.models.desk import DepositSlip
from donations.models.pledge import Pledge
from ledger.terminals import Terminal
from reconciliation.batches import open_batches
from reconciliation.expected import ExpectedDeposit, ExpectedRefund, ExpectedTerminalMoney
from reconciliation.lines import LineClass, StatementLine
from reconciliation.reasons import day, digits, rial, terminal_name
from reconciliation.suggesting import Sign
from reconciliation.worktables import REFERENCE_DIGITS_MIN

_BATCHES_SHOWN = 3


def why_not(session: Session, line: StatementLine) -> list[str]:
    """One sentence for each rule that could explain such a line and does not."""
    if line.amount_rial < 0:
        return [
            _no_refund(session, line),
            _("Fee: the row is a debit, but the bank's texts do not call it a fee."),
        ]
    return [
        sentence
        for sentence in (
            _no_deposit(session, line),
            _no_reference(session, line),
            _no_batch(session, line),
        )
        if sentence
    ]


def in_words(sign: Sign) -> str:
    """What speaks for a suggestion."""
    if sign.name == "days" and sign.value == "0":
        return _("promised on the same day")
    words = {
        "deposit_id": _("deposit id %(value)s is named in the row"),
        "near_deposit_id": _("an id in the row differs from %(value)s by one digit or a swap"),
        "tracking_code": _("tracking code %(value)s is named in the row"),
        "amount": _("the amount is equal"),
        "mobile": _("the donor's mobile number is named in the row"),
        "name": _("the name %(value)s is in the row"),
        "days": _("promised %(value)s days before"),
    }
    return words[sign.name] % {"value": digits(sign.value)}


def _no_refund(session: Session, line: StatementLine) -> str:
    awaited = session.scalars(
        select(ExpectedRefund.amount_rial)
        .where(ExpectedRefund.bank_account_id == line.bank_account_id)
        .order_by(ExpectedRefund.request_id)
    ).all()
    if not awaited:
        return _("Refund: no money that was sent back is awaited on this account.")
    if -line.amount_rial not in awaited:
        return _("Refund: none of the %(count)s refunds that are awaited has this amount.") % {
            "count": digits(len(awaited))
        }
    return _("Refund: one of this amount is awaited, but the row does not carry its reference.")


def _no_deposit(session: Session, line: StatementLine) -> str:
    if line.deposit_id is None:
        return _("Deposit id: the row carries none.")
    values = {"deposit_id": digits(line.deposit_id), "came": rial(line.amount_rial)}
    if not is_deposit_id(line.deposit_id):
        return _("Deposit id: %(deposit_id)s is not one of ours by its check digits.") % values
    expected = session.scalars(
        select(ExpectedDeposit).where(ExpectedDeposit.deposit_id == line.deposit_id)
    ).first()
    if expected is not None and expected.amount_rial == line.amount_rial:
        return _("Deposit id: %(deposit_id)s fits; the next run will explain the row.") % values
    if expected is not None:
        return _(
            "Deposit id: %(deposit_id)s is ours, but %(promised)s rial were promised and "
            "%(came)s rial came."
        ) % {**values, "promised": rial(expected.amount_rial)}
    pledge = session.scalars(select(Pledge).where(Pledge.deposit_id == line.deposit_id)).first()
    if pledge is not None:
        return _(
            "Deposit id: pledge %(code)s with the id %(deposit_id)s has been received already; "
            "this may be a second deposit."
        ) % {**values, "code": digits(pledge.tracking_code)}
    slip = session.scalars(
        select(DepositSlip.id).where(DepositSlip.deposit_id == line.deposit_id)
    ).first()
    if slip is not None:
        return _("Deposit id: the slip with the id %(deposit_id)s is explained already.") % values
    return _("Deposit id: no pledge and no slip has the id %(deposit_id)s.") % values


def _no_reference(session: Session, line: StatementLine) -> str:
    if line.line_class is LineClass.SETTLEMENT:
        return ""
    values = {"reference": digits(line.reference or "")}
    if line.reference is None:
        return _("Bank reference: the row carries none.")
    if len(line.reference) < REFERENCE_DIGITS_MIN:
        return _("Bank reference: %(reference)s is too short to prove anything.") % values
    found = session.scalars(
        select(ExpectedTerminalMoney.amount_rial)
        .where(ExpectedTerminalMoney.reference == line.reference)
        .limit(_BATCHES_SHOWN)
    ).all()
    if not found:
        return _("Bank reference: no open payment has the reference %(reference)s.") % values
    if line.amount_rial not in found:
        return _(
            "Bank reference: the payment with the reference %(reference)s is %(amount)s rial."
        ) % {**values, "amount": rial(found[0])}
    return (
        _("Bank reference: several rows or payments share %(reference)s and the amount.") % values
    )


def _no_batch(session: Session, line: StatementLine) -> str:
    if line.line_class is not LineClass.SETTLEMENT:
        return _("Settlement: the bank's texts do not call the row a pay-out.")
    if line.terminal is None:
        return _("Settlement: the row names no terminal.")
    terminal = session.scalars(
        select(Terminal).where(
            Terminal.bank_account_id == line.bank_account_id,
            Terminal.bank_terminal_id == line.terminal,
        )
    ).first()
    if terminal is None:
        return _("Settlement: terminal %(terminal)s is not in our register.") % {
            "terminal": digits(line.terminal)
        }
    sums = "; ".join(_near_batches(session, line, terminal))
    values = {"terminal": terminal_name(terminal), "sums": sums}
    if not sums:
        return _("Settlement: terminal %(terminal)s owes us nothing by our books.") % values
    return (
        _("Settlement: no single batch of terminal %(terminal)s makes this amount (%(sums)s).")
        % values
    )


def _near_batches(session: Session, line: StatementLine, terminal: Terminal) -> Iterator[str]:
    batches = [
        batch
        for batch in open_batches(session, terminal.id)
        if 0 <= (line.booked_on - batch.business_day).days <= batch.within_days
    ]
    batches.sort(key=lambda batch: abs(batch.net_rial - line.amount_rial))
    for batch in batches[:_BATCHES_SHOWN]:
        yield _("%(day)s: %(net)s rial, difference %(difference)s") % {
            "day": day(batch.business_day),
            "net": rial(batch.net_rial),
            "difference": rial(line.amount_rial - batch.net_rial),
        }
