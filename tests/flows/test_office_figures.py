"""The figures of offices are those of the contributions, however much of them is summed."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.clock import tehran_date
from donations.models.contribution import Tender
from donations.models.office_day import Measure, OfficeDay
from donations.models.pledge import Channel
from donations.pledging import CashItem, GoodsItem, ServiceItem
from flows.office_figures import (
    figures_by_day,
    figures_by_office,
    look_at_offices,
    open_promises,
    standings,
    sum_days,
)
from flows.sealing import seal_facts
from offices.scope import EVERYWHERE, NOWHERE, Scope
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, office_id, two_void
from tests.plans import whole_tables_read

TODAY = tehran_date(NOON)
THREE = (
    CashItem(20_000_000),
    CashItem(5_000_000),
    GoodsItem("نان", 40_000, "عدد"),
    ServiceItem("نانوا", 16),
)


def summed(database):
    seal_facts(database, now=NOON)
    return sum_days(database)


def by_day(session, scope=EVERYWHERE):
    return figures_by_day(session, scope, first=TODAY - timedelta(days=29), last=TODAY)


def told(figures):
    return {
        measure: (row.count, row.amount_rial, row.hours)
        for measure, row in figures.by_measure.items()
    }


@pytest.mark.parametrize("is_summed", [False, True])
def test_money_goods_and_hours_are_counted_apart(database, is_summed):
    with database.writing() as session:
        staff = a_staff_member(session)
        a_desk_contribution(session, *THREE, staff_id=staff.id)
        a_desk_contribution(session, staff_id=staff.id, now=NOON - timedelta(days=3))
    if is_summed:
        assert summed(database) == 5

    with database.reading() as session:
        days = by_day(session)

    assert told(days[TODAY]) == {
        Measure.CASH: (1, 25_000_000, 0),
        Measure.GOODS: (1, 0, 0),
        Measure.SERVICE: (1, 0, 16),
    }
    assert told(days[TODAY - timedelta(days=3)]) == {Measure.CASH: (1, 2_500_000, 0)}


def test_what_is_summed_and_what_came_since_are_added_once_each(database):
    with database.writing() as session:
        staff_id = a_staff_member(session).id
        voided = a_desk_contribution(session, *THREE, staff_id=staff_id).id
    seen = []
    for step in (
        lambda session: a_desk_contribution(session, staff_id=staff_id),
        lambda session: two_void(session, voided),
        lambda _session: None,
    ):
        summed(database)
        with database.writing() as session:
            step(session)
        with database.reading() as session:
            seen.append(told(by_day(session)[TODAY]).get(Measure.CASH))

    assert seen == [(2, 27_500_000, 0), (1, 2_500_000, 0), (1, 2_500_000, 0)]
    assert summed(database) == 0


def test_summing_twice_changes_nothing(database):
    with database.writing() as session:
        a_desk_contribution(session, *THREE, staff_id=a_staff_member(session).id)
    summed(database)

    assert summed(database) == 0
    with database.reading() as session:
        assert session.scalar(select(func.sum(OfficeDay.count))) == 3


def test_what_is_not_sealed_yet_is_not_summed(database):
    with database.writing() as session:
        a_desk_contribution(session, staff_id=a_staff_member(session).id)

    assert sum_days(database) == 0
    with database.reading() as session:
        assert by_day(session)[TODAY].money.count == 1


def test_every_office_has_its_own_figures_and_no_other_is_seen(database):
    with database.writing() as session:
        staff = a_staff_member(session)
        for office in ("07", "09", "09"):
            a_desk_contribution(session, staff_id=staff.id, office=office, tender=Tender.CASH)
        here = Scope(frozenset({office_id(session, "07")}))
        ids = [office_id(session, code) for code in ("07", "09")]
    summed(database)

    with database.reading() as session:
        nation = figures_by_office(session, EVERYWHERE, first=TODAY, last=TODAY)
        assert [nation[id_].money.count for id_ in ids] == [1, 2]
        assert list(figures_by_office(session, here, first=TODAY, last=TODAY)) == ids[:1]
        assert figures_by_office(session, NOWHERE, first=TODAY, last=TODAY) == {}


def test_promises_are_open_until_they_are_kept_or_old(database):
    with database.writing() as session:
        staff = a_staff_member(session)
        a_pledge(session, office="07", channel=Channel.PHONE)
        a_pledge(session, office="07", now=NOON - timedelta(days=91))
        a_pledge(session, office="09")
        a_desk_contribution(session, staff_id=staff.id)
        here = Scope(frozenset({office_id(session, "07")}))

    with database.reading() as session:
        waiting = open_promises(session, here, now=NOON)

    assert (waiting.promises, waiting.amount_rial) == (1, 2_500_000)


def test_a_look_keeps_how_every_office_stands(database):
    with database.writing() as session:
        staff = a_staff_member(session)
        a_desk_contribution(session, staff_id=staff.id)
        a_pledge(session, office="07", channel=Channel.PHONE)
        id_ = office_id(session, "07")
    look_at_offices(database, now=NOON)
    look_at_offices(database, now=NOON)

    with database.reading() as session:
        row = standings(session, Scope(frozenset({id_})))[id_]

        assert (row.open_promises, row.open_rial) == (1, 2_500_000)
        assert (row.cash_rial, row.cheques_rial) == (2_500_000, 0)
        assert standings(session, NOWHERE) == {}


def test_figures_of_days_read_no_table_of_contributions(database):
    with database.writing() as session:
        a_desk_contribution(session, *THREE, staff_id=a_staff_member(session).id)
        here = Scope(frozenset({office_id(session)}))
    summed(database)

    with database.reading() as session:
        read = whole_tables_read(session, lambda: by_day(session, here))
        read += whole_tables_read(session, lambda: open_promises(session, here, now=NOON))

    assert [step for step in read if "contribution" in step.split(":")[0]] == []
    assert [step for step in read if "pledge" in step.split(":")[0]] == []
