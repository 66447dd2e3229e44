"""Issuing receipts: numbers taken, facts frozen and rows stored in the caller's transaction.

One function serves one gift and a slice of a statement alike: the database numbers, freezes and
stores all receipts in one statement; only letterheads, of which there are few, are put into words
here.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    LargeBinary,
    Select,
    String,
    and_,
    bindparam,
    case,
    column,
    func,
    insert,
    literal,
    select,
    type_coerce,
    values,
)
from sqlalchemy.orm import Session

from core.bulk import single
from core.clock import tehran_date
from core.database import Id, insert_if_new
from core.jalali import jalali_year
from core.portable import bytes_hex, sha256_hex, sha256_of
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.donor import Donor
from donations.models.fund import Fund
from donations.models.payment import Payment
from donations.models.pledge import Pledge, PledgeItem
from ledger.accounts import BankAccount
from ledger.terminals import Terminal
from offices.places import Office, Province
from receipts.facts import ReceiptFacts
from receipts.freezing import (
    Letters,
    facts_of,
    kind_of_lines,
    letterhead_text,
    own_facts,
    texts_of_lines,
    total_of_lines,
)
from receipts.layouts import draw_receipt
from receipts.numbering import number_written, take_numbers
from receipts.series import Letterhead, Receipt, ReceiptFile, ReceiptVoid
from receipts.text import day_text

_LINE = ContributionLine
_KEY_BYTES = 8  # 64 bits


class DrawingDiffers(Exception):
    """A receipt is not what it was when it was issued or first drawn: a defect or a forgery."""


class _Group(NamedTuple):
    """Receipts of one desk under one letterhead, and what they are numbered with."""

    office_id: int
    terminal: str | None
    size: int
    office_code: str
    letters: Letters


def issue_receipt(session: Session, contribution_id: int, *, now: datetime) -> Receipt:
    """Issue the receipt of one contribution. One that already has its receipt keeps it.

    Raises LookupError when the contribution does not exist: a defect of the caller.
    """
    issue_receipts(session, single(contribution_id), now=now)
    receipt = session.scalars(
        select(Receipt).where(Receipt.contribution_id == contribution_id)
    ).one_or_none()
    if receipt is None:
        raise LookupError(f"contribution {contribution_id} does not exist")
    return receipt


def issue_receipts(session: Session, chosen: Select[int], *, now: datetime) -> None:
    """Issue a receipt for each chosen contribution, numbered in the order of their ids.

    Contributions that already have a receipt keep it and take no new number.
    """
    session.flush()
    groups = _groups(session, chosen)
    if groups:
        heads = _heads(session, groups, year=jalali_year(tehran_date(now)))
        count = sum(group.size for group in groups)
        written = session.connection().execute(
            insert(Receipt).from_select(list(_COLUMNS), _receipts(chosen, heads, count, now)),
            execution_options={"preserve_rowcount": True},
        )
        if written.rowcount != count:
            raise RuntimeError(f"{written.rowcount} receipts written, {count} numbers taken")


def void_receipts(
    session: Session,
    chosen: Select[int],
    *,
    reason: str,
    voided_by_id: int | None,
    now: datetime,
) -> None:
    """Write down that the receipts of the chosen contributions no longer stand.

    Nothing is said of a contribution without a receipt; a receipt that is void stays as it is.
    """
    session.flush()
    session.execute(
        insert(ReceiptVoid).from_select(
            ["receipt_id", "reason", "voided_by_id", "voided_at"],
            select(
                Receipt.id,
                literal(reason, ReceiptVoid.reason.type),
                literal(voided_by_id, Id),
                literal(now, ReceiptVoid.voided_at.type),
            )
            .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
            .where(Receipt.contribution_id.in_(chosen), ReceiptVoid.id.is_(None))
            .order_by(Receipt.id),
        )
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
    for text, digest in (
        (receipt.facts, receipt.facts_hash),
        *(
            [(receipt.letterhead.facts, receipt.letterhead.facts_hash)]
            if receipt.letterhead
            else []
        ),
    ):
        if sha256_of(text) != digest:
            raise DrawingDiffers(
                f"receipt {receipt.number}: the facts are not those it was issued with"
            )
    return facts_of(receipt)


def _groups(session: Session, chosen: Select[int]) -> list[_Group]:
    """The receipts that are missing, by desk and letterhead, in the order of the desks' ids.

    One order for all, so that no two writers wait for each other's series in a ring.
    """
    missing = (
        select(
            Contribution.office_id,
            Pledge.language,
            type_coerce(Contribution.tender, String).label("tender"),
            Contribution.cheque_number,
            _TERMINAL.label("terminal"),
            func.count().label("count"),
        )
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .outerjoin(Payment, _OF_PAYMENT)
        .outerjoin(Receipt, Receipt.contribution_id == Contribution.id)
        .where(Contribution.id.in_(chosen), Receipt.id.is_(None))
        .group_by(
            Contribution.office_id,
            Pledge.language,
            Contribution.tender,
            Contribution.cheque_number,
            _TERMINAL,
        )
        .subquery()
    )
    is_transfer = missing.c.tender == Tender.TRANSFER.value
    into = case(
        (is_transfer, BankAccount.is_central), else_=BankAccount.id == Terminal.bank_account_id
    )
    found = session.execute(
        select(
            missing.c.office_id,
            missing.c.terminal,
            missing.c.count,
            Office.code,
            missing.c.language,
            missing.c.tender,
            missing.c.cheque_number,
            Office.name_fa,
            Office.name_en,
            Province.name_fa,
            Province.name_en,
            BankAccount.number,
            BankAccount.bank_fa,
            BankAccount.bank_en,
            BankAccount.branch_fa,
            BankAccount.branch_en,
        )
        .join_from(missing, Office, Office.id == missing.c.office_id)
        .outerjoin(Province, Province.id == Office.province_id)
        .outerjoin(Terminal, Terminal.name == missing.c.terminal)
        .outerjoin(BankAccount, into)
        .order_by(missing.c.office_id)
    )
    return [
        _Group(office_id, terminal, size, code, Letters._make(names))
        for office_id, terminal, size, code, *names in found.all()
    ]


def _heads(session: Session, groups: Sequence[_Group], *, year: int) -> CTE:
    """For each group its letterhead, the serials its desk got, and where its keys begin."""
    letterheads = _letterheads(session, {letterhead_text(group.letters) for group in groups})
    desks: dict[int, tuple[int, int, int]] = {}
    used = 0
    for office_id in dict.fromkeys(group.office_id for group in groups):
        count = sum(group.size for group in groups if group.office_id == office_id)
        desks[office_id] = (*take_numbers(session, office_id, year, count), used)
        used += count
    return (
        values(*(column(name, type_) for name, type_ in _HEAD.items()), name="head")
        .data(
            [
                (
                    group.office_id,
                    group.letters.language,
                    group.letters.tender or "",
                    group.letters.cheque_number or "",
                    group.terminal or "",
                    letterheads[letterhead_text(group.letters)],
                    f"{year}/{group.office_code}/",
                    *desks[group.office_id],
                )
                for group in groups
            ]
        )
        .cte("heads", nesting=True)
    )


def _letterheads(session: Session, texts: set[str]) -> Mapping[str, int]:
    """The ids of letterheads by their text; one that is new is written."""
    digests = {sha256_of(text): text for text in sorted(texts)}
    found = _known_letterheads(session, digests)
    if len(found) < len(digests):
        for digest in digests.keys() - found.keys():
            session.execute(
                insert_if_new(session, Letterhead, facts=digests[digest], facts_hash=digest)
            )
        found = _known_letterheads(session, digests)
    return {digests[digest]: id_ for digest, id_ in found.items()}


def _known_letterheads(session: Session, digests: Mapping[str, str]) -> dict[str, int]:
    return dict(session.execute(_KNOWN, {"digests": sorted(digests)}).all())


def _receipts(chosen: Select[int], heads: CTE, count: int, now: datetime) -> Select[Any]:
    """The rows of the receipts that are missing."""
    place = func.row_number(type_=Id).over(
        partition_by=Contribution.office_id, order_by=Contribution.id
    )
    # Numbered before they are complete: sorting whole receipts costs more than writing them.
    missing = (
        select(
            Contribution.id,
            (place - 1).label("place"),
            total_of_lines().label("total_rial"),
            kind_of_lines().label("kind"),
            texts_of_lines().label("lines"),
        )
        .join(_LINE, _LINE.contribution_id == Contribution.id)
        .join(Fund, Fund.id == _LINE.fund_id)
        .join(PledgeItem, PledgeItem.id == _LINE.pledge_item_id)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .outerjoin(Receipt, Receipt.contribution_id == Contribution.id)
        .where(Contribution.id.in_(chosen), Receipt.id.is_(None))
        .group_by(Contribution.id)
        .subquery()
    )
    head = heads.c
    row = (
        select(
            Contribution.id.label("contribution_id"),
            head.letterhead_id,
            head.series_id,
            (head.first_serial + missing.c.place).label("serial"),
            head.prefix,
            (head.keys_used + missing.c.place).label("key_place"),
            missing.c.kind,
            missing.c.total_rial,
            own_facts(missing.c.lines).label("facts"),
        )
        .join_from(missing, Contribution, Contribution.id == missing.c.id)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .outerjoin(Donor, Donor.id == Pledge.donor_id)
        .outerjoin(Payment, _OF_PAYMENT)
        .outerjoin(  # every receipt has one; an inner join would let SQLite begin with them
            heads,
            and_(
                head.office_id == Contribution.office_id,
                head.language == Pledge.language,
                head.tender == func.coalesce(type_coerce(Contribution.tender, String), ""),
                head.cheque_number == func.coalesce(Contribution.cheque_number, ""),
                head.terminal == func.coalesce(_TERMINAL, ""),
            ),
        )
        .offset(0)  # keeps SQLite from writing the facts once for themselves and once for the hash
        .subquery()
    )
    keys = literal(secrets.token_bytes(_KEY_BYTES * count), LargeBinary)
    return select(
        row.c.letterhead_id,
        row.c.series_id,
        row.c.serial,
        number_written(row.c.prefix, row.c.serial),
        row.c.contribution_id,
        row.c.kind,
        row.c.total_rial,
        literal(tehran_date(now), Receipt.issued_on.type),
        literal(now, Receipt.issued_at.type),
        row.c.facts,
        sha256_hex(row.c.facts),
        bytes_hex(keys, _KEY_BYTES * row.c.key_place + 1, _KEY_BYTES),
    )


_COLUMNS = (
    "letterhead_id", "series_id", "serial", "number", "contribution_id", "kind", "amount_rial",
    "issued_on", "issued_at", "facts", "facts_hash", "verify_key",
)  # fmt: skip
_HEAD: Mapping[str, Any] = {
    "office_id": Id, "language": String(), "tender": String(), "cheque_number": String(),
    "terminal": String(), "letterhead_id": Id, "prefix": String(), "series_id": Id,
    "first_serial": Id, "keys_used": Id,
}  # fmt: skip
_OF_PAYMENT = and_(Contribution.origin == Origin.GATEWAY, Payment.id == Contribution.cause_id)
_TERMINAL = func.coalesce(Payment.gateway, Contribution.terminal)
_KNOWN = select(Letterhead.facts_hash, Letterhead.id).where(
    Letterhead.facts_hash.in_(bindparam("digests", expanding=True))
)
