"""Following a gift by its code: what stands where, without a name unless the donor is shown."""

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.digits import digits_only
from core.identifiers import is_deposit_id
from core.refusals import NotFound
from core.words import _
from donations.models.pledge import ItemKind
from donations.tracking import pledge_with_code
from web.appointment_form import AppointmentForm
from web.public.limiting import count_last_four, forget_last_four
from web.public.looking_up import looked_up
from web.public.standing import Standing, standing_of
from web.public.statements import offered_years
from web.public.unlocking import ends_mobile, is_opened, remember_opened
from web.public.volunteering import hours_served
from web.services import current

_TYPED_MAX = 40


def follow_form() -> ResponseReturnValue:
    """Ask for the code; typed in any digits and with any separators."""
    typed = request.args.get("code", "").strip()[:_TYPED_MAX]
    if not typed:
        return render_template("public/follow_form.html", typed="", error="")
    code = digits_only(typed)
    if code is None:
        return _code_page(typed, _("A tracking code has thirteen digits and nothing else."))
    if is_deposit_id(code):
        text = _(
            "This is a deposit id, for paying at a bank. A tracking code starts with a digit from 3"
            " to 9."
        )
        return _code_page(typed, text)
    return redirect(url_for("public.follow", tracking_code=code), 303)


def follow(tracking_code: str) -> ResponseReturnValue:
    """Where a gift stands."""
    try:
        return _follow_page(_standing(tracking_code))
    except NotFound:
        return _no_such_gift(tracking_code)


def open_gift(tracking_code: str) -> ResponseReturnValue:
    """Show the donor's own view to whoever knows how the donor's mobile number ends."""
    try:
        standing = _standing(tracking_code)
    except NotFound:
        return _no_such_gift(tracking_code)
    count_last_four(standing.tracking_code)
    with current.database.reading() as session:
        pledge = pledge_with_code(session, tracking_code)
        proves = ends_mobile(pledge, request.form.get("last_four", ""))
    if not proves:
        error = _("These are not the last four digits of the number that was left.")
        return _follow_page(standing, error=error, status=422)
    forget_last_four(standing.tracking_code)
    there = redirect(url_for("public.follow", tracking_code=standing.tracking_code), 303)
    return remember_opened(make_response(there), pledge)


def _standing(tracking_code: str) -> Standing:
    return looked_up(
        tracking_code,
        lambda session, pledge: standing_of(
            session,
            pledge,
            gateways=current.gateways,
            is_opened=is_opened(pledge),
            now=current.now(),
        ),
    )


def _follow_page(standing: Standing, *, error: str = "", status: int = 200) -> ResponseReturnValue:
    key = request.args.get("key", "") if standing.is_opened else ""
    years = looked_up(standing.tracking_code, offered_years) if standing.is_opened else []
    hours = looked_up(standing.tracking_code, hours_served) if standing.is_opened else None
    waits_for_goods = standing.is_opened and standing.waits_for is ItemKind.GOODS
    page = render_template(
        "public/follow.html",
        gift=standing,
        error=error,
        key=key,
        years=years,
        has_hours=bool(hours),
        appointment=AppointmentForm() if waits_for_goods else None,
    )
    return page, status


def _no_such_gift(tracking_code: str) -> ResponseReturnValue:
    return _code_page(
        tracking_code[:_TYPED_MAX],
        _("There is no gift with this code. Please compare it digit by digit."),
        status=404,
    )


def _code_page(typed: str, error: str, *, status: int = 422) -> ResponseReturnValue:
    return render_template("public/follow_form.html", typed=typed, error=error), status
