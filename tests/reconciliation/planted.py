"""Statement lines for tests that plant what a rule must find: straight into the facts, no file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from donations.models.donor import Donor
from donations.models.pledge import Pledge
from donations.pledging import CashItem
from ledger.accounts import AccountKind, BankAccount, account_code
from ledger.postings import Cause, move, post
from reconciliation.lines import LineClass, StatementFile, StatementLine
from reconciliation.splitting import note_named_ids
from reconciliation.worktables import open_lines
from tests.factories import NOON, a_pledge
from tests.reconciliation.bank import DAY

_numbers = count(1)


@dataclass(frozen=True)
class Row:
    """A line of the bank: a credit positive, a debit negative."""

    rial: int
    deposit_id: str | None = None
    reference: str | None = None
    card: str | None = None
    payer: str | None = None
    description: str | None = None
    day: date = DAY
    line_class: LineClass = LineClass.TRANSFER
    extra: dict[str, object] = field(default_factory=dict)


def account_id(session: Session, number: str = "90190") -> int:
    return session.scalars(select(BankAccount.id).where(BankAccount.number == number)).one()


def stand(session: Session, rows: Sequence[Row], *, account: str = "90190") -> list[int]:
    """Let these lines stand on an account, open; their ids in the order of the rows."""
    bank_account_id = account_id(session, account)
    last = session.scalars(
        select(func.coalesce(func.max(StatementLine.position), 0)).where(
            StatementLine.bank_account_id == bank_account_id
        )
    ).one()
    file = StatementFile(
        bank_account_id=bank_account_id,
        sha256=f"{next(_numbers):064}",
        name="planted",
        format="planted",
        row_count=len(rows),
        new_count=len(rows),
        known_count=0,
        opening_rial=0,
        closing_rial=0,
        generation=0,
        imported_by_id=None,
        imported_at=NOON,
    )
    session.add(file)
    session.flush()
    lines = [
        StatementLine(
            statement_file_id=file.id,
            bank_account_id=bank_account_id,
            generation=0,
            position=last + at,
            row_number=at,
            fingerprint=next(_numbers).to_bytes(16, "big"),
            occurrence=1,
            booked_on=row.day,
            booked_time=None,
            amount_rial=row.rial,
            balance_rial=None,
            line_class=row.line_class,
            deposit_id=row.deposit_id,
            reference=row.reference,
            card_key=row.card,
            payer=row.payer,
            description=row.description,
            raw="[]",
            **row.extra,
        )
        for at, row in enumerate(rows, start=1)
    ]
    session.add_all(lines)
    session.flush()
    _post(session, lines, account)
    note_named_ids(session, file.id)
    open_lines(session, StatementLine.statement_file_id == file.id)
    return [line.id for line in lines]


def another_account(session: Session, number: str = "90191") -> str:
    """A second account of the register."""
    session.add(
        BankAccount(
            number=number, bank_fa="بانک", bank_en="Bank", branch_fa="شعبه", branch_en="Branch",
            holder_fa="سازمان", holder_en="Organisation", valid_from=NOON.date(),
        )
    )  # fmt: skip
    session.flush()
    return number


def _post(session: Session, lines: Sequence[StatementLine], account: str) -> None:
    bank, suspense = (
        account_code(kind, account) for kind in (AccountKind.BANK, AccountKind.SUSPENSE)
    )
    for line in lines:
        sides = (bank, suspense) if line.amount_rial > 0 else (suspense, bank)
        legs = move(*sides, abs(line.amount_rial))
        post(session, Cause.STATEMENT_LINE, line.id, legs, booked_on=line.booked_on, now=NOON)


def a_donor(session: Session, name: str = "زهرا احمدی") -> int:
    donor = Donor(name=name, name_folded=name, created_at=NOON)
    session.add(donor)
    session.flush()
    return donor.id


def promised(
    session: Session, rial: int, donor_id: int | None = None, *, days_ago: int = 0
) -> Pledge:
    """An open pledge, of a donor who is known already if one is named."""
    pledge = a_pledge(session, CashItem(rial), now=NOON - timedelta(days=days_ago))
    pledge.donor_id = donor_id
    session.flush()
    return pledge
