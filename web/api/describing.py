"""What the OpenAPI document says beside the schemas: problems, headers, examples, who may ask."""

from typing import Any

from apiflask import APIFlask

from web.api.gate import REQUESTS_A_MINUTE
from web.api.problems import PROBLEM_TYPE, FieldProblem, Problem

KEY_SCHEME = "PartnerKey"
_REF = "#/components/schemas/{model}"

_DESCRIPTION = f"""Pledges, payments and receipts for partner software.

Every request carries `Authorization: Bearer KEY`; a partner sees what was made with its own key,
and nothing else exists for it. A key may ask {REQUESTS_A_MINUTE} times a minute.

Every POST carries an `Idempotency-Key` of the partner's choosing. The same key with the same body
gets the same answer, byte for byte, with the header `Idempotent-Replay: true`, and nothing is done
twice; with another body it is declined with 422. Answers of 5xx are not kept: send the same again.

Amounts are whole rials. A field that is not described here is refused with 400."""

_PROBLEMS = {
    400: "The request is not as described here; `field` names the field.",
    401: "No key, or one that does not count.",
    404: "No such thing, or none of this partner's.",
    405: "The address does not take this method.",
    409: "Not possible in this state, or the first request under this key is still running.",
    413: "The body is larger than 64 kilobytes.",
    415: "The body is not announced as application/json.",
    422: "Understood, and declined; `code` says why.",
    429: "Too many requests; `Retry-After` says for how long to wait.",
    503: "Not available now; send the same request again after `Retry-After` seconds.",
}
_WAITS = frozenset({409, 429, 503})
_OF_EVERY_REQUEST = (401, 429, 503)
_OF_EVERY_POST = (400, 409, 413, 415, 422)
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The partner's own name for this request; keep it for repeats.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
    "example": "5b1d7f0e-6c39-4b0e-9d0f-2f1f3a6f8f11",
}
_LANGUAGE_PARAMETER = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "fa or en: the language of what is said to people.",
    "schema": {"type": "string"},
    "example": "en",
}
_REPLAY_HEADER = {
    "Idempotent-Replay": {
        "description": "Present and true when this is the kept answer to an earlier request.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
_WAIT_HEADER = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}


def describe(app: APIFlask) -> None:
    """Set the document up; its paths and schemas come from the table of addresses."""
    app.description = _DESCRIPTION
    app.servers = [{"url": "/"}]  # never what a Host header said
    app.security_schemes = {
        KEY_SCHEME: {"type": "http", "scheme": "bearer", "description": "The partner's key."}
    }
    app.config["AUTO_VALIDATION_ERROR_RESPONSE"] = False
    app.config["AUTO_AUTH_ERROR_RESPONSE"] = False
    app.config["AUTO_404_RESPONSE"] = False
    app.spec_processor(_complete)


def _complete(document: dict[str, Any] | str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise TypeError("the document is served as JSON")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (Problem, FieldProblem):
        schema = model.model_json_schema(ref_template=_REF)
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete_operation(operation, is_post=method == "post", names_one="{" in path)
    return document


def _complete_operation(operation: dict[str, Any], *, is_post: bool, names_one: bool) -> None:
    parameters = operation.setdefault("parameters", [])
    parameters.append(_LANGUAGE_PARAMETER)
    statuses = {*_OF_EVERY_REQUEST, *((404,) if names_one else ())}
    if is_post:
        parameters.append(_KEY_PARAMETER)
        operation["requestBody"]["required"] = True
        statuses |= set(_OF_EVERY_POST)
        operation["responses"]["201"]["headers"] = _REPLAY_HEADER
    for status in sorted(statuses):
        operation["responses"][str(status)] = _problem(status, is_post=is_post)


def _problem(status: int, *, is_post: bool) -> dict[str, Any]:
    kept = _REPLAY_HEADER if is_post and status in (409, 422) else {}
    return {
        "description": _PROBLEMS[status],
        "content": {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
        "headers": {**kept, **(_WAIT_HEADER if status in _WAITS else {})},
    }
