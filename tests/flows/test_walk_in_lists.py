"""Money that was received at a desk, handed in as a list: by the rules of the form, once."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.clock import tehran_date
from core.jalali import jalali_plain
from donations.models.contribution import Contribution, Tender
from donations.models.desk import EntryRemark
from donations.pledging import CashItem, DonorFacts
from donations.voiding import ask_for_void
from flows.catalogue import enter_terminal
from flows.checking import check_ledger
from flows.desk import WalkIn, approve_void, record_walk_in
from flows.lists.cells import HandedIn
from flows.lists.columns import COLUMNS, ListKind
from flows.lists.taking import ListTooLong, read_list, take_list
from ledger.accounts import BankAccount, LedgerAccount
from ledger.postings import Entry
from offices.audit import AuditEntry
from offices.scope import EVERYWHERE, Scope
from receipts.life.series import Receipt
from reconciliation.locks import AccountLock
from tests.custody import a_session, counted
from tests.factories import NOON, a_staff_member, office_id
from tests.flows.test_lists import a_file, taken

WALK_INS = ListKind.WALK_INS
TODAY = tehran_date(NOON)
_FIELDS = [column.field for column in COLUMNS[WALK_INS]]


def a_row(**cells):
    filled = {"received_on": "1405/09/01", "amount_rial": "1000000", **cells}
    return [filled.get(field, "") for field in _FIELDS]


def on(day):
    return jalali_plain(day)


ZAHRA = a_row(name="زهرا احمدی", mobile="۰۹۱۲۱۲۳۴۵۶۷", remark="پاکت سبز")
NOBODY = a_row(amount_rial=2_000_000, fund="19041062101")
CHEQUE = a_row(tender="چک", reference="۷۷", amount_rial="3,000,000")


@pytest.fixture
def staff(session):
    member = a_staff_member(session)
    account = session.query(BankAccount).one()
    enter_terminal(
        session, "desk-card", "d1", bank_account_id=account.id, office_id=member.office_id
    )
    return member


def hand_in(session, staff, *rows, **how):
    return taken(session, staff, a_file(WALK_INS, *rows), WALK_INS, **how)


def void_entry(session, staff):
    """Void the only entry that there is."""
    (entry,) = session.scalars(select(Contribution.id))
    other = a_staff_member(session, "manager").id
    request = ask_for_void(session, EVERYWHERE, entry, reason="x", asked_by_id=staff.id, now=NOON)
    approve_void(session, EVERYWHERE, request.id, decided_by_id=other, now=NOON)


def gifts(session):
    return session.scalars(select(func.count()).select_from(Contribution)).one()


def test_a_list_is_received_with_receipts_and_the_same_list_again_adds_nothing(session, staff):
    card = a_row(tender="کارتخوان", reference="123456", received_on=on(TODAY - timedelta(3)))

    first, second = (hand_in(session, staff, ZAHRA, NOBODY, CHEQUE, card) for _each in range(2))

    assert (first.new, first.known, first.bad) == (4, 0, [])
    assert (second.new, second.known, second.bad) == (0, 4, [])
    assert [row.row for row in second.known_rows] == [2, 3, 4, 5]
    numbers = session.scalars(select(Receipt.number).order_by(Receipt.id)).all()
    assert numbers == [f"1405/07/00000{serial}" for serial in range(1, 5)]
    assert session.scalars(select(EntryRemark.remark)).one() == "پاکت سبز"
    days = session.scalars(select(Contribution.received_on).order_by(Contribution.id)).all()
    assert days == [TODAY, TODAY, TODAY, TODAY - timedelta(3)]
    session.commit()
    assert check_ledger(session).ok


def test_a_colleague_who_hands_the_same_list_in_adds_nothing(session, staff):
    hand_in(session, staff, ZAHRA, NOBODY)

    assert hand_in(session, a_staff_member(session, "colleague"), ZAHRA, NOBODY).known == 2


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (a_row(received_on="1405/13/01"), "received_on", "date.unreadable"),
        (a_row(received_on=on(TODAY + timedelta(1))), "received_on", "walk_in_list.day"),
        (a_row(received_on=on(TODAY - timedelta(32))), "received_on", "walk_in_list.day"),
        (a_row(amount_rial=""), "amount_rial", "amount.unreadable"),
        (a_row(amount_rial="-1"), "amount_rial", "amount.unreadable"),
        (a_row(tender="طلا"), "tender", "list.word"),
        (a_row(tender="چک"), "reference", "walk_in_list.reference"),
        (a_row(tender="card", reference="1", terminal="x"), "terminal", "list.word"),
        (a_row(fund="1"), "fund", "fund.unknown"),
        (a_row(name="ن" * 201), "name", "text.unusable"),
        (a_row(mobile="0912"), "mobile", "mobile.unreadable"),
        (a_row(remark="ن" * 201), "remark", "text.unusable"),
        (a_row(is_another="شاید"), "is_another", "list.word"),
        (a_row(number="1405/07/000009"), "number", "not_found"),
        (a_row(number="نه"), "number", "receipt.number_unreadable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_row_is_told_with_its_column_and_keeps_all_out(session, staff, row, field, code):
    result = hand_in(session, staff, NOBODY, row)

    assert [(bad.row, bad.field, bad.refusal.code) for bad in result.bad] == [(3, field, code)]
    assert (result.new, gifts(session)) == (0, 0)
    assert hand_in(session, staff, NOBODY, row, only_good=True).new == gifts(session) == 1


def test_a_row_of_a_signed_day_is_refused(session, staff):
    account = session.query(BankAccount).one()
    signed = TODAY - timedelta(2)
    session.merge(AccountLock(bank_account_id=account.id, closed_through=signed))
    session.flush()

    result = hand_in(
        session, staff, a_row(received_on=on(signed)), a_row(received_on=on(signed + timedelta(1)))
    )

    assert [(bad.row, bad.refusal.code) for bad in result.bad] == [(2, "walk_in_list.day")]


def test_cash_of_a_day_whose_drawer_was_counted_is_refused_and_a_cheque_is_not(session, staff):
    counted(session, a_session(session, staff), 0, by=staff)

    result = hand_in(session, staff, NOBODY, CHEQUE)

    assert [(bad.row, bad.refusal.code) for bad in result.bad] == [
        (2, "walk_in_list.drawer_counted")
    ]


def test_cash_goes_into_the_open_drawer(session, staff):
    opened = a_session(session, staff)

    hand_in(session, staff, NOBODY, CHEQUE)

    into = select(func.sum(Entry.amount_rial)).join(LedgerAccount)
    assert session.scalars(into.where(LedgerAccount.code == opened.account)).one() == 2_000_000


def test_what_looks_like_an_entry_or_a_row_above_is_told_until_somebody_says_it_is_another(
    session, staff
):
    record_walk_in(
        session,
        WalkIn([CashItem(1_000_000)], DonorFacts(mobile="09121234567"), Tender.CASH),
        office_id=staff.office_id,
        staff_id=staff.id,
        request_key=None,
        now=NOON,
    )
    twice = a_row(mobile="09351234567")

    told = hand_in(session, staff, ZAHRA, twice, twice, CHEQUE, [*CHEQUE[:2], 5, *CHEQUE[3:]])
    another = hand_in(session, staff, [*ZAHRA[:-1], "بله"], twice, [*twice[:-1], "yes"], CHEQUE)

    assert [(bad.row, bad.field, bad.refusal.code) for bad in told.bad] == [
        (2, "mobile", "walk_in_list.like_an_entry"),
        (4, "mobile", "walk_in_list.like_another_row"),
        (6, "reference", "walk_in_list.like_another_row"),
    ]
    assert (another.new, another.bad) == (4, [])
    noted = select(func.count()).where(AuditEntry.action == "pledge.told_apart")
    assert session.scalars(noted.select_from(AuditEntry)).one() == 2


def test_a_cheque_that_stands_on_an_entry_is_told(session, staff):
    hand_in(session, staff, CHEQUE)

    result = hand_in(session, staff, [*CHEQUE[:2], 5, *CHEQUE[3:]])

    assert [(bad.field, bad.refusal.code) for bad in result.bad] == [
        ("reference", "entry.seen_before")
    ]


def test_a_cheque_told_apart_names_the_entry_with_its_number(session, staff):
    hand_in(session, staff, CHEQUE)

    hand_in(session, staff, [*CHEQUE[:-1], "yes"])

    first = session.scalars(select(func.min(Contribution.id))).one()
    (noted,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "pledge.told_apart"))
    assert json.loads(noted.facts)["same_number_as"] == first


def test_an_equal_gift_is_told_with_its_receipt_until_its_last_column_differs(session, staff):
    """Envelopes without a name: a later one of the same amount is not lost as known already."""
    yes, again = ([*NOBODY[:-1], text] for text in ("بله", "بله ۲"))
    hand_in(session, staff, NOBODY)

    told = hand_in(session, staff, NOBODY, ZAHRA)
    assert [(row.row, row.receipt_number, row.is_void) for row in told.known_rows] == [
        (2, "1405/07/000001", False)
    ]
    assert (told.new, gifts(session)) == (0, 1)
    assert hand_in(session, staff, NOBODY, ZAHRA, only_good=True).new == 1
    assert hand_in(session, staff, yes).new == 1
    assert [row.row for row in hand_in(session, staff, yes).known_rows] == [2]
    assert (hand_in(session, staff, again).new, gifts(session)) == (1, 4)


def test_a_known_row_of_a_void_entry_says_so(session, staff):
    hand_in(session, staff, NOBODY)
    void_entry(session, staff)

    assert hand_in(session, staff, NOBODY).known_rows[0].is_void


def test_a_row_with_a_receipt_number_is_known_where_it_says_the_same(session, staff):
    hand_in(session, staff, NOBODY)
    number = "۱۴۰۵-۰۷-۰۰۰۰۰۱"
    same, other = ([number, *NOBODY[1:]], [number, *ZAHRA[1:]])
    elsewhere = a_staff_member(session, "elsewhere", office="06")
    of_06 = Scope(frozenset({office_id(session, "06")}))

    assert hand_in(session, staff, same).known == 1
    assert hand_in(session, staff, other).bad[0].refusal.code == "walk_in_list.says_otherwise"
    assert hand_in(session, elsewhere, same, scope=of_06).bad[0].refusal.code == "not_found"


def test_a_row_with_the_receipt_number_of_a_void_entry_is_told(session, staff):
    hand_in(session, staff, NOBODY)
    void_entry(session, staff)

    told = hand_in(session, staff, ["1405/07/000001", *NOBODY[1:]])

    assert [(bad.field, bad.refusal.code) for bad in told.bad] == [("number", "walk_in_list.void")]


def test_a_row_that_is_known_only_since_the_list_was_looked_at_is_shown_first(session, staff):
    """A colleague recorded an equal gift meanwhile: it is not lost behind "known already"."""
    looked_at = [NOBODY, a_row(amount_rial="")]
    rows, handed_in = (
        read_list(a_file(WALK_INS, *looked_at), WALK_INS),
        HandedIn(EVERYWHERE, staff.id, NOON),
    )
    shown = take_list(session, WALK_INS, rows, handed_in).questioned
    hand_in(session, a_staff_member(session, "colleague"), NOBODY)

    told = take_list(session, WALK_INS, rows, handed_in, shown=shown)

    assert (shown, told.is_recorded) == ({3}, False)
    assert [row.receipt_number for row in told.known_rows] == ["1405/07/000001"]
    assert take_list(session, WALK_INS, rows, handed_in, shown=told.questioned).is_recorded


def test_a_list_is_no_longer_than_one_short_transaction_takes(session, staff):
    with pytest.raises(ListTooLong):
        hand_in(session, staff, *[NOBODY] * 101)
