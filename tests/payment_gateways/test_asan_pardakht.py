"""Asan Pardakht: its bytes, its statuses, and its whole way at the sandbox bank."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from payment_gateways.adapters.asan_pardakht import AsanPardakht
from payment_gateways.adapters.asan_pardakht_codes import (
    RESULT,
    RESULT_WORDS,
    REVERSE,
    SETTLE,
    START,
    START_WORDS,
    VERIFY,
    WORDS,
)
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.transport import HttpTransport, Limits, Reply
from tests.payment_gateways.conftest import Kit, opened, settings_at
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "asan_pardakht"
SETTINGS = {"terminal_id": "271", "username": "ap", "password": "hushhush<&>"}
HEADERS = {"usr": "ap", "pwd": "hushhush<&>", "Content-Type": "application/json"}
TOKEN = "5QmN8WvK2pX7rT4yB9cE1gH6jL3sD0fA8zU5iO2n"
REFERENCE = "150000009973"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1",
    description="مشارکت T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
    mobile="09121234567",
)
STORED = StoredPayment(140400000123, 250_000, TOKEN, REFERENCE)
RESULT_FIELDS = {
    "cardNumber": "621986******8080",
    "rrn": "607512345678",
    "refID": TOKEN,
    "amount": "250000",
    "payGateTranID": REFERENCE,
    "salesOrderID": "140400000123",
}
CALLS = {
    "Token": lambda adapter: adapter.start(INTENT),
    "Settlement": lambda adapter: adapter.settle(STORED),
    "Reverse": lambda adapter: adapter.reverse(STORED),
}


class Script:
    """A transport that answers each operation as written down, and keeps what was asked."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def call(self, method, url, body=b"", *, operation, headers):
        self.asked.append((method, operation, url, body, dict(headers)))
        status, content = self.answers.get(operation, (200, b""))
        return Reply(
            status, content if isinstance(content, bytes) else json.dumps(content).encode()
        )

    @property
    def operations(self):
        return [operation for _, operation, *_ in self.asked]


@pytest.fixture
def asan_pardakht(sandbox_bank):
    journal = []
    gateway = opened("asan_pardakht", sandbox_bank, journal)
    yield Kit("asan_pardakht", gateway, sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture(scope="module")
def own_bank(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("asan_pardakht") / "books.sqlite3") as bank:
        yield bank


@pytest.fixture
def clockwork(own_bank):
    """Asan Pardakht at a bank of its own, whose clock may be moved."""
    return Kit("asan_pardakht", opened("asan_pardakht", own_bank, []), own_bank)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


def scripted(call, **answers):
    """What the adapter makes of the answers written down, and the calls that it made."""
    net = Script(**{"TranResult": (200, RESULT_FIELDS), **answers})
    return call(AsanPardakht(SETTINGS, net)), net


def confirmed_by(**changes):
    """What a confirm makes of another TranResult; ``None`` leaves a part out."""
    fields = {**RESULT_FIELDS, **changes}
    fields = {name: value for name, value in fields.items() if value is not None}
    return scripted(lambda adapter: adapter.confirm(STORED), TranResult=(200, fields))


@pytest.mark.parametrize("operation", ["Token", "Verify", "Settlement", "Reverse", "Cancel"])
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    calls = {
        **CALLS,
        "Verify": lambda adapter: adapter.confirm(STORED),
        "Cancel": lambda adapter: adapter.reverse(STORED),
    }

    _, net = scripted(calls[operation], Reverse=(472, b""))

    method, _, url, body, headers = next(asked for asked in net.asked if asked[1] == operation)
    assert (method, url) == ("POST", f"https://ipgrest.asanpardakht.ir/v1/{operation}")
    assert body == golden(f"{operation}.request.json", reference=REFERENCE)
    assert headers.items() >= HEADERS.items()


def test_a_result_is_asked_for_by_our_number_with_the_credentials_in_headers():
    with answering(http("", "472 No")) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = AsanPardakht(SETTINGS, net, bank.base_url).recover(STORED)

    head = bank.requests[0].partition(b"\r\n\r\n")[0]
    assert outcome.kind is Kind.NOT_FOUND
    assert head.startswith(b"GET " + golden("TranResult.request.txt") + b" HTTP/1.1")
    assert b"usr: ap" in head
    assert b"pwd: hushhush<&>" in head


def test_the_sandbox_answers_byte_for_byte_as_documented(own_bank):
    net, known = HttpTransport(), {"reference": "1"}

    def post(operation):
        body = golden(f"{operation}.request.json", **known)
        url = f"{own_bank.base_url}/v1/{operation}"
        answer = net.call("POST", url, body, operation=operation, headers=HEADERS)
        return answer.status, answer.body

    def result():
        url = own_bank.base_url + golden("TranResult.request.txt").decode()
        answer = net.call("GET", url, operation="TranResult", headers=HEADERS)
        return answer.status, answer.body

    assert post("Verify") == (471, b"")
    assert result() == (472, b"")
    status, started = post("Token")
    assert post("Token") == (489, b"")
    assert result() == (472, b"")
    known["token"] = json.loads(started)
    own_bank.play(known["token"])
    found = json.loads(result()[1])
    known |= {
        "reference": own_bank.payment(known["token"])["reference"],
        "rrn": found["rrn"],
        "moment": found["payGateTranDate"],
        "epoch": found["payGateTranDateEpoch"],
    }

    assert (status, started) == (200, golden("Token.answer.json", **known))
    assert result() == (200, golden("TranResult.answer.json", **known))
    walk = [post(name) for name in ("Cancel", "Verify", "Verify", "Reverse", "Settlement")]
    assert walk == [(471, b""), (200, b""), (472, b""), (472, b""), (200, b"")]
    assert [post(name)[0] for name in ("Settlement", "Cancel", "Verify")] == [473, 473, 473]


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 3, 14, 20, 35, tzinfo=UTC), "20260315 000500"),
        (datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC), "20260315 090503"),
        (datetime(2025, 12, 31, 20, 29, 59, tzinfo=UTC), "20251231 235959"),
    ],
)
def test_the_date_is_tehrans_and_zero_padded(at, written):
    _, net = scripted(lambda adapter: adapter.start(replace(INTENT, at=at)))

    assert json.loads(net.asked[0][3])["localDate"] == written


def test_the_browser_is_sent_with_the_form_of_the_guide():
    outcome, _ = scripted(CALLS["Token"], Token=(200, TOKEN))

    assert (outcome.kind, outcome.token) == (Kind.STARTED, TOKEN)
    assert (outcome.redirect.method, outcome.redirect.url) == ("POST", "https://asan.shaparak.ir/")
    assert outcome.redirect.fields == {"RefId": TOKEN, "mobileap": "09121234567"}
    assert outcome.expires_at == INTENT.at + timedelta(minutes=15)


def test_a_long_text_is_cut_and_a_deposit_id_is_named():
    intent = replace(INTENT, description="ش" * 150, payer_id="4455", return_url="https://x.ir/r")

    _, net = scripted(lambda adapter: adapter.start(intent))

    sent = json.loads(net.asked[0][3])
    assert (sent["additionalData"], sent["paymentId"]) == ("ش" * 100, "4455")
    assert sent["callbackURL"] == "https://x.ir/r?invoice=140400000123"


@pytest.mark.parametrize("code", [code for code in START if code != "200"])
def test_every_status_of_a_token_request_has_words_and_a_meaning(code):
    outcome, _ = scripted(CALLS["Token"], Token=(int(code), TOKEN))

    assert (outcome.kind, outcome.bank_code) == (START[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == START_WORDS[code]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b"7", b"true", b'""', b'["x"]', b"<html>", b"\xff", b'"a\\nb"'],
)
def test_what_is_no_clear_token_starts_nothing(body):
    outcome, _ = scripted(CALLS["Token"], Token=(200, body))

    assert (outcome.kind, outcome.token, outcome.redirect) == (Kind.UNKNOWN, None, None)


@pytest.mark.parametrize("code", [code for code in RESULT if code != "200"])
def test_every_status_of_a_result_has_words_and_a_meaning_and_nothing_is_verified(code):
    unnamed = replace(STORED, bank_reference=None)
    outcome, net = scripted(
        lambda adapter: adapter.confirm(unnamed), TranResult=(int(code), RESULT_FIELDS)
    )

    assert (outcome.kind, outcome.bank_code) == (RESULT[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == RESULT_WORDS[code]
    assert net.operations == ["TranResult"]


@pytest.mark.parametrize("code", VERIFY)
def test_every_status_of_a_verify_has_words_and_a_meaning(code):
    outcome, _ = scripted(lambda adapter: adapter.confirm(STORED), Verify=(int(code), b""))

    assert (outcome.kind, outcome.bank_code) == (VERIFY[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == WORDS[code]


@pytest.mark.parametrize("code", SETTLE)
def test_every_status_of_a_settlement_has_a_meaning(code):
    outcome, _ = scripted(CALLS["Settlement"], Settlement=(int(code), b""))

    assert (outcome.kind, outcome.bank_code) == (SETTLE[code], code)


@pytest.mark.parametrize("code", REVERSE)
@pytest.mark.parametrize("operation", ["Reverse", "Cancel"])
def test_every_status_of_a_reversal_has_a_meaning(operation, code):
    if (operation, code) == ("Reverse", "472"):
        return
    first = {"Reverse": (472, b"")} if operation == "Cancel" else {}

    outcome, net = scripted(CALLS["Reverse"], **{**first, operation: (int(code), b"")})

    assert outcome.kind is REVERSE[code]
    assert net.operations[-1] == operation


def test_a_verified_payment_is_cancelled_and_no_other_is():
    assert scripted(CALLS["Reverse"], Reverse=(472, b""))[1].operations == ["Reverse", "Cancel"]
    assert scripted(CALLS["Reverse"], Reverse=(500, b""))[1].operations == ["Reverse"]


def test_what_the_bank_has_no_record_of_is_not_cancelled():
    unknown = replace(STORED, bank_reference=None)

    outcome, net = scripted(lambda adapter: adapter.reverse(unknown), TranResult=(472, b""))

    assert (outcome.kind, net.operations) == (Kind.NOT_FOUND, ["TranResult"])


def test_silence_is_not_called_a_code():
    nowhere = AsanPardakht(SETTINGS, HttpTransport(), "http://127.0.0.1:1")

    outcome = nowhere.confirm(STORED)

    assert (outcome.kind, outcome.bank_code) == (Kind.UNKNOWN, "")


@pytest.mark.parametrize("status", [498, 404, 429, 500, 502, 302, 204, 201, 574])
@pytest.mark.parametrize("operation", ["TranResult", "Verify", "Settlement", "Reverse"])
def test_a_status_that_the_guide_does_not_list_is_unknown(operation, status):
    calls = {**CALLS, **dict.fromkeys(["TranResult", "Verify"], lambda one: one.confirm(STORED))}

    outcome, _ = scripted(calls[operation], **{operation: (status, b"")})

    assert outcome.kind is Kind.UNKNOWN


@pytest.mark.parametrize("body", [b"<html>", b"null", b"[]", b"{}", b"\xff\xfe", b"0"])
@pytest.mark.parametrize("operation", ["Verify", "Settlement", "Reverse"])
def test_a_page_where_nothing_was_to_come_is_unknown(operation, body):
    calls = {**CALLS, "Verify": lambda adapter: adapter.confirm(STORED)}

    outcome, _ = scripted(calls[operation], **{operation: (200, body)})

    assert (outcome.kind, outcome.amount_rial) == (Kind.UNKNOWN, None)


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"[1]", b"true", b'"x"', b"{", b"[" * 5_000, b"{}", b"\xff"]
)
def test_a_result_that_cannot_be_read_verifies_nothing(content):
    outcome, net = scripted(lambda adapter: adapter.confirm(STORED), TranResult=(200, content))

    assert outcome.kind is Kind.UNKNOWN
    assert net.operations == ["TranResult"]


@pytest.mark.parametrize("part", ["amount", "payGateTranID", "salesOrderID", "refID"])
@pytest.mark.parametrize("value", [None, "", True, [], {}, 0.5])
def test_a_result_that_lacks_a_part_verifies_nothing(part, value):
    outcome, net = confirmed_by(**{part: value})

    assert (outcome.kind, net.operations) == (Kind.UNKNOWN, ["TranResult"])


@pytest.mark.parametrize("amount", [0, "0", -250_000, 250_000.0, "250000.0", "x"])
def test_an_amount_that_is_none_is_never_read_as_one(amount):
    assert confirmed_by(amount=amount)[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("amount", [250_000, "250000", "۲۵۰۰۰۰", "250,000"])
def test_a_confirmation_is_read_in_every_shape_it_comes_in(amount):
    outcome, _ = confirmed_by(
        amount=amount, payGateTranID=int(REFERENCE), salesOrderID="۱۴۰۴۰۰۰۰۰۱۲۳"
    )

    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 250_000)
    assert (outcome.order_number, outcome.token) == (140400000123, TOKEN)
    assert (outcome.bank_reference, outcome.trace_number) == (REFERENCE, "607512345678")
    assert outcome.card_masked == "621986******8080"


def test_what_the_answer_carries_is_handed_over_and_not_what_we_asked():
    outcome, net = confirmed_by(amount="1000", salesOrderID="7", refID="other", payGateTranID="9")

    assert (outcome.amount_rial, outcome.order_number) == (1_000, 7)
    assert (outcome.token, outcome.bank_reference) == ("other", "9")
    assert json.loads(net.asked[-1][3])["payGateTranId"] == 9


def test_a_visit_is_a_call_to_wake_up_and_no_more():
    adapter = AsanPardakht(SETTINGS, Script())
    query = {"invoice": "140400000123"}

    paid = adapter.read_return("POST", query, {"PayGateTranId": REFERENCE, "invoice": "7"}, b"")
    unclear = adapter.read_return("POST", query, {"ReturningParams": "x"}, b"")

    assert (paid.claim, unclear.claim) == (Claim.PAID, Claim.UNCLEAR)
    assert paid.order_number == unclear.order_number == 140400000123
    assert (paid.bank_reference, paid.token, paid.amount_rial) == (None, None, None)


def test_a_payment_goes_all_the_way(asan_pardakht):
    stored = asan_pardakht.start(2_500_000)
    hint = asan_pardakht.come_back(stored)

    outcome = asan_pardakht.adapter.confirm(stored)
    known = replace(stored, bank_reference=outcome.bank_reference)
    settled = [asan_pardakht.adapter.settle(known).kind for _ in range(2)]

    assert (hint.claim, hint.order_number) == (Claim.PAID, stored.order_number)
    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 2_500_000)
    assert (outcome.order_number, outcome.token) == (stored.order_number, stored.token)
    assert settled == [Kind.DONE, Kind.DONE]
    books = asan_pardakht.bank.payment(stored.token)
    assert (books["state"], books["reference"]) == ("settled", outcome.bank_reference)
    assert books["terminal"] == asan_pardakht.adapter.terminal


def test_the_pay_page_stands_at_the_root_of_its_host(asan_pardakht):
    outcome = asan_pardakht.adapter.start(asan_pardakht.intent())
    parts = urlsplit(outcome.redirect.url)

    with_token = HttpTransport().call(
        "POST",
        outcome.redirect.url,
        f"RefId={outcome.token}".encode(),
        operation="page",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert (parts.path, with_token.status) == ("/", 200)
    assert f"/card/{outcome.token}" in with_token.body.decode()


def test_the_way_back_of_the_sandbox_says_little(asan_pardakht):
    stored = asan_pardakht.start()
    back = asan_pardakht.bank.play(stored.token)

    assert back["method"] == "POST"
    assert set(back["fields"]) == {"PayGateTranId", "MerchantShaparakFee", "ReturningParams"}
    query = dict(parse_qsl(urlsplit(back["url"]).query))
    assert query == {"lang": "fa", "invoice": str(stored.order_number)}


def test_eight_confirms_at_once_are_one_confirmation(asan_pardakht):
    stored = asan_pardakht.paid()

    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(lambda _: asan_pardakht.adapter.confirm(stored).kind, range(8)))

    assert sorted(kinds) == sorted([Kind.CONFIRMED] + [Kind.ALREADY_CONFIRMED] * 7)


@pytest.mark.parametrize("fault", ["drop_after", "html_500_after", "truncate", "null"])
def test_a_lost_confirmation_is_found_by_repeating_it(asan_pardakht, fault):
    stored = asan_pardakht.paid()
    asan_pardakht.break_next("confirm", fault)

    outcomes = [asan_pardakht.adapter.confirm(stored) for _ in range(2)]

    assert [outcome.kind for outcome in outcomes] == [Kind.UNKNOWN, Kind.ALREADY_CONFIRMED]
    assert outcomes[1].amount_rial == 2_500_000


@pytest.mark.parametrize("fault", ["delay_after", "drip"])
def test_a_verify_that_comes_too_slowly_is_unknown(asan_pardakht, fault):
    stored = asan_pardakht.paid()
    asan_pardakht.break_next("confirm", fault, seconds=6)

    kinds = [asan_pardakht.adapter.confirm(stored).kind for _ in range(2)]

    assert kinds == [Kind.UNKNOWN, Kind.ALREADY_CONFIRMED]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("without_amount", Kind.UNKNOWN),
        ("without_order", Kind.UNKNOWN),
        ("without_reference", Kind.UNKNOWN),
        ("empty", Kind.UNKNOWN),
        ("list", Kind.UNKNOWN),
        ("html_200", Kind.UNKNOWN),
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
def test_a_spoilt_result_is_what_it_is(asan_pardakht, fault, kind):
    stored = asan_pardakht.paid()
    asan_pardakht.break_next("recover", fault)

    assert asan_pardakht.adapter.confirm(stored).kind is kind
    state = asan_pardakht.bank.payment(stored.token)["state"]
    assert state == ("verified" if kind is Kind.CONFIRMED else "paid")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("address", Kind.CONFIG_ERROR),
        ("credentials", Kind.CONFIG_ERROR),
        ("unlisted_code", Kind.UNKNOWN),
        ("drop_after", Kind.UNKNOWN),
        ("html_200", Kind.UNKNOWN),
    ],
)
@pytest.mark.parametrize("step", ["start", "confirm", "settle", "recover", "reverse", "check"])
def test_every_call_tells_what_is_ours_to_mend(asan_pardakht, step, fault, kind):
    stored, outcome = asan_pardakht.confirmed()
    stored = replace(stored, bank_reference=outcome.bank_reference)
    asan_pardakht.break_next(step, fault)
    adapter = asan_pardakht.adapter
    call = {"start": lambda: adapter.start(asan_pardakht.intent()), "check": adapter.check}

    found = call[step]() if step in call else getattr(adapter, step)(stored)

    assert found.kind is kind


def test_wrong_credentials_are_ours_to_mend_and_change_nothing(asan_pardakht):
    stored, password = asan_pardakht.paid(), Secret("another")
    stranger = opened("asan_pardakht", asan_pardakht.bank, [], **{
        **settings_at("asan_pardakht", asan_pardakht.bank), "password": password,
    }).adapter  # fmt: skip
    known = replace(stored, bank_reference=REFERENCE)

    outcomes = [
        stranger.check(),
        stranger.start(asan_pardakht.intent()),
        stranger.confirm(stored),
        stranger.settle(known),
        stranger.reverse(known),
    ]

    assert {outcome.kind for outcome in outcomes} == {Kind.CONFIG_ERROR}
    assert asan_pardakht.bank.payment(stored.token)["state"] == "paid"


def test_who_cancels_and_who_is_still_there_have_no_record(asan_pardakht):
    stored = asan_pardakht.start()
    at_the_bank = asan_pardakht.adapter.confirm(stored).kind

    hint = asan_pardakht.come_back(stored, "cancel")

    assert (hint.claim, hint.order_number) == (Claim.UNCLEAR, stored.order_number)
    assert at_the_bank is Kind.NOT_FOUND
    assert asan_pardakht.adapter.confirm(stored).kind is Kind.NOT_FOUND


def test_the_browser_that_never_came_back_is_found_by_our_number(asan_pardakht):
    stored = asan_pardakht.start()
    asan_pardakht.bank.play(stored.token, "close")

    found = asan_pardakht.adapter.recover(stored)
    confirmed = asan_pardakht.adapter.confirm(stored)

    assert found.kind is Kind.AWAITS_CONFIRM
    assert confirmed.kind is Kind.CONFIRMED
    assert found.bank_reference == confirmed.bank_reference
    assert found.bank_reference == asan_pardakht.bank.payment(stored.token)["reference"]


def test_a_forged_reference_confirms_nothing(asan_pardakht):
    other = asan_pardakht.paid()
    reference = asan_pardakht.bank.payment(other.token)["reference"]
    stored = replace(asan_pardakht.start(), bank_reference=reference)

    assert asan_pardakht.adapter.confirm(stored).kind is Kind.UNKNOWN
    assert asan_pardakht.bank.payment(other.token)["state"] == "paid"


def test_another_amount_and_another_order_show(asan_pardakht):
    stored = asan_pardakht.paid(2_500_000, do="other")
    asan_pardakht.break_next("recover", "other_order")

    outcome = asan_pardakht.adapter.confirm(stored)

    assert outcome.amount_rial == 2_501_000
    assert outcome.order_number == stored.order_number + 1


def test_a_payment_of_another_terminal_is_not_ours(asan_pardakht):
    stored = asan_pardakht.paid()
    settings = settings_at("asan_pardakht", asan_pardakht.bank, terminal=2)
    neighbour = opened("asan_pardakht", asan_pardakht.bank, [], **settings).adapter

    assert neighbour.confirm(stored).kind is Kind.NOT_FOUND


@pytest.mark.parametrize("is_confirmed", [True, False], ids=["by Cancel", "by Reverse"])
def test_a_payment_goes_back_once_verified_or_not(asan_pardakht, is_confirmed):
    stored = asan_pardakht.paid()
    if is_confirmed:
        asan_pardakht.adapter.confirm(stored)

    kinds = [asan_pardakht.adapter.reverse(stored).kind for _ in range(2)]

    assert kinds == [Kind.DONE, Kind.DONE]
    assert asan_pardakht.adapter.confirm(stored).kind is Kind.RETURNED
    # "Cancelled" is plain; the code for "reversed" others read as "settled".
    settled = Kind.RETURNED if is_confirmed else Kind.UNKNOWN
    assert asan_pardakht.adapter.settle(stored).kind is settled
    assert asan_pardakht.bank.payment(stored.token)["state"] == "reversed"


def test_a_settled_payment_does_not_go_back(asan_pardakht):
    stored, _ = asan_pardakht.confirmed()
    asan_pardakht.adapter.settle(stored)

    assert asan_pardakht.adapter.reverse(stored).kind is Kind.REFUSED
    assert asan_pardakht.bank.payment(stored.token)["state"] == "settled"


def test_a_check_moves_no_money(asan_pardakht):
    before = asan_pardakht.bank.admin.get("payments")

    assert asan_pardakht.adapter.check().kind is Kind.DONE
    assert asan_pardakht.bank.admin.get("payments") == before


def test_no_secret_is_ever_shown(asan_pardakht):
    asan_pardakht.confirmed()

    shown = f"{asan_pardakht.journal} {asan_pardakht.gateway} {asan_pardakht.adapter!r}"

    assert len(asan_pardakht.journal) == 6  # three calls, each with its answer
    assert "hushhush" not in shown


def test_when_the_window_is_over_the_money_has_gone_back(clockwork):
    stored = clockwork.paid()
    clockwork.bank.admin.post("clock", minutes=31)

    assert clockwork.adapter.confirm(stored).kind is Kind.RETURNED


def test_after_three_hours_nothing_goes_back(clockwork):
    stored, _ = clockwork.confirmed()
    clockwork.bank.admin.post("clock", minutes=181)

    assert clockwork.adapter.reverse(stored).kind is Kind.REFUSED
    assert clockwork.adapter.confirm(stored).kind is Kind.ALREADY_CONFIRMED
    assert clockwork.bank.payment(stored.token)["state"] == "verified"


def test_a_payment_that_the_bank_named_before_is_not_lost_when_it_is_forgotten():
    """TranResult forgets within an hour, and a verify of ours may have reached the bank."""
    forgotten = {"TranResult": (472, b"")}

    known, _ = scripted(lambda adapter: adapter.confirm(STORED), **forgotten)
    unknown, _ = scripted(
        lambda adapter: adapter.confirm(replace(STORED, bank_reference=None)), **forgotten
    )

    assert (known.kind, unknown.kind) == (Kind.UNKNOWN, Kind.NOT_FOUND)
