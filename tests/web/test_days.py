"""The pages on which finance closes days: month, year, sheet, signature, changes, print."""

import pypdfium2
import pytest
from sqlalchemy import select

from flows.reconciling import run
from offices.one_time_codes import new_secret
from offices.staff import Role, StaffMember, StaffSession
from reconciliation.day_sheets import DayChangeRequest, DaySheet, DifferenceOwner
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.locks import AccountLock
from tests.factories import NOON, office_id
from tests.reconciliation.closings import import_rows, two_days
from tests.staff import at_work

DAY = "/finance/days/90190/1405-08-30"


@pytest.fixture
def first(app, database):
    return at_work(app, database, Role.FINANCE, office="00", username="first.finance")


@pytest.fixture
def second(app, database):
    return at_work(app, database, Role.FINANCE, office="00", username="second.finance")


@pytest.fixture
def rows(database):
    import_rows(database, two_days(database))
    run(database, now=NOON)


def act(person, what, fields=None, *, status=200):
    return person.send(f"{DAY}/{what}", fields or {}, hidden=person.form(DAY), status=status)


def sheet_id(database):
    with database.reading() as session:
        return session.scalars(select(DaySheet.id).order_by(DaySheet.id.desc())).first()


def locked_through(database):
    with database.reading() as session:
        return session.scalars(select(AccountLock.closed_through)).first()


def close(first, second, database):
    act(first, "prepare")
    return act(second, "sign", {"sheet": sheet_id(database)})


@pytest.mark.parametrize("path", ["", "?year=1405", "?year=1404&month=12", DAY[13:]])
@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_stands_before_there_is_anything(first, path, language):
    joint = "&" if "?" in path else "?"
    first.get(f"/finance/days{path}{joint}language={language}")


@pytest.mark.usefixtures("rows")
def test_the_month_names_the_first_day_that_differs(first):
    page = first.get("/finance/days?year=1405&month=8")

    assert "نخستین روز مغایر: ۳۰ آبان ۱۴۰۵" in page.words
    assert "۱۷٬۵۷۲٬۲۵۶" in page.words
    assert "۷٬۶۲۲٬۲۵۶" in first.get("/finance/days?year=1405").words


@pytest.mark.usefixtures("rows")
def test_a_day_is_prepared_by_one_and_signed_by_another(database, first, second):
    prepared = act(first, "prepare")
    assert "خودتان آماده کرده‌اید" in prepared.words
    refused = act(first, "sign", {"sheet": sheet_id(database)}, status=422)
    assert "شخص دیگری" in refused.words
    assert locked_through(database) is None

    signed = act(second, "sign", {"sheet": sheet_id(database)})
    assert "امضا و قفل" in signed.words
    assert locked_through(database) is not None
    assert "امضاشده" in first.get("/finance/days?year=1405&month=8").words


@pytest.mark.usefixtures("rows")
def test_a_stale_code_signs_nothing(database, first, second):
    act(first, "prepare")
    with database.writing() as session:
        for each in session.scalars(select(StaffSession)):
            each.stepped_up_at = None
        for member in session.scalars(select(StaffMember)):
            member.totp_secret = new_secret()
    page = act(second, "sign", {"sheet": sheet_id(database)}, status=422)

    assert "رمز" in page.words
    assert locked_through(database) is None


@pytest.mark.usefixtures("rows")
def test_undoing_a_row_of_a_signed_day_leads_to_asking_a_second_person(database, first, second):
    close(first, second, database)
    with database.reading() as session:
        line_id = session.scalars(
            select(StatementLine.id).where(StatementLine.amount_rial == 2_500_000)
        ).one()
    page = first.send(
        f"/finance/lines/{line_id}/undo",
        {"reason": "مال دیگری است"},
        hidden=first.form(f"/finance/lines/{line_id}"),
    )
    assert "روز این ردیف امضا شده است" in page.words
    asked = first.send(f"/finance/lines/{line_id}/ask-undo", {"reason": "مال دیگری است"})
    assert "شخص دیگری باید تصمیم بگیرد" in asked.words

    with database.reading() as session:
        request_id = session.scalars(select(DayChangeRequest.id)).one()
    second.send(f"/finance/days/changes/{request_id}", {"decision": "approved"})
    with database.reading() as session:
        assert session.get(OpenLine, line_id) is not None


@pytest.mark.usefixtures("rows")
def test_a_signed_day_is_opened_again_by_two_persons_and_its_old_version_stays(
    database, first, second
):
    close(first, second, database)
    act(second, "reopen", {"reason": "ردیفی کم بود"})
    with database.reading() as session:
        request_id = session.scalars(select(DayChangeRequest.id)).one()
    first.send(f"/finance/days/changes/{request_id}", {"decision": "approved"})
    assert locked_through(database) is None

    act(first, "prepare")
    assert "دیگر اعتبار ندارد" in first.get(f"{DAY}?version=1").words


@pytest.mark.usefixtures("rows")
def test_a_difference_is_given_to_an_office(database, first):
    act(first, "prepare")
    with database.reading() as session:
        difference = session.get_one(DaySheet, sheet_id(database)).differences[0].id
        office = office_id(session)
    page = act(first, "owner", {"difference": difference, "owner": f"office:{office}"})

    assert "مسئول این مغایرت ثبت شد" in page.words
    with database.reading() as session:
        assert session.scalars(select(DifferenceOwner.owner_office_id)).one() == office


@pytest.mark.usefixtures("rows")
def test_the_printed_sheet_carries_its_numbers_in_persian_and_its_hash(database, first):
    act(first, "prepare")
    answer = first.http.get(f"{DAY}.pdf")
    text = "".join(
        page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(answer.data)
    )
    with database.reading() as session:
        digest = session.get_one(DaySheet, sheet_id(database)).digest

    assert answer.mimetype == "application/pdf"
    for words in ("۹۰۱۹۰", "۱۷٬۵۷۲٬۲۵۶", "واریز بی‌انطباق", "تهیه‌کننده"):
        assert words.replace("\u200c", "") in text.replace("\u200c", "")
    assert digest[:32].upper().encode() in answer.data.upper()  # the file's own identity
    assert first.http.get(f"{DAY}.pdf").data == answer.data


@pytest.mark.parametrize(
    "path", ["/finance/days/1/1405-08-30", "/finance/days/90190/x", f"{DAY}.pdf"]
)
def test_what_is_not_there_is_not_found(first, path):
    assert first.http.get(path).status_code == 404


def test_a_day_without_a_statement_is_refused_in_words(first):
    assert "صورت‌حسابی وارد نشده" in act(first, "prepare").words
