"""Every page that can change what explains a line or which lines there are, met by a signed day."""

import pytest
from sqlalchemy import func, select

from flows.reconciling import run
from offices.staff import Role
from reconciliation.lines import StatementFile, StatementImportUndo, StatementLine
from reconciliation.locks import AccountLock
from reconciliation.matches import Match, MatchUndo
from tests.factories import NOON
from tests.reconciliation.bank import Booking, as_csv, cells, days_ago
from tests.reconciliation.closings import YESTERDAY, Closer, import_rows, two_days
from tests.staff import at_work
from tests.web.test_finance import the_line, upload

DAY = "/finance/days/90190/1405-08-30"


@pytest.fixture
def accountant(app, database):
    return at_work(app, database, Role.FINANCE, office="00", username="first.finance")


@pytest.fixture
def closer(database):
    """A day that is explained, signed and locked."""
    import_rows(database, two_days(database))
    run(database, now=NOON)
    closer = Closer(database)
    closer.sheet_id = closer.close()
    return closer


def facts(database):
    """Everything of the day that a page could change."""
    with database.reading() as session:
        counts = [
            session.scalars(select(func.count()).select_from(model)).one()
            for model in (Match, MatchUndo, StatementLine, StatementImportUndo)
        ]
        return [*counts, session.scalars(select(AccountLock.closed_through)).one()]


def first(database, column):
    with database.reading() as session:
        return session.scalars(select(column).order_by(column)).first()


def undo_line(person, database, _closer):
    line_id = the_line(database, 2_500_000)
    page = f"/finance/lines/{line_id}"
    return person.send(f"{page}/undo", {"reason": "مال دیگری است"}, hidden=person.form(page))


def undo_run(person, database, _closer):
    path = f"/finance/runs/{first(database, Match.run_id)}/undo"
    return person.send(path, {"reason": "اشتباه بود"}, status=422)


def undo_import(person, database, _closer):
    path = f"/finance/statements/{first(database, StatementFile.id)}/undo"
    return person.send(path, {"reason": "اشتباه بود"}, status=422)


def import_into_it(person, _database, _closer):
    earlier = cells([Booking(77, day=days_ago(3))], opening_rial=9_999_923)
    return person.check(upload(person, as_csv(earlier), "earlier.csv"), 422)


def prepare_again(person, _database, _closer):
    return person.send(f"{DAY}/prepare", {}, hidden=person.form("/finance/statements"))


def sign_again(person, _database, closer):
    hidden = person.form("/finance/statements")
    return person.send(f"{DAY}/sign", {"sheet": closer.sheet_id}, hidden=hidden, status=422)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (undo_line, "روز این ردیف امضا شده است"),
        (undo_run, "قفل"),
        (undo_import, "قفل"),
        (import_into_it, "قفل"),
        (prepare_again, "قفل"),
        (sign_again, "قفل"),
    ],
)
def test_no_page_changes_a_signed_day(database, accountant, closer, change, said):
    before = facts(database)

    page = change(accountant, database, closer)

    assert said in page.words
    assert facts(database) == before
    assert before[-1] == YESTERDAY


def test_the_pages_of_a_signed_day_offer_nothing_that_changes_it(accountant, closer):
    page = accountant.get(DAY)

    assert "prepare" not in page.fields
    assert closer.sheet(closer.sheet_id).signature is not None
