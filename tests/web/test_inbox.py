"""The inbox: narrowed, put together, accepted many at a time, split, paired, saved as a file."""

import csv
import html
import io
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from donations.models.contribution import Contribution
from donations.models.pledge import Pledge
from donations.pledging import CashItem, DonorFacts
from flows.importing import import_statement
from jobs.queue import Job
from offices.staff import Role
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.matches import ReconciliationRun
from tests.factories import NOON, a_pledge
from tests.reconciliation.bank import Booking, as_csv, cells, days_ago, fee
from tests.staff import at_work


@pytest.fixture
def accountant(app, database):
    return at_work(app, database, Role.FINANCE, office="00")


@pytest.fixture
def pledges(database):
    with database.writing() as session:
        made = [a_pledge(session, CashItem(rial)) for rial in (2_500_000, 4_000_000)]
        return [(pledge.id, pledge.tracking_code) for pledge in made]


def hand_in(database, *bookings):
    import_statement(database, as_csv(cells(bookings)), "s.csv", account="90190", now=NOON)
    with database.reading() as session:
        return session.scalars(select(StatementLine.id).order_by(StatementLine.id)).all()


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def act(person, line_id, what, **fields):
    hidden = person.form(f"/finance/lines/{line_id}")
    return person.http.post(
        f"/finance/lines/{line_id}/{what}", data={**hidden, **fields}, follow_redirects=True
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("text=کریمی", {"۱٬۰۰۰٬۰۰۰"}),
        ("text=2000000", {"۲٬۰۰۰٬۰۰۰"}),
        ("amount=۵۰٬۰۰۰", {"۵۰٬۰۰۰"}),
        ("side=out", {"۵۰٬۰۰۰"}),
        ("kind=fee", {"۵۰٬۰۰۰"}),
        ("older=3", {"۳٬۰۰۰٬۰۰۰"}),
        ("day=1405/08/25", {"۳٬۰۰۰٬۰۰۰"}),
        ("side=in&older=0", {"۳٬۰۰۰٬۰۰۰"}),
        ("account=1&side=in", {"۱٬۰۰۰٬۰۰۰", "۲٬۰۰۰٬۰۰۰", "۳٬۰۰۰٬۰۰۰"}),
    ],
)
def test_the_inbox_is_narrowed_by_what_stands_in_its_address(database, accountant, query, shown):
    hand_in(
        database,
        Booking(3_000_000, day=days_ago(6)),
        Booking(1_000_000, payer="رضا کریمی"),
        Booking(2_000_000),
        fee(50_000),
    )

    words = accountant.get(f"/finance/inbox?{query}").words

    amounts = {"۱٬۰۰۰٬۰۰۰", "۲٬۰۰۰٬۰۰۰", "۳٬۰۰۰٬۰۰۰", "۵۰٬۰۰۰"}
    listed = words.split("ذخیره با قالب")[-1]
    assert {amount for amount in amounts if f"{amount} ریال" in listed} == shown


@pytest.mark.parametrize(
    "query", ["day=1405/13/45", "amount=x", "older=-1", "kind=none", "side=up"]
)
def test_what_cannot_be_looked_for_does_not_narrow(database, accountant, query):
    hand_in(database, Booking(1_000_000))

    assert "۱٬۰۰۰٬۰۰۰" in accountant.get(f"/finance/inbox?{query}").words


@pytest.mark.parametrize("grouping", ["payer", "amount", "day", "line_class"])
def test_lines_are_put_together_and_each_group_leads_to_its_lines(database, accountant, grouping):
    hand_in(database, *[Booking(1_000_000)] * 3, fee(50_000))

    page = accountant.get(f"/finance/inbox?group={grouping}")

    assert "۳٬۰۰۰٬۰۰۰" in page.words or "۲٬۹۵۰٬۰۰۰" in page.words
    leading = [link for link in page.links if "/finance/inbox?" in link and "group" not in link]
    assert accountant.get(leading[0]).words.count("۱٬۰۰۰٬۰۰۰ ریال") >= 3


def test_marked_lines_are_accepted_together_and_one_undo_takes_them_back(
    database, accountant, pledges
):
    lines = hand_in(database, Booking(2_500_000), Booking(4_000_000), Booking(999))
    offers = [f"{line}:{pledge}" for line, (pledge, _code) in zip(lines, pledges, strict=False)]
    page = accountant.get("/finance/inbox")
    assert all(f'value="{offer}"' in page.html for offer in offers)

    answer = accountant.http.post(
        "/finance/inbox/accept",
        data={**accountant.form("/finance/inbox"), "offer": offers},
        follow_redirects=True,
    )

    assert "۲ ردیف انطباق یافت و ثبت شد" in answer.text
    assert count(database, OpenLine) == 1
    assert count(database, Contribution) == 2
    with database.reading() as session:
        run = session.scalars(select(ReconciliationRun)).one()
        assert (run.is_by_hand, run.lines_explained) == (True, 2)
    assert f"/finance/runs/{run.id}/undo" in accountant.get("/finance/runs").html


@pytest.mark.parametrize("offer", ["", "x", "1", "1:", ":1", "0:0", "99:99", "1:-1"])
def test_a_forged_offer_books_nothing(database, accountant, offer):
    hand_in(database, Booking(999))

    answer = accountant.http.post(
        "/finance/inbox/accept",
        data={**accountant.form("/finance/inbox"), "offer": offer},
        follow_redirects=True,
    )

    assert answer.status_code == 200
    assert count(database, Contribution) == 0


def test_a_line_is_split_over_two_pledges(database, accountant, pledges):
    (line_id,) = hand_in(database, Booking(6_500_000))

    answer = act(
        accountant,
        line_id,
        "split",
        **{
            "parts-0-tracking_code": pledges[0][1],
            "parts-1-tracking_code": pledges[1][1],
            "parts-1-amount_rial": "۴٬۰۰۰٬۰۰۰",
        },
    )

    assert "انطباق یافت و ثبت شد" in answer.text
    assert count(database, Contribution) == 2


def test_parts_that_do_not_make_the_line_are_refused_and_kept(database, accountant, pledges):
    (line_id,) = hand_in(database, Booking(6_500_000))

    answer = act(
        accountant,
        line_id,
        "split",
        **{
            "parts-0-tracking_code": pledges[0][1],
            "parts-1-tracking_code": pledges[1][1],
            "parts-1-amount_rial": "۴٬۰۰۰٬۰۰۱",
        },
    )

    assert answer.status_code == 422
    assert "۶٬۵۰۰٬۰۰۱" in answer.text
    assert "۴٬۰۰۰٬۰۰۱" in answer.text, "what was typed is still there"
    assert count(database, Contribution) == 0


def test_a_wrong_code_is_told_beside_its_part(database, accountant, pledges):
    (line_id,) = hand_in(database, Booking(6_500_000))

    answer = act(
        accountant,
        line_id,
        "split",
        **{"parts-0-tracking_code": pledges[0][1], "parts-1-tracking_code": "3123456789012"},
    )

    assert answer.status_code == 422
    assert 'id="parts-1-tracking_code-error"' in answer.text


def test_money_of_nobody_known_is_received_with_a_code(database, accountant):
    (line_id,) = hand_in(database, Booking(777_000))

    answer = act(accountant, line_id, "receive", fund="most-needed")

    with database.reading() as session:
        code = session.scalars(select(Pledge.tracking_code)).one()
    assert code in answer.text
    assert count(database, OpenLine) == 0


def test_a_booking_and_its_reversal_are_paired_with_one_button(database, accountant):
    first, second = hand_in(database, Booking(900_000), Booking(-900_000))
    assert "یکی برگشت دیگری است" in accountant.get(f"/finance/lines/{first}").words

    act(accountant, first, "pair", other=str(second))

    assert count(database, OpenLine) == 0


def test_lines_that_are_no_pair_are_refused_in_words(database, accountant):
    first, second = hand_in(database, Booking(900_000), Booking(-900_001))

    answer = act(accountant, first, "pair", other=str(second))

    assert "دو سوی یک گردش نیستند" in answer.text
    assert count(database, OpenLine) == 2


def test_after_an_act_the_inbox_is_where_it_was(database, accountant):
    first, second = hand_in(database, fee(50_000, description="؟"), fee(60_000, description="؟"))
    hidden = accountant.form("/finance/inbox")

    answer = accountant.http.post(f"/finance/lines/{first}/fee?side=out&next={second}", data=hidden)

    assert answer.headers["Location"].endswith(f"/finance/inbox?side=out#line-{second}")


@pytest.mark.parametrize(
    "name",
    [
        "inbox",
        "lines",
        "offers",
        "runs",
        "statements",
        "days",
        "reports",
        "settlements",
        "ledger",
        "ageing",
        "refunds",
    ],
)
@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_list_is_saved_in_both_forms(database, accountant, name, language):
    hand_in(database, Booking(1_000_000))
    accountant.http.set_cookie("language", language)

    sheet = accountant.http.get(f"/finance/export/{name}.xlsx")
    text = accountant.http.get(f"/finance/export/{name}.csv")

    rows = list(load_workbook(io.BytesIO(sheet.data)).active.iter_rows(values_only=True))
    read = list(csv.reader(io.StringIO(text.data.decode("utf-8-sig"))))
    assert [str(cell or "") for cell in rows[1]][: len(read[1])] == read[1]
    assert sheet.headers["Cache-Control"] == text.headers["Cache-Control"] == "no-store"


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1")


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_text_of_the_bank_is_calculated_by_a_spreadsheet(database, accountant, formula):
    hand_in(database, Booking(1_000_000, payer=formula, description=formula))

    sheet = accountant.http.get("/finance/export/inbox.xlsx")
    text = accountant.http.get("/finance/export/inbox.csv")

    cells_ = [cell for row in load_workbook(io.BytesIO(sheet.data)).active for cell in row]
    assert all(cell.data_type != "f" for cell in cells_)
    for row in list(csv.reader(io.StringIO(text.data.decode("utf-8-sig"))))[2:]:
        assert not [cell for cell in row if cell.strip().startswith(("=", "+", "@", "＝"))]
        assert not [cell for cell in row if cell.startswith("-") and not cell[1:].isdigit()]


def test_the_saved_inbox_is_narrowed_as_the_page_is_and_sums_up(database, accountant):
    hand_in(database, Booking(1_000_000), Booking(2_000_000), fee(50_000))

    sheet = accountant.http.get("/finance/export/inbox.xlsx?side=in")

    rows = list(load_workbook(io.BytesIO(sheet.data)).active.iter_rows(values_only=True))
    came = rows[1].index("واریز")
    assert [row[came] for row in rows[2:]] == [1_000_000, 2_000_000, 3_000_000]
    assert "2026-11-22" in rows[2]


def saved(person, path):
    """The headings and the rows of a list saved as CSV."""
    text = person.http.get(f"/finance/export/{path}").data.decode("utf-8-sig")
    _about, headings, *rows = csv.reader(io.StringIO(text))
    return [dict(zip(headings, row, strict=True)) for row in rows]


def test_the_saved_days_are_those_of_the_month_that_the_page_shows(database, accountant):
    hand_in(database, Booking(1_000_000), fee(50_000))
    (path,) = re.findall(
        r'href="/finance/export/(days\.csv[^"]*)"',
        accountant.get("/finance/days?account=90190&year=1405&month=9").html,
    )

    rows = saved(accountant, html.unescape(path))

    assert len(rows) == 30
    assert [(row["واریز"], row["برداشت"]) for row in rows] == [("1000000", "50000")] + [
        ("", "")
    ] * 29
    assert accountant.http.get("/finance/export/days.csv?year=9999").status_code == 404


def test_codes_stay_whole_in_a_spreadsheet(database, accountant):
    hand_in(database, Booking(1_000, deposit_id="123456789012345678901234567890"))

    sheet = accountant.http.get("/finance/export/inbox.xlsx")

    rows = list(load_workbook(io.BytesIO(sheet.data)).active.iter_rows(values_only=True))
    assert "123456789012345678901234567890" in rows[2]


@pytest.mark.parametrize("path", ["inbox.pdf", "none.csv", "staff_member.csv"])
def test_no_other_list_can_be_saved(accountant, path):
    assert accountant.http.get(f"/finance/export/{path}").status_code == 404


def test_ages_of_lines_and_of_unpaid_money_are_told(database, accountant):
    hand_in(database, Booking(3_000_000, day=days_ago(40)), Booking(1_000_000))

    page = accountant.get("/finance/ageing")

    for told in ("واریزهای انطباق‌نیافته", "۳٬۰۰۰٬۰۰۰", "۱٬۰۰۰٬۰۰۰", "۳۱ و بیشتر"):
        assert told in page.words


def test_much_work_is_left_to_the_worker_and_its_progress_shown(database, accountant, monkeypatch):
    monkeypatch.setattr("flows.asked_runs.AT_ONCE_LINES", 1)
    hand_in(database, Booking(1_000), Booking(2_000))

    accountant.http.post("/finance/runs", data=accountant.form("/finance/runs"))

    page = accountant.get("/finance/runs")
    assert 'http-equiv="refresh"' in page.html
    with database.reading() as session:
        assert session.scalars(select(Job.kind).where(Job.kind == "run_rules")).all()
        assert not session.scalars(select(ReconciliationRun)).all()


def test_an_offer_put_aside_is_not_made_again_until_somebody_says_so(database, accountant, pledges):
    (line_id,) = hand_in(database, Booking(2_500_000))
    assert pledges[0][1] in accountant.get("/finance/inbox").html

    act(accountant, line_id, "dismiss", pledge=str(pledges[0][0]))

    assert f"{line_id}:{pledges[0][0]}" not in accountant.get("/finance/inbox").html
    act(accountant, line_id, "offer-again", pledge=str(pledges[0][0]))
    assert f"{line_id}:{pledges[0][0]}" in accountant.get("/finance/inbox").html


def test_equal_offers_are_looked_at_and_accepted_as_one(database, accountant):
    with database.writing() as session:
        made = [
            a_pledge(session, CashItem(rial), donor=DonorFacts(mobile=f"0912345678{rial % 10}"))
            for rial in (1_500_001, 1_600_002, 1_700_003)
        ]
        texts = [(pledge.cash_rial, f"موبایل {pledge.donor.mobile}") for pledge in made]
    hand_in(database, *[Booking(rial, description=text) for rial, text in texts])
    page = accountant.get("/finance/offers")
    assert "۳ ردیف" in page.words
    rows = saved(accountant, "offers.csv")
    assert [int(row["واریز"]) for row in rows] == [pledge.cash_rial for pledge in made]

    hidden = accountant.form("/finance/offers")
    (group,) = re.findall(r'name="group" value="([^"]*)"', page.html)
    answer = accountant.http.post(
        "/finance/offers/accept", data={**hidden, "group": group}, follow_redirects=True
    )

    assert "۳ ردیف انطباق یافت و ثبت شد" in answer.text
    assert count(database, OpenLine) == 0


def test_a_group_that_is_not_there_any_more_books_nothing(accountant, database, pledges):
    assert pledges
    hand_in(database, Booking(2_500_000))
    hidden = accountant.form("/finance/inbox")

    answer = accountant.http.post(
        "/finance/offers/accept", data={**hidden, "group": "certain:x"}, follow_redirects=True
    )

    assert "چیزی ثبت نشد" in answer.text
    assert count(database, OpenLine) == 1
