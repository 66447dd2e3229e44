"""Pages of offices, donors and lists: what each shows, to whom, and what a form does."""

import io
import json
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from core.clock import tehran_date
from donations.merging import donors_of_person
from donations.models.contribution import Contribution
from donations.models.donor import Donor
from donations.models.partner_receipt import PartnerReceipt
from donations.models.pledge import Channel, ItemKind
from donations.partner_receipts import PartnerGift, record_partner_receipt
from donations.pledging import CashItem, DonorFacts
from flows.lists.columns import COLUMNS, ListKind
from flows.office_figures import look_at_offices
from flows.receiving import receive_at_desk
from offices.changing import Change, NewOffice, open_office
from offices.one_time_codes import new_secret
from offices.places import Office
from offices.scope import EVERYWHERE
from offices.staff import Role, StaffMember, StaffSession
from tests.factories import NOON, a_pledge, a_staff_member
from tests.flows.test_lists import GOOD, GOODS, a_file, with_cell
from tests.page_client import PageClient
from tests.staff import at_work

TODAY = tehran_date(NOON)


@pytest.fixture
def partner(database):
    """A partner centre below the desk 07, and a leaf of its book."""
    with database.writing() as session:
        staff = a_staff_member(session, "who-opens", office="00")
        new = NewOffice("مرکز همکار مهر", "Mehr", parent="07", is_partner=True)
        centre = open_office(session, new, Change(TODAY, "", staff.id, NOON))
        gift = PartnerGift(centre.code, "5", TODAY, ItemKind.CASH, amount_rial=4_000_000)
        record_partner_receipt(session, EVERYWHERE, gift, recorded_by_id=staff.id, now=NOON)
        return centre.code


@pytest.fixture
def twins(database):
    """Two donors with one mobile, who gave at the desk 07."""
    with database.writing() as session:
        staff = a_staff_member(session, "who-receives")
        ids = []
        for name in ("زهرا احمدی", "=زهره احمدی"):
            donor = DonorFacts(name=name, mobile="09121234567")
            pledge = a_pledge(
                session, CashItem(3_000_000), donor=donor, office="07", channel=Channel.DESK
            )
            receive_at_desk(session, pledge, tender="cash", staff_id=staff.id, now=NOON)
            ids.append(pledge.donor_id)
        return ids


@pytest.mark.usefixtures("partner", "twins")
def test_the_desk_shows_its_day_its_month_and_what_waits(app, database):
    with database.writing() as session:
        a_pledge(session, CashItem(7_000_000), office="07", channel=Channel.PHONE)

    page = at_work(app, database, Role.CLERK).get("/desk")

    assert "نقد (۲)" in page.words
    assert "۶٬۰۰۰٬۰۰۰" in page.words
    assert "۱ تعهد از نود روز گذشته" in page.words
    assert page.words.count("۱۴۰۵/۰۸/") >= 29


@pytest.mark.usefixtures("partner", "twins")
def test_offices_stand_side_by_side_with_the_part_of_partner_centres_apart(app, database):
    look_at_offices(database, now=NOON)

    page = at_work(app, database, Role.OFFICE_MANAGER).get("/desk/offices")

    assert "مرکز همکار مهر" in page.words
    assert "دریافت مستقیم: ۴٬۰۰۰٬۰۰۰ ریال" in page.words
    assert "میز خدمت یزد" not in page.words


def test_a_donor_is_found_and_two_are_merged_and_parted(app, database, twins):
    manager = at_work(app, database, Role.OFFICE_MANAGER)
    assert "احمدی" in manager.get("/desk/donors").words
    assert "زهرا احمدی" in manager.get("/desk/donors?q=احمدی").words
    address = f"/desk/donors/{twins[0]}/merge/{twins[1]}"
    assert manager.get(f"/desk/donors/{twins[0]}").words.count("تلفن همراه یکسان") == 1

    assert "۳۰۰ نویسه" in manager.send(address, {"reason": " "}, status=422).words
    manager.send(address, {"reason": "خودش گفت"})

    with database.reading() as session:
        assert donors_of_person(session, twins[1]) == twins
    assert "مشارکت‌ها در اداره‌های شما ۲" in manager.get(f"/desk/donors/{twins[0]}").words
    manager.send("/desk/donors/merges/1", {"reason": "اشتباه بود"})
    with database.reading() as session:
        assert donors_of_person(session, twins[1]) == [twins[1]]


def test_a_clerk_sees_who_may_be_the_same_and_merges_nobody(app, database, twins):
    clerk = at_work(app, database, Role.CLERK)
    address = f"/desk/donors/{twins[0]}/merge/{twins[1]}"

    assert "به مدیر ادارهٔ خود" in clerk.get(f"/desk/donors/{twins[0]}").words
    clerk.get(address)

    assert (
        clerk.answer(address, {"reason": "x"}, hidden=clerk.form("/desk/slips")).status_code == 404
    )


def test_another_office_finds_neither_donor_nor_centre(app, database, twins, partner):
    other = at_work(app, database, Role.OFFICE_MANAGER, office="08")

    assert "پیدا نشد" in other.get("/desk/donors?q=احمدی").words
    other.get(f"/desk/donors/{twins[0]}", status=404)
    other.get(f"/headquarters/offices/{partner}", status=404)
    other.get("/desk/partner-receipts/1", status=404)


def test_an_administrator_opens_moves_renames_and_closes(app, database):
    admin = at_work(app, database, Role.ADMINISTRATOR, office="00")
    new = {"kind": "centre", "name_fa": "مرکز امید", "name_en": "Omid", "parent": "07"}

    wrong = admin.send("/headquarters/offices/new", {**new, "valid_from": "1406/01/01"}, status=422)
    assert "نباید پس از امروز" in wrong.words
    assert "مرکز امید" in admin.send("/headquarters/offices/new", new).words
    address = "/headquarters/offices/34"
    rename = {"change_kind": "renamed", "name_fa": "مرکز نور", "name_en": "Nur", "reason": "ابلاغ"}
    assert "مرکز نور" in admin.send(address, rename).words
    closed = admin.send(address, {"change_kind": "closed", "reason": "پایان کار"})

    assert "بسته" in closed.words
    assert "گشایش" in closed.words
    with database.reading() as session:
        assert not session.scalars(select(Office.is_open).where(Office.code == "34")).one()


def test_a_leaf_is_recorded_once_and_reversed(app, database, partner):
    manager = at_work(app, database, Role.OFFICE_MANAGER)
    leaf = {"office": partner, "number": "6", "kind": "cash", "amount_rial": "۵٬۰۰۰٬۰۰۰"}

    manager.send("/desk/partner-receipts", leaf)
    again = manager.send("/desk/partner-receipts", leaf)
    wrong = manager.send("/desk/partner-receipts", {**leaf, "amount_rial": "1"}, status=422)
    voided = manager.send("/desk/partner-receipts/2", {"reason": "اشتباه"})

    assert "پیش‌تر ثبت شده بود" in again.words
    assert "با محتوای دیگری" in wrong.words
    assert "باطل" in voided.words
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(PartnerReceipt)) == 2


@pytest.mark.usefixtures("partner")
def test_a_bad_list_is_explained_and_its_good_rows_may_be_taken(app, database):
    manager = at_work(app, database, Role.OFFICE_MANAGER)
    address = "/desk/partner-receipts/upload"
    file = a_file(ListKind.PARTNER_RECEIPTS, GOOD, with_cell(5, "پنج"), GOODS)

    answer = manager.answer(address, {"file": (io.BytesIO(file), "a.xlsx")})
    page = manager.check(answer, 422)
    assert page.html.count('enctype="multipart/form-data"') == 2
    assert "۳ مبلغ (ریال)" in page.words
    assert "۱ ردیف ثبت‌شدنی نیست و ۲ ردیف درست است" in page.words
    done = manager.send(address, {name: page.fields[name] for name in ("rows", "shown")})

    assert "۲ ردیف ثبت شد" in done.words
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(PartnerReceipt)) == 3


@pytest.mark.usefixtures("partner")
def test_a_long_list_goes_back_with_its_good_rows(app, database):
    manager = at_work(app, database, Role.OFFICE_MANAGER)
    address, line = "/desk/partner-receipts/upload", "\r\n"
    rows = [[n, {"office": "34", "number": "", "description": "پ" * 400}] for n in range(2, 900)]
    shown = " ".join(str(number) for number, _texts in rows)
    carried = {"rows": json.dumps(rows, ensure_ascii=False), "shown": shown}
    fields = {**manager.form(address), **carried}
    parts = [
        f'--x{line}Content-Disposition: form-data; name="{name}"{line}{line}{text}{line}'
        for name, text in fields.items()
    ]  # by hand: the test client would leave a file open for a body of this size

    answer = manager.http.post(
        address,
        data=f"{''.join(parts)}--x--{line}".encode(),
        content_type="multipart/form-data; boundary=x",
    )

    assert answer.status_code == 303


def test_desks_by_a_list_need_a_fresh_code(app, database):
    admin = at_work(app, database, Role.ADMINISTRATOR, office="00")
    with database.writing() as session:
        session.get_one(StaffMember, admin.staff_member_id).totp_secret = new_secret()
        session.scalars(select(StaffSession)).one().stepped_up_at = NOON - timedelta(minutes=6)
    file = a_file(ListKind.OFFICES, ["مرکز", "مرکز امید", "Omid", "", "07", ""])

    answer = admin.answer(
        "/headquarters/offices/upload",
        {"file": (io.BytesIO(file), "a.xlsx"), "code": "000000"},
    )

    assert "code-error" in admin.check(answer, 422).ids
    with database.reading() as session:
        assert session.scalar(select(func.count()).where(Office.code == "34")) == 0


_MANY = json.dumps([[n, {}] for n in range(1, 1_002)])


@pytest.mark.parametrize(
    "rows",
    [
        "",
        "x",
        "{}",
        "[]",
        "[[1]]",
        '[["a", {}]]',
        "[[Infinity, {}]]",
        "[[1e300, {}]]",
        '[[2, {"name": "\\ud800"}]]',
        _MANY,
    ],
)
def test_rows_that_no_page_carried_are_refused(app, database, rows):
    manager = at_work(app, database, Role.OFFICE_MANAGER)

    answer = manager.answer("/desk/partner-receipts/upload", {"rows": rows})

    assert answer.status_code == 422
    assert ("حداکثر ۱۰۰۰ ردیف" if rows == _MANY else "دست‌کم یک ردیف") in answer.text


def cells_of(answer):
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("entries", "زهرا احمدی"),
        ("walk-ins", "0912***4567"),
        ("donors", "زهرا احمدی"),
        ("open-promises", "7000000"),
        ("stock", None),
        ("partner-receipts", "4000000"),
    ],
)
@pytest.mark.usefixtures("partner", "twins")
def test_every_list_can_be_saved_and_holds_no_formula(app, database, name, shown):
    with database.writing() as session:
        a_pledge(session, CashItem(7_000_000), office="07", channel=Channel.PHONE)
    manager = at_work(app, database, Role.OFFICE_MANAGER)

    excel = manager.http.get(f"/desk/lists/file?list={name}&ending=xlsx")
    text = manager.http.get(f"/desk/lists/file?list={name}&ending=csv").text

    rows = cells_of(excel)
    told = [
        str(int(cell)) if isinstance(cell, float) else str(cell) for row in rows for cell in row
    ]
    assert shown is None or any(shown in cell for cell in told)
    assert b"<f>" not in excel.data
    assert ",=" not in text


@pytest.mark.usefixtures("twins")
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_the_saved_list_of_money_is_handed_in_again_and_adds_nothing(app, database, ending):
    clerk = at_work(app, database, Role.CLERK)
    saved = clerk.http.get(f"/desk/lists/file?list=walk-ins&ending={ending}").data

    page = clerk.send("/desk/lists/walk-ins/upload", {"file": (io.BytesIO(saved), f"a.{ending}")})

    assert "۰ ردیف ثبت شد و ۲ ردیف از پیش ثبت شده بود" in page.words


def test_a_row_known_by_its_content_is_shown_before_anything_is_recorded(app, database):
    clerk = at_work(app, database, Role.CLERK)
    headings = ",".join(column.fa for column in COLUMNS[ListKind.WALK_INS])
    first, second = (f",1405/09/01,{amount},,,,,,,,\n" for amount in (2_000_000, 3_000_000))

    def hand_in(text, **how):
        file = (io.BytesIO(f"{headings}\n{text}".encode()), "a.csv")
        return clerk.send("/desk/lists/walk-ins/upload", {"file": file}, **how)

    hand_in(first)
    page = hand_in(first + second, status=422)

    assert "۱ ردیف از پیش ثبت شده و ۱ ردیف تازه است" in page.words
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in page.words
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Contribution)).one() == 1


def test_a_list_that_is_none_or_of_another_role_is_not_found(app, database):
    finance = at_work(app, database, Role.FINANCE, office="00")

    for name, ending in (("donors", "xlsx"), ("x", "xlsx"), ("entries", "pdf")):
        answer = finance.http.get(f"/desk/lists/file?list={name}&ending={ending}")
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("address", "role", "kind"),
    [
        ("/desk/partner-receipts/template.xlsx", Role.CLERK, ListKind.PARTNER_RECEIPTS),
        ("/desk/lists/walk-ins/template.xlsx", Role.CLERK, ListKind.WALK_INS),
        ("/headquarters/offices/template.xlsx", Role.ADMINISTRATOR, ListKind.OFFICES),
    ],
)
def test_an_empty_file_has_the_headings_that_are_understood(app, database, address, role, kind):
    person = at_work(app, database, role, office="07" if role is Role.CLERK else "00")

    rows = cells_of(person.http.get(address))

    assert rows[1][: len(COLUMNS[kind])] == [column.fa for column in COLUMNS[kind]]


def test_donors_of_a_search_are_shown_with_a_masked_number(app, database, twins):
    page = at_work(app, database, Role.CLERK).get("/desk/donors?q=09121234567")

    assert "۰۹۱۲۱۲۳۴۵۶۷" not in page.words
    with database.reading() as session:
        assert session.get_one(Donor, twins[0]).mobile == "09121234567"


@pytest.mark.parametrize("leaves", [4, 5])
def test_the_part_of_partner_centres_is_shown_apart_not_of_a_few(app, database, partner, leaves):
    with database.writing() as session:
        staff = a_staff_member(session, "who-records")
        for number in range(1, leaves):
            gift = PartnerGift(partner, f"1{number}", TODAY, ItemKind.CASH, amount_rial=1_000_000)
            record_partner_receipt(session, EVERYWHERE, gift, recorded_by_id=staff.id, now=NOON)

    page = PageClient(app).get("/transparency")

    assert ("بخش مراکز همکار" in page.words) is (leaves == 5)
    assert ("۸٬۰۰۰٬۰۰۰" in page.words) is (leaves == 5)
