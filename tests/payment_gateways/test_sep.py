"""Saman: its bytes, its codes, and its whole way at the sandbox bank."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from payment_gateways.adapters.sep import Sep
from payment_gateways.adapters.sep_codes import REVERSE, START, START_WORDS, VERIFY, WORDS
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened, settings_at
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "sep"
TOKEN = "2c3c1fefac5a48feb9f9be7e445dd9b2"
REFERENCE = "150000009973"
VERIFY_PATH = "/verifyTxnRandomSessionkey/ipg/VerifyTransaction"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1",
    description="مشارکت T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
    mobile="09121234567",
)
STORED = StoredPayment(140400000123, 250_000, TOKEN, REFERENCE)
DETAIL = {
    "RRN": "14226761817",
    "RefNum": REFERENCE,
    "MaskedPan": "621986****8080",
    "TerminalNumber": 2001,
    "OrginalAmount": 250_000,
    "AffectiveAmount": 250_000,
    "StraceDate": "2025-09-15 18:27:58",
    "StraceNo": "100428",
}
CALLS = {
    "token": lambda adapter: adapter.start(INTENT),
    "VerifyTransaction": lambda adapter: adapter.confirm(STORED),
    "ReverseTransaction": lambda adapter: adapter.reverse(STORED),
}
PATHS = {
    "token": "/onlinepg/onlinepg",
    "VerifyTransaction": VERIFY_PATH,
    "ReverseTransaction": "/verifyTxnRandomSessionkey/ipg/ReverseTransaction",
}


@pytest.fixture
def sep(sandbox_bank):
    journal = []
    yield Kit("sep", opened("sep", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture(scope="module")
def own_bank(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sep") / "books.sqlite3") as bank:
        yield bank


@pytest.fixture
def clockwork(own_bank):
    """Saman at a bank of its own, whose clock may be moved."""
    return Kit("sep", opened("sep", own_bank, []), own_bank)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


def asked(answer: bytes, call):
    """What the adapter sends and makes of one answer."""
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(Sep({"terminal_id": "2001"}, net, bank.base_url))
    return outcome, bank.requests


def saying(code, detail=DETAIL, **more) -> bytes:
    content = {"TransactionDetail": detail, "ResultCode": code, "Success": code == 0, **more}
    return http(json.dumps(content))


def verified(**changes):
    """What a confirm makes of a success whose detail differs; ``None`` leaves a part out."""
    detail = {name: value for name, value in {**DETAIL, **changes}.items() if value is not None}
    return asked(saying(0, detail), CALLS["VerifyTransaction"])[0]


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, requests = asked(saying(-999), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == golden(f"{operation}.request.json", reference=REFERENCE)
    assert head.startswith(f"POST {PATHS[operation]} HTTP/1.1".encode())
    assert b"Content-Type: application/json" in head


def test_the_sandbox_answers_byte_for_byte_as_documented(own_bank):
    net, known = HttpTransport(), {"reference": "1"}

    def call(operation):
        body = golden(f"{operation}.request.json", **known)
        url = own_bank.base_url + PATHS[operation]
        return net.call("POST", url, body, operation=operation, headers={}).body

    assert call("VerifyTransaction") == golden("VerifyTransaction.unknown.json")
    started = call("token")
    assert call("token") == golden("token.refused.json")  # the number was used
    known["token"] = json.loads(started)["token"]
    back = own_bank.play(known["token"])["fields"]
    known |= {"reference": back["RefNum"], "rrn": back["RRN"], "trace": back["TraceNo"]}
    first = call("VerifyTransaction")
    known["moment"] = json.loads(first)["TransactionDetail"]["StraceDate"]

    assert started == golden("token.answer.json", **known)
    assert first == golden("VerifyTransaction.answer.json", **known)
    assert call("VerifyTransaction") == golden("VerifyTransaction.repeated.json", **known)
    assert call("ReverseTransaction") == golden("ReverseTransaction.answer.json", **known)
    assert datetime.strptime(known["moment"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  Tehran's


def test_the_browser_is_sent_with_the_form_of_the_guide():
    outcome, _ = asked(http(golden("token.answer.json", token=TOKEN)), CALLS["token"])

    assert (outcome.kind, outcome.token) == (Kind.STARTED, TOKEN)
    assert outcome.redirect.method == "POST"
    assert outcome.redirect.url.endswith("/OnlinePG/OnlinePG")
    assert outcome.redirect.fields == {"Token": TOKEN, "GetMethod": ""}
    assert outcome.expires_at == INTENT.at + timedelta(minutes=20)


@pytest.mark.parametrize("code", START)
def test_every_code_of_a_token_request_has_words_and_a_meaning(code):
    answer = http(json.dumps({"status": -1, "errorCode": code, "errorDesc": "x"}))

    outcome, _ = asked(answer, CALLS["token"])

    assert (outcome.kind, outcome.bank_code) == (START[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == START_WORDS[code]


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "{}", "{",
        '{"status":-1}', '{"status":-1,"errorCode":"77"}', '{"status":-1,"errorCode":true}',
        '{"status":true,"token":"abcdefgh"}', '{"status":2,"token":"abcdefgh"}',
        '{"status":1}', '{"status":1,"token":""}', '{"status":1,"token":null}',
        '{"status":1,"token":["abcdefgh"]}', '{"status":1,"token":"a b"}',
    ],
)  # fmt: skip
def test_what_is_no_clear_token_starts_nothing(body):
    outcome, _ = asked(http(body), CALLS["token"])

    assert (outcome.kind, outcome.token, outcome.redirect) == (Kind.UNKNOWN, None, None)


@pytest.mark.parametrize("code", VERIFY)
def test_every_code_of_a_verify_has_words_and_a_meaning(code):
    outcome, _ = asked(saying(int(code)), CALLS["VerifyTransaction"])

    assert (outcome.kind, outcome.bank_code) == (VERIFY[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == WORDS[code]


@pytest.mark.parametrize("code", REVERSE)
def test_every_code_of_a_reversal_has_a_meaning(code):
    assert asked(saying(int(code)), CALLS["ReverseTransaction"])[0].kind is REVERSE[code]


@pytest.mark.parametrize("code", [-999, 1, 7, -1, -18, True, None, "", "OK", 0.0])
@pytest.mark.parametrize("operation", ["VerifyTransaction", "ReverseTransaction"])
def test_a_code_that_no_guide_lists_is_unknown(operation, code):
    assert asked(saying(code), CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "[1]", "true", "7", '"0"', "{", "[" * 5_000, "{}",
        '{"ResultCode":0}', '{"ResultCode":0,"Success":true}',
        '{"ResultCode":0,"Success":true,"TransactionDetail":null}',
        '{"ResultCode":0,"Success":true,"TransactionDetail":[]}',
    ],
)  # fmt: skip
def test_what_is_no_clear_success_confirms_nothing(body):
    outcome, _ = asked(http(body), CALLS["VerifyTransaction"])

    assert (outcome.kind, outcome.amount_rial) == (Kind.UNKNOWN, None)


@pytest.mark.parametrize("success", [False, None, "true", 1])
def test_a_success_that_says_it_is_none_is_unknown(success):
    outcome, _ = asked(saying(0, Success=success), CALLS["VerifyTransaction"])

    assert outcome.kind is Kind.UNKNOWN


@pytest.mark.parametrize("part", ["OrginalAmount", "TerminalNumber", "RefNum"])
@pytest.mark.parametrize("code", [0, 2])
def test_a_success_that_lacks_a_part_is_unknown(part, code):
    detail = {name: value for name, value in DETAIL.items() if name != part}

    outcome, _ = asked(saying(code, detail), CALLS["VerifyTransaction"])

    assert outcome.kind is Kind.UNKNOWN
    assert outcome.evidence["missing"] == part


@pytest.mark.parametrize("amount", [0, -250_000, 250_000.0, True, "", "x", [250_000]])
def test_an_amount_that_is_none_is_never_read_as_one(amount):
    assert verified(OrginalAmount=amount).kind is Kind.UNKNOWN


@pytest.mark.parametrize("amount", [250_000, "250000", "۲۵۰۰۰۰", "250,000"])
def test_an_amount_is_read_in_every_shape_it_comes_in(amount):
    outcome = verified(OrginalAmount=amount, TerminalNumber="2001", RefNum=int(REFERENCE))

    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 250_000)
    assert (outcome.bank_reference, outcome.trace_number) == (REFERENCE, "100428")
    assert (outcome.order_number, outcome.token) == (None, None)
    assert outcome.card_masked == "621986******8080"


def test_the_money_of_another_terminal_is_refused():
    assert verified(TerminalNumber=2002).kind is Kind.REFUSED


def test_what_the_answer_carries_is_handed_over_and_not_what_we_asked():
    outcome = verified(OrginalAmount=1_000, RefNum="another")

    assert (outcome.amount_rial, outcome.bank_reference) == (1_000, "another")


def test_a_repeated_verify_without_detail_carries_nothing():
    outcome, _ = asked(saying(2, None), CALLS["VerifyTransaction"])

    assert (outcome.kind, outcome.amount_rial) == (Kind.ALREADY_CONFIRMED, None)
    assert outcome.bank_reference is None


@pytest.mark.parametrize("status", ["500 No", "502 No", "302 Found"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    body = json.dumps({"TransactionDetail": DETAIL, "ResultCode": 0, "Success": True})

    assert asked(http(body, status), CALLS["VerifyTransaction"])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "claim"),
    [
        ({"State": "OK", "Status": "2"}, Claim.PAID),
        ({"state": "ok", "status": "۲"}, Claim.PAID),
        ({"State": "OK"}, Claim.PAID),
        ({"State": "CanceledByUser", "Status": "1"}, Claim.CANCELLED),
        ({"STATE": "CANCELEDBYUSER"}, Claim.CANCELLED),
        ({"State": "Failed", "Status": "3"}, Claim.FAILED),
        ({"State": "OK", "Status": "3"}, Claim.FAILED),
        ({"Status": "10"}, Claim.FAILED),
        ({}, Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_and_no_more(fields, claim):
    adapter = Sep({"terminal_id": "2001"}, HttpTransport())
    form = {**fields, "ResNum": "140400000123", "Token": TOKEN, "RefNum": REFERENCE}

    hint = adapter.read_return("POST", {}, form, b"")

    assert (hint.claim, hint.order_number, hint.token) == (claim, 140400000123, TOKEN)
    assert hint.bank_reference == REFERENCE


@pytest.mark.parametrize("reference", ["", " ", "x" * 51, "a b", "سلام", "a\nb"])
def test_a_reference_that_cannot_be_one_is_not_taken(reference):
    adapter = Sep({"terminal_id": "2001"}, HttpTransport())

    hint = adapter.read_return("POST", {}, {"RefNum": reference}, b"")

    assert hint.bank_reference is None


def test_the_way_back_of_the_sandbox_has_the_fields_of_the_guide(sep):
    back = sep.bank.play(sep.start().token)

    assert back["method"] == "POST"
    assert set(back["fields"]) == {
        "MID", "TerminalId", "State", "Status", "RRN", "RefNum", "ResNum", "TraceNo", "Amount",
        "Wage", "AffectiveAmount", "SecurePan", "HashedCardNumber", "Token",
    }  # fmt: skip
    assert back["fields"]["RRN"] != back["fields"]["RefNum"]


def test_a_payment_goes_all_the_way(sep):
    stored = sep.start(2_500_000)
    hint = sep.come_back(stored)
    stored = replace(stored, bank_reference=hint.bank_reference)

    outcome = sep.adapter.confirm(stored)

    assert (hint.claim, hint.token, hint.amount_rial) == (Claim.PAID, stored.token, 2_500_000)
    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 2_500_000)
    books = sep.bank.payment(stored.token)
    assert (books["state"], books["reference"]) == ("settled", outcome.bank_reference)
    assert books["terminal"] == sep.adapter.terminal


def test_a_second_confirm_says_the_same_money_again(sep):
    stored, first = sep.confirmed()

    again = sep.adapter.confirm(stored)

    assert again.kind is Kind.ALREADY_CONFIRMED
    assert again.amount_rial == first.amount_rial == 2_500_000
    assert again.bank_reference == first.bank_reference


@pytest.mark.parametrize("fault", ["drop_after", "html_500_after", "truncate", "empty"])
def test_a_lost_confirmation_is_found_by_repeating_it(sep, fault):
    stored = sep.paid()
    sep.break_next("confirm", fault)

    kinds = [sep.adapter.confirm(stored).kind for _ in range(2)]

    assert kinds == [Kind.UNKNOWN, Kind.ALREADY_CONFIRMED]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("without_amount", Kind.UNKNOWN),
        ("without_reference", Kind.UNKNOWN),
        ("truth", Kind.UNKNOWN),
        ("unlisted_code", Kind.UNKNOWN),
        ("session_over", Kind.UNKNOWN),
        ("credentials", Kind.CONFIG_ERROR),
        ("address", Kind.CONFIG_ERROR),
        ("persian_digits", Kind.CONFIRMED),
        ("numbers_as_texts", Kind.CONFIRMED),
        ("texts_as_numbers", Kind.CONFIRMED),
        ("flipped", Kind.CONFIRMED),
    ],
)
def test_a_spoilt_answer_is_what_it_is(sep, fault, kind):
    stored = sep.paid()
    sep.break_next("confirm", fault)

    assert sep.adapter.confirm(stored).kind is kind


@pytest.mark.parametrize(
    ("fault", "kind"), [("address", Kind.CONFIG_ERROR), ("unlisted_code", Kind.UNKNOWN)]
)
@pytest.mark.parametrize("step", ["start", "check", "reverse"])
def test_every_other_call_tells_what_is_ours_to_mend(sep, step, fault, kind):
    stored, _ = sep.confirmed()
    sep.break_next(step, fault)
    call = {
        "start": lambda: sep.adapter.start(sep.intent()),
        "check": sep.adapter.check,
        "reverse": lambda: sep.adapter.reverse(stored),
    }

    assert call[step]().kind is kind


def test_who_cancels_brings_no_reference(sep):
    stored = sep.start()

    hint = sep.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert sep.adapter.confirm(stored).kind is Kind.OPEN


def test_a_closed_browser_leaves_a_payment_that_nobody_can_tell_about(sep):
    stored = sep.start()
    sep.bank.play(stored.token, "close")
    before = len(sep.journal)

    kinds = [step(stored).kind for step in (sep.adapter.confirm, sep.adapter.reverse)]

    assert kinds == [Kind.OPEN, Kind.OPEN]
    assert len(sep.journal) == before  # nobody was asked
    assert sep.bank.payment(stored.token)["state"] == "paid"


def test_another_amount_shows(sep):
    stored = sep.paid(2_500_000, do="other")

    assert sep.adapter.confirm(stored).amount_rial == 2_501_000


def test_a_forged_reference_and_one_of_another_terminal_are_not_found(sep):
    stored, paid = sep.start(), sep.paid()
    settings = settings_at("sep", sep.bank, terminal=2)
    neighbour = opened("sep", sep.bank, [], **settings).adapter

    forged = sep.adapter.confirm(replace(stored, bank_reference="150000000001"))

    assert (forged.kind, neighbour.confirm(paid).kind) == (Kind.NOT_FOUND, Kind.NOT_FOUND)
    assert sep.bank.payment(paid.token)["state"] == "paid"


def test_a_confirmed_payment_goes_back_once(sep):
    stored, _ = sep.confirmed()

    kinds = [sep.adapter.reverse(stored).kind for _ in range(2)]

    assert kinds == [Kind.DONE, Kind.DONE]
    assert sep.adapter.confirm(stored).kind is Kind.RETURNED
    assert sep.bank.payment(stored.token)["state"] == "reversed"


def test_a_repeated_reversal_that_cannot_be_looked_into_is_unknown(sep):
    stored, _ = sep.confirmed()
    sep.adapter.reverse(stored)
    sep.break_next("confirm", "html_500")

    assert sep.adapter.reverse(stored).kind is Kind.UNKNOWN


def test_a_check_moves_no_money(sep):
    before = sep.bank.admin.get("payments")

    assert sep.adapter.check().kind is Kind.DONE
    assert sep.bank.admin.get("payments") == before


def test_after_thirty_minutes_the_bank_has_returned_what_nobody_verified(clockwork):
    stored = clockwork.paid()
    clockwork.bank.admin.post("clock", minutes=31)

    outcome = clockwork.adapter.confirm(stored)

    assert (outcome.kind, outcome.bank_code) == (Kind.RETURNED, "-6")


def test_what_was_confirmed_in_time_stays_confirmed(clockwork):
    stored, _ = clockwork.confirmed()
    clockwork.bank.admin.post("clock", minutes=31)

    assert clockwork.adapter.confirm(stored).kind is Kind.ALREADY_CONFIRMED


def test_after_fifty_minutes_nothing_goes_back(clockwork):
    stored, _ = clockwork.confirmed()
    clockwork.bank.admin.post("clock", minutes=51)

    outcome = clockwork.adapter.reverse(stored)

    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "-6")
    assert clockwork.bank.payment(stored.token)["state"] == "settled"
