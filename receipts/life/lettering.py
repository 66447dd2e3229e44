"""The heads of receipts about to be issued: letterheads, serials and keys, desk by desk."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from core.bulk import rows_given
from core.database import Id, insert_if_new
from core.jalali import jalali_year
from core.portable import sha256_of
from donations.models.contribution import Contribution, Origin, Tender
from donations.models.payment import Payment
from donations.models.pledge import Pledge
from ledger.accounts import BankAccount
from ledger.terminals import Terminal
from offices.places import Office, Province
from receipts.documents.receipt_texts import texts_on
from receipts.life.freezing import Letters, letterhead_text
from receipts.life.numbering import GivenNumber, take_numbers
from receipts.life.series import Letterhead

OF_PAYMENT = and_(Contribution.origin == Origin.GATEWAY, Payment.id == Contribution.cause_id)
TERMINAL = func.coalesce(Payment.gateway, Contribution.terminal)
_HEAD: Mapping[str, Any] = {
    "office_id": Id, "language": String(), "tender": String(), "cheque_number": String(),
    "terminal": String(), "letterhead_id": Id, "prefix": String(), "series_id": Id,
    "first_serial": Id, "keys_used": Id,
}  # fmt: skip
_KNOWN = select(Letterhead.facts_hash, Letterhead.id).where(
    Letterhead.facts_hash.in_(bindparam("digests", expanding=True))
)


class Group(NamedTuple):
    """Receipts of one desk under one letterhead, and what they are numbered with."""

    office_id: int
    terminal: str | None
    size: int
    office_code: str
    letters: Letters


def groups_of(session: Session, chosen: Select[int]) -> list[Group]:
    """The contributions by desk and letterhead, in the order of the desks' ids.

    One order for all, so that no two writers wait for each other's series in a ring.
    """
    found = session.execute(_with_names(_counted(chosen)))
    return [
        Group(office_id, terminal, size, code, Letters._make(names))
        for office_id, terminal, size, code, *names in found.all()
    ]


def heads_of(
    session: Session, groups: Sequence[Group], *, day: date, given: GivenNumber | None = None
) -> CTE:
    """For each group its letterhead, the serials its desk got, and where its keys begin.

    ``day`` is that of issue, in Tehran. A number that is ``given`` is that of one receipt alone.
    """
    year = jalali_year(day)
    texts = {
        language: texts_on(session, language, day)
        for language in {group.letters.language for group in groups}
    }
    heads = [letterhead_text(group.letters, texts[group.letters.language]) for group in groups]
    letterheads = _letterheads(session, set(heads))
    numbers = (
        _numbers_of_desks(session, groups, year=year)
        if given is None
        else {groups[0].office_id: (given.series_id, given.serial, 0)}
    )
    rows = [
        (
            group.office_id,
            group.letters.language,
            group.letters.tender or "",
            group.letters.cheque_number or "",
            group.terminal or "",
            letterheads[head],
            f"{year}/{group.office_code}/" if given is None else given.prefix,
            *numbers[group.office_id],
        )
        for group, head in zip(groups, heads, strict=True)
    ]
    told = rows_given(session.connection(), _HEAD, rows).cte("heads", nesting=True)
    return told.prefix_with("MATERIALIZED")  # read once, whatever they are joined with


def _counted(chosen: Select[int]) -> Any:
    alike = (
        Contribution.office_id,
        Pledge.language,
        type_coerce(Contribution.tender, String).label("tender"),
        Contribution.cheque_number,
        TERMINAL.label("terminal"),
    )
    return (
        select(*alike, func.count().label("count"))
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .outerjoin(Payment, OF_PAYMENT)
        .where(Contribution.id.in_(chosen))
        .group_by(
            Contribution.office_id,
            Pledge.language,
            Contribution.tender,
            Contribution.cheque_number,
            TERMINAL,
        )
        .subquery()
    )


def _with_names(counted: Any) -> Select[Any]:
    """The counted groups with every name that their letterheads carry."""
    is_transfer = counted.c.tender == Tender.TRANSFER.value
    into = case(
        (is_transfer, BankAccount.is_central), else_=BankAccount.id == Terminal.bank_account_id
    )
    return (
        select(
            counted.c.office_id,
            counted.c.terminal,
            counted.c.count,
            Office.code,
            counted.c.language,
            counted.c.tender,
            counted.c.cheque_number,
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
        .join_from(counted, Office, Office.id == counted.c.office_id)
        .outerjoin(Province, Province.id == Office.province_id)
        .outerjoin(Terminal, Terminal.name == counted.c.terminal)
        .outerjoin(BankAccount, into)
        .order_by(counted.c.office_id)
    )


def _numbers_of_desks(
    session: Session, groups: Sequence[Group], *, year: int
) -> Mapping[int, tuple[int, int, int]]:
    """By desk: its series, the first serial it got, and how many keys the desks before it use."""
    desks: dict[int, tuple[int, int, int]] = {}
    used = 0
    for office_id in dict.fromkeys(group.office_id for group in groups):
        count = sum(group.size for group in groups if group.office_id == office_id)
        desks[office_id] = (*take_numbers(session, office_id, year, count), used)
        used += count
    return desks


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
