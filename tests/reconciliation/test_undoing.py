"""Undo: of a line, a run, an import. Fact tables only grow, and doing it again finds the same."""

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from core.refusals import NotFound, Refusal
from donations.models.contribution import Contribution, ContributionReversal
from donations.models.pledge import Channel, ItemState, PledgeItem
from donations.pledging import CashItem
from donations.voiding import ReasonMissing
from flows.by_hand import assign, mark_fee
from flows.catalogue import enter_terminal
from flows.desk import hand_over_cash
from flows.importing import import_statement, undo_import
from flows.reconciling import run
from flows.unbooking import reverse_deposits
from flows.undoing import undo_line, undo_run
from ledger.accounts import BankAccount
from ledger.postings import Posting, balance_rial
from ledger.terminals import Terminal
from receipts.life.series import Receipt, ReceiptVoid
from reconciliation.assigning import (
    AmountDiffers,
    LineNotOpen,
    PledgeNotOpen,
    WhichFund,
    WrongSide,
)
from reconciliation.expected import (
    ExpectedDeposit,
    Expects,
    MoneySource,
    OpenLine,
    expect_deposit,
    expect_pledges_again,
    expect_terminal_money,
)
from reconciliation.lines import StatementImportUndo, StatementLine
from reconciliation.matches import Match, MatchUndo, Settlement
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, office_id
from tests.reconciliation.bank import Booking, as_csv, cells, days_ago, fee, pay_out

FACTS = (
    StatementLine, Match, MatchUndo, Posting, Contribution, ContributionReversal, Receipt,
    ReceiptVoid, Settlement,
)  # fmt: skip
ACCOUNTS = ("suspense:90190", "fund:most-needed", "gateway:mellat-main", "desk:07", "fees")


@pytest.fixture
def staff(database):
    with database.writing() as session:
        return a_staff_member(session)


@pytest.fixture
def day(database, staff):
    """A day with a line for every rule, and a stranger's deposit."""
    with database.writing() as session:
        pledges = [a_pledge(session, CashItem(rial)) for rial in (2_500_000, 700_000)]
        a_desk_contribution(session, CashItem(900_000), staff_id=staff.id)
        slip = hand_over_cash(
            session, office_id(session), 900_000, made_by_id=staff.id, request_key=None, now=NOON
        )
        account = session.scalars(select(BankAccount)).one()
        enter_terminal(session, "mellat-main", "7001", bank_account_id=account.id)
        terminal_id = session.scalars(
            select(Terminal.id).where(Terminal.name == "mellat-main")
        ).one()
        for source_id, reference in ((1, None), (2, "200000000002"), (3, "300000000003")):
            expect_terminal_money(
                session, terminal_id, days_ago(1), MoneySource.PAYMENT, source_id,
                amount_rial=1_000_000 * source_id, reference=reference,
            )  # fmt: skip
    bookings = [
        *(
            Booking(rial, deposit_id=pledge.deposit_id)
            for pledge, rial in zip(pledges, (2_500_000, 700_000), strict=True)
        ),
        Booking(900_000, deposit_id=slip.deposit_id),
        Booking(3_000_000, serial="300000000003"),
        pay_out(3_000_000 - 2_400),
        fee(50_000),
        Booking(123_456),
    ]
    import_statement(database, as_csv(cells(bookings)), "s.csv", account="90190", now=NOON)
    return bookings


def sizes(database):
    with database.reading() as session:
        return [session.scalars(select(func.count()).select_from(fact)).one() for fact in FACTS]


def balances(database):
    with database.reading() as session:
        return [balance_rial(session, account) for account in ACCOUNTS]


def line_id(database, rial):
    with database.reading() as session:
        return session.scalars(
            select(StatementLine.id)
            .where(StatementLine.amount_rial == rial)
            .order_by(StatementLine.id.desc())
        ).first()


@pytest.mark.usefixtures("day")
def test_undoing_a_run_leaves_everything_as_it_was_and_redoing_finds_the_same(
    database, work_tables, books_agree, now
):
    before, money, facts = work_tables(), balances(database), sizes(database)
    first = run(database, now=now)
    assert first.matched == 6
    explained = balances(database)

    assert undo_run(database, first.run, reason="آزمایش", now=now) == 6
    assert work_tables() == before
    assert balances(database) == money
    assert all(after >= than for after, than in zip(sizes(database), facts, strict=True))
    books_agree()

    second = run(database, now=now)
    assert second.by_rule == first.by_rule
    assert balances(database) == explained
    books_agree()


@pytest.mark.usefixtures("day")
def test_an_undone_contribution_is_reversed_and_its_receipt_void(database, now):
    undo_run(database, run(database, now=now).run, reason="آزمایش", now=now)

    with database.reading() as session:
        assert session.scalars(select(func.count(ContributionReversal.id))).one() == 2
        assert session.scalars(select(func.count(ReceiptVoid.id))).one() == 2
        promised = session.scalars(
            select(func.count(PledgeItem.id)).where(PledgeItem.state == ItemState.PROMISED)
        ).one()
    assert promised == 2
    run(database, now=now)
    with database.reading() as session:
        numbers = session.scalars(select(Receipt.number).order_by(Receipt.id)).all()
    assert len(numbers) == len(set(numbers)) == 5  # one of the desk, two void, two new


@pytest.mark.usefixtures("day")
def test_an_undo_cut_off_between_slices_is_gone_on_with(database, now, books_agree):
    done = run(database, now=now)

    with pytest.raises(KeyboardInterrupt):
        undo_run(database, done.run, reason="آزمایش", now=now, on_progress=_cut_off, slice_lines=2)
    books_agree()
    assert undo_run(database, done.run, reason="آزمایش", now=now) == 4
    books_agree()


def _cut_off(_undone):
    raise KeyboardInterrupt


@pytest.mark.usefixtures("day")
def test_one_line_can_be_undone_and_is_found_again(database, now, books_agree, staff):
    run(database, now=now)
    chosen = line_id(database, 3_000_000 - 2_400)
    with database.writing() as session:
        undo_line(session, chosen, reason="نادرست", undone_by_id=staff.id, now=now)

    books_agree()
    assert run(database, now=now).by_rule == {"settlement_batch": 1}


@pytest.mark.usefixtures("day")
def test_what_is_open_cannot_be_undone(database, now, staff):
    with database.writing() as session, pytest.raises(NotFound):
        undo_line(session, line_id(database, 123_456), reason="x", undone_by_id=staff.id, now=now)


@pytest.mark.usefixtures("day")
def test_a_match_is_undone_once(database, now, staff):
    run(database, now=now)
    chosen = line_id(database, 2_500_000)
    with database.writing() as session:
        undo_line(session, chosen, reason="نادرست", undone_by_id=staff.id, now=now)
    with database.writing() as session, pytest.raises(NotFound):
        undo_line(session, chosen, reason="نادرست", undone_by_id=staff.id, now=now)


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize("reason", ["", " \u200c\n", "x" * 501])
def test_nothing_is_undone_without_a_reason(database, now, reason):
    done = run(database, now=now)
    with database.reading() as session:
        line_id, file_id = session.execute(
            select(StatementLine.id, StatementLine.statement_file_id)
        ).first()
    with database.writing() as session, pytest.raises(ReasonMissing):
        undo_line(session, line_id, reason=reason, undone_by_id=None, now=now)
    for undo, of in ((undo_run, done.run), (undo_import, file_id)):
        with pytest.raises(ReasonMissing):
            undo(database, of, reason=reason, now=now)

    assert sizes(database)[FACTS.index(MatchUndo)] == 0


@pytest.mark.usefixtures("day")
def test_the_database_takes_no_undo_without_a_reason(database, now):
    run(database, now=now)
    rows = (
        (MatchUndo, {"match_id": 1, "undone_at": now}),
        (StatementImportUndo, {"statement_file_id": 1, "undone_at": now}),
    )
    for model, facts in rows:
        with database.writing() as session, pytest.raises(IntegrityError):
            session.execute(insert(model), {**facts, "reason": ""})
        with database.writing() as session:  # the twin: all else is right with the row
            session.execute(insert(model), {**facts, "reason": "x"})


def test_more_contributions_are_reversed_than_a_statement_takes_parameters(database, imported, now):
    with database.writing() as session:
        made = [a_pledge(session, CashItem(1_000)) for _ in range(3)]
    imported([Booking(1_000, deposit_id=pledge.deposit_id) for pledge in made])
    run(database, now=now)
    ids = list(range(1, 70_001))  # more than the 65,535 parameters of a statement
    with database.writing() as session:
        reverse_deposits(session, ids, reason="x", undone_by_id=None, now=now)
        expect_pledges_again(session, ids)

    with database.reading() as session:
        assert session.scalars(select(func.count(ContributionReversal.id))).one() == 3
        assert session.scalars(select(func.count(ReceiptVoid.id))).one() == 3
        assert session.scalars(select(func.count()).select_from(ExpectedDeposit)).one() == 3


def test_an_unknown_run_is_not_found(database, now):
    with pytest.raises(NotFound):
        undo_run(database, 99, reason="x", now=now)


def test_taking_an_import_back_undoes_what_it_explained(
    database, day, work_tables, now, books_agree
):
    run(database, now=now)
    with database.reading() as session:
        file_id = session.scalars(select(StatementLine.statement_file_id)).first()
    undo_import(database, file_id, reason="پرونده دیگری", now=now)

    assert balances(database)[0] == 0
    assert work_tables()["open_line"] == set()
    assert len(work_tables()["expected_deposit"]) == 3
    books_agree()
    import_statement(database, as_csv(cells(day)), "s.csv", account="90190", now=now)
    assert run(database, now=now).matched == 6
    books_agree()


# What is looked out for


@pytest.mark.parametrize(
    ("channel", "states", "expected"),
    [
        (Channel.WEBSITE, {}, [500_000]),
        (Channel.WEBSITE, {200_000: ItemState.RECEIVED}, [300_000]),
        (Channel.WEBSITE, {200_000: ItemState.WITHDRAWN}, [300_000]),
        (Channel.API, {200_000: ItemState.RECEIVED, 300_000: ItemState.RECEIVED}, []),
        (Channel.DESK, {}, []),
    ],
)
def test_a_pledge_is_looked_out_for_by_what_it_promises_now(database, channel, states, expected):
    with database.writing() as session:
        pledge = a_pledge(
            session, CashItem(200_000), CashItem(300_000), office="07", channel=channel
        )
        # As if another sum had been expected before, too.
        expect_deposit(session, pledge.deposit_id, 123, Expects.PLEDGE, pledge.id)
        for item in pledge.items:
            item.state = states.get(item.amount_rial, ItemState.PROMISED)
        expect_pledges_again(session, [pledge.id])

    with database.reading() as session:
        assert session.scalars(select(ExpectedDeposit.amount_rial)).all() == expected


# By hand


@pytest.mark.usefixtures("day")
def test_a_person_gives_a_stranger_s_deposit_its_pledge(database, now, staff, books_agree):
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(123_456))
        assign(session, line_id(database, 123_456), pledge.id, made_by_id=staff.id, now=now)

    with database.reading() as session:
        contribution = session.scalars(
            select(Contribution).where(Contribution.pledge_id == pledge.id)
        ).one()
        assert contribution.recorded_by_id == staff.id
    books_agree()
    with database.writing() as session:
        undo_line(
            session, line_id(database, 123_456), reason="نادرست", undone_by_id=staff.id, now=now
        )
    books_agree()


@pytest.mark.usefixtures("day")
def test_another_amount_is_taken_only_when_a_person_says_so(
    database, now, staff, books_agree, work_tables
):
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(100_000))
    expected = work_tables()["expected_deposit"]
    chosen = line_id(database, 123_456)
    with database.writing() as session, pytest.raises(AmountDiffers):
        assign(session, chosen, pledge.id, made_by_id=staff.id, now=now)
    with database.writing() as session:
        assign(session, chosen, pledge.id, as_given=True, made_by_id=staff.id, now=now)

    assert balances(database)[1] == -900_000 - 123_456
    books_agree()
    with database.writing() as session:
        undo_line(session, chosen, reason="نادرست", undone_by_id=staff.id, now=now)
    assert work_tables()["expected_deposit"] == expected


@pytest.mark.usefixtures("day")
def test_another_amount_for_several_purposes_is_not_divided_by_guess(database, now, staff):
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(100_000), CashItem(50_000, fund="19041062101"))
    with database.writing() as session, pytest.raises(WhichFund):
        assign(
            session, line_id(database, 123_456), pledge.id, as_given=True, made_by_id=staff.id,
            now=now,
        )  # fmt: skip


@pytest.mark.usefixtures("day")
def test_what_is_explained_or_received_is_refused_by_hand(database, now, staff):
    run(database, now=now)
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(2_500_000))
    with database.writing() as session, pytest.raises(LineNotOpen):
        assign(session, line_id(database, 2_500_000), pledge.id, made_by_id=staff.id, now=now)
    with database.reading() as session:
        received = session.scalars(select(Contribution.pledge_id)).first()
    with database.writing() as session, pytest.raises(PledgeNotOpen):
        assign(session, line_id(database, 123_456), received, made_by_id=staff.id, now=now)


def test_a_debit_is_marked_as_a_fee_and_a_credit_is_not(database, now, staff, books_agree):
    import_statement(
        database, as_csv(cells([Booking(-70), Booking(80)])), "s", account="90190", now=now
    )
    with database.writing() as session:
        mark_fee(session, line_id(database, -70), made_by_id=staff.id, now=now)
    with database.writing() as session, pytest.raises(WrongSide):
        mark_fee(session, line_id(database, 80), made_by_id=staff.id, now=now)

    assert balances(database)[-1] == 70
    books_agree()


@pytest.mark.usefixtures("day")
def test_a_refusal_by_hand_leaves_nothing_behind(database, now, staff, work_tables):
    before = work_tables()
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(5))
    with pytest.raises(Refusal), database.writing() as session:
        assign(session, line_id(database, 123_456), pledge.id, made_by_id=staff.id, now=now)

    with database.reading() as session:
        assert session.get(OpenLine, line_id(database, 123_456)) is not None
    assert work_tables()["open_line"] == before["open_line"]
