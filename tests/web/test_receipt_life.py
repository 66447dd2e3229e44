"""The life of a receipt on its pages: replaced by two persons, copied, audited; paper books."""

import pytest
from sqlalchemy import select

from offices.staff import Role
from receipts.life.chain import chain_series
from receipts.life.paper_books import PaperBook
from receipts.life.replacements import ReplacementRequest
from receipts.life.series import Receipt, ReceiptState
from tests.factories import NOON, office_id
from tests.ledger.corrupting import behind_the_triggers
from tests.staff import at_work
from tests.web.test_desk import enter, rows


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def manager(app, database):
    return at_work(app, database, Role.OFFICE_MANAGER)


@pytest.fixture
def auditor(app, database):
    return at_work(app, database, Role.AUDITOR)


@pytest.fixture
def accountant(app, database):
    return at_work(app, database, Role.FINANCE)


@pytest.fixture
def code(clerk, database):
    """The tracking code of an entry under a misspelled name."""
    return enter(database, clerk, name="زهرا احمدى پور")


def ask(clerk, code, name="زهرا احمدی‌پور"):
    fields = {"donor_name": name, "reason": "نام نادرست است"}
    return clerk.send(f"/desk/entries/{code}/replace/1", fields)


def first_id(database, model):
    with database.reading() as session:
        return session.scalars(select(model.id)).one()


def test_a_misspelled_receipt_is_replaced_when_a_second_person_agrees(
    clerk, manager, database, code
):
    assert "زهرا احمدی پور" in clerk.get(f"/desk/entries/{code}/replace/1").html
    ask(clerk, code)
    assert "رسیدهای در انتظار جایگزینی" in manager.get("/desk/voids").words

    page = manager.send("/desk/replacements/1", {"decision": "approved"})

    assert "شمارهٔ ۱۴۰۵/۰۷/۰۰۰۰۰۲ جایگزین آن است" in page.words
    shown = clerk.get(f"/desk/entries/{code}")
    assert "زهرا احمدی‌پور" in shown.html
    assert "جایگزینِ" in shown.words
    with database.reading() as session:
        states = [each.state for each in session.scalars(select(Receipt).order_by(Receipt.id))]
    assert states == [ReceiptState.REPLACED, ReceiptState.ISSUED]


def test_whoever_asked_is_shown_no_button_and_is_refused(manager, database, code):
    ask(manager, code)

    page = manager.get("/desk/replacements/1")
    assert 'value="approved"' not in page.html
    manager.send(
        "/desk/replacements/1",
        {"decision": "approved"},
        hidden=manager.form("/desk/walk-in"),
        status=422,
    )
    with database.reading() as session:
        assert session.scalars(select(Receipt)).one().state is ReceiptState.ISSUED


def test_a_replacement_that_changes_nothing_is_refused_beside_the_name(clerk, database, code):
    page = clerk.send(
        f"/desk/entries/{code}/replace/1",
        {"donor_name": "زهرا احمدی پور", "reason": "نام"},
        status=422,
    )

    assert "رونوشت چاپ کنید" in page.words
    assert rows(database, ReplacementRequest) == 0


def test_another_desk_replaces_nothing(app, database, code):
    stranger = at_work(app, database, Role.CLERK, office="06")

    stranger.get(f"/desk/entries/{code}/replace/1", status=404)
    stranger.get("/desk/receipts/1/copies", status=404)


@pytest.mark.usefixtures("code")
def test_a_copy_is_counted_and_says_why_and_the_original_stays(clerk):
    first = clerk.http.get("/receipts/1405-07-000001.pdf").data

    answer = clerk.answer("/desk/receipts/1/copies", {"reason": "کاغذ گم شد"}, follow=True)

    assert answer.mimetype == "application/pdf"
    assert answer.data != first
    assert clerk.http.get("/desk/copies/1.pdf").data == answer.data
    assert clerk.http.get("/receipts/1405-07-000001.pdf").data == first
    assert "کاغذ گم شد" in clerk.get("/desk/receipts/1/copies").words


@pytest.mark.usefixtures("code")
def test_a_copy_needs_a_reason(clerk):
    clerk.send("/desk/receipts/1/copies", {"reason": " "}, status=422)


@pytest.mark.usefixtures("code")
def test_a_book_is_given_out_told_leaf_by_leaf_and_taken_back(accountant, clerk, database):
    with database.reading() as session:
        office = office_id(session)
    fields = {"office": office, "series": "الف", "first_number": "۱۰۱", "last_number": "۱۰۳"}
    accountant.send("/finance/paper-books", fields)
    book = f"/desk/books/{first_id(database, PaperBook)}"

    clerk.send(book, {"number": "۱۰۲", "fate": "used", "gift": "1405/07/000001"})
    page = clerk.get(book)
    assert "بی‌توضیح" in page.words
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in page.words
    taken = book.replace("/desk/books", "/finance/paper-books")
    assert "سرنوشت ۱ برگ" in accountant.send(taken, {"reason": "پایان"}, status=422).words

    clerk.send(book, {"number": "101", "fate": "spoiled", "reason": "پاره شد"})
    page = accountant.send(taken, {"reason": "پایان سال"})
    assert "پس گرفته شد" in page.words
    assert "استفاده نشد" in page.words


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"number": "7", "fate": "lost", "reason": "x"}, "برگی با این شماره ندارد"),
        ({"number": "101", "fate": "lost"}, "دلیل"),
        ({"number": "101", "fate": "used", "gift": "1405/07/000099"}, "مشارکتی با این شماره"),
        ({"number": "", "fate": "lost", "reason": "x"}, "شمارهٔ روی برگ"),
    ],
    ids=["not in the book", "no reason", "no such gift", "no number"],
)
def test_bad_words_on_a_leaf_are_refused(accountant, clerk, database, fields, told):
    with database.reading() as session:
        office = office_id(session)
    given = {"office": office, "series": "ب", "first_number": "101", "last_number": "103"}
    accountant.send("/finance/paper-books", given)

    page = clerk.send(f"/desk/books/{first_id(database, PaperBook)}", fields, status=422)

    assert told in page.words


@pytest.mark.usefixtures("code")
def test_the_auditor_sees_every_number_and_saves_it_as_a_workbook(auditor, database):
    chain_series(database, now=NOON)

    assert "همهٔ شماره‌ها هست" in auditor.get("/headquarters/receipts").words
    page = auditor.get("/headquarters/receipts/1405/07")
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in page.words
    book = auditor.http.get("/headquarters/receipts/1405/07/list.xlsx")
    assert book.data.startswith(b"PK")
    rows_ = auditor.http.get("/headquarters/receipts/1405/07/list.csv").text
    assert "1405/07/000001" in rows_
    auditor.get("/headquarters/receipts/1404/07", status=404)


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DELETE FROM receipt WHERE serial = 1", "نیست"),
        ("UPDATE receipt SET facts = facts || ' '", "محتوا"),
        ("UPDATE receipt SET amount_rial = amount_rial + 1", "رسیدها همان نیستند که زنجیر شدند"),
    ],
    ids=["a hole", "an edited snapshot", "a broken chain"],
)
def test_what_was_changed_behind_the_triggers_is_red_on_the_page(
    auditor, clerk, database, change, told
):
    enter(database, clerk, name="دیگری", rial=5_000)
    chain_series(database, now=NOON)

    behind_the_triggers(database, "receipt", change)

    page = auditor.get("/headquarters/receipts/1405/07")
    assert "چیزی در اینجا توضیح ندارد" in page.words
    assert told in page.words


def test_a_clerk_does_not_open_the_auditors_list(clerk):
    clerk.get("/headquarters/receipts", status=404)
