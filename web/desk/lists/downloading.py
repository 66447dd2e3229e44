"""The lists of a scope as files: which there are, and what stands in their columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, joinedload

from core.clock import tehran_date
from core.refusals import NotFound
from core.words import Later, _
from donations.goods.stocking import stock_of
from donations.in_scope import pledges_in
from donations.merging import is_visible
from donations.models.donor import DonorIdentity
from donations.models.pledge import HiddenFrom, ItemKind, ItemState, Pledge, PledgeItem
from donations.partner_receipts import latest_partner_receipts
from flows.donors import described
from flows.entries import latest_entries
from flows.office_figures import OPEN_FOR
from offices.granting import Permission
from offices.places import Office
from offices.scope import Scope
from web.desk.here import named
from web.desk.lists.walk_ins import WALK_IN_COLUMNS, walk_in_rows
from web.exporting import ENDINGS, Cell, Column, Sheet, send
from web.filters import moment, quantity
from web.services import current
from web.sign_in.guard import the_person

_PAGE = 500

Rows = Callable[[Session, Scope, datetime], Iterable[Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class ListOfScope:
    """A list that can be saved: its title, its columns, where its rows come from, who may."""

    title: Later
    columns: Sequence[Column]
    rows: Rows
    needs: Permission


def lists() -> ResponseReturnValue:
    """What can be saved here, and what can be handed in."""
    who = the_person()
    return render_template(
        "desk/lists/lists.html",
        rows=[(name, one) for name, one in LISTS.items() if one.needs in who.permissions],
        endings=ENDINGS,
        may_record=Permission.WORK_AT_DESK in who.permissions,
    )


def list_file() -> ResponseReturnValue:
    """One list of the offices of one's scope as Excel or CSV; the entries where none is named."""
    list_name, ending = request.args.get("list", "entries"), request.args.get("ending", "xlsx")
    who, now = the_person(), current.now()
    chosen = LISTS.get(list_name)
    if chosen is None or ending not in ENDINGS or chosen.needs not in who.permissions:
        raise NotFound(subject="list")
    with current.database.reading() as session:
        return send(
            Sheet(
                name=f"{list_name}-{tehran_date(now).isoformat()}",
                title=str(chosen.title),
                about=_("%(title)s, saved on %(moment)s by %(name)s")
                % {"title": chosen.title, "moment": moment(now), "name": who.name},
                columns=[
                    Column(str(one.heading), is_money=one.is_money, is_day=one.is_day)
                    for one in chosen.columns
                ],
                rows=chosen.rows(session, who.scope, now),
            ),
            ending,
        )


def _entries(session: Session, scope: Scope, _now: datetime) -> Iterator[Sequence[Cell]]:
    before_id = None
    names = _office_names(session)
    while rows := latest_entries(session, scope, before_id=before_id, limit=_PAGE):
        before_id = rows[-1].contribution.id
        for entry in rows:
            items = {item.id: item for item in entry.items}
            for line in entry.contribution.lines:
                item = items[line.pledge_item_id]
                yield (
                    entry.receipt.number,
                    entry.pledge.tracking_code,
                    names[entry.contribution.office_id],
                    entry.contribution.received_on,
                    entry.donor.name if entry.donor else None,
                    named(item.fund),
                    line.amount_rial,
                    _in_kind(item),
                    _("void") if entry.is_void else _("stands"),
                )
        session.expunge_all()


def _donors(session: Session, scope: Scope, _now: datetime) -> Iterator[Sequence[Cell]]:
    """Everybody with a name or mobile who gave at these offices and does not hide."""
    after_id = 0
    while ids := [id_ for id_ in session.scalars(_donor_ids(scope, after_id)) if id_]:
        after_id = ids[-1]
        for known in described(session, scope, ids):
            yield known.name or None, known.mobile or None, known.gifts, known.last_gift_on
        session.expunge_all()


def _donor_ids(scope: Scope, after_id: int) -> Select[int | None]:
    """Donors one after the other; merged ones are told with the one they are read as."""
    is_told_elsewhere = exists().where(
        DonorIdentity.donor_id == Pledge.donor_id, is_visible(scope, DonorIdentity.stands_for_id)
    )
    return (
        pledges_in(scope)
        .with_only_columns(Pledge.donor_id)
        .where(
            Pledge.donor_id > after_id,
            Pledge.hidden_from != HiddenFrom.EVERYONE,
            ~is_told_elsewhere,
        )
        .distinct()
        .order_by(Pledge.donor_id)
        .limit(_PAGE)
    )


def _open_promises(session: Session, scope: Scope, now: datetime) -> Iterator[Sequence[Cell]]:
    names = _office_names(session)
    before_id: int | None = None
    while True:
        items = (
            select(PledgeItem)
            .join(PledgeItem.pledge)
            .where(
                scope.narrow(Pledge.office_id),
                Pledge.made_at >= now - OPEN_FOR,
                PledgeItem.state == ItemState.PROMISED,
            )
            .options(joinedload(PledgeItem.fund), joinedload(PledgeItem.pledge))
            .order_by(PledgeItem.id.desc())
            .limit(_PAGE)
        )
        if before_id is not None:
            items = items.where(PledgeItem.id < before_id)
        rows = session.scalars(items).all()
        if not rows:
            return
        before_id = rows[-1].id
        for item in rows:
            pledge = item.pledge
            is_hidden = pledge.hidden_from is HiddenFrom.EVERYONE or pledge.donor is None
            yield (
                pledge.tracking_code,
                names[pledge.office_id],
                tehran_date(pledge.made_at),
                None if is_hidden or pledge.donor is None else pledge.donor.name,
                named(item.fund),
                item.amount_rial,
                _in_kind(item),
            )
        session.expunge_all()


def _stock(session: Session, scope: Scope, _now: datetime) -> Iterator[Sequence[Cell]]:
    names = _office_names(session)
    for row in stock_of(session, scope):
        yield (
            names[row.office_id],
            row.description,
            quantity(row.thousandths),
            row.unit,
            row.first_expires_on,
        )


def _partner_receipts(session: Session, scope: Scope, _now: datetime) -> Iterator[Sequence[Cell]]:
    names = _office_names(session)
    before_id = None
    while rows := latest_partner_receipts(session, scope, before_id=before_id, limit=_PAGE):
        before_id = rows[-1].id
        for row in rows:
            yield (
                names[row.office_id],
                row.number,
                row.received_on,
                named(row.fund),
                row.amount_rial,
                row.description,
                quantity(row.quantity_thousandths) if row.quantity_thousandths else None,
                row.unit,
                row.hours,
                _("void") if row.reversal else _("stands"),
            )
        session.expunge_all()


def _in_kind(item: PledgeItem) -> str | None:
    if item.kind is ItemKind.GOODS:
        return f"{quantity(item.quantity_thousandths or 0)} {item.unit} {item.description}"
    if item.kind is ItemKind.SERVICE:
        return _("%(hours)s hours: %(skill)s") % {"hours": item.hours, "skill": item.skill}
    return None


def _office_names(session: Session) -> Mapping[int, str]:
    return {row.id: named(row) for row in session.scalars(select(Office))}


_OFFICE, _FUND = Column(Later("Office")), Column(Later("Purpose"))
_MONEY, _IN_KIND = Column(Later("Amount"), is_money=True), Column(Later("Goods and hours"))
_DONOR, _STATE = Column(Later("Donor")), Column(Later("State"))
LISTS: Mapping[str, ListOfScope] = {
    "entries": ListOfScope(
        Later("Entries"),
        (
            Column(Later("Receipt")),
            Column(Later("Tracking code")),
            _OFFICE,
            Column(Later("Day"), is_day=True),
            _DONOR,
            _FUND,
            _MONEY,
            _IN_KIND,
            _STATE,
        ),
        _entries,
        Permission.SEE_ENTRIES,
    ),
    "walk-ins": ListOfScope(
        Later("Money received at the desk"),
        WALK_IN_COLUMNS,
        walk_in_rows,
        Permission.SEE_ENTRIES,
    ),
    "donors": ListOfScope(
        Later("Donors"),
        (
            _DONOR,
            Column(Later("Mobile")),
            Column(Later("Gifts")),
            Column(Later("Last gift"), is_day=True),
        ),
        _donors,
        Permission.SEE_DONORS,
    ),
    "open-promises": ListOfScope(
        Later("Open promises"),
        (
            Column(Later("Tracking code")),
            _OFFICE,
            Column(Later("Day"), is_day=True),
            _DONOR,
            _FUND,
            _MONEY,
            _IN_KIND,
        ),
        _open_promises,
        Permission.SEE_ENTRIES,
    ),
    "stock": ListOfScope(
        Later("Stock"),
        (
            _OFFICE,
            Column(Later("Goods")),
            Column(Later("Quantity")),
            Column(Later("Unit")),
            Column(Later("Expires first on"), is_day=True),
        ),
        _stock,
        Permission.SEE_ENTRIES,
    ),
    "partner-receipts": ListOfScope(
        Later("Receipts of partner centres"),
        (
            _OFFICE,
            Column(Later("Number")),
            Column(Later("Day"), is_day=True),
            _FUND,
            _MONEY,
            Column(Later("What it is")),
            Column(Later("Quantity")),
            Column(Later("Unit")),
            Column(Later("Hours")),
            _STATE,
        ),
        _partner_receipts,
        Permission.SEE_ENTRIES,
    ),
}
