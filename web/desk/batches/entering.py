"""A batch of envelopes: what is expected, line after line, and its end."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import InputRequired

from core.digits import normalise
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.models.batch import LINES_MAX, TITLE_MAX
from donations.models.fund import MOST_NEEDED
from donations.pledging import NAME_MAX
from flows.batches import (
    REASON_MAX,
    TypedLine,
    add_line,
    batch_standing,
    batches_with_standing,
    close_batch,
    give_up_batch,
    lines_of,
    open_batch,
    strike_line,
)
from offices.granting import Permission
from web.desk.here import fund_choices, own_office
from web.fields import CountField, MobileField, RialField, SpokenForm, at_most, printed
from web.filters import digits
from web.refusals import explain
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import SignedIn, the_person

_KEY_MAX = 40


class BatchForm(SpokenForm):
    """What a pile of envelopes is expected to make."""

    title = StringField(
        Later("Title"), [InputRequired(Later("Write what the batch is.")), at_most(TITLE_MAX)]
    )
    expected_count = CountField(
        Later("How many envelopes"), [InputRequired(Later("Write how many envelopes there are."))]
    )
    expected_total = RialField(
        Later("What they make"), [InputRequired(Later("Write the amount in rials."))]
    )
    request_key = HiddenField(validators=[at_most(_KEY_MAX)])


class LineForm(SpokenForm):
    """One envelope."""

    amount = RialField(Later("Amount"), [InputRequired(Later("Write the amount in rials."))])
    name = StringField(Later("Name"), [at_most(NAME_MAX), printed])
    mobile = MobileField(Later("Mobile"))
    fund = SelectField(Later("Purpose"), default=MOST_NEEDED)
    request_key = HiddenField(validators=[at_most(_KEY_MAX)])


class GiveUpForm(SpokenForm):
    """Why nothing of a batch becomes a gift."""

    reason = StringField(
        Later("Reason"), [InputRequired(Later("Write the reason.")), at_most(REASON_MAX)]
    )


def batches() -> ResponseReturnValue:
    """The batches of the offices one may see, open ones first."""
    who = the_person()
    with current.database.reading() as session:
        return render_template(
            "desk/batches/list.html",
            rows=batches_with_standing(session, who.scope),
            may_enter=_may_enter(who),
        )


def new_batch() -> ResponseReturnValue:
    """Say how many envelopes there are and what they make."""
    form, who = BatchForm(request.form), the_person()
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                made = open_batch(
                    session,
                    office_id=own_office(session, who).id,
                    title=form.title.data or "",
                    expected_count=form.expected_count.value or 0,
                    expected_rial=form.expected_total.value or 0,
                    opened_by_id=who.staff_member_id,
                    request_key=form.request_key.data,
                    now=current.now(),
                )
                return redirect(url_for("desk.batch", batch_id=made.id), 303)
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, refusal.field or "title", refusal)
    page = render_template("desk/batches/new.html", form=form, most=LINES_MAX)
    return page, 422 if form.errors else 200


def batch(batch_id: int) -> ResponseReturnValue:
    """The lines of a batch; type the next one, or close it."""
    who, form = the_person(), LineForm(request.form)
    with current.database.reading() as session:
        form.fund.choices = {top: dict(below) for top, below in fund_choices(session).items()}
    if request.method == "POST" and _may_enter(who) and form.validate():
        try:
            _add(who, batch_id, form)
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "amount", refusal)
        else:
            # The purpose stays for the next envelope: most of a pile are for the same.
            fund = form.fund.data
            return redirect(url_for("desk.batch", batch_id=batch_id, fund=fund), 303)
    elif (asked := request.args.get("fund")) is not None:
        form.fund.data = asked
    return _page(batch_id, form)


def strike(batch_id: int, batch_line_id: int) -> ResponseReturnValue:
    """Strike a line that was typed wrongly."""
    who = the_person()
    with current.database.writing() as session:
        strike_line(
            session,
            who.scope,
            batch_id,
            batch_line_id,
            struck_by_id=who.staff_member_id,
            now=current.now(),
        )
    return redirect(url_for("desk.batch", batch_id=batch_id), 303)


def close_batch_form(batch_id: int) -> ResponseReturnValue:
    """Record the batch, if it is what was expected."""
    who = the_person()
    try:
        with current.database.writing() as session:
            count = close_batch(
                session,
                who.scope,
                batch_id,
                closed_by_id=who.staff_member_id,
                now=current.now(),
            )
    except NotFound:
        raise
    except Refusal as refusal:
        flash(explain(refusal), "error")
    else:
        text = _("The batch is recorded: %(count)s gifts.") % {"count": digits(count)}
        flash(text, "success")
    return redirect(url_for("desk.batch", batch_id=batch_id), 303)


def give_up_batch_form(batch_id: int) -> ResponseReturnValue:
    """End a batch without recording anything."""
    who, form = the_person(), GiveUpForm(request.form)
    try:
        with current.database.writing() as session:
            give_up_batch(
                session,
                who.scope,
                batch_id,
                reason=form.reason.data or "",
                closed_by_id=who.staff_member_id,
                now=current.now(),
            )
    except NotFound:
        raise
    except Refusal as refusal:
        flash(explain(refusal), "error")
        return redirect(url_for("desk.batch", batch_id=batch_id), 303)
    return redirect(url_for("desk.batches"), 303)


def _may_enter(who: SignedIn) -> bool:
    return Permission.WORK_AT_DESK in who.permissions


def _add(who: SignedIn, batch_id: int, form: LineForm) -> None:
    typed = TypedLine(
        form.amount.value or 0,
        form.fund.data or None,
        normalise(form.name.data or "") or None,
        form.mobile.value,
    )
    with current.database.writing() as session:
        add_line(
            session,
            who.scope,
            batch_id,
            typed,
            typed_by_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        )


def _page(batch_id: int, form: LineForm) -> ResponseReturnValue:
    who = the_person()
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    with current.database.reading() as session:
        standing = batch_standing(session, who.scope, batch_id)
        page = render_template(
            "desk/batches/batch.html",
            standing=standing,
            lines=lines_of(session, standing.batch),
            form=form,
            give_up=GiveUpForm(),
            may_enter=_may_enter(who) and standing.batch.closing is None,
        )
        return page, 422 if form.errors else 200
