"""Cash for the bank: what lies in the drawer, the slips written over it, and each slip on paper."""

import secrets

import segno
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session
from wtforms import HiddenField, SelectMultipleField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from core.refusals import Refusal
from core.words import Later, _, spoken
from donations.custody.slip_sources import Source, sources_of_slip, sources_waiting
from flows.desk import drawer, hand_over_cash, slips_with_state
from flows.emptyings import lines_of_slips
from flows.slip_voids import slip_in
from ledger.accounts import BankAccount
from offices.granting import Permission
from offices.places import Office
from offices.staff import StaffMember
from web.desk.here import named, own_office
from web.fields import RialField, SpokenForm, at_most
from web.filters import digits, rial
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_PAGE = 50
_KEY_MAX = 40


class SlipForm(SpokenForm):
    """How much cash goes to the bank, and whose it is."""

    amount = RialField(
        Later("Cash for the bank"), [InputRequired(Later("Write the amount in rials."))]
    )
    sources = SelectMultipleField(
        Later("Whose cash it is"), widget=ListWidget(), option_widget=CheckboxInput()
    )
    request_key = HiddenField(validators=[at_most(_KEY_MAX)])


def slips() -> ResponseReturnValue:
    """The drawer, a form for a new slip, and the slips of the offices one may see."""
    form = SlipForm(request.form)
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    with current.database.reading() as session:
        office = own_office(session, the_person())
        form.sources.choices = [
            (source.key, _called(source)) for source in sources_waiting(session, office.id)
        ]
    if request.method == "POST" and form.validate():
        try:
            return redirect(url_for("desk.slip", slip_id=_handed_over(form)), 303)
        except Refusal as refusal:
            if refusal.http_status == 404:
                raise
            put_beside(form, refusal.field or "amount", refusal)
    with current.database.reading() as session:
        return _page(session, form), 422 if form.errors else 200


def slip(slip_id: int) -> ResponseReturnValue:
    """One slip on paper: what the bank's counter needs to know."""
    who = the_person()
    with current.database.reading() as session:
        row = slip_in(session, who.scope, slip_id)
        line = lines_of_slips(session, [slip_id]).get(slip_id)
        account = session.get_one(BankAccount, row.bank_account_id)
        sessions, rounds = sources_of_slip(session, slip_id)
        is_english = spoken() == "en"
        return render_template(
            "desk/slip.html",
            slip=row,
            office=named(session.get_one(Office, row.office_id)),
            made_by=session.get_one(StaffMember, row.made_by_id).name,
            account=account,
            bank=account.bank_en if is_english else account.bank_fa,
            branch=account.branch_en if is_english else account.branch_fa,
            holder=account.holder_en if is_english else account.holder_fa,
            qr=qr_of(row.deposit_id),
            sessions=sessions,
            rounds=rounds,
            line=line,
            voided_by=session.get_one(StaffMember, row.void.voided_by_id).name if row.void else "",
            may_void=Permission.APPROVE_CASH in who.permissions
            and row.made_by_id != who.staff_member_id
            and line is None
            and row.void is None,
        )


def _handed_over(form: SlipForm) -> int:
    who = the_person()
    with current.database.writing() as session:
        made = hand_over_cash(
            session,
            own_office(session, who).id,
            form.amount.value or 0,
            sources=form.sources.data or (),
            made_by_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        )
        return made.id


def _page(session: Session, form: SlipForm) -> str:
    who = the_person()
    before_id = request.args.get("before", type=int)
    rows = slips_with_state(session, who.scope, before_id=before_id, limit=_PAGE + 1)
    older = url_for("desk.slips", before=rows[_PAGE - 1][0].id) if len(rows) > _PAGE else ""
    return render_template(
        "desk/slips.html",
        form=form,
        drawer=drawer(session, own_office(session, who)),
        rows=rows[:_PAGE],
        older_url=older,
    )


def _called(source: Source) -> str:
    words = (
        _("Round {number}: {amount}")
        if source.round_id is not None
        else _("Session {number}: {amount}")
    )
    return words.format(number=digits(source.number), amount=rial(source.standing_rial))


def qr_of(digits: str, *, scale: int = 6) -> Markup:
    """The digits as a QR code drawn into the page; digits only, so that every scanner reads it."""
    drawn = segno.make_qr(digits, error="m").svg_inline(scale=scale, border=2, omitsize=False)
    return Markup(drawn)  # noqa: S704  made of our own digits
