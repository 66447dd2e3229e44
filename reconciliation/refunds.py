"""Refunds on the statement: the rule that finds their debits, and what it only suggests.

There are few refunds and few debits, so this rule looks at all of them at once.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session, joinedload

from donations.models.refund import RefundEnd, RefundRequest
from ledger.terminals import Terminal
from reconciliation.expected import ExpectedRefund, OpenFeeLine, OpenLine
from reconciliation.found import FOUND, emptied, expect_rows, next_id, rows_of
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, Rule, Target
from reconciliation.matching import close_open_lines
from reconciliation.worktables import REFERENCE_DIGITS_MIN


@dataclass(frozen=True, slots=True)
class UnseenRefund:
    """A refund that the bank has carried out, and whose debit no statement shows yet."""

    request: RefundRequest
    end: RefundEnd


@dataclass(frozen=True, slots=True)
class RefundSuggestion:
    """A refund whose money an open debit may be: same account, same amount."""

    request_id: int
    payment_id: int
    amount_rial: int
    terminal: str
    names_terminal: bool  # the row names the terminal too


def find_refunds(session: Session) -> None:
    """Debits whose text carries the bank's reference of a refund, with its exact amount.

    The first such row is it; a second one stays open, for people to look at.
    """
    emptied(session, FOUND)
    pairs = list(_sure_pairs(session))
    if not pairs:
        return
    match_ids = _match_ids(session, len(pairs))
    session.execute(
        insert(FOUND),
        [
            {
                "match_id": match_id,
                "line_id": line.id,
                "rule": Rule.REFUND.value,
                "target": Target.REFUND.value,
                "target_id": request_id,
                "amount_rial": line.amount_rial,
                "is_principal": True,
                "booked_on": line.booked_on,
            }
            for match_id, (request_id, line) in zip(match_ids, pairs, strict=True)
        ],
    )


def close_refunds(session: Session) -> None:
    """Take what was found out of the work tables. Raises LostRace."""
    count = session.execute(select(func.count()).select_from(FOUND)).scalar_one()
    chosen = ExpectedRefund.request_id.in_(select(FOUND.c.target_id))
    expect_rows(rows_of(session, delete(ExpectedRefund).where(chosen)), count)
    # The bank may call the row a fee in the same breath; it is explained either way.
    rows_of(session, delete(OpenFeeLine).where(OpenFeeLine.line_id.in_(select(FOUND.c.line_id))))
    close_open_lines(session)


def unseen_refunds(
    session: Session, *, ended_by: datetime, limit: int | None = None
) -> Sequence[UnseenRefund]:
    """The refunds done by a moment that are still looked for on the statement, oldest first."""
    rows = session.execute(
        select(RefundRequest, RefundEnd)
        .join(RefundEnd, RefundEnd.request_id == RefundRequest.id)
        .join(ExpectedRefund, ExpectedRefund.request_id == RefundRequest.id)
        .where(RefundEnd.ended_at <= ended_by)
        .options(joinedload(RefundRequest.payment))
        .order_by(RefundEnd.id)
        .limit(limit)
    )
    return [UnseenRefund(request, end) for request, end in rows]


def refund_suggestions(session: Session, line: StatementLine) -> Sequence[RefundSuggestion]:
    """The refunds that an open debit may be by its amount, those of its terminal first."""
    if line.amount_rial > 0:
        return ()
    rows = session.execute(
        select(ExpectedRefund, RefundRequest.payment_id, Terminal)
        .join(RefundRequest, RefundRequest.id == ExpectedRefund.request_id)
        .join(Terminal, Terminal.id == ExpectedRefund.terminal_id)
        .where(
            ExpectedRefund.bank_account_id == line.bank_account_id,
            ExpectedRefund.amount_rial == -line.amount_rial,
        )
        .order_by(ExpectedRefund.request_id)
    )
    found = [
        RefundSuggestion(
            request_id=expected.request_id,
            payment_id=payment_id,
            amount_rial=expected.amount_rial,
            terminal=terminal.name,
            names_terminal=carries(line, terminal.bank_terminal_id),
        )
        for expected, payment_id, terminal in rows
    ]
    return sorted(found, key=lambda suggestion: not suggestion.names_terminal)


def carries(line: StatementLine, number: str) -> bool:
    """Whether a row's texts hold this number, whole and not as a part of a longer one."""
    texts = f"{line.description or ''} {line.payer or ''} {line.reference or ''}"
    bare = re.escape(number.lstrip("0") or number)
    return re.search(rf"(?<![0-9])0*{bare}(?![0-9])", texts) is not None


def _sure_pairs(session: Session) -> Iterator[tuple[int, StatementLine]]:
    """Refund and row, each at most once, in the order of the refunds and of the days."""
    awaited = session.scalars(
        select(ExpectedRefund)
        .where(func.length(ExpectedRefund.reference) >= REFERENCE_DIGITS_MIN)
        .order_by(ExpectedRefund.request_id)
    ).all()
    debits = _debits(session, {-refund.amount_rial for refund in awaited}) if awaited else {}
    for refund in awaited:
        rows = debits.get((refund.bank_account_id, -refund.amount_rial), [])
        for line in rows:
            if carries(line, refund.reference or ""):
                rows.remove(line)
                yield refund.request_id, line
                break


def _debits(session: Session, amounts: set[int]) -> dict[tuple[int, int], list[StatementLine]]:
    """The open rows of these amounts, oldest first, by account and amount: one walk over all."""
    found = defaultdict(list)
    for line in session.scalars(
        select(StatementLine)
        .join(OpenLine, OpenLine.line_id == StatementLine.id)
        .where(OpenLine.amount_rial.in_(amounts))
        .order_by(StatementLine.booked_on, StatementLine.id)
    ):
        found[line.bank_account_id, line.amount_rial].append(line)
    return found


def _match_ids(session: Session, count: int) -> list[int]:
    """So many ids for matches, in ascending order."""
    numbered = next_id(session, Match)
    few = select(ExpectedRefund.request_id).limit(count).subquery()
    return sorted(session.scalars(select(numbered).select_from(few)))
