"""Issuing receipts: numbers taken, facts frozen and rows stored in the caller's transaction.

One function serves one gift and a slice of a statement alike; it asks the database a handful of
times for each thousand receipts, never for each one.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import String, Table, and_, bindparam, insert, select, type_coerce
from sqlalchemy.orm import Session

from core.bulk import driver_value, insert_rows, listed
from core.clock import tehran_date
from core.database import insert_if_new
from core.jalali import jalali_year
from donations.models.contribution import Contribution, ContributionLine, Origin
from donations.models.donor import Donor
from donations.models.fund import Fund
from donations.models.payment import Payment
from donations.models.pledge import Pledge, PledgeItem
from ledger.accounts import BankAccount
from ledger.terminals import Terminal
from offices.places import Office, Province
from receipts.facts import ReceiptFacts, facts_from_json
from receipts.freezing import Desk, Line, Paper, Purpose, Received, frozen
from receipts.layouts import draw_receipt
from receipts.numbering import number_in_address, number_text, take_numbers
from receipts.organisation import verify_url
from receipts.series import Receipt, ReceiptFile, ReceiptVoid
from receipts.text import day_text

_TABLE: Table = Receipt.__table__  # type: ignore[assignment]
_CHUNK = 5_000  # receipts in memory at a time
# Built once: every gift asks these.
_TERMINALS = select(Terminal.name, BankAccount.number).join(Terminal.bank_account)
_ACCOUNTS = select(
    BankAccount.number,
    BankAccount.bank_fa,
    BankAccount.bank_en,
    BankAccount.branch_fa,
    BankAccount.branch_en,
)
_DEPOSIT_ACCOUNT = select(BankAccount.number).where(BankAccount.is_central)
_DESKS = (
    select(
        Office.id,
        Office.code,
        Office.name_fa,
        Office.name_en,
        Province.name_fa,
        Province.name_en,
    )
    .outerjoin(Province, Province.id == Office.province_id)
    .where(Office.id.in_(bindparam("ids", expanding=True)))
)
_PURPOSES = select(Fund.id, Fund.code, Fund.name_fa, Fund.name_en).where(
    Fund.id.in_(bindparam("ids", expanding=True))
)


class DrawingDiffers(Exception):
    """A receipt is not what it was when it was issued or first drawn: a defect or a forgery."""


class _Row(NamedTuple):
    """One row of the table, in the values of the driver."""

    series_id: int
    serial: int
    number: str
    contribution_id: int
    kind: str
    amount_rial: int | None
    issued_on: Any
    issued_at: Any
    facts: str
    facts_hash: str
    verify_key: str


class IssuedReceipt(NamedTuple):
    """The number a contribution got; the row itself is read by those who need it."""

    contribution_id: int
    number: str


def issue_receipt(session: Session, contribution_id: int, *, now: datetime) -> Receipt:
    """Issue the receipt of one contribution. One that already has its receipt keeps it."""
    issue_receipts(session, [contribution_id], now=now)
    return session.scalars(select(Receipt).where(Receipt.contribution_id == contribution_id)).one()


def issue_receipts(
    session: Session, contribution_ids: Iterable[int], *, now: datetime
) -> list[IssuedReceipt]:
    """Issue a receipt for each contribution, numbered in the order they are given.

    Contributions that already have a receipt keep it and take no new number. Raises LookupError
    when a contribution does not exist: a defect of the caller.
    """
    session.flush()
    return [
        issued
        for chunk in _chunks(list(dict.fromkeys(contribution_ids)))
        for issued in _issue_chunk(session, chunk, now=now)
    ]


def void_receipts(
    session: Session,
    contribution_ids: Iterable[int],
    *,
    reason: str,
    voided_by_id: int | None,
    now: datetime,
) -> None:
    """Write down that the receipts of these contributions no longer stand.

    Nothing is said of a contribution without a receipt; a receipt that is void stays as it is.
    """
    session.flush()
    connection = session.connection()
    for chunk in _chunks(list(dict.fromkeys(contribution_ids))):
        standing = session.scalars(
            select(Receipt.id)
            .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
            .where(Receipt.contribution_id.in_(listed(connection, chunk)), ReceiptVoid.id.is_(None))
            .order_by(Receipt.id)
        ).all()
        if standing:
            session.execute(
                insert(ReceiptVoid),
                [
                    {
                        "receipt_id": receipt_id,
                        "reason": reason,
                        "voided_by_id": voided_by_id,
                        "voided_at": now,
                    }
                    for receipt_id in standing
                ],
            )


def receipt_pdf(session: Session, receipt: Receipt) -> bytes:
    """The receipt as a PDF: the same bytes each time, or the void copy once it is void.

    Raises DrawingDiffers when the facts were changed or the file is not the one first drawn.
    """
    void = session.scalars(
        select(ReceiptVoid).where(ReceiptVoid.receipt_id == receipt.id)
    ).one_or_none()
    if void is None:
        return _original(session, receipt)
    facts = _facts(receipt)
    day = day_text(tehran_date(void.voided_at), facts.language)
    return draw_receipt(replace(facts, is_void=True, void_text=f"{day} – {void.reason}"))


def original_pdf(session: Session, receipt: Receipt) -> bytes:
    """The receipt as it was issued, also when it is void by now. Raises DrawingDiffers."""
    return _original(session, receipt)


def remember_file(session: Session, receipt_id: int, pdf: bytes, *, now: datetime) -> None:
    """Keep the hash of the file first drawn, once; a later drawing has to equal it."""
    session.execute(
        insert_if_new(
            session,
            ReceiptFile,
            receipt_id=receipt_id,
            pdf_hash=hashlib.sha256(pdf).hexdigest(),
            size_bytes=len(pdf),
            drawn_at=now,
        )
    )


def _original(session: Session, receipt: Receipt) -> bytes:
    """The file as it was first drawn, also of a receipt that is void by now."""
    pdf = draw_receipt(_facts(receipt))
    first_hash = session.scalars(
        select(ReceiptFile.pdf_hash).where(ReceiptFile.receipt_id == receipt.id)
    ).one_or_none()
    if first_hash is not None and first_hash != hashlib.sha256(pdf).hexdigest():
        raise DrawingDiffers(f"receipt {receipt.number}: not the file that was first drawn")
    return pdf


def _facts(receipt: Receipt) -> ReceiptFacts:
    if hashlib.sha256(receipt.facts.encode()).hexdigest() != receipt.facts_hash:
        raise DrawingDiffers(
            f"receipt {receipt.number}: the facts are not those it was issued with"
        )
    return facts_from_json(receipt.facts)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def _issue_chunk(session: Session, ids: Sequence[int], *, now: datetime) -> list[IssuedReceipt]:
    rows = _received(session, ids)
    fresh = [rows[id_] for id_ in ids if rows[id_].receipt_number is None]
    numbers = {row.contribution_id: row.receipt_number or "" for row in rows.values()}
    if fresh:
        stored = _rows_to_store(session, fresh, _lines(session, ids), now=now)
        numbers |= {row.contribution_id: row.number for row in stored}
        insert_rows(session.connection(), _TABLE, _Row._fields, stored)
    return [IssuedReceipt(id_, numbers[id_]) for id_ in ids]


def _rows_to_store(
    session: Session,
    fresh: Sequence[Received],
    lines: Mapping[int, Sequence[Line]],
    *,
    now: datetime,
) -> list[_Row]:
    connection = session.connection()
    issued_on = tehran_date(now)
    year = jalali_year(issued_on)
    stored_on = driver_value(connection, _TABLE, "issued_on", issued_on)
    stored_at = driver_value(connection, _TABLE, "issued_at", now)
    paper = Paper(
        issued_on=issued_on.isoformat(),
        desks=_desks(session, {row.office_id for row in fresh}),
        purposes=_purposes(session, {line.fund_id for found in lines.values() for line in found}),
        terminals=_terminals(session),
        accounts=_accounts(session),
        deposit_account=session.scalars(_DEPOSIT_ACCOUNT).one(),
    )
    by_desk: defaultdict[int, list[Received]] = defaultdict(list)
    for row in fresh:
        by_desk[row.office_id].append(row)
    keys = secrets.token_hex(8 * len(fresh))
    stored: list[_Row] = []
    for office_id in sorted(by_desk):  # one order for all, so that no two writers wait in a ring
        series_id, serial = take_numbers(session, office_id, year, len(by_desk[office_id]))
        code = paper.desks[office_id].code
        for row in by_desk[office_id]:
            number = number_text(year, code, serial)
            key = keys[16 * len(stored) : 16 * len(stored) + 16]
            url = verify_url(number_in_address(number), key)
            kind, total, facts = frozen(row, lines[row.contribution_id], number, url, paper)
            stored.append(
                _Row(
                    series_id,
                    serial,
                    number,
                    row.contribution_id,
                    kind,
                    total or None,
                    stored_on,
                    stored_at,
                    facts,
                    hashlib.sha256(facts.encode()).hexdigest(),
                    key,
                )
            )
            serial += 1
    return stored


def _received(session: Session, ids: Sequence[int]) -> dict[int, Received]:
    """The contributions by id. Raises LookupError where one does not exist."""
    connection = session.connection()
    of_payment = and_(Contribution.origin == Origin.GATEWAY, Payment.id == Contribution.cause_id)
    found = connection.execute(
        select(
            Contribution.id,
            Contribution.office_id,
            type_coerce(Contribution.tender, String),
            Contribution.terminal,
            Contribution.trace_number,
            Contribution.cheque_number,
            type_coerce(Contribution.received_on, String),
            Pledge.tracking_code,
            Pledge.deposit_id,
            Pledge.language,
            Donor.name,
            Payment.gateway,
            Payment.bank_reference,
            Payment.trace_number,
            Payment.card_masked,
            Receipt.number,
        )
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .outerjoin(Donor, Donor.id == Pledge.donor_id)
        .outerjoin(Payment, of_payment)
        .outerjoin(Receipt, Receipt.contribution_id == Contribution.id)
        .where(Contribution.id.in_(listed(connection, ids)))
    )
    rows = {row[0]: Received._make(row) for row in found.all()}
    if len(rows) != len(ids):
        raise LookupError(f"contributions {sorted(set(ids) - rows.keys())[:5]} do not exist")
    return rows


def _lines(session: Session, ids: Sequence[int]) -> Mapping[int, Sequence[Line]]:
    connection = session.connection()
    lines: defaultdict[int, list[Line]] = defaultdict(list)
    found = connection.execute(
        select(
            ContributionLine.contribution_id,
            type_coerce(ContributionLine.kind, String),
            ContributionLine.fund_id,
            ContributionLine.amount_rial,
            ContributionLine.quantity_thousandths,
            ContributionLine.hours,
            PledgeItem.description,
            PledgeItem.unit,
            PledgeItem.declared_value_rial,
            PledgeItem.skill,
        )
        .join(PledgeItem, PledgeItem.id == ContributionLine.pledge_item_id)
        .where(ContributionLine.contribution_id.in_(listed(connection, ids)))
        .order_by(ContributionLine.id)
    )
    for row in found.all():
        lines[row[0]].append(Line._make(row))
    return lines


def _desks(session: Session, office_ids: set[int]) -> dict[int, Desk]:
    return {
        id_: Desk(code, {"fa": name_fa, "en": name_en}, {"fa": in_fa or "", "en": in_en or ""})
        for id_, code, name_fa, name_en, in_fa, in_en in session.execute(
            _DESKS, {"ids": sorted(office_ids)}
        )
    }


def _purposes(session: Session, fund_ids: set[int]) -> dict[int, Purpose]:
    return {
        id_: Purpose(code, {"fa": name_fa, "en": name_en})
        for id_, code, name_fa, name_en in session.execute(_PURPOSES, {"ids": sorted(fund_ids)})
    }


def _terminals(session: Session) -> dict[str, str]:
    found = session.execute(select(Terminal.name, BankAccount.number).join(Terminal.bank_account))
    return dict(found.all())


def _accounts(session: Session) -> dict[str, dict[str, str]]:
    return {
        number: {
            "fa": f"{bank_fa}، شعبه {branch_fa}، حساب {number}",
            "en": f"{bank_en}, {branch_en} branch, account {number}",
        }
        for number, bank_fa, bank_en, branch_fa, branch_en in session.execute(_ACCOUNTS)
    }
