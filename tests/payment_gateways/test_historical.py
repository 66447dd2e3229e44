"""Closed gateways: they are known by name, and every call is answered without calling anybody."""

import pytest

from payment_gateways.accounts import GatewayAccount
from payment_gateways.contract import Claim, Kind, Recovery, Refund, StoredPayment
from payment_gateways.registry import load_adapter, open_gateway
from tests.payment_gateways.test_zibal import INTENT

STORED = StoredPayment(1, 1_000, "d2e353189823079e1e4181772cff5292", "1234")
CALLS = {
    "start": (INTENT,),
    "confirm": (STORED,),
    "settle": (STORED,),
    "recover": (STORED,),
    "inquire": (STORED,),
    "reverse": (STORED,),
    "refund": (STORED, Refund(2, 500)),
    "refund_status": (STORED, Refund(2, 500)),
    "check": (),
}


class Nobody:
    """A transport that must not be used."""

    def call(self, *_parts, **_more):
        raise AssertionError("a closed gateway was called")


@pytest.mark.parametrize("slug", ["idpay", "payir"])
def test_a_closed_gateway_takes_no_order_and_says_nothing_of_what_was_paid(slug):
    adapter = load_adapter(slug)({}, Nobody())

    told = {step: getattr(adapter, step)(*given) for step, given in CALLS.items()}
    outcomes = [*told.values(), adapter.list_unverified().outcome]

    # REFUSED would mean that the bank has the money and names another, or sent none back.
    refusing = {step for step, outcome in told.items() if outcome.kind is Kind.REFUSED}
    assert refusing == {"start", "reverse", "refund"}
    assert {outcome.kind for outcome in outcomes} == {Kind.REFUSED, Kind.CONFIG_ERROR}
    assert {outcome.reason_en for outcome in outcomes} == {"this gateway is closed"}
    assert {outcome.reason_fa for outcome in outcomes} == {"این درگاه تعطیل شده است"}


@pytest.mark.parametrize("slug", ["idpay", "payir"])
def test_a_closed_gateway_says_so_and_promises_nothing(slug):
    manifest = load_adapter(slug).manifest

    assert (manifest.slug, manifest.is_historical, manifest.base_urls) == (slug, True, ())
    assert manifest.recovers_by is Recovery.NONE
    assert {manifest.can_inquire, manifest.can_reverse, manifest.can_refund} == {False}


def test_a_gateway_that_lives_is_not_historical():
    for slug in ("mellat", "zarinpal", "zibal"):
        assert not load_adapter(slug).manifest.is_historical


@pytest.mark.parametrize("slug", ["idpay", "payir"])
def test_an_account_at_a_closed_gateway_can_still_be_opened_and_named(slug):
    account = GatewayAccount(name="old", adapter=slug, account="90190", settings={})

    gateway = open_gateway(account)

    assert gateway.terminal == slug
    assert (gateway.hosts, gateway.slug) == ((), slug)


@pytest.mark.parametrize("slug", ["idpay", "payir"])
def test_nothing_that_a_browser_brings_is_read(slug):
    query = {"status": "10", "id": "1", "order_id": "1", "token": "t"}

    hint = load_adapter(slug)({}, Nobody()).read_return("GET", query, query, b"{}")

    assert (hint.claim, hint.token, hint.order_number) == (Claim.UNCLEAR, None, None)
