"""``ledger check``: proofs that the books are whole, each one sentence and one or two queries.

The proofs ask the database for what must not exist, so their cost is a few scans and their answer
is short. Each is also shown to fail, by a test that corrupts a row behind the triggers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.orm import Session

from core.words import Later
from flows.checking import (
    books,
    closed,
    custody,
    gifts,
    goods,
    holdings,
    refunds,
    statements,
    work_tables,
)
from flows.checking.sealed import chains_are_whole, unsealed_tail
from receipts.life import auditing
from receipts.life.chain import chain_faults
from receipts.life.leaves import unexplained_leaves

_PROBLEMS_SHOWN = 5

Proof = Callable[[Session], Iterator[str]]

# In the order of the report. A proof yields what is wrong, in words; nothing means all is well.
PROOFS: Mapping[str, tuple[Later, Proof]] = {
    "postings_balance": (Later("Every posting balances"), books.unbalanced_postings),
    "bank_balance": (Later("Each bank account equals its statement"), statements.bank_differences),
    "balance_chain": (
        Later("Every balance of the bank follows from the one before"),
        closed.broken_balances,
    ),
    "lines_posted": (Later("Every statement line is posted once"), statements.lines_not_posted),
    "lines_explained": (
        Later("The parts of every explained line sum to the line"),
        statements.lines_wrongly_explained,
    ),
    "suspense": (Later("Suspense equals the open lines"), statements.suspense_differences),
    "fund_credits": (
        Later("Contributions equal the credits of their funds"),
        gifts.fund_differences,
    ),
    "funds_above_zero": (Later("No fund is below zero"), books.funds_below_zero),
    "terminals": (
        Later("Each terminal owes what is awaited from it"),
        holdings.terminal_differences,
    ),
    "desks_above_zero": (Later("No desk holds less than nothing"), holdings.desks_below_zero),
    "cash": (
        Later("Each desk and its drawers hold the cash that was taken there"),
        custody.cash_differences,
    ),
    "drawers": (
        Later("Only open drawers hold cash, and none less than nothing"),
        custody.drawers_not_as_sessions,
    ),
    "counts": (
        Later("Every count of cash is the sum of its notes and boxes"),
        custody.counts_not_as_noted,
    ),
    "slips": (
        Later("Every deposit slip is there, and carries what stands of its sources"),
        custody.slips_not_as_carried,
    ),
    "cheques": (Later("Each desk holds the cheques entered there"), holdings.cheque_differences),
    "surplus": (Later("Surplus payments equal the surplus account"), gifts.surplus_differences),
    "payments_recorded": (Later("Every final payment is recorded"), gifts.payments_not_recorded),
    "refund_requests": (
        Later("Money goes back only as two persons decided"),
        refunds.requests_not_as_decided,
    ),
    "sent_back": (
        Later("What was sent back is booked and void"),
        refunds.payments_not_sent_back,
    ),
    "refunds": (
        Later("Refunds equal what has not left the account yet"),
        refunds.refund_differences,
    ),
    "receipt_numbers": (Later("Receipt numbers have no gap"), auditing.number_gaps),
    "receipts": (Later("Every contribution has its receipt"), gifts.wrong_receipts),
    "receipt_states": (
        Later("Every receipt that does not stand is void for a reason"),
        auditing.wrong_states,
    ),
    "receipt_facts": (
        Later("Every receipt says what it said when it was issued"),
        auditing.changed_snapshots,
    ),
    "receipt_chain": (Later("The chain of every receipt series is whole"), chain_faults),
    "needs": (Later("Each need holds what was promised for it"), goods.needs_not_as_shared),
    "stock": (Later("The stock holds what stands"), goods.stock_not_as_received),
    "paper_leaves": (Later("Every leaf of the paper books is explained"), unexplained_leaves),
    "paid_out_once": (Later("No payment is paid out twice"), closed.paid_out_twice),
    "signed_days": (Later("Every signed day is as it was signed"), closed.signed_days_changed),
    "locks": (Later("Days are locked as far as they are signed"), closed.locks_unlike_signatures),
    "work_tables": (Later("The work tables agree with the facts"), work_tables.disagreements),
    "chain": (Later("The sealed chain is whole"), chains_are_whole),
}
# What a proof that holds still has to tell.
REMARKS: Mapping[str, Callable[[Session], str | None]] = {"chain": unsealed_tail}


@dataclass(frozen=True, slots=True)
class Check:
    """How one proof ended; ``detail`` names the first things that are wrong, or a remark."""

    name: str
    title: str
    ok: bool
    detail: str | None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All proofs, of one and the same moment."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every proof holds."""
        return all(check.ok for check in self.checks)


def check_ledger(session: Session) -> CheckReport:
    """Prove the books. Give it a fresh reading session, so that all proofs see one moment."""
    hold_still(session)
    return CheckReport(tuple(_checked(session, name) for name in PROOFS))


def hold_still(session: Session) -> None:
    """Let everything this session reads be of one moment, while others go on writing.

    SQLite reads so by itself; PostgreSQL must be told before the first statement.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _checked(session: Session, name: str) -> Check:
    title, proof = PROOFS[name]
    problems = list(islice(proof(session), _PROBLEMS_SHOWN + 1))
    if len(problems) > _PROBLEMS_SHOWN:
        problems[_PROBLEMS_SHOWN:] = ["…"]
    if problems:
        return Check(name, str(title), ok=False, detail="; ".join(problems))
    remark = REMARKS[name](session) if name in REMARKS else None
    return Check(name, str(title), ok=True, detail=remark)
