"""The desk as a clerk uses it: walk-in gifts, entries, voids and cash for the bank."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from donations.models.contribution import Contribution, ContributionReversal, Tender
from donations.models.desk import DepositSlip, VoidRequest
from donations.models.pledge import HiddenFrom, Pledge
from donations.pledging import CashItem, DonorFacts
from flows.catalogue import enter_terminal
from flows.desk import WalkIn, record_walk_in
from ledger.accounts import BankAccount
from offices.audit import AuditEntry
from offices.one_time_codes import code_at, new_secret
from offices.staff import Role, StaffMember, StaffSession
from tests.factories import NOON, a_pledge, office_id
from tests.ledger.world import a_final_payment
from tests.staff import at_work

BLANKETS = {"goods1_description": "پتو", "goods1_quantity": "۲۰", "goods1_unit": "تخته"}
BLANKETS |= {"goods1_category": "other"}
CHOSEN = {"tender", "fund", "goods1_category"}  # and not typed
CASH = {"amount": "۱٬۰۰۰٬۰۰۰", "tender": "cash"}


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def manager(app, database):
    return at_work(app, database, Role.OFFICE_MANAGER)


@pytest.fixture
def stranger(app, database):
    return at_work(app, database, Role.CLERK, office="06")


def rows(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def enter(database, clerk, *, name="زهرا احمدی", hidden_from=HiddenFrom.NOBODY, rial=1_000_000):
    """An entry that stands; its tracking code."""
    with database.writing() as session:
        facts = DonorFacts(name=name, mobile="09121234567", hidden_from=hidden_from)
        receipt = record_walk_in(
            session,
            WalkIn([CashItem(rial)], facts, tender=Tender.CASH),
            office_id=office_id(session),
            staff_id=clerk.staff_member_id,
            request_key=None,
            now=NOON,
        )
        contribution = session.get_one(Contribution, receipt.contribution_id)
        return session.get_one(Pledge, contribution.pledge_id).tracking_code


# Walk-in


def test_a_clerk_logs_money_and_goods_and_has_the_receipt_at_once(clerk, database):
    page = clerk.send("/desk/walk-in", {**CASH, **BLANKETS})

    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in page.words
    assert "۲۰ تخته پتو" in page.words
    assert any(link.startswith("/receipts/1405-07-000001.pdf") for link in page.links)
    assert rows(database, Contribution) == 1
    assert "۱٬۰۰۰٬۰۰۰ ریال" in clerk.get("/desk").words


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "1000"},
        BLANKETS,
        {**BLANKETS, "goods1_quantity": "2.5", "goods1_unit": "کیلوگرم"},
        {"service1_skill": "آموزش", "service1_hours": "۸"},
    ],
    ids=["money", "goods", "a fraction of goods", "hours"],
)
def test_only_the_kind_and_its_amount_or_item_are_compulsory(clerk, database, fields):
    clerk.send("/desk/walk-in", fields)

    assert rows(database, Contribution) == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "مبلغ، کالا یا ساعت خدمت را وارد کنید"),
        ({"amount": "یک میلیون"}, "مبلغ را به ریال"),
        ({"amount": "0"}, "مبلغ را به ریال"),
        ({"amount": "12.5"}, "مبلغ را به ریال"),
        ({"amount": "1000", "tender": "cheque"}, "شمارهٔ چک را بنویسید"),
        ({"amount": "1000", "tender": "barter"}, "این گزینه پذیرفته نیست"),
        ({"amount": "1000", "fund": "nowhere"}, "این گزینه پذیرفته نیست"),
        ({"amount": "1000", "mobile": "0912"}, "شمارهٔ همراه"),
        ({"amount": "1000", "national_id": "1234567890"}, "کد ملی"),
        ({"amount": "1000", "email": "nobody"}, "رایانامه"),
        ({"amount": "1000", "name": "ن" * 201}, "بیش از اندازه بلند"),
        ({"goods1_description": "پتو"}, "خالی مانده است"),
        ({"goods1_declared_value": "1000"}, "خالی مانده است"),
        ({**BLANKETS, "goods1_quantity": "1.2345"}, "عددی بزرگ‌تر از صفر"),
        ({**BLANKETS, "goods1_quantity": "-1"}, "عددی بزرگ‌تر از صفر"),
        ({"service1_skill": "آموزش", "service1_hours": "2.5"}, "عددی بزرگ‌تر از صفر"),
        ({"service1_hours": "2"}, "خالی مانده است"),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_nothing_is_saved(clerk, database, fields, told):
    page = clerk.send("/desk/walk-in", fields, status=422)

    assert told in page.words
    typed = {name: text for name, text in fields.items() if name not in CHOSEN}
    assert {name: page.fields[name] for name in typed} == typed
    assert rows(database, Pledge) == 0


def test_the_same_form_twice_is_one_entry(clerk, database):
    hidden = clerk.form("/desk/walk-in")
    fields = {**CASH, "mobile": "09121234567"}

    first = clerk.answer("/desk/walk-in", fields, hidden=hidden)
    second = clerk.answer("/desk/walk-in", fields, hidden=hidden)

    assert (first.status_code, second.status_code) == (303, 303)
    assert second.location == first.location
    assert rows(database, Contribution) == 1


@pytest.mark.parametrize(
    ("path", "fields", "table"),
    [("/desk/walk-in", CASH, Contribution), ("/desk/slips", {"amount": "1000"}, DepositSlip)],
    ids=["gift", "slip"],
)
def test_the_same_form_at_the_same_moment_is_one(app, clerk, database, path, fields, table):
    if table is DepositSlip:
        enter(database, clerk)
    hidden = clerk.form(path)
    form_cookie = clerk.http.get_cookie("form").value

    def send(_turn):
        http = app.test_client()
        http.set_cookie("sid", clerk.key)
        http.set_cookie("form", form_cookie)
        return http.post(path, data={**hidden, **fields}).location

    with ThreadPoolExecutor(4) as pool:
        addresses = set(pool.map(send, range(4)))

    assert len(addresses) == 1
    assert None not in addresses
    assert rows(database, table) == 1


def test_a_cheque_comes_once(clerk, database):
    cheque = {"amount": "5000", "tender": "cheque", "cheque_number": "۱۲۳۴۵۶"}
    clerk.send("/desk/walk-in", cheque)

    page = clerk.send("/desk/walk-in", {**cheque, "amount": "9000"}, status=409)

    assert "این شماره" in page.words
    assert page.fields["amount"] == "9000"
    assert rows(database, Contribution) == 1


def test_another_cheque_of_the_same_number_is_saved_once_a_person_says_so(clerk, database):
    cheque = {"amount": "5000", "tender": "cheque", "cheque_number": "۱۲۳۴۵۶"}
    clerk.send("/desk/walk-in", cheque)
    page = clerk.send("/desk/walk-in", {**cheque, "amount": "9000"}, status=409)
    assert "آیا این همان مشارکت است" in page.words

    clerk.send("/desk/walk-in", {**cheque, "amount": "9000", "is_another": "y"})

    assert rows(database, Contribution) == 2


def test_nothing_is_told_of_the_cheques_of_another_desk(clerk, stranger, database):
    cheque = {"amount": "5000", "tender": "cheque", "cheque_number": "۱۲۳۴۵۶"}
    clerk.send("/desk/walk-in", cheque)

    stranger.send("/desk/walk-in", cheque)

    assert rows(database, Contribution) == 2


def test_a_card_terminal_of_another_desk_cannot_be_named(clerk, database):
    with database.writing() as session:
        account_id = session.scalars(select(BankAccount.id)).one()
        for code in ("06", "07"):
            enter_terminal(
                session,
                f"pos-{code}",
                f"51{code}",
                bank_account_id=account_id,
                office_id=office_id(session, code),
            )
    card = {"amount": "5000", "tender": "card_terminal", "trace_number": "654321"}

    page = clerk.send("/desk/walk-in", {**card, "terminal": "pos-06"}, status=422)
    assert "کارت‌خوان را برگزینید" in page.words
    clerk.send("/desk/walk-in", {**card, "terminal": "pos-07"})

    assert rows(database, Contribution) == 1


def test_the_same_mobile_and_amount_are_asked_about_once(clerk, database):
    fields = {**CASH, "mobile": "۰۹۱۲ ۱۲۳ ۴۵۶۷"}
    clerk.send("/desk/walk-in", fields)

    page = clerk.send("/desk/walk-in", fields, status=409)
    assert "آیا این همان مشارکت است" in page.words
    assert rows(database, Contribution) == 1

    clerk.send("/desk/walk-in", {**fields, "is_another": "y"})
    assert rows(database, Contribution) == 2
    with database.reading() as session:
        assert "pledge.told_apart" in session.scalars(select(AuditEntry.action)).all()


def test_another_row_keeps_everything_that_was_typed(clerk, database):
    page = clerk.send("/desk/walk-in", {**BLANKETS, "amount": "x", "do": "goods_row"})

    assert page.fields["goods1_description"] == "پتو"
    assert page.fields["amount"] == "x"
    assert "goods4_description" in page.fields
    assert rows(database, Pledge) == 0


@pytest.mark.parametrize("count", ["9" * 5000, "-1", "۴", "x", ""])
def test_a_count_of_rows_that_nobody_typed_is_bounded(clerk, count):
    hidden = {**clerk.form("/desk/walk-in"), "goods_rows": count, "service_rows": count}

    page = clerk.send("/desk/walk-in", {"amount": "x"}, hidden=hidden, status=422)

    assert "goods3_description" in page.fields
    assert "goods21_description" not in page.fields


def test_units_are_offered_in_the_language_of_the_page(clerk):
    assert '<option value="کیلوگرم">' in clerk.get("/desk/walk-in").html
    assert '<option value="kilogram">' in clerk.get("/desk/walk-in?language=en").html


def test_a_fourth_kind_of_goods_is_saved_too(clerk):
    hidden = {**clerk.form("/desk/walk-in"), "goods_rows": "4"}
    fourth = {name.replace("goods1", "goods4"): text for name, text in BLANKETS.items()}

    assert "۲۰ تخته پتو" in clerk.send("/desk/walk-in", fourth, hidden=hidden).words


@pytest.mark.parametrize(
    ("hidden_from", "found"),
    [(HiddenFrom.NOBODY, True), (HiddenFrom.PUBLIC, True), (HiddenFrom.EVERYONE, False)],
)
def test_a_donor_is_found_again_by_mobile(clerk, database, hidden_from, found):
    enter(database, clerk, hidden_from=hidden_from)

    page = clerk.send("/desk/walk-in", {"mobile": "09121234567", "do": "find_donor"})

    assert (page.fields["name"] == "زهرا احمدی") is found


def test_a_donor_of_another_desk_is_not_found(clerk, stranger, database):
    enter(database, clerk)

    page = stranger.send("/desk/walk-in", {"mobile": "09121234567", "do": "find_donor"})

    assert page.fields["name"] == ""


# Entries


@pytest.mark.parametrize("page", ["", "/paper", "/void"])
def test_an_entry_of_another_desk_does_not_exist(clerk, stranger, database, page):
    code = enter(database, clerk)

    clerk.get(f"/desk/entries/{code}{page}")
    stranger.get(f"/desk/entries/{code}{page}", status=404)
    stranger.get(f"/desk/walk-in/{code}", status=404)
    assert "زهرا" not in stranger.get("/desk/entries").words


@pytest.mark.parametrize(
    "search", ["۰۹۱۲۱۲۳۴۵۶۷", "زهرا", "1405/07/000001", "۱۴۰۵-۰۷-۰۰۰۰۰۱", None]
)
def test_an_entry_is_found_by_what_is_known_of_it(clerk, stranger, database, search):
    code = enter(database, clerk)
    enter(database, clerk, name="علی رضایی", rial=5, hidden_from=HiddenFrom.EVERYONE)

    page = clerk.get(f"/desk/entries?q={search or code}")

    assert "زهرا احمدی" in page.words
    assert "۵ ریال" not in page.words
    assert "زهرا" not in stranger.get(f"/desk/entries?q={search or code}").words


def test_a_name_hidden_from_everyone_is_hidden_from_staff(clerk, database):
    code = enter(database, clerk, hidden_from=HiddenFrom.EVERYONE)

    for path in ("/desk", "/desk/entries", f"/desk/entries/{code}"):
        assert "زهرا" not in clerk.get(path).words


def test_a_long_list_comes_in_pages(clerk, database):
    for rial in range(1, 52):
        enter(database, clerk, name=None, rial=rial)

    first = clerk.get("/desk/entries")
    (older,) = [link for link in first.links if "before=" in link]

    assert "۵۱ ریال" in first.words
    assert "ثبتی پیدا نشد" not in clerk.get(older).words


# Voids


def ask(clerk, code):
    return clerk.send(f"/desk/entries/{code}/void", {"reason": "مبلغ اشتباه است"})


def request_id(database):
    with database.reading() as session:
        return session.scalars(select(VoidRequest.id)).one()


def test_an_entry_is_void_when_a_second_person_agrees(clerk, manager, database):
    code = enter(database, clerk)
    assert "در انتظار نفر دوم" in ask(clerk, code).words

    path = f"/desk/voids/{request_id(database)}"
    page = manager.send(path, {"decision": "approved"})

    assert "باطل شد" in page.words
    assert "باطل" in clerk.get(f"/desk/entries/{code}").words
    assert rows(database, ContributionReversal) == 1


def test_money_that_is_at_the_bank_is_refused_in_words(clerk, manager, database):
    code = enter(database, clerk)
    ask(clerk, code)
    clerk.send("/desk/slips", {"amount": "400000"})

    path = f"/desk/voids/{request_id(database)}"
    page = manager.send(path, {"decision": "approved"}, status=422)

    assert "تنها ۶۰۰٬۰۰۰ ریال در صندوق آزاد است" in page.words
    assert rows(database, ContributionReversal) == 0


def test_a_gift_that_was_paid_online_offers_no_void(clerk, database):
    code = enter_online(database)
    assert "/void" not in clerk.get(f"/desk/entries/{code}").html

    page = clerk.send(
        f"/desk/entries/{code}/void",
        {"reason": "پشیمان شد"},
        hidden=clerk.form("/desk/walk-in"),
        status=422,
    )

    assert "برخط پرداخت شده" in page.words
    assert rows(database, VoidRequest) == 0


def enter_online(database):
    """A gift that was paid online in the name of this desk; its tracking code."""
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(2_500_000), office="07")
        a_final_payment(session, pledge, order_number=1)
        return pledge.tracking_code


def test_declining_leaves_the_entry_as_it_is(clerk, manager, database):
    ask(clerk, enter(database, clerk))

    manager.send(f"/desk/voids/{request_id(database)}", {"decision": "declined"})

    assert rows(database, ContributionReversal) == 0


def test_nobody_decides_on_their_own_request(manager, database):
    ask(manager, enter(database, manager))
    path = f"/desk/voids/{request_id(database)}"
    assert "شخص دیگری باید تصمیم بگیرد" in manager.get(path).words

    manager.send(path, {"decision": "approved"}, hidden=manager.form("/desk"), status=422)

    assert rows(database, ContributionReversal) == 0


@pytest.mark.parametrize("office", ["07", "06"])
@pytest.mark.parametrize("role", [Role.OFFICE_MANAGER, Role.PROVINCE_MANAGER, Role.FINANCE])
def test_a_void_is_decided_where_it_belongs(app, clerk, database, role, office):
    ask(clerk, enter(database, clerk))
    other = at_work(app, database, role, office=office)
    may = office == "07" or role is Role.FINANCE

    path = f"/desk/voids/{request_id(database)}"
    other.send(
        path, {"decision": "approved"}, hidden=other.form("/desk/voids"), status=200 if may else 404
    )

    assert rows(database, ContributionReversal) == int(may)


@pytest.mark.parametrize(
    ("age", "code", "status"),
    [
        (timedelta(minutes=5), "", 200),
        (timedelta(minutes=5, seconds=1), "", 422),
        (timedelta(minutes=5, seconds=1), "000000", 422),
        (timedelta(minutes=5, seconds=1), "right", 200),
    ],
    ids=["fresh", "old, none typed", "old, wrong", "old, a fresh one typed"],
)
def test_approving_needs_a_fresh_one_time_code(clerk, manager, database, age, code, status):
    ask(clerk, enter(database, clerk))
    secret = new_secret()
    with database.writing() as session:
        session.get_one(StaffMember, manager.staff_member_id).totp_secret = secret
        mine = StaffSession.staff_member_id == manager.staff_member_id
        session.scalars(select(StaffSession).where(mine)).one().stepped_up_at = NOON - age
    typed = code_at(secret, NOON) if code == "right" else code

    manager.send(
        f"/desk/voids/{request_id(database)}",
        {"decision": "approved", "code": typed},
        status=status,
    )

    assert rows(database, ContributionReversal) == int(status == 200)


def test_a_request_without_a_reason_is_refused(clerk, database):
    code = enter(database, clerk)

    clerk.send(f"/desk/entries/{code}/void", {"reason": " "}, status=422)

    assert rows(database, VoidRequest) == 0


# Cash for the bank


def test_a_slip_carries_everything_the_bank_needs(clerk, database):
    enter(database, clerk)

    page = clerk.send("/desk/slips", {"amount": "۶۰۰٬۰۰۰"})

    with database.reading() as session:
        slip = session.scalars(select(DepositSlip)).one()
    assert slip.amount_rial == 600_000
    assert "۹۰۱۹۰" in page.words
    assert "<svg" in page.html
    assert "۴۰۰٬۰۰۰ ریال" in clerk.get("/desk/slips").words


@pytest.mark.parametrize("amount", ["1000001", "", "0", "abc"])
def test_a_slip_that_cannot_be_made_is_refused_beside_the_field(clerk, database, amount):
    enter(database, clerk)

    page = clerk.send("/desk/slips", {"amount": amount}, status=422)

    assert page.fields["amount"] == amount
    assert rows(database, DepositSlip) == 0


def test_a_slip_sent_twice_is_one(clerk, database):
    enter(database, clerk)
    hidden = clerk.form("/desk/slips")

    addresses = {
        clerk.answer("/desk/slips", {"amount": "1000"}, hidden=hidden).location for _ in range(2)
    }

    assert len(addresses) == 1
    assert rows(database, DepositSlip) == 1


def test_a_slip_of_another_desk_does_not_exist(clerk, stranger, database):
    enter(database, clerk)
    address = clerk.answer("/desk/slips", {"amount": "1000"}).location

    clerk.get(address)
    stranger.get(address, status=404)
