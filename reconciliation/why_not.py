"""Why no rule explains an open line: the first test of each rule that fails, in words."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.identifiers import is_deposit_id
from core.words import _
from donations.models.desk import DepositSlip
from donations.models.pledge import Pledge
from ledger.terminals import Terminal
from reconciliation.aliases import card_owners, wide_card_key
from reconciliation.batches import open_batches
from reconciliation.differences import compare, reports_of_line
from reconciliation.expected import (
    ExpectedDeposit,
    ExpectedRefund,
    ExpectedTerminalMoney,
    Expects,
    OpenLine,
)
from reconciliation.lines import LineClass, StatementLine, opposite_lines
from reconciliation.reasons import day, digits, rial, terminal_name
from reconciliation.splitting import named_ids
from reconciliation.suggesting import Sign, Word
from reconciliation.worktables import REFERENCE_DIGITS_MIN

_BATCHES_SHOWN = 3
_DAMAGED_ID = '{"damaged_id":["deposit_id"'  # as ``statements.layouts`` marks such a row


def why_not(session: Session, line: StatementLine) -> list[str]:
    """One sentence for each rule that could explain such a line and does not."""
    rules = _OF_DEBITS if line.amount_rial < 0 else _OF_CREDITS
    return [sentence for rule in rules if (sentence := rule(session, line))]


def in_words(sign: Sign) -> str:
    """What speaks for a suggestion."""
    if sign.name == "days" and sign.value == "0":
        return _("promised on the same day")
    words = {
        "deposit_id": _("deposit id %(value)s is named in the row"),
        "near_deposit_id": _("an id in the row differs from %(value)s by one digit or a swap"),
        "tracking_code": _("tracking code %(value)s is named in the row"),
        "id_suffix": _("%(value)s in the row are the last digits of its id or code"),
        "amount": _("the amount is equal"),
        "short": _("%(value)s rial less came than was promised"),
        "over": _("%(value)s rial more came than was promised"),
        "card": _("the card is one that this donor's deposits came from"),
        "mobile": _("the donor's mobile number is named in the row"),
        "alias": _("people gave this payer's money to this donor %(value)s times"),
        "declined": _("people said %(value)s times that this payer is not this donor"),
        "name": _("the name %(value)s is in the row"),
        "province": _("the row names %(value)s, where the promise was made"),
        "days": _("promised %(value)s working days before"),
    }
    is_money = sign.name in {"short", "over"}
    return words[sign.name] % {"value": rial(int(sign.value)) if is_money else digits(sign.value)}


def kind_of_sign(name: str) -> str:
    """A sign without its value, for what many lines have in common."""
    return {
        "deposit_id": _("the deposit id is named"),
        "near_deposit_id": _("an id differs by one digit or a swap"),
        "tracking_code": _("the tracking code is named"),
        "id_suffix": _("the last digits of the id or code are named"),
        "amount": _("the amount is equal"),
        "card": _("the card is one that this donor's deposits came from"),
        "mobile": _("the donor's mobile number is named in the row"),
        "alias": _("people gave this payer's money to this donor before"),
        "declined": _("people said before that this payer is not this donor"),
        "name": _("the donor's name is in the row"),
        "province": _("the row names the place of the promise"),
        "days": _("promised shortly before"),
        "short": _("less came than was promised"),
        "over": _("more came than was promised"),
    }[name]


def word_of(word: Word) -> str:
    """How sure a suggestion is."""
    return {
        Word.CERTAIN: _("certain"),
        Word.LIKELY: _("likely"),
        Word.POSSIBLE: _("possible"),
    }[word]


def _no_fee(_session: Session, line: StatementLine) -> str:
    if line.line_class is LineClass.FEE:
        return _("Fee: the bank's texts call the row a fee; the next run will explain it.")
    return _("Fee: the row is a debit, but the bank's texts do not call it a fee.")


def _no_split(session: Session, line: StatementLine) -> str:
    ids = named_ids(session, line.id)
    if not ids:
        return _("Several ids: the row does not name two deposit ids of ours.")
    awaited = dict(
        session.execute(
            select(ExpectedDeposit.deposit_id, ExpectedDeposit.amount_rial).where(
                ExpectedDeposit.deposit_id.in_(ids), ExpectedDeposit.expects == Expects.PLEDGE
            )
        ).all()
    )
    if missing := [each for each in ids if each not in awaited]:
        return _("Several ids: no pledge waits for a deposit under %(deposit_id)s.") % {
            "deposit_id": digits(missing[0])
        }
    values = {"sum": rial(sum(awaited.values())), "came": rial(line.amount_rial)}
    if sum(awaited.values()) != line.amount_rial:
        return (
            _("Several ids: together they promise %(sum)s rial, and %(came)s rial came.") % values
        )
    return _("Several ids: an earlier open row names one of them too, or the next run takes it.")


def _no_card(session: Session, line: StatementLine) -> str:
    if line.card_key is None:
        return _("Card: the row shows no card.")
    values = {"card": digits(line.card_key), "amount": rial(line.amount_rial)}
    if wide_card_key(line) is None:
        return _("Card: %(card)s are too few digits to tell cards apart.") % values
    owners = card_owners(session, line)
    if not owners:
        return _("Card: no deposit of a donor came from the card %(card)s before.") % values
    if len(owners) > 1:
        return _("Card: deposits of several donors came from the card %(card)s.") % values
    fitting = session.scalars(
        select(func.count())
        .select_from(Pledge)
        .join(
            ExpectedDeposit,
            (ExpectedDeposit.deposit_id == Pledge.deposit_id)
            & (ExpectedDeposit.amount_rial == line.amount_rial),
        )
        .where(Pledge.donor_id.in_(owners))
    ).one()
    if fitting == 0:
        return _("Card: the donor of the card %(card)s has no open pledge of %(amount)s rial.") % (
            values
        )
    if fitting > 1:
        return _(
            "Card: the donor of the card %(card)s has several open pledges of this amount."
        ) % (values)
    return _("Card: one pledge fits; this rule only suggests it, or another row fits it too.")


def _no_reversal(session: Session, line: StatementLine) -> str:
    others = opposite_lines(session, line)
    if not others:
        return _("Taken back: no row of the same day has the opposite amount.")
    values = {
        "row": digits(others[0].row_number),
        "own": digits(line.reference or "—"),
        "other": digits(others[0].reference or "—"),
    }
    same = [other for other in others if other.reference == line.reference]
    if not same:
        return _("Taken back: row %(row)s has the serial %(other)s, this one %(own)s.") % values
    if len(line.reference or "") < REFERENCE_DIGITS_MIN:
        return _("Taken back: the serial %(own)s is too short to prove anything.") % values
    if len(same) > 1:
        return _("Taken back: several rows of the day have this amount and the serial %(own)s.") % (
            values
        )
    if session.get(OpenLine, same[0].id) is None:
        return _("Taken back: row %(row)s is explained already; undo that first.") % {
            "row": digits(same[0].row_number)
        }
    return _("Taken back: row %(row)s does not come before the row that takes it back.") % {
        "row": digits(same[0].row_number)
    }


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
    if line.deposit_id is None and _DAMAGED_ID in line.raw:
        return _(
            "Deposit id: a spreadsheet has cut off its end, so that nothing can be told by it."
        )
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
        select(DepositSlip).where(DepositSlip.deposit_id == line.deposit_id)
    ).first()
    if slip is not None and slip.void is not None:
        return (
            _(
                "Deposit id: the slip with the id %(deposit_id)s was voided, so that by the books "
                "its cash lies at the desk; please ask the desk."
            )
            % values
        )
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
    if told := _reported(session, line):
        return told
    if not sums:
        return _("Settlement: terminal %(terminal)s owes us nothing by our books.") % values
    return (
        _("Settlement: no single batch of terminal %(terminal)s makes this amount (%(sums)s).")
        % values
    )


def _reported(session: Session, line: StatementLine) -> str:
    """What the provider's own list says, where there is one that differs from our books."""
    for report in reports_of_line(session, line)[:1]:
        if differing := compare(session, report).differing:
            return _(
                "Settlement: report %(report)s of the provider names %(count)s payments that "
                "differ from our books."
            ) % {"report": digits(report.id), "count": digits(len(differing))}
    return ""


def _near_batches(session: Session, line: StatementLine, terminal: Terminal) -> Iterator[str]:
    batches = [
        batch
        for batch in open_batches(session, terminal.id)
        if batch.business_day <= line.booked_on <= batch.last_day
    ]
    batches.sort(key=lambda batch: abs(batch.net_rial - line.amount_rial))
    for batch in batches[:_BATCHES_SHOWN]:
        yield _("%(day)s: %(net)s rial, difference %(difference)s") % {
            "day": day(batch.business_day),
            "net": rial(batch.net_rial),
            "difference": rial(line.amount_rial - batch.net_rial),
        }


# In the order in which the rules are tried.
_OF_DEBITS = (_no_reversal, _no_refund, _no_fee)
_OF_CREDITS = (_no_deposit, _no_split, _no_reference, _no_batch, _no_card, _no_reversal)
