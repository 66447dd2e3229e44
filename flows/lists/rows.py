"""Rows that are taken one by one: leaves of partner centres' books, and offices."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import folded, normalise
from core.rial import parse_rial
from donations.models.pledge import ItemKind
from donations.partner_receipts import PartnerGift, record_partner_receipt
from donations.pledging import read_quantity
from flows.lists.cells import (
    HandedIn,
    Texts,
    office_code,
    read_cell,
    read_day,
    read_hours,
    read_word,
)
from offices.changing import Change, NewOffice, open_office
from offices.places import Centre, Office, OfficeKind

_KINDS_OF_GIFTS = {
    folded(word): kind
    for kind, words in {
        ItemKind.CASH: ("نقدی", "cash"),
        ItemKind.GOODS: ("کالا", "غیرنقدی", "goods"),
        ItemKind.SERVICE: ("خدمت", "service"),
    }.items()
    for word in words
}
_DESK, _CENTRE, _PARTNER = "desk", "centre", "partner centre"
_KINDS_OF_OFFICES = {
    folded(word): kind
    for word, kind in (
        ("میز خدمت", _DESK),
        ("مرکز", _CENTRE),
        ("مرکز همکار", _PARTNER),
        *((kind, kind) for kind in (_DESK, _CENTRE, _PARTNER)),
    )
}


def take_partner_receipt(session: Session, texts: Texts, handed_in: HandedIn) -> bool:
    """Record one leaf of a partner centre's book; whether it is new."""
    gift = PartnerGift(
        office=office_code(texts.get("office", "")),
        number=texts.get("number", ""),
        received_on=read_day(texts, "received_on"),
        kind=read_word(texts, "kind", _KINDS_OF_GIFTS),
        fund=texts.get("fund") or None,
        amount_rial=read_cell(texts, "amount_rial", parse_rial),
        description=texts.get("description") or None,
        quantity_thousandths=read_cell(texts, "quantity", read_quantity),
        unit=texts.get("unit") or None,
        hours=read_cell(texts, "hours", read_hours),
    )
    _row, is_new = record_partner_receipt(
        session, handed_in.scope, gift, recorded_by_id=handed_in.by_id, now=handed_in.now
    )
    return is_new


def take_office(session: Session, texts: Texts, handed_in: HandedIn) -> bool:
    """Open one office; whether it is new."""
    kind = read_word(texts, "kind", _KINDS_OF_OFFICES)
    is_centre = kind != _DESK
    new = NewOffice(
        name_fa=texts.get("name_fa", ""),
        name_en=texts.get("name_en", ""),
        province="" if is_centre else office_code(texts.get("province", "")),
        parent=(office_code(texts.get("parent", "")) or "-") if is_centre else "",
        is_partner=kind == _PARTNER,
    )
    if _is_there(session, new):
        return False
    today = tehran_date(handed_in.now)
    valid_from = read_day(texts, "valid_from") if texts.get("valid_from") else today
    open_office(session, new, Change(valid_from, "", handed_in.by_id, handed_in.now))
    return True


def _is_there(session: Session, new: NewOffice) -> bool:
    """Whether an open office of this name stands where the row says."""
    found = select(Office).where(Office.name_fa == normalise(new.name_fa), Office.is_open)
    for office in session.scalars(found):
        centre = session.get(Centre, office.id)
        if not new.parent:
            is_same = office.kind is OfficeKind.DESK and office.province is not None
            if is_same and office.province and office.province.code == new.province:
                return True
        elif centre and centre.parent.code == new.parent and centre.is_partner == new.is_partner:
            return True
    return False
