"""Sepehr: its bytes, its codes, and its whole way at the sandbox bank."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from payment_gateways.adapters.sepehr import (
    ADVICE,
    ROLLBACK,
    START,
    START_WORDS,
    WORDS,
    Sepehr,
)
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened, settings_at
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "sepehr"
SETTINGS = {"terminal_id": "69000007"}
TOKEN = "pK3xZ9a7Qw2mB5nR8tYv1cE4gH6jL0sD"
RECEIPT = "150000009973"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1",
    description="مشارکت T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
    mobile="09121234567",
)
STORED = StoredPayment(140400000123, 250_000, TOKEN, RECEIPT)
CALLS = {
    "GetToken": lambda adapter: adapter.start(INTENT),
    "Advice": lambda adapter: adapter.confirm(STORED),
    "Rollback": lambda adapter: adapter.reverse(STORED),
}


@pytest.fixture
def sepehr(sandbox_bank):
    journal = []
    yield Kit("sepehr", opened("sepehr", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture(scope="module")
def own_bank(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sepehr") / "books.sqlite3") as bank:
        yield bank


@pytest.fixture
def clockwork(own_bank):
    """Sepehr at a bank of its own, whose clock may be moved."""
    return Kit("sepehr", opened("sepehr", own_bank, []), own_bank)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


def asked(answer: bytes, call):
    """What the adapter sends and makes of one answer."""
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(Sepehr(SETTINGS, net, bank.base_url))
    return outcome, bank.requests


def saying(status, value) -> bytes:
    return http(json.dumps({"Status": status, "ReturnId": value, "Message": "x"}))


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, requests = asked(saying("NOk", "-3"), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == golden(f"{operation}.request.json", reference=RECEIPT)
    assert head.startswith(f"POST /Rest/V1/PeymentApi/{operation} HTTP/1.1".encode())
    assert b"Content-Type: application/json" in head


def test_the_sandbox_answers_byte_for_byte_as_documented(own_bank):
    net, known = HttpTransport(), {"reference": "1"}

    def call(operation):
        body = golden(f"{operation}.request.json", **known)
        url = f"{own_bank.base_url}/Rest/V1/PeymentApi/{operation}"
        return net.call("POST", url, body, operation=operation, headers={}).body

    started = call("GetToken")
    assert call("Advice") == golden("Advice.unknown.json")
    known["token"] = json.loads(started)["AccessToken"]
    known["reference"] = own_bank.play(known["token"])["fields"]["digitalreceipt"]

    assert started == golden("GetToken.answer.json", **known)
    for answer in ("Advice.answer", "Advice.repeated", "Rollback.answer", "Rollback.repeated"):
        assert call(answer.partition(".")[0]) == golden(f"{answer}.json")


def test_the_browser_is_sent_with_a_form_to_the_page_without_a_port():
    answer = http(golden("GetToken.answer.json", token=TOKEN))

    outcome, _ = asked(answer, CALLS["GetToken"])

    assert (outcome.kind, outcome.token) == (Kind.STARTED, TOKEN)
    assert outcome.redirect.method == "POST"
    assert outcome.redirect.url.endswith("/Payment/Pay")
    assert outcome.redirect.fields == {"token": TOKEN, "terminalID": "69000007"}
    assert outcome.expires_at == INTENT.at + timedelta(minutes=15)
    assert Sepehr.manifest.base_urls == ("https://sepehr.shaparak.ir",)


def test_a_deposit_id_goes_with_the_browser():
    answer = http(golden("GetToken.answer.json", token=TOKEN))

    outcome, _ = asked(answer, lambda adapter: adapter.start(replace(INTENT, payer_id="4455")))

    assert outcome.redirect.fields["nationalCode"] == "4455"


@pytest.mark.parametrize("name", ["AccessToken", "Accesstoken", "accessToken", "ACCESSTOKEN"])
def test_the_case_of_a_name_does_not_matter(name):
    outcome, _ = asked(http(json.dumps({"status": "۰", name: TOKEN})), CALLS["GetToken"])

    assert (outcome.kind, outcome.token) == (Kind.STARTED, TOKEN)


@pytest.mark.parametrize("code", [code for code in START if code != "0"])
def test_every_code_of_a_token_request_has_words_and_a_meaning(code):
    outcome, _ = asked(http(json.dumps({"Status": int(code)})), CALLS["GetToken"])

    assert (outcome.kind, outcome.bank_code) == (START[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == START_WORDS[code]


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "{}", "{", '{"Status":true,"AccessToken":"abcdefgh"}',
        '{"Status":77,"AccessToken":"abcdefgh"}', '{"Status":"Ok","AccessToken":"abcdefgh"}',
        '{"Status":0}', '{"Status":0,"AccessToken":""}', '{"Status":0,"AccessToken":null}',
        '{"Status":0,"AccessToken":["abcdefgh"]}', '{"Status":0,"AccessToken":"a b"}',
    ],
)  # fmt: skip
def test_what_is_no_clear_token_starts_nothing(body):
    outcome, _ = asked(http(body), CALLS["GetToken"])

    assert (outcome.kind, outcome.token, outcome.redirect) == (Kind.UNKNOWN, None, None)


@pytest.mark.parametrize(
    ("operation", "meanings"), [("Advice", ADVICE), ("Rollback", ROLLBACK)], ids=str
)
@pytest.mark.parametrize("code", ["-1", "-2", "-3", "-4", "-5", "-6"])
def test_every_refusal_has_words_and_a_meaning(operation, meanings, code):
    outcome, _ = asked(saying("NOk", code), CALLS[operation])

    assert (outcome.kind, outcome.bank_code) == (meanings[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == WORDS[code]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Ok", Kind.CONFIRMED),
        ("OK", Kind.CONFIRMED),
        ("ok", Kind.CONFIRMED),
        ("Duplicate", Kind.ALREADY_CONFIRMED),
        ("DUPLICATE", Kind.ALREADY_CONFIRMED),
    ],
)
@pytest.mark.parametrize("amount", [250_000, "250000", "۲۵۰۰۰۰", "250,000"])
def test_a_success_carries_the_amount_and_nothing_of_ours(status, kind, amount):
    outcome, _ = asked(saying(status, amount), CALLS["Advice"])

    assert (outcome.kind, outcome.amount_rial) == (kind, 250_000)
    assert (outcome.bank_reference, outcome.order_number, outcome.token) == (None, None, None)


@pytest.mark.parametrize("amount", [None, "", 0, "-1", 250_000.0, True, [250_000], "x"])
@pytest.mark.parametrize("status", ["Ok", "Duplicate"])
def test_a_success_without_a_clear_amount_is_unknown(status, amount):
    outcome, _ = asked(saying(status, amount), CALLS["Advice"])

    assert (outcome.kind, outcome.amount_rial) == (Kind.UNKNOWN, None)


@pytest.mark.parametrize(
    ("status", "value"),
    [
        ("NOk", "250000"), ("NOk", "-99"), ("NOk", None), ("NOk", True), ("NOk", ""),
        (True, "250000"), (None, "250000"), (0, "250000"), ("", "250000"), ("Fine", "250000"),
        ("-1", "-1"), ("-1", "250000"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("operation", ["Advice", "Rollback"])
def test_a_status_or_code_that_nobody_lists_is_unknown(operation, status, value):
    assert asked(saying(status, value), CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("body", ["", "null", "[]", "true", "7", '"Ok"', "{", "[" * 5_000, "{}"])
@pytest.mark.parametrize("operation", ["Advice", "Rollback"])
def test_what_is_no_answer_is_unknown(operation, body):
    assert asked(http(body), CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("status", ["500 No", "502 No", "302 Found"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    body = json.dumps({"Status": "Ok", "ReturnId": "250000"})

    assert asked(http(body, status), CALLS["Advice"])[0].kind is Kind.UNKNOWN


def test_what_a_rollback_calls_duplicate_is_unknown():
    assert asked(saying("Duplicate", "250000"), CALLS["Rollback"])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "claim"),
    [
        ({"respcode": "0"}, Claim.PAID),
        ({"RespCode": "۰"}, Claim.PAID),
        ({"respcode": "-1"}, Claim.CANCELLED),
        ({"respcode": "-2"}, Claim.FAILED),
        ({}, Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_and_no_more(fields, claim):
    form = {**fields, "InvoiceId": "۱۴۰۴۰۰۰۰۰۱۲۳", "DigitalReceipt": RECEIPT, "Amount": "250000"}

    hint = Sepehr(SETTINGS, HttpTransport()).read_return("POST", {}, form, b"")

    assert (hint.claim, hint.order_number, hint.token) == (claim, 140400000123, None)
    assert (hint.bank_reference, hint.amount_rial) == (RECEIPT, 250_000)


@pytest.mark.parametrize("receipt", ["", " ", "x" * 81, "a b", "سلام", "a\nb"])
def test_a_receipt_that_cannot_be_one_is_not_taken(receipt):
    hint = Sepehr(SETTINGS, HttpTransport()).read_return(
        "POST", {}, {"digitalreceipt": receipt}, b""
    )

    assert hint.bank_reference is None


@pytest.mark.parametrize("do", ["pay", "cancel"])
def test_the_way_back_of_the_sandbox_has_the_fields_of_the_guide(sepehr, do):
    back = sepehr.bank.play(sepehr.start().token, do)

    assert back["method"] == "POST"
    assert set(back["fields"]) == {
        "respcode", "respmsg", "amount", "invoiceid", "payload", "terminalid", "tracenumber",
        "rrn", "datepaid", "digitalreceipt", "issuerbank", "cardnumber",
    }  # fmt: skip


def test_a_payment_goes_all_the_way(sepehr):
    stored = sepehr.start(2_500_000)
    hint = sepehr.come_back(stored)
    stored = replace(stored, bank_reference=hint.bank_reference)

    outcome = sepehr.adapter.confirm(stored)

    assert (hint.claim, hint.order_number) == (Claim.PAID, stored.order_number)
    assert hint.card_masked == "610433******2187"
    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 2_500_000)
    books = sepehr.bank.payment(stored.token)
    assert (books["state"], books["reference"]) == ("settled", stored.bank_reference)
    assert books["terminal"] == sepehr.adapter.terminal


@pytest.mark.parametrize("fault", ["drop_after", "html_500_after", "truncate", "empty"])
def test_a_lost_confirmation_is_found_by_repeating_it(sepehr, fault):
    stored = sepehr.paid()
    sepehr.break_next("confirm", fault)

    outcomes = [sepehr.adapter.confirm(stored) for _ in range(2)]

    assert [outcome.kind for outcome in outcomes] == [Kind.UNKNOWN, Kind.ALREADY_CONFIRMED]
    assert outcomes[1].amount_rial == 2_500_000


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("without_amount", Kind.UNKNOWN),
        ("truth", Kind.UNKNOWN),
        ("unlisted_code", Kind.UNKNOWN),
        ("session_over", Kind.UNKNOWN),
        ("credentials", Kind.CONFIG_ERROR),
        ("address", Kind.CONFIG_ERROR),
        ("persian_digits", Kind.CONFIRMED),
        ("numbers_as_texts", Kind.CONFIRMED),
        ("texts_as_numbers", Kind.CONFIRMED),
    ],
)
def test_a_spoilt_answer_is_what_it_is(sepehr, fault, kind):
    stored = sepehr.paid()
    sepehr.break_next("confirm", fault)

    assert sepehr.adapter.confirm(stored).kind is kind


@pytest.mark.parametrize(
    ("fault", "kind"), [("address", Kind.CONFIG_ERROR), ("unlisted_code", Kind.UNKNOWN)]
)
@pytest.mark.parametrize("step", ["start", "check", "reverse"])
def test_every_other_call_tells_what_is_ours_to_mend(sepehr, step, fault, kind):
    stored, _ = sepehr.confirmed()
    sepehr.break_next(step, fault)
    call = {
        "start": lambda: sepehr.adapter.start(sepehr.intent()),
        "check": sepehr.adapter.check,
        "reverse": lambda: sepehr.adapter.reverse(stored),
    }

    assert call[step]().kind is kind


def test_who_cancels_brings_no_receipt(sepehr):
    stored = sepehr.start()

    hint = sepehr.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert sepehr.adapter.confirm(stored).kind is Kind.OPEN


def test_a_closed_browser_leaves_a_payment_that_nobody_can_tell_about(sepehr):
    stored = sepehr.start()
    sepehr.bank.play(stored.token, "close")
    before = len(sepehr.journal)

    kinds = [step(stored).kind for step in (sepehr.adapter.confirm, sepehr.adapter.reverse)]

    assert kinds == [Kind.OPEN, Kind.OPEN]
    assert len(sepehr.journal) == before  # nobody was asked
    assert sepehr.bank.payment(stored.token)["state"] == "paid"


def test_another_amount_shows(sepehr):
    stored = sepehr.paid(2_500_000, do="other")

    assert sepehr.adapter.confirm(stored).amount_rial == 2_501_000


def test_a_forged_receipt_and_one_of_another_terminal_are_not_found(sepehr):
    stored, paid = sepehr.start(), sepehr.paid()
    settings = settings_at("sepehr", sepehr.bank, terminal=2)
    neighbour = opened("sepehr", sepehr.bank, [], **settings).adapter

    forged = sepehr.adapter.confirm(replace(stored, bank_reference="150000000001"))

    assert (forged.kind, neighbour.confirm(paid).kind) == (Kind.NOT_FOUND, Kind.NOT_FOUND)
    assert sepehr.bank.payment(paid.token)["state"] == "paid"


def test_a_confirmed_payment_goes_back_once(sepehr):
    stored, _ = sepehr.confirmed()

    kinds = [sepehr.adapter.reverse(stored).kind for _ in range(2)]

    assert kinds == [Kind.DONE, Kind.DONE]
    assert sepehr.adapter.confirm(stored).kind is Kind.RETURNED
    assert sepehr.bank.payment(stored.token)["state"] == "reversed"


def test_a_check_moves_no_money(sepehr):
    before = sepehr.bank.admin.get("payments")

    assert sepehr.adapter.check().kind is Kind.DONE
    assert sepehr.bank.admin.get("payments") == before


def test_when_the_window_is_over_the_money_has_gone_back(clockwork):
    stored = clockwork.paid()
    clockwork.bank.admin.post("clock", minutes=31)

    assert clockwork.adapter.confirm(stored).kind is Kind.RETURNED


def test_what_was_confirmed_in_time_stays_confirmed_and_is_not_undone(clockwork):
    stored, _ = clockwork.confirmed()
    clockwork.bank.admin.post("clock", minutes=31)

    assert clockwork.adapter.confirm(stored).kind is Kind.ALREADY_CONFIRMED
    assert clockwork.adapter.reverse(stored).kind is Kind.REFUSED
    assert clockwork.bank.payment(stored.token)["state"] == "settled"


def test_what_is_not_possible_is_no_other_amount():
    """REFUSED to a confirm would mean that the bank holds another amount than ours."""
    answer = saying("NOk", "-4")

    assert asked(answer, CALLS["Advice"])[0].kind is Kind.UNKNOWN
    assert asked(answer, CALLS["Rollback"])[0].kind is Kind.REFUSED
