"""Checking a receipt: anybody may, and only the key in its QR code shows more than its state."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.refusals import NotFound
from core.words import _
from receipts.life.hours_certificates import certificate_number
from receipts.life.numbering import UnreadableNumber, number_in_address, parse_number
from receipts.life.spending import number_instead_of
from receipts.public.verifying import verify as look_up
from web.filters import digits
from web.public.limiting import count_verification
from web.refusals import explain
from web.services import current

_TYPED_MAX = 40


def verify_form() -> ResponseReturnValue:
    """Ask for the number that stands on the receipt, or for its file."""
    typed = request.args.get("number", "").strip()[:_TYPED_MAX]
    if not typed:
        return number_page()
    try:
        number = number_in_address(parse_number(typed))
    except UnreadableNumber as refusal:
        if (certificate := certificate_number(typed)) is not None:
            return redirect(url_for("public.verify_hours", number=certificate), 303)
        return number_page(typed, explain(refusal)), 422
    return redirect(url_for("public.verify", number=number), 303)


def verify(number: str) -> ResponseReturnValue:
    """State and day of a receipt; with its key also kind, amount and the masked name."""
    count_verification()
    try:
        with current.database.reading() as session:
            instead = number_instead_of(session, parse_number(number))
            verified = look_up(session, number, request.args.get("k", ""))
    except UnreadableNumber as refusal:
        return number_page(number[:_TYPED_MAX], explain(refusal)), 422
    except NotFound:
        error = _("No receipt with this number was issued. Please compare it digit by digit.")
        if instead is not None:
            error = _(
                "This number stands on a provisional receipt. The receipt of that gift bears the"
                " number %(number)s."
            ) % {"number": digits(instead)}
        return number_page(number[:_TYPED_MAX], error), 404
    # Who holds the receipt itself knows which gift is meant.
    other = digits(instead) if instead is not None and verified.details is None else ""
    return render_template("public/verify.html", receipt=verified, other=other)


def number_page(typed: str = "", error: str = "", *, file_error: str = "") -> str:
    """The page that asks for a number or a file, with what was wrong about either."""
    return render_template(
        "public/verify_form.html", typed=typed, error=error, file_error=file_error
    )
