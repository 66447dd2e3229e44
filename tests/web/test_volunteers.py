"""Volunteers at the desk: the register, licences, offers, shifts, each refusal in its place."""

import pytest
from sqlalchemy import select

from core.jalali import jalali_plain
from donations.models.pledge import HiddenFrom, PledgeItem
from donations.models.shift import Shift
from donations.pledging import DonorFacts, ServiceItem
from offices.staff import Role
from receipts.life.series import Receipt
from tests.factories import a_pledge, office_id
from tests.staff import at_work
from tests.volunteers import BAKER, TODAY, TOMORROW, a_licence, a_volunteer, an_offer


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def here(database):
    with database.reading() as session:
        return office_id(session, "07")


def new(here, **told):
    return {
        "name": "رضا نانوا",
        "mobile": "۰۹۱۲۱۲۳۴۵۶۷",
        "skills": ["baking"],
        "office": here,
        **told,
    }


def a_day(day, **told):
    return {
        "do": "shift",
        "day": jalali_plain(day),
        "start": "۸",
        "end": "16:30",
        "duty": "پخت نان",
        "supervisor": "لاله احمدی",
        **told,
    }


def offered(database, clerk, *skills, hours=16, licensed_until=None):
    """An offer of hours that was taken on; the path of its page."""
    with database.writing() as session:
        volunteer = a_volunteer(session, clerk.staff_member_id, *skills)
        if licensed_until:
            a_licence(
                session, clerk.staff_member_id, volunteer, TODAY.replace(year=2020), licensed_until
            )
        skill = skills[0] if skills else "baking"
        offer = an_offer(session, clerk.staff_member_id, volunteer, hours=hours, skill=skill)
        return f"/desk/volunteers/offers/{offer.pledge_item_id}"


def last_shift(database):
    with database.reading() as session:
        row = session.scalars(select(Shift).order_by(Shift.id.desc()).limit(1)).one()
        return f"/desk/volunteers/shifts/{row.id}"


def test_a_volunteer_is_registered_and_found_by_mobile(clerk, here):
    page = clerk.send(
        "/desk/volunteers/new", new(here, times=["4-morning", "4-afternoon"], note="نانوایی دارد")
    )

    assert "رضا نانوا" in page.words
    assert "جمعه (صبح، بعدازظهر)" in page.words
    assert "رضا نانوا" in clerk.get("/desk/volunteers?search=09121234567&skill=baking").words
    assert "رضا نانوا" not in clerk.get("/desk/volunteers?skill=law").words


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"skills": []}, "دست‌کم یک زمینه"),
        ({"mobile": "123"}, "همراه"),
        ({"name": ""}, "پر کنید"),
        ({"staff": "nobody"}, "نام کاربری وجود ندارد"),
        ({"skills": ["surgery"]}, "گزینه"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(clerk, here, wrong, said):
    page = clerk.send("/desk/volunteers/new", new(here, **wrong), status=422)

    assert said in page.words


def test_what_is_told_anew_holds_and_the_form_shows_what_held(clerk, here):
    clerk.send("/desk/volunteers/new", new(here, note="صبح زود"))
    assert "صبح زود" in clerk.get("/desk/volunteers/1/facts").html

    page = clerk.send(
        "/desk/volunteers/1/facts", {"skills": ["driving"], "office": here, "note": "خودرو دارد"}
    )

    assert "خودرو دارد" in page.words
    assert "رانندگی" in page.words


def test_who_was_taken_off_the_register_offers_no_hours(clerk, here):
    clerk.send("/desk/volunteers/new", new(here))

    page = clerk.send("/desk/volunteers/1/leave", {"reason": "سفر"})

    assert "دیگر داوطلب نیست" in page.words
    clerk.get("/desk/volunteers/1/offers", status=409)


def test_hours_promised_online_are_taken_on_under_the_same_mobile(clerk, here, database):
    with database.writing() as session:
        donor = DonorFacts(name="رضا نانوا", mobile=BAKER)
        item_id = a_pledge(session, ServiceItem("نان‌پزی", 16), donor=donor, office="07").items[0].id
    path = f"/desk/volunteers/offers/{item_id}"
    assert "ثبت نشده است" in clerk.get(path).words
    clerk.send("/desk/volunteers/new", new(here))
    assert "رضا نانوا" in clerk.get(path).words

    page = clerk.send(path, {"do": "take", "skill": "baking"})

    assert "نوبتی برنامه‌ریزی نشده است" in page.words


def test_a_licence_that_ended_is_named_with_its_day_and_a_new_one_helps(clerk, here, database):
    yesterday = TODAY.replace(day=TODAY.day - 1)
    path = offered(database, clerk, "physician", licensed_until=yesterday)
    page = clerk.send(path, a_day(TOMORROW, office=here), status=422)
    assert "اعتبار مجوز در ۱۴۰۵/۰۸/۳۰ پایان یافته است" in page.words
    assert "مجوز پایان یافته یا رو به پایان" in clerk.get("/desk/volunteers").words

    clerk.send(
        "/desk/volunteers/1/licences",
        {
            "skill": "physician",
            "number": "۹۸۷",
            "issuer": "سازمان بهزیستی",
            "valid_from": "1405/09/01",
            "valid_to": "1406/09/01",
        },
    )

    assert "نوبت برنامه‌ریزی شد" in clerk.send(path, a_day(TOMORROW, office=here)).words
    assert "مجوزی رو به پایان نیست" in clerk.get("/desk/volunteers/licences").words


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"start": "25"}, "۸:۳۰"),
        ({"start": "8:07"}, "ربع ساعت"),
        ({"start": "17"}, "ربع ساعت"),
        ({"day": "آذر"}, "تقویم"),
        ({"supervisor": ""}, "پر کنید"),
    ],
)
def test_a_shift_that_cannot_be_says_why_and_keeps_what_was_typed(
    clerk, here, database, wrong, said
):
    path = offered(database, clerk)

    page = clerk.send(path, {**a_day(TOMORROW, office=here), **wrong}, status=422)

    assert said in page.words
    assert page.fields["duty"] == "پخت نان"


def test_the_same_shift_sent_twice_is_one_and_another_at_that_time_is_refused(
    clerk, here, database
):
    path = offered(database, clerk)
    hidden = clerk.form(path)
    for _each in range(2):
        clerk.send(path, a_day(TODAY, office=here), hidden=hidden)

    page = clerk.send(path, a_day(TODAY, office=here), status=422)

    assert "نوبت دیگری دارد" in page.words
    with database.reading() as session:
        assert len(session.scalars(select(Shift)).all()) == 1


def test_the_schedule_shows_a_shift_and_the_centre_confirms_it(clerk, here, database):
    path = offered(database, clerk, hours=8)
    clerk.send(path, a_day(TODAY, office=here))
    assert "رضا نانوا" in clerk.get("/desk/volunteers/shifts").words
    assert "رضا نانوا" in clerk.get("/desk/volunteers/shifts?days=31&from=1405/08/15").words

    page = clerk.send(last_shift(database), {"do": "confirm", "outcome": "late", "hours": "۸"})

    assert "رسید آن صادر گردید" in page.words
    assert "دریافت‌شده" in clerk.get(path).words
    with database.reading() as session:
        assert session.scalars(select(Receipt)).one().kind == "service"


def test_a_shift_is_cancelled_only_with_a_reason(clerk, here, database):
    clerk.send(offered(database, clerk), a_day(TOMORROW, office=here))
    path = last_shift(database)
    assert "پر کنید" in clerk.send(path, {"do": "cancel", "reason": ""}, status=422).words

    assert "لغوشده" in clerk.send(path, {"do": "cancel", "reason": "برف"}).words


@pytest.mark.parametrize(("day", "is_offered"), [(TODAY, True), (TOMORROW, False)])
def test_a_shift_ahead_is_not_corrected(clerk, here, database, day, is_offered):
    clerk.send(offered(database, clerk), a_day(day, office=here))
    path = last_shift(database)
    page = clerk.send(path, {"do": "cancel", "reason": "برف"})
    assert ("اصلاح نتیجهٔ نوبت" in page.words) is is_offered
    if not is_offered:
        told = {"do": "correct", "outcome": "present", "hours": "8", "reason": "x"}
        clerk.send(path, told, status=422)
        assert "لغوشده" in clerk.get(path).words


def test_closing_a_promise_says_what_became_of_it(clerk, database):
    path = offered(database, clerk)

    page = clerk.send(path, {"do": "close", "reason": "سفر"})

    assert "تعهد پس گرفته شد" in page.words
    with database.reading() as session:
        assert session.scalars(select(PledgeItem.state)).one() == "withdrawn"


@pytest.mark.parametrize("at", ["", "/facts", "/leave", "/licences", "/offers"])
def test_another_office_finds_no_volunteer_of_this_one(app, database, clerk, here, at):
    clerk.send("/desk/volunteers/new", new(here))
    stranger = at_work(app, database, Role.CLERK, office="06")

    stranger.get(f"/desk/volunteers/1{at}", status=404)
    assert "رضا نانوا" not in stranger.get("/desk/volunteers").words


def test_a_number_of_another_office_is_refused_and_tells_nothing(app, database, clerk, here):
    clerk.send("/desk/volunteers/new", new(here, note="صبح زود"))
    stranger = at_work(app, database, Role.CLERK, office="06")
    with database.reading() as session:
        there = office_id(session, "06")

    page = stranger.send("/desk/volunteers/new", new(there, name="کسی دیگر"), status=422)

    assert "در دفتر دیگری ثبت شده است" in page.words
    assert "رضا نانوا" not in page.words
    stranger.get("/desk/volunteers/1", status=404)


def test_an_office_closes_its_own_offer_of_a_volunteer_whom_another_has_now(database, clerk):
    path = offered(database, clerk)
    with database.writing() as session:
        a_volunteer(session, clerk.staff_member_id, office="06")  # the headquarters moves them
    page = clerk.get(path)
    assert "رضا نانوا" not in page.words

    assert "تعهد پس گرفته شد" in clerk.send(path, {"do": "close", "reason": "سفر"}).words


def test_promised_hours_do_not_name_a_volunteer_of_another_office(database, clerk):
    with database.writing() as session:
        a_volunteer(session, clerk.staff_member_id, office="06")
        donor = DonorFacts(mobile=BAKER)
        pledge = a_pledge(session, ServiceItem("نان‌پزی", 16), donor=donor, office="07")
        path = f"/desk/volunteers/offers/{pledge.items[0].id}"

    page = clerk.get(path)

    assert "رضا نانوا" not in page.words
    assert BAKER not in page.html


def test_who_hides_from_everyone_is_not_written_into_the_form(database, clerk):
    with database.writing() as session:
        donor = DonorFacts(name="رضا نانوا", mobile=BAKER, hidden_from=HiddenFrom.EVERYONE)
        code = a_pledge(session, ServiceItem("نان‌پزی", 16), donor=donor).tracking_code

    page = clerk.get(clerk.http.get(f"/desk/volunteers/offers?code={code}").location)

    assert (page.fields["name"], page.fields["mobile"]) == ("", "")


# The counter: one code for money, goods and days of work

BAKERS_GIFT = {
    "amount": "۲۰۰۰۰۰۰۰",
    "goods1_description": "ژتون نان",
    "goods1_quantity": "۴۰",
    "goods1_unit": "برگ",
    "goods1_category": "other",
    "service1_skill": "نانوایی و آشپزی",
    "service1_hours": "16",
    "service1_is_promised": "y",
    "name": "رضا نانوا",
    "mobile": BAKER,
}


def test_hours_for_later_are_promised_while_the_rest_is_received(clerk, database):
    clerk.send("/desk/walk-in", BAKERS_GIFT)

    with database.reading() as session:
        items = session.scalars(select(PledgeItem).order_by(PledgeItem.position)).all()
        assert [item.state for item in items] == ["received", "received", "promised"]
        assert session.scalars(select(Receipt)).one().kind == "mixed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"amount": "", "goods1_description": "", "goods1_quantity": "", "goods1_unit": ""},
            "داوطلبان",
        ),
        ({"service1_place": "مرکز"}, "خالی بگذارید"),
    ],
    ids=["nothing to receive today", "days of hours that are ahead"],
)
def test_hours_for_later_are_no_receipt_of_today(clerk, database, change, said):
    page = clerk.send("/desk/walk-in", {**BAKERS_GIFT, **change}, status=422)

    assert said in page.words
    with database.reading() as session:
        assert session.scalars(select(PledgeItem)).all() == []


def test_the_code_of_an_unregistered_visitor_leads_to_the_register_and_then_to_the_hours(
    clerk, here, database
):
    with database.writing() as session:
        donor = DonorFacts(name="رضا نانوا", mobile=BAKER)
        pledge = a_pledge(session, ServiceItem("نان‌پزی", 16), donor=donor)
        path = f"/desk/volunteers/offers?code={pledge.tracking_code}"
    there = clerk.http.get(path).location
    assert BAKER not in there
    assert clerk.get(there).fields["mobile"] == BAKER
    clerk.get("/desk/volunteers/offers?code=123", status=404)

    clerk.send("/desk/volunteers/new", new(here))

    assert clerk.http.get(path).location.startswith("/desk/volunteers/offers/")
