"""Offices are opened, renamed, moved and closed; what was is kept, and nothing is deleted."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from core.refusals import NotFound
from donations.goods.handing_over import Receiver, Wanted
from donations.goods.stocking import stock_of
from donations.models.contribution import Tender
from donations.models.pledge import Channel
from donations.partner_receipts import partner_sums
from donations.pledging import GoodsItem
from flows.batches import open_batch
from flows.demo_offices import load_demo_offices
from flows.desk import hand_over_cash
from flows.hand_overs import hand_goods_over
from flows.office_changes import CashLeft, GoodsLeft, WorkOpen, close_emptied_office
from flows.receiving import receive_at_desk
from offices.changing import (
    CentresBelow,
    Change,
    NewOffice,
    NoReason,
    OfficeClosed,
    UnusableDay,
    UnusableName,
    UnusableParent,
    close_office,
    facts_of_office,
    move_centre,
    offices_in,
    open_office,
    rename_office,
)
from offices.granting import Permission, grant_role, permissions_of, scope_of
from offices.places import Office, OfficeChange, OfficeKind
from offices.scope import EVERYWHERE, Scope
from offices.staff import Role
from tests.custody import a_box, a_round, a_session
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, office_id
from tests.goods import looked_at

TODAY = date(2026, 11, 22)


@pytest.fixture
def admin(session):
    return a_staff_member(session, "admin", office="00")


def change(admin, *, day=TODAY, reason="ابلاغ"):
    return Change(valid_from=day, reason=reason, by_id=admin.id, now=NOON)


def a_centre(session, admin, name="مرکز امید", *, parent="07", is_partner=False):
    new = NewOffice(name, name, parent=parent, is_partner=is_partner)
    return open_office(session, new, change(admin))


def test_a_centre_belongs_to_a_desk_and_its_province(session, admin):
    centre = a_centre(session, admin)

    desk = session.get_one(Office, office_id(session, "07"))
    assert (centre.kind, centre.province_id) == (OfficeKind.CENTRE, desk.province_id)
    assert (centre.code, centre.place) == ("34", 34)
    assert centre.centre.parent_id == desk.id
    (fact,) = facts_of_office(session, centre.id)
    assert (fact.change, fact.parent_id) == (OfficeChange.OPENED, desk.id)


def test_the_manager_of_a_desk_reaches_its_centres_and_no_other(session, admin):
    own, other = a_centre(session, admin), a_centre(session, admin, parent="09")
    manager = a_staff_member(session, "manager")
    grant_role(session, manager.id, Role.OFFICE_MANAGER, granted_by_id=None, now=NOON)

    scope = scope_of(session, manager.id)

    assert scope.office_ids == {office_id(session, "07"), own.id}
    assert other.id not in scope.office_ids


def test_a_clerk_of_the_desk_does_not_reach_its_centres(session, admin):
    centre = a_centre(session, admin)
    clerk = a_staff_member(session, "clerk")
    grant_role(session, clerk.id, Role.CLERK, granted_by_id=None, now=NOON)

    assert not scope_of(session, clerk.id).covers(centre.id)


def test_a_national_manager_may_everywhere_what_a_province_manager_may(session):
    people = {}
    for role in (Role.PROVINCE_MANAGER, Role.NATIONAL_MANAGER):
        people[role] = a_staff_member(session, role.value)
        grant_role(session, people[role].id, role, granted_by_id=None, now=NOON)
    province, nation = (permissions_of(session, person.id) for person in people.values())

    assert province == nation
    assert Permission.MERGE_DONORS in nation
    assert scope_of(session, people[Role.NATIONAL_MANAGER].id) == EVERYWHERE


def test_the_database_knows_that_a_national_manager_is_of_no_office(database):
    with database.writing() as session:
        person = a_staff_member(session, "nation").id

    with pytest.raises(DBAPIError), database.writing() as session:
        session.execute(
            text(
                "INSERT INTO role_grant (staff_member_id, role, office_id, granted_at)"
                " VALUES (:person, 'national_manager', 1, '2026-11-22 00:00:00')"
            ),
            {"person": person},
        )


def test_the_database_keeps_a_centre_in_the_province_of_its_desk(database):
    with database.writing() as session:
        centre = a_centre(session, a_staff_member(session, "admin", office="00")).id
        elsewhere = office_id(session, "09")

    with pytest.raises(DBAPIError), database.writing() as session:
        session.execute(
            text("UPDATE centre SET parent_id = :to WHERE office_id = :centre"),
            {"to": elsewhere, "centre": centre},
        )


@pytest.mark.parametrize("parent", ["99", "00", "another centre", "closed"])
def test_a_centre_stands_below_an_open_desk(session, admin, parent):
    if parent == "another centre":
        parent = a_centre(session, admin).code
    if parent == "closed":
        parent = close_office(session, office_id(session, "09"), change=change(admin)).code

    with pytest.raises(UnusableParent):
        a_centre(session, admin, "مرکز دیگر", parent=parent)


@pytest.mark.parametrize("name", ["", "  ", "م" * 121, "مركز  اميد"])
def test_a_name_is_readable_and_of_one_office_of_the_province(session, admin, name):
    a_centre(session, admin)

    with pytest.raises(UnusableName):
        a_centre(session, admin, name)


def test_a_renamed_office_keeps_what_it_was_called(session, admin):
    centre = a_centre(session, admin)

    rename_office(
        session, centre.id, name_fa="مرکز نور", name_en="Nur", change=change(admin, reason="ابلاغ")
    )

    names = [fact.name_fa for fact in facts_of_office(session, centre.id)]
    assert names == ["مرکز نور", "مرکز امید"]
    assert centre.name_fa == "مرکز نور"


def test_a_centre_moves_within_its_province_only(session, admin):
    province = session.get_one(Office, office_id(session, "07")).province
    second = open_office(
        session, NewOffice("میز دوم", "Second", province=province.code), change(admin)
    )
    centre = a_centre(session, admin)

    with pytest.raises(UnusableParent):
        move_centre(session, centre.id, parent="09", change=change(admin))
    move_centre(session, centre.id, parent=second.code, change=change(admin))

    assert centre.centre.parent_id == second.id


@pytest.mark.parametrize("days", [1, -1])
def test_a_change_holds_today_and_after_the_last_one(session, admin, days):
    centre = a_centre(session, admin)

    with pytest.raises(UnusableDay):
        close_office(session, centre.id, change=change(admin, day=TODAY + timedelta(days=days)))


def test_a_change_has_a_reason(session, admin):
    centre = a_centre(session, admin)

    with pytest.raises(NoReason):
        close_office(session, centre.id, change=change(admin, reason=" "))


def test_a_closed_office_records_nothing_any_more(session, admin):
    staff = a_staff_member(session)
    waiting = a_pledge(session, office="07", channel=Channel.DESK)
    close_emptied_office(session, office_id(session), change=change(admin))

    with pytest.raises(NotFound):
        a_pledge(session, office="07")
    with pytest.raises(NotFound):
        receive_at_desk(session, waiting, tender=Tender.CASH, staff_id=staff.id, now=NOON)
    with pytest.raises(OfficeClosed):
        close_office(session, office_id(session), change=change(admin))


@pytest.mark.parametrize("is_on_its_way", [False, True])
def test_an_office_with_cash_is_not_closed(session, admin, is_on_its_way):
    staff = a_staff_member(session)
    a_desk_contribution(session, staff_id=staff.id)
    if is_on_its_way:
        hand_over_cash(
            session,
            office_id(session),
            2_500_000,
            made_by_id=staff.id,
            request_key=None,
            now=NOON,
        )

    with pytest.raises(CashLeft):
        close_emptied_office(session, office_id(session), change=change(admin))


@pytest.mark.parametrize("work", ["session", "round", "batch"])
def test_an_office_is_not_closed_while_cash_may_come_to_light(session, admin, work):
    staff = a_staff_member(session)
    if work == "session":
        a_session(session, staff)
    elif work == "round":
        a_round(session, staff, a_box(session, staff))
    else:
        open_batch(
            session,
            office_id=staff.office_id,
            title="صندوق مسجد",
            expected_count=2,
            expected_rial=5_000,
            opened_by_id=staff.id,
            request_key=None,
            now=NOON,
        )

    with pytest.raises(WorkOpen):
        close_emptied_office(session, office_id(session), change=change(admin))


@pytest.mark.parametrize("is_on_its_way", [False, True])
def test_an_office_with_goods_is_not_closed(session, admin, is_on_its_way):
    pledge = a_pledge(session, GoodsItem("پتو", 5_000, "تخته"), office="07")
    looked_at(session, pledge, staff_id=admin.id)
    if is_on_its_way:
        kind = stock_of(session, EVERYWHERE)[0]
        hand_goods_over(
            session,
            office_id(session),
            [Wanted(kind.category_id, kind.kind_folded, 5_000)],
            Receiver(office_id=office_id(session, "03")),
            made_by_id=admin.id,
            request_key=None,
            now=NOON,
        )

    for office in ("07", "03") if is_on_its_way else ("07",):
        with pytest.raises(GoodsLeft):
            close_emptied_office(session, office_id(session, office), change=change(admin))


def test_a_desk_with_open_centres_is_not_closed(session, admin):
    centre = a_centre(session, admin)
    with pytest.raises(CentresBelow):
        close_office(session, office_id(session), change=change(admin))

    close_office(session, centre.id, change=change(admin))
    close_office(session, office_id(session), change=change(admin))


def test_the_headquarters_are_not_closed(session, admin):
    with pytest.raises(NotFound):
        close_office(session, office_id(session, "00"), change=change(admin))


def test_offices_are_listed_with_each_desk_above_its_centres(session, admin):
    centre = a_centre(session, admin)
    desk = office_id(session, "07")

    codes = [row.code for row in offices_in(session, Scope(frozenset({desk, centre.id})))]

    assert codes == ["07", centre.code]
    assert len(offices_in(session, EVERYWHERE)) == len(session.scalars(select(Office)).all())


@pytest.mark.usefixtures("admin")
def test_the_demo_opens_its_centres_once(session):
    assert load_demo_offices(session, NOON) == 2
    assert load_demo_offices(session, NOON) == 0
    assert partner_sums(session).receipts == 3
