"""The addresses of the interface: one table, each row with what it takes, answers and allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPMethod
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel

from web.api import answers, bodies
from web.api.catalogue import list_funds, list_gateways, list_offices
from web.api.describing import KEY_SCHEME
from web.api.gate import View, for_partners
from web.api.needs import list_needs
from web.api.payments import begin_payment
from web.api.pledges import make_pledge, show_pledge
from web.api.problems import PREFIX, choose_language, say_language
from web.api.receipts import show_receipt, show_receipt_pdf
from web.api.repeating import repeatable
from web.pages import AUDIENCES, Allow

NAME = "api"

_A_PLEDGE = {
    "donor": {"name": "مریم احمدی", "mobile": "09121234567", "hidden_from": "public"},
    "items": [
        {"kind": "cash", "amount_rial": 2_500_000, "fund": "19041062101"},
        {"kind": "goods", "description": "پتو", "quantity": 20, "unit": "تخته"},
        {"kind": "service", "skill": "آموزش ریاضی", "hours": 12},
    ],
    "channel": "mobile_payment",
    "external_reference": "A-1404-778",
}
_A_PLEDGE_MADE = {
    "tracking_code": "5831906427714",
    "deposit_id": "1580100004206",
    "state": "open",
    "items": [
        {
            "kind": "cash",
            "state": "promised",
            "fund": "19041062101",
            "amount_rial": 2_500_000,
        }
    ],
    "links": {
        "follow": "https://mosharekat.example.ir/follow/5831906427714",
        "pay": "https://mosharekat.example.ir/api/v1/pledges/5831906427714/payments",
    },
}
_A_PAYMENT = {"gateway": "mellat-main"}
_A_PAYMENT_BEGUN = {
    "id": 42,
    "state": "redirected",
    "redirect": {
        "method": "POST",
        "url": "https://bpm.shaparak.ir/pgwchannel/startpay.mellat",
        "fields": {"RefId": "AF82041a2Bf6989c7fF9"},
    },
}
_A_PDF: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The PDF.",
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@dataclass(frozen=True, slots=True)
class Call:
    """One address: what it takes, what it answers; only partners may ask, all of them alike."""

    method: HTTPMethod
    path: str
    view: View
    answer: type[BaseModel] | None  # none: a PDF
    body: type[BaseModel] | None = None
    example: Mapping[str, Any] | None = None  # of the body
    answer_example: Mapping[str, Any] | None = None
    allow: Allow = Allow.API


CALLS = (
    Call(
        HTTPMethod.POST,
        "/pledges",
        make_pledge,
        answers.PledgeMade,
        bodies.NewPledge,
        _A_PLEDGE,
        _A_PLEDGE_MADE,
    ),
    Call(HTTPMethod.GET, "/pledges/<tracking_code>", show_pledge, answers.PledgeStanding),
    Call(
        HTTPMethod.POST,
        "/pledges/<tracking_code>/payments",
        begin_payment,
        answers.PaymentBegun,
        bodies.NewPayment,
        _A_PAYMENT,
        _A_PAYMENT_BEGUN,
    ),
    Call(HTTPMethod.GET, "/receipts/<number>", show_receipt, answers.ReceiptStanding),
    Call(HTTPMethod.GET, "/receipts/<number>.pdf", show_receipt_pdf, None),
    Call(HTTPMethod.GET, "/funds", list_funds, answers.Funds),
    Call(HTTPMethod.GET, "/offices", list_offices, answers.Offices),
    Call(HTTPMethod.GET, "/needs", list_needs, answers.Needs),
    Call(HTTPMethod.GET, "/gateways", list_gateways, answers.Gateways),
)


def api_blueprint() -> APIBlueprint:
    """The blueprint of every call in the table."""
    made = APIBlueprint(NAME, __name__, url_prefix=PREFIX, tag="Version 1")
    made.before_request(choose_language)
    made.after_request(say_language)
    for call in CALLS:
        endpoint = call.view.__name__
        AUDIENCES[f"{NAME}.{endpoint}"] = call.allow
        view = for_partners(_described(made, call))
        made.add_url_rule(call.path, endpoint, view, methods=[call.method])
    return made


def _described(made: APIBlueprint, call: Call) -> View:
    """The view with what it takes and answers, checked by apiflask and shown in the document."""
    view: View = call.view
    if call.body is not None:
        taking = made.input(call.body, arg_name="body", example=call.example)
        view = repeatable(taking(view))
    if call.answer is not None:
        status = 201 if call.method is HTTPMethod.POST else 200
        showing = made.output(call.answer, status_code=status, example=call.answer_example)
        view = showing(view)
    return made.doc(
        operation_id=call.view.__name__,
        security=KEY_SCHEME,
        responses=None if call.answer else _A_PDF,
    )(view)
