"""Closing days: the days of an account, the sheet of one day, and what two persons do with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from persiantools.jdatetime import JalaliDate
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import AnyOf

from core.clock import tehran_date
from core.jalali import MONTHS, UnreadableDate, jalali_plain, parse_jalali
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.models.desk import Decision
from flows import closing
from flows.day_sheets import draw_day_sheet
from ledger.accounts import BankAccount, central_account
from offices.granting import list_staff
from offices.places import Office
from offices.staff import StaffMember
from reconciliation.day_changes import requests_of
from reconciliation.day_sheets import DayChange, DayChangeRequest, DaySheet
from reconciliation.day_shown import KIND_NAMES, ShownDay, shown_facts, shown_sheet
from reconciliation.day_views import (
    DayRow,
    DayState,
    changes_later,
    day_rows,
    first_difference,
    is_standing,
    latest_sheet,
    still_open,
    versions,
)
from reconciliation.differences_of_day import day_facts
from reconciliation.importing import account_with_number
from reconciliation.locks import closed_through
from reconciliation.reviewing import standing_line
from reconciliation.signatures import next_day
from web.fields import SpokenForm, at_most
from web.finance.statements import ReasonForm
from web.refusals import explain
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import SignedIn, the_person
from web.sign_in.stepping_up import demand_fresh_code, is_decided

_CODE_MAX = 20
_CHANGES_SHOWN = 100
_OFFICE, _PERSON = "office", "person"

STATES: Mapping[DayState, tuple[Later, str]] = {
    DayState.NO_STATEMENT: (Later("no statement"), ""),
    DayState.OPEN: (Later("to be prepared"), "new"),
    DayState.DIFFERS: (Later("differs"), "bad"),
    DayState.PREPARED: (Later("prepared"), "wait"),
    DayState.SIGNED: (Later("signed"), "good"),
}
CHANGES: Mapping[DayChange, Later] = {
    DayChange.UNDO_LINE: Later("take back what explains a row"),
    DayChange.REOPEN: Later("open the day again"),
}


class SignForm(SpokenForm):
    """The signature under a sheet; the code is asked for where the last one is not fresh."""

    sheet = HiddenField()
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


class DecisionForm(SpokenForm):
    """The decision on a change; the code is asked for where the last one is not fresh."""

    decision = HiddenField(validators=[AnyOf(list(Decision), Later("Not a valid choice."))])
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


class OwnerForm(SpokenForm):
    """Who looks after a difference: a person of finance, or an office."""

    difference = HiddenField()
    owner = SelectField(Later("Owner"))


@dataclass(frozen=True, slots=True)
class Sums:
    """What the days of a month or a year come to."""

    title: str
    url: str
    lines: int
    credits_rial: int
    debits_rial: int
    closing_rial: int
    open_lines: int
    states: Mapping[DayState, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A change somebody asked for, with the persons behind it."""

    row: DayChangeRequest
    asked_by: str
    decided_by: str


def days() -> ResponseReturnValue:
    """The days of one account in a Jalali month, or the months of a year."""
    today = tehran_date(current.now())
    with current.database.reading() as session:
        year, month = _chosen_month(today)
        account, first, last = days_asked_for(session, today)
        rows = day_rows(session, account, first, last)
        signed = closed_through(session, account.id)
        return render_template(
            "finance/days.html",
            account=account,
            accounts=session.scalars(select(BankAccount).order_by(BankAccount.number)).all(),
            year=year,
            month=month,
            month_name=_month_name(month) if month else "",
            rows=rows if month else [],
            months=[] if month else _months(account, year, rows),
            sums=_sums("", "", rows),
            first=first_difference(session, account, now=current.now()),
            next_day=next_day(session, account.id),
            signed_through=signed,
            left_open=still_open(session, account.id, signed) if signed else (0, 0),
            kinds=KIND_NAMES,
            states=STATES,
            earlier=_neighbour(year, month, -1),
            later=_neighbour(year, month, 1),
            day_url=lambda day: _day_url(account, day),
        )


def day(account: str, jalali_day: str) -> ResponseReturnValue:
    """One day: its sheet as it was prepared, or what it comes to now."""
    with current.database.reading() as session:
        return _day_page(session, *_the_day(session, account, jalali_day))


def prepare_sheet(account: str, jalali_day: str) -> ResponseReturnValue:
    """Freeze what the day comes to."""

    def prepare(session: Session, who: SignedIn, on: date) -> None:
        closing.prepare_day(
            session, account, on, prepared_by_id=who.staff_member_id, now=current.now()
        )

    done = _("The sheet was prepared. Another person signs it.")
    return _acted(account, jalali_day, prepare, done)


def sign_sheet(account: str, jalali_day: str) -> ResponseReturnValue:
    """Sign the prepared sheet of the day, with a fresh code."""
    form = SignForm(request.form)

    def sign(session: Session, who: SignedIn, _on: date) -> None:
        closing.sign_day(
            session, _number(form.sheet.data), signed_by_id=who.staff_member_id, now=current.now()
        )

    done = _("The day is signed and locked.")
    return _acted(account, jalali_day, sign, done, sign_form=form, with_code=True)


def ask_to_reopen_day(account: str, jalali_day: str) -> ResponseReturnValue:
    """Ask that the latest signed day is opened again."""
    form = ReasonForm(request.form)

    def ask(session: Session, who: SignedIn, on: date) -> None:
        sheet = latest_sheet(session, account_with_number(session, account).id, on)
        closing.ask_to_reopen(
            session,
            sheet.id if sheet else 0,
            reason=form.reason.data or "",
            asked_by_id=who.staff_member_id,
            now=current.now(),
        )

    done = _("It was asked for. Another person has to approve it.")
    return _acted(account, jalali_day, ask, done, reason_form=form)


def own_difference(account: str, jalali_day: str) -> ResponseReturnValue:
    """Say who looks after a difference."""
    form = OwnerForm(request.form)
    kind, _colon, chosen = (form.owner.data or "").partition(":")
    owner_id = _number(chosen)

    def assign(session: Session, who: SignedIn, _on: date) -> None:
        closing.assign_owner(
            session,
            _number(form.difference.data),
            owner_id=owner_id if kind == _PERSON else None,
            owner_office_id=owner_id if kind == _OFFICE else None,
            set_by_id=who.staff_member_id,
            now=current.now(),
        )

    return _acted(account, jalali_day, assign, _("The difference has its owner."))


def ask_to_undo_line(line_id: int) -> ResponseReturnValue:
    """Ask that what explains a line of a signed day is taken back."""
    form = ReasonForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                asked_id = closing.ask_to_undo(
                    session,
                    line_id,
                    reason=form.reason.data or "",
                    asked_by_id=the_person().staff_member_id,
                    now=current.now(),
                ).id
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("It was asked for. Another person has to approve it."), "success")
            return redirect(url_for("finance.day_change", request_id=asked_id), 303)
    with current.database.reading() as session:
        page = render_template(
            "finance/day_undo.html", form=form, line=standing_line(session, line_id)
        )
        return page, 422 if form.errors else 200


def day_change(request_id: int) -> ResponseReturnValue:
    """A change of a signed day that somebody asked for: approve or decline it."""
    who = the_person()
    form = DecisionForm(request.form)
    if is_decided(form, lambda: _decide(who, form, request_id)):
        return redirect(url_for("finance.day_change", request_id=request_id), 303)
    with current.database.reading() as session:
        row = session.get(DayChangeRequest, request_id)
        if row is None:
            raise NotFound(subject="day_change_request")
        account = session.get_one(BankAccount, row.sheet.bank_account_id)
        page = render_template(
            "finance/day_change.html",
            asked=_asked(session, row),
            account=account,
            day_url=_day_url(account, row.sheet.day),
            is_mine=row.asked_by_id == who.staff_member_id,
            changes=CHANGES,
            needs_code=not who.is_stepped_up,
            form=form,
        )
        return page, 422 if form.errors else 200


def day_pdf(account: str, jalali_day: str) -> ResponseReturnValue:
    """The sheet of a day as a PDF: the latest version, or the one that is asked for."""
    with current.database.reading() as session:
        register, on = _the_day(session, account, jalali_day)
        wanted = request.args.get("version", type=int)
        found = [
            sheet for sheet in versions(session, register.id, on) if wanted in (None, sheet.version)
        ]
        if not found:
            raise NotFound(subject="day_sheet")
        pdf = draw_day_sheet(session, found[0])
        name = f"{register.number}-{_in_address(on)}-{found[0].version}"
    return Response(
        pdf,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )


Act = Callable[[Session, SignedIn, date], None]


def _acted(
    account: str,
    jalali_day: str,
    act: Act,
    done: str,
    *,
    sign_form: SignForm | None = None,
    reason_form: ReasonForm | None = None,
    with_code: bool = False,
) -> ResponseReturnValue:
    """Do something about a day and show it again; a refusal stands beside what was sent."""
    who, form = the_person(), sign_form or reason_form
    if form is None or form.validate():
        try:
            with current.database.reading() as session:
                _register, on = _the_day(session, account, jalali_day)
            if with_code and sign_form is not None:
                demand_fresh_code(who, sign_form.code.data or "")
            with current.database.writing() as session:
                act(session, who, on)
        except NotFound:
            raise
        except Refusal as refusal:
            if form is None:
                flash(explain(refusal), "error")
                return redirect(url_for("finance.day", account=account, jalali_day=jalali_day), 303)
            put_beside(form, "code" if sign_form is not None else "reason", refusal)
        else:
            flash(done, "success")
            return redirect(url_for("finance.day", account=account, jalali_day=jalali_day), 303)
    with current.database.reading() as session:
        register, on = _the_day(session, account, jalali_day)
        return (
            _day_page(session, register, on, sign_form=sign_form, reason_form=reason_form),
            422,
        )


def _decide(who: SignedIn, form: DecisionForm, request_id: int) -> None:
    decision = Decision(form.decision.data or "")
    if decision is Decision.APPROVED:
        demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        closing.decide_on_change(
            session,
            request_id,
            decision,
            decided_by_id=who.staff_member_id,
            now=current.now(),
        )
    approved = decision is Decision.APPROVED
    flash(_("The change was made.") if approved else _("The request was declined."), "success")


def _day_page(
    session: Session,
    account: BankAccount,
    on: date,
    *,
    sign_form: SignForm | None = None,
    reason_form: ReasonForm | None = None,
) -> str:
    now = current.now()
    today = tehran_date(now)
    signed_through = closed_through(session, account.id)
    is_locked = signed_through is not None and on <= signed_through
    sheets = versions(session, account.id, on)
    sheet = _wanted(sheets)
    reopened = sheet is not None and sheet.signature is not None and not is_locked
    shown: ShownDay | None = None
    if sheet is not None and not (reopened and request.args.get("version") is None):
        shown = shown_sheet(session, sheet, as_of=today)
    elif on < today and not is_locked:
        facts = day_facts(session, account, on, signed_through=signed_through)
        shown = shown_facts(session, account, on, facts, as_of=today)
        sheet = None
    who = the_person()
    signature = sheet.signature if sheet is not None else None
    return render_template(
        "finance/day.html",
        account=account,
        day=on,
        shown=shown,
        sheet=sheet,
        sheets=sheets,
        signature=signature,
        stands=sheet is not None and is_standing(session, sheet),
        is_locked=is_locked,
        is_latest_signed=signed_through == on,
        is_over=on < today,
        is_latest=sheet is not None and bool(sheets) and sheet is sheets[0],
        prepared_by=_name(session, sheet.prepared_by_id) if sheet else "",
        signed_by=_name(session, signature.signed_by_id) if signature else "",
        is_mine=sheet is not None and sheet.prepared_by_id == who.staff_member_id,
        changes=(
            changes_later(session, sheet, since=signature.signed_at, limit=_CHANGES_SHOWN)
            if sheet is not None and signature is not None
            else []
        ),
        asked=[_asked(session, row) for row in requests_of(session, sheet.id)] if sheet else [],
        kinds=KIND_NAMES,
        change_names=CHANGES,
        owner_choices=_owner_choices(session) if sheet else [],
        needs_code=not who.is_stepped_up,
        sign_form=sign_form or SignForm(),
        reason_form=reason_form or ReasonForm(),
        days_url=_days_url(account, on),
        in_address=_in_address(on),
    )


def _wanted(sheets: Sequence[DaySheet]) -> DaySheet | None:
    """The version that is asked for, else the latest."""
    version = request.args.get("version", type=int)
    for sheet in sheets:
        if version in (None, sheet.version):
            return sheet
    return None


def _asked(session: Session, row: DayChangeRequest) -> Asked:
    decision = row.decision
    return Asked(
        row,
        _name(session, row.asked_by_id),
        _name(session, decision.decided_by_id) if decision else "",
    )


def _owner_choices(session: Session) -> list[tuple[str, str]]:
    people = [
        (f"{_PERSON}:{member.id}", member.name)
        for member in list_staff(session)
        if member.is_active
    ]
    offices = [
        (f"{_OFFICE}:{office.id}", office.name_fa)
        for office in session.scalars(select(Office).order_by(Office.code))
    ]
    return [*people, *offices]


def _the_day(session: Session, account: str, jalali_day: str) -> tuple[BankAccount, date]:
    """The account and the day of an address. Raises NotFound."""
    register = session.scalars(
        select(BankAccount).where(BankAccount.number == account)
    ).one_or_none()
    try:
        on = parse_jalali(jalali_day)
    except UnreadableDate as refusal:
        raise NotFound(subject="day") from refusal
    if register is None:
        raise NotFound(subject="bank_account")
    return register, on


def days_asked_for(session: Session, today: date) -> tuple[BankAccount, date, date]:
    """The account and the first and last day that the address names. Raises NotFound."""
    return _chosen_account(session), *_span(*_chosen_month(today))


def _chosen_account(session: Session) -> BankAccount:
    number = request.args.get("account")
    return account_with_number(session, number) if number else central_account(session)


def _chosen_month(today: date) -> tuple[int, int]:
    """The Jalali year and month asked for; month 0 is the whole year."""
    now = JalaliDate(today)
    year = request.args.get("year", now.year, type=int)
    month = request.args.get("month", 0 if "year" in request.args else now.month, type=int)
    if not (1300 <= year <= 1498 and 0 <= month <= 12):
        raise NotFound(subject="month")
    return year, month


def _span(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a Jalali month, or of a year."""
    first = _gregorian(year, month or 1)
    following = _gregorian(year + 1, 1) if month in (0, 12) else _gregorian(year, month + 1)
    return first, following - timedelta(days=1)


def _gregorian(year: int, month: int) -> date:
    found = JalaliDate(year, month, 1).to_gregorian()
    return date(found.year, found.month, found.day)


def _neighbour(year: int, month: int, step: int) -> Mapping[str, int]:
    if not month:
        return {"year": year + step}
    place = year * 12 + month - 1 + step
    return {"year": place // 12, "month": place % 12 + 1}


def _months(account: BankAccount, year: int, rows: Sequence[DayRow]) -> list[Sums]:
    """The months of a year, each with its sums."""
    return [
        _sums(
            _month_name(month),
            url_for("finance.days", account=account.number, year=year, month=month),
            [row for row in rows if _span(year, month)[0] <= row.day <= _span(year, month)[1]],
        )
        for month in range(1, 13)
    ]


def _sums(title: str, url: str, rows: Sequence[DayRow]) -> Sums:
    return Sums(
        title=title,
        url=url,
        lines=sum(row.lines for row in rows),
        credits_rial=sum(row.credits_rial for row in rows),
        debits_rial=sum(row.debits_rial for row in rows),
        closing_rial=rows[-1].closing_rial,
        open_lines=sum(row.open_lines for row in rows),
        states={state: sum(row.state is state for row in rows) for state in DayState},
    )


def _month_name(month: int) -> str:
    return MONTHS[month - 1]


def _in_address(on: date) -> str:
    return jalali_plain(on).replace("/", "-")


def _day_url(account: BankAccount, on: date) -> str:
    return url_for("finance.day", account=account.number, jalali_day=_in_address(on))


def _days_url(account: BankAccount, on: date) -> str:
    jalali = JalaliDate(on)
    return url_for("finance.days", account=account.number, year=jalali.year, month=jalali.month)


def _name(session: Session, staff_member_id: int) -> str:
    member = session.get(StaffMember, staff_member_id)
    return member.name if member else ""


def _number(text: str | None) -> int:
    """The number a hidden field carries; 0, which is nobody's, for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0
