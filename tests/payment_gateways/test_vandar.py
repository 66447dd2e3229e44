"""Vandar: its bytes, the success it tells once, its decimals, its texts instead of codes."""

import json
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payment_gateways.adapters.vandar import Vandar
from payment_gateways.adapters.vandar_codes import (
    SEND,
    SEND_WORDS,
    TRANSACTION,
    TRANSACTION_WORDS,
    VERIFY,
    VERIFY_WORDS,
)
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "vandar"
SETTINGS = {"api_key": "5e1c2b7ed9cb469fa16570867728950e41b2c7f8"}
TOKEN = "Zx81aPq0LmN4bV7cX2sD9fGh"
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
    "send": lambda adapter: adapter.start(INTENT),
    "transaction": lambda adapter: adapter.inquire(STORED),
    "verify": lambda adapter: adapter.confirm(STORED),
}
SEEN = {
    "status": 1,
    "amount": "250000",
    "transId": 201,
    "trackingCode": "100201",
    "factorNumber": "140400000123",
    "cardNumber": "610433******2187",
    "code": 1,
}
PAID = {
    "status": 1,
    "amount": "250000.00",
    "transId": 201,
    "factorNumber": "140400000123",
    "cardNumber": "610433******2187",
}


@pytest.fixture
def vandar(sandbox_bank):
    journal = []
    yield Kit("vandar", opened("vandar", sandbox_bank, journal), sandbox_bank, journal)
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
        outcome = call(
            Vandar(SETTINGS, HttpTransport(limits=Limits(read_seconds=1)), bank.base_url)
        )
    return outcome, bank.requests


class Telling(HttpTransport):
    """Answers each call by what it was told, in turn, over a real socket."""

    def __init__(self, **answers):
        super().__init__(limits=Limits(read_seconds=1))
        self.answers = {name: list(told) for name, told in answers.items()}
        self.bodies = {}

    def call(self, method, url, body=b"", *, operation, headers):
        self.bodies[operation] = body
        with answering(self.answers[operation].pop(0)) as bank:
            return super().call(
                method, bank.base_url + "/", body, operation=operation, headers=headers
            )


def says(http_status="200 OK", /, **fields) -> bytes:
    return http(json.dumps(fields), http_status)


def verified(answer: bytes, *seen: bytes):
    """What a confirm makes of the verify call's answer, after the transaction call said "paid"."""
    return Vandar(SETTINGS, Telling(transaction=[says(**SEEN), *seen], verify=[answer])).confirm(
        STORED
    )


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    net = Telling(send=[says(status=9)], transaction=[says(**SEEN)], verify=[says(status=9)])
    CALLS[operation](Vandar(SETTINGS, net))

    assert net.bodies[operation] == golden(f"{operation}.request.json", token=TOKEN)


def test_the_address_and_the_headers_are_the_documented_ones():
    _, requests = asked(says(status=9), CALLS["send"])

    assert requests[0].startswith(b"POST /api/v4/send HTTP/1.1")
    assert b"Content-Type: application/json" in requests[0]


def test_the_sandbox_answers_byte_for_byte_as_documented(fresh_bank):
    net = HttpTransport()
    known = {"token": TOKEN}

    def call(operation):
        body = golden(f"{operation}.request.json", **known)
        url = f"{fresh_bank.base_url}/api/v4/{operation}"
        return net.call("POST", url, body, operation=operation, headers={}).body

    refused = call("verify")
    started = call("send")
    known["token"] = re.search(rb'"token":"(\w+)"', started)[1].decode()
    fresh_bank.play(known["token"])
    known["reference"] = fresh_bank.payment(known["token"])["reference"]
    seen = call("transaction")
    read = json.loads(seen)
    known |= {"trace": read["trackingCode"], "started_at": read["createdAt"]}
    known |= {"paid_at": read["paymentDate"]}

    assert refused == golden("refused.answer.json")
    assert started == golden("send.answer.json", **known)
    assert seen == golden("transaction.answer.json", **known)
    assert call("verify") == golden("verify.answer.json", **known)
    assert call("verify") == golden("again.answer.json")


@pytest.mark.parametrize("code", TRANSACTION)
def test_every_code_of_a_transaction_has_words_and_a_meaning(code):
    outcome, _ = asked(says(**{**SEEN, "code": int(code)}), CALLS["transaction"])

    assert (outcome.kind, outcome.bank_code) == (TRANSACTION[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == TRANSACTION_WORDS[code]
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)


@pytest.mark.parametrize("code", TRANSACTION)
def test_verifying_is_asked_only_where_money_waits_for_it(code):
    net = Telling(transaction=[says(**{**SEEN, "code": int(code)})], verify=[says(**PAID)])

    outcome = Vandar(SETTINGS, net).confirm(STORED)

    assert ("verify" in net.bodies) == (code == "1")
    assert outcome.kind is (Kind.CONFIRMED if code == "1" else TRANSACTION[code])


def test_the_other_codes_have_words_and_a_meaning():
    assert SEND.keys() <= SEND_WORDS.keys()
    assert VERIFY.keys() <= VERIFY_WORDS.keys()
    assert verified(says(status=3)).kind is Kind.RETURNED


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("code", [77, -1, True, None, 1.0, [1], "ok", ""])
def test_a_code_no_guide_lists_is_unknown_in_every_operation(code, operation):
    answer = says(**{**PAID, "token": TOKEN, "status": code, "code": code})
    net = Telling(send=[answer], transaction=[answer], verify=[answer])
    if operation == "verify":
        assert verified(answer).kind is Kind.UNKNOWN

    assert CALLS[operation](Vandar(SETTINGS, net)).kind is Kind.UNKNOWN


@pytest.mark.parametrize("body", ["", "null", "[]", "true", "7", "{}", '"1"', "{", "[" * 5_000])
@pytest.mark.parametrize("operation", CALLS)
def test_what_is_no_answer_is_unknown(body, operation):
    assert asked(http(body), CALLS[operation])[0].kind is Kind.UNKNOWN
    assert verified(http(body)).kind is Kind.UNKNOWN


@pytest.mark.parametrize("status", ["500 No", "503 No", "302 Found"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    assert verified(says(status, **PAID)).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("amount", "rial"),
    [("250000.00", 250_000), ("250000", 250_000), (250_000, 250_000), ("250,000.0", 250_000),
     ("۲۵۰۰۰۰.۰۰", 250_000), ("251000.00", 251_000)],
)  # fmt: skip
def test_an_amount_with_an_empty_fraction_is_whole_rials(amount, rial):
    outcome = verified(says(**{**PAID, "amount": amount}))

    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, rial)
    assert (outcome.bank_reference, outcome.trace_number) == ("201", "100201")
    assert (outcome.order_number, outcome.card_masked) == (140400000123, "610433******2187")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("amount", ["250000.50", "2500.00.00", ".00", "1e5", "-5.00", "", None, True, [5], 5.5]),
        ("factorNumber", [None, "", "x", True, [5], "12.5"]),
        ("transId", [None, "", 0, "x", True, [5], "12.5"]),
    ],
)
def test_a_success_without_what_binds_it_is_none(name, values):
    for value in values:
        outcome = verified(says(**{**PAID, name: value}))
        earlier, _ = asked(says(**{**SEEN, "code": 2, name: value}), CALLS["verify"])

        assert (outcome.kind, outcome.evidence["missing"]) == (Kind.UNKNOWN, name)
        assert (earlier.kind, earlier.evidence["missing"]) == (Kind.UNKNOWN, name)


@pytest.mark.parametrize("token", ["", None, True, [5], "../../x", "a b", "t" * 65, "توکن"])
def test_a_token_that_cannot_stand_in_an_address_starts_nothing(token):
    outcome, _ = asked(says(status=1, token=token), CALLS["send"])

    assert (outcome.kind, outcome.token, outcome.redirect) == (Kind.UNKNOWN, None, None)


def test_the_amount_after_the_fee_is_not_the_amount():
    assert verified(says(**PAID, realAmount=245_000, wage="5000")).amount_rial == 250_000


@pytest.mark.parametrize(
    ("status", "errors", "kind"),
    [
        ("401 No", ["x"], Kind.CONFIG_ERROR),
        ("403 No", [], Kind.CONFIG_ERROR),
        ("422 No", ["دامنه ثبت نشده است"], Kind.CONFIG_ERROR),
        ("422 No", ["your IP is not allowed"], Kind.CONFIG_ERROR),
        ("422 No", {"api_key": ["invalid"]}, Kind.CONFIG_ERROR),
        ("422 No", {"amount": ["too small"]}, Kind.REFUSED),
        ("422 No", "description is too long", Kind.REFUSED),
        ("429 No", ["Too Many Attempts."], Kind.UNKNOWN),
        ("422 No", [["ip"]], Kind.REFUSED),
    ],
)
def test_a_refusal_is_read_by_its_status_and_its_texts(status, errors, kind):
    answer = http(json.dumps({"status": 0, "errors": errors}), status)
    # What was not understood says nothing about the payment.
    later = {Kind.REFUSED: Kind.UNKNOWN}.get(kind, kind)

    assert asked(answer, CALLS["send"])[0].kind is kind
    assert asked(answer, CALLS["transaction"])[0].kind is later
    assert verified(answer).kind is later


def test_only_a_payment_that_is_not_there_is_not_found():
    answer = http(json.dumps({"status": 0, "errors": ["x"]}), "404 No")

    assert asked(answer, CALLS["transaction"])[0].kind is Kind.NOT_FOUND


def test_too_many_calls_name_the_time_to_wait():
    limited = http('{"status":0,"errors":["Too Many"]}', "429 No")
    quoted = http("", "429 No", "Retry-After: 9")

    assert asked(limited, CALLS["send"])[0].retry_after_seconds == 3
    assert asked(quoted, CALLS["verify"])[0].retry_after_seconds == 9


@pytest.mark.parametrize("code", ["0", "1", "3", "4"])
def test_already_verified_that_the_transaction_denies_is_unknown(code):
    outcome = verified(says(status=2), says(**{**SEEN, "code": int(code)}))

    assert outcome.kind is Kind.UNKNOWN


def test_a_payment_goes_all_the_way(vandar):
    stored = vandar.start(2_500_000)
    hint = vandar.come_back(stored)

    outcome = vandar.adapter.confirm(stored)

    books = vandar.bank.payment(stored.token)
    assert (hint.claim, hint.token) == (Claim.PAID, stored.token)
    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 2_500_000)
    assert outcome.order_number == stored.order_number
    assert (books["state"], books["amount"]) == ("settled", 2_500_000)
    assert outcome.bank_reference == books["reference"]
    assert books["terminal"] == vandar.gateway.terminal


def test_a_success_told_once_is_told_again_by_the_transaction(vandar):
    stored, first = vandar.confirmed()

    again = vandar.adapter.confirm(stored)

    assert again.kind is Kind.ALREADY_CONFIRMED
    assert replace(again, kind=first.kind, bank_code="", reason_fa="", reason_en="",
                   evidence={}) == replace(first, bank_code="", reason_fa="", reason_en="",
                                           evidence={})  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        "drop_after",
        "html_500_after",
        "truncate",
        "without_amount",
        "without_order",
        "without_reference",
        "empty",
        "nulls",
    ],
)
def test_a_lost_answer_is_found_by_repeating(vandar, fault):
    stored = vandar.paid()
    vandar.break_next("confirm", fault)

    kinds = [vandar.adapter.confirm(stored).kind for _ in range(2)]

    assert kinds == [Kind.UNKNOWN, Kind.ALREADY_CONFIRMED]


def test_eight_confirms_at_once_are_one_confirmation(vandar):
    stored = vandar.paid()

    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(lambda _: vandar.adapter.confirm(stored).kind, range(8)))

    assert sorted(kinds) == sorted([Kind.CONFIRMED] + [Kind.ALREADY_CONFIRMED] * 7)


def test_who_cancels_has_not_paid(vandar):
    stored = vandar.start()

    hint = vandar.come_back(stored, "cancel")

    assert hint.claim is Claim.FAILED
    assert vandar.adapter.confirm(stored).kind is Kind.NOT_PAID


def test_who_is_still_on_the_pay_page_has_not_failed(vandar):
    stored = vandar.start()

    kinds = {vandar.adapter.confirm(stored).kind, vandar.adapter.inquire(stored).kind}

    assert kinds == {Kind.NOT_FOUND}


def test_the_pay_page_opens_once(vandar):
    address = vandar.adapter.start(vandar.intent()).redirect.url

    with urllib.request.urlopen(address) as page:  # noqa: S310
        assert page.status == 200
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address)  # noqa: S310


def test_the_browser_that_never_came_back_is_found_by_the_bank(vandar):
    stored = vandar.start()
    vandar.bank.play(stored.token, "close")

    found = vandar.adapter.recover(stored)
    confirmed = vandar.adapter.confirm(stored)

    assert found.kind is Kind.AWAITS_CONFIRM
    assert (confirmed.kind, confirmed.bank_reference) == (Kind.CONFIRMED, found.bank_reference)


def test_another_amount_than_asked_shows_in_the_answer(vandar):
    stored = vandar.start(2_500_000)
    vandar.come_back(stored, "other")

    assert vandar.adapter.confirm(stored).amount_rial == 2_501_000
    assert vandar.adapter.confirm(stored).amount_rial == 2_501_000


def test_what_was_not_verified_in_time_has_gone_back(fresh_bank):
    vandar = Kit("vandar", opened("vandar", fresh_bank, []), fresh_bank)
    stored = vandar.paid()
    fresh_bank.admin.post("clock", minutes=21)

    assert vandar.adapter.confirm(stored).kind is Kind.RETURNED
    assert vandar.adapter.recover(stored).kind is Kind.RETURNED
    assert fresh_bank.payment(stored.token)["state"] == "reversed"


def test_a_payment_of_nobody_or_of_another_terminal_is_not_found(vandar):
    stored = vandar.paid()
    other = Secret("5e1c2b7ed9cb469fa16570867728950e41b2c7f9")
    neighbour = opened("vandar", vandar.bank, [], api_key=other).adapter

    assert vandar.adapter.confirm(replace(stored, token=None)).kind is Kind.NOT_FOUND
    assert vandar.adapter.recover(replace(stored, token="nobody")).kind is Kind.NOT_FOUND
    assert neighbour.confirm(stored).kind is Kind.NOT_FOUND


def test_wrong_credentials_are_ours_to_mend(vandar):
    stored = vandar.paid()
    stranger = opened("vandar", vandar.bank, [], api_key=Secret("nobody-at-all")).adapter

    assert vandar.adapter.check().kind is Kind.DONE
    assert stranger.check().kind is Kind.CONFIG_ERROR
    assert stranger.start(vandar.intent()).kind is Kind.CONFIG_ERROR
    assert stranger.confirm(stored).kind is Kind.CONFIG_ERROR
    for fault in ("credentials", "address"):
        vandar.break_next("confirm", fault)
        assert vandar.adapter.confirm(stored).kind is Kind.CONFIG_ERROR
    assert vandar.bank.payment(stored.token)["state"] == "paid"


@pytest.mark.parametrize(
    ("query", "claim"),
    [
        ({"token": TOKEN, "payment_status": "OK"}, Claim.PAID),
        ({"TOKEN": TOKEN, "Payment_Status": "failed"}, Claim.FAILED),
        ({"token": TOKEN}, Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_and_no_more(query, claim):
    adapter = Vandar(SETTINGS, HttpTransport())

    assert adapter.read_return("GET", query, {}, b"") == adapter.read_return("POST", {}, query, b"")
    hint = adapter.read_return("GET", query, {}, b"")
    assert (hint.claim, hint.token) == (claim, TOKEN)
    assert (hint.bank_reference, hint.amount_rial, hint.order_number) == (None, None, None)


def test_there_is_no_refund_and_no_reversal():
    manifest = Vandar(SETTINGS, HttpTransport()).manifest

    assert {manifest.can_refund, manifest.can_reverse} == {False}


def test_no_secret_is_ever_shown(vandar):
    _, outcome = vandar.confirmed()

    shown = f"{vandar.journal} {vandar.adapter!r} {outcome}"

    assert "•••" in shown
    assert vandar.adapter._key["api_key"] not in shown
