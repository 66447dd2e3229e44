"""Trouble as partners see it: RFC 9457 problem details with a stable ``code``, and never a page."""

import logging
from collections.abc import Mapping
from typing import Any

from apiflask import HTTPError
from flask import Blueprint, Flask, Response, request
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import NoResultFound, OperationalError
from werkzeug.exceptions import HTTPException

from core.refusals import NotFound, Refusal
from core.words import Later, _, speak, spoken
from web.api.mistakes import Mistake, mistakes_in
from web.refusals import explain

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
PREFIX = "/api/v1"
_BUSY_SECONDS = 10

_TITLES = {
    400: Later("The request is not as documented"),
    401: Later("A key is needed"),
    404: Later("Not found"),
    405: Later("Not possible at this address"),
    409: Later("Not possible in this state"),
    413: Later("Too large"),
    415: Later("Not JSON"),
    422: Later("Understood, and declined"),
    429: Later("Too many requests"),
    500: Later("The fault is ours"),
    503: Later("Not available at the moment"),
}
# What no use case refuses; the sentences of refusals stand in ``web/refusals``.
_SENTENCES = {
    "method.not_allowed": Later("This address does not take this method."),
    "body.too_large": Later("The body is larger than 64 kilobytes."),
    "request.unusable": Later("The request cannot be read."),
    "internal": Later(
        "Something failed here and has been written down. Please send the same request later."
    ),
    "busy": Later("The system is busy. Nothing was saved; please send the same request again."),
}
_CODES = {405: "method.not_allowed", 413: "body.too_large"}


class FieldProblem(BaseModel):
    """One field and what is wrong with it."""

    field: str = Field(description="Path of the field, such as items.0.amount_rial.")
    code: str
    message: str


class Problem(BaseModel):
    """What was not done, and why, after RFC 9457."""

    type: str = Field(description="A name of the kind of problem; the code says the same shorter.")
    title: str
    status: int
    detail: str = Field(description="For people, in the language of Accept-Language.")
    code: str = Field(description="Stable: what programs decide by.")
    field: str | None = Field(default=None, description="The field it belongs to, if it has one.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="Every field that is wrong."
    )


def problem_of(refusal: Refusal) -> Problem:
    """A refusal as a problem, in the language spoken now."""
    field = refusal.details.get("field") or refusal.field
    return _problem(
        refusal.http_status,
        refusal.code,
        detail=explain(refusal),
        field=str(field) if field else None,
    )


def answer_with(problem: Problem, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that carries a problem."""
    return problem_response(problem.model_dump_json(exclude_none=True), problem.status, headers)


def problem_response(body: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that carries the text of a problem, perhaps one that was kept."""
    response = Response(body, status, mimetype=PROBLEM_TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="mosharekat"'
    response.headers.update(headers or {})
    return response


def register(blueprint: Blueprint, app: Flask) -> None:
    """Answer every kind of trouble below the prefix with a problem."""
    blueprint.register_error_handler(Refusal, _refused)
    blueprint.register_error_handler(NoResultFound, _not_found)
    blueprint.register_error_handler(HTTPError, _not_as_documented)
    blueprint.register_error_handler(HTTPException, _http)
    blueprint.register_error_handler(OperationalError, _busy)
    blueprint.register_error_handler(500, _broken)
    app.before_request(_nothing_there)


def choose_language() -> None:
    """Speak the language the partner asked for; Persian where it asked for none of ours."""
    speak(request.accept_languages.best_match(("fa", "en"), "fa"))


def say_language(response: Response) -> Response:
    """Tell the language of the words, so that nobody between us and the partner mixes them up."""
    response.headers["Content-Language"] = spoken()
    response.vary.add("Accept-Language")
    return response


def _nothing_there() -> Response | None:
    """An address or method that no endpoint has; it belongs to no blueprint, so it is met here."""
    trouble = request.routing_exception
    if not isinstance(trouble, HTTPException) or not request.path.startswith(f"{PREFIX}/"):
        return None
    choose_language()
    return say_language(_http(trouble))


def _refused(refusal: Refusal) -> Response:
    wait_seconds = refusal.details.get("wait_seconds")
    headers = {"Retry-After": str(wait_seconds)} if wait_seconds else None
    return answer_with(problem_of(refusal), headers=headers)


def _not_found(_error: NoResultFound) -> Response:
    return _refused(NotFound())


def _not_as_documented(error: HTTPError) -> Response:
    """What the schema of the body refused: apiflask raises it from pydantic's own account."""
    if not isinstance(error.__cause__, ValidationError):
        return answer_with(_problem(error.status_code, "request.unusable"))
    mistakes = mistakes_in(error.__cause__)
    return answer_with(_problem_of_fields(mistakes))


def _problem_of_fields(mistakes: list[Mistake]) -> Problem:
    first = mistakes[0]
    problem = _problem(400, first.code, detail=first.message, field=first.field)
    problem.errors = [
        FieldProblem(field=mistake.field, code=mistake.code, message=mistake.message)
        for mistake in mistakes
    ]
    return problem


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 404:
        return _refused(NotFound())
    code = _CODES.get(status, "request.unusable" if status < 500 else "internal")
    allowed: Any = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else None
    return answer_with(_problem(status, code), headers=headers)


def _busy(error: OperationalError) -> Response:
    log.warning("database not available", exc_info=error)
    headers = {"Retry-After": str(_BUSY_SECONDS)}
    return answer_with(_problem(503, "busy"), headers=headers)


def _broken(_error: Exception) -> Response:
    return answer_with(_problem(500, "internal"))


def _problem(
    status: int, code: str, *, detail: str | None = None, field: str | None = None
) -> Problem:
    title = _TITLES.get(status)
    return Problem(
        type=f"urn:mosharekat:problem:{code}",
        title=str(title) if title else _("The request cannot be read."),
        status=status,
        detail=detail or str(_SENTENCES[code]),
        code=code,
        field=field,
    )
