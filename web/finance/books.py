"""The paper receipt books of all desks: given out, followed leaf by leaf, taken back."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _
from offices.granting import Permission
from offices.places import Office
from offices.scope import EVERYWHERE
from receipts.life.leaves import (
    REASON_MAX,
    book_in,
    books_with_standing,
    close_book,
    leaves_of,
    register_book,
)
from receipts.life.paper_books import SERIES_MAX
from web.desk.books import FATES, LeafNumberField, told
from web.desk.here import named
from web.fields import SpokenForm, at_most
from web.filters import digits
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person


class BookForm(SpokenForm):
    """A book that a desk is given."""

    office = SelectField(Later("Desk"))
    series = StringField(
        Later("Series printed on the leaves"),
        [InputRequired(Later("Write the series.")), at_most(SERIES_MAX)],
    )
    first_number = LeafNumberField(
        Later("First number"), [InputRequired(Later("Write the first number."))]
    )
    last_number = LeafNumberField(
        Later("Last number"), [InputRequired(Later("Write the last number."))]
    )


class ClosingForm(SpokenForm):
    """Why a book comes back."""

    reason = StringField(
        Later("Why does the book come back?"),
        [InputRequired(Later("Write the reason.")), at_most(REASON_MAX)],
    )


def paper_books() -> ResponseReturnValue:
    """Every book, newest first; give a desk a new one."""
    form = BookForm(request.form)
    with current.database.reading() as session:
        form.office.choices = _desks(session)
    if request.method == "POST" and form.validate():
        try:
            book_id = _registered(form)
        except Refusal as refusal:
            put_beside(form, refusal.field or "series", refusal)
        else:
            return redirect(url_for("finance.paper_book", book_id=book_id), 303)
    with current.database.reading() as session:
        page = render_template(
            "finance/paper_books.html",
            rows=books_with_standing(session, EVERYWHERE),
            named=named,
            form=form,
            may_act=Permission.WORK_IN_FINANCE in the_person().permissions,
        )
        return page, 422 if form.errors else 200


def paper_book(book_id: int) -> ResponseReturnValue:
    """One book, leaf by leaf; take it back."""
    form, who = ClosingForm(request.form), the_person()
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                close_book(
                    session,
                    book_id,
                    reason=form.reason.data or "",
                    closed_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("The book is closed; every leaf of it is explained."), "success")
            return redirect(url_for("finance.paper_book", book_id=book_id), 303)
    with current.database.reading() as session:
        found = book_in(session, EVERYWHERE, book_id)
        page = render_template(
            "finance/paper_book.html",
            book=found,
            office=named(found.office),
            leaves=[(leaf, *told(session, leaf)) for leaf in leaves_of(session, found)],
            fates=FATES,
            form=form,
            may_act=Permission.WORK_IN_FINANCE in who.permissions and found.closing is None,
        )
        return page, 422 if form.errors else 200


def _registered(form: BookForm) -> int:
    with current.database.writing() as session:
        made = register_book(
            session,
            office_id=int(form.office.data),
            series=form.series.data or "",
            first_number=form.first_number.value or 0,
            last_number=form.last_number.value or 0,
            registered_by_id=the_person().staff_member_id,
            now=current.now(),
        )
        return made.id


def _desks(session: Session) -> list[SelectChoice]:
    offices = session.scalars(select(Office).order_by(Office.code))
    return [
        SelectChoice(str(office.id), f"{digits(office.code)} – {named(office)}")
        for office in offices
    ]
