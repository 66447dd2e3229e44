"""Which files can be read, and naming the columns of tables whose headings are not known.

A sample is looked at, a column chosen for each field, the choice tried on the sample and saved.
The sample travels in the form: nothing of it is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import FileField, HiddenField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from core.clock import tehran_date
from core.refusals import Refusal
from core.uploads import on_disk
from core.words import Later, _, spoken
from ledger.accounts import BankAccount
from ledger.terminals import Terminal
from offices.audit import note
from offices.staff import StaffMember
from reconciliation.mappings import ColumnMapping, checked_columns, newest_mappings, save_mapping
from reconciliation.parsing_tables import parsed_sample, tried_columns
from reconciliation.sampling import Sample, SampleTooLarge, Trial, TriedRow, sample_of_text
from reconciliation.statements.day_forms import USUAL, DayCalendar, DayForm, DayOrder
from reconciliation.statements.doors import visit_all
from reconciliation.statements.fields import FIELD_SETS, Purpose
from web.fields import SpokenForm, at_most
from web.filters import day, digits, rial
from web.finance.adapters import apart
from web.refusals import explain
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_SAMPLE_BYTES_MAX = 1 << 20
_SAMPLE_TEXT_MAX = 200_000
_NOT_THERE = ""
_COLUMN = "column_"  # before the name of a field, in the form

FIELDS: Mapping[str, Later] = {
    "day": Later("Day"),
    "clock": Later("Time of day"),
    "credit": Later("Credit"),
    "debit": Later("Debit"),
    "amount": Later("Amount"),
    "direction": Later("Credit or debit, in words"),
    "balance": Later("Balance after the row"),
    "description": Later("Description"),
    "payer": Later("Payer"),
    "reference": Later("Reference of the bank"),
    "deposit_id": Later("Deposit id"),
    "branch": Later("Branch"),
    "currency": Later("Currency"),
    "kind": Later("Kind of row"),
    "terminal": Later("Terminal"),
    "order_number": Later("Order number"),
    "fee": Later("Fee"),
    "net": Later("Net amount"),
    "card": Later("Card"),
    "paid_on": Later("Day of the pay-out"),
    "cycle": Later("Clearing cycle"),
}
PURPOSES: Mapping[Purpose, Later] = {
    Purpose.STATEMENT: Later("Statements of account %(name)s"),
    Purpose.SETTLEMENT_REPORT: Later("Settlement reports of %(name)s"),
}


DAY_ORDERS: Mapping[DayOrder, Later] = {
    DayOrder.YEAR_FIRST: Later("year, month, day"),
    DayOrder.DAY_FIRST: Later("day, month, year"),
    DayOrder.MONTH_FIRST: Later("month, day, year"),
}
CALENDARS: Mapping[str, Later] = {
    "": Later("years have four digits"),
    DayCalendar.JALALI: Later("Solar Hijri"),
    DayCalendar.GREGORIAN: Later("Gregorian"),
}


class SampleForm(SpokenForm):
    """What the table is of, and a file to look at."""

    of = SelectField(Later("What the table is of"))
    file = FileField(Later("A file as it is exported, a few rows are enough"))
    sample = HiddenField(validators=[at_most(_SAMPLE_TEXT_MAX)])


class DayFormFields(SpokenForm):
    """How the days of the table are written."""

    day_order = SelectField(
        Later("Order in a date"),
        choices=[*map(SelectChoice, DAY_ORDERS, DAY_ORDERS.values())],
        default=USUAL.order.value,
    )
    calendar = SelectField(
        Later("Calendar of years that have two digits"),
        choices=[*map(SelectChoice, CALENDARS, CALENDARS.values())],
        default="",
    )


@dataclass(frozen=True, slots=True)
class FormatRow:
    """One reader as the page shows it."""

    name: str
    package: str
    refusal: str


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One mapping that holds, as the page shows it."""

    mapping: ColumnMapping
    of: str
    columns: Sequence[tuple[str, str]]
    days: Sequence[str]
    created_by: str


def mappings() -> ResponseReturnValue:
    """What can be read, what was named so far, and a form to name more."""
    form = SampleForm(request.form)
    with current.database.reading() as session:
        form.of.choices = _subjects(session)
    sample, chosen, trial = None, None, None
    if request.method == "POST" and form.validate():
        try:
            sample = _sample(form)
            chosen = _column_form(sample, _purpose(form), with_guess="look" in request.form)
            if "look" not in request.form and chosen.validate():
                columns = checked_columns(_purpose(form), _columns(chosen))
                trial = tried_columns(sample, _purpose(form), columns, _days(chosen))
                if "save" in request.form and trial.refusal is None:
                    _save(form, columns, _days(chosen))
                    flash(_("The columns are named; the next file is read by them."), "success")
                    return redirect(url_for("finance.mappings"), 303)
        except Refusal as refusal:
            put_beside(form, "file", refusal)
    is_refused = (
        bool(form.errors)
        or bool(chosen and chosen.errors)
        or (trial is not None and trial.refusal is not None)
    )
    return _page(form, sample, chosen, trial), 422 if is_refused else 200


def _sample(form: SampleForm) -> Sample:
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        with upload.stream as stream:
            taken = stream.read(_SAMPLE_BYTES_MAX + 1)
        if len(taken) > _SAMPLE_BYTES_MAX:
            raise SampleTooLarge
        with on_disk(taken) as file:
            return parsed_sample(file)
    return sample_of_text(form.sample.data or "")


def _subjects(session: Session) -> list[SelectChoice]:
    """Everything that a table may be of: each account, each terminal."""
    accounts = session.execute(select(BankAccount.id, BankAccount.number).order_by(BankAccount.id))
    terminals = session.execute(select(Terminal.id, Terminal.name).order_by(Terminal.name))
    return [
        SelectChoice(f"{purpose}:{id_}", _said(purpose, name), render_kw=shown)
        for purpose, rows, shown in (
            (Purpose.STATEMENT, accounts, {}),
            (Purpose.SETTLEMENT_REPORT, terminals, {"dir": "ltr"}),  # their names are Latin
        )
        for id_, name in rows
    ]


def _said(purpose: Purpose, name: str) -> str:
    shown = digits(name) if name.isdecimal() else name
    return str(PURPOSES[purpose]) % {"name": shown}


def _purpose(form: SampleForm) -> Purpose:
    return Purpose((form.of.data or "").partition(":")[0])


def _column_form(sample: Sample, purpose: Purpose, *, with_guess: bool) -> Any:
    """A form with one choice of a column for each field, and how days are written."""
    named = dict.fromkeys(heading for heading in sample.headings if heading)
    choices = [SelectChoice(_NOT_THERE, _("not in the file")), *map(SelectChoice, named, named)]
    fields = {
        _COLUMN + name: SelectField(FIELDS[name], choices=choices, default=_NOT_THERE)
        for name in FIELD_SETS[purpose].headings
    }
    form_class = type("ColumnForm", (DayFormFields,), fields)
    if not with_guess:
        return form_class(request.form)
    guessed = sample.guess(purpose)
    return form_class(data={_COLUMN + name: heading for name, heading in guessed.items()})


def _columns(chosen: Any) -> dict[str, str]:
    return {
        field.name.removeprefix(_COLUMN): field.data
        for field in chosen
        if field.data and field.name.startswith(_COLUMN)
    }


def _days(chosen: Any) -> DayForm:
    return DayForm.of(chosen.day_order.data, chosen.calendar.data)


def _save(form: SampleForm, columns: Mapping[str, str], days: DayForm) -> None:
    purpose, now = _purpose(form), current.now()
    subject_id = int((form.of.data or "").partition(":")[2])
    staff_id = the_person().staff_member_id
    with current.database.writing() as session:
        terminal = (
            session.get_one(Terminal, subject_id) if purpose is not Purpose.STATEMENT else None
        )
        mapping = save_mapping(
            session,
            terminal.bank_account_id if terminal else subject_id,
            purpose,
            columns,
            terminal_id=terminal.id if terminal else None,
            days=days,
            valid_from=tehran_date(now),
            created_by_id=staff_id,
            now=now,
        )
        note(
            session,
            "mapping.save",
            subject="column_mapping",
            subject_id=mapping.id,
            now=now,
            actor_id=staff_id,
        )


def _page(form: SampleForm, sample: Sample | None, chosen: Any, trial: Trial | None) -> str:
    if sample is not None:
        form.sample.data = sample.text
    with current.database.reading() as session:
        rows = [_row(session, mapping) for mapping in newest_mappings(session)]
    return render_template(
        "finance/mappings.html",
        form=form,
        sample=sample,
        chosen=chosen,
        trial=None if trial is None else [_shown(row) for row in trial.rows],
        trial_refusal=explain(trial.refusal) if trial and trial.refusal else "",
        formats=[
            FormatRow(
                each.door.slug,
                f"{each.door.package} {each.door.version}",
                apart(each.refusal.told(spoken())) if each.refusal else "",
            )
            for each in visit_all()
        ],
        rows=rows,
    )


def _row(session: Session, mapping: ColumnMapping) -> MappingRow:
    if mapping.terminal_id is None:
        name = session.get_one(BankAccount, mapping.bank_account_id).number
    else:
        name = session.get_one(Terminal, mapping.terminal_id).name
    return MappingRow(
        mapping,
        _said(mapping.purpose, name),
        [(str(FIELDS[field]), heading) for field, heading in mapping.columns.items()],
        _days_said(mapping.days),
        session.get_one(StaffMember, mapping.created_by_id).name,
    )


def _days_said(days: DayForm) -> list[str]:
    """How a mapping's days are written, in words; nothing where every date begins with its year."""
    if days == USUAL:
        return []
    return [str(DAY_ORDERS[days.order]), str(CALENDARS[days.calendar or ""])]


def _shown(row: TriedRow) -> list[tuple[str, str]]:
    """A row of the sample as it was read: what people look at, with its names."""
    said = {
        "day": day(row.day),
        **{field: rial(amount) for field, amount in row.rials.items()},
        **{field: digits(text) for field, text in row.texts.items()},
    }
    return [(str(FIELDS[field]), text) for field, text in said.items()]
