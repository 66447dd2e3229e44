"""The cash pages: opening and counting a drawer, boxes with their labels, rounds, slips, limits."""

import pytest
from sqlalchemy import func, select

from core.clock import tehran_date
from donations.desk_limits import limit_on
from donations.models.cash_count import Denomination
from donations.models.cashier import CashierSession, SessionClosing
from donations.models.charity_box import BoxSeal, CharityBox
from donations.models.collection_round import CollectionRound, RoundClosing
from donations.models.desk import DepositSlip
from donations.models.desk_limit import DeskLimit
from donations.models.pledge import Pledge
from donations.models.slip_source import SlipSource
from donations.pledging import CashItem
from flows.importing import import_statement
from offices.staff import Role, RoleGrant
from tests.factories import NOON, a_desk_contribution, office_id
from tests.reconciliation.bank import Booking, as_csv, cells
from tests.staff import at_work

BOX = {"place": "نانوایی سنگک", "holder_name": "علی نانوا", "holder_mobile": "۰۹۱۲۱۲۳۴۵۶۷"}


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def manager(app, database):
    return at_work(app, database, Role.OFFICE_MANAGER)


def rows(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def note(database, value_rial):
    """The name of the field of a note."""
    with database.reading() as session:
        return "note" + str(
            session.scalars(
                select(Denomination.id).where(
                    Denomination.value_rial == value_rial, ~Denomination.is_coin
                )
            ).one()
        )


def open_session(clerk):
    return clerk.send("/desk/cash/new", {"float": "۰"})


def test_a_cashier_opens_takes_counts_short_and_another_agrees(clerk, manager, database):
    open_session(clerk)
    with database.writing() as session:
        a_desk_contribution(session, CashItem(500_000), staff_id=clerk.staff_member_id)
    fifties = note(database, 50_000)

    page = clerk.send("/desk/cash/1/count", {fifties: "۹"}, status=422)
    assert "۴۵۰٬۰۰۰ ریال شمرده شد و دفتر ۵۰۰٬۰۰۰ ریال می‌گوید" in page.words
    assert page.fields[fifties] == "۹", "nothing typed is lost"
    clerk.send("/desk/cash/1/count", {fifties: "9", "reason": "پول خرد"})

    assert "۵۰٬۰۰۰ ریال کسری" in manager.get("/desk/cash").words
    manager.send("/desk/cash/counts/1", {"decision": "approved"})
    report = clerk.get("/desk/cash/1")
    assert "۵۰٬۰۰۰ ریال کسری" in report.words
    assert "پول خرد" in report.words
    assert rows(database, SessionClosing) == 1


def test_the_cashier_cannot_agree(app, database):
    cashier = at_work(app, database, Role.OFFICE_MANAGER)
    open_session(cashier)
    cashier.send("/desk/cash/1/count", {note(database, 1_000): "1", "reason": "یافته"})

    page = cashier.send("/desk/cash/counts/1", {"decision": "approved"}, status=422)

    assert "شخص دیگری" in page.words
    assert rows(database, SessionClosing) == 0


@pytest.mark.parametrize("typed", ["دو", "1.5", "-1", "1000000"])
def test_a_number_of_notes_that_cannot_be_read_is_refused(clerk, database, typed):
    open_session(clerk)

    page = clerk.send("/desk/cash/1/count", {note(database, 1_000): typed}, status=422)

    assert "تعداد را با عدد صحیح" in page.words


def test_the_same_form_twice_opens_one_drawer(clerk, database):
    hidden = clerk.form("/desk/cash/new")

    for _each in range(2):
        clerk.answer("/desk/cash/new", {"float": "0"}, hidden=hidden)

    assert rows(database, CashierSession) == 1


def test_a_stranger_does_not_count_and_sees_why(clerk, app, database):
    open_session(clerk)
    other = at_work(app, database, Role.CLERK, username="other")

    page = other.send("/desk/cash/1/count", {"reason": "x"}, status=422)

    assert "صندوق‌دار همان نوبت" in page.words


def a_box(clerk, seal="4471"):
    return clerk.send("/desk/boxes/new", {**BOX, "fund": "most-needed", "seal": seal})


def test_a_box_is_registered_found_by_its_number_and_labelled(clerk):
    page = a_box(clerk)

    assert "۰۰۷۰۰۰۰۱" in page.words
    assert "نانوایی سنگک" in clerk.get("/desk/boxes?number=۰۰۷۰۰۰۰۱").words
    label = clerk.get("/desk/boxes/labels?box=1")
    assert "۰۰۷۰۰۰۰۱" in label.words
    assert "<svg" in label.html
    assert "صندوقی با این شماره" in clerk.get("/desk/boxes?number=00700009").words


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"place": ""}, "بنویسید صندوق کجاست"),
        ({"holder_name": ""}, "نزد چه کسی است"),
        ({"seal": ""}, "شمارهٔ پلمب را بنویسید"),
        ({"holder_mobile": "0912"}, "شمارهٔ همراه"),
        ({"fund": "nowhere"}, "محل مصرف"),
    ],
)
def test_a_box_without_what_it_needs_is_refused_beside_the_field(clerk, database, fields, told):
    page = clerk.send(
        "/desk/boxes/new",
        {**BOX, "fund": "most-needed", "seal": "1", **fields},
        status=422,
    )

    assert told in page.words
    assert rows(database, CharityBox) == 0


def test_a_box_moves_and_gets_another_seal(clerk, database):
    a_box(clerk)

    clerk.send("/desk/boxes/1/change", {**BOX, "place": "داروخانه", "state": "returned"})
    page = clerk.send("/desk/boxes/1/seal", {"seal": "9", "reason": "پلمب سست بود"})

    assert "داروخانه" in page.words
    assert "پلمب سست بود" in page.words
    assert rows(database, BoxSeal) == 2


def test_what_was_counted_again_meanwhile_is_not_confirmed_unseen(clerk, manager, database):
    a_box(clerk)
    walkers = {"first_staff": "0", "second_staff": "0", "first_name": "رضا", "second_name": "زهرا"}
    clerk.send("/desk/rounds/new", {**walkers, "boxes": "1"})
    clerk.send("/desk/rounds/1/findings", {"condition1": "intact", "seal1": "4471"})
    count = {"amount1": "50000", "new_seal1": "88", note(database, 50_000): "1"}
    clerk.send("/desk/rounds/1/count", count)
    shown = manager.form("/desk/rounds/1/confirm")
    clerk.send("/desk/rounds/1/count", count)

    answer = manager.http.post("/desk/rounds/1/confirm", data={**shown, "decision": "approved"})
    assert answer.status_code == 422
    assert rows(database, RoundClosing) == 0


def test_a_manager_of_another_desk_counts_no_drawer_of_this_one(clerk, app, database):
    open_session(clerk)
    elsewhere = at_work(app, database, Role.CLERK, username="elsewhere")
    with database.writing() as session:
        session.add(
            RoleGrant(
                staff_member_id=elsewhere.staff_member_id, role=Role.OFFICE_MANAGER,
                office_id=office_id(session, "06"), granted_at=NOON,
            )
        )  # fmt: skip
    name = note(database, 50_000)

    assert name in clerk.get("/desk/cash/1/count").fields
    assert name not in elsewhere.get("/desk/cash/1/count").fields


def test_a_round_is_walked_counted_and_confirmed_then_handed_to_the_bank(clerk, manager, database):
    a_box(clerk)
    walkers = {"first_staff": "0", "second_staff": "0", "first_name": "رضا", "second_name": "زهرا"}
    clerk.send("/desk/rounds/new", {**walkers, "boxes": "1"})
    clerk.send("/desk/rounds/1/findings", {"condition1": "broken", "seal1": "4471"})
    clerk.send(
        "/desk/rounds/1/count", {"amount1": "50000", "new_seal1": "88", note(database, 50_000): "1"}
    )

    page = manager.send("/desk/rounds/1/confirm", {"decision": "approved"}, status=422)
    assert "هر دو مأمور باید توضیح بنویسند" in page.words
    for place in (1, 2):
        clerk.send("/desk/rounds/1/remark", {"place": place, "remark": "پلمب کنده شده بود"})
    manager.send("/desk/rounds/1/confirm", {"decision": "approved"})
    clerk.send("/desk/slips", {"amount": "50000", "sources": "r1"})

    assert rows(database, RoundClosing) == 1
    assert rows(database, SlipSource) == 1
    assert "فیش ۱" in clerk.get("/desk/boxes/1").words
    assert "دور ۱" in clerk.get("/desk/slips/1").words


def test_one_person_does_not_walk_alone(clerk, database):
    a_box(clerk)
    alone = {"first_staff": "0", "second_staff": "0", "first_name": "رضا", "second_name": "رضا"}

    page = clerk.send("/desk/rounds/new", {**alone, "boxes": "1"}, status=422)

    assert "دو نفر متفاوت" in page.words
    assert rows(database, CollectionRound) == 0


def test_an_administrator_sets_a_limit_and_a_clerk_reads_it(clerk, app, database):
    boss = at_work(app, database, Role.ADMINISTRATOR, office="00")
    typed = {"limit": "cash_difference_rial", "value": "۱۰٬۰۰۰", "reason": "بخشنامه"}

    boss.send("/desk/limits", typed)

    assert "۱۰٬۰۰۰ ریال" in clerk.get("/desk/limits").words
    with database.reading() as session:
        limit = limit_on(session, DeskLimit.CASH_DIFFERENCE_RIAL, tehran_date(NOON))
    assert limit == 10_000
    way_in = "/desk/donors"  # the first page of the desks that an administrator may read
    assert way_in in boss.get("/headquarters").links
    assert "/desk/limits" in boss.get(way_in).links


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"value": "یک"}, "مبلغ را به ریال"),
        ({"reason": ""}, "دلیل را"),
        ({"valid_from": "1404/01/01"}, "از امروز به بعد"),
    ],
)
def test_a_limit_that_cannot_hold_is_refused(app, database, fields, told):
    boss = at_work(app, database, Role.ADMINISTRATOR, office="00")
    typed = {"limit": "cash_difference_rial", "value": "1", "reason": "x", **fields}

    assert told in boss.send("/desk/limits", typed, status=422).words


def test_the_desk_leads_to_its_cash_and_the_cash_to_the_paper_books(clerk):
    assert "/desk/cash" in clerk.get("/desk").links
    assert {"/desk/books", "/desk/boxes", "/desk/rounds"} <= set(clerk.get("/desk/cash").links)


WALKERS = {"first_staff": "0", "second_staff": "0", "first_name": "رضا", "second_name": "زهرا"}


def a_slip(clerk, database, rial=500_000):
    with database.writing() as session:
        a_desk_contribution(session, CashItem(rial), staff_id=clerk.staff_member_id)
    clerk.send("/desk/slips", {"amount": str(rial)})


def test_a_manager_voids_a_slip_and_its_paper_says_so(clerk, manager, database):
    a_slip(clerk, database)
    assert "/desk/slips/1/void" not in clerk.get("/desk/slips/1").links
    assert "/desk/slips/1/void" in manager.get("/desk/slips/1").links

    manager.send("/desk/slips/1/void", {"reason": "بانک بسته بود"})

    paper = clerk.get("/desk/slips/1")
    assert "با آن هیچ پولی به بانک داده نشود" in paper.words
    assert "بانک بسته بود" in paper.words
    assert "/desk/slips/1/void" not in manager.get("/desk/slips/1").links
    assert "باطل" in clerk.get("/desk/slips").words
    assert "این فیش باطل است" in manager.get("/desk/slips/1/void").words


def test_finance_names_the_slip_of_cash_that_came_under_a_void_one(clerk, manager, app, database):
    a_slip(clerk, database)
    with database.reading() as session:
        deposit_id = session.scalars(select(DepositSlip.deposit_id)).one()
    manager.send("/desk/slips/1/void", {"reason": "بانک بسته بود"})
    clerk.send("/desk/slips", {"amount": "500000"})
    bookings = [Booking(500_000, deposit_id=deposit_id)]
    import_statement(database, as_csv(cells(bookings)), "s.csv", account="90190", now=NOON)
    accountant = at_work(app, database, Role.FINANCE, office="00")
    page = accountant.get("/finance/lines/1")
    assert "پول آن با همین مبلغ انتظار می‌رود" in page.words
    hidden = accountant.form("/finance/lines/1")

    told = accountant.send("/finance/lines/1/receive", {}, hidden=hidden)
    assert "پول نقد یک میز است، نه هدیهٔ ناشناس" in told.words
    accountant.send("/finance/lines/1/slip", {"slip": "2"}, hidden=hidden)

    assert "پول فیش واریز ۲" in accountant.get("/finance/lines/1").words
    told = manager.send("/desk/slips/2/void", {"reason": "x"}, status=422)
    assert "در صورت‌حساب بانک آمده است" in told.words


def test_a_slip_whose_cash_the_statement_shows_is_not_voided(clerk, manager, database):
    a_slip(clerk, database)
    with database.reading() as session:
        deposit_id = session.scalars(select(DepositSlip.deposit_id)).one()
    bookings = [Booking(500_000, deposit_id=deposit_id)]
    import_statement(database, as_csv(cells(bookings)), "s.csv", account="90190", now=NOON)

    told = manager.send("/desk/slips/1/void", {"reason": "بانک بسته بود"}, status=422)

    assert "قواعد را اجرا کنید یا از مالی بپرسید" in told.words


def test_a_slip_is_voided_for_a_reason_and_not_by_its_maker(clerk, manager, database):
    a_slip(manager, database)
    assert "شخص دیگری باید آن را باطل کند" in manager.get("/desk/slips/1/void").words
    answer = manager.http.post(
        "/desk/slips/1/void", data={**manager.form("/desk/slips"), "reason": "x"}
    )
    assert "نویسندهٔ فیش نمی‌تواند" in answer.get_data(as_text=True)

    other = clerk.http.get("/desk/slips/1/void")
    assert other.status_code == 404


def test_a_round_is_cancelled_and_its_box_can_be_emptied_again(clerk, database):
    a_box(clerk)
    clerk.send("/desk/rounds/new", {**WALKERS, "boxes": "1"})
    assert "/desk/rounds/1/cancel" in clerk.get("/desk/rounds/1").links
    page = clerk.send("/desk/rounds/1/cancel", {"reason": " "}, status=422)
    assert "دلیل" in page.words

    told = clerk.send("/desk/rounds/1/cancel", {"reason": "باران"})

    assert "باران" in told.words
    assert "لغو" in clerk.get("/desk/rounds").words
    assert "/desk/rounds/1/cancel" not in told.links
    clerk.send("/desk/rounds/new", {**WALKERS, "boxes": "1"})
    assert rows(database, CollectionRound) == 2


def test_a_counted_round_is_not_cancelled(clerk, database):
    a_box(clerk)
    clerk.send("/desk/rounds/new", {**WALKERS, "boxes": "1"})
    clerk.send("/desk/rounds/1/findings", {"condition1": "intact", "seal1": "4471"})
    clerk.send(
        "/desk/rounds/1/count", {"amount1": "50000", "new_seal1": "88", note(database, 50_000): "1"}
    )

    page = clerk.send("/desk/rounds/1/cancel", {"reason": "باران"}, status=422)

    assert "تنها پیش از شمارش لغو می‌شود" in page.words
    assert "/desk/rounds/1/cancel" not in clerk.get("/desk/rounds/1").links


def test_a_box_that_is_left_says_why(clerk):
    a_box(clerk)
    clerk.send("/desk/rounds/new", {**WALKERS, "boxes": "1"})
    left = {"condition1": "left", "seal1": "4471"}

    page = clerk.send("/desk/rounds/1/findings", left, status=422)
    assert "چرا صندوق ۰۰۷۰۰۰۰۱ جمع‌آوری نشد" in page.words
    page = clerk.send("/desk/rounds/1/findings", {**left, "reason1": "مغازه بسته بود"})

    assert "مغازه بسته بود" in page.words
    assert clerk.get("/desk/rounds/1/findings").fields["reason1"] == "مغازه بسته بود"


def test_the_void_of_a_round_s_gift_says_what_to_do_with_its_cash(clerk, manager, database):
    a_box(clerk)
    clerk.send("/desk/rounds/new", {**WALKERS, "boxes": "1"})
    clerk.send("/desk/rounds/1/findings", {"condition1": "intact", "seal1": "4471"})
    clerk.send(
        "/desk/rounds/1/count", {"amount1": "50000", "new_seal1": "88", note(database, 50_000): "1"}
    )
    manager.send("/desk/rounds/1/confirm", {"decision": "approved"})
    clerk.send("/desk/slips", {"amount": "50000", "sources": "r1"})
    with database.reading() as session:
        code = session.scalars(select(Pledge.tracking_code)).one()

    assert "این پولِ دور ۱ است" in clerk.get(f"/desk/entries/{code}/void").words
    clerk.send(f"/desk/entries/{code}/void", {"reason": "خطا"})
    page = manager.send("/desk/voids/1", {"decision": "approved"}, status=422)
    assert "نخست فیش را باطل کنید" in page.words

    manager.send("/desk/slips/1/void", {"reason": "هنوز نرفته"})
    manager.send("/desk/voids/1", {"decision": "approved"})
    assert "r1" not in clerk.get("/desk/slips").html


def test_a_note_is_withdrawn_from_a_day_on_and_old_counts_show_it(clerk, app, database):
    boss = at_work(app, database, Role.ADMINISTRATOR, office="00")
    name = note(database, 1_000)
    open_session(clerk)
    clerk.send("/desk/cash/1/count", {name: "3", "reason": "یافته"})

    boss.send(
        "/desk/denominations",
        {"kind": "note", "value": "۱٬۰۰۰", "state": "withdrawn", "reason": "بخشنامه"},
    )
    boss.send(
        "/desk/denominations",
        {"kind": "note", "value": "5000000", "state": "counted", "reason": "اسکناس نو"},
    )

    fields = clerk.get("/desk/cash/1/count").fields
    assert name not in fields
    assert note(database, 5_000_000) in fields
    assert "۱٬۰۰۰ ریال" in clerk.get("/desk/cash/1").words
    assert "بخشنامه" in clerk.get("/desk/denominations").words
    assert "kind" not in clerk.get("/desk/denominations").fields


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"value": "7777"}, "هیچ‌گاه شمرده نشده"),
        ({"value": "1000", "reason": " "}, "دلیل"),
        ({"value": "1000", "valid_from": "1404/01/01"}, "از امروز به بعد"),
        ({"value": "2000000000"}, "با این ارزش نیست"),
    ],
)
def test_what_no_note_can_be_is_refused_beside_its_field(app, database, typed, told):
    boss = at_work(app, database, Role.ADMINISTRATOR, office="00")

    page = boss.send(
        "/desk/denominations",
        {"kind": "note", "state": "withdrawn", "reason": "بخشنامه", **typed},
        status=422,
    )

    assert told in page.words
