"""The paper receipt books of a desk: every leaf, and what became of it."""

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from offices.granting import Permission
from offices.staff import StaffMember
from receipts.life.issuing import latest_receipt
from receipts.life.leaves import (
    REASON_MAX,
    LeafStanding,
    book_in,
    books_with_standing,
    leaves_of,
    tell_leaf,
)
from receipts.life.paper_books import Fate
from web.desk.here import named
from web.fields import HoursField, SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_GIFT_MAX = 40
FATES: Mapping[Fate, Later] = {
    Fate.USED: Later("used for a gift"),
    Fate.SPOILED: Later("spoiled"),
    Fate.LOST: Later("lost"),
    Fate.UNUSED: Later("unused"),
}


class LeafNumberField(HoursField):
    """A number printed on a leaf: whole, from one on."""


class LeafForm(SpokenForm):
    """What became of one leaf."""

    number = LeafNumberField(
        Later("Number on the leaf"), [InputRequired(Later("Write the number on the leaf."))]
    )
    fate = SelectField(
        Later("What became of it"),
        choices=[SelectChoice(fate, name) for fate, name in FATES.items()],
    )
    gift = StringField(Later("Receipt number or tracking code of the gift"), [at_most(_GIFT_MAX)])
    reason = StringField(Later("Reason"), [at_most(REASON_MAX)])


def books() -> ResponseReturnValue:
    """The books of the offices one may see."""
    with current.database.reading() as session:
        return render_template(
            "desk/books.html",
            rows=books_with_standing(session, the_person().scope),
            named=named,
        )


def book(book_id: int) -> ResponseReturnValue:
    """One book, leaf by leaf; say what became of a leaf."""
    form, who = LeafForm(request.form), the_person()
    may_tell = Permission.WORK_AT_DESK in who.permissions
    if request.method == "POST" and may_tell and form.validate():
        try:
            _tell(book_id, form)
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, refusal.field or "number", refusal)
        else:
            flash(_("The leaf has its word."), "success")
            return redirect(url_for("desk.book", book_id=book_id), 303)
    with current.database.reading() as session:
        found = book_in(session, who.scope, book_id)
        leaves = leaves_of(session, found)
        page = render_template(
            "desk/book.html",
            book=found,
            office=named(found.office),
            leaves=[(leaf, *told(session, leaf)) for leaf in leaves],
            fates=FATES,
            may_tell=may_tell and found.closing is None,
            is_english=spoken() == "en",
            form=form,
        )
        return page, 422 if form.errors else 200


def _tell(book_id: int, form: LeafForm) -> None:
    who = the_person()
    with current.database.writing() as session:
        tell_leaf(
            session,
            who.scope,
            book_id,
            form.number.value or 0,
            Fate(form.fate.data),
            gift=form.gift.data or "",
            reason=form.reason.data or "",
            told_by_id=who.staff_member_id,
            now=current.now(),
        )


def told(session: Session, leaf: LeafStanding) -> tuple[str, str]:
    """Who said what became of a leaf, and the receipt of the gift it was used for."""
    if leaf.fate is None:
        return "", ""
    contribution_id = leaf.fate.contribution_id
    receipt = latest_receipt(session, contribution_id).number if contribution_id else ""
    return session.get_one(StaffMember, leaf.fate.told_by_id).name, receipt
