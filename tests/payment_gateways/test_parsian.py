"""Parsian: its bytes, its codes, and its whole way at the sandbox bank."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from payment_gateways.accounts import GatewayAccount
from payment_gateways.adapters.parsian import Parsian
from payment_gateways.adapters.parsian_codes import CHECK, CONFIRM, REVERSE, START, WORDS
from payment_gateways.contract import Claim, Kind, PaymentIntent, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.registry import open_gateway
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "parsian"
PIN = "hush<&>44001"
SETTINGS = {"terminal_id": "44001", "login_account": PIN}
TOKEN = "119837273"
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1&b=2",
    description="T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
)
STORED = StoredPayment(140400000123, 250_000, TOKEN)
CALLS = {
    "SalePaymentRequest": lambda adapter: adapter.start(INTENT),
    "ConfirmPaymentWithAmount": lambda adapter: adapter.confirm(STORED),
    "ReversalRequest": lambda adapter: adapter.reverse(STORED),
}
PATHS = {
    "SalePaymentRequest": "/NewIPGServices/Sale/SaleService.asmx",
    "ConfirmPaymentWithAmount": "/NewIPGServices/Confirm/ConfirmService.asmx",
    "ReversalRequest": "/NewIPGServices/Reverse/ReversalService.asmx",
}
NAMESPACES = {
    "SalePaymentRequest": "https://pec.Shaparak.ir/NewIPGServices/Sale/SaleService",
    "ConfirmPaymentWithAmount": "https://pec.Shaparak.ir/NewIPGServices/Confirm/ConfirmService",
    "ReversalRequest": "https://pec.Shaparak.ir/NewIPGServices/Reversal/ReversalService",
}


def opened(bank, journal, **settings):
    account = GatewayAccount(
        name="parsian-test",
        adapter="parsian",
        account="90190",
        settings={"terminal_id": "44001", "login_account": Secret(PIN), **settings},
        base_url=bank.base_url,
        numbers={"connect_seconds": 2, "read_seconds": 1, "deadline_seconds": 2},
    )
    return open_gateway(account, journal=journal.append)


@pytest.fixture
def parsian(sandbox_bank):
    journal = []
    yield Kit("parsian", opened(sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


@pytest.fixture(scope="module")
def own_bank(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("parsian") / "books.sqlite3") as bank:
        yield bank


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), str(value).encode())
    return text


def asked(answer: bytes, call):
    """What the adapter sends and makes of one answer."""
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(Parsian(SETTINGS, net, bank.base_url))
    return outcome, bank.requests


def returning(operation: str, inside: str) -> bytes:
    body = golden(f"{operation}.answer.xml").decode()
    result = f"{operation}Result"
    return http(re.sub(f"<{result}>.*</{result}>", f"<{result}>{inside}</{result}>", body))


def saying(operation: str, code: str) -> bytes:
    return returning(operation, f"<Status>{code}</Status>")


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_known_one_byte_for_byte(operation):
    _, requests = asked(saying(operation, "-1"), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == golden(f"{operation}.request.xml", token=TOKEN)
    assert head.startswith(f"POST {PATHS[operation]} HTTP/1.1".encode())
    assert b"Content-Type: text/xml; charset=utf-8" in head
    assert f'SOAPAction: "{NAMESPACES[operation]}/{operation}"'.encode() in head


def test_the_sandbox_answers_byte_for_byte_as_known(own_bank):
    net = HttpTransport()

    def call(operation, **known):
        return net.call(
            "POST",
            own_bank.base_url + PATHS[operation],
            golden(f"{operation}.request.xml", **known),
            operation=operation,
            headers={"SOAPAction": f'"{NAMESPACES[operation]}/{operation}"'},
        ).body

    started = call("SalePaymentRequest")
    token = re.search(rb"<Token>(\d{12})</Token>", started)[1].decode()
    assert started == golden("SalePaymentRequest.answer.xml", token=token)
    assert call("ConfirmPaymentWithAmount", token=TOKEN) == golden("refused.answer.xml")

    back = own_bank.play(token)
    known = {"token": token, "reference": own_bank.payment(token)["reference"]}
    assert back == {
        "method": "POST",
        "url": INTENT.return_url,
        "fields": {
            "Token": token, "OrderId": "140400000123", "TerminalNo": "44001", "status": "0",
            "RRN": known["reference"], "HashCardNumber": "", "Amount": "250,000", "TspToken": "",
        },
    }  # fmt: skip
    for code in ("0", "-1533"):
        answer = golden("ConfirmPaymentWithAmount.answer.xml", code=code, **known)
        assert call("ConfirmPaymentWithAmount", token=token) == answer
    assert call("ReversalRequest", token=token) == golden("ReversalRequest.answer.xml", **known)


@pytest.mark.parametrize("code", sorted(WORDS))
@pytest.mark.parametrize(
    ("operation", "call", "table"),
    [
        ("SalePaymentRequest", CALLS["SalePaymentRequest"], START),
        ("ConfirmPaymentWithAmount", CALLS["ConfirmPaymentWithAmount"], CONFIRM),
        ("ReversalRequest", CALLS["ReversalRequest"], REVERSE),
        ("ConfirmPaymentWithAmount", lambda adapter: adapter.check(), CHECK),
    ],
    ids=["start", "confirm", "reverse", "check"],
)
def test_every_code_has_words_and_one_meaning_in_each_call(code, operation, call, table):
    outcome, _ = asked(saying(operation, code), call)

    expected = table.get(code, Kind.UNKNOWN)
    bare = {Kind.STARTED, Kind.CONFIRMED}  # without what makes them so
    assert outcome.kind is (Kind.UNKNOWN if expected in bare else expected)
    assert (outcome.bank_code, outcome.reason_fa, outcome.reason_en) == (code, *WORDS[code])


@pytest.mark.parametrize("code", ["-9999", "997", "00", "", "ok", "0 0", "null", "true", "0.0"])
@pytest.mark.parametrize("operation", CALLS)
def test_a_code_nobody_knows_is_unknown_in_every_call(code, operation):
    inside = f"<Status>{code}</Status><RRN>5</RRN><Token>{TOKEN}</Token>"

    assert asked(returning(operation, inside), CALLS[operation])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize("token", ["", "<Token/>", "<Token>0</Token>", "<Token>-5</Token>"])
def test_a_start_without_a_token_is_unknown(token):
    answer = returning("SalePaymentRequest", f"{token}<Status>0</Status>")

    outcome, _ = asked(answer, CALLS["SalePaymentRequest"])

    assert (outcome.kind, outcome.evidence["missing"]) == (Kind.UNKNOWN, "Token")
    assert outcome.token is outcome.redirect is None


@pytest.mark.parametrize("number", ["", "<RRN/>", "<RRN>0</RRN>", "<RRN>x</RRN>", "<RRN>-1</RRN>"])
def test_a_success_without_the_banks_number_confirms_nothing(number):
    operation = "ConfirmPaymentWithAmount"
    answer = returning(operation, f"<Status>0</Status>{number}<Token>{TOKEN}</Token>")

    outcome, _ = asked(answer, CALLS[operation])

    assert (outcome.kind, outcome.evidence["missing"]) == (Kind.UNKNOWN, "RRN")
    assert outcome.bank_reference is None


def test_an_earlier_success_may_come_without_the_banks_number():
    outcome, _ = asked(
        saying("ConfirmPaymentWithAmount", "-1533"), CALLS["ConfirmPaymentWithAmount"]
    )

    assert (outcome.kind, outcome.bank_reference) == (Kind.ALREADY_CONFIRMED, None)


ENVELOPE = golden(
    "ConfirmPaymentWithAmount.answer.xml", code="0", reference="151", token=TOKEN
).decode()
RESULT = re.search("<ConfirmPaymentWithAmountResult>.*Result>", ENVELOPE)[0]
EMPTY_RESULT = "<ConfirmPaymentWithAmountResult/>"
PREFIXED = re.sub(r"<(/?)(Confirm\w+|Status|RRN|Token|Card\w+)", r"<\1p:\2", ENVELOPE)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ENVELOPE.replace("soap:", "S:").replace(":soap=", ":S="), Kind.CONFIRMED),
        (PREFIXED.replace("xmlns=", "xmlns:p="), Kind.CONFIRMED),
        (f'<?xml version="1.0" encoding="utf-8"?>\n{ENVELOPE}', Kind.CONFIRMED),
        (ENVELOPE.replace("<Status>0", "<Status>\n ۰ ").replace("151", "۱۵۱"), Kind.CONFIRMED),
        (ENVELOPE.replace("<Status>0</Status>", "<Status>0<!-- x --></Status>"), Kind.CONFIRMED),
        (f'<!DOCTYPE a [<!ENTITY z "0">]>{ENVELOPE}', Kind.UNKNOWN),
        (ENVELOPE.replace("ConfirmPaymentWithAmount", "ConfirmPayment"), Kind.UNKNOWN),
        (ENVELOPE.replace("<Status>", "<Status>0</Status><Status>"), Kind.UNKNOWN),
        (ENVELOPE.replace(RESULT, RESULT * 2), Kind.UNKNOWN),
        (ENVELOPE.replace(RESULT, EMPTY_RESULT + RESULT), Kind.UNKNOWN),
        (ENVELOPE.replace(RESULT, ""), Kind.UNKNOWN),
        (ENVELOPE.replace("<Status>0</Status>", "<a><Status>0</Status></a>"), Kind.UNKNOWN),
        (ENVELOPE.replace("soap:Body", "soap:Header"), Kind.UNKNOWN),
        (ENVELOPE.replace("ConfirmPaymentWithAmountResponse", "Fault"), Kind.UNKNOWN),
        (ENVELOPE[:-20], Kind.UNKNOWN),
        ("", Kind.UNKNOWN),
        ("0", Kind.UNKNOWN),
        ('{"Status": 0, "RRN": 151}', Kind.UNKNOWN),
        (b"\xff\xfe\xc3\x28", Kind.UNKNOWN),
    ],
    ids=["soap prefix", "result prefix", "declaration", "blanks and digits", "comment", "doctype",
         "other operation", "two codes", "two results", "one empty", "no result", "deeper",
         "not in the body", "fault", "cut", "empty", "bare code", "json", "no text"],
)  # fmt: skip
def test_only_the_result_of_our_operation_counts(body, kind):
    outcome, _ = asked(http(body), CALLS["ConfirmPaymentWithAmount"])

    assert outcome.kind is kind
    assert outcome.bank_reference == ("151" if kind is Kind.CONFIRMED else None)


@pytest.mark.parametrize("status", ["500 No", "502 No", "302 Found", "404 No"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    outcome, _ = asked(http(ENVELOPE, status), CALLS["ConfirmPaymentWithAmount"])

    assert outcome.kind is Kind.UNKNOWN


def test_a_payment_goes_all_the_way_and_says_the_same_a_second_time(parsian):
    stored = parsian.start(2_500_000)
    hint = parsian.come_back(stored)

    first, again = (parsian.adapter.confirm(stored) for _ in range(2))

    books = parsian.bank.payment(stored.token)
    assert (hint.claim, hint.token, hint.order_number) == (
        Claim.PAID, stored.token, stored.order_number,
    )  # fmt: skip
    assert (hint.amount_rial, hint.bank_reference) == (2_500_000, books["reference"])
    assert (first.kind, again.kind) == (Kind.CONFIRMED, Kind.ALREADY_CONFIRMED)
    assert first.bank_reference == again.bank_reference == books["reference"]
    assert (first.token, first.card_masked) == (stored.token, "610433******2187")
    assert (books["state"], books["terminal"]) == ("settled", parsian.gateway.terminal)


def test_the_pay_page_opens_where_the_redirect_leads(parsian):
    outcome = parsian.adapter.start(parsian.intent())

    reply = HttpTransport().call("GET", outcome.redirect.url, operation="page", headers={})
    assert outcome.redirect.url == f"{parsian.bank.base_url}/NewIPG/?Token={outcome.token}"
    assert (outcome.redirect.method, reply.status) == ("GET", 200)


def test_the_browser_that_never_came_back_is_found_by_confirming(parsian):
    stored = parsian.start()
    still_paying = parsian.adapter.confirm(stored)
    parsian.bank.play(stored.token, "close")

    assert (still_paying.kind, still_paying.bank_code) == (Kind.OPEN, "-1528")
    assert parsian.adapter.confirm(stored).kind is Kind.CONFIRMED


def test_who_cancels_has_not_paid(parsian):
    stored = parsian.start()

    hint = parsian.come_back(stored, "cancel")

    assert (hint.claim, hint.bank_reference) == (Claim.CANCELLED, None)
    assert parsian.adapter.confirm(stored).kind is Kind.NOT_PAID


def test_another_amount_or_order_than_was_paid_is_refused_by_the_bank(parsian):
    more, right = parsian.paid(2_500_000, "other"), parsian.paid()

    outcomes = [
        parsian.adapter.confirm(stored)
        for stored in (
            more,
            replace(right, amount_rial=right.amount_rial - 1),
            replace(right, order_number=right.order_number + 1),
        )
    ]

    assert [(one.kind, one.bank_code) for one in outcomes] == [(Kind.REFUSED, "-1530")] * 3
    assert parsian.bank.payment(more.token)["state"] == "paid"
    assert parsian.adapter.confirm(right).kind is Kind.CONFIRMED


@pytest.mark.parametrize(
    "fault", ["drop_after", "truncate", "html_500_after", "empty", "doctype", "bad_utf8"]
)
def test_an_answer_that_was_lost_is_found_by_asking_again(parsian, fault):
    stored = parsian.paid()
    parsian.bank.break_next("ConfirmPaymentWithAmount", fault)

    lost, found = (parsian.adapter.confirm(stored) for _ in range(2))

    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.ALREADY_CONFIRMED)
    assert found.bank_reference == parsian.bank.payment(stored.token)["reference"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("persian_digits", Kind.CONFIRMED),
        ("other_prefix", Kind.CONFIRMED),
        ("without_reference", Kind.UNKNOWN),
        ("soap_fault", Kind.UNKNOWN),
        ("html_200", Kind.UNKNOWN),
        ("unlisted_code", Kind.UNKNOWN),
    ],
)
def test_what_is_odd_is_read_or_unknown(parsian, fault, kind):
    stored = parsian.paid()
    parsian.bank.break_next("ConfirmPaymentWithAmount", fault)

    assert parsian.adapter.confirm(stored).kind is kind


def test_an_order_number_serves_once(parsian):
    intent = parsian.intent()

    kinds = [parsian.adapter.start(intent).kind for _ in range(2)]

    assert kinds == [Kind.STARTED, Kind.REFUSED]


def test_a_long_description_is_cut_between_letters_and_travels_with_the_mobile(parsian):
    intent = parsian.intent(description="<b>&" + "م" * 600, mobile="09121234567")

    books = parsian.bank.payment(parsian.adapter.start(intent).token)

    assert books["description"] == ("<b>&" + "م" * 600)[:500]
    assert books["mobile"] == "09121234567"


def test_a_wrong_pin_is_ours_to_mend_and_another_terminals_payment_is_not_ours(parsian):
    stored = parsian.paid()
    stranger = opened(parsian.bank, [], login_account=Secret("other-44001")).adapter
    neighbours = parsian.bank.admin.get("wires?terminal=2")["parsian"]["settings"]
    neighbour = opened(parsian.bank, [], **neighbours).adapter

    assert parsian.adapter.check().kind is neighbour.check().kind is Kind.DONE
    assert stranger.check().kind is Kind.CONFIG_ERROR
    assert stranger.start(parsian.intent()).kind is Kind.CONFIG_ERROR
    assert stranger.confirm(stored).kind is Kind.CONFIG_ERROR
    assert neighbour.confirm(stored).kind is Kind.NOT_FOUND
    assert parsian.bank.payment(stored.token)["state"] == "paid"


@pytest.mark.parametrize(("fault", "code"), [("credentials", "-101"), ("address", "-127")])
def test_credentials_and_address_are_ours_to_mend(parsian, fault, code):
    stored, _ = parsian.confirmed()
    calls = {
        "SalePaymentRequest": lambda: parsian.adapter.start(parsian.intent()),
        "ConfirmPaymentWithAmount": lambda: parsian.adapter.confirm(stored),
        "ReversalRequest": lambda: parsian.adapter.reverse(stored),
    }
    for operation, call in calls.items():
        parsian.bank.break_next(operation, fault)
        outcome = call()
        assert (outcome.kind, outcome.bank_code) == (Kind.CONFIG_ERROR, code)


def test_a_check_moves_no_money(parsian):
    before = parsian.bank.admin.get("payments")

    assert parsian.adapter.check().kind is Kind.DONE
    assert parsian.bank.admin.get("payments") == before


def test_a_confirmed_payment_goes_back_once(parsian):
    stored, _ = parsian.confirmed()

    kinds = [parsian.adapter.reverse(stored).kind for _ in range(2)]

    assert kinds == [Kind.DONE, Kind.DONE]
    assert parsian.adapter.confirm(stored).kind is Kind.RETURNED
    assert parsian.bank.payment(stored.token)["state"] == "reversed"


def test_what_was_not_confirmed_cannot_be_reversed(parsian):
    unpaid, paid = parsian.start(), parsian.paid()

    codes = [parsian.adapter.reverse(stored).bank_code for stored in (unpaid, paid)]

    assert codes == ["-1528", "-1550"]
    assert parsian.adapter.confirm(paid).kind is Kind.CONFIRMED


def test_time_ends_what_nobody_confirmed_and_what_may_be_reversed(own_bank):
    kit = Kit("parsian", opened(own_bank, []), own_bank)
    stored, never_paid = kit.paid(), kit.start()
    confirmed, _ = kit.confirmed()
    own_bank.admin.post("clock", minutes=16)

    too_late = kit.adapter.reverse(confirmed)

    assert (too_late.kind, too_late.bank_code) == (Kind.REFUSED, "-1549")
    assert kit.adapter.confirm(stored).kind is Kind.RETURNED
    assert kit.adapter.confirm(never_paid).kind is Kind.OPEN
    assert kit.adapter.confirm(confirmed).kind is Kind.ALREADY_CONFIRMED


def test_a_reversal_that_was_only_sent_on_is_not_done():
    assert asked(saying("ReversalRequest", "-1507"), CALLS["ReversalRequest"])[0].kind is (
        Kind.UNKNOWN
    )


@pytest.mark.parametrize(
    ("status", "number", "claim"),
    [
        ("0", "151", Claim.PAID),
        ("۰", "۱۵۱", Claim.PAID),
        ("0", "0", Claim.UNCLEAR),
        ("0", "", Claim.UNCLEAR),
        ("-138", "0", Claim.CANCELLED),
        ("51", "0", Claim.FAILED),
        ("-9999", "0", Claim.UNCLEAR),
        ("", "", Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_whatever_its_case_and_digits(status, number, claim):
    form = {"TOKEN": f" {TOKEN} ", "Status": status, "rrn": number, "orderid": "۱۴۰۴"}

    hint = Parsian(SETTINGS, HttpTransport()).read_return("POST", {}, form, b"")

    assert (hint.claim, hint.token, hint.order_number) == (claim, TOKEN, 1404)
    assert hint.bank_reference == ("151" if number in {"151", "۱۵۱"} else None)


@pytest.mark.parametrize(
    ("text", "amount_rial"),
    [
        ("250,000", 250_000),
        ("۲۵۰٬۰۰۰", 250_000),
        ("1,250,000", 1_250_000),
        ("250000", 250_000),
        ("25,00", None),
        ("250.000", None),
        ("-250,000", None),
        ("", None),
    ],
)
def test_the_amount_comes_back_grouped_by_thousands(text, amount_rial):
    hint = Parsian(SETTINGS, HttpTransport()).read_return("POST", {}, {"Amount": text}, b"")

    assert hint.amount_rial == amount_rial


def test_a_start_expires_with_its_page(parsian):
    outcome = parsian.adapter.start(parsian.intent())

    assert outcome.expires_at - datetime.now(UTC) < timedelta(minutes=15)


def test_the_pin_is_never_shown(parsian):
    parsian.confirmed()

    shown = f"{parsian.journal} {parsian.gateway} {parsian.adapter!r}"

    assert len(parsian.journal) == 4
    assert "•••" in shown
    assert "hush" not in shown
