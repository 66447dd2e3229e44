"""Hand-over slips: writing one, its paper, what arrived of it and what came back."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, SelectField, StringField

from core.portable import sha256_of
from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from donations.goods.handing_over import (
    Arrived,
    Receiver,
    Wanted,
    hand_over_in,
    latest_hand_overs,
    may_acknowledge,
)
from donations.goods.stocking import Stock, stock_of
from donations.goods.words import slip_number
from donations.models.fund import Fund
from donations.models.hand_over import HandOver, HandOverLine
from donations.pledging import NAME_MAX, TEXT_MAX
from flows.hand_overs import acknowledge_goods, bring_goods_back, hand_goods_over
from offices.places import Office
from offices.scope import Scope
from offices.staff import StaffMember
from web.desk.here import fund_choices, named, own_office
from web.fields import QuantityField, SpokenForm, at_most, printed
from web.numbers import read_id
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person

_PAGE = 50
_KEY_MAX = 40
_KIND = "kind_"
_GONE = Wanted(0, "", 1)  # of no kind at all: nothing of it lies anywhere


class SlipForm(SpokenForm):
    """Who takes what; a field of quantity for each kind of goods in stock is made with the form.

    The field is named by the kind itself, so that it means the same whatever else comes or goes.
    """

    request_key = HiddenField(validators=[at_most(_KEY_MAX)])
    to_office = SelectField(Later("Office or centre"), validate_choice=False)
    to_fund = SelectField(Later("Purpose"), validate_choice=False)
    to_person = StringField(Later("Person in charge"), [at_most(NAME_MAX), printed])

    quantities: Sequence[tuple[Stock, QuantityField]]
    is_beyond_stock: bool  # a quantity was written for a kind of which nothing lies there any more

    def wanted(self) -> list[Wanted]:
        """What leaves; what lies there no more is asked for as well, and refused."""
        there = [
            Wanted(kind.category_id, kind.kind_folded, field.value)
            for kind, field in self.quantities
            if field.value is not None
        ]
        return [*there, _GONE] if self.is_beyond_stock else there

    def receiver(self) -> Receiver:
        """Who takes it."""
        typed = self.to_office.data or ""
        return Receiver(
            read_id(typed) if typed else None,
            self.to_fund.data or None,
            self.to_person.data or None,
        )


class ArrivedForm(SpokenForm):
    """What of each line arrived; the fields are made with the form."""

    lines: Mapping[int, tuple[QuantityField, StringField]]

    def arrived(self) -> dict[int, Arrived]:
        """What was typed, by the id of the line; an empty quantity is everything."""
        return {
            id_: Arrived(quantity.value or 0, reason.data or "")
            for id_, (quantity, reason) in self.lines.items()
            if (quantity.data or "").strip()
        }


class ArrivedField(QuantityField):
    """A quantity that may be nothing at all."""

    def read(self, text: str) -> int:
        return 0 if text.strip() in ("0", "۰", "٠") else int(super().read(text))


def goods_slips() -> ResponseReturnValue:
    """The slips that these offices wrote or that came to them, newest first."""
    who = the_person()
    before_id = request.args.get("before", type=int)
    with current.database.reading() as session:
        rows = latest_hand_overs(session, who.scope, before_id=before_id, limit=_PAGE + 1)
        older = url_for("desk.goods_slips", before=rows[_PAGE - 1].id) if len(rows) > _PAGE else ""
        return render_template(
            "desk/goods/slips.html",
            rows=[(row, slip_number(row), receiver_of(row)) for row in rows[:_PAGE]],
            older_url=older,
        )


def new_goods_slip() -> ResponseReturnValue:
    """Choose what leaves the stock of this office and who takes it."""
    who = the_person()
    with current.database.reading() as session:
        form = _slip_form(session, own_office(session, who))
        if request.method == "GET":
            return _new_page(form)
        if not form.validate():
            return _new_page(form, status=422)
    try:
        with current.database.writing() as session:
            slip = hand_goods_over(
                session,
                own_office(session, who).id,
                form.wanted(),
                form.receiver(),
                made_by_id=who.staff_member_id,
                request_key=form.request_key.data,
                now=current.now(),
            )
            return redirect(url_for("desk.goods_slip", hand_over_id=slip.id), 303)
    except Refusal as refusal:
        _blame(form, refusal)
        return _new_page(form, status=refusal.http_status)


def goods_slip(hand_over_id: int) -> ResponseReturnValue:
    """One slip on paper; whoever took the goods says here what arrived."""
    who = the_person()
    with current.database.reading() as session:
        slip = hand_over_in(session, who.scope, hand_over_id)
        form = _arrived_form(slip)
        if request.method == "GET" or not form.validate():
            return _slip_page(session, slip, form), 422 if form.errors else 200
    try:
        with current.database.writing() as session:
            acknowledge_goods(
                session,
                who.scope,
                hand_over_id,
                form.arrived(),
                received_by_id=who.staff_member_id,
                now=current.now(),
            )
    except NotFound:
        raise
    except Refusal as refusal:
        _blame_line(form, refusal)
        with current.database.reading() as session:
            slip = hand_over_in(session, who.scope, hand_over_id)
            return _slip_page(session, slip, form), refusal.http_status
    flash(_("What arrived is written down."), "success")
    return redirect(url_for("desk.goods_slip", hand_over_id=hand_over_id), 303)


def goods_back(line_id: int) -> ResponseReturnValue:
    """Let goods of one line lie again in the stock they left."""
    who = the_person()
    form = _BackForm(request.form)
    form.validate()
    with current.database.writing() as session:
        try:
            with session.begin_nested():
                slip = bring_goods_back(
                    session,
                    who.scope,
                    line_id,
                    form.quantity.value or 0,
                    reason=form.reason.data or "",
                    reversed_by_id=who.staff_member_id,
                    now=current.now(),
                )
            flash(_("The goods are back in stock."), "success")
            hand_over_id = slip.id
        except NotFound:
            raise
        except Refusal as refusal:
            flash(explain(refusal), "error")
            hand_over_id = _slip_of(session, line_id)
    return redirect(url_for("desk.goods_slip", hand_over_id=hand_over_id), 303)


class _BackForm(SpokenForm):
    """How much came back and why."""

    quantity = QuantityField(Later("Quantity"))
    reason = StringField(Later("Reason"), [at_most(TEXT_MAX)])


def _slip_form(session: Session, office: Office) -> SlipForm:
    kinds = stock_of(session, Scope(frozenset({office.id})))
    named_kinds = {_field_name(kind): kind for kind in kinds}
    fields = {name: QuantityField(Later("Quantity")) for name in named_kinds}
    form = cast("SlipForm", type("SlipFormOfStock", (SlipForm,), fields)(request.form))
    form.quantities = [(kind, cast("Any", form[name])) for name, kind in named_kinds.items()]
    form.is_beyond_stock = any(
        name.startswith(_KIND) and name not in named_kinds and text.strip()
        for name, text in request.form.items()
    )
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    offices = session.scalars(
        select(Office).where(Office.is_open, Office.id != office.id).order_by(Office.code)
    )
    form.to_office.choices = [("", "—"), *((str(row.id), named(row)) for row in offices)]
    form.to_fund.choices = {"": {"": "—"}, **fund_choices(session)}
    return form


def _field_name(kind: Stock) -> str:
    return _KIND + sha256_of(f"{kind.category_id}|{kind.kind_folded}")[:16]


def _arrived_form(slip: HandOver) -> ArrivedForm:
    fields: dict[str, Any] = {}
    for line in slip.lines:
        fields[f"quantity{line.id}"] = ArrivedField(Later("Quantity that arrived"))
        fields[f"reason{line.id}"] = StringField(
            Later("Reason for a difference"), [at_most(TEXT_MAX)]
        )
    form = cast("ArrivedForm", type("ArrivedFormOfSlip", (ArrivedForm,), fields)(request.form))
    form.lines = {
        line.id: (cast("Any", form[f"quantity{line.id}"]), cast("Any", form[f"reason{line.id}"]))
        for line in slip.lines
    }
    return form


def _blame(form: SlipForm, refusal: Refusal) -> None:
    if refusal.field and refusal.field in form:
        field = form[refusal.field]
        field.errors = (*field.errors, explain(refusal))
        return
    place = refusal.details.get("place")
    if isinstance(place, int):
        typed = [field for _kind, field in form.quantities if field.value is not None]
        if place < len(typed):
            typed[place].errors = (*typed[place].errors, explain(refusal))
            return
    form.form_errors = [explain(refusal)]


def _blame_line(form: ArrivedForm, refusal: Refusal) -> None:
    line = refusal.details.get("line")
    name = f"{'reason' if refusal.field == 'reason' else 'quantity'}{line}"
    if name in form:
        form[name].errors = (*form[name].errors, explain(refusal))
        return
    form.form_errors = [explain(refusal)]


def _slip_of(session: Session, line_id: int) -> int:
    return session.get_one(HandOverLine, line_id).hand_over_id


def _new_page(form: SlipForm, *, status: int = 200) -> ResponseReturnValue:
    return render_template("desk/goods/new_slip.html", form=form), status


def _slip_page(session: Session, slip: HandOver, form: ArrivedForm) -> str:
    who = the_person()
    acknowledgement = slip.acknowledgement
    return render_template(
        "desk/goods/slip.html",
        slip=slip,
        number=slip_number(slip),
        receiver=receiver_of(slip),
        office=named(slip.office),
        made_by=session.get_one(StaffMember, slip.made_by_id).name,
        received_by=(
            session.get_one(StaffMember, acknowledgement.received_by_id).name
            if acknowledgement
            else ""
        ),
        may_acknowledge=acknowledgement is None and may_acknowledge(who.scope, slip),
        may_take_back=who.scope.covers(slip.office_id),
        form=form,
    )


def receiver_of(slip: HandOver) -> str:
    """Who takes the goods of a slip, in the language of the page."""
    comma = ", " if spoken() == "en" else "، "
    named_ones: list[Office | Fund | None] = [slip.to_office, slip.to_fund]
    return comma.join([*(named(row) for row in named_ones if row), *filter(None, [slip.to_person])])
