"""The offices: which there are, what each was called when, and opening, moving, closing one."""

from collections.abc import Callable, Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField

from core.clock import tehran_date
from core.jalali import jalali_plain
from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from flows.lists.columns import ListKind
from flows.office_changes import close_emptied_office
from offices.changing import (
    NAME_MAX,
    REASON_MAX,
    Change,
    NewOffice,
    facts_of_office,
    move_centre,
    office_in,
    offices_in,
    open_office,
    rename_office,
)
from offices.granting import Permission
from offices.limits import TooManyTries
from offices.places import ONLINE_OFFICE_CODE, Office, OfficeChange, OfficeKind, Province
from offices.scope import EVERYWHERE
from offices.signing_in import WrongCode
from offices.staff import StaffMember
from web.desk.lists.uploading import handed_in_list, list_template
from web.fields import DayField, SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import SignedIn, the_person
from web.sign_in.stepping_up import demand_fresh_code

_CODE_MAX = 20
KINDS: Mapping[OfficeKind, Later] = {
    OfficeKind.HEADQUARTERS: Later("headquarters"),
    OfficeKind.DESK: Later("desk"),
    OfficeKind.CENTRE: Later("centre"),
}
CHANGES: Mapping[OfficeChange, Later] = {
    OfficeChange.OPENED: Later("opened"),
    OfficeChange.RENAMED: Later("renamed"),
    OfficeChange.MOVED: Later("moved"),
    OfficeChange.CLOSED: Later("closed"),
}
ACTS: Mapping[OfficeChange, Later] = {
    OfficeChange.RENAMED: Later("It is renamed"),
    OfficeChange.MOVED: Later("It belongs to another desk"),
    OfficeChange.CLOSED: Later("It is closed"),
}


class _OfficeForm(SpokenForm):
    """What every change of an office needs: from when on, why, and a fresh code."""

    valid_from = DayField(Later("From this day on"))
    reason = TextAreaField(Later("Reason"), [at_most(REASON_MAX)])
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])

    def change(self, who: SignedIn) -> Change:
        """The change that was typed; today, where no day was."""
        now = current.now()
        return Change(
            valid_from=self.valid_from.value or tehran_date(now),
            reason=self.reason.data or "",
            by_id=who.staff_member_id,
            now=now,
        )

    def refuse(self, refusal: Refusal, otherwise: str) -> None:
        """Show why nothing was changed, beside the field it is about."""
        is_code = isinstance(refusal, WrongCode | TooManyTries)
        name = str(refusal.details.get("field") or refusal.field or otherwise)
        put_beside(self, "code" if is_code else name if name in self else otherwise, refusal)


class NewOfficeForm(_OfficeForm):
    """A desk of a province, or a centre below a desk."""

    kind = RadioField(Later("Kind"), default=OfficeKind.CENTRE)
    name_fa = StringField(Later("Name in Persian"), [at_most(NAME_MAX)])
    name_en = StringField(Later("Name in English"), [at_most(NAME_MAX)])
    province = SelectField(Later("Province, for a desk"), validate_choice=False)
    parent = SelectField(Later("Desk above, for a centre"), validate_choice=False)
    is_partner = BooleanField(Later("A partner centre: it receives gifts by itself"))

    def office(self) -> NewOffice:
        """What was typed; of province and desk only the one that the kind needs."""
        is_centre = self.kind.data == OfficeKind.CENTRE
        return NewOffice(
            name_fa=self.name_fa.data or "",
            name_en=self.name_en.data or "",
            province="" if is_centre else self.province.data or "",
            parent=(self.parent.data or ONLINE_OFFICE_CODE) if is_centre else "",
            is_partner=is_centre and bool(self.is_partner.data),
        )


class OfficeForm(_OfficeForm):
    """One of the three things that happen to an office."""

    change_kind = RadioField(Later("What happens"), default=OfficeChange.RENAMED)
    name_fa = StringField(Later("Name in Persian"), [at_most(NAME_MAX)])
    name_en = StringField(Later("Name in English"), [at_most(NAME_MAX)])
    parent = SelectField(Later("Desk above"), validate_choice=False)


def offices() -> ResponseReturnValue:
    """The offices of one's scope, each desk with its centres below it."""
    who = the_person()
    with current.database.reading() as session:
        return render_template(
            "headquarters/offices.html",
            rows=offices_in(session, who.scope),
            kinds=KINDS,
            is_english=spoken() == "en",
            may_manage=Permission.MANAGE_OFFICES in who.permissions,
        )


def new_office() -> ResponseReturnValue:
    """Open a desk or a centre."""
    who = the_person()
    form = NewOfficeForm(request.form)
    with current.database.reading() as session:
        _offer(session, form)
    if request.method == "POST" and form.validate():
        try:
            demand_fresh_code(who, form.code.data or "")
            with current.database.writing() as session:
                made = open_office(session, form.office(), form.change(who))
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal, "name_fa")
        else:
            flash(_("The office is open."), "success")
            return redirect(url_for("headquarters.office", office_code=made.code), 303)
    _fill_in_today(form)
    page = render_template(
        "headquarters/office_new.html",
        form=form,
        needs_code=not who.is_stepped_up,
        may_manage=Permission.MANAGE_OFFICES in who.permissions,
    )
    return page, 422 if form.errors else 200


def office(office_code: str) -> ResponseReturnValue:
    """One office: what it was called when; rename, move or close it."""
    who = the_person()
    form = OfficeForm(request.form)
    form.change_kind.choices = [(kind, str(words)) for kind, words in ACTS.items()]
    if request.method == "POST" and form.validate():
        try:
            demand_fresh_code(who, form.code.data or "")
            with current.database.writing() as session:
                row = office_in(session, who.scope, office_code)
                _ACT[OfficeChange(form.change_kind.data or "")](session, row, form, who)
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal, "reason")
        else:
            flash(_("The office was changed."), "success")
            return redirect(url_for("headquarters.office", office_code=office_code), 303)
    with current.database.reading() as session:
        row = office_in(session, who.scope, office_code)
        facts = facts_of_office(session, row.id)
        form.parent.choices = [
            (desk.code, _named(desk)) for desk in _desks(session) if _may_stand_above(desk, row)
        ]
        _fill_in_today(form)
        if form.change_kind.data != OfficeChange.RENAMED:
            form.name_fa.data, form.name_en.data = row.name_fa, row.name_en
        page = render_template(
            "headquarters/office.html",
            office=row,
            name=_named(row),
            facts=[(fact, _name(session, fact.changed_by_id)) for fact in facts],
            above=_named(row.centre.parent) if row.centre else "",
            kinds=KINDS,
            changes=CHANGES,
            form=form,
            needs_code=not who.is_stepped_up,
            may_manage=Permission.MANAGE_OFFICES in who.permissions
            and row.is_open
            and row.code != ONLINE_OFFICE_CODE,
            is_english=spoken() == "en",
        )
        return page, 422 if form.errors else 200


def offices_upload() -> ResponseReturnValue:
    """Open several offices by a table, after a fresh code as for one."""
    return handed_in_list(
        ListKind.OFFICES,
        done_url=url_for("headquarters.offices"),
        template_url=url_for("headquarters.offices_template"),
        asks_code=True,
    )


def offices_template() -> ResponseReturnValue:
    """The empty table."""
    return list_template(ListKind.OFFICES)


def _rename(session: Session, row: Office, form: OfficeForm, who: SignedIn) -> None:
    rename_office(
        session,
        row.id,
        name_fa=form.name_fa.data or "",
        name_en=form.name_en.data or "",
        change=form.change(who),
    )


def _move(session: Session, row: Office, form: OfficeForm, who: SignedIn) -> None:
    move_centre(session, row.id, parent=form.parent.data or "", change=form.change(who))


def _close(session: Session, row: Office, form: OfficeForm, who: SignedIn) -> None:
    close_emptied_office(session, row.id, change=form.change(who))


_ACT: Mapping[OfficeChange, Callable[[Session, Office, OfficeForm, SignedIn], None]] = {
    OfficeChange.RENAMED: _rename,
    OfficeChange.MOVED: _move,
    OfficeChange.CLOSED: _close,
}


def _offer(session: Session, form: NewOfficeForm) -> None:
    form.kind.choices = [(k, str(KINDS[k])) for k in (OfficeKind.CENTRE, OfficeKind.DESK)]
    provinces = session.scalars(select(Province).order_by(Province.code))
    form.province.choices = [
        (row.code, row.name_en if spoken() == "en" else row.name_fa) for row in provinces
    ]
    form.parent.choices = [(desk.code, _named(desk)) for desk in _desks(session)]


def _desks(session: Session) -> list[Office]:
    return [
        row
        for row in offices_in(session, EVERYWHERE)
        if row.kind is OfficeKind.DESK and row.is_open
    ]


def _may_stand_above(desk: Office, row: Office) -> bool:
    return (
        row.centre is not None
        and desk.province_id == row.province_id
        and desk.id != row.centre.parent_id
    )


def _fill_in_today(form: _OfficeForm) -> None:
    if not form.valid_from.data:
        form.valid_from.data = jalali_plain(tehran_date(current.now()))


def _named(row: Office) -> str:
    return row.name_en if spoken() == "en" else row.name_fa


def _name(session: Session, staff_member_id: int | None) -> str:
    return session.get_one(StaffMember, staff_member_id).name if staff_member_id else ""
