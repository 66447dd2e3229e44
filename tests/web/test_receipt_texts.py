"""The page of the organisation's own texts: one person sets them, with a fresh code, for good."""

import io

import pytest
from sqlalchemy import select, update

from offices.audit import AuditEntry
from offices.one_time_codes import new_secret
from offices.staff import Role, StaffMember, StaffSession
from receipts.documents.receipt_texts import ReceiptText, texts_on
from tests.factories import NOON
from tests.receipts.test_documents import a_picture
from tests.staff import at_work

PAGE = "/headquarters/texts"
OURS = {
    "organisation": "سازمان بهزیستی کشور",
    "unit": "دفتر مشارکت‌ها",
    "tax_line": "برابر مادهٔ ۱۷۲ قانون مالیات‌های مستقیم.",
    "first_signatory": "مریم صادقی",
    "first_title": "مدیرکل",
}


@pytest.fixture
def finance(app, database):
    return at_work(app, database, Role.FINANCE, office="00")


def kept(database):
    with database.reading() as session:
        return session.scalars(select(ReceiptText).order_by(ReceiptText.id)).all()


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMINISTRATOR])
def test_texts_are_set_from_a_day_on(app, database, role):
    client = at_work(app, database, role, office="00")

    page = client.send(f"{PAGE}/fa", {**OURS, "valid_from": "۱۴۰۵/۱۰/۰۱"})

    (row,) = kept(database)
    assert (row.unit, row.set_by_id) == ("دفتر مشارکت‌ها", client.staff_member_id)
    assert "۱۴۰۵/۱۰/۰۱" in page.words
    with database.reading() as session:
        assert texts_on(session, "fa", NOON.date()).unit != row.unit
        assert texts_on(session, "fa", row.valid_from).unit == row.unit
        audit = session.scalars(select(AuditEntry)).all()[-1]
    assert audit.action == "receipt_text.set"
    assert "tax_line" in audit.facts


def test_the_form_begins_with_what_holds(finance):
    finance.send(f"{PAGE}/fa", OURS)

    assert finance.get(f"{PAGE}/fa").fields["first_signatory"] == "مریم صادقی"
    assert "مریم صادقی" in finance.get(PAGE).words


def test_a_stale_code_sets_nothing(finance, database):
    with database.writing() as session:
        session.execute(update(StaffSession).values(stepped_up_at=None))
        session.execute(update(StaffMember).values(totp_secret=new_secret()))

    page = finance.send(f"{PAGE}/fa", OURS, status=422)

    assert "code" in page.fields
    assert kept(database) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"organisation": ""}, "این متن خالی است"),
        ({"thanks": "سپاس 😀"}, "را نمی‌توان روی رسید چاپ کرد"),
        ({"tax_line": "ا" * 1001}, "بلند"),
        ({"valid_from": "فردا"}, "تقویم"),
    ],
)
def test_what_cannot_be_printed_is_told_beside_its_field(finance, database, fields, said):
    page = finance.send(f"{PAGE}/fa", {**OURS, **fields}, status=422)

    assert said in page.words
    assert kept(database) == []


def send_picture(client, picture, **more):
    form = client.form(f"{PAGE}/fa")
    data = {**form, **OURS, **more, "seal": (io.BytesIO(picture), "seal.png")}
    return client.http.post(f"{PAGE}/fa", data=data, content_type="multipart/form-data")


def test_a_picture_of_the_seal_stays_until_it_is_taken_away(finance, database):
    assert send_picture(finance, a_picture()).status_code == 303
    finance.send(f"{PAGE}/fa", OURS)
    finance.send(f"{PAGE}/fa", {**OURS, "without_seal": "y"})

    first, second, third = kept(database)
    assert first.seal == second.seal
    assert first.seal.startswith("160:")
    assert third.seal is None


def test_what_is_no_picture_is_refused(finance, database):
    answer = send_picture(finance, b"%PDF-1.7")

    assert answer.status_code == 422
    assert kept(database) == []


def test_an_auditor_reads_and_sets_nothing(app, database):
    auditor = at_work(app, database, Role.AUDITOR, office="00")

    assert "متن همیشگی" in auditor.get(PAGE).words
    assert auditor.answer(f"{PAGE}/fa", OURS).status_code == 404
    assert kept(database) == []


def test_there_is_no_third_language(finance):
    assert finance.http.get(f"{PAGE}/de").status_code == 404
