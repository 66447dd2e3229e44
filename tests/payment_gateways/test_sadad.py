"""Sadad: its signature, its bytes, its codes, and its whole way at the sandbox bank."""

import base64
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.padding import PKCS7

from core.clock import TEHRAN
from core.settings import WrongSettings
from payment_gateways.accounts import GatewayAccount
from payment_gateways.adapters.sadad import Sadad
from payment_gateways.adapters.sadad_codes import CHECK, START, VERIFY, WORDS
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.registry import gateway_accounts, open_gateway
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import ROOT, running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "sadad"
KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY"
SETTINGS = {"merchant_id": "140336279", "terminal_id": "24000615", "key": KEY}
TOKEN = "5d7f0c1b9a2e4d63b8c0a1f2e3d4c5b6"
SIGNED_TOKEN = "Q5D3lukORFdZ1+d6dSN0YLGpoWUFgbydlAhN9nTy3OmPRbW+I/FsTg=="
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1&b=2",
    description="T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
)
STORED = StoredPayment(140400000123, 250_000, TOKEN)
SUCCESS = {
    "ResCode": 0,
    "Amount": 250_000,
    "Description": "",
    "RetrivalRefNo": "150000009973",
    "SystemTraceNo": "000123",
    "OrderId": 140400000123,
}
CALLS = {
    "PaymentRequest": lambda adapter: adapter.start(INTENT),
    "Verify": lambda adapter: adapter.confirm(STORED),
    "check": lambda adapter: adapter.check(),
}
PATHS = {
    "PaymentRequest": "/vpg/api/v0/Request/PaymentRequest",
    "Verify": "/vpg/api/v0/Advice/Verify",
}


def opened(bank, journal, **settings):
    account = GatewayAccount(
        name="sadad-test",
        adapter="sadad",
        account="90190",
        settings={**SETTINGS, "key": Secret(KEY), **settings},
        base_url=bank.base_url,
        numbers={"connect_seconds": 2, "read_seconds": 1, "deadline_seconds": 2},
    )
    return open_gateway(account, journal=journal.append)


@pytest.fixture
def sadad(sandbox_bank):
    journal = []
    yield Kit("sadad", opened(sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture(scope="module")
def own_bank(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sadad") / "books.sqlite3") as bank:
        yield bank


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


def asked(answer: bytes, call, **settings):
    """What the adapter sends and makes of one answer."""
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(Sadad({**SETTINGS, **settings}, net, bank.base_url))
    return outcome, bank.requests


def saying(code, **more) -> bytes:
    return http(json.dumps({"ResCode": code, "Description": "x", **more}))


def signed(key: str, text: str) -> str:
    padding = PKCS7(64).padder()
    cipher = Cipher(TripleDES(base64.b64decode(key)), modes.ECB()).encryptor()  # noqa: S305  the bank's
    padded = padding.update(text.encode()) + padding.finalize()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


@pytest.mark.parametrize(
    ("key", "text", "signature"),
    [
        (KEY, "24000615;1000001;250000", "n8Uy5Ov7U2iMrYz/hpHjBt/n/odufDUY"),
        (KEY, TOKEN, SIGNED_TOKEN),
        ("AQIDBAUGBwgJCgsMDQ4PEA==", "abc;1;2", "GRo4bP9aeNc="),
    ],
    ids=["example of the guide", "token", "key of sixteen bytes"],
)
def test_the_signature_is_the_one_the_bank_computes(key, text, signature):
    adapter = Sadad({**SETTINGS, "key": key}, HttpTransport())

    assert adapter._signed(text) == signature


@pytest.mark.parametrize("key", ["", "secret", KEY[:-1], KEY + "AAAA", "AQIDBAUGBwg=", "کلید" * 8])
def test_a_key_that_is_none_is_refused_by_table_and_name_without_showing_it(key, tmp_path):
    path = tmp_path / "gateways.toml"
    path.write_text(
        '[melli]\nadapter = "sadad"\naccount = "90190"\nmerchant_id = "1"\nterminal_id = "2"\n'
        f'key = "{key}"\n',
        "utf-8",
    )

    with pytest.raises(WrongSettings) as refused:
        gateway_accounts(path, environment={})
    with pytest.raises(ValueError, match=r"^key: must be 16 or 24 bytes in Base64"):
        Sadad({**SETTINGS, "key": key}, HttpTransport())

    assert "[melli] key: " in str(refused.value)
    assert not key or key not in str(refused.value)


def test_cryptography_is_loaded_by_nothing_but_the_adapters_that_need_it():
    program = (
        "import pkgutil, sys, importlib\n"
        "import payment_gateways.registry, payment_gateways.adapters as all_of_them\n"
        "for module in pkgutil.iter_modules(all_of_them.__path__):\n"
        "    if module.name not in {'sadad', 'irankish'}:\n"
        "        importlib.import_module(f'payment_gateways.adapters.{module.name}')\n"
        "assert 'payment_gateways.adapters.mellat' in sys.modules\n"
        "print('cryptography' in sys.modules)\n"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "False"


@pytest.mark.parametrize("operation", PATHS)
def test_the_request_is_the_one_of_the_guide_byte_for_byte(operation):
    _, requests = asked(saying(1002), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == golden(f"{operation}.request.json", token=TOKEN, signature=SIGNED_TOKEN)
    assert head.startswith(f"POST {PATHS[operation]} HTTP/1.1".encode())
    assert b"Content-Type: application/json" in head


def test_the_sandbox_answers_byte_for_byte_as_the_guide(own_bank):
    net = HttpTransport()

    def call(operation, **known):
        url = own_bank.base_url + PATHS[operation]
        body = golden(f"{operation}.request.json", **known)
        return net.call("POST", url, body, operation=operation, headers={}).body

    started = call("PaymentRequest")
    token = json.loads(started)["Token"]
    mine = {"token": token, "signature": signed(KEY, token)}
    assert started == golden("PaymentRequest.answer.json", token=token)
    assert call("Verify", **mine) == golden("refused.answer.json")

    back = own_bank.play(token)
    books = own_bank.payment(token)
    assert back == {
        "method": "POST",
        "url": INTENT.return_url,
        "fields": {
            "OrderId": "140400000123", "Token": token, "ResCode": "0", "SwitchResCode": "0",
            "HashedCardNo": "", "PrimaryAccNo": "610433******2187", "CardHolderFullName": "",
        },
    }  # fmt: skip
    told = {
        "reference": books["reference"],
        "trace": 100_000 + books["id"],
        "moment": f"{datetime.fromtimestamp(books['paid_at'], TEHRAN):%Y-%m-%dT%H:%M:%S}",
    }
    for code, description in (
        (0, "عملیات با موفقیت انجام شد"),
        (100, "نتیجه تراکنش قبلا ثبت شده است"),
    ):
        answer = golden("Verify.answer.json", code=code, description=description, **told)
        assert call("Verify", **mine) == answer


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        (datetime(2026, 3, 14, 20, 35, 9, tzinfo=UTC), "2026-03-15T00:05:09"),
        (datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC), "2026-03-15T09:05:03"),
        (datetime(2026, 7, 1, 20, 29, 59, tzinfo=UTC), "2026-07-01T23:59:59"),
    ],
    ids=["five past midnight", "five past nine", "summer, a second to midnight"],
)
def test_the_moment_is_tehrans_and_zero_padded(utc, local):
    _, requests = asked(saying(1002), lambda adapter: adapter.start(replace(INTENT, at=utc)))

    assert f'"LocalDateTime":"{local}"'.encode() in requests[0]


@pytest.mark.parametrize("code", sorted(WORDS))
@pytest.mark.parametrize(
    ("operation", "table"), [("PaymentRequest", START), ("Verify", VERIFY), ("check", CHECK)]
)
def test_every_code_has_words_and_one_meaning_in_each_call(code, operation, table):
    outcome, _ = asked(saying(int(code)), CALLS[operation])

    bare = {Kind.STARTED, Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}  # without what makes them so
    expected = table.get(code, Kind.UNKNOWN)
    assert outcome.kind is (Kind.UNKNOWN if expected in bare else expected)
    assert (outcome.bank_code, outcome.reason_fa, outcome.reason_en) == (code, *WORDS[code])


@pytest.mark.parametrize("code", ["1999", "1", "-2", "00", "", "ok", None, True, False, 0.0, [0]])
@pytest.mark.parametrize("operation", CALLS)
def test_a_code_no_guide_lists_is_unknown_in_every_call(code, operation):
    outcome, _ = asked(saying(code, **{**SUCCESS, "ResCode": code}), CALLS[operation])

    assert outcome.kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "[1]", "true", "0", "{}", '"0"', "{", "[" * 5_000, b"\xff\xfe{", "<html>"],
)
@pytest.mark.parametrize("operation", CALLS)
def test_what_is_no_answer_is_unknown(body, operation):
    assert asked(http(body), CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("status", ["500 No", "502 No", "302 Found"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    assert asked(http(json.dumps(SUCCESS), status), CALLS["Verify"])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("code", [0, 100])
@pytest.mark.parametrize("missing", ["Amount", "OrderId", "RetrivalRefNo"])
@pytest.mark.parametrize("value", ["left out", None, "", "x", True, -5, 1.5])
def test_a_success_without_amount_order_or_number_is_none(code, missing, value):
    content = {**SUCCESS, "ResCode": code, missing: value}
    if value == "left out":
        del content[missing]

    outcome, _ = asked(http(json.dumps(content)), CALLS["Verify"])

    assert (outcome.kind, outcome.evidence["missing"]) == (Kind.UNKNOWN, missing)
    assert outcome.bank_reference is None


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"ResCode": "0", "Amount": "250000", "OrderId": "140400000123", "SystemTraceNo": 123},
        {"ResCode": "۰", "Amount": "۲۵۰٬۰۰۰", "RetrivalRefNo": "۱۵۰۰۰۰۰۰۹۹۷۳"},
        {"Amount": "250,000", "RetrivalRefNo": 150000009973, "SystemTraceNo": "000123"},
    ],
    ids=["as documented", "texts", "Persian digits", "grouped, numbers"],
)
def test_a_success_is_read_in_every_shape_it_comes_in(more):
    outcome, _ = asked(http(json.dumps({**SUCCESS, **more})), CALLS["Verify"])

    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 250_000)
    assert (outcome.order_number, outcome.bank_reference) == (140400000123, "150000009973")
    assert outcome.trace_number == "123"


@pytest.mark.parametrize("token", [None, "", 5.5, True, "x" * 81, "a\nb", {}])
def test_a_start_without_a_token_is_unknown(token):
    outcome, _ = asked(saying(0, Token=token), CALLS["PaymentRequest"])

    assert (outcome.kind, outcome.token) == (Kind.UNKNOWN, None)


def test_the_donor_is_sent_by_get_with_the_token_written_safely():
    outcome, _ = asked(saying(0, Token="a+b/c=&d"), CALLS["PaymentRequest"])

    assert (outcome.kind, outcome.redirect.method) == (Kind.STARTED, "GET")
    assert outcome.redirect.url.endswith("/VPG/Purchase?Token=a%2Bb%2Fc%3D%26d")
    assert outcome.expires_at == INTENT.at + timedelta(minutes=15)


def test_a_payment_goes_all_the_way_and_says_the_same_a_second_time(sadad):
    stored = sadad.start(2_500_000)
    hint = sadad.come_back(stored)

    first, again = (sadad.adapter.confirm(stored) for _ in range(2))

    books = sadad.bank.payment(stored.token)
    assert (hint.claim, hint.token, hint.order_number) == (
        Claim.PAID, stored.token, stored.order_number,
    )  # fmt: skip
    assert (first.kind, again.kind) == (Kind.CONFIRMED, Kind.ALREADY_CONFIRMED)
    assert (first.amount_rial, first.order_number) == (2_500_000, stored.order_number)
    assert first.bank_reference == again.bank_reference == books["reference"]
    assert (books["state"], books["terminal"]) == ("settled", sadad.gateway.terminal)


def test_the_pay_page_opens_where_the_redirect_leads(sadad):
    outcome = sadad.adapter.start(sadad.intent())

    parts = urlsplit(outcome.redirect.url)
    reply = HttpTransport().call("GET", outcome.redirect.url, operation="page", headers={})
    assert sadad.gateway.hosts == (f"{parts.scheme}://{parts.netloc}",)
    assert reply.status == 200


def test_the_browser_that_never_came_back_is_found_by_confirming(sadad):
    stored = sadad.start()
    still_paying = sadad.adapter.confirm(stored).kind
    sadad.bank.play(stored.token, "close")

    assert (still_paying, sadad.adapter.confirm(stored).kind) == (Kind.OPEN, Kind.CONFIRMED)


def test_who_cancels_is_not_told_from_who_is_still_paying(sadad):
    stored = sadad.start()

    hint = sadad.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert sadad.adapter.confirm(stored).kind is Kind.OPEN


def test_another_amount_than_asked_shows_in_the_answer(sadad):
    stored = sadad.paid(2_500_000, "other")

    assert sadad.adapter.confirm(stored).amount_rial == 2_501_000


@pytest.mark.parametrize("fault", ["drop_after", "truncate", "html_500_after", "empty", "truth"])
def test_an_answer_that_was_lost_is_found_by_asking_again(sadad, fault):
    stored = sadad.paid()
    sadad.bank.break_next("Verify", fault)

    lost, found = (sadad.adapter.confirm(stored) for _ in range(2))

    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.ALREADY_CONFIRMED)


@pytest.mark.parametrize("fault", ["without_amount", "without_order", "without_reference"])
def test_an_answer_that_lacks_a_part_confirms_nothing(sadad, fault):
    stored = sadad.paid()
    sadad.bank.break_next("Verify", fault)

    assert sadad.adapter.confirm(stored).kind is Kind.UNKNOWN


@pytest.mark.parametrize("fault", ["persian_digits", "numbers_as_texts", "texts_as_numbers"])
def test_numbers_are_read_however_they_are_written(sadad, fault):
    stored = sadad.paid()
    sadad.bank.break_next("Verify", fault)

    outcome = sadad.adapter.confirm(stored)

    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 2_500_000)


def test_an_order_number_serves_once(sadad):
    intent = sadad.intent()

    kinds = [sadad.adapter.start(intent).kind for _ in range(2)]

    assert kinds == [Kind.STARTED, Kind.REFUSED]


def test_the_identifier_and_the_mobile_travel_with_the_payment(sadad):
    intent = sadad.intent(payer_id="1500100000123", mobile="09121234567", description="T-7F3K")

    books = sadad.bank.payment(sadad.adapter.start(intent).token)

    assert (books["payer_id"], books["mobile"]) == ("1500100000123", "09121234567")
    assert books["description"] == "T7F3K"


def test_a_wrong_key_and_another_terminal_are_ours_to_mend(sadad):
    stored = sadad.paid()
    stranger = opened(sadad.bank, [], key=Secret("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).adapter
    neighbours = sadad.bank.admin.get("wires?terminal=2")["sadad"]["settings"]
    neighbour = opened(sadad.bank, [], **neighbours).adapter

    assert sadad.adapter.check().kind is neighbour.check().kind is Kind.DONE
    refused = stranger.start(sadad.intent())
    assert (refused.kind, refused.bank_code) == (Kind.CONFIG_ERROR, "1025")
    assert stranger.confirm(stored).kind is neighbour.confirm(stored).kind is Kind.CONFIG_ERROR
    assert sadad.bank.payment(stored.token)["state"] == "paid"


@pytest.mark.parametrize(("fault", "code"), [("credentials", "1025"), ("address", "1003")])
@pytest.mark.parametrize("operation", PATHS)
def test_credentials_and_address_are_ours_to_mend(sadad, fault, code, operation):
    stored = sadad.start()
    sadad.bank.break_next(operation, fault)

    outcome = (
        sadad.adapter.confirm(stored)
        if operation == "Verify"
        else sadad.adapter.start(sadad.intent())
    )

    assert (outcome.kind, outcome.bank_code) == (Kind.CONFIG_ERROR, code)


def test_a_check_moves_no_money(sadad):
    before = sadad.bank.admin.get("payments")

    assert sadad.adapter.check().kind is Kind.DONE
    assert sadad.bank.admin.get("payments") == before


@pytest.mark.parametrize("text", ["مشارکت", "T-7F3K مشارکت", "<b>", "a b", "", "T" * 101])
def test_a_description_the_bank_would_refuse_is_left_out(text):
    _, requests = asked(saying(1002), lambda one: one.start(replace(INTENT, description=text)))

    assert b"AdditionalData" not in requests[0]


def test_what_was_not_verified_in_fifteen_minutes_has_gone_back(own_bank):
    kit = Kit("sadad", opened(own_bank, []), own_bank)
    stored, never_paid = kit.paid(), kit.start()
    own_bank.admin.post("clock", minutes=16)

    assert kit.adapter.confirm(stored).kind is Kind.RETURNED
    assert kit.adapter.confirm(never_paid).kind is Kind.OPEN
    assert own_bank.payment(stored.token)["state"] == "reversed"


def test_there_is_no_call_that_gives_money_back():
    adapter = Sadad(SETTINGS, HttpTransport())

    assert adapter.reverse(STORED).kind is adapter.inquire(STORED).kind is Kind.REFUSED
    assert adapter.settle(STORED).kind is Kind.DONE


@pytest.mark.parametrize(
    ("form", "claim"),
    [
        ({"Token": TOKEN, "OrderId": "140400000123", "ResCode": "0"}, Claim.PAID),
        ({"token": f" {TOKEN} ", "ORDERID": "۱۴۰۴۰۰۰۰۰۱۲۳", "rescode": "-1"}, Claim.CANCELLED),
        ({"token": TOKEN, "OrderId": "140400000123", "ResCode": "7"}, Claim.UNCLEAR),
        ({"token": TOKEN, "OrderId": "140400000123"}, Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_whatever_its_case_and_digits(form, claim):
    form = {**form, "PrimaryAccNo": "6104337913882187"}

    hint = Sadad(SETTINGS, HttpTransport()).read_return("POST", {}, form, b"")

    assert (hint.claim, hint.token, hint.order_number) == (claim, TOKEN, 140400000123)
    assert (hint.bank_reference, hint.card_masked) == (None, "610433******2187")


def test_the_key_is_never_shown(sadad):
    sadad.confirmed()

    shown = f"{sadad.journal} {sadad.gateway} {sadad.adapter!r}"

    assert len(sadad.journal) == 4
    assert KEY not in shown


@pytest.mark.parametrize("token", ["\x00" * 40, "a\nb", "x" * 81, "x" * 1_000_000, "   "])
def test_what_can_be_no_token_is_not_brought_as_one(token):
    hint = Sadad(SETTINGS, HttpTransport()).read_return("POST", {}, {"Token": token}, b"")

    assert hint.token is None
