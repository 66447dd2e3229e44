"""How goods and hours were found: written beside their lines, whole or not at all."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError, IntegrityError

from donations.accepting import (
    AppraiserMissing,
    EndsBeforeItStarts,
    GoodsFound,
    HoursFound,
    OtherKind,
    ValueMissing,
    write_found,
)
from donations.models.acceptance import Condition, GoodsAcceptance, ServiceAcceptance, ValueBasis
from donations.pledging import GoodsItem, ServiceItem, UnusableText
from tests.factories import a_desk_contribution, a_staff_member

DAY = date(2026, 11, 20)
HOURS = {"started_on": DAY, "ended_on": DAY, "place": "آفتاب", "supervisor": "لاله احمدی"}


@pytest.fixture
def lines(session):
    """A line of goods and a line of hours that a desk took."""
    contribution = a_desk_contribution(
        session,
        GoodsItem("پتو", 20_000, "تخته"),
        ServiceItem("آموزش", 8),
        staff_id=a_staff_member(session).id,
        tender=None,
    )
    return contribution.lines


def write(session, line, found):
    write_found(session, [line], {line.pledge_item_id: found})


def test_what_was_found_stands_beside_its_line(session, lines):
    goods, hours = lines
    found = {
        goods.pledge_item_id: GoodsFound(
            Condition.GOOD, ValueBasis.APPRAISER, 900_000, " مهندس كريمي ", "۱۲/۳"
        ),
        hours.pledge_item_id: HoursFound(**HOURS, duty="ریاضی"),
    }

    write_found(session, lines, found)

    blankets = session.scalars(select(GoodsAcceptance)).one()
    teaching = session.scalars(select(ServiceAcceptance)).one()
    assert (blankets.contribution_line_id, blankets.appraiser) == (goods.id, "مهندس کریمی")
    assert blankets.warehouse_number == "12/3"
    assert (teaching.contribution_line_id, teaching.ended_on) == (hours.id, DAY)


def test_where_nothing_was_found_nothing_is_written(session, lines):
    write_found(session, lines, {})

    assert session.scalars(select(GoodsAcceptance)).all() == []


@pytest.mark.parametrize(
    ("found", "refusal"),
    [
        (GoodsFound(Condition.NEW, ValueBasis.INVOICE), ValueMissing),
        (GoodsFound(Condition.NEW, ValueBasis.NOT_VALUED, 5), ValueMissing),
        (GoodsFound(Condition.NEW, ValueBasis.APPRAISER, 5), AppraiserMissing),
        (GoodsFound(Condition.NEW, ValueBasis.INVOICE, 5, "کریمی"), AppraiserMissing),
        (GoodsFound(Condition.NEW, warehouse_number="1" * 41), UnusableText),
    ],
)
def test_a_value_that_is_not_whole_is_refused(session, lines, found, refusal):
    with pytest.raises(refusal):
        write(session, lines[0], found)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ended_on": date(2026, 11, 19)}, EndsBeforeItStarts),
        ({"place": " "}, UnusableText),
        ({"supervisor": ""}, UnusableText),
    ],
)
def test_hours_without_a_place_or_in_no_order_are_refused(session, lines, changes, refusal):
    with pytest.raises(refusal):
        write(session, lines[1], HoursFound(**{**HOURS, **changes}))


def test_goods_are_not_said_of_hours(session, lines):
    with pytest.raises(OtherKind):
        write(session, lines[1], GoodsFound(Condition.NEW))


@pytest.mark.parametrize(
    "row",
    [
        {"basis": ValueBasis.INVOICE},
        {"basis": ValueBasis.NOT_VALUED, "assessed_value_rial": 5},
        {"basis": ValueBasis.APPRAISER, "assessed_value_rial": 5},
        {"basis": ValueBasis.INVOICE, "assessed_value_rial": 0},
        {"basis": ValueBasis.INVOICE, "assessed_value_rial": 10**15 + 1},
        {"basis": ValueBasis.INVOICE, "assessed_value_rial": 5, "appraiser": "کریمی"},
    ],
)
def test_the_database_keeps_values_whole_too(session, lines, row):
    session.add(GoodsAcceptance(contribution_line_id=lines[0].id, condition=Condition.NEW, **row))

    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_the_database_lets_nobody_find_twice_or_otherwise(session, lines):
    write(session, lines[0], GoodsFound(Condition.NEW))
    session.commit()

    with pytest.raises(IntegrityError):
        write(session, lines[0], GoodsFound(Condition.WORN))
    session.rollback()
    with pytest.raises(DatabaseError, match="insert-only"):
        session.execute(GoodsAcceptance.__table__.delete())
    session.rollback()
