"""Behpardakht Mellat: its bytes, its clock, its codes."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from payment_gateways.adapters.mellat import Mellat
from payment_gateways.adapters.mellat_codes import (
    MEANS,
    REFUND,
    REFUND_STATUS,
    REFUND_WORDS,
    WORDS,
)
from payment_gateways.contract import Claim, Kind, PaymentIntent, Refund, StoredPayment
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import Kit, opened
from tests.payment_gateways.loopback import answering, http

GOLDENS = Path(__file__).parent / "goldens" / "mellat"
SETTINGS = {"terminal_id": "1234567", "username": "user", "password": "secret"}
INTENT = PaymentIntent(
    order_number=140400000123,
    amount_rial=250_000,
    return_url="https://example.ir/bank/return/x9?a=1&b=2",
    description="T-7F3K",
    at=datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC),
)
STORED = StoredPayment(140400000123, 250_000, "AF82041a2Bf6989c7fF9", "5142510")
REFUND_ORDER = Refund(140400000777, 50_000, "انصراف", "900000000001")
CALLS = {
    "bpPayRequest": lambda adapter: adapter.start(INTENT),
    "bpVerifyRequest": lambda adapter: adapter.confirm(STORED),
    "bpSettleRequest": lambda adapter: adapter.settle(STORED),
    "bpInquiryRequest": lambda adapter: adapter.inquire(STORED),
    "bpReversalRequest": lambda adapter: adapter.reverse(STORED),
    "bpSaleReferenceIdRequest": lambda adapter: adapter.recover(STORED),
    "bpRefundRequest": lambda adapter: adapter.refund(STORED, REFUND_ORDER),
    "bpRefundInquiryRequest": lambda adapter: adapter.refund_status(STORED, REFUND_ORDER),
}


@pytest.fixture
def mellat(sandbox_bank):
    journal = []
    yield Kit("mellat", opened("mellat", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), value.encode())
    return text


def asked(answer: bytes, call):
    """What the adapter sends and makes of one answer."""
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(Mellat(SETTINGS, net, bank.base_url))
    return outcome, bank.requests


def returning(text: str, operation="bpVerifyRequest") -> bytes:
    body = golden(f"{operation}.answer.xml").decode()
    return http(re.sub(r"<return>.*</return>", f"<return>{text}</return>", body))


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_one_of_the_guide_byte_for_byte(operation):
    _, requests = asked(returning("34"), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    known = {"reference": "5142510", "refund": "900000000001"}
    assert body == golden(f"{operation}.request.xml", **known)
    assert head.startswith(b"POST /pgwchannel/services/pgw HTTP/1.1")
    assert b"Content-Type: text/xml; charset=utf-8" in head
    assert b'SOAPAction: ""' in head


def test_the_sandbox_answers_byte_for_byte_as_the_guide(sandbox_bank):
    net = HttpTransport()
    known = {}
    for operation in ("bpPayRequest", "bpSaleReferenceIdRequest", "bpVerifyRequest",
                      "bpSettleRequest", "bpInquiryRequest", "bpReversalRequest",
                      "bpRefundRequest", "bpRefundInquiryRequest"):  # fmt: skip
        reply = net.call(
            "POST",
            f"{sandbox_bank.base_url}/pgwchannel/services/pgw",
            golden(f"{operation}.request.xml", **known),
            operation=operation,
            headers={},
        )
        if operation == "bpPayRequest":
            known["token"] = re.search(rb"0,(\w{20})<", reply.body)[1].decode()
            sandbox_bank.play(known["token"])
            known["reference"] = sandbox_bank.payment(known["token"])["reference"]
        if operation == "bpRefundRequest":
            known["refund"] = re.search(rb"0,(\d{12})<", reply.body)[1].decode()
        assert reply.body == golden(f"{operation}.answer.xml", **known)


@pytest.mark.parametrize(
    ("utc", "date", "time"),
    [
        (datetime(2026, 3, 14, 20, 35, 9, tzinfo=UTC), "20260315", "000509"),
        (datetime(2026, 3, 15, 5, 35, 3, tzinfo=UTC), "20260315", "090503"),
        (datetime(2026, 7, 1, 20, 29, 59, tzinfo=UTC), "20260701", "235959"),
    ],
    ids=["five past midnight", "five past nine", "summer, a second to midnight"],
)
def test_the_moment_is_tehrans_and_zero_padded(utc, date, time):
    _, requests = asked(returning("34"), lambda adapter: adapter.start(replace(INTENT, at=utc)))

    assert f"<localDate>{date}</localDate><localTime>{time}</localTime>".encode() in requests[0]


@pytest.mark.parametrize("code", sorted(WORDS))
def test_every_code_of_the_guide_has_words_and_a_meaning(code):
    operation = "bpInquiryRequest"
    outcome, _ = asked(returning(code, operation), CALLS[operation])

    assert (outcome.bank_code, outcome.reason_fa, outcome.reason_en) == (code, *WORDS[code])
    assert code in MEANS


@pytest.mark.parametrize("code", [code for code in MEANS if MEANS[code] is not Kind.NOT_FOUND])
def test_verifying_means_what_the_table_says(code):
    outcome, _ = asked(returning(code), CALLS["bpVerifyRequest"])

    assert outcome.kind is MEANS[code]


@pytest.mark.parametrize("code", ["997", "1", "-1", "0000", "00", "", "ok", "0 0", "null", "99999"])
@pytest.mark.parametrize("operation", CALLS)
def test_a_code_no_guide_lists_is_unknown_in_every_operation(code, operation):
    outcome, _ = asked(returning(code, operation), CALLS[operation])

    assert outcome.kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("operation", "code", "kind"),
    [
        ("bpPayRequest", "41", Kind.REFUSED),
        ("bpPayRequest", "421", Kind.CONFIG_ERROR),
        ("bpPayRequest", "17", Kind.REFUSED),
        ("bpPayRequest", "0", Kind.UNKNOWN),  # a success without its RefId
        ("bpSettleRequest", "45", Kind.DONE),
        ("bpSettleRequest", "48", Kind.RETURNED),
        ("bpSettleRequest", "46", Kind.UNKNOWN),
        ("bpSettleRequest", "17", Kind.UNKNOWN),  # makes no sense of a verified sale
        ("bpReversalRequest", "48", Kind.DONE),
        ("bpReversalRequest", "45", Kind.REFUSED),
        ("bpInquiryRequest", "44", Kind.AWAITS_CONFIRM),
        ("bpInquiryRequest", "0", Kind.ALREADY_CONFIRMED),
        ("bpSaleReferenceIdRequest", "0", Kind.UNKNOWN),  # without the reference
        ("bpSaleReferenceIdRequest", "0, 5142510", Kind.AWAITS_CONFIRM),
        ("bpSaleReferenceIdRequest", "43", Kind.UNKNOWN),
    ],
)
def test_the_same_code_means_what_it_means_in_its_operation(operation, code, kind):
    outcome, _ = asked(returning(code, operation), CALLS[operation])

    assert outcome.kind is kind


ENVELOPE = golden("bpVerifyRequest.answer.xml").decode()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ENVELOPE.replace("ns1:", "x:").replace(":ns1", ":x"), Kind.CONFIRMED),
        (ENVELOPE.replace("soap:", "S:").replace(":soap=", ":S="), Kind.CONFIRMED),
        (f'<?xml version="1.0" encoding="UTF-8"?>\n{ENVELOPE}', Kind.CONFIRMED),
        (ENVELOPE.replace("<return>0", "<return>\n ۰ "), Kind.CONFIRMED),
        (f'<!DOCTYPE a [<!ENTITY z "0">]>{ENVELOPE}', Kind.UNKNOWN),
        (ENVELOPE.replace("bpVerify", "bpSettle"), Kind.UNKNOWN),
        (ENVELOPE.replace("</return>", "</return><return>0</return>"), Kind.UNKNOWN),
        (ENVELOPE.replace("<return>0</return>", ""), Kind.UNKNOWN),
        (ENVELOPE.replace("bpVerifyRequestResponse", "Fault"), Kind.UNKNOWN),
        (ENVELOPE[:-20], Kind.UNKNOWN),
        ("", Kind.UNKNOWN),
        ("0", Kind.UNKNOWN),
        ('{"return": "0"}', Kind.UNKNOWN),
    ],
    ids=["prefix", "soap prefix", "declaration", "blanks", "doctype", "other operation",
         "two returns", "no return", "fault", "cut", "empty", "bare code", "json"],
)  # fmt: skip
def test_only_the_answer_of_our_operation_counts(body, kind):
    outcome, _ = asked(http(body), CALLS["bpVerifyRequest"])

    assert outcome.kind is kind


def test_a_soap_fault_is_unknown():
    outcome, _ = asked(http("<x/>", "500 Internal Server Error"), CALLS["bpVerifyRequest"])

    assert (outcome.kind, outcome.evidence["http_status"]) == (Kind.UNKNOWN, "500")


def test_the_donor_is_sent_by_post_with_the_mobile_the_bank_wants(mellat):
    outcome = mellat.adapter.start(mellat.intent(mobile="09121234567"))

    assert outcome.redirect.method == "POST"
    assert outcome.redirect.fields == {"RefId": outcome.token, "MobileNo": "989121234567"}
    assert outcome.expires_at - datetime.now(UTC) < timedelta(minutes=15)


def test_an_order_number_serves_once(mellat):
    intent = mellat.intent()

    kinds = [mellat.adapter.start(intent).kind for _ in range(2)]

    assert kinds == [Kind.STARTED, Kind.REFUSED]


def test_the_deposit_id_travels_with_the_order(mellat):
    intent = mellat.intent(payer_id="1500100000123", description="<b>&" + "م" * 1_500)

    token = mellat.adapter.start(intent).token

    books = mellat.bank.payment(token)
    assert books["payer_id"] == "1500100000123"
    assert books["description"] == ("<b>&" + "م" * 1_500)[:1_000]


def test_a_false_reference_from_the_browser_cannot_hide_the_money(mellat):
    stored = replace(mellat.paid(), bank_reference="999")

    outcome = mellat.adapter.confirm(stored)

    assert outcome.kind is Kind.CONFIRMED
    assert outcome.bank_reference == mellat.bank.payment(stored.token)["reference"]


def test_a_false_reference_whose_truth_cannot_be_asked_is_unknown(mellat):
    stored = replace(mellat.paid(), bank_reference="999")
    mellat.break_next("recover", "drop_before")

    assert mellat.adapter.confirm(stored).kind is Kind.UNKNOWN


def test_what_was_not_verified_in_twenty_minutes_has_gone_back(mellat):
    stored = mellat.paid()
    mellat.bank.admin.post("clock", minutes=21)

    assert mellat.adapter.confirm(stored).kind is Kind.RETURNED
    assert mellat.adapter.recover(stored).kind is Kind.RETURNED
    assert mellat.adapter.settle(stored).kind is Kind.RETURNED


def test_settling_comes_after_verifying_and_ends_reversing(mellat):
    stored = mellat.paid()

    too_early = mellat.adapter.settle(stored).kind
    mellat.adapter.confirm(stored)
    kinds = [mellat.adapter.settle(stored).kind for _ in range(2)]

    assert (too_early, kinds) == (Kind.REFUSED, [Kind.DONE, Kind.DONE])
    assert mellat.adapter.reverse(stored).kind is Kind.REFUSED


@pytest.mark.parametrize("code", sorted(MEANS))
def test_a_code_says_of_a_refund_what_its_tables_say(code):
    order, _ = asked(returning(code, "bpRefundRequest"), CALLS["bpRefundRequest"])
    status, _ = asked(returning(code, "bpRefundInquiryRequest"), CALLS["bpRefundInquiryRequest"])

    assert order.kind is (Kind.UNKNOWN if code == "0" else REFUND[code])  # 0 lacks its reference
    assert status.kind is REFUND_STATUS[code]
    assert (order.reason_fa, order.reason_en) == REFUND_WORDS.get(code, WORDS[code])


def test_only_a_refund_that_never_arrived_may_be_sent_again():
    assert [code for code, kind in REFUND_STATUS.items() if kind is Kind.NOT_FOUND] == ["49"]
    assert Kind.REFUSED not in REFUND_STATUS.values()


def settled(mellat):
    stored, _ = mellat.confirmed()
    assert mellat.adapter.settle(stored).kind is Kind.DONE
    return stored


def test_money_goes_back_in_parts_and_never_beyond_the_whole(mellat):
    stored = settled(mellat)
    parts = [Refund(mellat.intent().order_number, 1_000_000) for _ in range(2)]

    unasked = mellat.adapter.refund_status(stored, parts[0]).kind
    ordered = [mellat.adapter.refund(stored, part) for part in parts]
    too_much = mellat.adapter.refund(stored, Refund(mellat.intent().order_number, 1_000_000))
    found = [mellat.adapter.refund_status(stored, part) for part in parts]

    assert unasked is Kind.NOT_FOUND
    assert [outcome.kind for outcome in ordered] == [Kind.DONE, Kind.DONE]
    assert (too_much.kind, too_much.reason_en) == (Kind.REFUSED, "the refund exceeds the sale")
    assert [(one.kind, one.bank_reference) for one in found] == [
        (Kind.DONE, one.bank_reference) for one in ordered
    ]


def test_a_refund_whose_answer_was_lost_is_found_and_stands_once(mellat):
    stored = settled(mellat)
    order = Refund(mellat.intent().order_number, 20_000)
    mellat.break_next("refund", "drop_after")

    lost = mellat.adapter.refund(stored, order)
    found = mellat.adapter.refund_status(stored, order)
    sent_again = mellat.adapter.refund(stored, order)

    assert (lost.kind, found.kind, sent_again.kind) == (Kind.UNKNOWN, Kind.DONE, Kind.UNKNOWN)
    booked = mellat.bank.admin.get("refunds")
    assert [row["amount"] for row in booked if row["number"] == str(order.number)] == [20_000]


def test_a_refund_needs_a_settled_sale_and_finds_its_reference(mellat):
    stored, _ = mellat.confirmed()
    order = Refund(mellat.intent().order_number, 20_000)

    too_early = mellat.adapter.refund(stored, order).kind
    mellat.adapter.settle(stored)
    recovered = mellat.adapter.refund(replace(stored, bank_reference=None), order).kind
    nobody = StoredPayment(4, 1_000, None)

    assert (too_early, recovered) == (Kind.REFUSED, Kind.DONE)
    assert mellat.adapter.refund(nobody, Refund(5, 1_000)).kind is Kind.REFUSED


@pytest.mark.parametrize("step", ["refund", "refund_status"])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [("html_500", Kind.UNKNOWN), ("unlisted_code", Kind.UNKNOWN), ("truncate", Kind.UNKNOWN),
     ("credentials", Kind.CONFIG_ERROR), ("address", Kind.CONFIG_ERROR)],
)  # fmt: skip
def test_noise_about_a_refund_is_no_answer(mellat, step, fault, kind):
    stored = settled(mellat)
    mellat.break_next(step, fault)

    order = Refund(mellat.intent().order_number, 20_000)

    assert getattr(mellat.adapter, step)(stored, order).kind is kind


def test_the_returned_form_is_read_whatever_its_case_and_digits():
    form = {
        "refid": " AF82041a2Bf6989c7fF9 ",
        "RESCODE": "۰",
        "saleorderid": "۱۴۰۴",
        "SaleReferenceId": "5142510",
        "CardHolderPAN": "6104337913882187",
        "finalamount": "2,500,000",
    }

    hint = Mellat(SETTINGS, HttpTransport()).read_return("POST", {}, form, b"")

    assert (hint.claim, hint.token) == (Claim.PAID, "AF82041a2Bf6989c7fF9")
    assert (hint.order_number, hint.bank_reference) == (1404, "5142510")
    assert (hint.card_masked, hint.amount_rial) == ("610433******2187", 2_500_000)


@pytest.mark.parametrize(
    ("code", "claim"),
    [("17", Claim.CANCELLED), ("12", Claim.FAILED), ("997", Claim.UNCLEAR), ("", Claim.UNCLEAR)],
)
def test_the_browsers_claim_is_read_by_its_code(code, claim):
    hint = Mellat(SETTINGS, HttpTransport()).read_return("POST", {}, {"ResCode": code}, b"")

    assert hint.claim is claim


@pytest.mark.parametrize("text", ["1500.5", "-5", "1e9", "1,5", "9" * 20, "۱۲x", "0x10"])
def test_an_unreadable_amount_is_no_amount(text):
    hint = Mellat(SETTINGS, HttpTransport()).read_return("POST", {}, {"FinalAmount": text}, b"")

    assert hint.amount_rial is None


@pytest.mark.parametrize("code", ["25", "31", "32", "35", "41", "44", "47", "49", "112", "417"])
@pytest.mark.parametrize("operation", ["bpVerifyRequest", "bpSaleReferenceIdRequest"])
def test_what_is_wrong_with_a_call_says_nothing_about_the_money(code, operation):
    """REFUSED to a confirm would mean that the bank holds another amount than ours."""
    is_known = operation == "bpVerifyRequest"
    stored = STORED if is_known else replace(STORED, bank_reference=None)

    outcome, _ = asked(returning(code, operation), lambda adapter: adapter.confirm(stored))

    assert (outcome.kind, outcome.bank_code) == (Kind.UNKNOWN, code)


def test_a_sale_without_a_reference_that_is_undone_already_is_undone():
    stored = replace(STORED, bank_reference=None)
    answer = returning("48", "bpSaleReferenceIdRequest")

    assert asked(answer, lambda adapter: adapter.reverse(stored))[0].kind is Kind.DONE


def test_a_declined_card_is_not_the_end_while_the_payer_may_take_another():
    kinds = {
        code: asked(returning(code, "bpSaleReferenceIdRequest"), CALLS["bpSaleReferenceIdRequest"])
        for code in ("13", "12", "17", "415")
    }

    assert [outcome.kind for outcome, _ in kinds.values()] == [
        *[Kind.OPEN] * 2,
        *[Kind.NOT_PAID] * 2,
    ]


@pytest.mark.parametrize("encoding", ["rot13", "nonsense", "hex", "undefined", "utf-7"])
def test_an_answer_in_an_encoding_that_nobody_knows_is_unknown(encoding):
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
    body = declared + golden("bpVerifyRequest.answer.xml")

    assert asked(http(body.decode()), CALLS["bpVerifyRequest"])[0].kind is Kind.UNKNOWN
