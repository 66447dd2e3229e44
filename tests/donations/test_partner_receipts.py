"""What partner centres receive by themselves is counted, and is never money of ours."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from core.refusals import NotFound, Refusal
from core.rial import UnreadableAmount
from donations.models.contribution import Contribution
from donations.models.partner_receipt import PartnerReceipt
from donations.models.pledge import ItemKind
from donations.partner_receipts import (
    NoPartner,
    NumberTaken,
    PartnerGift,
    PartnerSums,
    ReversalReason,
    ReversedBefore,
    UnusableReceiptDay,
    partner_sums,
    partner_sums_by_office,
    record_partner_receipt,
    reverse_partner_receipt,
)
from donations.pledging import UnknownFund, UnusableQuantity, UnusableText
from ledger.postings import Posting
from offices.changing import Change, NewOffice, close_office, open_office
from offices.scope import EVERYWHERE, Scope
from receipts.life.series import Receipt
from tests.factories import NOON, a_staff_member, office_id

TODAY = date(2026, 11, 22)


@pytest.fixture
def staff(session):
    return a_staff_member(session)


def change(staff):
    return Change(TODAY, "ابلاغ", staff.id, NOON)


@pytest.fixture
def centre(session, staff):
    new = NewOffice("مرکز همکار مهر", "Mehr", parent="07", is_partner=True)
    return open_office(session, new, change(staff))


def recorded(session, staff, centre, *, scope=EVERYWHERE, **facts):
    gift = PartnerGift(
        **{
            "office": centre.code,
            "number": "۱۲",
            "received_on": TODAY,
            "kind": ItemKind.CASH,
            "amount_rial": 1_000_000,
            **facts,
        }
    )
    return record_partner_receipt(session, scope, gift, recorded_by_id=staff.id, now=NOON)


def test_money_goods_and_hours_are_summed_apart_from_our_own(session, staff, centre):
    recorded(session, staff, centre)
    goods = {"kind": ItemKind.GOODS, "amount_rial": None}
    recorded(
        session,
        staff,
        centre,
        number="13",
        description="پتو",
        unit="تخته",
        quantity_thousandths=2_500,
        **goods,
    )
    recorded(session, staff, centre, number="14", kind=ItemKind.SERVICE, amount_rial=None, hours=6)

    assert partner_sums(session) == PartnerSums(3, 1_000_000, 1, 6)
    of_office = partner_sums_by_office(session, EVERYWHERE, first=TODAY, last=TODAY)
    assert of_office == {centre.id: PartnerSums(3, 1_000_000, 1, 6)}
    for model in (Contribution, Posting, Receipt):
        assert session.scalar(select(func.count()).select_from(model)) == 0


def test_the_same_leaf_again_is_the_one_that_is_there(session, staff, centre):
    first, is_new = recorded(session, staff, centre)
    again, is_new_again = recorded(session, staff, centre, number="12")

    assert (is_new, is_new_again) == (True, False)
    assert again.id == first.id
    with pytest.raises(NumberTaken):
        recorded(session, staff, centre, amount_rial=2_000_000)


def test_a_reversed_leaf_does_not_count_and_may_be_recorded_anew(session, staff, centre):
    first, _is_new = recorded(session, staff, centre)
    reversal = {"reason": "مبلغ نادرست", "by_id": staff.id, "now": NOON}
    reverse_partner_receipt(session, EVERYWHERE, first.id, **reversal)
    assert partner_sums(session) == PartnerSums(0, 0, 0, 0)

    second, is_new = recorded(session, staff, centre, amount_rial=2_000_000)

    assert (is_new, second.version) == (True, 2)
    assert partner_sums(session).amount_rial == 2_000_000
    with pytest.raises(ReversedBefore):
        reverse_partner_receipt(session, EVERYWHERE, first.id, **reversal)


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"number": " "}, UnusableText),
        ({"number": "۱" * 41}, UnusableText),
        ({"received_on": TODAY + timedelta(days=1)}, UnusableReceiptDay),
        ({"amount_rial": None}, UnreadableAmount),
        ({"amount_rial": 0}, UnreadableAmount),
        ({"amount_rial": 10**15 + 1}, UnreadableAmount),
        ({"fund": "no-such-fund"}, UnknownFund),
        ({"kind": ItemKind.GOODS}, UnusableText),
        ({"kind": ItemKind.GOODS, "description": "پتو", "unit": "تخته"}, UnusableQuantity),
        ({"kind": ItemKind.SERVICE}, UnusableQuantity),
        ({"office": "07"}, NoPartner),
        ({"office": "99"}, NotFound),
    ],
)
def test_a_leaf_that_cannot_be_is_refused(session, staff, centre, facts, refusal):
    with pytest.raises(refusal):
        recorded(session, staff, centre, **facts)

    assert session.scalar(select(func.count()).select_from(PartnerReceipt)) == 0


def test_a_closed_partner_centre_records_nothing_any_more(session, staff, centre):
    close_office(session, centre.id, change=change(staff))

    with pytest.raises(NoPartner):
        recorded(session, staff, centre)


def test_a_centre_outside_the_scope_is_not_found(session, staff, centre):
    elsewhere = Scope(frozenset({office_id(session, "09")}))
    row, _is_new = recorded(session, staff, centre)

    with pytest.raises(NotFound):
        recorded(session, staff, centre, scope=elsewhere)
    with pytest.raises(NotFound):
        reverse_partner_receipt(session, elsewhere, row.id, reason="x", by_id=staff.id, now=NOON)
    assert partner_sums_by_office(session, elsewhere, first=TODAY, last=TODAY) == {}


def test_a_reversal_has_a_reason(session, staff, centre):
    row, _is_new = recorded(session, staff, centre)

    with pytest.raises(ReversalReason):
        reverse_partner_receipt(session, EVERYWHERE, row.id, reason=" ", by_id=staff.id, now=NOON)


def test_the_database_itself_keeps_partner_receipts(database):
    with database.writing() as session:
        person = a_staff_member(session)
        new = NewOffice("مرکز همکار", "Partner", parent="07", is_partner=True)
        made = open_office(session, new, change(person))
        row, _is_new = recorded(session, person, made)
        known = {
            "office": made.id,
            "desk": office_id(session),
            "fund": row.fund_id,
            "by": person.id,
        }
    insert = (
        "INSERT INTO partner_receipt (office_id, number, version, received_on, kind, fund_id,"
        " amount_rial, recorded_by_id, recorded_at) VALUES"
        " ({office}, {number}, 1, '2026-11-22', {kind}, :fund, {rial}, :by, '2026-11-22 00:00:00')"
    )

    goods = (
        "INSERT INTO partner_receipt (office_id, number, version, received_on, kind, fund_id,"
        " description, quantity_thousandths, unit, recorded_by_id, recorded_at) VALUES (:office,"
        " '98', 1, '2026-11-22', 'goods', :fund, {what}, 1000, {unit}, :by, '2026-11-22 00:00:00')"
    )

    for wrong in (
        goods.format(what="NULL", unit="'x'"),
        goods.format(what="'x'", unit="NULL"),
        "UPDATE partner_receipt SET amount_rial = 1",
        "DELETE FROM partner_receipt",
        insert.format(office=":office", number="'12'", kind="'cash'", rial="5"),
        insert.format(office=":desk", number="'99'", kind="'cash'", rial="5"),
        insert.format(office=":office", number="''", kind="'cash'", rial="5"),
        insert.format(office=":office", number="'99'", kind="'cash'", rial="NULL"),
        insert.format(office=":office", number="'99'", kind="'cash'", rial="0"),
        insert.format(office=":office", number="'99'", kind="'other'", rial="5"),
    ):
        with pytest.raises(DBAPIError), database.writing() as session:
            session.execute(text(wrong), {k: v for k, v in known.items() if f":{k}" in wrong})


def test_every_refusal_here_has_a_code_of_its_own():
    kinds = (NoPartner, NumberTaken, UnusableReceiptDay, ReversedBefore, ReversalReason)

    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(issubclass(kind, Refusal) for kind in kinds)
