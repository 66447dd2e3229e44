"""PayPing: its bytes, its toman, what is settling still, what is verified already, its reports."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payment_gateways.adapters.payping import PayPing
from payment_gateways.adapters.payping_codes import REPORT_STATE, REVERSE, START, VERIFY, WORDS
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened, settings_at
from tests.payment_gateways.sandbox_process import running_sandbox
from tests.payment_gateways.scripted import scripted

GOLDENS = Path(__file__).parent / "goldens" / "payping"
SETTINGS = {"terminal_id": "97001", "token": "97001-hushhushhushhush"}
TOKEN = "4TRx8bCn2mQz"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1",
    description="مشارکت T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
    mobile="09121234567",
)
STORED = StoredPayment(140400000123, 250_000, TOKEN, "150000000017")
CALLS = {
    "pay": lambda adapter: adapter.start(INTENT),
    "verify": lambda adapter: adapter.confirm(STORED),
    "report": lambda adapter: adapter.inquire(STORED),
    "reverse": lambda adapter: adapter.reverse(STORED),
}
ADDRESSES = {
    "pay": ("POST", "/v3/pay"),
    "verify": ("POST", "/v3/pay/verify"),
    "report": ("GET", f"/v1/report/{TOKEN}"),
    "reverse": ("POST", "/v3/pay/reverse"),
}
VERIFIED = {
    "amount": 25_000,
    "cardNumber": "610433******2187",
    "clientRefId": "140400000123",
    "paymentRefId": 150000000017,
    "code": TOKEN,
    "gatewayAmount": 25_000,
}
REPORTED = {
    "code": TOKEN,
    "amount": 25_000,
    "paymentStatus": 1,
    "clientRefId": "140400000123",
    "invoiceNo": "150000000017",
    "rrn": "610433******2187",
}


@pytest.fixture
def payping(sandbox_bank):
    journal = []
    yield Kit("payping", opened("payping", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture
def bank_of_its_own(tmp_path):
    with running_sandbox(tmp_path / "books.sqlite3") as bank:
        journal = []
        yield Kit("payping", opened("payping", bank, journal), bank, journal)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


def asked(call, said, **settings):
    """What the adapter makes of a bank that says this, and what it sent."""
    answers = {ending: it if isinstance(it, tuple) else (200, it) for ending, it in said.items()}
    with scripted(answers) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        return call(PayPing(SETTINGS | settings, net, bank.base_url)), bank


def refusing(code, status=400, **more):
    told = {"code": code, "errors": [], **more}
    return status, {"title": "x", "status": status, "paypingTraceId": "tr-9", "metaData": told}


def moment(epoch) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, bank = asked(CALLS[operation], {})

    call = bank.requests[0]
    known = {"token": TOKEN, "reference": STORED.bank_reference}
    assert call.body == golden(f"{operation}.request.json", **known)
    assert (call.method, call.path) == ADDRESSES[operation]
    assert call.headers["authorization"] == f"Bearer {SETTINGS['token']}"


def test_the_sandbox_answers_byte_for_byte_as_documented(bank_of_its_own):
    bank, net = bank_of_its_own.bank, HttpTransport()
    known = {"token": TOKEN, "host": bank.base_url, "reference": 5}
    bearer = {"Authorization": f"Bearer {SETTINGS['token']}"}

    def call(operation):
        method, path = ADDRESSES[operation]
        url = bank.base_url + path.replace(TOKEN, known["token"])
        body = golden(f"{operation}.request.json", **known)
        return net.call(method, url, body, operation=operation, headers=bearer)

    refused, started = call("verify"), call("pay")
    known["token"] = re.search(rb'"paymentCode":"(\w+)"', started.body)[1].decode()
    bank.play(known["token"])
    row = bank.payment(known["token"])
    known["reference"] = row["reference"]
    known |= {"paid": moment(row["paid_at"]), "made": moment(row["started_at"])}

    assert (refused.status, refused.body) == (404, golden("refused.answer.json"))
    assert started.body == golden("pay.answer.json", **known)
    assert call("verify").body == golden("verify.answer.json", **known)
    again = call("verify")
    assert (again.status, again.body) == (409, golden("verifiedBefore.answer.json", **known))
    for operation in ("report", "reverse"):
        assert call(operation).body == golden(f"{operation}.answer.json", **known)


@pytest.mark.parametrize(
    ("operation", "meanings"), [("pay", START), ("verify", VERIFY), ("reverse", REVERSE)]
)
def test_every_code_means_what_the_table_says(operation, meanings):
    looked_into = {Kind.ALREADY_CONFIRMED, Kind.NOT_PAID, Kind.NOT_FOUND}
    for code, kind in meanings.items():
        assert WORDS[code]
        if not code.isdigit() or (operation == "verify" and kind in looked_into):
            continue
        outcome, _ = asked(CALLS[operation], {f"/{operation}": refusing(int(code))})

        assert (outcome.kind, outcome.bank_code) == (kind, code)
        assert (outcome.reason_fa, outcome.reason_en) == WORDS[code]
        assert outcome.evidence["trace"] == "tr-9"


@pytest.mark.parametrize("amount_rial", [2_500_001, 2_500_009, 1_005])
def test_what_is_no_whole_toman_is_refused_and_nobody_is_called(amount_rial):
    intent = replace(INTENT, amount_rial=amount_rial)
    stored = replace(STORED, amount_rial=amount_rial)

    # A confirm is not refused: that would mean that PayPing has the money and names another sum.
    calls = {
        Kind.REFUSED: lambda it: it.start(intent),
        Kind.UNKNOWN: lambda it: it.confirm(stored),
    }
    for kind, call in calls.items():
        outcome, bank = asked(call, {"/pay": {"paymentCode": TOKEN}, "/verify": VERIFIED})

        assert outcome.kind is kind
        assert outcome.reason_fa
        assert outcome.reason_en.isascii()
        assert bank.requests == []


def test_amounts_go_out_in_toman_and_come_back_in_rial(payping):
    stored = payping.start(2_500_010)
    hint = payping.come_back(stored)
    outcome = payping.adapter.confirm(replace(stored, bank_reference=hint.bank_reference))

    (sent,) = [it.text for it in payping.journal if (it.operation, it.step) == ("pay", "request")]
    assert json.loads(sent)["Amount"] == 250_001
    assert payping.bank.payment(stored.token)["amount"] == 2_500_010
    assert (hint.amount_rial, outcome.amount_rial) == (2_500_010, 2_500_010)


@pytest.mark.parametrize("status", [202, 502, 503])
def test_what_is_still_settling_is_not_yet_known(status):
    outcome, bank = asked(CALLS["verify"], {"/verify": (status, VERIFIED)})

    assert (outcome.kind, outcome.bank_reference) == (Kind.UNKNOWN, None)
    assert len(bank.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"[1]", b"true", b"7", b"{}", b'"ok"', b"{", b"[" * 5_000,
        b"\xff\xfe\xc3\x28{",
        VERIFIED | {"clientRefId": None},
        VERIFIED | {"clientRefId": True},
        VERIFIED | {"paymentRefId": None},
        VERIFIED | {"paymentRefId": 0},
        VERIFIED | {"paymentRefId": True},
        VERIFIED | {"code": True},
        (204, VERIFIED),
        (302, VERIFIED),
        (500, VERIFIED),
        (400, VERIFIED),
        (404, b""),
        (404, b"<html>"),
        refusing(True),
        refusing(9_999),
        refusing(48),
        refusing(True, 409, message=VERIFIED),
        refusing(9_999, 409, message=VERIFIED),
    ],
)  # fmt: skip
def test_what_is_no_clear_success_confirms_nothing(body):
    said = {"/verify": body, TOKEN: REPORTED | {"paymentStatus": 5}}

    assert asked(CALLS["verify"], said)[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"amount": "25000", "clientRefId": 140400000123, "paymentRefId": "150000000017"},
        {"amount": "۲۵٬۰۰۰", "clientRefId": "۱۴۰۴۰۰۰۰۰۱۲۳", "paymentRefId": "۱۵۰۰۰۰۰۰۰۰۱۷"},
    ],
    ids=["as documented", "texts and numbers", "Persian digits"],
)
def test_a_success_is_read_in_every_shape_it_comes_in(numbers):
    outcome, _ = asked(CALLS["verify"], {"/verify": VERIFIED | numbers})

    assert (outcome.kind, outcome.bank_reference) == (Kind.CONFIRMED, "150000000017")
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)
    assert (outcome.token, outcome.card_masked) == (TOKEN, "610433******2187")


@pytest.mark.parametrize("written", [dict, json.dumps], ids=["an object", "a text of one"])
@pytest.mark.parametrize("code", [110, "۱۱۰"])
def test_what_is_verified_already_carries_its_numbers(code, written):
    said = {"/verify": refusing(code, 409, message=written(VERIFIED))}

    outcome, bank = asked(CALLS["verify"], said)

    assert outcome.kind is Kind.ALREADY_CONFIRMED
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)
    assert (outcome.bank_reference, len(bank.requests)) == ("150000000017", 1)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, Kind.ALREADY_CONFIRMED),
        ({"amount": None}, Kind.UNKNOWN),
        ({"invoiceNo": None}, Kind.UNKNOWN),
        ({"clientRefId": None}, Kind.UNKNOWN),
        ({"paymentStatus": 5}, Kind.UNKNOWN),
        ({"paymentStatus": 2}, Kind.UNKNOWN),
        ({"paymentStatus": 4}, Kind.RETURNED),
    ],
)
@pytest.mark.parametrize("message", [None, "", "already", 7])
def test_where_it_does_not_a_report_gives_them(message, changes, kind):
    said = {"/verify": refusing(110, 409, message=message), TOKEN: REPORTED | changes}

    outcome, bank = asked(CALLS["verify"], said)

    assert outcome.kind is kind
    assert len(bank.asked("/verify")) == 1


@pytest.mark.parametrize("state", [*REPORT_STATE, "9"])
def test_a_report_tells_the_state(state):
    said = {TOKEN: REPORTED | {"paymentStatus": int(state), "invoiceNo": None}}

    outcome, _ = asked(CALLS["report"], said)

    assert outcome.kind is REPORT_STATE.get(state, Kind.UNKNOWN)
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (REPORTED | {"paymentStatus": 4}, Kind.RETURNED),
        (REPORTED | {"paymentStatus": 4, "invoiceNo": ""}, Kind.NOT_PAID),
        (REPORTED | {"paymentStatus": 5}, Kind.AWAITS_CONFIRM),
        (REPORTED | {"paymentStatus": 5, "invoiceNo": None}, Kind.UNKNOWN),
        (REPORTED | {"paymentStatus": 1, "invoiceNo": None}, Kind.UNKNOWN),
        (REPORTED | {"paymentStatus": True}, Kind.UNKNOWN),
        (REPORTED | {"code": True}, Kind.UNKNOWN),
        ((404, {"title": "x", "status": 404}), Kind.NOT_FOUND),
        ((404, b"<html>"), Kind.UNKNOWN),
        ((401, b""), Kind.CONFIG_ERROR),
        ((403, b"<html>"), Kind.CONFIG_ERROR),
        ((500, b""), Kind.UNKNOWN),
    ],
)
def test_recovery_promises_only_what_a_verify_can_keep(said, kind):
    outcome, _ = asked(lambda adapter: adapter.recover(STORED), {TOKEN: said})

    assert outcome.kind is kind


@pytest.mark.parametrize("code", [1, 4, 7, 26, 31, 39, 44, 133])
@pytest.mark.parametrize(
    ("state", "kind"),
    [(2, Kind.OPEN), (3, Kind.NOT_PAID), (4, Kind.RETURNED), (5, Kind.UNKNOWN)],
)
def test_a_refused_verify_is_looked_into_before_it_is_believed(code, state, kind):
    said = {"/verify": refusing(code), TOKEN: REPORTED | {"paymentStatus": state}}

    assert asked(CALLS["verify"], said)[0].kind is kind


def test_a_reference_that_a_browser_made_up_is_replaced_by_the_true_one(payping):
    stored = payping.start()
    forged = replace(stored, bank_reference="150000000001")
    before = payping.adapter.confirm(forged).kind
    payping.bank.play(stored.token, "close")

    outcome = payping.adapter.confirm(forged)

    assert (before, outcome.kind) == (Kind.OPEN, Kind.CONFIRMED)
    assert outcome.bank_reference == payping.bank.payment(stored.token)["reference"]


def test_a_payment_goes_all_the_way_and_once(payping):
    stored = payping.start(2_500_000)
    hint = payping.come_back(stored)
    stored = replace(stored, bank_reference=hint.bank_reference)

    first, again = payping.adapter.confirm(stored), payping.adapter.confirm(stored)

    assert (hint.claim, hint.order_number) == (Claim.PAID, stored.order_number)
    assert hint.token == stored.token
    assert [first.kind, again.kind] == [Kind.CONFIRMED, Kind.ALREADY_CONFIRMED]
    for outcome in (first, again):
        assert outcome.bank_reference == hint.bank_reference
        assert (outcome.amount_rial, outcome.order_number) == (2_500_000, stored.order_number)
    books = payping.bank.payment(stored.token)
    assert (books["terminal"], books["state"]) == (payping.adapter.terminal, "settled")


def test_a_lost_answer_is_found_by_repeating(payping):
    stored = payping.paid()
    payping.break_next("confirm", "drop_after")

    lost, found = payping.adapter.confirm(stored), payping.adapter.confirm(stored)

    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.ALREADY_CONFIRMED)
    assert (found.amount_rial, bool(found.bank_reference)) == (2_500_000, True)


def test_a_browser_that_never_came_back_is_found_by_a_report(payping):
    stored = payping.start()
    open_still = payping.adapter.recover(stored).kind
    payping.bank.play(stored.token, "close")

    found = payping.adapter.recover(stored)

    assert (open_still, found.kind) == (Kind.OPEN, Kind.AWAITS_CONFIRM)
    assert found.bank_reference == payping.bank.payment(stored.token)["reference"]
    assert payping.adapter.confirm(stored).kind is Kind.CONFIRMED
    assert payping.adapter.confirm(stored).kind is Kind.ALREADY_CONFIRMED


def test_who_cancels_has_not_paid(payping):
    stored = payping.start()
    hint = payping.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert payping.adapter.confirm(stored).kind is Kind.NOT_PAID


def test_another_amount_than_asked_is_refused(payping):
    outcome = payping.adapter.confirm(payping.paid(do="other"))

    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "47")


def test_a_confirmed_payment_goes_back_once(payping):
    stored, _ = payping.confirmed()

    kinds = [payping.adapter.reverse(stored).kind for _ in range(2)]
    kinds.append(payping.adapter.reverse(replace(stored, bank_reference=None)).kind)

    assert kinds == [Kind.DONE] * 3
    assert payping.adapter.inquire(stored).kind is Kind.RETURNED
    assert payping.adapter.confirm(stored).kind is Kind.RETURNED


def test_what_was_made_irreversible_is_not_reversed(payping):
    journal = []
    gateway = opened("payping", payping.bank, journal, reversible="no")
    kit = Kit("payping", gateway, payping.bank)
    stored, _ = kit.confirmed()

    outcome = kit.adapter.reverse(stored)
    forced = payping.adapter.reverse(stored)

    assert (gateway.manifest.can_reverse, outcome.kind) == (False, Kind.REFUSED)
    assert "reverse" not in {entry.operation for entry in journal}
    assert forced.kind is Kind.REFUSED
    assert payping.bank.payment(stored.token)["state"] == "settled"


@pytest.mark.parametrize("body", [b"", {"data": [None]}, {"paymentRefId": True}, (202, VERIFIED)])
def test_a_reverse_without_a_clear_answer_is_unknown(body):
    assert asked(CALLS["reverse"], {"/reverse": body})[0].kind is Kind.UNKNOWN


def test_the_windows_close(bank_of_its_own):
    kit = bank_of_its_own
    late, never, (done, _) = kit.paid(), kit.start(), kit.confirmed()
    kit.bank.admin.post("clock", minutes=11)
    returned = kit.adapter.confirm(late).kind
    kit.bank.admin.post("clock", minutes=20)

    assert (returned, kit.adapter.recover(late).kind) == (Kind.RETURNED, Kind.RETURNED)
    assert kit.adapter.recover(never).kind is Kind.NOT_PAID
    assert kit.adapter.reverse(done).kind is Kind.REFUSED
    assert kit.adapter.inquire(done).kind is Kind.ALREADY_CONFIRMED


def test_a_payment_of_another_account_is_not_ours(payping):
    stored = payping.paid()
    other = settings_at("payping", payping.bank, 2)
    neighbour = opened("payping", payping.bank, [], **other).adapter

    assert neighbour.confirm(stored).kind is Kind.NOT_FOUND
    assert neighbour.recover(stored).kind is Kind.NOT_FOUND
    assert payping.adapter.confirm(replace(stored, token="A/../x?y")).kind is Kind.NOT_FOUND


def test_a_wrong_token_is_ours_to_mend(payping):
    stored = payping.paid()
    kinds = []
    for token in ("another", "97001-anotheranotheranother"):
        stranger = opened("payping", payping.bank, [], token=Secret(token)).adapter
        kinds += [stranger.check().kind, stranger.start(payping.intent()).kind]
        kinds.append(stranger.confirm(stored).kind)
    payping.break_next("confirm", "address")
    kinds.append(payping.adapter.confirm(stored).kind)

    assert kinds == [Kind.CONFIG_ERROR] * 7
    assert payping.adapter.check().kind is Kind.DONE
    assert payping.bank.payment(stored.token)["state"] == "paid"


def test_no_secret_is_ever_shown(payping):
    _, outcome = payping.confirmed()

    assert "hushhush" not in f"{payping.journal} {payping.gateway} {payping.adapter!r} {outcome}"


DATA = {"clientRefId": "5", "paymentCode": TOKEN, "paymentRefId": 77, "amount": 100}


@pytest.mark.parametrize(
    "form",
    [
        {"status": "1", "data": json.dumps(DATA)},
        {"Status": "۱", "Data": json.dumps({name.upper(): it for name, it in DATA.items()})},
        {"STATUS": "1", "DATA": json.dumps({name.lower(): str(it) for name, it in DATA.items()})},
    ],
)
def test_the_way_back_is_read_in_any_case(form):
    adapter = PayPing(SETTINGS, HttpTransport())
    by_post = adapter.read_return("POST", {}, form, b"")
    as_json = adapter.read_return("POST", {}, {}, json.dumps(form | {"x": 1}).encode())

    assert by_post == as_json
    assert (by_post.claim, by_post.token, by_post.order_number) == (Claim.PAID, TOKEN, 5)
    assert (by_post.bank_reference, by_post.amount_rial) == ("77", 1_000)


@pytest.mark.parametrize(
    ("form", "claim"),
    [
        ({"status": "0", "data": json.dumps(DATA)}, Claim.CANCELLED),
        ({"status": "-1"}, Claim.FAILED),
        ({"status": "1", "data": "[" * 9_000}, Claim.PAID),
        ({"status": "1", "data": "x" * 1_000_000}, Claim.PAID),
        ({"status": "1", "data": '{"paymentRefId":' + "9" * 5_000 + "}"}, Claim.PAID),
        ({"status": "\0", "data": "null"}, Claim.UNCLEAR),
        ({}, Claim.UNCLEAR),
    ],
)
def test_whatever_comes_back_is_a_hint_and_no_more(form, claim):
    hint = PayPing(SETTINGS, HttpTransport()).read_return("POST", {}, form, b"\xff" * 50)

    assert hint.claim is claim


@pytest.mark.parametrize("code", [None, "", True, "../admin", "x" * 90])
def test_a_start_that_leads_nowhere_is_none(code):
    outcome, _ = asked(CALLS["pay"], {"/pay": {"paymentCode": code, "url": "https://a.example"}})

    assert (outcome.kind, outcome.redirect) == (Kind.UNKNOWN, None)


@pytest.mark.parametrize("toman", [2**63 // 10 + 1, 2**63 - 1])
def test_an_amount_that_no_book_can_hold_is_not_read(toman):
    """Ten times as much in rials would not fit into what stores it."""
    form = {"status": "1", "data": json.dumps({"paymentCode": TOKEN, "amount": toman})}

    hint = PayPing(SETTINGS, HttpTransport()).read_return("POST", {}, form, b"")

    assert (hint.token, hint.amount_rial) == (TOKEN, None)
