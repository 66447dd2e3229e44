"""NextPay: its bytes, the success that is -1, the repeated answer that proves nothing by itself."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payment_gateways.adapters.nextpay import NextPay
from payment_gateways.adapters.nextpay_codes import CHECK, START, VERIFY, WORDS
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "nextpay"
SETTINGS = {"api_key": "5e1c2b7e-29fc-4fdf-8955-830cf5ca67bd"}
TOKEN = "f7c07568-c6d1-4bee-87b1-4a9e5ed2e4c1"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1",
    description="مشارکت T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
    mobile="09121234567",
)
STORED = StoredPayment(140400000123, 250_000, TOKEN)
CALLS = {
    "token": lambda adapter: adapter.start(INTENT),
    "verify": lambda adapter: adapter.confirm(STORED),
}
PAID = {
    "code": 0,
    "amount": 250_000,
    "order_id": "140400000123",
    "card_holder": "610433******2187",
    "Shaparak_Ref_Id": "201",
}


@pytest.fixture
def nextpay(sandbox_bank):
    journal = []
    yield Kit("nextpay", opened("nextpay", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture
def fresh_bank(tmp_path):
    """A bank whose clock may be moved."""
    with running_sandbox(tmp_path / "books.sqlite3") as bank:
        yield bank


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), value.encode())
    return text


def asked(answer: bytes, call):
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(NextPay(SETTINGS, net, bank.base_url))
    return outcome, bank.requests


def says(**fields) -> bytes:
    return http(json.dumps(fields))


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, requests = asked(says(code=-999), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == golden(f"{operation}.request.txt", token=TOKEN)
    assert head.startswith(f"POST /nx/gateway/{operation} HTTP/1.1".encode())
    assert b"Content-Type: application/x-www-form-urlencoded" in head


def test_the_sandbox_answers_byte_for_byte_as_documented(fresh_bank):
    net = HttpTransport()
    known = {"token": TOKEN}

    def call(operation):
        body = golden(f"{operation}.request.txt", **known)
        url = f"{fresh_bank.base_url}/nx/gateway/{operation}"
        return net.call("POST", url, body, operation=operation, headers={}).body

    refused, started = call("verify"), call("token")
    known["token"] = re.search(rb'"trans_id":"([0-9a-f-]{36})"', started)[1].decode()
    fresh_bank.play(known["token"])
    known["reference"] = fresh_bank.payment(known["token"])["reference"]

    assert refused == golden("refused.answer.json")
    assert started == golden("token.answer.json", **known)
    assert call("verify") == golden("verify.answer.json", **known)


@pytest.mark.parametrize(("operation", "table"), [("token", START), ("verify", VERIFY)])
def test_every_code_has_words_and_a_meaning(operation, table):
    for code, kind in table.items():
        outcome, _ = asked(says(code=int(code)), CALLS[operation])

        is_success = kind in {Kind.STARTED, Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}
        assert outcome.kind is (Kind.UNKNOWN if is_success else kind)
        assert (outcome.bank_code, outcome.reason_fa, outcome.reason_en) == (code, *WORDS[code])


@pytest.mark.parametrize("code", CHECK)
def test_a_check_means_what_its_table_says(code):
    assert asked(says(code=int(code)), lambda adapter: adapter.check())[0].kind is CHECK[code]


def test_minus_one_is_a_success_only_where_a_payment_is_begun():
    assert asked(says(code=-1, trans_id=TOKEN), CALLS["token"])[0].token == TOKEN
    assert asked(says(code=-1), CALLS["verify"])[0].kind is Kind.OPEN
    assert asked(says(code=0, trans_id=TOKEN), CALLS["token"])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("code", [-999, 100, 1, True, False, None, 0.0, [0], "ok", ""])
def test_a_code_no_guide_lists_is_unknown_in_every_operation(code, operation):
    answer = says(**{**PAID, "code": code, "trans_id": TOKEN})

    assert asked(answer, CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("body", ["", "null", "[]", "true", "0", "{}", '"0"', "{", "[" * 5_000])
@pytest.mark.parametrize("operation", CALLS)
def test_what_is_no_answer_is_unknown(body, operation):
    assert asked(http(body), CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("status", ["500 No", "502 No", "302 Found"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    assert asked(http(json.dumps(PAID), status), CALLS["verify"])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("code", [0, "0", "۰", -49, "-49", -25])
def test_a_success_is_read_in_every_shape_it_comes_in(code):
    changed = {"code": code, "amount": "۲۵۰۰۰۰", "order_id": 140400000123, "Shaparak_Ref_Id": 201}
    outcome, _ = asked(says(**{**PAID, **changed}), CALLS["verify"])

    is_first = code in {0, "0", "۰"}
    assert outcome.kind is (Kind.CONFIRMED if is_first else Kind.ALREADY_CONFIRMED)
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)
    assert (outcome.bank_reference, outcome.card_masked) == ("201", "610433******2187")


@pytest.mark.parametrize("code", [0, -49])
@pytest.mark.parametrize("name", ["amount", "order_id", "Shaparak_Ref_Id"])
def test_a_success_without_what_binds_it_is_none(name, code):
    for value in (None, "", "x", True, [5], "12.5", 12.5, -5):
        outcome, _ = asked(says(**{**PAID, "code": code, name: value}), CALLS["verify"])

        assert (outcome.kind, outcome.evidence["missing"]) == (Kind.UNKNOWN, name)


def test_an_amount_echoed_in_toman_is_told_as_it_is():
    assert asked(says(**{**PAID, "amount": 25_000}), CALLS["verify"])[0].amount_rial == 25_000


def test_a_payment_goes_all_the_way(nextpay):
    stored = nextpay.start(2_500_005)
    hint = nextpay.come_back(stored)

    kinds = [nextpay.adapter.confirm(stored).kind for _ in range(2)]

    books = nextpay.bank.payment(stored.token)
    assert (hint.claim, hint.token, hint.amount_rial) == (Claim.PAID, stored.token, None)
    assert hint.order_number == stored.order_number
    assert kinds == [Kind.CONFIRMED, Kind.ALREADY_CONFIRMED]
    assert (books["state"], books["amount"]) == ("settled", 2_500_005)
    assert nextpay.adapter.confirm(stored).bank_reference == books["reference"]
    assert books["terminal"] == nextpay.gateway.terminal


def test_eight_confirms_at_once_are_one_confirmation(nextpay):
    stored = nextpay.paid()

    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(lambda _: nextpay.adapter.confirm(stored).kind, range(8)))

    assert sorted(kinds) == sorted([Kind.CONFIRMED] + [Kind.ALREADY_CONFIRMED] * 7)


def test_who_cancels_has_not_paid_and_who_is_at_the_bank_has_not_failed(nextpay):
    stored = nextpay.start()

    at_the_bank = nextpay.adapter.confirm(stored).kind
    hint = nextpay.come_back(stored, "cancel")

    assert (at_the_bank, hint.claim) == (Kind.OPEN, Claim.FAILED)
    assert nextpay.adapter.confirm(stored).kind is Kind.NOT_PAID


def test_a_closed_browser_is_found_out_about_by_confirming(nextpay):
    stored = nextpay.start()
    nextpay.bank.play(stored.token, "close")

    assert nextpay.adapter.confirm(stored).kind is Kind.CONFIRMED


def test_another_amount_than_asked_is_refused_and_stays(nextpay):
    stored = nextpay.paid(do="other")

    outcome = nextpay.adapter.confirm(stored)

    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "-24")
    assert nextpay.bank.payment(stored.token)["state"] == "paid"


def test_what_was_not_verified_in_time_can_still_be_confirmed(fresh_bank):
    nextpay = Kit("nextpay", opened("nextpay", fresh_bank, []), fresh_bank)
    stored = nextpay.paid()
    fresh_bank.admin.post("clock", minutes=60 * 24)

    assert nextpay.adapter.confirm(stored).kind is Kind.CONFIRMED


def test_a_payment_of_nobody_or_of_another_terminal_is_not_found(nextpay):
    stored = nextpay.paid()
    other = Secret("5e1c2b7f-29fc-4fdf-8955-830cf5ca67bd")
    neighbour = opened("nextpay", nextpay.bank, [], api_key=other).adapter

    assert nextpay.adapter.confirm(replace(stored, token=None)).kind is Kind.NOT_FOUND
    assert neighbour.confirm(stored).kind is Kind.NOT_FOUND


def test_wrong_credentials_are_ours_to_mend(nextpay):
    stored = nextpay.paid()
    stranger = opened("nextpay", nextpay.bank, [], api_key=Secret("nobody-at-all-is-here")).adapter

    assert nextpay.adapter.check().kind is Kind.DONE
    assert stranger.check().kind is Kind.CONFIG_ERROR
    assert stranger.start(nextpay.intent()).kind is Kind.CONFIG_ERROR
    assert stranger.confirm(stored).kind is Kind.CONFIG_ERROR
    assert nextpay.bank.payment(stored.token)["state"] == "paid"


@pytest.mark.parametrize(
    ("query", "claim"),
    [
        ({"trans_id": TOKEN, "np_status": "OK"}, Claim.PAID),
        ({"Trans_Id": TOKEN, "NP_status": "unsuccessful"}, Claim.FAILED),
        ({"trans_id": TOKEN}, Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_and_no_more(query, claim):
    adapter = NextPay(SETTINGS, HttpTransport())
    brought = {**query, "order_id": "۱۴۰۴", "amount": "25000"}

    hint = adapter.read_return("GET", brought, {}, b"")

    assert hint == adapter.read_return("POST", {}, brought, b"")
    assert (hint.claim, hint.token, hint.order_number) == (claim, TOKEN, 1404)
    assert (hint.bank_reference, hint.amount_rial) == (None, None)


def test_nothing_tells_that_nextpay_gives_unconfirmed_money_back():
    """Believed without proof it would leave a payment to a return that may never come."""
    assert not NextPay.manifest.returns_unconfirmed
