"""What a person sees when something is refused, missing or broken."""

import logging

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from core.refusals import NotFound, Refusal
from core.words import _
from web.filters import number
from web.refusals import explain

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Give every kind of trouble its page."""
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(500, _broken)


def _page(heading: str, text: str, status: int) -> ResponseReturnValue:
    return render_template("refusal.html", heading=heading, text=text), status


def _not_found(_error: Exception) -> ResponseReturnValue:
    return _page(
        _("Page not found"),
        _("There is nothing at this address. Please check the address or the code."),
        404,
    )


def _refused(refusal: Refusal) -> ResponseReturnValue:
    return _page(_("This cannot be done"), explain(refusal), refusal.http_status)


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code == 404:
        return _not_found(error)
    if error.code == 413:
        return _page(_("This cannot be done"), _too_large(), 413)
    if error.code == 400:
        text = _("The form has expired or is not complete. Please open the page again.")
        return _page(_("This cannot be done"), text, 400)
    if error.code in (301, 302, 303, 307, 308):
        return error
    return _page(_("This cannot be done"), _("This is not possible here."), error.code or 500)


def _too_large() -> str:
    megabytes = (request.max_content_length or 0) >> 20
    if not megabytes:
        return _("What was sent is too large.")
    return _("This file is too large: at most %(megabytes)s megabytes are taken.") % {
        "megabytes": number(megabytes)
    }


def _busy(error: OperationalError) -> ResponseReturnValue:
    log.warning("database not available", exc_info=error)
    text = _("The system is busy. Nothing was saved; please try again in a minute.")
    page, status = render_template("refusal.html", heading=_("One moment please"), text=text), 503
    return page, status, {"Retry-After": "10"}


def _broken(_error: Exception) -> ResponseReturnValue:
    text = _("The fault is ours and has been written down. Please try again later.")
    return _page(_("Something went wrong"), text, 500)
