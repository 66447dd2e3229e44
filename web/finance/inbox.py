"""The inbox: open lines narrowed as somebody likes, put together, and accepted many at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import TextInput

from core.clock import tehran_date
from core.words import Later, _
from flows.by_hand import Accepted, accept
from ledger.accounts import BankAccount
from reconciliation.inbox import Group, Grouping, Side, Wanted, groups, wanted_lines, wanted_sums
from reconciliation.lines import LineClass
from reconciliation.reporting import totals
from web.fields import DayField, RialField, SpokenForm, at_most
from web.filters import day, digits, number, rial
from web.finance.lines import open_row
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person

PAGE = 20
ACCEPTED_MAX = 200
_TEXT_MAX = 100

CLASSES: Mapping[LineClass, Later] = {
    LineClass.SETTLEMENT: Later("pay-out of a terminal"),
    LineClass.TRANSFER: Later("transfer"),
    LineClass.FEE: Later("fee"),
    LineClass.CHEQUE: Later("cheque"),
    LineClass.UNKNOWN: Later("unknown"),
}
SIDES: Mapping[Side, Later] = {Side.IN: Later("came in"), Side.OUT: Later("went out")}
GROUPINGS: Mapping[Grouping, Later] = {
    Grouping.PAYER: Later("payer or payee"),
    Grouping.AMOUNT: Later("amount"),
    Grouping.DAY: Later("day"),
    Grouping.LINE_CLASS: Later("kind of booking"),
}


class WantedForm(SpokenForm):
    """What narrows the inbox; all of it stands in the address of the page."""

    account = SelectField(Later("Account"))
    side = SelectField(Later("Side"))
    kind = SelectField(Later("Kind of booking"))
    text = StringField(Later("Words or digits"), [at_most(_TEXT_MAX)])
    day = DayField(Later("Day"))
    amount = RialField(Later("Amount"))
    older = IntegerField(
        Later("Older than, in days"),
        [Optional(), NumberRange(0, 10_000, Later("Write a number of days, 0 to 10,000."))],
        widget=TextInput(),  # a number field of a browser takes no Persian digits
    )

    @property
    def wanted(self) -> Wanted:
        """What somebody is looking for; a field that is wrong does not narrow."""
        right = {name for name in self.data if not self[name].errors}
        return Wanted(
            bank_account_id=int(self.account.data) if self.account.data else None,
            side=Side(self.side.data) if self.side.data else None,
            line_class=LineClass(self.kind.data) if self.kind.data else None,
            text=(self.text.data or "") if "text" in right else "",
            day=self.day.value if "day" in right else None,
            amount_rial=self.amount.value if "amount" in right else None,
            older_than_days=self.older.data if "older" in right else None,
        )

    @property
    def narrowed(self) -> dict[str, Any]:
        """The same as it stands in an address."""
        return {name: value for name, value in request.args.items() if name in self and value}


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as the page shows it, and where the inbox narrowed to it stands."""

    group: Group
    label: str
    url: str


def inbox() -> ResponseReturnValue:
    """The open lines, oldest first, each with what it may be."""
    today = tehran_date(current.now())
    after_id = request.args.get("after", 0, type=int)
    with current.database.reading() as session:
        form = wanted_form(session)
        lines = wanted_lines(session, form.wanted, today=today, after_id=after_id, limit=PAGE + 1)
        narrowed = form.narrowed
        older = (
            url_for("finance.inbox", **narrowed, after=lines[PAGE - 1].id)
            if len(lines) > PAGE
            else ""
        )
        rows = [open_row(session, line) for line in lines[:PAGE]]
        return render_template(
            "finance/inbox.html",
            form=form,
            rows=rows,
            totals=totals(session),
            sums=wanted_sums(session, form.wanted, today=today),
            grouped=_groups(session, form, today),
            groupings=GROUPINGS,
            grouping=_grouping(),
            narrowed=narrowed,
            here={**narrowed, **({"after": str(after_id)} if after_id else {})},
            has_offers=any(row.offer for row in rows),
            older_url=older,
        )


def accept_marked() -> ResponseReturnValue:
    """Accept the best offer of every marked line, together; one undo takes all of it back."""
    pairs = [pair for text in request.form.getlist("offer") if (pair := _pair(text)) is not None]
    with current.database.writing() as session:
        accepted = accept(
            session,
            pairs[:ACCEPTED_MAX],
            made_by_id=the_person().staff_member_id,
            now=current.now(),
        )
        left = wanted_sums(session, Wanted(), today=tehran_date(current.now())).lines
    tell_accepted(accepted, left)
    narrowed: dict[str, Any] = request.args.to_dict()
    return redirect(url_for("finance.inbox", **narrowed), 303)


def wanted_form(session: Session) -> WantedForm:
    """The filter as the address has it, checked."""
    form = WantedForm(request.args)
    accounts = session.scalars(select(BankAccount).order_by(BankAccount.number)).all()
    _offer(form.account, {str(account.id): digits(account.number) for account in accounts})
    _offer(form.side, {str(side): str(name) for side, name in SIDES.items()})
    _offer(form.kind, {str(kind): str(name) for kind, name in CLASSES.items()})
    form.validate()
    return form


def _offer(field: SelectField, choices: Mapping[str, str]) -> None:
    """Let a field choose among these or nothing; an address with another value chooses nothing."""
    field.choices = [("", _("all")), *choices.items()]
    if field.data not in choices:
        field.data = ""


def tell_accepted(accepted: Accepted, left: int) -> None:
    """Say how many offers were accepted, what was not and why, and what is left."""
    flash(
        _("%(accepted)s lines were explained and booked; %(left)s are open.")
        % {"accepted": number(len(accepted.line_ids)), "left": number(left)},
        "success" if accepted.line_ids else "warning",
    )
    if accepted.line_ids:
        flash(
            _("All of it is run %(run)s: undo that run, and they are open again.")
            % {"run": digits(accepted.run_id)},
            "info",
        )
    for line_id, refusal in accepted.refused:
        flash(
            _("Line %(line)s was left out: %(why)s")
            % {"line": digits(line_id), "why": explain(refusal)},
            "warning",
        )


def _pair(text: str) -> tuple[int, int] | None:
    line, _colon, pledge = text.partition(":")
    return (int(line), int(pledge)) if line.isdigit() and pledge.isdigit() else None


def _grouping() -> Grouping | None:
    asked = request.args.get("group", "")
    return Grouping(asked) if asked in set(Grouping) else None


def _groups(session: Session, form: WantedForm, today: date) -> Sequence[GroupRow]:
    grouping = _grouping()
    if grouping is None:
        return ()
    found = groups(session, form.wanted, grouping, today=today)
    return [
        GroupRow(
            group,
            _label(grouping, group),
            url_for("finance.inbox", **{**form.narrowed, **_narrowing(grouping, group)}),
        )
        for group in found
    ]


def _label(grouping: Grouping, group: Group) -> str:
    if group.value is None:
        return _("not named")
    if grouping is Grouping.AMOUNT:
        return rial(abs(group.value))
    if grouping is Grouping.DAY:
        return day(group.value)
    if grouping is Grouping.LINE_CLASS:
        return str(CLASSES[group.value])
    return digits(group.value)


def _narrowing(grouping: Grouping, group: Group) -> dict[str, Any]:
    if group.value is None:
        return {}
    if grouping is Grouping.AMOUNT:
        return {"amount": str(abs(group.value)), "side": "in" if group.value > 0 else "out"}
    if grouping is Grouping.DAY:
        return {"day": day(group.value)}
    if grouping is Grouping.LINE_CLASS:
        return {"kind": str(group.value)}
    return {"text": str(group.value)[:_TEXT_MAX]}
