"""Volunteering on the website: the form, what a stranger may not learn, certificates of hours."""

import io
import re

import pypdfium2
import pytest
from sqlalchemy import select

from donations.models.pledge import PledgeItem
from donations.models.shift import Outcome, Shift
from donations.models.volunteer import Volunteer, VolunteerFacts
from flows.volunteers import confirm_hours
from offices.scope import EVERYWHERE
from offices.staff import Role
from receipts.life.hours_certificates import HoursCertificate
from tests.factories import NOON, a_staff_member, office_id
from tests.staff import at_work
from tests.volunteers import BAKER, TODAY, a_shift, a_volunteer, an_offer


@pytest.fixture
def here(database):
    with database.reading() as session:
        return office_id(session, "07")


@pytest.fixture
def served(database):
    """Eight of sixteen hours confirmed: the volunteer, the code and the key of the gift."""
    with database.writing() as session:
        staff_id = a_staff_member(session).id
        volunteer = a_volunteer(session, staff_id)
        offer = an_offer(session, staff_id, volunteer)
        shift = a_shift(session, staff_id, offer)
        confirm_hours(
            session, EVERYWHERE, shift.id, Outcome.PRESENT, hours=8, staff_id=staff_id, now=NOON
        )
        pledge = session.get_one(PledgeItem, offer.pledge_item_id).pledge
        return volunteer.id, pledge.tracking_code, pledge.view_key


def tell(client, here, **told):
    page = client.get("/volunteer")
    fields = {
        "name": "سارا کریمی",
        "mobile": "09123334455",
        "skills": ["teaching"],
        "office": here,
        **told,
    }
    hidden = {name: page.fields[name] for name in ("csrf_token", "request_key")}
    return client.http.post("/volunteer", data={**hidden, **fields})


def rows(database, kind):
    with database.reading() as session:
        return session.scalars(select(kind)).all()


def text_of(answer):
    document = pypdfium2.PdfDocument(io.BytesIO(answer.data))
    return "\n".join(sheet.get_textpage().get_text_range() for sheet in document)


def test_somebody_registers_without_any_document(client, here, database):
    answer = tell(client, here, times=["5-evening"])

    assert answer.location == "/volunteer/thanks"
    assert "به دست ما رسید" in client.get("/volunteer/thanks").words
    (facts,) = rows(database, VolunteerFacts)
    assert facts.told_by_id is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"skills": []}, "دست‌کم یک زمینه"), ({"office": 0}, "پر کنید"), ({"mobile": "1"}, "همراه")],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(client, here, database, wrong, said):
    answer = tell(client, here, **wrong)

    assert answer.status_code == 422
    assert said in answer.text
    assert "سارا کریمی" in answer.text
    assert rows(database, Volunteer) == []


def test_nobody_learns_from_the_form_whether_a_number_is_known(client, here):
    first, second = (tell(client, here) for _each in range(2))

    assert (first.status_code, first.location) == (second.status_code, second.location)


def test_the_form_is_linked_where_people_give(client):
    assert "/volunteer" in client.get("/give?kind=service").links


def test_the_trap_keeps_programs_out(client, here, database):
    tell(client, here, website="http://example.com")

    assert rows(database, Volunteer) == []


def test_the_certificate_lists_confirmed_hours_and_can_be_verified(app, database, served, client):
    clerk = at_work(app, database, Role.CLERK)
    path = f"/desk/volunteers/{served[0]}/certificate"
    period = {"first_day": "1405/08/01", "last_day": "1405/09/30", "language": "fa"}

    answer = clerk.answer(path, period, follow=True)

    assert answer.data.startswith(b"%PDF-")
    assert "رضا نانوا" in text_of(answer)
    (certificate,) = rows(database, HoursCertificate)
    assert (certificate.number, certificate.hours) == ("1405/000001", 8)
    page = client.get(f"/verify/hours/1405-000001?k={certificate.verify_key}")
    assert "ر••• ن•••" in page.words
    unopened = client.get("/verify/hours/1405-000001?k=wrong").words
    assert "این گواهی را ما صادر کرده‌ایم" in unopened
    assert "ر•••" not in unopened
    assert client.http.get("/verify?number=۱۴۰۵/۱").location == "/verify/hours/1405-000001"


def test_the_same_hours_asked_for_again_are_the_same_certificate(app, database, served):
    clerk = at_work(app, database, Role.CLERK)
    path = f"/desk/volunteers/{served[0]}/certificate"
    period = {"first_day": "1405/08/01", "last_day": "1405/09/30"}

    answers = [
        clerk.answer(path, {**period, "language": language}, follow=True).data
        for language in ("fa", "fa", "en")
    ]

    assert answers[0] == answers[1] != answers[2]
    assert len(rows(database, HoursCertificate)) == 2


def test_a_void_certificate_says_so_to_whoever_checks_it(app, database, served, client):
    clerk = at_work(app, database, Role.CLERK)
    path = f"/desk/volunteers/{served[0]}/certificate"
    period = {"first_day": "1405/08/01", "last_day": "1405/09/30"}
    clerk.answer(path, period, follow=True)
    (certificate,) = rows(database, HoursCertificate)
    own = f"/desk/volunteers/{served[0]}/certificates/{certificate.id}"

    listed = clerk.send(f"{own}/void", {"reason": "نام اشتباه"})

    assert "نام اشتباه" in listed.words
    assert "این گواهی باطل است" in clerk.get(f"{own}.pdf", status=410).words
    page = client.get(f"/verify/hours/1405-000001?k={certificate.verify_key}")
    assert "این گواهی باطل است" in page.words
    clerk.answer(path, period, follow=True)
    assert [row.serial for row in rows(database, HoursCertificate)] == [1, 2]


def test_a_desk_corrects_a_shift_and_the_donor_reads_it(app, database, served, client):
    clerk = at_work(app, database, Role.CLERK)
    with database.reading() as session:
        path = f"/desk/volunteers/shifts/{session.scalars(select(Shift.id)).one()}"

    wrong = clerk.send(path, {"do": "correct", "hours": "9", "reason": "x"}, status=422)
    assert "از ۱ تا ۸" in wrong.words
    fields = {"do": "correct", "outcome": "late", "hours": "۶", "reason": "از فهرست مرکز"}
    page = clerk.send(path, fields)

    assert "از فهرست مرکز" in page.words
    words = client.get(f"/follow/{served[1]}").words
    assert "۶ ساعت به جای ۸ ساعت" in words
    assert "از فهرست مرکز" not in words  # why, names people


def test_a_period_without_hours_has_no_certificate(app, database, served):
    clerk = at_work(app, database, Role.CLERK)
    path = f"/desk/volunteers/{served[0]}/certificate"

    page = clerk.send(path, {"first_day": "1404/01/01", "last_day": "1404/02/01"}, status=422)

    assert "ساعتی تأیید نشده" in page.words


def test_the_donors_own_view_leads_to_the_certificate_and_no_other(client, served):
    _volunteer_id, code, key = served
    page = client.get(f"/follow/{code}?key={key}")
    token = {"csrf_token": page.fields["csrf_token"]}

    opened = client.http.post(f"/follow/{code}/hours", data={**token, "key": key})
    closed = client.http.post(f"/follow/{code}/hours", data=token)

    assert opened.data.startswith(b"%PDF-")
    assert closed.status_code == 404


def test_the_volunteer_gets_no_new_certificate_of_a_void_one(app, database, served, client):
    volunteer_id, code, key = served
    page = client.get(f"/follow/{code}?key={key}")
    fields = {"csrf_token": page.fields["csrf_token"], "key": key}
    client.http.post(f"/follow/{code}/hours", data=fields)
    (certificate,) = rows(database, HoursCertificate)
    clerk = at_work(app, database, Role.CLERK)
    own = f"/desk/volunteers/{volunteer_id}/certificates/{certificate.id}"
    clerk.send(f"{own}/void", {"reason": "ساعت اشتباه"})

    refused = client.http.post(f"/follow/{code}/hours", data=fields)

    assert refused.status_code == 409
    assert "اداره آن را بررسی می‌کند" in refused.text
    assert len(rows(database, HoursCertificate)) == 1


def test_the_donor_reads_that_one_of_two_is_done(client, database, served):
    with database.writing() as session:
        item = session.scalars(select(PledgeItem)).one()
        staff_id = a_staff_member(session, "second").id
        volunteer = session.scalars(select(Volunteer)).one()
        assert volunteer.mobile == BAKER
        offer = type("Offer", (), {"pledge_item_id": item.id})
        a_shift(session, staff_id, offer, TODAY.replace(day=27))

    words = client.get(f"/follow/{served[1]}").words

    assert "یک از دو نوبت انجام شد" in words
    assert not re.search("نانوا\\b", words)  # nobody is named
