"""What a browser kept is taken in once: under its key, its number, its day and its clerk."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from donations.models.contribution import Contribution
from donations.models.desk import DeskEntry
from flows.catalogue import enter_terminal
from ledger.accounts import central_account
from offices.audit import AuditEntry
from offices.granting import grant_role
from offices.scope import EVERYWHERE
from offices.staff import Role, RoleGrant, StaffMember
from receipts.life.blocks import allot_block, close_block
from receipts.life.number_blocks import BlockNumber, NumberBlock, OfflineEntry
from reconciliation.locks import AccountLock
from tests.factories import NOON, office_id
from tests.page_client import PageClient
from tests.staff import at_work

DEVICE, OTHER = "first-browser-of-desk-07", "second-browser-of-desk-07"
MADE_AT = (NOON - timedelta(hours=2)).isoformat()


@pytest.fixture
def clerk(app, database):
    app.config["WTF_CSRF_ENABLED"] = False  # the token has a test of its own below
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def block(database, clerk):
    """A block of five numbers that the clerk's browser holds."""
    with database.writing() as session:
        allot_block(
            session,
            EVERYWHERE,
            office_id=office_id(session),
            size=5,
            allotted_by_id=clerk.staff_member_id,
            request_key=None,
            now=NOON,
        )
    return post(clerk, "numbers").json["id"]


def post(clerk, what, device=DEVICE, **fields):
    headers = {"X-Device": device}
    return clerk.http.post(f"/desk/offline/{what}", data=fields, headers=headers)


def send(clerk, *, key="first-key", serial=1, block=None, device=DEVICE, **fields):
    told = {
        "request_key": key,
        "amount": "۱٬۰۰۰٬۰۰۰",
        "tender": "cash",
        "made_at": MADE_AT,
        "made_by": clerk.staff_member_id,
        "hidden_from": "nobody",
        "language": "fa",
        **({"block": block, "serial": serial} if block else {}),
        **fields,
    }
    return post(clerk, "entries", device, **told)


def rows(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def test_an_entry_is_taken_in_under_the_number_the_donor_was_given(clerk, block, database):
    answer = send(clerk, block=block, serial=1)

    assert (answer.status_code, answer.json["number"]) == (200, "1405/A01/000001")
    with database.reading() as session:
        told = session.scalars(select(OfflineEntry)).one()
        assert told.made_at == NOON - timedelta(hours=2)
        assert told.entry.made_at == NOON


def test_sent_twice_it_is_one_entry_with_the_same_answer(clerk, block, database):
    once, twice = (send(clerk, block=block).json for _each in range(2))

    assert once == twice
    assert rows(database, Contribution) == rows(database, BlockNumber) == 1


def test_sent_by_two_windows_at_one_moment_it_is_one_entry(clerk, block, database):
    with ThreadPoolExecutor(4) as windows:
        answers = list(windows.map(lambda _each: send(clerk, block=block), range(4)))

    assert {answer.json["number"] for answer in answers} == {"1405/A01/000001"}
    assert rows(database, Contribution) == 1


def test_another_content_under_the_same_key_is_refused(clerk, block, database):
    send(clerk, block=block)

    answer = send(clerk, block=block, amount="2000000")

    assert (answer.status_code, answer.json["code"]) == (409, "offline.content_differs")
    assert rows(database, Contribution) == 1


def test_the_same_number_is_never_on_two_entries(clerk, block, database):
    send(clerk, block=block, key="one-of-two")

    answer = send(clerk, block=block, key="two-of-two", amount="3000")

    assert answer.json["code"] == "number_block.number_spent"
    assert rows(database, Contribution) == 1


def test_an_entry_saved_before_the_cut_lets_its_kept_number_go(app, clerk, block, database):
    hidden = clerk.form("/desk/walk-in")
    clerk.send("/desk/walk-in", {"amount": "5000", "tender": "cash"}, hidden=hidden)

    answer = send(clerk, block=block, key=hidden["request_key"], amount="5000")

    assert answer.json["number"] == "1405/07/000001"
    assert rows(database, DeskEntry) == 1
    with database.reading() as session:
        assert "1405/07/000001" in session.scalars(select(BlockNumber.reason)).one()
        assert session.scalars(select(OfflineEntry.provisional_number)).one() == "1405/A01/000001"
    assert send(clerk, block=block, key=hidden["request_key"], amount="5000").status_code == 200
    public = PageClient(app)
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in public.check(public.http.get("/verify/1405-A01-000001"), 404).words


def test_a_saved_entry_is_confirmed_also_where_its_number_is_of_another_browser(
    clerk, block, database
):
    hidden = clerk.form("/desk/walk-in")
    clerk.send("/desk/walk-in", {"amount": "5000", "tender": "cash"}, hidden=hidden)

    answer = send(clerk, block=block, key=hidden["request_key"], amount="5000", device=OTHER)

    assert answer.json["number"] == "1405/07/000001"
    assert rows(database, BlockNumber) == 0
    with database.reading() as session:
        assert session.scalars(select(OfflineEntry.provisional_number)).one() is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"made_at": (NOON + timedelta(hours=1)).isoformat()}, "offline.unlikely_moment"),
        ({"made_at": (NOON - timedelta(days=8)).isoformat()}, "offline.unlikely_moment"),
        ({"made_at": "yesterday"}, "offline.unreadable"),
        ({"made_at": "2026-11-22T08:30:00"}, "offline.unreadable"),
        ({"device": OTHER}, "number_block.other_browser"),
        ({"serial": 6}, "not_found"),
        ({"amount": "ده"}, "offline.incomplete"),
        ({"made_by": 10_000}, "offline.made_by_another"),
        ({"key": "short"}, "offline.unreadable"),
    ],
)
def test_what_cannot_be_is_refused_and_spends_no_number(clerk, block, database, fields, code):
    assert send(clerk, **{"block": block, **fields}).json["code"] == code

    assert rows(database, Contribution) == rows(database, BlockNumber) == 0


def test_an_entry_stands_on_the_day_it_was_made_unless_that_day_is_signed(clerk, block, database):
    two_days_ago = (NOON - timedelta(days=2)).isoformat()
    send(clerk, block=block, made_at=two_days_ago)
    with database.writing() as session:
        account = central_account(session).id
        session.add(AccountLock(bank_account_id=account, closed_through=date(2026, 11, 20)))

    send(clerk, block=block, key="second-key", serial=2, made_at=two_days_ago)

    with database.reading() as session:
        days = session.scalars(select(Contribution.received_on).order_by(Contribution.id)).all()
        assert days == [date(2026, 11, 20), date(2026, 11, 22)]


def test_a_wrong_clock_is_put_right_by_the_clerk_and_stays_on_record(clerk, block, database):
    long_ago = NOON - timedelta(days=100)

    assert send(clerk, block=block, made_at=long_ago.isoformat(), of_today="y").status_code == 200
    with database.reading() as session:
        assert session.scalars(select(Contribution.received_on)).one() == NOON.date()
        assert session.scalars(select(OfflineEntry.made_at)).one() == long_ago


def test_a_gift_like_another_of_the_day_asks_whether_it_is_the_same(clerk, block, database):
    like = {"mobile": "09121234567", "amount": "7000"}
    send(clerk, key="first-of-two", **like)

    answer = send(clerk, key="second-of-two", block=block, **like)
    assert answer.json["code"] == "offline.perhaps_the_same"
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in answer.json["text"]
    assert send(clerk, key="second-of-two", block=block, is_another="y", **like).status_code == 200
    assert rows(database, Contribution) == 2


def test_a_block_that_was_closed_meanwhile_leaves_the_gift_to_be_recorded_anew(
    clerk, block, database
):
    with database.writing() as session:
        by = clerk.staff_member_id
        close_block(session, EVERYWHERE, block, reason="دستگاه گم شد", closed_by_id=by, now=NOON)

    assert send(clerk, block=block).json["code"] == "number_block.closed"
    assert send(clerk).json["number"] == "1405/07/000001"
    assert rows(database, Contribution) == 1


def test_a_given_up_entry_voids_its_number_and_says_why(clerk, block, database):
    told = {"request_key": "first-key", "block": block, "serial": 1, "reason": "پول برگشت"}

    assert post(clerk, "given-up", **{**told, "reason": " "}).status_code == 422
    for _twice in range(2):
        assert post(clerk, "given-up", **told).status_code == 200
    assert send(clerk, block=block).json["code"] == "number_block.number_spent"
    with database.reading() as session:
        assert session.scalars(select(BlockNumber.reason)).one() == "پول برگشت"
        noted = select(func.count()).where(AuditEntry.action == "offline.give_up")
        assert session.scalars(noted.select_from(AuditEntry)).one() == 2


def test_what_was_recorded_stays_when_its_kept_copy_is_given_up(clerk, block, database):
    send(clerk, block=block)

    told = {"request_key": "first-key", "block": block, "serial": 1, "reason": "x"}
    assert post(clerk, "given-up", **told).status_code == 200
    with database.reading() as session:
        assert session.scalars(select(BlockNumber.contribution_id)).one() is not None


def test_another_desk_has_nothing_to_do_with_a_block(app, block, database):
    stranger = at_work(app, database, Role.CLERK, office="06")

    assert send(stranger, block=block).json["code"] == "not_found"
    assert post(stranger, "numbers").json["code"] == "number_block.none_left"


def move(clerk, database):
    """The clerk works at another desk from now on."""
    with database.writing() as session:
        moved = session.get_one(StaffMember, clerk.staff_member_id)
        moved.office_id = office_id(session, "06")
        (grant,) = session.scalars(select(RoleGrant).where(RoleGrant.staff_member_id == moved.id))
        grant.ended_at = NOON
        grant_role(session, moved.id, Role.CLERK, granted_by_id=None, now=NOON)


def close(clerk, database, block):
    with database.writing() as session:
        by = clerk.staff_member_id
        close_block(session, EVERYWHERE, block, reason="دستگاه گم شد", closed_by_id=by, now=NOON)


def test_who_has_moved_chooses_among_the_terminals_of_the_desk_of_the_number(
    clerk, block, database
):
    with database.writing() as session:
        account = central_account(session).id
        for code in ("06", "07"):
            desk = office_id(session, code)
            enter_terminal(
                session, f"pos-{code}", f"5{code}", bank_account_id=account, office_id=desk
            )
    move(clerk, database)
    card = {"tender": "card_terminal", "trace_number": "12345", "block": block}

    assert send(clerk, terminal="pos-06", **card).json["code"] == "offline.incomplete"
    assert send(clerk, terminal="pos-07", **card).status_code == 200


def test_who_has_moved_records_under_a_new_number_at_the_desk_of_the_paper(clerk, block, database):
    like = {"mobile": "09121234567", "amount": "7000"}
    send(clerk, block=block, serial=1, **like)
    close(clerk, database, block)
    move(clerk, database)
    paper = {"paper_block": block, "paper_serial": 2, "key": "second-key", **like}

    assert send(clerk, **paper).json["code"] == "offline.perhaps_the_same"
    answer = send(clerk, **paper, is_another="y")

    assert answer.json["number"] == "1405/07/000001"
    with database.reading() as session:
        desks = set(session.scalars(select(Contribution.office_id)))
        assert desks == {office_id(session, "07")}


def test_the_number_of_a_block_that_this_browser_does_not_hold_is_no_paper(clerk, block, database):
    paper = {"paper_block": block, "paper_serial": 3}

    assert send(clerk, device=OTHER, **paper).json["number"] == "1405/07/000001"
    assert send(clerk, key="beyond-it", **{**paper, "paper_serial": 9}).status_code == 200
    with database.reading() as session:
        assert set(session.scalars(select(OfflineEntry.provisional_number))) == {None}


def test_a_number_that_stands_on_a_receipt_and_on_another_paper_is_told_as_both(app, clerk, block):
    send(clerk, block=block, serial=1)
    send(clerk, key="second-key", amount="3000", paper_block=block, paper_serial=1)

    answer = PageClient(app).http.get("/verify/1405-A01-000001")

    assert answer.status_code == 200
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in answer.text


def test_who_has_moved_sends_what_was_made_at_the_former_desk_as_its_gift(clerk, block, database):
    move(clerk, database)

    answer = send(clerk, block=block)

    assert answer.status_code == 200, answer.json
    assert (answer.json["number"], answer.json["url"]) == ("1405/A01/000001", "/desk/entries")
    assert send(clerk, block=block).json["number"] == "1405/A01/000001"
    with database.reading() as session:
        assert session.scalars(select(Contribution.office_id)).one() == office_id(session, "07")
    told = {"request_key": "second-key", "block": block, "serial": 2, "reason": "x"}
    assert post(clerk, "given-up", **told).status_code == 200


def test_the_number_on_the_paper_leads_to_the_gift_that_bears_another(app, clerk, block, database):
    close(clerk, database, block)

    code = send(clerk, paper_block=block, paper_serial=3).json["tracking_code"]

    assert "۱۴۰۵/A۰۱/۰۰۰۰۰۳" in clerk.get(f"/desk/entries/{code}").words
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in clerk.get("/desk/entries?q=1405/A01/000003").words
    public = PageClient(app)
    page = public.check(public.http.get("/verify/1405-A01-000003"), 404)
    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in page.words
    assert send(clerk, key="other-key", paper_block="x").json["code"] == "offline.unreadable"


def test_the_standing_tells_a_browser_its_own_block_and_no_other(clerk, block):
    send(clerk, block=block)

    mine, others = (
        clerk.http.get("/desk/offline/standing", headers={"X-Device": device}).json
        for device in (DEVICE, OTHER)
    )
    assert mine["block"]["spent"] == [1]
    assert (mine["staff_id"], others["block"]) == (clerk.staff_member_id, None)


def test_sending_needs_the_token_and_a_sign_in(app, database):
    clerk = at_work(app, database, Role.CLERK)

    assert send(clerk).status_code == 400
    token = clerk.http.get("/desk/offline/standing", headers={"X-Device": DEVICE}).json
    assert send(clerk, csrf_token=token["csrf_token"]).status_code == 200
    clerk.http.delete_cookie("sid")
    assert send(clerk, key="second-key", csrf_token=token["csrf_token"]).status_code == 401


def test_a_manager_allots_and_closes_blocks_and_a_clerk_does_not(app, clerk, database):
    app.config["WTF_CSRF_ENABLED"] = True
    manager = at_work(app, database, Role.OFFICE_MANAGER)
    with database.reading() as session:
        desk = str(office_id(session))

    page = manager.send("/desk/blocks/new", {"office": desk, "size": "۱۰"})
    assert "۱۴۰۵/A۰۱" in page.words or "A" in page.words
    assert clerk.http.get("/desk/blocks/new").status_code == 404
    with database.reading() as session:
        id_ = session.scalars(select(NumberBlock.id)).one()
    manager.send(f"/desk/blocks/{id_}/close", {"reason": "پایان"}, status=422)
    page = manager.send(f"/desk/blocks/{id_}/close", {"reason": "پایان", "nothing_waits": "y"})
    assert "۱۰" in page.words
    assert rows(database, BlockNumber) == 10


def test_the_shell_holds_nobody_s_name(clerk):
    page = clerk.get("/desk/offline")

    assert "مریم کارمند" not in page.words


def test_the_worker_may_serve_the_desk_and_is_never_kept(clerk):
    answer = clerk.http.get("/desk/worker.js")

    assert answer.headers["Service-Worker-Allowed"] == "/desk"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
