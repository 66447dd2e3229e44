"""Zarinpal: its bytes, its flipping shapes, its codes."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.transport import HttpTransport, Limits
from payment_gateways.zarinpal import Zarinpal
from payment_gateways.zarinpal_codes import VERIFY, WORDS
from tests.payment_gateways.conftest import MERCHANT, Kit, opened
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "zarinpal"
SETTINGS = {"merchant_id": MERCHANT, "terminal_id": "8001"}
TOKEN = "A00000000000000000000000000217885159"
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
    "request": lambda adapter: adapter.start(INTENT),
    "verify": lambda adapter: adapter.confirm(STORED),
    "inquiry": lambda adapter: adapter.inquire(STORED),
    "reverse": lambda adapter: adapter.reverse(STORED),
    "unVerified": lambda adapter: adapter.check(),
}


@pytest.fixture
def zarinpal(sandbox_bank):
    journal = []
    yield Kit("zarinpal", opened("zarinpal", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), value.encode())
    return text


def asked(answer: bytes, call, **settings):
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(Zarinpal({**SETTINGS, **settings}, net, bank.base_url))
    return outcome, bank.requests


def refusing(code, status="401 Unauthorized") -> bytes:
    return http(json.dumps({"data": [], "errors": {"code": code, "message": "x"}}), status)


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, requests = asked(refusing(-52), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == golden(f"{operation}.request.json", token=TOKEN)
    assert head.startswith(f"POST /pg/v4/payment/{operation}.json HTTP/1.1".encode())
    assert b"Content-Type: application/json" in head


@pytest.fixture(scope="module")
def fresh_bank(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("fresh") / "books.sqlite3") as bank:
        yield bank


def test_the_sandbox_answers_byte_for_byte_as_documented(fresh_bank):
    net = HttpTransport()
    known = {"token": TOKEN}

    def call(operation):
        url = f"{fresh_bank.base_url}/pg/v4/payment/{operation}.json"
        body = golden(f"{operation}.request.json", **known)
        return net.post(url, body, operation=operation, headers={})

    refused = call("verify")
    started = call("request")
    known["token"] = re.search(rb'"(A\w{35})"', started.body)[1].decode()
    fresh_bank.play(known["token"])
    known["reference"] = fresh_bank.payment(known["token"])["reference"]

    assert (refused.status, refused.body) == (401, golden("refused.answer.json"))
    assert started.body == golden("request.answer.json", **known)
    for operation in ("verify", "inquiry", "reverse", "unVerified"):
        assert call(operation).body == golden(f"{operation}.answer.json", **known)


@pytest.mark.parametrize("code", sorted(VERIFY))
def test_every_code_has_words_and_a_meaning(code):
    if VERIFY[code] in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED, Kind.NOT_PAID}:
        assert WORDS[code]
        return
    outcome, _ = asked(refusing(int(code)), CALLS["verify"])

    assert (outcome.kind, outcome.bank_code) == (VERIFY[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == WORDS[code]


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "[1]", "true", "7", "{}", '"100"', "{", "[" * 5_000,
        '{"data":[],"errors":[]}',
        '{"data":{"code":true},"errors":[]}',
        '{"data":{"code":null},"errors":[]}',
        '{"data":{"code":100.0,"ref_id":5},"errors":[]}',
        '{"data":{"code":777,"ref_id":5},"errors":[]}',
        '{"data":{"code":100},"errors":[]}',
        '{"data":{"code":100,"ref_id":0},"errors":[]}',
        '{"data":{"code":100,"ref_id":"x"},"errors":[]}',
        '{"data":[],"errors":{"code":-999}}',
        '{"Status":100,"RefID":5}',
    ],
)  # fmt: skip
def test_what_is_no_clear_success_confirms_nothing(body):
    outcome, _ = asked(http(body), CALLS["verify"])

    assert outcome.kind is Kind.UNKNOWN
    assert outcome.bank_reference is None


@pytest.mark.parametrize(
    "body",
    [
        '{"data":{"code":100,"ref_id":201,"card_pan":"610433******2187"},"errors":[]}',
        '{"data":{"code":"100","ref_id":"201","card_pan":"610433******2187"}}',
        '{"data":{"code":"۱۰۰","ref_id":"۲۰۱","card_pan":"6104337913882187"},"errors":[]}',
    ],
    ids=["numbers", "texts", "Persian digits"],
)
def test_a_success_is_read_in_every_shape_it_comes_in(body):
    outcome, _ = asked(http(body), CALLS["verify"])

    assert (outcome.kind, outcome.bank_reference) == (Kind.CONFIRMED, "201")
    assert (outcome.trace_number, outcome.card_masked) == ("201", "610433******2187")
    assert outcome.amount_rial is None


def test_the_flipped_shape_of_the_sandbox_is_read_too(zarinpal):
    stored = zarinpal.paid()
    zarinpal.break_next("confirm", "flipped")

    assert zarinpal.adapter.confirm(stored).kind is Kind.CONFIRMED


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "401 No", "422 No", "429 No"])
def test_the_code_is_read_whatever_the_status(status):
    outcome, _ = asked(refusing(-50, status), CALLS["verify"])

    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "-50")


@pytest.mark.parametrize("status", ["500 No", "502 No", "302 Found"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    body = '{"data":{"code":100,"ref_id":201},"errors":[]}'

    assert asked(http(body, status), CALLS["verify"])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("VERIFIED", Kind.ALREADY_CONFIRMED),
        ("PAID", Kind.AWAITS_CONFIRM),
        ("IN_BANK", Kind.OPEN),
        ("FAILED", Kind.NOT_PAID),
        ("REVERSED", Kind.RETURNED),
        ("SOMETHING", Kind.UNKNOWN),
    ],
)
def test_an_inquiry_tells_the_state(status, kind):
    answer = http(json.dumps({"data": {"status": status, "code": 100}, "errors": []}))

    assert asked(answer, CALLS["inquiry"])[0].kind is kind


def test_unpaid_or_failed_is_looked_into_before_it_is_believed(zarinpal):
    stored = zarinpal.start()

    at_the_bank = zarinpal.adapter.confirm(stored).kind
    zarinpal.bank.play(stored.token, "cancel")

    assert (at_the_bank, zarinpal.adapter.confirm(stored).kind) == (Kind.OPEN, Kind.NOT_PAID)


def test_unpaid_or_failed_that_cannot_be_looked_into_is_unknown(zarinpal):
    stored = zarinpal.start()
    zarinpal.break_next("inquire", "html_500")

    assert zarinpal.adapter.confirm(stored).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("settings", "first_letter", "kind"),
    [
        ({}, "A", Kind.STARTED),
        ({}, "S", Kind.UNKNOWN),
        ({"sandbox": "yes"}, "S", Kind.STARTED),
        ({"sandbox": "yes"}, "A", Kind.UNKNOWN),
    ],
)
def test_a_token_of_the_test_service_never_passes_for_money(settings, first_letter, kind):
    answer = golden("request.answer.json", token=first_letter + "0" * 35)

    assert asked(http(answer), CALLS["request"], **settings)[0].kind is kind


def test_unverified_money_stays_and_is_listed(zarinpal):
    stored = zarinpal.paid(3_000_000)
    zarinpal.bank.admin.post("clock", hours=30)

    listed = zarinpal.adapter.list_unverified()

    assert listed.outcome.kind is Kind.DONE
    mine = [row for row in listed.payments if row.token == stored.token]
    assert [row.amount_rial for row in mine] == [3_000_000]
    assert zarinpal.adapter.confirm(stored).kind is Kind.CONFIRMED


def test_after_thirty_minutes_nothing_goes_back(zarinpal):
    stored, _ = zarinpal.confirmed()
    zarinpal.bank.admin.post("clock", minutes=31)

    outcome = zarinpal.adapter.reverse(stored)

    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "-63")


@pytest.mark.parametrize(
    ("query", "claim"),
    [
        ({"Authority": TOKEN, "Status": "OK"}, Claim.PAID),
        ({"authority": TOKEN, "status": "nok"}, Claim.CANCELLED),
        ({"Authority": TOKEN}, Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_and_no_more(query, claim):
    hint = Zarinpal(SETTINGS, HttpTransport()).read_return("GET", query, {}, b"")

    assert (hint.claim, hint.token) == (claim, TOKEN)
    assert (hint.bank_reference, hint.amount_rial) == (None, None)


def test_amounts_go_out_in_rial(zarinpal):
    assert zarinpal.bank.payment(zarinpal.start(2_500_000).token)["amount"] == 2_500_000
