"""The application: settings in, a Flask application out."""

import os
from collections.abc import Collection

from apiflask import APIFlask
from flask import Flask, Response, g, request
from flask_wtf import CSRFProtect
from sqlalchemy.exc import DBAPIError
from werkzeug.middleware.proxy_fix import ProxyFix

from core.clock import now
from core.database import Database
from core.settings import ROOT, Settings
from core.words import _, counted, speak, spoken
from ledger.terminals import names_entered
from payment_gateways.registry import gateway_accounts, open_gateways
from receipts.public.examining import FILE_BYTES_MAX
from receipts.starting import require_what_receipts_need
from web import api, assets, commands, errors, numbers, security
from web.bank.urls import bank
from web.desk.urls import desk
from web.filters import FILTERS
from web.finance.urls import finance
from web.headquarters.urls import headquarters
from web.health import health
from web.navigation import navigation
from web.public.urls import public
from web.services import Services, current
from web.sign_in.urls import sign_in

_BODY_BYTES = {"bank": 64 * 2**10, "api": 64 * 2**10}
_BODY_BYTES_OTHERWISE = 256 * 2**10
_LIST_BYTES = 4 * 2**20  # of a list that is handed in, and of the rows of one in a page
_BODY_BYTES_OF_PAGE = {
    "public.check_file": FILE_BYTES_MAX + _BODY_BYTES_OTHERWISE,
    "desk.partner_receipts_upload": _LIST_BYTES,
    "headquarters.offices_upload": _LIST_BYTES,
}
_LANGUAGE_COOKIE = "language"


def create_app(settings: Settings, services: Services | None = None) -> Flask:
    """Build the application; ``services`` are given by tests that bring their own."""
    require_what_receipts_need(settings)
    app = APIFlask(
        "web",
        title="Mosharekat API",
        version="1",
        spec_path="/api/v1/openapi.json",
        docs_path=None,
        root_path=str(ROOT),
        template_folder="templates",
        static_folder="static",
    )
    numbers.register(app)
    if settings.trusted_proxies:
        _look_behind(app, settings.trusted_proxies)
    app.extensions["services"] = services or open_services(settings)
    app.config.update(
        SECRET_KEY=settings.signing_key(),
        SESSION_COOKIE_NAME="__Host-form" if settings.is_public else "form",
        SESSION_COOKIE_SECURE=settings.is_public,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # a form may lie open all day; the session bounds it
        WTF_CSRF_SSL_STRICT=False,
    )
    app.before_request(_bound_the_body)
    app.before_request(_choose_language)
    app.after_request(_remember_language)
    _speak_in_templates(app)
    csrf = CSRFProtect(app)
    for blueprint in (public, bank, sign_in, desk, finance, headquarters, health):
        app.register_blueprint(blueprint)
    csrf.exempt(bank)
    api.register(app, csrf)
    commands.register(app)
    errors.register(app)
    assets.register(app)  # before the headers, which run first and would forget the version
    security.register(app)
    return app


def open_services(settings: Settings) -> Services:
    """The database, clock and gateways of an installation."""
    database = Database(settings.database)
    accounts = (
        gateway_accounts(
            settings.gateways,
            environment=os.environ,
            is_public=settings.is_public,
            on_record=lambda: _terminals_on_record(database),
        )
        if settings.gateways.exists()
        else ()
    )
    return Services(settings, database, now, open_gateways(accounts))


def _terminals_on_record(database: Database) -> Collection[str]:
    """The accounts that the register knows; none where there is no database yet."""
    try:
        with database.reading() as session:
            return names_entered(session)
    except DBAPIError:
        return ()


def _look_behind(app: Flask, proxies: int) -> None:
    """Take the visitor's address, scheme and host from the last so many of our own proxies.

    With one too many a visitor could name any address, and tries are counted by address.
    """
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
        app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
    )


def _speak_in_templates(app: Flask) -> None:
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.globals.update(_=_, gettext=_, ngettext=counted)
    app.jinja_env.filters.update(FILTERS)
    app.context_processor(lambda: {"language": spoken(), "navigation": navigation()})


def _bound_the_body() -> None:
    blueprint = request.blueprint or ""
    if blueprint == "finance":
        file_bytes = current.settings.statement_megabytes * 2**20
        request.max_content_length = file_bytes + _BODY_BYTES_OTHERWISE
        return
    request.max_content_length = _BODY_BYTES_OF_PAGE.get(
        request.endpoint or "", _BODY_BYTES.get(blueprint, _BODY_BYTES_OTHERWISE)
    )
    if request.max_content_length == _LIST_BYTES:
        request.max_form_memory_size = _LIST_BYTES


def _choose_language() -> None:
    asked = request.args.get("language")
    g.asked_language = asked if asked in ("fa", "en") else None
    speak(g.asked_language or request.cookies.get(_LANGUAGE_COOKIE, "fa"))


def _remember_language(response: Response) -> Response:
    asked = g.get("asked_language")
    if asked is not None:
        response.set_cookie(
            _LANGUAGE_COOKIE,
            asked,
            max_age=31_536_000,
            secure=current.settings.is_public,
            httponly=True,
            samesite="Lax",
        )
    return response
