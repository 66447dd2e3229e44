"""Jibit: its bytes, its words, the purchase that is read after every verify, its refunds."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payment_gateways.adapters.jibit import Jibit
from payment_gateways.adapters.jibit_codes import REFUND, REVERSE, START, STATE, TRANSFER, VERIFY
from payment_gateways.contract import Claim, Kind, PaymentIntent, Refund, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened, settings_at
from tests.payment_gateways.sandbox_process import running_sandbox
from tests.payment_gateways.scripted import scripted

GOLDENS = Path(__file__).parent / "goldens" / "jibit"
SETTINGS = {"terminal_id": "96001", "api_key": "96001", "secret_key": "hushhush<&>"}
TOKEN = "453467457326547123"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1",
    description="مشارکت T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
    mobile="09121234567",
)
STORED = StoredPayment(140400000123, 250_000, TOKEN)
REFUND_OF = Refund(7, 100_000)
CALLS = {
    "create": lambda adapter: adapter.start(INTENT),
    "verify": lambda adapter: adapter.confirm(STORED),
    "find": lambda adapter: adapter.inquire(STORED),
    "refund": lambda adapter: adapter.refund(STORED, REFUND_OF),
    "refund_status": lambda adapter: adapter.refund_status(STORED, REFUND_OF),
    "reverse": lambda adapter: adapter.reverse(STORED),
}
ADDRESSES = {
    "create": ("POST", "/ppg/v3/purchases", {}),
    "verify": ("POST", f"/ppg/v3/purchases/{TOKEN}/verify", {}),
    "find": ("GET", "/ppg/v3/purchases", {"clientReferenceNumber": "140400000123"}),
    "refund": ("POST", "/ppg/v3/purchases/refund", {}),
    "refund_status": ("GET", f"/ppg/v3/purchases/refunds/{TOKEN}", {}),
    "reverse": ("POST", "/ppg/v3/purchases/reverse", {}),
}
PURCHASE = {
    "purchaseId": int(TOKEN),
    "purchaseIdStr": TOKEN,
    "amount": 250_000,
    "currency": "IRR",
    "callbackUrl": INTENT.return_url,
    "state": "SUCCESS",
    "clientReferenceNumber": "140400000123",
    "hasContradiction": False,
    "pspRrn": "385739230986",
    "pspTraceNumber": "43083947502",
    "pspMaskedCardNumber": "610433******2187",
}


@pytest.fixture
def jibit(sandbox_bank):
    journal = []
    yield Kit("jibit", opened("jibit", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture
def bank_of_its_own(tmp_path):
    with running_sandbox(tmp_path / "books.sqlite3") as bank:
        journal = []
        yield Kit("jibit", opened("jibit", bank, journal), bank, journal)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


def asked(call, said, log_in=(200, {"accessToken": "a.b.c", "refreshToken": "r"})):
    """What the adapter makes of a bank that says this, and what it sent."""
    answers = {"/tokens": log_in}
    answers |= {ending: it if isinstance(it, tuple) else (200, it) for ending, it in said.items()}
    with scripted(answers) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        return call(Jibit(SETTINGS, net, bank.base_url)), bank


def refusing(code, status=400):
    return status, {"errors": [{"code": code, "message": "x"}], "fingerprint": "f"}


def purchases(*changed, **more):
    rows = [PURCHASE | changes for changes in (changed or ({},))]
    return {"pageNumber": 1, "hasNext": False, "elements": rows, **more}


def verifying(status, found=None):
    return {"/verify": {"status": status}, "/purchases": found or purchases()}


def log_ins(journal) -> int:
    return sum(entry.operation == "tokens" and entry.step == "request" for entry in journal)


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, bank = asked(CALLS[operation], {})

    log_in, call = bank.requests
    assert log_in.body == golden("tokens.request.json")
    assert (log_in.method, log_in.path) == ("POST", "/ppg/v3/tokens")
    assert call.body == golden(f"{operation}.request.json")
    assert (call.method, call.path, dict(call.query)) == ADDRESSES[operation]
    assert call.headers["authorization"] == "Bearer a.b.c"


def test_the_sandbox_answers_byte_for_byte_as_documented(bank_of_its_own):
    bank, net = bank_of_its_own.bank, HttpTransport()
    known = {"token": TOKEN, "host": bank.base_url}

    def call(operation, address, **headers):
        method, path, query = address
        url = bank.base_url + path.replace(TOKEN, known["token"])
        url += "".join(f"?{name}={value}" for name, value in query.items())
        body = golden(f"{operation}.request.json")
        return net.call(method, url, body, operation=operation, headers=headers)

    over = call("create", ADDRESSES["create"], Authorization="Bearer x.y.z")
    logged_in = call("tokens", ("POST", "/ppg/v3/tokens", {}))
    known["jwt"] = json.loads(logged_in.body)["accessToken"]
    bearer = {"Authorization": f"Bearer {known['jwt']}"}
    refused = call("verify", ADDRESSES["verify"], **bearer)
    started = call("create", ADDRESSES["create"], **bearer)
    known["token"] = re.search(rb'"purchaseIdStr":"(\d{18})"', started.body)[1].decode()
    bank.play(known["token"])
    row = bank.payment(known["token"])
    known |= {"reference": row["reference"], "trace": 100_000 + row["id"]}
    known["moment"] = f"{datetime.fromtimestamp(row['started_at'], UTC):%Y-%m-%dT%H:%M:%SZ}"

    assert (over.status, over.body) == (401, golden("sessionOver.answer.json"))
    assert logged_in.body == golden("tokens.answer.json", **known)
    assert (refused.status, refused.body) == (400, golden("refused.answer.json"))
    assert started.body == golden("create.answer.json", **known)
    for operation in ("verify", "find", "refund"):
        answer = call(operation, ADDRESSES[operation], **bearer).body
        if operation == "refund":
            (made,) = bank.admin.get("refunds?terminal=96001")
            known["transfer"] = made["reference"]
            known["made"] = f"{datetime.fromtimestamp(made['made_at'], UTC):%Y-%m-%dT%H:%M:%SZ}"
        assert answer == golden(f"{operation}.answer.json", **known)
    for operation in ("refund_status", "reverse"):
        answer = call(operation, ADDRESSES[operation], **bearer).body
        assert answer == golden(f"{operation}.answer.json", **known)


@pytest.mark.parametrize(
    ("operation", "meanings"),
    [("create", START), ("verify", VERIFY), ("reverse", REVERSE), ("refund", REFUND)],
)
def test_every_word_of_a_refusal_means_what_the_table_says(operation, meanings):
    ending = {"create": "/purchases"}.get(operation, f"/{operation}")
    looked_into = {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED, Kind.OPEN}
    words = [word for word in meanings if "." in word and meanings[word] not in looked_into]
    assert len(words) > 5
    for word in words:
        outcome, _ = asked(CALLS[operation], {ending: refusing(word)})

        assert (outcome.kind, outcome.bank_code) == (meanings[word], word[:20])
        assert outcome.reason_fa
        assert outcome.reason_en.isascii()


@pytest.mark.parametrize("state", [*STATE, "SOMETHING"])
def test_a_purchase_tells_its_state(state):
    found = purchases({"state": state, "pspRrn": None})

    assert asked(CALLS["find"], {"/purchases": found})[0].kind is STATE.get(state, Kind.UNKNOWN)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"state": "EXPIRED"}, Kind.RETURNED),
        ({"state": "EXPIRED", "pspRrn": ""}, Kind.NOT_PAID),
        ({"state": "SUCCESS", "hasContradiction": True}, Kind.UNKNOWN),
        ({"state": "READY_TO_VERIFY", "hasContradiction": True}, Kind.UNKNOWN),
        ({"state": "MANUALLY_SUCCESS", "hasContradiction": True}, Kind.ALREADY_CONFIRMED),
        ({"state": "REVERSED", "hasContradiction": True}, Kind.RETURNED),
        ({"state": True}, Kind.UNKNOWN),
        ({"purchaseIdStr": None}, Kind.UNKNOWN),
        ({"purchaseIdStr": "../x"}, Kind.UNKNOWN),
    ],
)
def test_a_purchase_is_read_with_its_circumstances(changes, kind):
    assert asked(CALLS["find"], {"/purchases": purchases(changes)})[0].kind is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("SUCCESSFUL", Kind.CONFIRMED),
        ("ALREADY_VERIFIED", Kind.ALREADY_CONFIRMED),
        ("NOT_VERIFIABLE", Kind.ALREADY_CONFIRMED),  # another call was faster
        ("FAILED", Kind.RETURNED),
        ("UNKNOWN", Kind.UNKNOWN),
        ("SOMETHING", Kind.UNKNOWN),
        (True, Kind.UNKNOWN),
        (None, Kind.UNKNOWN),
    ],
)
def test_a_verify_is_followed_by_reading_the_purchase(status, kind):
    outcome, _ = asked(CALLS["verify"], verifying(status))

    assert outcome.kind is kind
    if kind in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
        assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)
        assert (outcome.bank_reference, outcome.token) == ("385739230986", TOKEN)
        assert (outcome.trace_number, outcome.card_masked) == ("43083947502", "610433******2187")


@pytest.mark.parametrize(
    "found",
    [
        (500, b""), b"", b"null", b"[]", b"{}", b"{", b"\xff\xfe", b"[" * 5_000,
        (404, purchases()),
        refusing("too_many_requests"),
        {"elements": []},
        {"elements": {}},
        {"elements": [7]},
        purchases({}, {}),
        purchases({"amount": None}),
        purchases({"amount": 250_000.5}),
        purchases({"amount": True}),
        purchases({"pspRrn": None}),
        purchases({"pspRrn": "0"}),
        purchases({"state": "READY_TO_VERIFY"}),
        purchases({"state": "IN_PROGRESS"}),
        purchases({"state": "FAILED"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", ["SUCCESSFUL", "ALREADY_VERIFIED"])
def test_a_verify_whose_purchase_cannot_be_read_is_unknown(status, found):
    said = {"/verify": {"status": status}, "/purchases": found}

    assert asked(CALLS["verify"], said)[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"true", b"7", b"{}", b'"SUCCESSFUL"', b"{", b"[" * 5_000,
        b"\xff\xfe\xc3\x28{",
        b'{"status":["SUCCESSFUL"]}',
        b'{"state":"SUCCESSFUL"}',
        b'{"errors":[{"code":"moon.is_full"}]}',
        b'{"errors":[{"code":true}],"status":"SUCCESSFUL"}',
        b'{"errors":[7],"status":"SUCCESSFUL"}',
        (202, {"status": "SUCCESSFUL"}),
        (302, {"status": "SUCCESSFUL"}),
        (500, {"status": "SUCCESSFUL"}),
    ],
)  # fmt: skip
def test_what_is_no_clear_success_confirms_nothing(body):
    outcome, _ = asked(CALLS["verify"], {"/verify": body, "/purchases": purchases()})

    assert outcome.kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "numbers",
    [
        {"amount": "250000", "clientReferenceNumber": 140400000123, "pspRrn": 385739230986},
        {"amount": "۲۵۰٬۰۰۰", "clientReferenceNumber": "۱۴۰۴۰۰۰۰۰۱۲۳", "pspRrn": "۳۸۵۷۳۹۲۳۰۹۸۶"},
        {"purchaseIdStr": int(TOKEN)},
    ],
    ids=["texts and numbers", "Persian digits", "a number as id"],
)
def test_a_success_is_read_in_every_shape_it_comes_in(numbers):
    outcome, _ = asked(CALLS["verify"], verifying("SUCCESSFUL", purchases(numbers)))

    assert (outcome.kind, outcome.bank_reference) == (Kind.CONFIRMED, "385739230986")
    assert (outcome.amount_rial, outcome.order_number) == (250_000, 140400000123)
    assert outcome.token == TOKEN


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"state": "IN_PROGRESS", "pspRrn": None}, Kind.STARTED),
        ({"state": "IN_PROGRESS", "amount": 250_001}, Kind.REFUSED),
        ({"state": "IN_PROGRESS", "callbackUrl": "https://elsewhere.example/"}, Kind.REFUSED),
        ({"state": "IN_PROGRESS", "clientReferenceNumber": "9"}, Kind.REFUSED),
        ({"state": "SUCCESS"}, Kind.REFUSED),
        ({"state": "EXPIRED"}, Kind.REFUSED),
    ],
)
def test_a_number_that_is_taken_is_used_only_where_the_purchase_is_ours(changes, kind):
    said = {
        "POST /purchases": refusing("clientReferenceNumber.duplicated"),
        "GET /purchases": purchases(changes),
    }

    outcome, bank = asked(CALLS["create"], said)

    assert outcome.kind is kind
    if kind is Kind.STARTED:
        page = f"{bank.base_url}/ppg/v3/purchases/{TOKEN}/payments"
        assert (outcome.token, outcome.redirect.url) == (TOKEN, page)


@pytest.mark.parametrize(
    "made",
    [
        {"pspSwitchingUrl": "{host}/x"},
        {"purchaseId": int(TOKEN), "pspSwitchingUrl": "{host}/x"},
        {"purchaseIdStr": TOKEN},
        {"purchaseIdStr": TOKEN, "pspSwitchingUrl": "https://elsewhere.example/x"},
    ],
)
def test_a_start_that_leads_nowhere_is_none(made):
    outcome, _ = asked(CALLS["create"], {"/purchases": made})

    assert (outcome.kind, outcome.redirect) == (Kind.UNKNOWN, None)


@pytest.mark.parametrize(
    ("log_in", "kind"),
    [
        (refusing("security.bad_credentials", 401), Kind.CONFIG_ERROR),
        (refusing("ip.not_trusted", 403), Kind.CONFIG_ERROR),
        (refusing("client.not_active"), Kind.CONFIG_ERROR),
        (refusing("server.error", 500), Kind.UNKNOWN),
        ((200, {}), Kind.UNKNOWN),
        ((200, {"accessToken": True}), Kind.UNKNOWN),
        ((500, {"accessToken": "a.b.c"}), Kind.UNKNOWN),
        ((200, b""), Kind.UNKNOWN),
    ],
)
def test_without_a_token_nothing_is_asked(log_in, kind):
    for call in CALLS.values():
        outcome, bank = asked(call, {"/purchases": purchases()}, log_in)

        assert outcome.kind is kind
        assert len(bank.requests) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        refusing("token.verification_failed", 401),
        refusing("security.auth_required", 400),
        (401, b""),
    ],
)
def test_a_token_that_is_refused_is_renewed_once_and_the_call_repeated_once(refusal):
    outcome, bank = asked(CALLS["verify"], {"/verify": refusal})

    assert outcome.kind is Kind.CONFIG_ERROR
    assert len(bank.asked("/tokens")) == len(bank.asked("/verify")) == 2


@pytest.mark.parametrize("step", ["start", "confirm", "inquire", "reverse", "check"])
def test_an_access_token_that_is_over_is_nobodys_trouble(jibit, step):
    stored, _ = jibit.confirmed()
    jibit.break_next(step, "session_over")
    given = {"start": (jibit.intent(),), "check": ()}.get(step, (stored,))

    kind = getattr(jibit.adapter, step)(*given).kind

    assert kind in {Kind.STARTED, Kind.ALREADY_CONFIRMED, Kind.DONE}
    assert log_ins(jibit.journal) == 2


def test_eight_threads_at_the_end_of_a_token_log_in_once(bank_of_its_own):
    kit = bank_of_its_own
    kit.adapter.check()
    kit.bank.admin.post("clock", hours=23, minutes=59)
    payments = [kit.paid() for _ in range(8)]
    kit.bank.admin.post("clock", minutes=2)

    before = log_ins(kit.journal)
    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(lambda stored: kit.adapter.confirm(stored).kind, payments))

    assert kinds == [Kind.CONFIRMED] * 8
    assert (before, log_ins(kit.journal)) == (1, 2)


def test_jibit_is_searched_by_one_thread_at_a_time(jibit):
    stored = jibit.start()
    jibit.bank.admin.post("latency", ms=50)
    try:
        with ThreadPoolExecutor(8) as pool:
            kinds = set(pool.map(lambda _: jibit.adapter.inquire(stored).kind, range(8)))
    finally:
        jibit.bank.admin.post("latency", ms=0)

    searches = [entry.step for entry in jibit.journal if entry.operation == "find"]
    assert kinds == {Kind.OPEN}
    assert searches == ["request", "answer"] * 8


def test_a_payment_goes_all_the_way_and_once(jibit):
    stored = jibit.start(2_500_000)
    hint = jibit.come_back(stored)
    stored = replace(stored, bank_reference=hint.bank_reference)

    first, again = jibit.adapter.confirm(stored), jibit.adapter.confirm(stored)

    assert (hint.claim, hint.order_number) == (Claim.PAID, stored.order_number)
    assert (hint.token, hint.amount_rial) == (stored.token, 2_500_000)
    assert [first.kind, again.kind] == [Kind.CONFIRMED, Kind.ALREADY_CONFIRMED]
    for outcome in (first, again):
        assert outcome.bank_reference == hint.bank_reference
        assert (outcome.amount_rial, outcome.order_number) == (2_500_000, stored.order_number)
    books = jibit.bank.payment(stored.token)
    assert (books["terminal"], books["state"]) == (jibit.adapter.terminal, "settled")


@pytest.mark.parametrize("step", ["confirm", "inquire"])
def test_a_lost_answer_is_found_by_repeating(jibit, step):
    stored = jibit.paid()
    jibit.break_next(step, "drop_after")

    lost, found = jibit.adapter.confirm(stored), jibit.adapter.confirm(stored)

    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.ALREADY_CONFIRMED)
    assert (found.amount_rial, bool(found.bank_reference)) == (2_500_000, True)


def test_a_browser_that_never_came_back_is_found_by_our_number(jibit):
    stored = jibit.start()
    open_still = jibit.adapter.recover(stored).kind
    jibit.bank.play(stored.token, "close")

    found = jibit.adapter.recover(replace(stored, token=None))

    assert (open_still, found.kind, found.token) == (Kind.OPEN, Kind.AWAITS_CONFIRM, stored.token)
    assert jibit.adapter.confirm(replace(stored, token=None)).kind is Kind.CONFIRMED


def test_who_cancels_has_not_paid(jibit):
    stored = jibit.start()
    hint = jibit.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert jibit.adapter.confirm(stored).kind is Kind.NOT_PAID


def test_another_amount_than_asked_shows(jibit):
    assert jibit.adapter.confirm(jibit.paid(do="other")).amount_rial == 2_501_000


def test_a_confirmed_payment_goes_back_once(jibit):
    stored, _ = jibit.confirmed()

    kinds = [jibit.adapter.reverse(stored).kind for _ in range(2)]

    assert kinds == [Kind.DONE, Kind.DONE]
    assert jibit.adapter.inquire(stored).kind is Kind.RETURNED
    assert jibit.adapter.confirm(stored).kind is Kind.RETURNED


def test_the_windows_close(bank_of_its_own):
    kit = bank_of_its_own
    late, never, (done, _) = kit.paid(), kit.start(), kit.confirmed()
    kit.bank.admin.post("clock", minutes=31)

    outcome = kit.adapter.reverse(done)

    assert kit.adapter.confirm(late).kind is Kind.RETURNED
    assert kit.adapter.recover(late).kind is Kind.RETURNED
    assert kit.adapter.recover(never).kind is Kind.NOT_PAID
    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "NOT_REVERSIBLE")


def test_unverified_money_is_listed(bank_of_its_own):
    kit = bank_of_its_own
    waiting, _ = kit.paid(3_000_000), kit.confirmed()

    listed = kit.adapter.list_unverified()

    assert listed.outcome.kind is Kind.DONE
    found = [(row.token, row.amount_rial, row.order_number) for row in listed.payments]
    assert found == [(waiting.token, 3_000_000, waiting.order_number)]
    assert listed.payments[0].made_at


def test_a_long_list_is_read_page_by_page():
    long = purchases(*[{"state": "READY_TO_VERIFY"}] * 3, hasNext=True)

    listed, bank = asked(lambda adapter: adapter.list_unverified(), {"/purchases": long})

    assert (listed.outcome.kind, len(listed.payments)) == (Kind.DONE, 60)
    assert [request.query["page"] for request in bank.requests[1:]] == [
        str(page) for page in range(1, 21)
    ]


def test_a_list_that_breaks_off_is_no_list():
    listed, _ = asked(lambda adapter: adapter.list_unverified(), {"/purchases": (500, b"")})

    assert (listed.outcome.kind, listed.payments) == (Kind.UNKNOWN, ())


def test_money_is_sent_back_in_parts_and_never_too_much(jibit):
    stored, _ = jibit.confirmed()
    parts = [Refund(1, 1_000_000), Refund(2, 1_500_000)]
    unsent = jibit.adapter.refund_status(stored, parts[0]).kind

    done = [jibit.adapter.refund(stored, part) for part in parts]
    too_much = jibit.adapter.refund(stored, Refund(3, 1_000))

    assert unsent is Kind.NOT_FOUND
    assert [outcome.kind for outcome in done] == [Kind.DONE] * 2
    assert too_much.kind is Kind.REFUSED
    for part, outcome in zip(parts, done, strict=True):
        named = replace(part, bank_reference=outcome.bank_reference)
        found = jibit.adapter.refund_status(stored, named)
        assert (found.kind, found.amount_rial) == (Kind.OPEN, part.amount_rial)
    assert jibit.adapter.reverse(stored).kind is Kind.REFUSED


def test_a_refund_whose_answer_was_lost_is_found_and_not_sent_again(jibit):
    stored, _ = jibit.confirmed()
    jibit.break_next("refund", "drop_after")
    refund = Refund(1, 1_000_000)

    lost = jibit.adapter.refund(stored, refund)
    found = jibit.adapter.refund_status(stored, refund)

    rows = jibit.bank.admin.get(f"refunds?terminal={jibit.adapter.terminal}")
    made = [row for row in rows if row["order_number"] == str(stored.order_number)]
    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.OPEN)
    assert [row["reference"] for row in made] == [found.bank_reference]


@pytest.mark.parametrize("state", [*TRANSFER, "SOMETHING"])
def test_a_transfer_tells_what_became_of_a_refund(state):
    said = {"transfers": [{"amount": 100_000, "transferID": "77", "state": state}]}

    outcome, _ = asked(CALLS["refund_status"], {TOKEN: said})

    assert outcome.kind is TRANSFER.get(state, Kind.UNKNOWN)
    assert outcome.bank_reference == "77"


@pytest.mark.parametrize(
    ("said", "reference", "kind"),
    [
        ({"transfers": []}, None, Kind.NOT_FOUND),
        ({"transfers": []}, "77", Kind.UNKNOWN),
        (refusing("transfer.not_found"), None, Kind.NOT_FOUND),
        (refusing("transfer.not_found"), "77", Kind.UNKNOWN),
        (
            {"transfers": [{"amount": 5, "transferID": "1", "state": "FAILED"}]},
            None,
            Kind.NOT_FOUND,
        ),
        ({"transfers": [{"transferID": "1", "state": "FAILED"}]}, None, Kind.UNKNOWN),
        ({"transfers": [{"amount": 100_000, "state": "FAILED"}] * 2}, None, Kind.UNKNOWN),
        ({"transfers": 7}, None, Kind.UNKNOWN),
        ((500, b""), None, Kind.UNKNOWN),
        ((404, b""), None, Kind.UNKNOWN),
    ],
)
def test_a_refund_is_only_missing_where_jibit_surely_has_none(said, reference, kind):
    refund = replace(REFUND_OF, bank_reference=reference)

    outcome, _ = asked(lambda adapter: adapter.refund_status(STORED, refund), {TOKEN: said})

    assert outcome.kind is kind


def test_a_purchase_of_another_account_is_not_ours(jibit):
    stored = jibit.paid()
    neighbour = opened("jibit", jibit.bank, [], **settings_at("jibit", jibit.bank, 2)).adapter

    assert neighbour.confirm(stored).kind is Kind.NOT_FOUND
    assert neighbour.recover(stored).kind is Kind.NOT_FOUND
    assert jibit.adapter.confirm(replace(stored, token="A/../x?y")).kind is Kind.NOT_FOUND


def test_wrong_credentials_and_a_strange_address_are_ours_to_mend(jibit):
    stored = jibit.paid()
    stranger = opened("jibit", jibit.bank, [], secret_key=Secret("another")).adapter
    jibit.break_next("confirm", "address")
    jibit.break_next("confirm", "credentials")

    kinds = [stranger.check().kind, stranger.start(jibit.intent()).kind]
    kinds += [jibit.adapter.confirm(stored).kind for _ in range(2)]

    assert kinds == [Kind.CONFIG_ERROR] * 4
    assert jibit.adapter.check().kind is Kind.DONE
    assert jibit.bank.payment(stored.token)["state"] == "paid"


def test_no_secret_and_no_access_token_is_ever_shown(jibit):
    _, outcome = jibit.confirmed()

    shown = f"{jibit.journal} {jibit.gateway} {jibit.adapter!r} {outcome}"

    assert "hushhush" not in shown
    assert "eyJ" not in shown
    assert '"accessToken":"•••"' in shown


@pytest.mark.parametrize(
    ("form", "claim", "reference"),
    [
        ({"status": "SUCCESSFUL", "pspRRN": "۳۸۵"}, Claim.PAID, "385"),
        ({"STATUS": "failed", "pspRrn": ""}, Claim.FAILED, None),
        ({"status": "FAILED", "failReason": "CANCELLED_BY_USER"}, Claim.CANCELLED, None),
        ({"status": "x", "psprrn": "a b"}, Claim.UNCLEAR, None),
    ],
)
def test_the_way_back_is_a_hint_and_no_more(form, claim, reference):
    form = {**form, "purchaseId": "۷۷", "ClientReferenceNumber": "5", "amount": "1,000"}

    hint = Jibit(SETTINGS, HttpTransport()).read_return("POST", {}, form, b"")

    assert (hint.claim, hint.bank_reference) == (claim, reference)
    assert (hint.token, hint.order_number, hint.amount_rial) == ("77", 5, 1_000)
