"""The sandbox bank itself: pages, clock, pay-outs, statement, and that it loses nothing."""

import csv
import io
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import jdatetime
import pytest
from python_calamine import CalamineWorkbook

from payment_gateways.contract import Kind, Outcome, StoredPayment
from payment_gateways.kit.oracle import PAID
from payment_gateways.registry import known_manifests
from payment_gateways.sandbox.fees import fee_rial
from payment_gateways.sandbox.tehran import jalali, read_day
from tests.payment_gateways.conftest import MERCHANT, Kit, opened
from tests.payment_gateways.loopback import answering, http
from tests.payment_gateways.sandbox_process import ROOT, running_sandbox, start_sandbox

ALIVE = [slug for slug, manifest in known_manifests().items() if not manifest.is_historical]


@pytest.fixture
def bank(tmp_path):
    """A bank of its own for each test: here days pass."""
    with running_sandbox(tmp_path / "books.sqlite3") as bank:
        yield bank


@pytest.fixture
def mellat(bank) -> Kit:
    return Kit("mellat", opened("mellat", bank, []), bank)


def fetch(url, **form) -> str:
    body = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(url, body, timeout=10) as answer:  # noqa: S310
        return answer.read().decode()


def statement(bank, query="") -> list[dict[str, str]]:
    text = bank.admin.read(f"statement/90190.csv{query}").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def settled(kit, amount_rial) -> str:
    stored = kit.paid(amount_rial)
    kit.adapter.confirm(stored)
    assert kit.adapter.settle(stored).kind is Kind.DONE
    return stored.token


def tomorrow(bank) -> None:
    bank.admin.post("clock", days=1)


def test_a_day_is_paid_out_in_one_sum_net_of_fees(mellat, bank):
    settled(mellat, 2_500_000)
    settled(mellat, 10_000_000)
    mellat.adapter.confirm(mellat.paid(7_000_000))  # verified, and nobody asked for the pay-out
    today = bank.admin.get("clock")["jalali"]

    tomorrow(bank)

    (line,) = statement(bank)
    assert line["مبلغ گردش بستانکار"] == f"{12_500_000 - 1_200 - 2_000:,}"
    assert line["شرح"] == f"حواله شاپرک پايانه 7001 مورخ {today}"
    assert (line["واریز کننده/ ذیتفع"], line["شعبه"]) == ("شاپرک-پوز 7001", "شاپرک")
    assert line["زمان"] == "03:45:00"


@pytest.mark.parametrize(
    ("fee_mode", "credit", "debits"), [("net", 98_800, []), ("gross", 100_000, ["1,200"]),
                                       ("exempt", 100_000, [])],
)  # fmt: skip
def test_the_contract_says_how_the_fee_is_taken(bank, fee_mode, credit, debits):
    bank.admin.post(
        "terminals", bank="zarinpal", merchant_id=MERCHANT, terminal="8001", fee_mode=fee_mode
    )
    kit = Kit("zarinpal", opened("zarinpal", bank, []), bank)
    kit.adapter.confirm(kit.paid(100_000))

    tomorrow(bank)

    lines = statement(bank, "?order=oldest")
    assert lines[0]["مبلغ گردش بستانکار"] == f"{credit:,}"
    assert [line["مبلغ گردش بدهکار"] for line in lines[1:]] == debits
    assert all("کارمزد" in line["شرح"] for line in lines[1:])


def test_nothing_is_paid_out_twice_nor_before_its_morning(mellat, bank):
    settled(mellat, 2_500_000)
    bank.admin.post("clock", seconds=1)
    same_day = len(statement(bank))
    for _ in range(3):
        tomorrow(bank)

    assert (same_day, len(statement(bank))) == (0, 1)


def test_a_returned_payment_is_not_paid_out(mellat, bank):
    stored, _ = mellat.confirmed()
    mellat.adapter.reverse(stored)

    tomorrow(bank)

    assert statement(bank) == []


def test_the_settlement_file_itemises_the_credit(mellat, bank):
    tokens = [settled(mellat, amount) for amount in (2_500_000, 10_000_000)]
    day = bank.admin.get("clock")["jalali"].replace("/", "-")
    tomorrow(bank)

    text = bank.admin.read(f"settlement/7001/{day}.csv").decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["token"] for row in rows] == tokens
    assert [row["fee_rial"] for row in rows] == ["1200", "2000"]
    (line,) = statement(bank)
    assert f"{sum(int(row['net_rial']) for row in rows):,}" == line["مبلغ گردش بستانکار"]


@pytest.mark.parametrize(
    ("amount_rial", "fee"),
    [
        (5_999_999, 1_200),
        (6_000_000, 1_200),
        (6_000_001, 1_200),
        (199_999_999, 39_999),
        (200_000_000, 40_000),
        (900_000_000, 40_000),
    ],
)
def test_the_fee_table_has_its_edges(amount_rial, fee):
    assert fee_rial(amount_rial) == fee


def test_a_deposit_id_stands_in_the_statement_as_it_was_typed(bank):
    bank.admin.post("lines", kind="deposit", amount_rial="۵۰۰٬۰۰۰", deposit_id="۱۵۰۰۱۰۰۰۰۰۱۲۳")

    (line,) = statement(bank)

    assert (line["شناسه واریز"], line["مبلغ گردش بستانکار"]) == ("۱۵۰۰۱۰۰۰۰۰۱۲۳", "500,000")


def test_the_counter_plays_what_happens_at_a_bank(bank):
    for kind in ("deposit", "stranger", "desk", "fee", "debit"):
        fetch(f"{bank.base_url}/counter/line", kind=kind, amount_rial="۱۲۰۰۰", deposit_id="77")

    lines = statement(bank, "?order=oldest")

    assert [bool(int(line["مبلغ گردش بدهکار"].replace(",", ""))) for line in lines] == [
        False, False, False, True, True,
    ]  # fmt: skip
    assert lines[3]["شعبه"] == "اداره کل مدیریت عملیات"
    assert "کارمزد" in lines[3]["شرح"]


def test_the_balance_runs_from_row_to_row(mellat, bank):
    bank.admin.post("lines", kind="stranger", amount_rial=5_000)
    settled(mellat, 3_000_000)
    tomorrow(bank)
    bank.admin.post("lines", kind="fee", amount_rial=700)

    rows = [
        tuple(int(row[name].replace(",", "")) for name in list(row)[:3])
        for row in statement(bank, "?order=oldest")
    ]

    balance = 12_500_000_000
    for after, credit, debit in rows:
        balance += credit - debit
        assert after == balance


def test_excel_and_csv_say_the_same_newest_first(bank):
    for amount in (1_000, 2_000):
        bank.admin.post("lines", kind="deposit", amount_rial=amount, deposit_id="0012")

    book = CalamineWorkbook.from_filelike(io.BytesIO(bank.admin.read("statement/90190.xlsx")))
    header, *rows = book.get_sheet_by_index(0).to_python()

    lines = statement(bank)
    assert header == list(lines[0])
    assert len(header) == 12
    assert [row[:11] for row in rows] == [list(line.values())[:11] for line in lines]
    assert [row[11] for row in rows] == [1, 2]
    assert [row[1] for row in rows] == ["2,000", "1,000"]
    assert rows[0][6] == "0012"


def test_a_statement_can_be_cut_to_a_range_of_days(bank):
    days = []
    for _ in range(3):
        bank.admin.post("lines", kind="stranger", amount_rial=1_000)
        days.append(bank.admin.get("clock")["jalali"])
        tomorrow(bank)

    middle = days[1].replace("/", "-")

    assert [line["تاریخ"] for line in statement(bank, f"?from={middle}&to={middle}")] == [days[1]]


def test_a_restart_loses_nothing(tmp_path):
    state = tmp_path / "books.sqlite3"
    with running_sandbox(state) as bank:
        kit = Kit("mellat", opened("mellat", bank, []), bank)
        stored = kit.paid()
        bank.admin.post("lines", kind="stranger", amount_rial=5_000)
        tomorrow(bank)
        clock = bank.admin.get("clock")["epoch"]
        bank.process.kill()

    with running_sandbox(state) as bank:
        assert bank.payment(stored.token)["state"] == "reversed"  # a day has passed
        assert len(statement(bank)) == 1
        assert bank.admin.get("clock")["epoch"] - clock < 60


def test_the_pay_page_works_without_a_script_and_from_no_other_host(mellat):
    outcome = mellat.adapter.start(mellat.intent(2_500_000))
    page = fetch(outcome.redirect.url, **outcome.redirect.fields)

    assert '<html lang="fa" dir="rtl">' in page
    for words in ("آزمایشی", "۲٬۵۰۰٬۰۰۰ ریال", "پرداخت", "انصراف", "پرداخت و بستن مرورگر"):
        assert words in page
    assert "<script" not in page
    assert not re.search(r"(src|href|action)=[\"']?(https?:)?//", page)


def test_paying_sends_the_browser_back_with_a_form(mellat):
    stored = mellat.start()

    page = fetch(f"{mellat.bank.base_url}/card/{stored.token}", do="pay")

    assert 'method="post" action="http://127.0.0.1:9/bank/return/k?lang=fa"' in page
    assert f'name="RefId" value="{stored.token}"' in page
    assert "<button" in page  # for browsers without scripts


def test_paying_and_closing_leads_nowhere(mellat):
    stored = mellat.start()

    page = fetch(f"{mellat.bank.base_url}/card/{stored.token}", do="close")

    assert "<form" not in page
    assert mellat.bank.payment(stored.token)["state"] == "paid"


def test_a_card_is_charged_once_however_often_the_button_is_pressed(mellat):
    stored = mellat.start()
    url = f"{mellat.bank.base_url}/card/{stored.token}"
    fetch(url, do="other")

    with pytest.raises(urllib.error.HTTPError):
        fetch(url, do="pay")

    assert mellat.bank.payment(stored.token)["charged"] == 2_501_000


def test_an_attack_in_a_description_stays_text(mellat):
    outcome = mellat.adapter.start(mellat.intent(return_url='http://x/"><script>alert(1)</script>'))

    page = fetch(f"{mellat.bank.base_url}/card/{outcome.token}", do="cancel")

    assert "<script>alert" not in page


def test_a_doubled_return_comes_six_times_beside_the_browser(mellat, bank):
    with answering(http("ok")) as merchant:
        outcome = mellat.adapter.start(mellat.intent(return_url=f"{merchant.base_url}/back"))
        bank.break_next("return", "doubled_return")
        fetch(f"{bank.base_url}/card/{outcome.token}", do="pay")
        for _ in range(100):
            if len(merchant.requests) == 6:
                break
            bank.admin.get("clock")

    assert len(merchant.requests) == 6
    assert all(outcome.token.encode() in request for request in merchant.requests)


def test_a_page_left_open_too_long_takes_no_money(mellat, bank):
    stored = mellat.start()
    bank.admin.post("clock", minutes=16)

    with pytest.raises(urllib.error.HTTPError):
        fetch(f"{bank.base_url}/card/{stored.token}", do="pay")

    assert mellat.adapter.confirm(stored).kind is Kind.NOT_PAID


def test_the_counter_page_is_persian(bank):
    page = fetch(f"{bank.base_url}/counter")

    assert '<html lang="fa" dir="rtl">' in page
    assert "۹۰۱۹۰" in page


@pytest.mark.parametrize(
    ("path", "fields", "word"),
    [
        ("lines", {"kind": "gift", "amount_rial": 5}, "gift"),
        ("lines", {"kind": "fee", "amount_rial": "12.5"}, "not a whole number"),
        ("lines", {"kind": "fee", "amount_rial": 5, "account": "1"}, "no such account"),
        ("clock", {"days": -1}, "not a whole number"),
        ("faults", {"operation": "*", "fault": "earthquake"}, "earthquake"),
        ("nothing", {}, "no such thing"),
    ],
)
def test_the_admin_api_names_what_it_does_not_understand(bank, path, fields, word):
    with pytest.raises(AssertionError, match=word):
        bank.admin.post(path, **fields)


def test_the_bank_remembers_what_reached_it(mellat, bank):
    stored = mellat.paid()
    mellat.break_next("confirm", "drop_after")
    mellat.adapter.confirm(stored)

    (call,) = bank.admin.get("calls?newest=1")
    earlier = bank.admin.get("calls")[:-1]

    assert (call["bank"], call["operation"]) == ("mellat", "bpVerifyRequest")
    assert (call["fault"], call["was_spoilt"]) == ("drop_after", True)
    assert bank.admin.get(f"calls?after={call['number']}") == []
    assert [one["operation"] for one in earlier] == ["bpPayRequest"]


@pytest.fixture(scope="module")
def demonstrating_bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demonstrating")
    with running_sandbox(folder / "books.sqlite3", "--demo-faults") as bank:
        yield bank


@pytest.mark.parametrize("slug", ["mellat", "zarinpal"])
@pytest.mark.parametrize(
    ("digits", "kinds"),
    [
        (120, [Kind.UNKNOWN, Kind.ALREADY_CONFIRMED]),
        (130, [Kind.UNKNOWN, Kind.CONFIRMED]),
        (150, [Kind.UNKNOWN, Kind.CONFIRMED]),
        (160, [Kind.UNKNOWN, Kind.CONFIRMED]),
        (170, [Kind.CONFIG_ERROR, Kind.CONFIRMED]),
        (100, [Kind.CONFIRMED, Kind.ALREADY_CONFIRMED]),
    ],
)
def test_an_amount_chooses_what_goes_wrong(demonstrating_bank, slug, digits, kinds):
    kit = Kit(slug, opened(slug, demonstrating_bank, []), demonstrating_bank)
    stored = kit.paid(3_000_000 + digits)

    assert [kit.adapter.confirm(stored).kind for _ in kinds] == kinds


@pytest.mark.parametrize("slug", ["mellat", "zarinpal"])
def test_an_amount_chooses_a_start_that_fails(demonstrating_bank, slug):
    kit = Kit(slug, opened(slug, demonstrating_bank, []), demonstrating_bank)

    kinds = [kit.adapter.start(kit.intent(amount)).kind for amount in (2_000_110, 2_000_200)]

    assert kinds == [Kind.UNKNOWN, Kind.STARTED]


def test_an_amount_chooses_a_return_that_comes_again_and_again(demonstrating_bank):
    bank = demonstrating_bank
    kit = Kit("mellat", opened("mellat", bank, []), bank)
    with answering(http("ok")) as merchant:
        intent = kit.intent(2_000_190, return_url=f"{merchant.base_url}/back")
        fetch(f"{bank.base_url}/card/{kit.adapter.start(intent).token}", do="pay")
        for _ in range(100):
            if len(merchant.requests) == 6:
                break
            bank.admin.get("clock")

    assert len(merchant.requests) == 6


def test_where_nothing_is_demonstrated_every_amount_is_an_amount(mellat):
    assert mellat.adapter.confirm(mellat.paid(3_000_120)).kind is Kind.CONFIRMED


def test_the_same_seed_gives_the_same_trouble(tmp_path):
    seen = []
    for name in ("one", "other"):
        with running_sandbox(tmp_path / name, "--chaos", "7", "--chaos-rate", "0.5") as bank:
            adapter = opened("mellat", bank, []).adapter
            for _ in range(30):
                adapter.check()
            seen.append([call["fault"] for call in bank.admin.get("calls")])

    assert seen[0] == seen[1]
    assert 5 < sum(bool(fault) for fault in seen[0]) < 25


@pytest.mark.parametrize("slug", ALIVE)
def test_who_asks_often_enough_learns_the_truth_whatever_goes_wrong(chaotic_bank, slug):
    """A soak: a third of all calls go wrong, and no payment is lost, doubled or called failed."""
    kit = Kit(slug, opened(slug, chaotic_bank, []), chaotic_bank)
    for _ in range(6):
        stored = started_at_last(kit)
        stored = replace(stored, bank_reference=kit.come_back(stored).bank_reference)

        outcomes = until(lambda sale=stored: kit.adapter.confirm(sale), PAID)
        until(lambda sale=stored: kit.adapter.settle(sale), {Kind.DONE})

        assert {outcome.kind for outcome in outcomes} <= PAID | {Kind.UNKNOWN, Kind.CONFIG_ERROR}
        books = chaotic_bank.payment(stored.token)
        assert books["state"] in {"verified", "settled"}
        assert outcomes[-1].amount_rial in {None, books["charged"]}


@pytest.fixture(scope="module")
def chaotic_bank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chaotic")
    with running_sandbox(folder / "books", "--chaos", "11", "--chaos-rate", "0.33") as bank:
        yield bank


def started_at_last(kit) -> StoredPayment:
    """A start is never repeated: each try has a number of its own."""
    for _ in range(50):
        intent = kit.intent()
        outcome = kit.adapter.start(intent)
        if outcome.kind is Kind.STARTED:
            return StoredPayment(intent.order_number, intent.amount_rial, outcome.token)
        assert outcome.kind is Kind.UNKNOWN
    raise AssertionError("fifty starts went wrong")


def until(call, kinds) -> list[Outcome]:
    outcomes = []
    for _ in range(50):
        outcomes.append(call())
        if outcomes[-1].kind in kinds:
            return outcomes
    raise AssertionError(outcomes)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=20)
    return process.returncode, errors


def test_it_does_not_start_in_production(tmp_path):
    process = start_sandbox(
        tmp_path / "s", "--port", "0", environment={"MOSHAREKAT_ENV": "production"}
    )

    assert ended(process) == (1, "The sandbox bank does not start in production.\n")


def test_a_busy_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, errors = ended(start_sandbox(tmp_path / "s", "--port", str(port)))

    assert code == 1
    assert errors == f"The sandbox bank cannot start: port {port} is busy.\n"


@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGINT"])
def test_it_ends_cleanly_when_told(tmp_path, signal_name):
    with running_sandbox(tmp_path / "s") as bank:
        bank.process.send_signal(getattr(signal, signal_name))

        assert bank.process.wait(timeout=10) == 0


def test_it_loads_nothing_else_of_ours():
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, payment_gateways.sandbox.__main__\n"
            "print(*[m for m in sys.modules if m.split('.')[0] in"
            " ('core', 'payment_gateways', 'requests', 'urllib3', 'flask')])",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "payment_gateways.sandbox.bank" in seen
    assert {m for m in seen if not m.startswith("payment_gateways.sandbox")} == {"payment_gateways"}


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def test_its_calendar_is_the_jalali_calendar():
    for day in days(date(2015, 1, 1), date(2055, 12, 31)):
        assert jalali(day) == jdatetime.date.fromgregorian(date=day).strftime("%Y/%m/%d")
        assert read_day(jalali(day)) == day


@pytest.mark.parametrize("text", ["1405-13-01", "1404-12-30", "1405-01-32", "x", "2026-02-30"])
def test_a_day_that_does_not_exist_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011
        read_day(text)
