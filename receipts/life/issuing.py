"""Issuing receipts: numbers taken, facts frozen and rows stored in the caller's transaction.

One function serves one gift and a slice of a statement alike: the database numbers, freezes and
stores all receipts in one statement; only letterheads, of which there are few, are put into words
here.
"""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    LargeBinary,
    Select,
    String,
    Subquery,
    and_,
    exists,
    func,
    insert,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from core.bulk import single
from core.clock import tehran_date
from core.database import Id
from core.portable import bytes_hex, sha256_hex
from donations.models.contribution import Contribution, ContributionLine
from donations.models.donor import Donor
from donations.models.fund import Fund
from donations.models.payment import Payment
from donations.models.pledge import Pledge, PledgeItem
from receipts.life.freezing import kind_of_lines, own_facts, texts_of_lines, total_of_lines
from receipts.life.lettering import OF_PAYMENT, TERMINAL, groups_of, heads_of
from receipts.life.numbering import GivenNumber, number_written
from receipts.life.series import Receipt

_LINE = ContributionLine
_KEY_BYTES = 8  # 64 bits
# Built once: every gift asks for them.
_TOTAL = total_of_lines().label("total_rial")
_KIND = kind_of_lines().label("kind")
_LINES = texts_of_lines().label("lines")
_COLUMNS = (
    "letterhead_id", "series_id", "serial", "number", "contribution_id", "kind", "amount_rial",
    "issued_on", "issued_at", "facts", "facts_hash", "verify_key", "replaces_id",
)  # fmt: skip


def issue_receipt(session: Session, contribution_id: int, *, now: datetime) -> Receipt:
    """Issue the receipt of one contribution. One that already has its receipt keeps it.

    Raises LookupError when the contribution does not exist: a defect of the caller.
    """
    issue_receipts(session, single(contribution_id), now=now)
    return latest_receipt(session, contribution_id)


def issue_receipts(
    session: Session, chosen: Select[int], *, now: datetime, given: GivenNumber | None = None
) -> None:
    """Issue a receipt for each chosen contribution, numbered in the order of their ids.

    Contributions that already have a receipt keep it and take no new number. Where a number is
    ``given``, one contribution is chosen, and bears it.
    """
    (contribution_id,) = chosen.subquery().c
    has_receipt = exists().where(Receipt.contribution_id == contribution_id)
    without_receipt = select(contribution_id).where(~has_receipt)
    _issue(session, without_receipt, replaces_id=None, now=now, given=given)


def issue_successor(session: Session, void: Receipt, *, now: datetime) -> Receipt:
    """Issue the receipt that takes the place of a void one of the same contribution.

    It freezes what our records say now. The database refuses a second successor and one of a
    receipt that is not void.
    """
    _issue(session, single(void.contribution_id), replaces_id=void.id, now=now)
    return latest_receipt(session, void.contribution_id)


def latest_receipt(session: Session, contribution_id: int) -> Receipt:
    """The receipt of a contribution; of several the one that replaced the others.

    Raises LookupError where there is none.
    """
    receipt = session.scalars(
        select(Receipt).where(Receipt.contribution_id == contribution_id, Receipt.is_latest())
    ).one_or_none()
    if receipt is None:
        raise LookupError(f"contribution {contribution_id} has no receipt")
    return receipt


def _issue(
    session: Session,
    chosen: Select[int],
    *,
    replaces_id: int | None,
    now: datetime,
    given: GivenNumber | None = None,
) -> None:
    session.flush()
    groups = groups_of(session, chosen)
    if not groups:
        return
    heads = heads_of(session, groups, day=tehran_date(now), given=given)
    count = sum(group.size for group in groups)
    row = _rows(_numbered(chosen), heads)
    written = session.connection().execute(
        insert(Receipt).from_select(
            list(_COLUMNS), _written(row, count=count, replaces_id=replaces_id, now=now)
        ),
        execution_options={"preserve_rowcount": True},
    )
    if written.rowcount != count:
        raise RuntimeError(f"{written.rowcount} receipts written, {count} numbers taken")


def _numbered(chosen: Select[int]) -> Subquery:
    """Each contribution with its place among those of its desk, and what its lines make of it.

    Numbered before they are complete: sorting whole receipts costs more than writing them.
    """
    place = func.row_number(type_=Id).over(
        partition_by=Contribution.office_id, order_by=Contribution.id
    )
    return (
        select(
            Contribution.id,
            (place - 1).label("place"),
            _TOTAL,
            _KIND,
            _LINES,
        )
        .join(_LINE, _LINE.contribution_id == Contribution.id)
        .join(Fund, Fund.id == _LINE.fund_id)
        .join(PledgeItem, PledgeItem.id == _LINE.pledge_item_id)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .where(Contribution.id.in_(chosen))
        .group_by(Contribution.id)
        .subquery()
    )


def _rows(numbered: Subquery, heads: CTE) -> Subquery:
    """What is a receipt's own, beside the head that it shares with others."""
    head = heads.c
    return (
        select(
            Contribution.id.label("contribution_id"),
            head.letterhead_id,
            head.series_id,
            (head.first_serial + numbered.c.place).label("serial"),
            head.prefix,
            (head.keys_used + numbered.c.place).label("key_place"),
            numbered.c.kind,
            numbered.c.total_rial,
            own_facts(numbered.c.lines).label("facts"),
        )
        .join_from(numbered, Contribution, Contribution.id == numbered.c.id)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .outerjoin(Donor, Donor.id == Pledge.donor_id)
        .outerjoin(Payment, OF_PAYMENT)
        # Every receipt has a head; an inner join would let SQLite begin with the heads.
        .outerjoin(heads, _is_headed_by(heads))
        .offset(0)  # keeps SQLite from writing the facts once for themselves and once for the hash
        .subquery()
    )


def _is_headed_by(heads: CTE) -> ColumnElement[bool]:
    head = heads.c
    return and_(
        head.office_id == Contribution.office_id,
        head.language == Pledge.language,
        head.tender == func.coalesce(type_coerce(Contribution.tender, String), ""),
        head.cheque_number == func.coalesce(Contribution.cheque_number, ""),
        head.terminal == func.coalesce(TERMINAL, ""),
    )


def _written(row: Subquery, *, count: int, replaces_id: int | None, now: datetime) -> Select[Any]:
    """The rows as they are stored, each with a key of its own."""
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
        literal(replaces_id, Id),
    )
