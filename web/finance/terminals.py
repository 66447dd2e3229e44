"""Terminals and what their contracts say from a day on: fees, netting, window, cycles."""

import re
from dataclasses import dataclass
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import RadioField
from wtforms.validators import InputRequired

from core.digits import normalise
from core.refusals import NotFound
from core.words import Later, _
from ledger.terminals import (
    Netting,
    Terminal,
    TerminalTerms,
    TermsUnusable,
    enter_terms,
    terms_of,
)
from offices.audit import note
from reconciliation.cycles import CycleSet, CyclesUnusable, cycle_sets, enter_cycles
from reconciliation.expected import DAY_END
from web.fields import DayField, ReadField, SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

NETTING = {
    Netting.NETTED: Later("taken from the pay-out"),
    Netting.APART: Later("booked as a row of its own"),
    Netting.EXEMPT: Later("none"),
}
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_FIGURE = re.compile(r"[0-9]{1,12}")
_TIMES_MAX = 200


class FigureField(ReadField):
    """A whole number that may be zero."""

    value: int | None

    def read(self, text: str) -> int:
        plain = normalise(text).replace(",", "").replace("٬", "")
        if not _FIGURE.fullmatch(plain):
            raise TermsUnusable
        return int(plain)


class ClocksField(ReadField):
    """Times of day, such as 03:45 09:45; 24:00 is the end of the day. As minutes, in order."""

    value: tuple[int, ...] | None

    def read(self, text: str) -> tuple[int, ...]:
        minutes = []
        for word in re.split(r"[\s,،؛;]+", normalise(text)):
            found = _CLOCK.fullmatch(word)
            minute = int(found[1]) * 60 + int(found[2]) if found else 0
            if found is None or int(found[2]) > 59 or not 0 < minute <= DAY_END:
                raise CyclesUnusable
            minutes.append(minute)
        return tuple(sorted(minutes))


class TermsForm(SpokenForm):
    """The terms of one terminal from a day on."""

    valid_from = DayField(
        Later("Holds from"), [InputRequired(Later("Write the day, for example 1405/07/21."))]
    )
    netting = RadioField(
        Later("Fee of the bank"), choices={kind.value: text for kind, text in NETTING.items()}
    )
    floor = FigureField(Later("At least, in rials a payment"), [InputRequired(), at_most(20)])
    rate = FigureField(Later("Share, in 10,000"), [InputRequired(), at_most(20)])
    cap = FigureField(Later("At most, in rials a payment"), [InputRequired(), at_most(20)])
    within = FigureField(Later("Paid out within, in working days"), [InputRequired(), at_most(20)])


class CyclesForm(SpokenForm):
    """The cut-offs of one terminal, or of all, from a day on."""

    cycles_from = DayField(
        Later("Cycles hold from"), [InputRequired(Later("Write the day, for example 1405/07/21."))]
    )
    working = ClocksField(Later("Cut-offs on working days"), [InputRequired(), at_most(_TIMES_MAX)])
    holiday = ClocksField(Later("Cut-offs on holidays"), [at_most(_TIMES_MAX)])


@dataclass(frozen=True, slots=True)
class TerminalRow:
    """A terminal with the terms that hold, and its own cycles, the latest first."""

    terminal: Terminal
    terms: TerminalTerms | None
    cycles: CycleSet | None


def terminals() -> ResponseReturnValue:
    """Every terminal with what holds today, and a form for the cycles of all."""
    with current.database.reading() as session:
        return _all_page(session, CyclesForm())


def enter_common_cycles() -> ResponseReturnValue:
    """Enter new cycles for every terminal that has none of its own."""
    form = CyclesForm(request.form)
    if _are_cycles_entered(form, None):
        return redirect(url_for("finance.terminals"), 303)
    with current.database.reading() as session:
        return _all_page(session, form), 422


def terminal_terms(terminal_id: int) -> ResponseReturnValue:
    """The terms and cycles of a terminal since the first, and forms for new ones."""
    with current.database.reading() as session:
        return _page(session, terminal_id, TermsForm(), CyclesForm())


def enter_terminal_terms(terminal_id: int) -> ResponseReturnValue:
    """Enter new terms of a terminal."""
    form = TermsForm(request.form)
    if form.validate():
        try:
            with current.database.writing() as session:
                _enter_terms(session, terminal_id, form)
        except TermsUnusable as refusal:
            put_beside(form, "valid_from", refusal)
        else:
            flash(_("The terms are entered; the next run counts by them."), "success")
            return redirect(_address(terminal_id), 303)
    with current.database.reading() as session:
        return _page(session, terminal_id, form, CyclesForm()), 422


def enter_terminal_cycles(terminal_id: int) -> ResponseReturnValue:
    """Enter new cycles of a terminal."""
    form = CyclesForm(request.form)
    if _are_cycles_entered(form, terminal_id):
        return redirect(_address(terminal_id), 303)
    with current.database.reading() as session:
        return _page(session, terminal_id, TermsForm(), form), 422


def _are_cycles_entered(form: CyclesForm, terminal_id: int | None) -> bool:
    """Enter what was typed, for a terminal or for all; what is wrong stands beside its field."""
    if not form.validate():
        return False
    try:
        with current.database.writing() as session:
            _enter_cycles(session, terminal_id, form)
    except CyclesUnusable as refusal:
        put_beside(form, "working", refusal)
        return False
    flash(_("The cycles are entered; the next run counts by them."), "success")
    return True


def _enter_terms(session: Session, terminal_id: int, form: TermsForm) -> None:
    terminal = _terminal(session, terminal_id)
    terms = TerminalTerms(
        terminal_id=terminal.id,
        valid_from=_day(form.valid_from),
        netting=Netting(form.netting.data),
        fee_floor_rial=form.floor.value or 0,
        fee_per_ten_thousand=form.rate.value or 0,
        fee_cap_rial=form.cap.value or 0,
        settles_within_days=form.within.value or 0,
    )
    enter_terms(session, terms)
    note(
        session, "terminal.terms", subject="terminal", subject_id=terminal.id, now=current.now(),
        actor_id=the_person().staff_member_id, valid_from=terms.valid_from.isoformat(),
        netting=terms.netting.value, floor_rial=terms.fee_floor_rial,
        per_ten_thousand=terms.fee_per_ten_thousand, cap_rial=terms.fee_cap_rial,
        within_days=terms.settles_within_days,
    )  # fmt: skip


def _enter_cycles(session: Session, terminal_id: int | None, form: CyclesForm) -> None:
    who = the_person().staff_member_id
    of_terminal = None if terminal_id is None else _terminal(session, terminal_id).id
    cycles = CycleSet(
        of_terminal, _day(form.cycles_from), form.working.value or (), form.holiday.value or ()
    )
    enter_cycles(session, cycles, entered_by_id=who, now=current.now())
    note(
        session, "terminal.cycles", subject="terminal", subject_id=of_terminal, now=current.now(),
        actor_id=who, valid_from=cycles.valid_from.isoformat(), working=list(cycles.working),
        holiday=list(cycles.holiday),
    )  # fmt: skip


def _day(field: DayField) -> date:
    if field.value is None:
        raise TermsUnusable
    return field.value


def _latest(sets: list[CycleSet], terminal_id: int | None) -> CycleSet | None:
    return next((each for each in sets if each.terminal_id == terminal_id), None)


def _terminal(session: Session, terminal_id: int) -> Terminal:
    terminal = session.get(Terminal, terminal_id)
    if terminal is None:
        raise NotFound(subject="terminal")
    return terminal


def _all_page(session: Session, form: CyclesForm) -> str:
    sets = cycle_sets(session)
    rows = [
        TerminalRow(
            terminal=terminal,
            terms=next(iter(terms_of(session, terminal.id)), None),
            cycles=_latest(sets, terminal.id) or _latest(sets, None),
        )
        for terminal in session.scalars(select(Terminal).order_by(Terminal.name))
    ]
    return render_template("finance/terminals.html", rows=rows, netting=NETTING, cycles_form=form)


def _page(session: Session, terminal_id: int, form: TermsForm, cycles: CyclesForm) -> str:
    return render_template(
        "finance/terminal.html",
        terminal=_terminal(session, terminal_id),
        terms=terms_of(session, terminal_id),
        cycles=[each for each in cycle_sets(session) if each.terminal_id in (terminal_id, None)],
        netting=NETTING,
        form=form,
        cycles_form=cycles,
    )


def _address(terminal_id: int) -> str:
    return url_for("finance.terminal_terms", terminal_id=terminal_id)
