"""IranKish: its envelope, its bytes, its codes, and its whole way at the sandbox bank."""

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from core.clock import TEHRAN
from core.settings import WrongSettings
from payment_gateways.accounts import GatewayAccount
from payment_gateways.adapters.irankish import IranKish, _encrypted
from payment_gateways.adapters.irankish_codes import (
    CHECK,
    CONFIRM,
    INQUIRE,
    PAYMENT,
    REVERSE,
    START,
    WORDS,
)
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.registry import gateway_accounts, open_gateway, open_gateways
from payment_gateways.transport import HttpTransport, Limits, Reply
from tests.payment_gateways.conftest import Kit
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "irankish"
PRIVATE_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
PUBLIC_PEM = (
    PRIVATE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
)
PASS_PHRASE = "0123456789ABCDEF"
SETTINGS = {
    "terminal_id": "02019999",
    "acceptor_id": "992180000000000",
    "pass_phrase": PASS_PHRASE,
    "public_key": PUBLIC_PEM,
}
TOKEN = "9F3A00C1D2E3F405162738495A6B7C8D"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1&b=2",
    description="T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
    mobile="09121234567",
)
STORED = StoredPayment(140400000123, 250_000, TOKEN)
PATHS = {
    "make": "/api/v3/tokenization/make",
    "single": "/api/v3/inquiry/single",
    "purchase": "/api/v3/confirmation/purchase",
    "reversePurchase": "/api/v3/confirmation/reversePurchase",
}
MOMENT = {"date": 20260315, "time": 90503}
KNOWN = {"token": TOKEN, "reference": "001500009973", "trace": "000123", **MOMENT}


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


FOUND = golden("single.answer.json", verified="false", reversed="false", **KNOWN)
CONFIRMED = golden("purchase.answer.json", repeated="false", **KNOWN)


class Answers:
    """A way to the outside that answers each operation as told, and keeps what was asked."""

    def __init__(self, **bodies) -> None:
        self.bodies = bodies
        self.asked = []

    def call(self, method, url, body=b"", *, operation, headers):
        self.asked.append((operation, url, body))
        return Reply(200, self.bodies[operation])


def made(net=None, base_url=None, **settings) -> IranKish:
    return IranKish({**SETTINGS, **settings}, net or HttpTransport(), base_url)


def confirming(purchase: bytes, single: bytes = FOUND):
    return made(Answers(single=single, purchase=purchase)).confirm(STORED)


def said(code, *, status=False, result=None) -> bytes:
    return json.dumps(
        {"responseCode": code, "description": None, "status": status, "result": result}
    ).encode()


def changed(body: bytes, **more) -> bytes:
    """The same answer with other fields in its result; ``...`` leaves one out."""
    content = json.loads(body)
    result = {**content["result"], **more}
    content["result"] = {name: value for name, value in result.items() if value is not ...}
    return json.dumps(content, ensure_ascii=False).encode()


def asked(answer: bytes, call):
    """What the adapter sends over a socket and makes of one answer."""
    with answering(answer) as bank:
        outcome = call(made(HttpTransport(limits=Limits(read_seconds=1)), bank.base_url))
    return outcome, bank.requests


def settings_of(bank, number: int) -> dict[str, str | Secret]:
    settings = bank.admin.get(f"wires?terminal={number}")["irankish"]["settings"]
    return {**settings, "pass_phrase": Secret(settings["pass_phrase"])}


def opened(bank, journal, number=1, **settings):
    account = GatewayAccount(
        name="irankish-test",
        adapter="irankish",
        account="90190",
        settings={**settings_of(bank, number), **settings},
        base_url=bank.base_url,
        numbers={"connect_seconds": 2, "read_seconds": 1, "deadline_seconds": 2},
    )
    return open_gateway(account, journal=journal.append)


@pytest.fixture
def irankish(sandbox_bank):
    journal = []
    yield Kit("irankish", opened(sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture(scope="module")
def own_bank(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("irankish") / "books.sqlite3") as bank:
        yield bank


def test_the_envelope_is_the_one_of_the_guides_example():
    key, start = bytes(range(16)), bytes(range(16, 32))
    fixed = iter([key, start])
    adapter = IranKish(SETTINGS, HttpTransport(), random_bytes=lambda length: next(fixed)[:length])
    raw = bytes.fromhex("020199990123456789abcdef00000025000000")
    digest = "6fa11d3f7c7478b5e7b26a2a35a24f69cfd3c82c23e64ebf27d874cc9539fec0"

    envelope = adapter._envelope(250_000)

    sealed = _encrypted(raw, key, start)
    assert sealed.hex() == "7e982231df62085cb45bbe42a0b467e177190a4296ada2a1602997848167eb14"
    assert hashlib.sha256(sealed).hexdigest() == digest
    opened_by_the_bank = PRIVATE_KEY.decrypt(bytes.fromhex(envelope["data"]), PKCS1v15())
    assert opened_by_the_bank == key + bytes.fromhex(digest)
    assert envelope["iv"] == start.hex()


def test_every_envelope_is_fresh_and_bound_to_its_amount():
    adapter = made()

    envelopes = [adapter._envelope(amount) for amount in (250_000, 250_000, 250_001)]

    assert len({one["iv"] for one in envelopes}) == 3
    opened_ones = {PRIVATE_KEY.decrypt(bytes.fromhex(one["data"]), PKCS1v15()) for one in envelopes}
    assert len(opened_ones) == 3


def _private_pem() -> str:
    return PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret-no-key",
        "<RSAKeyValue><Modulus>x</Modulus></RSAKeyValue>",
        PUBLIC_PEM.replace("BEGIN PUBLIC", "BEGIN RSA PUBLIC"),
        PUBLIC_PEM[:200] + "\n-----END PUBLIC KEY-----",
        _private_pem(),
        _public_pem(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["empty", "text", "xml", "other armour", "cut", "private", "no rsa"],
)
def test_a_key_that_is_none_is_refused_with_what_to_do_and_without_showing_it(text):
    with pytest.raises(ValueError, match=r"^public_key: must be the RSA public key") as refused:
        made(public_key=text)

    assert not text or text[-60:] not in str(refused.value)


def test_a_wrong_key_in_the_file_of_accounts_is_named_by_table_and_key(tmp_path):
    path = tmp_path / "gateways.toml"
    cut = PUBLIC_PEM[:200] + "\n-----END PUBLIC KEY-----"
    path.write_text(
        '[kish]\nadapter = "irankish"\naccount = "90190"\nterminal_id = "02019999"\n'
        f'acceptor_id = "992180000000000"\npass_phrase = "{PASS_PHRASE}"\n'
        f'public_key = """\n{cut}\n"""\n'
    )

    with pytest.raises(WrongSettings) as refused:
        open_gateways(gateway_accounts(path, environment={}))

    assert "[kish]" in str(refused.value)
    assert "public_key: must be the RSA public key" in str(refused.value)
    assert cut[60:120] not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("terminal_id", "2019999"), ("terminal_id", "x2019999"), ("pass_phrase", "secret-phrase")],
)
def test_a_setting_the_envelope_cannot_hold_is_refused_without_showing_it(name, value):
    with pytest.raises(ValueError, match=f"^{name}: does not look like") as refused:
        made(**{name: value})

    assert value not in str(refused.value)


def test_the_request_for_a_token_is_the_one_of_the_guide():
    _, requests = asked(http(said("96")), lambda adapter: adapter.start(INTENT))

    head, _, body = requests[0].partition(b"\r\n\r\n")
    envelope = json.loads(body)["authenticationEnvelope"]
    assert body == golden("make.request.json", **envelope)
    assert (len(envelope["data"]), len(envelope["iv"])) == (512, 32)
    assert head.startswith(f"POST {PATHS['make']} HTTP/1.1".encode())
    assert b"Content-Type: application/json" in head


def test_the_other_requests_are_those_of_the_guide_byte_for_byte():
    net = Answers(single=FOUND, purchase=CONFIRMED, reversePurchase=said("96"))
    adapter = made(net, "https://bank.example")

    adapter.confirm(STORED)
    adapter.reverse(STORED)

    assert net.asked == [
        (name, f"https://bank.example{PATHS[name]}", golden(f"{name}.request.json", **KNOWN))
        for name in ("single", "purchase", "single", "reversePurchase")
    ]


def test_without_a_token_a_payment_is_asked_for_by_our_number():
    net = Answers(single=said("25"))

    made(net).inquire(replace(STORED, token=None))

    body = json.loads(net.asked[0][2])
    assert (body["findOption"], body["requestId"]) == (3, "140400000123")
    assert "tokenIdentity" not in body


def test_the_sandbox_answers_byte_for_byte_as_the_guide(own_bank):
    net = HttpTransport()

    def call(operation, **known):
        body = golden(f"{operation}.request.json", **known)
        url = own_bank.base_url + PATHS[operation]
        return net.call("POST", url, body, operation=operation, headers={}).body

    bank_key = own_bank.admin.get("wires?terminal=1")["irankish"]["settings"]["public_key"]
    started = call("make", **made(public_key=bank_key)._envelope(250_000))
    token = json.loads(started)["result"]["token"]
    books = own_bank.payment(token)
    assert started == golden(
        "make.answer.json", token=token, began=books["started_at"], ends=books["page_until"]
    )
    assert call("single", token=token) == golden("refused.answer.json")

    back = own_bank.play(token)
    books = own_bank.payment(token)
    paid_at = datetime.fromtimestamp(books["paid_at"], TEHRAN)
    known = {
        "token": token,
        "reference": books["reference"],
        "trace": 100_000 + books["id"],
        "date": int(f"{paid_at:%Y%m%d}"),
        "time": int(f"{paid_at:%H%M%S}"),
    }
    assert back == {
        "method": "POST",
        "url": INTENT.return_url,
        "fields": {
            "token": token, "acceptorId": "992180000000000", "merchantId": "",
            "responseCode": "00", "paymentId": "", "requestId": "140400000123",
            "sha256OfPan": "", "sha1OfPan": "", "retrievalReferenceNumber": known["reference"],
            "amount": "250000", "maskedPan": "610433******2187",
            "systemTraceAuditNumber": str(known["trace"]), "ttl": "",
        },
    }  # fmt: skip

    def found(verified, is_reversed):
        told = {"verified": verified, "reversed": is_reversed, **known}
        return golden("single.answer.json", **told)

    assert call("single", **known) == found("false", "false")
    for repeated in ("false", "true"):
        answer = golden("purchase.answer.json", repeated=repeated, **known)
        assert call("purchase", **known) == answer
    assert call("single", **known) == found("true", "false")
    answer = golden("reversePurchase.answer.json", repeated="false", **known)
    assert call("reversePurchase", **known) == answer
    assert call("single", **known) == found("true", "true")


@pytest.mark.parametrize("code", sorted(WORDS))
@pytest.mark.parametrize(
    ("call", "table"),
    [
        (lambda adapter: adapter.start(INTENT), START),
        (lambda adapter: adapter.inquire(STORED), INQUIRE),
        (lambda adapter: adapter.check(), CHECK),
    ],
    ids=["start", "inquire", "check"],
)
def test_every_code_of_a_call_has_words_and_one_meaning(code, call, table):
    outcome, _ = asked(http(said(code)), call)

    bare = code == "00"  # without what makes it a success
    assert outcome.kind is (Kind.UNKNOWN if bare else table.get(code, Kind.UNKNOWN))
    assert (outcome.bank_code, outcome.reason_fa, outcome.reason_en) == (code, *WORDS[code])


@pytest.mark.parametrize("code", sorted(WORDS))
@pytest.mark.parametrize("place", ["outside", "inside"])
def test_every_code_of_a_confirmation_and_a_reversal_has_one_meaning(code, place):
    def answer(golden_one):
        return said(code) if place == "outside" else changed(golden_one, responseCode=code)

    reversed_one = golden("reversePurchase.answer.json", repeated="false", **KNOWN)
    net = Answers(single=FOUND, purchase=answer(CONFIRMED), reversePurchase=answer(reversed_one))
    adapter = made(net)

    kinds = adapter.confirm(STORED).kind, adapter.reverse(STORED).kind

    if code == "00" and place == "outside":
        assert kinds == (Kind.UNKNOWN, Kind.UNKNOWN)
    else:
        assert kinds == (CONFIRM.get(code, Kind.UNKNOWN), REVERSE.get(code, Kind.UNKNOWN))


@pytest.mark.parametrize("code", sorted(WORDS))
def test_every_code_of_a_payment_has_one_meaning(code):
    outcome = made(Answers(single=changed(FOUND, responseCode=code))).inquire(STORED)

    assert outcome.kind is PAYMENT.get(code, Kind.UNKNOWN)


@pytest.mark.parametrize(
    "code", ["999", "1", "-1", "000", "", "ok", None, True, False, 0.0, ["00"]]
)
def test_a_code_no_guide_lists_is_unknown_in_every_call(code):
    outside = {**json.loads(CONFIRMED), "responseCode": code}
    net = Answers(
        **dict.fromkeys(PATHS, json.dumps(outside).encode()),
    )
    adapter = made(net)

    for call in (adapter.confirm, adapter.inquire, adapter.reverse):
        assert call(STORED).kind is Kind.UNKNOWN
    assert adapter.start(INTENT).kind is adapter.check().kind is Kind.UNKNOWN
    assert confirming(changed(CONFIRMED, responseCode=code)).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"[1]", b"true", b'"00"', b"{}", b"{", b"[" * 5_000, b"\xff\xfe{",
     b"<html>", b'{"responseCode":"00","status":true}',
     b'{"responseCode":"00","status":true,"result":[]}',
     b'{"responseCode":"00","status":true,"result":{}}'],
)  # fmt: skip
def test_what_is_no_answer_is_unknown(body):
    adapter = made(Answers(single=body, make=body))

    assert adapter.start(INTENT).kind is Kind.UNKNOWN
    assert adapter.confirm(STORED).kind is adapter.check().kind is Kind.UNKNOWN
    assert confirming(body).kind is Kind.UNKNOWN


@pytest.mark.parametrize("status", [False, None, "true", 1, ...])
def test_a_success_without_its_status_is_none(status):
    content = {**json.loads(CONFIRMED), "status": status}
    if status is ...:
        del content["status"]

    assert confirming(json.dumps(content).encode()).kind is Kind.UNKNOWN


@pytest.mark.parametrize("value", [..., None, "", "x", True, -5, 1.5, []])
@pytest.mark.parametrize("name", ["amount", "retrievalReferenceNumber"])
def test_a_confirmation_without_amount_or_number_is_none(name, value):
    outcome = confirming(changed(CONFIRMED, **{name: value}))

    assert (outcome.kind, outcome.evidence["missing"]) == (Kind.UNKNOWN, name)
    assert outcome.bank_reference is None


def test_a_confirmation_of_another_number_than_named_is_none():
    outcome = confirming(changed(CONFIRMED, retrievalReferenceNumber="1500009974"))

    assert (outcome.kind, outcome.bank_reference) == (Kind.UNKNOWN, None)


@pytest.mark.parametrize("value", [..., None, "", True, "x"])
@pytest.mark.parametrize("name", ["amount", "retrievalReferenceNumber", "systemTraceAuditNumber"])
def test_what_an_inquiry_does_not_tell_whole_is_not_confirmed(name, value):
    net = Answers(single=changed(FOUND, **{name: value}), purchase=CONFIRMED)

    assert made(net).confirm(STORED).kind is Kind.UNKNOWN
    assert [operation for operation, _, _ in net.asked] == ["single"]


@pytest.mark.parametrize("value", [..., None, "false", 0])
@pytest.mark.parametrize("name", ["isVerified", "isReversed"])
def test_an_inquiry_that_does_not_say_the_state_is_unknown(name, value):
    assert made(Answers(single=changed(FOUND, **{name: value}))).inquire(STORED).kind is (
        Kind.UNKNOWN
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"amount": 250_000},
        {"amount": "۲۵۰۰۰۰", "retrievalReferenceNumber": "۰۰۱۵۰۰۰۰۹۹۷۳"},
        {"amount": "250,000", "retrievalReferenceNumber": 1500009973, "responseCode": "۰۰"},
        {"responseCode": 0, "duplicateVerify": None},
    ],
    ids=["as documented", "number", "Persian digits", "grouped", "code as a number"],
)
def test_a_success_is_read_in_every_shape_it_comes_in(more):
    outcome = confirming(changed(CONFIRMED, **more))

    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 250_000)
    assert (outcome.order_number, outcome.token) == (140400000123, TOKEN)
    assert (outcome.bank_reference, outcome.trace_number) == ("1500009973", "000123")
    assert outcome.card_masked == "610433******2187"


def test_the_amount_is_the_one_of_the_confirmation_itself():
    assert confirming(changed(CONFIRMED, amount="251000")).amount_rial == 251_000


def test_a_confirmation_the_bank_calls_repeated_is_an_earlier_one():
    assert confirming(changed(CONFIRMED, duplicateVerify=True)).kind is Kind.ALREADY_CONFIRMED


@pytest.mark.parametrize(
    ("verified", "is_reversed", "kind"),
    [
        (False, False, Kind.AWAITS_CONFIRM),
        (True, False, Kind.ALREADY_CONFIRMED),
        (False, True, Kind.RETURNED),
        (True, True, Kind.RETURNED),
    ],
)
def test_an_inquiry_tells_the_state(verified, is_reversed, kind):
    body = changed(FOUND, isVerified=verified, isReversed=is_reversed)

    outcome = made(Answers(single=body)).recover(STORED)

    assert (outcome.kind, outcome.bank_reference) == (kind, "1500009973")


@pytest.mark.parametrize(
    ("began", "ends", "lives"),
    [
        (1_773_552_903, 1_773_553_503, timedelta(minutes=10)),
        ("1773552903", "1773553503", timedelta(minutes=10)),
        (1_773_552_903, 1_773_552_903, timedelta(minutes=15)),
        (1_773_552_903, 1_873_552_903, timedelta(minutes=15)),
        (None, 1_773_553_503, timedelta(minutes=15)),
    ],
)
def test_the_page_lives_as_long_as_the_bank_says_whatever_our_clock(began, ends, lives):
    began, ends = json.dumps(began), json.dumps(ends)
    body = golden("make.answer.json", token=TOKEN, began=began, ends=ends)

    outcome, _ = asked(http(body), lambda adapter: adapter.start(INTENT))

    assert (outcome.kind, outcome.expires_at) == (Kind.STARTED, INTENT.at + lives)


@pytest.mark.parametrize("token", ["null", '""', "true", "5.5", '"' + "x" * 81 + '"', "{}"])
def test_a_start_without_a_token_is_unknown(token):
    body = golden("make.answer.json", began=1, ends=2).replace(b'"{token}"', token.encode())

    outcome, _ = asked(http(body), lambda adapter: adapter.start(INTENT))

    assert (outcome.kind, outcome.token) == (Kind.UNKNOWN, None)


def test_an_amount_the_envelope_cannot_hold_is_refused_and_not_sent():
    net = Answers()

    outcome = made(net).start(replace(INTENT, amount_rial=10**12))

    assert (outcome.kind, net.asked) == (Kind.REFUSED, [])


def test_a_payment_goes_all_the_way_and_says_the_same_a_second_time(irankish):
    stored = irankish.start(2_500_000)
    hint = irankish.come_back(stored)
    stored = replace(stored, bank_reference=hint.bank_reference)

    first, again = (irankish.adapter.confirm(stored) for _ in range(2))

    books = irankish.bank.payment(stored.token)
    assert (hint.claim, hint.token, hint.order_number) == (
        Claim.PAID, stored.token, stored.order_number,
    )  # fmt: skip
    assert (hint.amount_rial, hint.bank_reference) == (2_500_000, books["reference"])
    assert (first.kind, again.kind) == (Kind.CONFIRMED, Kind.ALREADY_CONFIRMED)
    for outcome in (first, again):
        assert (outcome.amount_rial, outcome.order_number) == (2_500_000, stored.order_number)
        assert (outcome.token, outcome.bank_reference) == (stored.token, books["reference"])
    assert (books["state"], books["terminal"]) == ("settled", irankish.gateway.terminal)


def test_the_donor_is_sent_by_post_with_the_token(irankish):
    outcome = irankish.adapter.start(irankish.intent())

    assert outcome.redirect.method == "POST"
    assert outcome.redirect.url == f"{irankish.bank.base_url}/iuiv3/IPG/Index/"
    assert outcome.redirect.fields == {"tokenIdentity": outcome.token}
    page = HttpTransport().call(
        "POST",
        outcome.redirect.url,
        f"tokenIdentity={outcome.token}".encode(),
        operation="page",
        headers={},
    )
    assert page.status == 200


def test_the_browser_that_never_came_back_is_found_by_the_bank(irankish):
    stored = irankish.start()
    still_paying = irankish.adapter.confirm(stored).kind
    irankish.bank.play(stored.token, "close")

    found = irankish.adapter.recover(stored)

    assert still_paying is Kind.NOT_FOUND
    assert found.kind is Kind.AWAITS_CONFIRM
    assert found.bank_reference == irankish.bank.payment(stored.token)["reference"]
    assert irankish.adapter.confirm(stored).kind is Kind.CONFIRMED


def test_who_cancels_has_not_paid(irankish):
    stored = irankish.start()

    hint = irankish.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert irankish.adapter.confirm(stored).kind is Kind.NOT_PAID
    assert irankish.adapter.reverse(stored).kind is Kind.REFUSED


def test_another_amount_than_asked_shows_in_the_answer(irankish):
    stored = irankish.paid(2_500_000, "other")

    assert irankish.adapter.confirm(stored).amount_rial == 2_501_000


def test_a_false_number_from_the_browser_is_not_asked_about(irankish):
    stored = replace(irankish.paid(), bank_reference="999")

    outcome = irankish.adapter.confirm(stored)

    assert outcome.kind is Kind.CONFIRMED
    assert outcome.bank_reference == irankish.bank.payment(stored.token)["reference"]


def test_eight_confirms_at_once_are_one_confirmation(irankish):
    stored = irankish.paid()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: irankish.adapter.confirm(stored), range(8)))

    kinds = [outcome.kind for outcome in outcomes]
    assert sorted(kinds) == sorted([Kind.CONFIRMED] + [Kind.ALREADY_CONFIRMED] * 7)
    assert len({outcome.bank_reference for outcome in outcomes}) == 1


@pytest.mark.parametrize(
    "fault",
    ["drop_after", "truncate", "html_500_after", "empty", "truth", "without_amount",
     "without_reference", "null", "list", "bad_utf8"],
)  # fmt: skip
def test_an_answer_that_was_lost_is_found_by_asking_again(irankish, fault):
    stored = irankish.paid()
    irankish.bank.break_next("purchase", fault)

    lost, found = (irankish.adapter.confirm(stored) for _ in range(2))

    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.ALREADY_CONFIRMED)
    assert found.bank_reference == irankish.bank.payment(stored.token)["reference"]
    assert found.amount_rial == stored.amount_rial


@pytest.mark.parametrize("fault", ["drop_before", "unlisted_code", "html_200"])
@pytest.mark.parametrize("operation", ["single", "purchase"])
def test_noise_on_the_way_is_unknown_and_confirms_nothing(irankish, operation, fault):
    stored = irankish.paid()
    irankish.bank.break_next(operation, fault)

    noise = irankish.adapter.confirm(stored)

    assert noise.kind is Kind.UNKNOWN
    assert irankish.bank.payment(stored.token)["state"] == "paid"
    assert irankish.adapter.confirm(stored).kind is Kind.CONFIRMED


@pytest.mark.parametrize("fault", ["persian_digits", "numbers_as_texts", "texts_as_numbers"])
@pytest.mark.parametrize("operation", ["single", "purchase"])
def test_numbers_are_read_however_they_are_written(irankish, operation, fault):
    stored = irankish.paid()
    irankish.bank.break_next(operation, fault)

    outcome = irankish.adapter.confirm(stored)

    assert (outcome.kind, outcome.amount_rial) == (Kind.CONFIRMED, 2_500_000)


def test_an_order_number_serves_once(irankish):
    intent = irankish.intent()

    kinds = [irankish.adapter.start(intent).kind for _ in range(2)]

    assert kinds == [Kind.STARTED, Kind.REFUSED]


def test_the_identifier_and_the_mobile_travel_with_the_payment(irankish):
    intent = irankish.intent(payer_id="1500100000123", mobile="09121234567")

    books = irankish.bank.payment(irankish.adapter.start(intent).token)

    assert (books["payer_id"], books["mobile"]) == ("1500100000123", "989121234567")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"pass_phrase": Secret("F" * 16)}, "922"),
        ({"public_key": PUBLIC_PEM}, "922"),
        ({"acceptor_id": "992180000000999"}, "916"),
    ],
    ids=["pass phrase", "another key than the bank's", "acceptor"],
)
def test_a_wrong_envelope_is_ours_to_mend(irankish, settings, code):
    stranger = opened(irankish.bank, [], **settings).adapter

    outcome = stranger.start(irankish.intent())

    assert (outcome.kind, outcome.bank_code) == (Kind.CONFIG_ERROR, code)


def test_wrong_credentials_touch_no_payment_and_another_terminals_is_not_ours(irankish):
    stored = irankish.paid()
    stranger = opened(irankish.bank, [], pass_phrase=Secret("F" * 16)).adapter
    neighbour = opened(irankish.bank, [], number=2).adapter

    assert irankish.adapter.check().kind is neighbour.check().kind is Kind.DONE
    assert stranger.check().kind is stranger.confirm(stored).kind is Kind.CONFIG_ERROR
    assert neighbour.confirm(stored).kind is Kind.NOT_FOUND
    assert irankish.bank.payment(stored.token)["state"] == "paid"


@pytest.mark.parametrize(("fault", "code"), [("credentials", "922"), ("address", "914")])
def test_credentials_and_address_are_ours_to_mend(irankish, fault, code):
    adapter = irankish.adapter
    calls = {
        "make": lambda _: adapter.start(irankish.intent()),
        "single": adapter.inquire,
        "purchase": adapter.confirm,
        "reversePurchase": adapter.reverse,
    }
    for operation, call in calls.items():
        stored = irankish.paid()
        irankish.bank.break_next(operation, fault)
        outcome = call(stored)
        assert (outcome.kind, outcome.bank_code) == (Kind.CONFIG_ERROR, code)


def test_a_check_moves_no_money(irankish):
    before = irankish.bank.admin.get("payments")

    assert irankish.adapter.check().kind is Kind.DONE
    assert irankish.bank.admin.get("payments") == before


def test_a_confirmed_payment_goes_back_once(irankish):
    stored, _ = irankish.confirmed()

    kinds = [irankish.adapter.reverse(stored).kind for _ in range(2)]

    assert kinds == [Kind.DONE, Kind.DONE]
    assert irankish.adapter.inquire(stored).kind is Kind.RETURNED
    assert irankish.adapter.confirm(stored).kind is Kind.RETURNED
    assert irankish.bank.payment(stored.token)["state"] == "reversed"


def test_time_ends_what_nobody_confirmed_and_what_may_be_reversed(own_bank):
    kit = Kit("irankish", opened(own_bank, []), own_bank)
    stored, never_paid = kit.paid(), kit.start()
    confirmed, _ = kit.confirmed()
    own_bank.admin.post("clock", minutes=16)

    too_late = kit.adapter.reverse(confirmed)

    assert (too_late.kind, too_late.bank_code) == (Kind.REFUSED, "40")
    assert kit.adapter.confirm(stored).kind is Kind.RETURNED
    assert kit.adapter.confirm(never_paid).kind is Kind.OPEN
    assert kit.adapter.confirm(confirmed).kind is Kind.ALREADY_CONFIRMED


@pytest.mark.parametrize(
    ("code", "claim"),
    [
        ("00", Claim.PAID),
        ("۰۰", Claim.PAID),
        ("0", Claim.UNCLEAR),
        ("17", Claim.CANCELLED),
        ("5", Claim.CANCELLED),
        ("51", Claim.FAILED),
        ("999", Claim.UNCLEAR),
        ("", Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_whatever_its_case_and_digits(code, claim):
    form = {
        "Token": f" {TOKEN} ",
        "RESPONSECODE": code,
        "requestid": "۱۴۰۴",
        "RetrievalReferenceNumber": "001500009973",
        "Amount": "2,500,000",
        "maskedPan": "610433******2187",
    }

    hint = made().read_return("POST", {}, form, b"")

    assert (hint.claim, hint.token, hint.order_number) == (claim, TOKEN, 1404)
    assert (hint.bank_reference, hint.amount_rial) == ("1500009973", 2_500_000)
    assert hint.card_masked == "610433******2187"


def test_the_pass_phrase_is_never_shown(irankish):
    irankish.confirmed()

    shown = f"{irankish.journal} {irankish.gateway} {irankish.adapter!r}"

    assert len(irankish.journal) == 6
    assert "•••" in shown
    assert re.search("0123456789abcdef", shown, re.IGNORECASE) is None


@pytest.mark.parametrize("token", ["\x00" * 40, "a\nb", "x" * 81, "x" * 1_000_000, "   "])
def test_what_can_be_no_token_is_not_brought_as_one(token):
    assert made().read_return("POST", {}, {"token": token}, b"").token is None


@pytest.mark.parametrize(
    ("code", "kind"), [("51", Kind.OPEN), ("55", Kind.OPEN), ("17", Kind.NOT_PAID)]
)
def test_a_declined_card_is_not_the_end_while_the_payer_may_take_another(code, kind):
    net = Answers(single=changed(FOUND, responseCode=code))

    assert made(net).confirm(STORED).kind is kind
