"""Goods and needs on their pages: published, offered, looked at, valued, stored and handed over."""

import re

import pytest
from sqlalchemy import select

from core.portable import sha256_of
from donations.goods.stocking import stock_of
from donations.models.acceptance_rule import AcceptanceRule
from donations.models.contribution import Contribution
from donations.models.goods_offer import GoodsAppointment
from donations.models.hand_over import HandOver
from donations.models.inspection import Inspection, Valuation
from donations.models.need import Need
from donations.models.pledge import ItemState, Pledge
from donations.models.stock import StockMovement
from donations.pledging import DonorFacts, GoodsItem
from flows.checking import check_ledger
from offices.granting import Role
from offices.scope import EVERYWHERE
from tests.factories import a_pledge, office_id
from tests.goods import FUND, a_need
from tests.receipts.drawn import pdfium_text
from tests.staff import at_work

MILK = GoodsItem("شیر خشک", 5_000, "قوطی")
DONOR = DonorFacts(name="زهرا احمدی", mobile="09121234567")
# The day of the tests is 1405/09/01.
SEEN = {"item-category": "formula_milk", "item-condition": "new", "item-is_opened": "no"}
SEEN = {name.replace("-", "_"): value for name, value in SEEN.items()}


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def manager(app, database):
    return at_work(app, database, Role.OFFICE_MANAGER)


def promised(database, item=MILK):
    with database.writing() as session:
        pledge = a_pledge(session, item, office="07", donor=DONOR)
        return pledge.tracking_code, pledge.items[0].id, pledge.view_key


def published(database, staff_id, **how):
    with database.writing() as session:
        return a_need(session, staff_id=staff_id, **how).id


def look_at(clerk, code, item_id, status=200, **seen):
    return clerk.send(f"/desk/goods/offers/{code}/items/{item_id}", seen, status=status)


def received(database, clerk, item=None):
    code, item_id, key = promised(database, item or GoodsItem("پتو", 20_000, "تخته"))
    look_at(clerk, code, item_id, item_category="other", item_condition="new", item_shelf="قفسه ۳")
    return code, key


def kind_field(kind):
    return "kind_" + sha256_of(f"{kind.category_id}|{kind.kind_folded}")[:16]


def offer(client, need_id, quantity, status=200):
    page = client.get(f"/needs/{need_id}")
    hidden = {name: page.fields[name] for name in ("request_key", "csrf_token")}
    fields = {"quantity": str(quantity), **hidden}
    return client.post(f"/needs/{need_id}", status=status, **fields)


def test_a_manager_publishes_a_need_and_the_public_offers(client, database, manager):
    with database.reading() as session:
        office = office_id(session)
    manager.send(
        "/desk/needs/new",
        {
            "office": office, "fund": FUND, "kind": "goods", "title": "ویلچر", "unit": "عدد",
            "category": "rehabilitation_aid", "quantity": "۳۰",
        },
    )  # fmt: skip
    with database.reading() as session:
        need_id = session.scalars(select(Need.id)).one()

    assert "۳۰ عدد" in client.get("/needs").words
    first, second = offer(client, need_id, 12), offer(client, need_id, 20)

    assert "۱۲" in first.words
    assert "در فهرست انتظار" in second.words
    assert "۱۸" in second.words
    assert "اکنون نیازی" in client.get("/needs").words
    assert "در فهرست انتظار" in manager.get(f"/desk/needs/{need_id}").words


def test_a_need_without_quantity_is_not_published_and_nothing_is_lost(database, manager):
    page = manager.send("/desk/needs/new", {"title": "ویلچر", "kind": "goods"}, status=422)

    assert page.fields["title"] == "ویلچر"
    with database.reading() as session:
        assert session.scalars(select(Need.id)).all() == []


def test_the_list_of_needs_is_narrowed_by_kind_and_province(client, database, manager):
    published(database, manager.staff_member_id)

    assert "ویلچر" in client.get("/needs?kind=goods&province=07").words
    assert "ویلچر" not in client.get("/needs?kind=hours").words
    assert "ویلچر" not in client.get("/needs?province=01").words


def test_an_offer_that_cannot_be_read_is_refused_beside_its_field(client, database, manager):
    need_id = published(database, manager.staff_member_id)

    page = offer(client, need_id, "زیاد", status=422)

    assert "quantity-error" in page.ids
    with database.reading() as session:
        assert session.scalars(select(Pledge.id)).all() == []


def test_milk_that_expires_soon_is_refused_kindly(client, clerk, database):
    code, item_id, key = promised(database)

    page = look_at(clerk, code, item_id, **SEEN, item_expires_on="1405/09/21")

    assert "دست‌کم ۶۰ روز" in page.words
    assert "سپاسگزاریم" in client.get(f"/follow/{code}?key={key}").words
    with database.reading() as session:
        assert session.scalars(select(Contribution.id)).all() == []
        assert session.scalars(select(Pledge)).one().items[0].state is ItemState.WITHDRAWN


def test_what_a_rule_asks_is_asked_beside_the_field(clerk, database):
    code, item_id, _key = promised(database)

    page = look_at(clerk, code, item_id, status=422, **SEEN)

    assert "item_expires_on-error" in page.ids


def test_no_form_chooses_the_category_of_goods_for_the_clerk(clerk, manager, database):
    code, item_id, _key = promised(database)

    looked = look_at(clerk, code, item_id, status=422, item_condition="new")
    ticked = clerk.send(f"/desk/receive/{code}", {f"item{item_id}": "y"}, status=422)
    asked = {"kind": "goods", "title": "شیر", "quantity": "5", "unit": "قوطی"}
    wanted = manager.send("/desk/needs/new", asked, status=422)

    assert "item_category-error" in looked.ids
    assert f"item{item_id}_category-error" in ticked.ids
    assert "category-error" in wanted.ids


def test_goods_that_count_for_a_need_are_in_its_category_from_the_start(
    client, clerk, manager, database
):
    offer(client, published(database, manager.staff_member_id), 12)
    with database.reading() as session:
        pledge = session.scalars(select(Pledge)).one()
        code, item_id = pledge.tracking_code, pledge.items[0].id

    look_at(clerk, code, item_id, item_condition="new", item_works="yes")

    with database.reading() as session:
        assert session.scalars(select(Inspection)).one().category.code == "rehabilitation_aid"


def test_a_walk_in_of_milk_is_refused_beside_its_row(clerk, database):
    row = {"description": "شیر خشک", "quantity": "5", "unit": "قوطی", "category": "formula_milk"}
    row |= {"condition": "new", "is_opened": "no", "expires_on": "1405/09/21"}
    fields = {f"goods2_{name}": value for name, value in row.items()}

    page = clerk.send("/desk/walk-in", fields, status=409)

    assert "goods2_category-error" in page.ids
    with database.reading() as session:
        assert session.scalars(select(Pledge.id)).all() == []


def test_a_dear_walk_in_waits_for_a_second_person(clerk, manager, database):
    row = {"description": "دستگاه", "quantity": "1", "unit": "عدد", "condition": "new"}
    row |= {"category": "other", "basis": "donor", "assessed_value": "600000000"}

    page = clerk.send("/desk/walk-in", {f"goods1_{name}": value for name, value in row.items()})

    assert "نفر دومی" in page.words
    with database.reading() as session:
        valuation_id = session.scalars(select(Valuation.id)).one()
        assert session.scalars(select(Contribution.id)).all() == []
    path = f"/desk/goods/values/{valuation_id}"
    assert clerk.http.get(path).status_code == 404
    assert "۶۰۰٬۰۰۰٬۰۰۰" in manager.get(path).words
    manager.send(path, {"decision": "approved"})
    with database.reading() as session:
        assert len(session.scalars(select(Contribution.id)).all()) == 1
        assert check_ledger(session).ok


def test_an_office_expects_goods_and_the_donor_sees_when(client, clerk, database):
    code, _item, key = promised(database)
    path = f"/desk/goods/offers/{code}"
    day = {"way": "pick_up", "day": "1405/09/01", "part_of_day": "morning"}

    page = clerk.send(path, day, status=422)
    assert "address-error" in page.ids
    clerk.send(path, {**day, "address": "کوچهٔ بهار"})

    assert "کوچهٔ بهار" in clerk.get("/desk/goods").words
    seen = client.get(f"/follow/{code}?key={key}").words
    assert "قرار تحویل" in seen
    assert "کوچهٔ بهار" not in seen
    assert client.http.get(f"/desk/goods/offers/{code}").status_code != 200


def test_a_donor_proposes_a_day_in_the_own_view_only(client, clerk, database):
    code, _item, key = promised(database)
    day = {"way": "drop_off", "day": "1405/09/03", "part_of_day": "noon"}
    form = client.get(f"/follow/{code}?key={key}")
    token = {"csrf_token": form.fields["csrf_token"]}

    path = f"/follow/{code}/appointment"
    assert client.http.post(path, data={**day, **token}).status_code == 404
    client.http.post(f"{path}?key={key}", data={**day, **token})

    with database.reading() as session:
        assert session.scalars(select(GoodsAppointment)).one().set_by_id is None
    assert "پیشنهاد مشارکت‌کنندگان" in clerk.get("/desk/goods").words


def test_goods_lie_in_stock_and_leave_on_a_slip(client, clerk, app, database):
    code, key = received(database, clerk)
    there = at_work(app, database, Role.CLERK, office="03")
    assert "قفسه ۳" in clerk.get("/desk/goods/stock").html
    with database.reading() as session:
        office = office_id(session, "03")

        field = kind_field(stock_of(session, EVERYWHERE)[0])
    new = "/desk/goods/slips/new"

    too_many = clerk.send(new, {field: "21", "to_office": office}, status=422)
    assert f"{field}-error" in too_many.ids
    assert "to_office-error" in clerk.send(new, {field: "5"}, status=422).ids
    page = clerk.send(new, {field: "5", "to_office": office})

    assert "۰۷-۱" in page.words
    assert "۰۷-۱" in client.get(f"/follow/{code}?key={key}").words
    with database.reading() as session:
        slip = session.scalars(select(HandOver)).one()
        line_id = slip.lines[0].id
    path = f"/desk/goods/slips/{slip.id}"
    assert clerk.http.post(path, data=clerk.form(path)).status_code == 404
    short = {f"quantity{line_id}": "4"}
    assert f"reason{line_id}-error" in there.send(path, short, status=422).ids
    there.send(path, {**short, f"reason{line_id}": "یکی پاره بود"})
    assert "به محل نیاز رسید" in client.get(f"/follow/{code}?key={key}").words
    clerk.answer(f"/desk/goods/slips/lines/{line_id}/back", {"quantity": "5", "reason": "برگشت"},
        hidden=clerk.form(path))  # fmt: skip
    with database.reading() as session:
        assert [row.thousandths for row in stock_of(session, EVERYWHERE)] == [20_000]
        assert check_ledger(session).ok


def test_a_slip_is_printed_for_both_offices_and_no_other(app, clerk, database):
    received(database, clerk)
    there, stranger = (at_work(app, database, Role.CLERK, office=code) for code in ("03", "06"))
    with database.reading() as session:
        field = kind_field(stock_of(session, EVERYWHERE)[0])
        office = office_id(session, "03")
    page = clerk.send("/desk/goods/slips/new", {field: "5", "to_office": office})
    path = next(link for link in page.links if link.endswith("/slip.pdf"))

    found = [pdfium_text(person.http.get(path).data) for person in (clerk, there)]
    found.append(pdfium_text(clerk.http.get(f"{path}?language=en").data))

    assert ["حوالهٔ تحویل کالا" in text and "۵ تخته" in text for text in found[:2]] == [True, True]
    assert "Hand-over slip for goods" in found[2]
    assert stranger.http.get(path).status_code == 404


def test_a_shelf_is_written_down(clerk, database):
    received(database, clerk)
    with database.reading() as session:
        lot = session.scalars(select(StockMovement.lot_id)).one()

    clerk.send("/desk/goods/stock", {"lot": lot, "shelf": "ته انبار"})

    assert "ته انبار" in clerk.get("/desk/goods/stock").html


def test_goods_of_another_office_do_not_exist(app, database, clerk):
    code, _key = received(database, clerk)
    stranger = at_work(app, database, Role.CLERK, office="01")
    with database.reading() as session:
        lot = session.scalars(select(StockMovement.lot_id)).one()

    assert stranger.http.get(f"/desk/goods/offers/{code}").status_code == 404
    assert "پتو" not in stranger.get("/desk/goods/stock").words
    hidden = stranger.form("/desk/walk-in")
    moved = stranger.answer("/desk/goods/stock", {"lot": lot, "shelf": "x"}, hidden=hidden)
    assert moved.status_code == 404


def test_only_an_administrator_sets_a_rule(app, database, clerk):
    administrator = at_work(app, database, Role.ADMINISTRATOR, office="00")
    rule = {
        "category": "formula_milk", "kind": "days_until_expiry", "value": "۹۰",
        "valid_from": "1405/09/01", "reason": "دستور تازه",
    }  # fmt: skip

    refused = clerk.answer("/desk/goods/rules", rule, hidden=clerk.form("/desk/walk-in"))
    assert refused.status_code == 404
    administrator.send("/desk/goods/rules", rule)
    late = administrator.send("/desk/goods/rules", {**rule, "valid_from": "1405/08/01"}, status=422)

    assert "valid_from-error" in late.ids
    assert re.search("دستور تازه", administrator.get("/desk/goods/rules").words)
    with database.reading() as session:
        set_by = AcceptanceRule.set_by_id.is_not(None)
        assert len(session.scalars(select(AcceptanceRule).where(set_by)).all()) == 1


def test_a_refused_offer_taken_back_frees_its_place(clerk, database):
    code, item_id, _key = promised(database)

    clerk.answer(f"/desk/goods/offers/{code}/items/{item_id}/withdraw", {},
        hidden=clerk.form(f"/desk/goods/offers/{code}"))  # fmt: skip

    with database.reading() as session:
        assert session.scalars(select(Pledge)).one().items[0].state is ItemState.WITHDRAWN


def test_a_quantity_stays_with_its_kind_when_other_goods_come(clerk, database):
    received(database, clerk)
    with database.reading() as session:
        blankets = kind_field(stock_of(session, EVERYWHERE)[0])
    received(database, clerk, GoodsItem("آب", 9_000, "بطری"))  # stands before the blankets now

    clerk.send("/desk/goods/slips/new", {blankets: "5", "to_person": "سرپرست"})

    with database.reading() as session:
        left = {row.description: row.thousandths for row in stock_of(session, EVERYWHERE)}
    assert left == {"پتو": 15_000, "آب": 9_000}


def test_a_kind_that_lies_there_no_more_is_refused_by_name(clerk, database):
    received(database, clerk)
    with database.reading() as session:
        field = kind_field(stock_of(session, EVERYWHERE)[0])
    gone = {field: "5", f"kind_{'0' * 16}": "5", "to_person": "سرپرست"}

    page = clerk.send("/desk/goods/slips/new", gone, status=422)

    assert "errors" in page.ids
    with database.reading() as session:
        assert session.scalars(select(HandOver.id)).all() == []


@pytest.mark.parametrize("number", [2**63, 10**30, "9" * 5_000])
def test_a_number_beyond_the_database_names_nothing(client, clerk, database, number):
    assert client.http.get(f"/needs?before={number}").status_code == 200
    assert client.http.get(f"/needs/{number}").status_code == 404
    assert clerk.http.get(f"/desk/goods/slips?before={number}").status_code == 200
    hidden = clerk.form("/desk/walk-in")
    moved = clerk.answer("/desk/goods/stock", {"lot": number, "shelf": "x"}, hidden=hidden)
    assert moved.status_code in (303, 404)
    received(database, clerk)
    slip = {"to_office": number}
    assert clerk.answer("/desk/goods/slips/new", slip).status_code in (404, 422)
