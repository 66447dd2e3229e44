"""Version 1 of the interface for partner software: ATMs, mobile payment, other systems."""

from apiflask import APIFlask
from flask_wtf import CSRFProtect

from web.api import problems
from web.api.describing import describe
from web.api.urls import api_blueprint
from web.pages import AUDIENCES, Allow

_DOCUMENT = "openapi.spec"  # the endpoint that apiflask gives its document


def register(app: APIFlask, csrf: CSRFProtect) -> None:
    """Add the interface to the application.

    No cookie opens anything here, so there is no form for another site to forge.
    """
    blueprint = api_blueprint()
    csrf.exempt(blueprint)
    problems.register(blueprint, app)
    describe(app)
    app.register_blueprint(blueprint)
    AUDIENCES[_DOCUMENT] = Allow.EVERYONE
