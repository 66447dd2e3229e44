"""The OpenAPI document: complete, true, and a guide to machines that try to break it."""

import itertools
from typing import Any

import hypothesis
import pytest
import schemathesis
from apiflask import APIFlask
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.settings import ROOT
from offices.idempotency import KeyReused, StillRunning
from tests.api.conftest import Partner, cash
from web.api import refusals
from web.api.urls import CALLS
from web.pages import AUDIENCES, Allow

DOCUMENT = "/api/v1/openapi.json"


def never_broken(_context: Any, response: Any, _case: Any) -> None:
    """A bank that does not answer is 503 and documented; a defect of ours is 500 and is not."""
    assert response.status_code != 500


CHECKS = [
    never_broken,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
LIMITS = hypothesis.settings(
    max_examples=40,
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)


@pytest.fixture
def document(app: APIFlask) -> dict[str, Any]:
    served = app.test_client().get(DOCUMENT)
    assert (served.status_code, served.mimetype) == (200, "application/json")
    return dict(served.get_json())


def test_every_address_is_described_and_nothing_else(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }

    assert described == {
        (call.method, "/api/v1" + call.path.replace("<", "{").replace(">", "}")) for call in CALLS
    }


def test_every_endpoint_names_its_audience(app: APIFlask) -> None:
    ours = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}

    assert {AUDIENCES[endpoint] for endpoint in ours - {"openapi.spec"}} == {Allow.API}
    assert AUDIENCES["openapi.spec"] is Allow.EVERYONE


def test_every_call_says_who_may_ask_and_what_can_go_wrong(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["security"] == [{"PartnerKey": []}], path
            assert {"401", "429", "503"} <= operation["responses"].keys(), path
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"]
            headers = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
            assert ("Idempotency-Key" in headers) == (method == "post"), path


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    for name in _references(document):
        assert name in schemas
    assert "additionalProperties" in schemas["NewPledge"]


def test_the_document_names_no_host_of_a_request(app: APIFlask) -> None:
    served = app.test_client().get(DOCUMENT, headers={"Host": "evil.example"})

    assert "evil.example" not in served.text
    assert served.get_json()["servers"] == [{"url": "/"}]


@pytest.mark.parametrize("call", [call for call in CALLS if call.example], ids=lambda c: c.path)
def test_the_example_of_a_body_is_taken(partner: Partner, call: Any) -> None:
    code = partner.pledge(cash(10_000))["tracking_code"]

    answer = partner.post(call.path.replace("<tracking_code>", code), call.example)

    assert answer.status_code in (201, 503)  # the bank of this test does not answer


@pytest.mark.parametrize("call", [call for call in CALLS if call.body], ids=lambda c: c.path)
def test_the_example_of_an_answer_is_one(call: Any) -> None:
    said = call.answer.model_validate(call.answer_example, strict=False)

    assert said.model_dump(mode="json", exclude_none=True) == call.answer_example


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_nothing_a_machine_thinks_of_breaks_it(partner: Partner, call: Any) -> None:
    code = partner.pledge(cash(10_000))["tracking_code"]
    taken: list[int] = []
    numbers = itertools.count()

    @LIMITS
    @hypothesis.given(case=_cases(partner, call, schemathesis.GenerationMode.POSITIVE))
    def sensible(case: Any) -> None:
        if call.body is not None:
            case.headers["Idempotency-Key"] = f"said-by-the-test-{next(numbers)}"
        if "tracking_code" in case.path_parameters:
            case.path_parameters["tracking_code"] = code
        taken.append(case.call_and_validate(headers=_key(partner), checks=CHECKS).status_code)

    sensible()

    expected = {404} if "<number>" in call.path else {422, 503} if "payments" in call.path else {}
    assert set(taken) & (expected or {200, 201})


@pytest.mark.parametrize("call", [call for call in CALLS if call.body], ids=lambda c: c.path)
def test_nothing_a_hostile_machine_thinks_of_breaks_it(partner: Partner, call: Any) -> None:
    @LIMITS
    @hypothesis.given(case=_cases(partner, call, schemathesis.GenerationMode.NEGATIVE))
    def hostile(case: Any) -> None:
        case.call_and_validate(headers=_key(partner), checks=CHECKS)

    hostile()


def test_the_guide_lists_every_code_of_the_interface() -> None:
    guide = (ROOT / "docs" / "api.md").read_text("utf-8")
    own = [kind for kind in vars(refusals).values() if isinstance(kind, type)]

    codes = {kind.code for kind in [*own, KeyReused, StillRunning] if hasattr(kind, "code")}

    assert len(codes) > 8
    assert [code for code in sorted(codes) if f"`{code}`" not in guide] == []


def _cases(partner: Partner, call: Any, mode: schemathesis.GenerationMode) -> Any:
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, partner.app)
    path = "/api/v1" + call.path.replace("<", "{").replace(">", "}")
    return schema[path][call.method].as_strategy(generation_mode=mode)


def _key(partner: Partner) -> dict[str, str]:
    return {"Authorization": f"Bearer {partner.key}", "Accept-Encoding": "identity"}


def _references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"].rpartition("/")[2]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in part.values()))
    if isinstance(part, list):
        return set().union(*(_references(value) for value in part))
    return set()
