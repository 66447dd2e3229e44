"""Needs at the desk: what these offices ask for, publishing one, changing and closing it."""

import secrets
from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from donations.goods.needs import (
    TITLE_MAX,
    UNIT_MAX,
    GoodsWanted,
    HoursWanted,
    need_in,
    needs_in,
    publish_need,
)
from donations.goods.offering import offers_for
from donations.models.fund import MOST_NEEDED
from donations.models.goods_offer import ShareStep
from donations.models.need import Need, NeedKind
from donations.models.volunteer import Skill
from donations.pledging import TEXT_MAX
from donations.volunteers.finding import open_skills
from flows.offers import ask_for_more_or_less, close_need_for_all
from offices.granting import Permission
from offices.places import Office
from web.desk.found_form import categories_to_choose
from web.desk.here import fund_choices, named
from web.fields import HoursField, QuantityField, SpokenForm, at_most, printed
from web.numbers import read_id
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person

_PAGE = 50
_KEY_MAX = 40
_WRITE = Later("Please fill this in.")
KINDS: Mapping[str, Later] = {
    NeedKind.GOODS: Later("Goods"),
    NeedKind.HOURS: Later("Hours of work"),
}
SHARES = {
    ShareStep.RESERVED: Later("kept for the donor"),
    ShareStep.WAITING: Later("on the waiting list"),
    ShareStep.RECEIVED: Later("received"),
    ShareStep.GIVEN_UP: Later("given up"),
    ShareStep.NEED_CLOSED: Later("the need was closed"),
}


class NeedForm(SpokenForm):
    """What is asked for, where and for what purpose."""

    request_key = HiddenField(validators=[at_most(_KEY_MAX)])
    office = SelectField(Later("Office"), validate_choice=False)
    fund = SelectField(Later("Purpose"), validate_choice=False)
    kind = RadioField(Later("Kind"), choices=dict(KINDS), default=NeedKind.GOODS)
    title = StringField(
        Later("What is needed"), [InputRequired(_WRITE), at_most(TITLE_MAX), printed]
    )
    details = TextAreaField(Later("More about it"), [at_most(TEXT_MAX)])
    category = SelectField(Later("Category"), choices=categories_to_choose)
    quantity = QuantityField(Later("Quantity"))
    unit = StringField(Later("Unit"), [at_most(UNIT_MAX), printed])
    skill = SelectField(Later("Skill"), validate_choice=False)
    hours = HoursField(Later("Hours"))

    skills: Mapping[str, Skill]

    def validate(self, extra_validators: object = None) -> bool:
        """Check every field, then those that the kind needs."""
        is_fine = super().validate()
        is_goods = self.kind.data == NeedKind.GOODS
        for field in (
            (self.category, self.quantity, self.unit) if is_goods else (self.skill, self.hours)
        ):
            if not (field.data or "").strip():
                field.errors = (*field.errors, str(_WRITE))
                is_fine = False
        return is_fine

    def wanted(self) -> GoodsWanted | HoursWanted:
        """What is asked for."""
        if self.kind.data == NeedKind.GOODS:
            return GoodsWanted(
                self.category.data or "", self.unit.data or "", self.quantity.value or 0
            )
        skill = self.skills.get(self.skill.data or "")
        return HoursWanted(
            skill.name_fa if skill else "",
            self.hours.value or 0,
            skill.licence_service_id if skill else None,
        )


class ChangeForm(SpokenForm):
    """Asking for more or less, or for nothing more; each with its reason."""

    quantity = QuantityField(Later("Asked for from now on"))
    reason = StringField(Later("Reason"), [InputRequired(_WRITE), at_most(TEXT_MAX)])


def needs() -> ResponseReturnValue:
    """What the offices of this person ask for, newest first."""
    who = the_person()
    before_id = request.args.get("before", type=int)
    statement = needs_in(who.scope).order_by(Need.id.desc()).limit(_PAGE + 1)
    if before_id is not None:
        statement = statement.where(Need.id < before_id)
    with current.database.reading() as session:
        rows = session.scalars(statement).all()
        older = url_for("desk.needs", before=rows[_PAGE - 1].id) if len(rows) > _PAGE else ""
        return render_template(
            "desk/goods/needs.html",
            rows=rows[:_PAGE],
            older_url=older,
            may_act=Permission.PUBLISH_NEEDS in who.permissions,
        )


def new_need() -> ResponseReturnValue:
    """Publish something that is needed."""
    who = the_person()
    with current.database.reading() as session:
        form = _form(session)
        if request.method == "GET":
            return _new_page(form)
        if not form.validate():
            return _new_page(form, status=422)
    try:
        with current.database.writing() as session:
            made = publish_need(
                session,
                who.scope,
                form.wanted(),
                office_id=read_id(form.office.data or ""),
                fund=form.fund.data or "",
                title=form.title.data or "",
                details=form.details.data or "",
                published_by_id=who.staff_member_id,
                request_key=form.request_key.data,
                now=current.now(),
            )
            flash(_("The need is published."), "success")
            return redirect(url_for("desk.need", need_id=made.id), 303)
    except NotFound:
        raise
    except Refusal as refusal:
        name = str(refusal.details.get("name") or refusal.field or "title")
        field = form[name] if name in form else form.title  # noqa: SIM401  a form has no get
        field.errors = (*field.errors, explain(refusal))
        return _new_page(form, status=refusal.http_status)


def need(need_id: int) -> ResponseReturnValue:
    """One need with what was offered for it; ask for more or less, or close it."""
    who = the_person()
    form = ChangeForm(request.form)
    with current.database.reading() as session:
        row = need_in(session, who.scope, need_id)
        if request.method == "GET" or not form.validate():
            return _page(session, row, form), 422 if form.errors else 200
    try:
        _change(form, need_id)
    except NotFound:
        raise
    except Refusal as refusal:
        field = form.quantity if refusal.field == "quantity" else form.reason
        field.errors = (*field.errors, explain(refusal))
        with current.database.reading() as session:
            row = need_in(session, who.scope, need_id)
            return _page(session, row, form), refusal.http_status
    return redirect(url_for("desk.need", need_id=need_id), 303)


def _change(form: ChangeForm, need_id: int) -> None:
    who = the_person()
    with current.database.writing() as session:
        if request.form.get("do") == "close":
            close_need_for_all(
                session,
                who.scope,
                need_id,
                reason=form.reason.data or "",
                closed_by_id=who.staff_member_id,
                now=current.now(),
            )
            flash(_("The need is closed."), "success")
            return
        ask_for_more_or_less(
            session,
            who.scope,
            need_id,
            form.quantity.value or 0,
            reason=form.reason.data or "",
            asked_by_id=who.staff_member_id,
            now=current.now(),
        )
        flash(_("The need is changed; whoever waits has moved up."), "success")


def _form(session: Session) -> NeedForm:
    who = the_person()
    form = NeedForm(request.form)
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    offices = session.scalars(
        select(Office)
        .where(Office.is_open, who.scope.narrow(Office.id))
        .order_by((Office.id == who.office_id).desc(), Office.code)
    )
    form.office.choices = [(str(row.id), named(row)) for row in offices]
    funds = fund_choices(session)
    form.fund.choices = {
        heading: {code: name for code, name in below.items() if code != MOST_NEEDED}
        for heading, below in funds.items()
    }
    form.skills = {row.code: row for row in open_skills(session)}
    form.skill.choices = [("", "—"), *((code, _skill(row)) for code, row in form.skills.items())]
    return form


def _skill(row: Skill) -> str:
    return row.name_en if spoken() == "en" else row.name_fa


def _new_page(form: NeedForm, *, status: int = 200) -> ResponseReturnValue:
    return render_template("desk/goods/new_need.html", form=form), status


def _page(session: Session, row: Need, form: ChangeForm) -> str:
    offers = [
        (share.item.pledge.tracking_code, share.item, str(SHARES[share.step]))
        for share in offers_for(session, row.id)
    ]
    return render_template(
        "desk/goods/need.html",
        need=row,
        offers=offers,
        form=form,
        may_act=Permission.PUBLISH_NEEDS in the_person().permissions,
    )
