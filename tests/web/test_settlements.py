"""The pages of pay-outs: calendar, terms, lists of the providers, settling by hand."""

import io
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from flows.importing import import_statement
from ledger.terminals import Netting, TerminalTerms
from offices.audit import AuditEntry
from offices.staff import Role
from reconciliation.calendar import Holiday, WeeklyRest, calendar_of
from reconciliation.cycles import SettlementCycle
from reconciliation.matches import Settlement
from reconciliation.reports import SettlementReport
from tests.factories import NOON
from tests.reconciliation.bank import as_csv, cells, pay_out
from tests.reconciliation.test_settlements import FEE, listed, owed
from tests.staff import at_work


@pytest.fixture
def accountant(app, database):
    return at_work(app, database, Role.FINANCE, office="00")


@pytest.fixture
def auditor(app, database):
    return at_work(app, database, Role.AUDITOR, office="00", username="auditor")


@pytest.fixture
def line_id(database):
    """A pay-out that misses one of two payments and 700 rials of fee."""
    owed(database, 1_000_000, 2_000_000)
    rows = cells([pay_out(1_000_000 - FEE - 700)])
    import_statement(database, as_csv(rows), "s.csv", account="90190", now=NOON)
    return 1


def send(person, page, path, **fields):
    hidden = person.form(page)
    return person.http.post(path, data={**hidden, **fields}, follow_redirects=True)


def only(database, column):
    with database.reading() as session:
        return session.scalars(select(column)).one()


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


PAGES = ("/calendar", "/calendar/rest", "/terminals", "/terminals/1", "/reports")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_stands(accountant, path, language):
    accountant.get(f"/finance{path}?language={language}")


@pytest.mark.parametrize("path", PAGES)
def test_an_auditor_sees_the_pages_without_forms(auditor, path):
    page = auditor.get(f"/finance{path}")

    assert '<form class="card"' not in page.html


def test_a_holiday_is_entered_and_taken_back(accountant, database):
    before = count(database, Holiday)
    for said in ("holiday", "working"):
        page = accountant.check(
            send(
                accountant, "/finance/calendar", "/finance/calendar/holidays",
                day="۱۴۰۵/۰۹/۰۲", name="مناسبت", said=said,
            )
        )  # fmt: skip
        assert "تقویم تغییر کرد" in page.words
    assert count(database, Holiday) == before + 2


def test_what_the_calendar_says_already_is_refused_in_words(accountant):
    page = accountant.check(
        send(
            accountant, "/finance/calendar", "/finance/calendar/holidays",
            day="1405/11/22", name="باز هم", said="holiday",
        ),
        422,
    )  # fmt: skip

    assert "تقویم هم‌اکنون همین را" in page.words


def test_new_terms_hold_from_their_day(accountant, database):
    fields = {
        "valid_from": "1405/10/01", "netting": "apart", "floor": "۰", "rate": "100",
        "cap": "۱٬۰۰۰٬۰۰۰", "within": "3",
    }  # fmt: skip
    path = "/finance/terminals/1/terms"
    accountant.check(send(accountant, "/finance/terminals/1", path, **fields))
    accountant.check(send(accountant, "/finance/terminals/1", path, **fields), 422)

    with database.reading() as session:
        terms = session.scalars(
            select(TerminalTerms)
            .where(TerminalTerms.terminal_id == 1)
            .order_by(TerminalTerms.valid_from.desc())
        ).first()
    assert (terms.netting, terms.fee_per_ten_thousand, terms.fee_cap_rial) == (
        Netting.APART, 100, 1_000_000,
    )  # fmt: skip


REST = "/finance/calendar/rest"
A_FRIDAY, A_SATURDAY = date(2026, 12, 25), date(2026, 12, 26)


def test_a_new_weekly_rest_counts_from_its_day_on(accountant, database):
    from_day = {"valid_from": "۱۴۰۵/۱۰/۰۱", "weekdays": ["4", "5"]}
    page = accountant.check(send(accountant, REST, REST, **from_day))

    assert "شنبه" in page.words
    with database.reading() as session:
        known = calendar_of(session)
        noted = session.scalars(
            select(AuditEntry.actor_id).where(AuditEntry.action == "calendar.weekly_rest")
        ).one()
    assert not any(map(known.is_working_day, (A_FRIDAY, A_SATURDAY)))
    assert known.is_working_day(A_FRIDAY - timedelta(days=1))
    assert known.is_working_day(A_SATURDAY - timedelta(days=7))
    assert noted is not None


@pytest.mark.parametrize("weekdays", [[], list("0123456"), ["9"]])
def test_a_week_without_rest_or_without_work_is_refused(accountant, database, weekdays):
    before = count(database, WeeklyRest)
    answer = send(accountant, REST, REST, valid_from="1405/10/01", weekdays=weekdays)

    assert answer.status_code == 422
    assert count(database, WeeklyRest) == before


def test_a_second_weekly_rest_of_one_day_is_refused(accountant):
    for weekday, status in (("3", 200), ("4", 422)):
        answer = send(accountant, REST, REST, valid_from="1405/10/01", weekdays=[weekday])
        assert answer.status_code == status


def test_an_auditor_enters_no_weekly_rest(auditor, database):
    before = count(database, WeeklyRest)
    answer = send(auditor, REST, REST, valid_from="1405/10/01", weekdays=["4"])

    assert answer.status_code == 404
    assert count(database, WeeklyRest) == before


def test_cycles_are_entered_as_times(accountant, database):
    accountant.check(
        send(
            accountant, "/finance/terminals/1", "/finance/terminals/1/cycles",
            cycles_from="1405/10/01", working="۱۸:۴۵ 03:45", holiday="12:45",
        )
    )  # fmt: skip

    with database.reading() as session:
        minutes = session.scalars(select(SettlementCycle.cut_off_minute)).all()
    assert sorted(minutes) == [225, 765, 1_125]


def test_cycles_of_all_terminals_are_shown_at_each(accountant, database):
    accountant.check(
        send(
            accountant, "/finance/terminals", "/finance/terminals/cycles",
            cycles_from="1405/10/01", working="04:30",
        )
    )  # fmt: skip

    with database.reading() as session:
        assert session.scalars(select(SettlementCycle.terminal_id)).all() == [None]
    assert "۰۴:۳۰" in accountant.get("/finance/terminals/1").text


@pytest.mark.parametrize("of", ["/finance/terminals", "/finance/terminals/1"])
@pytest.mark.parametrize("working", ["25:00", "03:45 03:45", "صبح", "0:00"])
def test_times_that_cannot_be_are_refused(accountant, database, of, working):
    accountant.check(
        send(
            accountant, of, f"{of}/cycles",
            cycles_from="1405/10/01", working=working,
        ),
        422,
    )  # fmt: skip
    assert count(database, SettlementCycle) == 0


def hand_in(person, data):
    hidden = person.form("/finance/reports")
    return person.http.post(
        "/finance/reports",
        data={**hidden, "terminal": "mellat-main", "file": (io.BytesIO(data), "list.csv")},
        follow_redirects=True,
    )


def test_a_list_is_taken_in_once_and_shown_beside_our_books(accountant, database, line_id):
    data = listed((1, 1_000_000), (8, 500_000))
    assert "۲ پرداخت" in accountant.check(hand_in(accountant, data)).words
    assert "پیش‌تر" in accountant.check(hand_in(accountant, data)).words
    assert count(database, SettlementReport) == 1

    saved = accountant.http.get("/finance/export/reports.csv").data.decode("utf-8-sig")
    assert saved.splitlines()[-1].startswith("1,mellat-main,")

    page = accountant.get("/finance/reports/1")
    for told in ("برای ما ناشناخته است", "در فهرست نیست"):
        assert told in page.words
    assert (
        "فهرست ۱ شرکت پرداخت از ۲ پرداخت نام می‌برد"
        in accountant.get(f"/finance/lines/{line_id}").words
    )


def test_a_list_that_does_not_hold_together_is_refused_beside_its_field(accountant, database):
    page = accountant.check(hand_in(accountant, listed((1, 1_000), terminal="9")), 422)

    assert "ردیف ۲ از پایانهٔ دیگری است" in page.words
    assert count(database, SettlementReport) == 0


def test_a_line_is_settled_by_hand_once_the_sums_agree(accountant, database, line_id):
    chosen = accountant.get(f"/finance/lines/{line_id}/settle")
    path = f"/finance/lines/{line_id}/settle/1/2026-11-21/1440"
    assert path in chosen.html
    one = "2026-11-21/payment/1"
    short = accountant.check(send(accountant, path, path, payment=one, settle="1"), 422)
    assert "جمع‌ها نمی‌خواند" in short.words
    assert "۷۰۰ ریال" in accountant.check(send(accountant, path, path, payment=one)).words
    done = send(accountant, path, path, payment=one, fee="700", fee_side="kept", settle="1")

    assert "تصمیم گرفت" in accountant.check(done).words
    assert only(database, Settlement.gross_rial) == 1_000_000
    page = accountant.get("/finance/settlements/1")
    assert "کارمزد دیگر" in page.words


def test_a_list_comes_in_on_the_command_line(app, tmp_path):
    file = tmp_path / "list.csv"
    file.write_bytes(listed((1, 1_000_000)))
    args = ["settlements", "import", str(file), "--terminal", "mellat-main", "--json"]
    done = app.test_cli_runner().invoke(args=args)

    assert done.exit_code == 0, done.output
    assert '"net_rial": 998800' in done.output
    assert app.test_cli_runner().invoke(args=[*args[:4], "nobody", "--json"]).exit_code == 1
