"""A clerk says how goods and hours were found, and the receipt says it too."""

import pytest
from sqlalchemy import func, select

from donations.models.acceptance import Condition, GoodsAcceptance, ServiceAcceptance
from donations.models.contribution import Contribution
from donations.pledging import GoodsItem, ServiceItem
from offices.staff import Role
from receipts.life.freezing import facts_of
from receipts.life.series import Receipt
from tests.factories import a_pledge
from tests.staff import at_work

BLANKETS = {"goods1_description": "پتو", "goods1_quantity": "۲۰", "goods1_unit": "تخته"}
BLANKETS |= {"goods1_category": "other"}
FOUND = {
    "goods1_condition": "good",
    "goods1_basis": "appraiser",
    "goods1_assessed_value": "۹٬۰۰۰٬۰۰۰",
    "goods1_appraiser": "مهندس کریمی",
    "goods1_warehouse_number": "۷۷/الف",
}
TEACHING = {"service1_skill": "آموزش", "service1_hours": "8"}
SERVED = {
    "service1_started_on": "۱۴۰۵/۰۸/۲۰",
    "service1_ended_on": "1405/8/28",
    "service1_place": "مرکز آفتاب",
    "service1_supervisor": "لاله احمدی",
}


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


def entries(database):
    with database.reading() as session:
        return session.scalars(select(func.count(Contribution.id))).one()


def facts(database):
    with database.reading() as session:
        return facts_of(session.scalars(select(Receipt)).one())


def test_what_a_clerk_found_stands_on_the_receipt(clerk, database):
    clerk.send("/desk/walk-in", {"amount": "1000", **BLANKETS, **FOUND, **TEACHING, **SERVED})

    printed = facts(database)
    (goods,), (hours,) = printed.goods, printed.hours
    assert (goods.condition, goods.assessed_value_rial) == ("good", 9_000_000)
    assert (goods.appraiser, goods.warehouse_number) == ("مهندس کریمی", "77/الف")
    assert (hours.place, hours.supervisor) == ("مرکز آفتاب", "لاله احمدی")
    assert (hours.ended_on - hours.started_on).days == 8


def test_a_clerk_who_says_nothing_writes_nothing(clerk, database):
    clerk.send("/desk/walk-in", {**BLANKETS, **TEACHING})

    with database.reading() as session:
        assert session.scalars(select(GoodsAcceptance)).all() == []
        assert session.scalars(select(ServiceAcceptance)).all() == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"goods1_category": ""}, "گروه کالا را انتخاب کنید"),
        ({**FOUND, "goods1_condition": ""}, "وضعیت کالا را انتخاب کنید"),
        ({"goods1_category": "bedding"}, "وضعیت کالا را انتخاب کنید"),
        ({**FOUND, "goods1_assessed_value": ""}, "ارزش برآوردی را بنویسید"),
        ({**FOUND, "goods1_basis": "not_valued"}, "مبنای ارزش را انتخاب کنید"),
        ({**FOUND, "goods1_appraiser": ""}, "نام کارشناس را بنویسید"),
        ({**FOUND, "goods1_basis": "invoice"}, "نام کارشناس تنها برای"),
        ({**FOUND, "goods1_appraiser": "کریمی 😀"}, "را نمی‌توان روی رسید چاپ کرد"),
        ({**FOUND, "goods2_condition": "new"}, "بنویسید کالا چیست"),
        ({**TEACHING, **SERVED, "service1_supervisor": ""}, "سرپرست"),
        ({**TEACHING, **SERVED, "service1_ended_on": "1405/08/01"}, "پیش از روز آغاز"),
        ({**TEACHING, **SERVED, "service1_ended_on": "آذر"}, "تقویم"),
        ({"name": "علی 😀"}, "را نمی‌توان روی رسید چاپ کرد"),
    ],
)
def test_what_is_not_whole_is_refused_and_nothing_is_saved(clerk, database, fields, said):
    page = clerk.send("/desk/walk-in", {**BLANKETS, **fields}, status=422)

    assert said in page.words
    assert entries(database) == 0


@pytest.fixture
def pledge(database):
    with database.writing() as session:
        return a_pledge(session, GoodsItem("پتو", 20_000, "تخته"), ServiceItem("آموزش", 8))


def test_what_was_promised_is_received_with_how_it_was_found(clerk, database, pledge):
    goods, hours = (f"item{item.id}" for item in pledge.items)
    fields = {goods: "y", f"{goods}_condition": "worn", f"{hours}_place": "نیامد"}
    fields |= {f"{goods}_category": "other"}

    clerk.send(f"/desk/receive/{pledge.tracking_code}", fields)

    with database.reading() as session:
        assert session.scalars(select(GoodsAcceptance)).one().condition is Condition.WORN
        assert session.scalars(select(ServiceAcceptance)).all() == []


def test_hours_that_are_half_told_are_refused_by_code_too(clerk, database, pledge):
    _, hours = (f"item{item.id}" for item in pledge.items)
    fields = {hours: "y", f"{hours}_place": "آفتاب"}

    page = clerk.send(f"/desk/receive/{pledge.tracking_code}", fields, status=422)

    assert "نخستین روز" in page.words
    assert entries(database) == 0
