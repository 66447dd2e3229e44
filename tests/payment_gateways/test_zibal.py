"""Zibal: its bytes, its answers that lack something, its codes, its refunds."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payment_gateways.adapters.zibal import Zibal
from payment_gateways.adapters.zibal_codes import (
    INQUIRE,
    REFUND,
    REFUND_INQUIRE,
    REFUND_WORDS,
    START,
    STATUS,
    STATUS_WORDS,
    VERIFY,
    WORDS,
)
from payment_gateways.contract import Claim, Kind, PaymentIntent, Refund, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "zibal"
SETTINGS = {
    "merchant": "5e1c2b7e90d9cb469fa16570",
    "access_token": "panel-token-of-ours",
    "wallet_id": "1042",
}
TOKEN = "217885159003"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1",
    description="مشارکت T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
    mobile="09121234567",
)
STORED = StoredPayment(140400000123, 250_000, TOKEN)
REFUND_ORDER = Refund(140400000777, 50_000, "انصراف")
PATHS = {
    "request": "/v1/request",
    "verify": "/v1/verify",
    "inquiry": "/v1/inquiry",
    "refund": "/v1/account/refund",
    "refund_inquiry": "/v1/account/refund/inquiry",
}
CALLS = {
    "request": lambda adapter: adapter.start(INTENT),
    "verify": lambda adapter: adapter.confirm(STORED),
    "inquiry": lambda adapter: adapter.inquire(STORED),
    "refund_inquiry": lambda adapter: adapter.refund_status(STORED, REFUND_ORDER),
}
PAID = {
    "result": 100,
    "status": 1,
    "amount": 250_000,
    "orderId": "140400000123",
    "refNumber": 201,
    "cardNumber": "610433******2187",
}


@pytest.fixture
def zibal(sandbox_bank):
    journal = []
    yield Kit("zibal", opened("zibal", sandbox_bank, journal), sandbox_bank, journal)
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


def asked(answer: bytes, call, **settings):
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(Zibal({**SETTINGS, **settings}, net, bank.base_url))
    return outcome, bank.requests


def says(**fields) -> bytes:
    return http(json.dumps(fields))


class Telling(HttpTransport):
    """Answers each call by what it was told, over a real socket."""

    def __init__(self, **answers):
        super().__init__(limits=Limits(read_seconds=1))
        self.answers = answers
        self.asked = {}

    def call(self, method, url, body=b"", *, operation, headers):
        self.asked[operation] = (url, body, headers)
        with answering(self.answers[operation]) as bank:
            return super().call(
                method, bank.base_url + "/", body, operation=operation, headers=headers
            )


def refunded(answer: bytes, **inquiry):
    """What an order to refund becomes by an answer, after an inquiry that found none."""
    net = Telling(refund_inquiry=says(**{"result": 1, "data": [], **inquiry}), refund=answer)
    return Zibal(SETTINGS, net).refund(STORED, REFUND_ORDER), net.asked


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, requests = asked(says(result=999), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == golden(f"{operation}.request.json", token=TOKEN)
    assert head.startswith(f"POST {PATHS[operation]} HTTP/1.1".encode())
    assert b"Content-Type: application/json" in head
    assert (b"Authorization: Bearer panel-token-of-ours" in head) == ("refund" in operation)


def test_an_order_to_refund_goes_to_the_platform_byte_for_byte_as_documented():
    _, asked_for = refunded(says(result=999))

    url, body, headers = asked_for["refund"]
    assert body == golden("refund.request.json", token=TOKEN)
    assert url == "https://api.zibal.ir/v1/account/refund"
    assert headers["Authorization"] == "Bearer panel-token-of-ours"
    assert asked_for["refund_inquiry"][0] == "https://api.zibal.ir/v1/account/refund/inquiry"


def test_the_sandbox_answers_byte_for_byte_as_documented(fresh_bank):
    net = HttpTransport()
    known = {"token": TOKEN}

    def call(operation):
        body = golden(f"{operation}.request.json", **known)
        headers = {"Authorization": "Bearer t"}
        url = f"{fresh_bank.base_url}{PATHS[operation]}"
        return net.call("POST", url, body, operation=operation, headers=headers).body

    refused = call("verify")
    started = call("request")
    known["token"] = re.search(rb'"trackId":(\d+)', started)[1].decode()
    fresh_bank.play(known["token"])
    known["reference"] = fresh_bank.payment(known["token"])["reference"]
    verified, again, inquired = call("verify"), call("verify"), call("inquiry")
    for name in ("createdAt", "paidAt", "verifiedAt"):
        moment = json.loads(inquired)[name]
        known[{"createdAt": "started_at"}.get(name, name.replace("At", "_at"))] = moment
    refunded = call("refund")
    known["refund"] = json.loads(refunded)["data"]["split"][0]["refundId"]
    listed = call("refund_inquiry")
    known["made_at"] = json.loads(listed)["data"][0]["createdAt"]

    assert refused == golden("refused.answer.json")
    assert started == golden("request.answer.json", **known)
    assert verified == golden("verify.answer.json", **known)
    assert again == golden("again.answer.json")
    assert inquired == golden("inquiry.answer.json", **known)
    assert refunded == golden("refund.answer.json", **known)
    assert listed == golden("refund_inquiry.answer.json", **known)


@pytest.mark.parametrize(
    ("operation", "table", "words"),
    [("request", START, WORDS), ("verify", VERIFY, WORDS), ("inquiry", INQUIRE, WORDS),
     ("refund_inquiry", REFUND_INQUIRE, REFUND_WORDS)],
)  # fmt: skip
def test_every_code_has_words_and_a_meaning(operation, table, words):
    for code, kind in table.items():
        outcome, _ = asked(says(result=int(code)), CALLS[operation])

        assert words[code]
        if kind in {Kind.STARTED, Kind.CONFIRMED, Kind.ALREADY_CONFIRMED, Kind.NOT_PAID, Kind.DONE}:
            assert outcome.kind is Kind.UNKNOWN  # nothing else in the answer bears it out
        else:
            assert (outcome.kind, outcome.bank_code) == (kind, code)
            assert (outcome.reason_fa, outcome.reason_en) == words[code]


@pytest.mark.parametrize("code", sorted(REFUND))
def test_every_code_of_a_refund_has_words_and_a_meaning(code):
    outcome, _ = refunded(says(result=int(code)))

    # A success without the bank's name for the refund is none.
    assert outcome.kind is (Kind.UNKNOWN if code == "1" else REFUND[code])
    assert (outcome.reason_fa, outcome.reason_en) == REFUND_WORDS[code]


@pytest.mark.parametrize("body", ["", "null", "[]", '{"result":true}', '{"result":77}', "{"])
def test_no_answer_to_an_order_to_refund_is_unknown(body):
    assert refunded(http(body))[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("inquiry", "kind"),
    [
        ({"data": None}, Kind.UNKNOWN),
        ({"result": 999}, Kind.UNKNOWN),
        ({"result": 3}, Kind.CONFIG_ERROR),
        ({"data": [{"description": "140400000777", "amount": 50_000, "status": 0}]}, Kind.DONE),
        ({"data": [{"description": "140400000777", "amount": 50_000, "status": 1}]}, Kind.DONE),
        ({"data": [{"description": "140400000777", "amount": 1, "status": 1}]}, Kind.UNKNOWN),
    ],
)
def test_nothing_is_sent_unless_an_inquiry_found_none_of_our_number(inquiry, kind):
    outcome, asked_for = refunded(says(result=1), **inquiry)

    assert outcome.kind is kind
    assert "refund" not in asked_for


@pytest.mark.parametrize("status", sorted(STATUS))
def test_every_status_has_words_and_a_meaning(status):
    outcome, _ = asked(says(**{**PAID, "status": int(status)}), CALLS["inquiry"])

    assert outcome.kind is STATUS[status]
    assert (outcome.reason_fa, outcome.reason_en) == STATUS_WORDS[status]
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("code", [999, 0, -1, True, None, 100.0, [100], "ok", "", 77])
def test_a_code_no_guide_lists_is_unknown_in_every_operation(code, operation):
    answer = says(**{**PAID, "result": code, "trackId": 5, "data": []})

    assert asked(answer, CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("body", ["", "null", "[]", "true", "7", "{}", '"100"', "{", "[" * 5_000])
@pytest.mark.parametrize("operation", CALLS)
def test_what_is_no_answer_is_unknown(body, operation):
    assert asked(http(body), CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("status", ["500 No", "502 No", "302 Found"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    assert asked(http(json.dumps(PAID), status), CALLS["verify"])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"amount": "250000", "refNumber": "201", "result": "100"},
        {"amount": "۲۵۰٬۰۰۰", "refNumber": "۲۰۱", "result": "۱۰۰", "orderId": "۱۴۰۴۰۰۰۰۰۱۲۳"},
        {"orderId": 140400000123, "cardNumber": "6104337913882187"},
    ],
    ids=["as documented", "texts", "Persian digits", "order as a number"],
)
def test_a_success_is_read_in_every_shape_it_comes_in(changed):
    outcome, _ = asked(says(**{**PAID, **changed}), CALLS["verify"])

    assert (outcome.kind, outcome.bank_reference) == (Kind.CONFIRMED, "201")
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)
    assert (outcome.trace_number, outcome.card_masked) == ("201", "610433******2187")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("amount", [None, "", "x", True, [5], "12.5", 12.5, -5]),
        ("orderId", [None, "", "x", True, [5], "12.5", -5]),
        ("refNumber", [None, "", 0, "0", True, [5], {}, 5.0, "a\u0000b"]),
    ],
)
def test_a_success_without_what_binds_it_is_none(name, values):
    for value in values:
        outcome, _ = asked(says(**{**PAID, name: value}), CALLS["verify"])

        assert (outcome.kind, outcome.evidence["missing"]) == (Kind.UNKNOWN, name)


def test_the_answers_amount_and_order_are_told_as_they_are():
    outcome, _ = asked(says(**{**PAID, "amount": 251_000, "orderId": "7"}), CALLS["verify"])

    assert (outcome.amount_rial, outcome.order_number) == (251_000, 7)


def test_a_payment_goes_all_the_way(zibal):
    stored = zibal.start(2_500_000)
    hint = zibal.come_back(stored)

    outcome = zibal.adapter.confirm(stored)

    books = zibal.bank.payment(stored.token)
    assert (hint.claim, hint.token, hint.order_number) == (
        Claim.PAID, stored.token, stored.order_number,
    )  # fmt: skip
    assert outcome.kind is Kind.CONFIRMED
    assert (books["state"], books["amount"], outcome.amount_rial) == (
        "settled", 2_500_000, 2_500_000,
    )  # fmt: skip
    assert outcome.bank_reference == books["reference"]
    assert books["terminal"] == zibal.gateway.terminal


def test_already_verified_is_looked_into_and_names_the_same_money(zibal):
    stored, first = zibal.confirmed()

    again = zibal.adapter.confirm(stored)

    assert again.kind is Kind.ALREADY_CONFIRMED
    assert (again.amount_rial, again.order_number, again.bank_reference) == (
        first.amount_rial, first.order_number, first.bank_reference,
    )  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        "html_500",
        "without_amount",
        "without_order",
        "without_reference",
        "nulls",
        "lists",
        "unlisted_code",
    ],
)
def test_already_verified_that_cannot_be_looked_into_is_unknown(zibal, fault):
    stored, _ = zibal.confirmed()
    zibal.break_next("inquire", fault)

    assert zibal.adapter.confirm(stored).kind is Kind.UNKNOWN
    assert zibal.adapter.confirm(stored).kind is Kind.ALREADY_CONFIRMED


def test_a_reference_that_is_not_there_yet_is_waited_for(zibal):
    stored = zibal.paid()
    zibal.break_next("confirm", "without_reference")

    kinds = [zibal.adapter.confirm(stored).kind for _ in range(2)]

    assert kinds == [Kind.UNKNOWN, Kind.ALREADY_CONFIRMED]


def test_a_lost_answer_is_found_by_repeating(zibal):
    stored = zibal.paid()
    zibal.break_next("confirm", "drop_after")

    kinds = [zibal.adapter.confirm(stored).kind for _ in range(2)]

    assert kinds == [Kind.UNKNOWN, Kind.ALREADY_CONFIRMED]


def test_eight_confirms_at_once_are_one_confirmation(zibal):
    stored = zibal.paid()

    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(lambda _: zibal.adapter.confirm(stored).kind, range(8)))

    assert sorted(kinds) == sorted([Kind.CONFIRMED] + [Kind.ALREADY_CONFIRMED] * 7)


def test_who_cancels_has_not_paid(zibal):
    stored = zibal.start()

    hint = zibal.come_back(stored, "cancel")

    assert hint.claim is Claim.CANCELLED
    assert zibal.adapter.confirm(stored).kind is Kind.NOT_PAID
    assert zibal.adapter.inquire(stored).kind is Kind.NOT_PAID


def test_who_is_still_on_the_pay_page_has_not_failed(zibal):
    stored = zibal.start()

    kinds = {zibal.adapter.confirm(stored).kind, zibal.adapter.inquire(stored).kind}

    assert kinds == {Kind.OPEN}


def test_unpaid_that_cannot_be_looked_into_is_unknown(zibal):
    stored = zibal.start()
    zibal.break_next("inquire", "html_500")

    assert zibal.adapter.confirm(stored).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("result", "status"), [(201, 2), (201, 3), (201, -1), (202, 1), (202, 2), (202, -2)]
)
def test_answers_that_contradict_each_other_are_asked_again(result, status):
    class Twofold(HttpTransport):
        def call(self, method, url, body=b"", **more):
            fields = {"result": result} if url.endswith("verify") else {**PAID, "status": status}
            with answering(says(**fields)) as bank:
                return super().call(method, bank.base_url + "/", body, **more)

    assert Zibal(SETTINGS, Twofold()).confirm(STORED).kind is Kind.UNKNOWN


def test_the_browser_that_never_came_back_is_found_by_the_bank(zibal):
    stored = zibal.start()
    zibal.bank.play(stored.token, "close")

    found = zibal.adapter.recover(stored)
    confirmed = zibal.adapter.confirm(stored)

    assert found.kind is Kind.AWAITS_CONFIRM
    assert (confirmed.kind, confirmed.bank_reference) == (Kind.CONFIRMED, found.bank_reference)


def test_another_amount_than_asked_shows_in_the_answer(zibal):
    stored = zibal.start(2_500_000)
    zibal.come_back(stored, "other")

    assert zibal.adapter.confirm(stored).amount_rial == 2_501_000


def test_what_was_not_verified_in_time_has_gone_back(fresh_bank):
    zibal = Kit("zibal", opened("zibal", fresh_bank, []), fresh_bank)
    stored = zibal.paid()
    fresh_bank.admin.post("clock", minutes=21)

    assert zibal.adapter.confirm(stored).kind is Kind.RETURNED
    assert zibal.adapter.recover(stored).kind is Kind.RETURNED
    assert fresh_bank.payment(stored.token)["state"] == "reversed"


@pytest.mark.parametrize("token", ["5", "A" + "x" * 35, None])
def test_a_payment_nobody_started_is_not_found(zibal, token):
    stored = replace(zibal.paid(), token=token)

    assert zibal.adapter.confirm(stored).kind is Kind.NOT_FOUND
    assert zibal.adapter.recover(stored).kind is Kind.NOT_FOUND


def test_a_payment_of_another_terminal_is_not_ours(zibal):
    stored = zibal.paid()
    neighbour = opened("zibal", zibal.bank, [], merchant=Secret("5e1c2b7e90d9cb469fa16571"))

    assert neighbour.adapter.confirm(stored).kind is Kind.NOT_FOUND


def test_wrong_credentials_are_ours_to_mend(zibal):
    stored = zibal.paid()
    stranger = opened("zibal", zibal.bank, [], merchant=Secret("nobody-at-all")).adapter

    assert zibal.adapter.check().kind is Kind.DONE
    assert stranger.check().kind is Kind.CONFIG_ERROR
    assert stranger.start(zibal.intent()).kind is Kind.CONFIG_ERROR
    assert stranger.confirm(stored).kind is Kind.CONFIG_ERROR
    for fault in ("credentials", "address"):
        zibal.break_next("confirm", fault)
        assert zibal.adapter.confirm(stored).kind is Kind.CONFIG_ERROR
    assert zibal.bank.payment(stored.token)["state"] == "paid"


@pytest.mark.parametrize(
    ("fields", "claim"),
    [
        ({"success": "1", "status": "2"}, Claim.PAID),
        ({"success": "2"}, Claim.PAID),
        ({"success": "۱", "STATUS": "۱"}, Claim.PAID),
        ({"success": "0", "status": "3"}, Claim.CANCELLED),
        ({"success": "0", "status": "5"}, Claim.FAILED),
        ({"success": "0"}, Claim.FAILED),
        ({"success": "0", "status": "2"}, Claim.UNCLEAR),
        ({"success": "1", "status": "-2"}, Claim.UNCLEAR),
        ({}, Claim.UNCLEAR),
    ],
)
def test_the_browsers_claim_is_read_by_both_fields(fields, claim):
    adapter = Zibal(SETTINGS, HttpTransport())
    brought = {"trackId": "۲۱۷", "orderId": "1404", **fields}

    by_get = adapter.read_return("GET", brought, {}, b"")
    by_form = adapter.read_return("POST", {}, brought, b"")
    by_json = adapter.read_return("POST", {}, {}, json.dumps(brought).encode())

    assert by_get == by_form == by_json
    assert (by_get.claim, by_get.token, by_get.order_number) == (claim, "217", 1404)
    assert (by_get.bank_reference, by_get.amount_rial) == (None, None)


@pytest.mark.parametrize("body", [b"[]", b"null", b"\xff", b"[" * 5_000, b'{"trackId":[1]}'])
def test_a_strange_body_is_no_hint_and_no_error(body):
    hint = Zibal(SETTINGS, HttpTransport()).read_return("POST", {}, {}, body)

    assert (hint.claim, hint.token) == (Claim.UNCLEAR, None)


def test_money_goes_back_in_parts_and_never_beyond_the_whole(zibal):
    stored, _ = zibal.confirmed()
    parts = [Refund(stored.order_number + at, 1_000_000, "نیمه") for at in (10**6, 10**6 + 1)]

    unasked = zibal.adapter.refund_status(stored, parts[0]).kind
    ordered = [zibal.adapter.refund(stored, part) for part in parts]
    too_much = zibal.adapter.refund(stored, Refund(9, 1_000_000))
    found = [zibal.adapter.refund_status(stored, part) for part in parts]

    assert unasked is Kind.NOT_FOUND
    assert [outcome.kind for outcome in ordered] == [Kind.DONE, Kind.DONE]
    assert too_much.kind is Kind.REFUSED
    assert [(one.kind, one.bank_reference) for one in found] == [
        (Kind.DONE, one.bank_reference) for one in ordered
    ]
    assert zibal.adapter.refund(stored, parts[0]).bank_reference == ordered[0].bank_reference
    assert zibal.adapter.refund(stored, Refund(8, 500_000)).kind is Kind.DONE
    assert ordered[0].bank_reference != ordered[1].bank_reference


def test_a_refund_whose_answer_was_lost_is_found_and_not_sent_again(zibal):
    stored, _ = zibal.confirmed()
    order = Refund(stored.order_number + 5, 20_000, "بازگشت")
    zibal.break_next("refund", "drop_after")

    lost = zibal.adapter.refund(stored, order)
    found = zibal.adapter.refund_status(stored, order)

    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.DONE)
    booked = zibal.bank.admin.get(f"refunds?terminal={zibal.gateway.terminal}")
    assert [row["amount"] for row in booked if row["number"] == str(order.number)] == [20_000]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ([], Kind.NOT_FOUND),
        ([{"description": "7", "amount": 50_000, "status": 1}], Kind.NOT_FOUND),
        ([{"description": "140400000777 x", "amount": 50_000, "status": 0}], Kind.OPEN),
        ({"description": "140400000777", "amount": 50_000, "status": 1}, Kind.DONE),
        ([{"description": "140400000777", "amount": 50_000, "status": 4}], Kind.UNKNOWN),
        ([{"description": "140400000777", "amount": 60_000, "status": 1}], Kind.UNKNOWN),
        ({"description": "7", "amount": 50_000, "status": 1}, Kind.UNKNOWN),
        (
            [
                {"description": "140400000777", "amount": 20_000, "status": 1},
                {"description": "140400000777", "amount": 30_000, "status": 0},
            ],
            Kind.OPEN,
        ),
        ([[]], Kind.UNKNOWN),
        (None, Kind.UNKNOWN),
        ("none", Kind.UNKNOWN),
    ],
)
def test_only_a_list_without_ours_allows_to_send_a_refund_again(data, kind):
    outcome, _ = asked(says(result=1, data=data), CALLS["refund_inquiry"])

    assert outcome.kind is kind


@pytest.mark.parametrize("fault", ["credentials", "address"])
def test_a_platform_that_does_not_let_us_in_is_ours_to_mend(zibal, fault):
    stored, _ = zibal.confirmed()
    zibal.break_next("refund", fault)

    assert zibal.adapter.refund(stored, Refund(3, 20_000)).kind is Kind.CONFIG_ERROR


def test_without_the_platforms_token_there_is_no_refund_and_nobody_is_called():
    for missing in ("access_token", "wallet_id"):
        settings = {name: value for name, value in SETTINGS.items() if name != missing}
        adapter = Zibal(settings, HttpTransport(), "http://127.0.0.1:1")

        assert not adapter.manifest.can_refund
        assert adapter.refund(STORED, REFUND_ORDER).kind is Kind.REFUSED
        # An order that was sent while there was a token is not declined for that.
        assert CALLS["refund_inquiry"](adapter).kind is Kind.CONFIG_ERROR
    assert Zibal(SETTINGS, HttpTransport()).manifest.can_refund_part


def test_no_secret_is_ever_shown(zibal):
    stored, outcome = zibal.confirmed()
    zibal.adapter.refund(stored, Refund(1, 20_000))

    shown = f"{zibal.journal} {zibal.adapter!r} {outcome}"

    assert "•••" in shown
    for secret in (zibal.adapter._merchant["merchant"], zibal.adapter._token):
        assert secret not in shown


@pytest.mark.parametrize("reason", ["برگشت می‌شود", "دو\nسطر", "\u200f راست", "x" * 400])
def test_a_refund_is_found_whatever_stands_behind_its_number(reason):
    """Half-spaces stand in most Persian sentences; unseen, the order would be sent again."""
    row = {
        "refundId": "77",
        "amount": REFUND_ORDER.amount_rial,
        "status": 1,
        "description": f"{REFUND_ORDER.number} {reason}",
    }
    net = Telling(refund_inquiry=says(result=1, data=[row]))

    assert Zibal(SETTINGS, net).refund(STORED, REFUND_ORDER).kind is Kind.DONE
    assert list(net.asked) == ["refund_inquiry"]
