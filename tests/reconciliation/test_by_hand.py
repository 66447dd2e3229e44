"""What a person says of open lines: parts, pairs, gifts of nobody known, many offers at once."""

import pytest
from sqlalchemy import func, select

from core.refusals import Refusal
from donations.models.contribution import Contribution
from donations.models.pledge import Channel, Pledge
from donations.pledging import CashItem
from flows.by_hand import accept, mark_reversal, mark_transfer, receive_unidentified, split
from flows.checking import check_ledger
from flows.importing import import_statement, undo_import
from flows.undoing import undo_line, undo_run
from ledger.accounts import BankAccount
from ledger.postings import balance_rial
from receipts.life.series import Receipt
from reconciliation.assigning import (
    LineNotOpen,
    NoPair,
    Part,
    PartsDiffer,
    PledgeNotOpen,
    WhichFund,
    WrongSide,
)
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.matches import Match
from tests.factories import NOON, a_pledge, a_staff_member
from tests.reconciliation.bank import Booking, as_csv, cells

OTHER_ACCOUNT = "5550001234"


@pytest.fixture
def staff_id(database):
    with database.writing() as session:
        return a_staff_member(session).id


@pytest.fixture
def pledges(database):
    """Two promises: 2,500,000 and 4,000,000 rials."""
    with database.writing() as session:
        return [a_pledge(session, CashItem(rial)).id for rial in (2_500_000, 4_000_000)]


@pytest.fixture
def said(database, staff_id):
    """Say something of a line, in a transaction of its own."""

    def say(act, *facts, **more):
        with database.writing() as session:
            return act(session, *facts, made_by_id=staff_id, now=NOON, **more)

    return say


def lines(database):
    with database.reading() as session:
        return session.scalars(select(StatementLine.id).order_by(StatementLine.id)).all()


def held(database, account):
    with database.reading() as session:
        return balance_rial(session, account)


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def refuse_broken_books(database):
    with database.reading() as session:
        report = check_ledger(session)
    assert report.ok, [check for check in report.checks if not check.ok]


def test_a_line_is_split_over_several_pledges(database, imported, pledges, said, books_agree):
    imported([Booking(6_500_000)])
    (line_id,) = lines(database)

    said(split, line_id, [Part(pledges[1], 4_000_000), Part(pledges[0], 2_500_000)])

    assert count(database, Contribution) == count(database, Receipt) == 2
    assert held(database, "suspense:90190") == 0
    assert held(database, "fund:most-needed") == -6_500_000
    refuse_broken_books(database)
    books_agree()


def test_a_part_may_differ_from_the_promise_of_one_item(database, imported, pledges, said):
    imported([Booking(6_000_000)])
    (line_id,) = lines(database)

    said(split, line_id, [Part(pledges[0], 2_500_000), Part(pledges[1], 3_500_000)])

    assert held(database, "fund:most-needed") == -6_000_000
    refuse_broken_books(database)


def test_a_split_is_undone_whole(database, imported, pledges, said, staff_id, work_tables):
    imported([Booking(6_500_000)])
    (line_id,) = lines(database)
    before = work_tables()
    said(split, line_id, [Part(pledges[0], 2_500_000), Part(pledges[1], 4_000_000)])

    with database.writing() as session:
        undo_line(session, line_id, reason="اشتباه", undone_by_id=staff_id, now=NOON)

    assert work_tables() == before
    assert held(database, "fund:most-needed") == 0
    refuse_broken_books(database)


@pytest.mark.parametrize(
    ("first", "second"),
    [(2_500_000, 4_000_001), (6_500_000, 0), (-500_000, 7_000_000)],
    ids=["sum", "nothing", "negative"],
)
def test_parts_that_are_not_the_line_are_refused(
    database, imported, pledges, said, first, second, work_tables
):
    imported([Booking(6_500_000)])
    before = work_tables()

    with pytest.raises(PartsDiffer):
        said(split, lines(database)[0], [Part(pledges[0], first), Part(pledges[1], second)])

    assert work_tables() == before
    assert count(database, Match) == 0


def test_a_pledge_named_twice_is_no_split(database, imported, pledges, said):
    imported([Booking(5_000_000)])

    with pytest.raises(PartsDiffer):
        said(split, lines(database)[0], [Part(pledges[0], 2_500_000)] * 2)


def test_nobody_can_say_which_item_of_a_pledge_an_odd_part_is_for(
    database, imported, pledges, said
):
    with database.writing() as session:
        several = a_pledge(session, CashItem(1_000_000), CashItem(2_000_000)).id
    imported([Booking(5_000_000)])

    with pytest.raises(WhichFund):
        said(split, lines(database)[0], [Part(pledges[0], 2_500_000), Part(several, 2_500_000)])


def test_money_of_nobody_known_is_a_gift_with_a_receipt(database, imported, said):
    imported([Booking(777_000)])
    (line_id,) = lines(database)

    code = said(receive_unidentified, line_id, fund=None)

    with database.reading() as session:
        pledge = session.scalars(select(Pledge).where(Pledge.tracking_code == code)).one()
        assert (pledge.donor_id, pledge.channel) == (None, Channel.OTHER)
    assert count(database, Receipt) == 1
    assert held(database, "suspense:90190") == 0
    refuse_broken_books(database)


def test_who_turns_up_later_is_given_the_line(database, imported, said, staff_id, pledges):
    imported([Booking(2_500_000)])
    (line_id,) = lines(database)
    said(receive_unidentified, line_id, fund=None)
    with database.writing() as session:
        undo_line(session, line_id, reason="صاحبش پیدا شد", undone_by_id=staff_id, now=NOON)

    accepted = said(accept, [(line_id, pledges[0])])

    assert list(accepted.line_ids) == [line_id]
    refuse_broken_books(database)


def test_a_debit_is_no_gift(database, imported, said):
    imported([Booking(-777_000)])

    with pytest.raises(WrongSide):
        said(receive_unidentified, lines(database)[0], fund=None)

    assert count(database, Pledge) == 0


def test_what_is_explained_is_not_received_again(database, imported, said):
    imported([Booking(777_000)])
    said(receive_unidentified, lines(database)[0], fund=None)

    with pytest.raises(LineNotOpen):
        said(receive_unidentified, lines(database)[0], fund=None)

    assert count(database, Pledge) == 1


@pytest.fixture
def two_accounts(database):
    """A transfer of 3,000,000 rials from a second account to the central one."""
    with database.writing() as session:
        session.add(
            BankAccount(
                number=OTHER_ACCOUNT, bank_fa="بانک", bank_en="Bank", branch_fa="شعبه",
                branch_en="Branch", holder_fa="سازمان", holder_en="Organisation",
                valid_from=NOON.date(),
            )
        )  # fmt: skip
    for account, rial in ((OTHER_ACCOUNT, -3_000_000), ("90190", 3_000_000)):
        import_statement(
            database, as_csv(cells([Booking(rial)])), f"{account}.csv", account=account, now=NOON
        )
    return lines(database)


def test_a_transfer_between_our_accounts_explains_both_lines(
    database, two_accounts, said, books_agree
):
    said(mark_transfer, *two_accounts)

    assert held(database, f"suspense:{OTHER_ACCOUNT}") == held(database, "suspense:90190") == 0
    assert count(database, OpenLine) == 0
    refuse_broken_books(database)
    books_agree()


@pytest.mark.parametrize("side", [0, 1])
def test_undoing_one_side_of_a_transfer_opens_both(
    database, two_accounts, said, staff_id, work_tables, side
):
    before = work_tables()
    said(mark_transfer, *two_accounts)

    with database.writing() as session:
        undo_line(session, two_accounts[side], reason="نه", undone_by_id=staff_id, now=NOON)

    assert work_tables() == before
    refuse_broken_books(database)


def test_undoing_an_import_opens_the_other_side_of_its_transfer(database, two_accounts, said):
    said(mark_transfer, *two_accounts)
    with database.reading() as session:
        file_id = session.get_one(StatementLine, two_accounts[1]).statement_file_id

    undo_import(database, file_id, reason="پروندهٔ اشتباه", now=NOON)

    with database.reading() as session:
        assert session.scalars(select(OpenLine.line_id)).all() == [two_accounts[0]]
    refuse_broken_books(database)


def test_a_booking_that_the_bank_took_back_explains_both(database, imported, said, books_agree):
    imported([Booking(900_000), Booking(-900_000)])

    said(mark_reversal, *lines(database))

    assert count(database, OpenLine) == 0
    assert held(database, "suspense:90190") == 0
    refuse_broken_books(database)
    books_agree()


def test_two_lines_of_one_account_are_no_transfer(database, imported, said):
    imported([Booking(900_000), Booking(-900_000)])

    with pytest.raises(NoPair):
        said(mark_transfer, *lines(database))


@pytest.mark.parametrize("act", [mark_transfer, mark_reversal])
def test_unequal_amounts_are_no_pair(database, imported, said, act):
    imported([Booking(900_000), Booking(-900_001)])

    with pytest.raises(NoPair):
        said(act, *lines(database))

    assert count(database, OpenLine) == 2


def test_offers_accepted_together_are_one_run_that_one_undo_takes_back(
    database, imported, pledges, said, staff_id, work_tables
):
    imported([Booking(2_500_000), Booking(4_000_000)])
    before = work_tables()

    accepted = said(accept, list(zip(lines(database), pledges, strict=True)))

    assert count(database, OpenLine) == 0
    undone = undo_run(database, accepted.run_id, reason="نه", undone_by_id=staff_id, now=NOON)
    assert undone == 2
    assert work_tables() == before
    refuse_broken_books(database)


def test_an_offer_that_does_not_hold_any_more_is_left_out_and_told(
    database, imported, pledges, said
):
    imported([Booking(2_500_000), Booking(2_500_000)])
    first, second = lines(database)

    accepted = said(accept, [(first, pledges[0]), (second, pledges[0])])

    assert list(accepted.line_ids) == [first]
    ((refused_line, refusal),) = accepted.refused
    assert (refused_line, type(refusal)) == (second, PledgeNotOpen)
    assert isinstance(refusal, Refusal)
    refuse_broken_books(database)
