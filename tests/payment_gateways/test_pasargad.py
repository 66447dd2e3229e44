"""Pasargad: its bytes, its shared access token, its codes, its two-minute rule."""

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payment_gateways.adapters.pasargad import Pasargad
from payment_gateways.adapters.pasargad_codes import CONFIRM, REVERSE, START, STATUS, WORDS
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.sandbox.sales import CARD
from payment_gateways.sandbox.tehran import local
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened, settings_at
from tests.payment_gateways.sandbox_process import running_sandbox
from tests.payment_gateways.scripted import scripted

GOLDENS = Path(__file__).parent / "goldens" / "pasargad"
SETTINGS = {"terminal_id": "95001", "username": "95001", "password": "hushhush<&>"}
TOKEN = "8dcc5cd0ef7348548f8dc2ab29ebe11a7ad3eaad000000006217318"
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
    "purchase": lambda adapter: adapter.start(INTENT),
    "confirm-transactions": lambda adapter: adapter.confirm(STORED),
    "payment-inquiry": lambda adapter: adapter.inquire(STORED),
    "reverse-transactions": lambda adapter: adapter.reverse(STORED),
}
LOGGED_IN = {"resultMsg": "Successful", "resultCode": 0, "token": "a.b.c"}
PAID = {
    "invoice": "140400000123",
    "referenceNumber": "142536124562",
    "trackId": "20",
    "maskedCardNumber": "610433******2187",
    "amount": 250_000,
}


@pytest.fixture
def pasargad(sandbox_bank):
    journal = []
    yield Kit("pasargad", opened("pasargad", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture
def bank_of_its_own(tmp_path):
    with running_sandbox(tmp_path / "books.sqlite3") as bank:
        journal = []
        yield Kit("pasargad", opened("pasargad", bank, journal), bank, journal)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


def asked(call, said, log_in=LOGGED_IN, log_in_status=200):
    """What the adapter makes of a bank that says this, and what it sent."""
    answers = {"getToken": (log_in_status, log_in)}
    answers |= {ending: it if isinstance(it, tuple) else (200, it) for ending, it in said.items()}
    with scripted(answers) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        return call(Pasargad(SETTINGS, net, bank.base_url)), bank


def saying(code, **data):
    return {"resultMsg": "x", "resultCode": code} | ({"data": data} if data else {})


def log_ins(journal) -> int:
    return sum(entry.operation == "getToken" and entry.step == "request" for entry in journal)


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, bank = asked(CALLS[operation], {operation: saying(500)})

    log_in, call = bank.requests
    assert log_in.body == golden("getToken.request.json")
    assert (log_in.method, log_in.path) == ("POST", "/dorsa1/token/getToken")
    assert call.body == golden(f"{operation}.request.json", token=TOKEN)
    assert (call.method, call.path) == ("POST", f"/dorsa1/api/payment/{operation}")
    assert call.headers["authorization"] == "Bearer a.b.c"
    assert call.headers["content-type"] == "application/json"


def test_the_sandbox_answers_byte_for_byte_as_documented(bank_of_its_own):
    bank, net = bank_of_its_own.bank, HttpTransport()
    known = {
        "token": TOKEN,
        "host": bank.base_url,
        "hash": hashlib.sha256(CARD.encode()).hexdigest(),
    }

    def call(operation, folder="api/payment", **headers):
        url = f"{bank.base_url}/dorsa1/{folder}/{operation}"
        body = golden(f"{operation}.request.json", **known)
        return net.call("POST", url, body, operation=operation, headers=headers)

    strange = call("confirm-transactions")
    logged_in = call("getToken", "token")
    known["jwt"] = json.loads(logged_in.body)["token"]
    bearer = {"Authorization": f"Bearer {known['jwt']}"}
    refused = call("confirm-transactions", **bearer)
    started = call("purchase", **bearer)
    known["token"] = re.search(rb'"urlId":"([0-9a-f]{55})"', started.body)[1].decode()
    bank.play(known["token"])
    row = bank.payment(known["token"])
    known |= {"reference": row["reference"], "trace": 100_000 + row["id"], "id": row["id"]}
    known["moment"] = f"{local(row['started_at']):%Y-%m-%dT%H:%M:%S}.000"

    assert (strange.status, strange.body) == (401, golden("sessionOver.answer.json"))
    assert logged_in.body == golden("getToken.answer.json", **known)
    assert refused.body == golden("refused.answer.json")
    assert started.body == golden("purchase.answer.json", **known)
    for operation in ("confirm-transactions", "payment-inquiry", "reverse-transactions"):
        assert call(operation, **bearer).body == golden(f"{operation}.answer.json", **known)


@pytest.mark.parametrize("code", sorted(CONFIRM))
def test_every_code_of_a_confirm_has_words_and_a_meaning(code):
    kind = CONFIRM[code]
    if kind in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
        assert WORDS[code]
        return
    said = {"confirm-transactions": saying(int(code))}
    if kind is Kind.NOT_PAID:
        said["payment-inquiry"] = saying(0, status=int(code))
    outcome, _ = asked(CALLS["confirm-transactions"], said)

    assert (outcome.kind, outcome.bank_code) == (kind, code)
    assert (outcome.reason_fa, outcome.reason_en) == WORDS[code]


@pytest.mark.parametrize(
    ("operation", "meanings"),
    [("purchase", START), ("reverse-transactions", REVERSE)],
    ids=["purchase", "reverse"],
)
def test_every_code_of_the_other_calls_means_what_the_table_says(operation, meanings):
    for code in sorted(set(meanings) - {"0"}):
        outcome, _ = asked(CALLS[operation], {operation: saying(int(code))})

        assert (outcome.kind, outcome.bank_code) == (meanings[code], code)
        assert outcome.reason_fa


@pytest.mark.parametrize("status", [*sorted(STATUS), "2", "19999"])
def test_an_inquiry_tells_the_state(status):
    said = {
        "payment-inquiry": saying(0, status=int(status), invoice="140400000123", amount=250_000)
    }

    outcome, _ = asked(CALLS["payment-inquiry"], said)

    assert outcome.kind is STATUS.get(status, Kind.UNKNOWN)


def test_between_two_equal_calls_the_bank_wants_two_minutes():
    outcome, _ = asked(CALLS["confirm-transactions"], {"confirm-transactions": saying(13015)})

    assert (outcome.kind, outcome.retry_after_seconds) == (Kind.UNKNOWN, 120)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"[1]", b"true", b"7", b"{}", b'"0"', b"{", b"[" * 5_000,
        b"\xff\xfe\xc3\x28{",
        b'{"resultCode":true,"data":{"amount":250000,"referenceNumber":"5"}}',
        b'{"resultCode":false,"data":{"amount":250000,"referenceNumber":"5"}}',
        b'{"resultCode":null,"data":{"amount":250000,"referenceNumber":"5"}}',
        b'{"resultCode":0.0,"data":{"amount":250000,"referenceNumber":"5"}}',
        b'{"resultCode":0}',
        b'{"resultCode":0,"data":[]}',
        b'{"resultCode":0,"data":{"referenceNumber":"5"}}',
        b'{"resultCode":0,"data":{"amount":250000}}',
        b'{"resultCode":0,"data":{"amount":250000,"referenceNumber":"0"}}',
        b'{"resultCode":0,"data":{"amount":250000,"referenceNumber":true}}',
        b'{"resultCode":0,"data":{"amount":250000.5,"referenceNumber":"5"}}',
        b'{"resultCode":19999,"data":{"amount":250000,"referenceNumber":"5"}}',
    ],
)  # fmt: skip
def test_what_is_no_clear_success_confirms_nothing(body):
    outcome, _ = asked(CALLS["confirm-transactions"], {"confirm-transactions": body})

    assert outcome.kind is Kind.UNKNOWN


@pytest.mark.parametrize("status", [202, 302, 403, 404, 500, 502])
def test_a_success_with_another_status_than_200_is_none(status):
    said = {"confirm-transactions": (status, saying(0, **PAID))}

    assert asked(CALLS["confirm-transactions"], said)[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"amount": "250000", "invoice": 140400000123, "referenceNumber": 142536124562},
        {"amount": "۲۵۰٬۰۰۰", "invoice": "۱۴۰۴۰۰۰۰۰۱۲۳", "referenceNumber": "۱۴۲۵۳۶۱۲۴۵۶۲"},
    ],
    ids=["as documented", "texts and numbers", "Persian digits"],
)
def test_a_success_is_read_in_every_shape_it_comes_in(numbers):
    said = {"confirm-transactions": saying("۰", **{**PAID, **numbers})}

    outcome, _ = asked(CALLS["confirm-transactions"], said)

    assert (outcome.kind, outcome.bank_reference) == (Kind.CONFIRMED, "142536124562")
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)
    assert (outcome.trace_number, outcome.card_masked) == ("20", "610433******2187")


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (saying(0, status=13029, url=TOKEN, **PAID), Kind.ALREADY_CONFIRMED),
        (saying(0, status=0, **PAID), Kind.ALREADY_CONFIRMED),
        (saying(0, status=13034, **PAID), Kind.ALREADY_CONFIRMED),
        (saying(0, status=13033, **PAID), Kind.RETURNED),
        (saying(0, status=13022, **PAID), Kind.UNKNOWN),
        (saying(0, status=13029, url="x" * 55, **PAID), Kind.UNKNOWN),
        (saying(0, status=13029, invoice="140400000123"), Kind.UNKNOWN),
        (saying(13016), Kind.UNKNOWN),
        (saying(500), Kind.UNKNOWN),
        (b"", Kind.UNKNOWN),
    ],
)
@pytest.mark.parametrize("code", [13029, 13428])
def test_the_numbers_of_what_is_confirmed_already_come_from_an_inquiry(code, found, kind):
    said = {"confirm-transactions": saying(code), "payment-inquiry": found}

    outcome, _ = asked(CALLS["confirm-transactions"], said)

    assert outcome.kind is kind
    if kind is Kind.ALREADY_CONFIRMED:
        assert (outcome.amount_rial, outcome.bank_reference) == (250_000, "142536124562")
        assert outcome.bank_code == str(code)


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        ({"url": "{host}/x"}, "urlId"),
        ({"urlId": "../admin", "url": "{host}/x"}, "urlId"),
        ({"urlId": TOKEN}, "url"),
        ({"urlId": TOKEN, "url": "https://elsewhere.example/dorsa1/x"}, "url"),
    ],
)
def test_a_start_that_leads_nowhere_is_none(data, missing):
    outcome, _ = asked(CALLS["purchase"], {"purchase": saying(0, **data)})

    assert (outcome.kind, outcome.redirect) == (Kind.UNKNOWN, None)
    assert outcome.evidence["missing"] == missing


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 20, 20, 35, tzinfo=UTC), "2026-03-21"),  # 00:05 in Tehran
        (datetime(2026, 3, 20, 20, 25, tzinfo=UTC), "2026-03-20"),
        (datetime(2026, 12, 31, 22, 0, tzinfo=UTC), "2027-01-01"),
    ],
)
def test_the_day_of_an_invoice_is_that_of_tehran(at, day):
    _, bank = asked(
        lambda adapter: adapter.start(replace(INTENT, at=at)), {"purchase": saying(500)}
    )

    assert json.loads(bank.asked("purchase")[0].body)["invoiceDate"] == day


def test_the_path_of_the_merchant_is_a_setting():
    with scripted({"getToken": (200, LOGGED_IN)}) as bank:
        settings = SETTINGS | {"base_path": "dorsa2"}
        Pasargad(settings, HttpTransport(), bank.base_url).check()

    assert {request.path.split("/")[1] for request in bank.requests} == {"dorsa2"}


@pytest.mark.parametrize(
    ("status", "log_in", "kind"),
    [
        (401, saying(401), Kind.CONFIG_ERROR),
        (401, b"", Kind.CONFIG_ERROR),
        (200, saying(13422), Kind.CONFIG_ERROR),
        (200, saying(13000), Kind.CONFIG_ERROR),
        (200, saying(500), Kind.UNKNOWN),
        (200, saying(0), Kind.UNKNOWN),
        (200, saying(0) | {"token": True}, Kind.UNKNOWN),
        (200, b"", Kind.UNKNOWN),
        (500, LOGGED_IN, Kind.UNKNOWN),
    ],
)
def test_without_a_token_nothing_is_asked(status, log_in, kind):
    for operation, call in CALLS.items():
        outcome, bank = asked(call, {operation: saying(0)}, log_in, status)

        assert outcome.kind is kind
        assert bank.asked(operation) == []


@pytest.mark.parametrize("refusal", [(401, saying(401)), (401, b""), (200, saying(401))])
def test_a_token_that_is_refused_is_renewed_once_and_the_call_repeated_once(refusal):
    outcome, bank = asked(CALLS["confirm-transactions"], {"confirm-transactions": refusal})

    assert outcome.kind is Kind.CONFIG_ERROR
    assert len(bank.asked("getToken")) == len(bank.asked("confirm-transactions")) == 2


@pytest.mark.parametrize("step", ["start", "confirm", "inquire", "reverse", "check"])
def test_an_access_token_that_is_over_is_nobodys_trouble(pasargad, step):
    stored, _ = pasargad.confirmed()
    pasargad.break_next(step, "session_over")
    given = {"start": (pasargad.intent(),), "check": ()}.get(step, (stored,))

    kind = getattr(pasargad.adapter, step)(*given).kind

    assert kind in {Kind.STARTED, Kind.ALREADY_CONFIRMED, Kind.DONE}
    assert log_ins(pasargad.journal) == 2


def test_eight_threads_at_the_end_of_a_token_log_in_once(bank_of_its_own):
    kit = bank_of_its_own
    kit.adapter.check()
    kit.bank.admin.post("clock", minutes=9)
    payments = [kit.paid() for _ in range(8)]
    kit.bank.admin.post("clock", minutes=2)

    before = log_ins(kit.journal)
    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(lambda stored: kit.adapter.confirm(stored).kind, payments))

    assert kinds == [Kind.CONFIRMED] * 8
    assert (before, log_ins(kit.journal)) == (1, 2)


def test_a_payment_goes_all_the_way_and_once(pasargad):
    stored = pasargad.start(2_500_000)
    hint = pasargad.come_back(stored)
    stored = replace(stored, bank_reference=hint.bank_reference)

    first, again = pasargad.adapter.confirm(stored), pasargad.adapter.confirm(stored)

    assert (hint.claim, hint.order_number) == (Claim.PAID, stored.order_number)
    assert [first.kind, again.kind] == [Kind.CONFIRMED, Kind.ALREADY_CONFIRMED]
    for outcome in (first, again):
        assert outcome.bank_reference == hint.bank_reference
        assert (outcome.amount_rial, outcome.order_number) == (2_500_000, stored.order_number)
    books = pasargad.bank.payment(stored.token)
    assert (books["terminal"], books["state"]) == (pasargad.adapter.terminal, "settled")


def test_a_lost_answer_is_found_by_repeating(pasargad):
    stored = pasargad.paid()
    pasargad.break_next("confirm", "drop_after")

    lost, found = pasargad.adapter.confirm(stored), pasargad.adapter.confirm(stored)

    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.ALREADY_CONFIRMED)
    assert (found.amount_rial, bool(found.bank_reference)) == (2_500_000, True)


def test_a_browser_that_never_came_back_is_found_by_our_invoice(pasargad):
    stored = pasargad.start()
    open_still = pasargad.adapter.recover(stored).kind
    pasargad.bank.play(stored.token, "close")

    found = pasargad.adapter.recover(replace(stored, token=None))

    assert (open_still, found.kind) == (Kind.OPEN, Kind.AWAITS_CONFIRM)
    assert found.bank_reference == pasargad.bank.payment(stored.token)["reference"]
    assert pasargad.adapter.confirm(stored).kind is Kind.CONFIRMED


def test_who_cancels_has_not_paid(pasargad):
    stored = pasargad.start()
    hint = pasargad.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert pasargad.adapter.confirm(stored).kind is Kind.NOT_PAID


def test_another_amount_than_asked_shows(pasargad):
    assert pasargad.adapter.confirm(pasargad.paid(do="other")).amount_rial == 2_501_000


def test_a_confirmed_payment_goes_back_once(pasargad):
    stored, _ = pasargad.confirmed()

    kinds = [pasargad.adapter.reverse(stored).kind for _ in range(2)]

    assert kinds == [Kind.DONE, Kind.DONE]
    assert pasargad.adapter.inquire(stored).kind is Kind.RETURNED
    assert pasargad.adapter.confirm(stored).kind is Kind.RETURNED


def test_the_windows_close(bank_of_its_own):
    kit = bank_of_its_own
    late, (done, _) = kit.paid(), kit.confirmed()
    kit.bank.admin.post("clock", minutes=11)

    outcome = kit.adapter.reverse(done)

    assert kit.adapter.confirm(late).kind is Kind.RETURNED
    assert kit.adapter.recover(late).kind is Kind.RETURNED
    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "13076")


def test_a_number_is_used_once_and_only_by_its_terminal(pasargad):
    intent = pasargad.intent()
    stored = StoredPayment(
        intent.order_number, intent.amount_rial, pasargad.adapter.start(intent).token
    )
    neighbour = opened("pasargad", pasargad.bank, [], **settings_at("pasargad", pasargad.bank, 2))

    again = pasargad.adapter.start(intent)

    assert (again.kind, again.bank_code) == (Kind.REFUSED, "13003")
    assert neighbour.adapter.confirm(stored).kind is Kind.NOT_FOUND
    assert neighbour.adapter.recover(stored).kind is Kind.NOT_FOUND


def test_wrong_credentials_and_a_strange_address_are_ours_to_mend(pasargad):
    stored = pasargad.paid()
    stranger = opened("pasargad", pasargad.bank, [], password=Secret("another")).adapter
    pasargad.break_next("confirm", "address")
    pasargad.break_next("confirm", "credentials")

    kinds = [stranger.check().kind, stranger.start(pasargad.intent()).kind]
    kinds += [pasargad.adapter.confirm(stored).kind for _ in range(2)]

    assert kinds == [Kind.CONFIG_ERROR] * 4
    assert pasargad.adapter.check().kind is Kind.DONE
    assert pasargad.bank.payment(stored.token)["state"] == "paid"


def test_no_secret_and_no_access_token_is_ever_shown(pasargad):
    _, outcome = pasargad.confirmed()

    shown = f"{pasargad.journal} {pasargad.gateway} {pasargad.adapter!r} {outcome}"

    assert "hushhush" not in shown
    assert "eyJ" not in shown
    assert '"token":"•••"' in shown


@pytest.mark.parametrize(
    ("query", "claim", "reference"),
    [
        ({"invoiceId": "77", "status": "success", "referenceNumber": "۱۴۲"}, Claim.PAID, "142"),
        ({"INVOICEID": "۷۷", "Status": "Cancel"}, Claim.CANCELLED, None),
        ({"invoiceId": "77", "status": "failed", "referenceNumber": "0"}, Claim.FAILED, None),
        ({"invoiceId": "77", "status": "expire"}, Claim.FAILED, None),
        ({"invoiceId": "77", "status": "unknown"}, Claim.UNCLEAR, None),
        ({"invoiceId": "77", "referenceNumber": "x y\0"}, Claim.UNCLEAR, None),
    ],
)
def test_the_way_back_is_a_hint_and_no_more(query, claim, reference):
    hint = Pasargad(SETTINGS, HttpTransport()).read_return("GET", query, {}, b"")

    assert (hint.claim, hint.bank_reference) == (claim, reference)
    assert (hint.order_number, hint.token, hint.amount_rial) == (77, None, None)


@pytest.mark.parametrize("status", [0, 13031, 13029, 77])
def test_a_confirmation_that_failed_is_no_payment_that_failed(status):
    said = {"confirm-transactions": saying(13030), "payment-inquiry": saying(0, status=status)}

    assert asked(CALLS["confirm-transactions"], said)[0].kind is Kind.UNKNOWN
