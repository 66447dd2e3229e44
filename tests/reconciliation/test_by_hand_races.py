"""Acts by hand beside each other, a signature and an undo: all is held in one order."""

import inspect

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from core.refusals import Refusal
from donations.pledging import CashItem
from flows import by_hand
from flows.by_hand import accept, mark_transfer
from flows.importing import import_statement, undo_import
from flows.settling_by_hand import settle_by_hand
from reconciliation import assigning
from reconciliation.assigning import LineNotOpen, PledgeNotOpen, open_cash_rial
from reconciliation.lines import StatementFile, StatementLine
from reconciliation.locks import hold_for_signing
from reconciliation.matches import Match
from reconciliation.settling_by_hand import batches_for_line, owed_in_batch
from tests.factories import NOON, a_pledge
from tests.reconciliation.bank import DAY, Booking, as_csv, cells
from tests.reconciliation.closings import LATER, YESTERDAY, Closer, import_rows, two_days
from tests.reconciliation.planted import account_id
from tests.reconciliation.test_closing_races import Paused
from tests.reconciliation.test_importing import an_account
from tests.reconciliation.test_races import WAIT, Beside

RIAL = 3_000_000


@pytest.fixture
def closer(database):
    return Closer(database)


@pytest.fixture
def beside(monkeypatch):
    """Begin an act when a step was first done, and go on once it waits; gives what is under way."""

    def begin_after(module, step, act):
        done, under_way, is_begun = getattr(module, step), [], []

        def then_begin(*args, **options):
            result = done(*args, **options)
            if not is_begun:
                is_begun.append(True)
                under_way.append(Beside(act))
                under_way[0].join(WAIT)
                assert under_way[0].is_alive()
            return result

        monkeypatch.setattr(module, step, then_begin)
        return under_way

    return begin_after


def promises(database, count):
    with database.writing() as session:
        return [a_pledge(session, CashItem(RIAL)).id for _ in range(count)]


def lines(database):
    with database.reading() as session:
        of_rial = select(StatementLine.id).where(func.abs(StatementLine.amount_rial) == RIAL)
        return session.scalars(of_rial.order_by(StatementLine.id)).all()


def matches(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Match))


def accepting(database, closer, pairs):
    with database.writing() as session:
        return accept(session, pairs, made_by_id=closer.first, now=NOON)


def test_a_signature_waits_for_offers_that_are_accepted(database, closer, beside):
    (pledge,) = promises(database, 1)
    import_rows(database, [Booking(RIAL, day=YESTERDAY), Booking(5, day=DAY)])
    sheet_id = closer.prepare()
    signing = beside(by_hand, "find_by_hand", lambda: closer.sign(sheet_id))

    assert accepting(database, closer, [(closer.line(RIAL), pledge)]).refused == []
    assert isinstance(signing[0].ended(), Refusal)  # the day is not as it was prepared


ACTS = [
    *(
        act
        for name, act in inspect.getmembers(by_hand, inspect.isfunction)
        if act.__module__ == by_hand.__name__ and not name.startswith("_")
    ),
    settle_by_hand,
]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_every_act_by_hand_waits_for_a_signature_before_it_takes_an_account(database, closer, act):
    import_rows(database, [Booking(RIAL, day=YESTERDAY), Booking(5, day=DAY)])
    (line_id,) = lines(database)
    told = {"line_id": line_id, "pairs": [(line_id, 0)], "parts": [], "chosen": [], "fund": None}
    told |= {"made_by_id": closer.first, "now": NOON}
    wanted = [
        name
        for name, parameter in inspect.signature(act).parameters.items()
        if name != "session" and parameter.default is parameter.empty
    ]

    def act_alone():
        with database.writing() as session:
            act(session, **{name: told.get(name, 0) for name in wanted})

    with database.writing() as session:
        hold_for_signing(session)  # no account yet
        acting = Beside(act_alone)
        acting.join(WAIT)
        assert acting.is_alive()
        hold_for_signing(session, account_id(session))

    assert not isinstance(acting.ended(), DBAPIError)  # nobody was shot down: it was no deadlock


def test_a_signature_waits_for_a_settlement_by_hand(database, closer):
    import_rows(database, two_days(database))
    sheet_id, line_id = closer.prepare(), closer.line(5_000_000 - 1_200)

    def settle(session):
        line = session.get_one(StatementLine, line_id)
        ((terminal, batch),) = batches_for_line(session, line, limit=1)
        owed = owed_in_batch(session, terminal.id, batch.business_day, batch.cut_off_minute)
        settle_by_hand(session, line_id, terminal.id, owed, made_by_id=closer.first, now=NOON)

    settling = Paused(database, settle)
    signing = Beside(lambda: closer.sign(sheet_id))
    signing.join(WAIT)
    assert signing.is_alive()

    assert settling.ended() is None
    assert isinstance(signing.ended(), Refusal)


@pytest.mark.parametrize(
    ("first", "second", "refusal"),
    [
        ([(0, 0), (1, 1)], [(2, 1), (3, 0)], PledgeNotOpen),  # line and pledge, by their places
        ([(0, 0), (1, 1)], [(1, 2), (0, 3)], LineNotOpen),
    ],
    ids=["the same pledges", "the same lines"],
)
def test_offers_accepted_beside_others_wait_for_them(
    database, closer, beside, first, second, refusal
):
    pledges = promises(database, 4)
    import_rows(database, [Booking(RIAL, day=YESTERDAY)] * 4)
    first, second = (
        [(lines(database)[line], pledges[pledge]) for line, pledge in pairs]
        for pairs in (first, second)
    )
    other = beside(by_hand, "find_by_hand", lambda: accepting(database, closer, second))

    assert accepting(database, closer, first).refused == []
    assert [type(each) for _, each in other[0].ended().refused] == [refusal, refusal]
    assert matches(database) == 2


def test_asking_what_a_pledge_promises_keeps_nobody_waiting(database, closer):
    (pledge,) = promises(database, 1)
    import_rows(database, [Booking(RIAL, day=YESTERDAY), Booking(5, day=DAY)])

    with database.reading() as session:  # as a page does before it splits a line
        assert open_cash_rial(session, pledge) == RIAL
        other = Beside(lambda: accepting(database, closer, [(closer.line(RIAL), pledge)]))

        assert other.ended().refused == []


def test_an_undo_of_an_import_waits_for_whoever_marks_both_sides(database, closer, beside):
    for account, rial in ((an_account(database), RIAL), ("90190", -RIAL)):
        rows = [Booking(rial, day=YESTERDAY), Booking(5, day=DAY)]  # the later account's come first
        import_statement(database, as_csv(cells(rows)), "s.csv", account=account, now=NOON)

    def mark():
        with database.writing() as session:
            mark_transfer(session, *lines(database), made_by_id=closer.first, now=NOON)

    mark()
    with database.reading() as session:
        file_id = session.scalars(select(StatementFile.id)).first()
    undoing = beside(
        assigning, "_line", lambda: undo_import(database, file_id, reason="آزمایش", now=LATER)
    )

    with pytest.raises(LineNotOpen):
        mark()
    assert undoing[0].ended() is None
