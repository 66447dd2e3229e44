"""Zarinpal: its bytes, its flipping shapes, its codes."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from payment_gateways.adapters.zarinpal import Zarinpal
from payment_gateways.adapters.zarinpal_codes import PANEL, PANEL_WORDS, VERIFY, WORDS
from payment_gateways.contract import Claim, Kind, PaymentIntent, Refund, StoredPayment
from payment_gateways.masking import Secret
from payment_gateways.transport import HttpTransport, Limits
from tests.payment_gateways.conftest import MERCHANT, Kit, opened
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import running_sandbox

GOLDENS = Path(__file__).parent / "goldens" / "zarinpal"
SETTINGS = {"merchant_id": MERCHANT, "terminal_id": "8001"}
TOKEN = "A00000000000000000000000000217885159"
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
    "request": lambda adapter: adapter.start(INTENT),
    "verify": lambda adapter: adapter.confirm(STORED),
    "inquiry": lambda adapter: adapter.inquire(STORED),
    "reverse": lambda adapter: adapter.reverse(STORED),
    "unVerified": lambda adapter: adapter.check(),
}

PANEL_TOKEN = "panel-token-of-ours"
PAID = replace(STORED, bank_reference="201")
REFUND_ORDER = Refund(140400000777, 50_000, "انصراف")
SESSION = {"Session": [{"id": "580868147", "status": "VERIFIED", "amount": 250_000}]}
TAKEN = {"resource": {"id": "77", "amount": 50_000, "timeline": {"refund_status": "PENDING"}}}
ROW = {"id": "77", "amount": 50_000, "status": "DONE", "description": "140400000777 x"}


@pytest.fixture
def zarinpal(sandbox_bank):
    journal = []
    yield Kit("zarinpal", opened("zarinpal", sandbox_bank, journal), sandbox_bank, journal)
    sandbox_bank.admin.post("faults", clear=True)


def golden(name, **values) -> bytes:
    text = (GOLDENS / name).read_bytes()
    for key, value in values.items():
        text = text.replace(f"{{{key}}}".encode(), value.encode())
    return text


def asked(answer: bytes, call, **settings):
    with answering(answer) as bank:
        net = HttpTransport(limits=Limits(read_seconds=1))
        outcome = call(Zarinpal({**SETTINGS, **settings}, net, bank.base_url))
    return outcome, bank.requests


def refusing(code, status="401 Unauthorized") -> bytes:
    return http(json.dumps({"data": [], "errors": {"code": code, "message": "x"}}), status)


@pytest.mark.parametrize("operation", CALLS)
def test_the_request_is_the_documented_one_byte_for_byte(operation):
    _, requests = asked(refusing(-52), CALLS[operation])

    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert body == golden(f"{operation}.request.json", token=TOKEN)
    assert head.startswith(f"POST /pg/v4/payment/{operation}.json HTTP/1.1".encode())
    assert b"Content-Type: application/json" in head


@pytest.fixture(scope="module")
def fresh_bank(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("fresh") / "books.sqlite3") as bank:
        yield bank


def test_the_sandbox_answers_byte_for_byte_as_documented(fresh_bank):
    net = HttpTransport()
    known = {"token": TOKEN}

    def call(operation):
        url = f"{fresh_bank.base_url}/pg/v4/payment/{operation}.json"
        body = golden(f"{operation}.request.json", **known)
        return net.call("POST", url, body, operation=operation, headers={})

    refused = call("verify")
    started = call("request")
    known["token"] = re.search(rb'"(A\w{35})"', started.body)[1].decode()
    fresh_bank.play(known["token"])
    known["reference"] = fresh_bank.payment(known["token"])["reference"]

    assert (refused.status, refused.body) == (401, golden("refused.answer.json"))
    assert started.body == golden("request.answer.json", **known)
    for operation in ("verify", "inquiry", "reverse", "unVerified"):
        assert call(operation).body == golden(f"{operation}.answer.json", **known)


@pytest.mark.parametrize("code", sorted(VERIFY))
def test_every_code_has_words_and_a_meaning(code):
    if VERIFY[code] in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED, Kind.NOT_PAID}:
        assert WORDS[code]
        return
    outcome, _ = asked(refusing(int(code)), CALLS["verify"])

    assert (outcome.kind, outcome.bank_code) == (VERIFY[code], code)
    assert (outcome.reason_fa, outcome.reason_en) == WORDS[code]


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "[1]", "true", "7", "{}", '"100"', "{", "[" * 5_000,
        '{"data":[],"errors":[]}',
        '{"data":{"code":true},"errors":[]}',
        '{"data":{"code":null},"errors":[]}',
        '{"data":{"code":100.0,"ref_id":5},"errors":[]}',
        '{"data":{"code":777,"ref_id":5},"errors":[]}',
        '{"data":{"code":100},"errors":[]}',
        '{"data":{"code":100,"ref_id":0},"errors":[]}',
        '{"data":{"code":100,"ref_id":"x"},"errors":[]}',
        '{"data":[],"errors":{"code":-999}}',
        '{"Status":100,"RefID":5}',
        '{"data":{"status":"PAID","ref_id":5},"errors":[]}',
        '{"data":{"status":"FAILED","ref_id":5},"errors":[]}',
    ],
)  # fmt: skip
def test_what_is_no_clear_success_confirms_nothing(body):
    outcome, _ = asked(http(body), CALLS["verify"])

    assert outcome.kind is Kind.UNKNOWN
    assert outcome.bank_reference is None


@pytest.mark.parametrize(
    "body",
    [
        '{"data":{"code":100,"ref_id":201,"card_pan":"610433******2187"},"errors":[]}',
        '{"data":{"code":"100","ref_id":"201","card_pan":"610433******2187"}}',
        '{"data":{"code":"۱۰۰","ref_id":"۲۰۱","card_pan":"6104337913882187"},"errors":[]}',
    ],
    ids=["numbers", "texts", "Persian digits"],
)
def test_a_success_is_read_in_every_shape_it_comes_in(body):
    outcome, _ = asked(http(body), CALLS["verify"])

    assert (outcome.kind, outcome.bank_reference) == (Kind.CONFIRMED, "201")
    assert (outcome.trace_number, outcome.card_masked) == ("201", "610433******2187")
    assert outcome.amount_rial is None


def test_the_flipped_shape_of_the_sandbox_is_read_too(zarinpal):
    stored = zarinpal.paid()
    zarinpal.break_next("confirm", "flipped")

    assert zarinpal.adapter.confirm(stored).kind is Kind.CONFIRMED


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "401 No", "422 No", "429 No"])
def test_the_code_is_read_whatever_the_status(status):
    outcome, _ = asked(refusing(-50, status), CALLS["verify"])

    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "-50")


@pytest.mark.parametrize("status", ["500 No", "502 No", "302 Found"])
def test_a_broken_server_is_not_believed_even_with_a_code(status):
    body = '{"data":{"code":100,"ref_id":201},"errors":[]}'

    assert asked(http(body, status), CALLS["verify"])[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("VERIFIED", Kind.ALREADY_CONFIRMED),
        ("PAID", Kind.AWAITS_CONFIRM),
        ("IN_BANK", Kind.OPEN),
        ("FAILED", Kind.NOT_PAID),
        ("REVERSED", Kind.RETURNED),
        ("SOMETHING", Kind.UNKNOWN),
    ],
)
def test_an_inquiry_tells_the_state(status, kind):
    answer = http(json.dumps({"data": {"status": status, "code": 100}, "errors": []}))

    assert asked(answer, CALLS["inquiry"])[0].kind is kind


def test_unpaid_or_failed_is_looked_into_before_it_is_believed(zarinpal):
    stored = zarinpal.start()

    at_the_bank = zarinpal.adapter.confirm(stored).kind
    zarinpal.bank.play(stored.token, "cancel")

    assert (at_the_bank, zarinpal.adapter.confirm(stored).kind) == (Kind.OPEN, Kind.NOT_PAID)


def test_unpaid_or_failed_that_cannot_be_looked_into_is_unknown(zarinpal):
    stored = zarinpal.start()
    zarinpal.break_next("inquire", "html_500")

    assert zarinpal.adapter.confirm(stored).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("settings", "first_letter", "kind"),
    [
        ({}, "A", Kind.STARTED),
        ({}, "S", Kind.UNKNOWN),
        ({"sandbox": "yes"}, "S", Kind.STARTED),
        ({"sandbox": "yes"}, "A", Kind.UNKNOWN),
    ],
)
def test_a_token_of_the_test_service_never_passes_for_money(settings, first_letter, kind):
    answer = golden("request.answer.json", token=first_letter + "0" * 35)

    assert asked(http(answer), CALLS["request"], **settings)[0].kind is kind


def test_unverified_money_stays_and_is_listed(zarinpal):
    stored = zarinpal.paid(3_000_000)
    zarinpal.bank.admin.post("clock", hours=30)

    listed = zarinpal.adapter.list_unverified()

    assert listed.outcome.kind is Kind.DONE
    mine = [row for row in listed.payments if row.token == stored.token]
    assert [row.amount_rial for row in mine] == [3_000_000]
    assert zarinpal.adapter.confirm(stored).kind is Kind.CONFIRMED


def test_after_thirty_minutes_nothing_goes_back(zarinpal):
    stored, _ = zarinpal.confirmed()
    zarinpal.bank.admin.post("clock", minutes=31)

    outcome = zarinpal.adapter.reverse(stored)

    assert (outcome.kind, outcome.bank_code) == (Kind.REFUSED, "-63")


class Panel(HttpTransport):
    """A panel of given answers, the last of them again and again, over a real socket."""

    def __init__(self, **answers):
        super().__init__(limits=Limits(read_seconds=1))
        self.answers = {
            name: list(told) if isinstance(told, list) else [told] for name, told in answers.items()
        }
        self.asked = []

    def call(self, method, url, body=b"", *, operation, headers):
        self.asked.append((operation, url, body, headers))
        told = self.answers[operation]
        answer = told.pop(0) if len(told) > 1 else told[0]
        answer = answer if isinstance(answer, bytes) else http(json.dumps({"data": answer}))
        with answering(answer) as bank:
            return super().call(
                method, bank.base_url + "/", body, operation=operation, headers=headers
            )


def at_panel(act, **answers):
    """What the adapter makes of the panel's answers, and what it asked."""
    panel = Panel(**{"GetRefunds": {"refunds": []}, **answers})
    adapter = Zarinpal({**SETTINGS, "access_token": PANEL_TOKEN}, panel)
    return getattr(adapter, act)(PAID, REFUND_ORDER), panel.asked


@pytest.mark.parametrize(
    ("listed", "kind"),
    [
        ({"refunds": None}, Kind.UNKNOWN),
        ({"refunds": [{**ROW, "status": "PENDING"}]}, Kind.DONE),
        ({"refunds": [ROW]}, Kind.DONE),
        ({"refunds": [{**ROW, "amount": 9}]}, Kind.UNKNOWN),
        (http("", "502 No"), Kind.UNKNOWN),
        (http("{}", "401 No"), Kind.UNKNOWN),
        (http('{"message":"Unauthenticated."}', "401 No"), Kind.CONFIG_ERROR),
    ],
)
def test_nothing_is_sent_unless_the_list_shows_none_of_our_number(listed, kind):
    outcome, asked = at_panel("refund", GetRefunds=listed, Session=SESSION, AddRefund=TAKEN)

    assert outcome.kind is kind
    assert {one[0] for one in asked} == {"GetRefunds"}


def declined(category, status="200 OK") -> bytes:
    error = {"message": "x", "extensions": {"category": category}}
    return http(json.dumps({"errors": [error], "data": None}), status)


def test_the_panel_is_asked_byte_for_byte_as_documented_at_its_own_host():
    known = {"reference": "201", "session": "580868147"}

    _, asked = at_panel("refund", Session=SESSION, AddRefund=TAKEN)

    assert [one[0] for one in asked] == ["GetRefunds", "Session", "AddRefund"]
    for operation, url, body, headers in asked:
        assert body == golden(f"{operation}.request.json", **known)
        assert url == "https://next.zarinpal.com/api/v4/graphql/"
        assert headers["Authorization"] == f"Bearer {PANEL_TOKEN}"


def test_the_sandboxs_panel_answers_as_documented(fresh_bank):
    net = HttpTransport()
    fresh_bank.admin.post("terminals", bank="zarinpal", merchant_id=MERCHANT, terminal="8001")
    adapter = Zarinpal(SETTINGS, net, fresh_bank.base_url)
    stored = replace(STORED, token=adapter.start(INTENT).token)
    fresh_bank.play(stored.token)
    adapter.confirm(stored)
    known = {"reference": fresh_bank.payment(stored.token)["reference"]}

    def call(operation, key="t"):
        return net.call(
            "POST",
            f"{fresh_bank.base_url}/api/v4/graphql/",
            golden(f"{operation}.request.json", **known),
            operation=operation,
            headers={"Authorization": f"Bearer {key}"},
        )

    found = call("Session")
    known["session"] = json.loads(found.body)["data"]["Session"][0]["id"]
    taken = call("AddRefund")
    known["refund"] = json.loads(taken.body)["data"]["resource"]["id"]
    stranger = call("Session", key="another")

    assert found.body == golden("Session.answer.json", **known)
    assert taken.body == golden("AddRefund.answer.json", **known)
    assert call("GetRefunds").body == golden("GetRefunds.answer.json", **known)
    assert (stranger.status, stranger.body) == (401, golden("panel_refused.answer.json"))


@pytest.fixture
def panel(sandbox_bank):
    """An account with an access token of the panel."""
    gateway = opened(
        "zarinpal",
        sandbox_bank,
        [],
        merchant_id=Secret("33333333-3333-4333-8333-333333333333"),
        terminal_id="33333333",
        access_token=Secret(PANEL_TOKEN),
    )
    yield Kit("zarinpal", gateway, sandbox_bank)
    sandbox_bank.admin.post("faults", clear=True)


def confirmed_at(panel):
    stored, outcome = panel.confirmed()
    return replace(stored, bank_reference=outcome.bank_reference)


def test_money_goes_back_in_parts_and_never_beyond_the_whole(panel):
    stored = confirmed_at(panel)
    parts = [Refund(panel.intent().order_number, 1_000_000, "نیمه") for _ in range(2)]

    unasked = panel.adapter.refund_status(stored, parts[0]).kind
    ordered = [panel.adapter.refund(stored, part) for part in parts]
    too_much = panel.adapter.refund(stored, Refund(panel.intent().order_number, 1_000_000))
    too_little = panel.adapter.refund(stored, Refund(panel.intent().order_number, 19_999))
    found = [panel.adapter.refund_status(stored, part) for part in parts]

    assert unasked is Kind.NOT_FOUND
    assert [outcome.kind for outcome in ordered] == [Kind.DONE, Kind.DONE]
    assert (too_much.kind, too_little.kind) == (Kind.REFUSED, Kind.REFUSED)
    assert [(one.kind, one.bank_reference) for one in found] == [
        (Kind.DONE, one.bank_reference) for one in ordered
    ]


def test_a_refund_whose_answer_was_lost_is_found_and_not_sent_again(panel):
    stored = confirmed_at(panel)
    order = Refund(panel.intent().order_number, 20_000, "بازگشت")
    panel.break_next("refund", "drop_after")

    lost = panel.adapter.refund(stored, order)
    found = panel.adapter.refund_status(stored, order)

    assert (lost.kind, found.kind) == (Kind.UNKNOWN, Kind.DONE)
    booked = panel.bank.admin.get("refunds?terminal=33333333")
    assert [row["amount"] for row in booked if row["number"] == str(order.number)] == [20_000]


def test_a_search_that_fails_sends_nothing(panel):
    stored = confirmed_at(panel)
    order = Refund(panel.intent().order_number, 20_000)
    panel.bank.break_next("Session", "html_500")

    kinds = [
        panel.adapter.refund(stored, order).kind,
        panel.adapter.refund_status(stored, order).kind,
    ]

    assert kinds == [Kind.UNKNOWN, Kind.NOT_FOUND]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([], Kind.REFUSED),
        ([{"id": "1", "amount": 250_001}], Kind.REFUSED),
        ([{"id": "1", "amount": 250_000}, {"id": "2", "amount": 250_000}], Kind.REFUSED),
        ([{"id": None, "amount": 250_000}], Kind.REFUSED),
        ([{"id": "2", "amount": "۲۵۰۰۰۰"}, {"id": "1", "amount": 9}], Kind.DONE),
    ],
)
def test_only_the_session_of_our_amount_is_refunded(rows, kind):
    outcome, asked = at_panel("refund", Session={"Session": rows}, AddRefund=TAKEN)

    assert outcome.kind is kind
    assert ("AddRefund" in [one[0] for one in asked]) == (kind is Kind.DONE)


@pytest.mark.parametrize("category", sorted(PANEL))
def test_a_category_of_the_panel_has_words_and_a_meaning(category):
    refund, _ = at_panel("refund", Session=SESSION, AddRefund=declined(category))
    search, _ = at_panel("refund", Session=declined(category))
    status, _ = at_panel("refund_status", GetRefunds=declined(category))
    asked_only = Kind.UNKNOWN if PANEL[category] is Kind.REFUSED else PANEL[category]

    assert (refund.kind, refund.reason_en) == (PANEL[category], PANEL_WORDS[category][1])
    assert {search.kind, status.kind} == {asked_only}


@pytest.mark.parametrize(
    "answer",
    [declined("internal"), declined("x", "400 No"), http('{"errors":["x"],"data":{}}'), http("[]"),
     http('{"data":{"resource":{"id":"7","amount":1}}}'), http('{"data":{"resource":null}}'),
     http('{"data":{"resource":{"amount":50000}}}'), http("<html>", "401 No"), http(""),
     http(json.dumps({"data": TAKEN}), "502 No"),
     http(json.dumps({"data": TAKEN, "errors": [{"message": "x"}]}))],
)  # fmt: skip
def test_what_is_no_clear_answer_of_the_panel_is_unknown(answer):
    assert at_panel("refund", Session=SESSION, AddRefund=answer)[0].kind is Kind.UNKNOWN
    assert at_panel("refund", Session=answer)[0].kind is Kind.UNKNOWN
    assert at_panel("refund_status", GetRefunds=answer)[0].kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("pages", "kind"),
    [
        ([[ROW]], Kind.DONE),
        ([[{**ROW, "status": "PENDING"}]], Kind.OPEN),
        ([[{**ROW, "status": "REJECTED"}]], Kind.UNKNOWN),
        ([[{**ROW, "amount": 50_001}]], Kind.UNKNOWN),
        ([[]], Kind.NOT_FOUND),
        ([[{**ROW, "description": "7"}], []], Kind.NOT_FOUND),
        ([[{**ROW, "description": "7"}], [ROW]], Kind.DONE),
        ([[{**ROW, "description": "7"}]], Kind.UNKNOWN),  # a list without an end
        ([None], Kind.UNKNOWN),
        ([[None]], Kind.UNKNOWN),
    ],
)
def test_only_a_list_read_to_its_end_allows_to_send_a_refund_again(pages, kind):
    told = [{"refunds": rows} for rows in pages]

    assert at_panel("refund_status", GetRefunds=told)[0].kind is kind


@pytest.mark.parametrize("fault", ["credentials", "address"])
@pytest.mark.parametrize("step", ["refund", "refund_status"])
def test_a_panel_that_does_not_let_us_in_is_ours_to_mend(panel, step, fault):
    stored = confirmed_at(panel)
    panel.break_next(step, fault)

    order = Refund(panel.intent().order_number, 20_000)

    assert getattr(panel.adapter, step)(stored, order).kind is Kind.CONFIG_ERROR


@pytest.mark.parametrize(
    "settings",
    [
        {"merchant_id": MERCHANT, "access_token": PANEL_TOKEN},
        {"merchant_id": MERCHANT, "terminal_id": "8001"},
        {**SETTINGS, "access_token": PANEL_TOKEN, "sandbox": "yes"},
    ],
)
def test_without_token_and_terminal_there_is_no_refund_and_nobody_is_called(settings):
    adapter = Zarinpal(settings, HttpTransport(), "http://127.0.0.1:1")

    assert not adapter.manifest.can_refund
    assert adapter.refund(PAID, REFUND_ORDER).evidence == {}
    # An order that was sent while there was a token is not declined for that.
    assert adapter.refund(PAID, REFUND_ORDER).kind is Kind.REFUSED
    assert adapter.refund_status(PAID, REFUND_ORDER).kind is Kind.CONFIG_ERROR


@pytest.mark.parametrize(
    ("query", "claim"),
    [
        ({"Authority": TOKEN, "Status": "OK"}, Claim.PAID),
        ({"authority": TOKEN, "status": "nok"}, Claim.CANCELLED),
        ({"Authority": TOKEN}, Claim.UNCLEAR),
    ],
)
def test_the_way_back_is_a_hint_and_no_more(query, claim):
    hint = Zarinpal(SETTINGS, HttpTransport()).read_return("GET", query, {}, b"")

    assert (hint.claim, hint.token) == (claim, TOKEN)
    assert (hint.bank_reference, hint.amount_rial) == (None, None)


def test_amounts_go_out_in_rial(zarinpal):
    assert zarinpal.bank.payment(zarinpal.start(2_500_000).token)["amount"] == 2_500_000


@pytest.mark.parametrize("reason", ["برگشت می‌شود", "دو\nسطر", "\u200f راست", "x" * 400])
def test_a_refund_is_found_whatever_stands_behind_its_number(reason):
    """Half-spaces stand in most Persian sentences; unseen, the order would be sent again."""
    row = {**ROW, "description": f"{REFUND_ORDER.number} {reason}"}

    outcome, asked_for = at_panel("refund", GetRefunds={"refunds": [row]}, Session=SESSION)

    assert outcome.kind is Kind.DONE
    assert [one[0] for one in asked_for] == ["GetRefunds"]


def test_without_the_banks_reference_nobody_elses_money_is_sent_back():
    panel = Panel(GetRefunds={"refunds": []}, Session=SESSION, AddRefund=TAKEN)
    adapter = Zarinpal({**SETTINGS, "access_token": PANEL_TOKEN}, panel)

    outcome = adapter.refund(STORED, REFUND_ORDER)

    assert outcome.kind is Kind.REFUSED
    assert outcome.reason_en == PANEL_WORDS["no session"][1]
    assert [one[0] for one in panel.asked] == ["GetRefunds"]


@pytest.mark.parametrize("rows", ["", ',"authorities":null', ',"authorities":{}'])
def test_a_list_that_is_missing_is_not_an_empty_one(rows):
    body = http('{"data":{"code":100%s},"errors":[]}' % rows)  # noqa: UP031

    listed, _ = asked(body, lambda adapter: adapter.list_unverified())

    assert (listed.outcome.kind, listed.payments) == (Kind.UNKNOWN, ())
