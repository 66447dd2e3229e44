"""The stock of the offices somebody may see: what lies where, and moving it to another shelf."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired

from core.words import Later, _, spoken
from donations.goods.rules import categories
from donations.goods.stocking import SHELF_MAX, lots_in, put_on_shelf, stock_of
from offices.places import Office
from web.desk.here import named
from web.fields import SpokenForm, at_most, printed
from web.numbers import read_id
from web.services import current
from web.sign_in.guard import the_person


class ShelfForm(SpokenForm):
    """Where a lot lies now."""

    lot = IntegerField(validators=[InputRequired()])
    shelf = StringField(Later("Shelf"), [at_most(SHELF_MAX), printed])


def stock() -> ResponseReturnValue:
    """Sums by kind of goods, then lot by lot."""
    who = the_person()
    form = ShelfForm(request.form)
    if request.method == "POST":
        if not form.validate():
            flash(_("This is too long."), "error")
            return redirect(url_for("desk.stock"), 303)
        with current.database.writing() as session:
            put_on_shelf(
                session,
                who.scope,
                read_id(str(form.lot.data)),
                form.shelf.data or "",
                moved_by_id=who.staff_member_id,
                now=current.now(),
            )
        flash(_("The shelf is written down."), "success")
        return redirect(url_for("desk.stock"), 303)
    with current.database.reading() as session:
        is_english = spoken() == "en"
        names = {row.id: row.name_en if is_english else row.name_fa for row in categories(session)}
        offices: dict[int, str] = {}
        kinds = stock_of(session, who.scope)
        lots = lots_in(session, who.scope)
        for office_id in {row.office_id for row in kinds}:
            offices[office_id] = named(session.get_one(Office, office_id))
        return render_template(
            "desk/goods/stock.html", kinds=kinds, lots=lots, names=names, offices=offices
        )
