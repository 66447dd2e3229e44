"""Many gifts received at once leave behind exactly what the same gifts leave one by one."""

import json
import re

import pytest
from sqlalchemy import event, func, select

from core.rial import UnreadableAmount
from donations.models.contribution import Contribution, ContributionLine, Tender
from donations.models.desk import DeskEntry
from donations.models.donor import Donor, DonorWord
from donations.models.pledge import DepositIdSeries, Pledge, PledgeItem
from donations.pledging import CashItem, DonorFacts, UnknownFund
from flows.catalogue import enter_terminal
from flows.checking import check_ledger
from flows.desk import WalkIn, record_walk_in
from flows.receiving_many import MoneyGift, receipts_of_keys, receive_many
from jobs.queue import Job
from ledger.accounts import BankAccount, LedgerAccount
from ledger.postings import Entry, Posting
from offices.audit import AuditEntry
from receipts.life.freezing import facts_of
from receipts.life.series import Receipt, ReceiptSeries
from reconciliation.expected import ExpectedTerminalMoney
from tests.custody import a_session
from tests.factories import NOON, a_staff_member

ZAHRA = DonorFacts(name="زهرا احمدی", mobile="09121234567")
GIFTS = [
    MoneyGift("k1", CashItem(1_000), ZAHRA),
    MoneyGift("k2", CashItem(2_000, "19041062101"), DonorFacts(name="رضا کریمی")),
    MoneyGift("k3", CashItem(3_000), DonorFacts()),
    MoneyGift("k4", CashItem(4_000), ZAHRA),
    MoneyGift("k5", CashItem(5_000), ZAHRA, Tender.CHEQUE, cheque_number="77"),
    MoneyGift(
        "k6", CashItem(6_000), DonorFacts(mobile="09351234567"), Tender.CARD_TERMINAL,
        terminal="desk-card", trace_number="123",
    ),
]  # fmt: skip


@pytest.fixture
def clerk(session):
    member = a_staff_member(session)
    account = session.query(BankAccount).one()
    enter_terminal(
        session, "desk-card", "d1", bank_account_id=account.id, office_id=member.office_id
    )
    return member


def at_once(session, clerk, gifts=GIFTS):
    return receive_many(session, gifts, office_id=clerk.office_id, staff_id=clerk.id, now=NOON)


def one_by_one(session, clerk):
    for gift in GIFTS:
        record_walk_in(
            session,
            WalkIn(
                [gift.item], gift.donor, gift.tender, gift.terminal,
                gift.trace_number, gift.cheque_number,
            ),
            office_id=clerk.office_id,
            staff_id=clerk.id,
            request_key=gift.key,
            now=NOON,
        )  # fmt: skip


def test_at_once_leaves_behind_what_one_by_one_does(session, clerk):
    session.commit()
    one_by_one(session, clerk)
    expected = left_behind(session)
    session.rollback()

    at_once(session, clerk)

    assert left_behind(session) == expected
    session.commit()
    assert check_ledger(session).ok


def test_a_gift_whose_key_is_known_is_not_received_again(session, clerk):
    at_once(session, clerk, GIFTS[:2])

    assert at_once(session, clerk, GIFTS) == len(GIFTS) - 2
    assert at_once(session, clerk, GIFTS) == 0

    receipts = receipts_of_keys(session, [gift.key for gift in GIFTS])
    assert [receipts[gift.key].serial for gift in GIFTS] == list(range(1, 7))


def test_cash_goes_into_the_open_drawer_of_whoever_takes_it(session, clerk):
    opened = a_session(session, clerk)

    at_once(session, clerk)

    assert debited(session)[opened.account] == 1_000 + 2_000 + 3_000 + 4_000


@pytest.mark.parametrize(
    ("bad", "refusal"),
    [
        (MoneyGift("b", CashItem(1_000, "nowhere"), ZAHRA), UnknownFund),
        (MoneyGift("b", CashItem(0), ZAHRA), UnreadableAmount),
    ],
)
def test_one_that_cannot_be_received_refuses_all(session, clerk, bad, refusal):
    session.commit()

    with pytest.raises(refusal):
        at_once(session, clerk, [*GIFTS, bad])
    session.rollback()

    assert session.scalars(select(func.count()).select_from(Contribution)).one() == 0


def test_twenty_more_gifts_cost_no_more_questions(session, clerk):
    at_once(session, clerk)  # accounts and letterheads are there
    few = [MoneyGift(f"f{n}", CashItem(1_000), ZAHRA) for n in range(20)]
    many = [MoneyGift(f"m{n}", CashItem(1_000), ZAHRA) for n in range(40)]

    asked_for_few = selects(session, lambda: at_once(session, clerk, few))
    asked_for_many = selects(session, lambda: at_once(session, clerk, many))

    assert asked_for_many == asked_for_few


def left_behind(session):
    """What the gifts left in each table, but for what is random and for the numbers of rows."""
    return {
        "promised": told(
            session,
            select(
                Pledge.deposit_id, Pledge.hidden_from, Pledge.office_id, Pledge.channel,
                Pledge.language, Pledge.external_reference, Pledge.request_key, Pledge.taken_by_id,
                Pledge.api_key_id, Pledge.made_at, PledgeItem.position, PledgeItem.kind,
                PledgeItem.fund_id, PledgeItem.state, PledgeItem.amount_rial, Donor.name,
                Donor.name_folded, Donor.mobile, Donor.email, Donor.national_id, Donor.created_at,
            )
            .join(PledgeItem, PledgeItem.pledge_id == Pledge.id)
            .outerjoin(Donor, Donor.id == Pledge.donor_id),
        ),
        "donors": told(session, select(func.count()).select_from(Donor)),
        "words": told(
            session,
            select(DonorWord.office_id, DonorWord.word, Donor.name)
            .join(Donor, Donor.id == DonorWord.donor_id),
        ),
        "received": told(
            session,
            select(
                DeskEntry.request_key, DeskEntry.made_by_id, DeskEntry.made_at,
                Contribution.office_id, Contribution.origin, Contribution.tender,
                Contribution.terminal, Contribution.trace_number, Contribution.cheque_number,
                Contribution.received_on, Contribution.recorded_at, Contribution.recorded_by_id,
                ContributionLine.kind, ContributionLine.fund_id, ContributionLine.amount_rial,
                Receipt.number, Receipt.kind, Receipt.amount_rial, Receipt.issued_at,
            )
            .join(Contribution, Contribution.cause_id == DeskEntry.id)
            .join(ContributionLine, ContributionLine.contribution_id == Contribution.id)
            .join(Receipt, Receipt.contribution_id == Contribution.id),
        ),
        "printed": printed(session),
        "booked": told(
            session,
            select(
                Posting.cause, Posting.booked_on, Posting.recorded_at, Receipt.number,
                LedgerAccount.code, Entry.amount_rial,
            )
            .join(Entry, Entry.posting_id == Posting.id)
            .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
            .join(Receipt, Receipt.contribution_id == Posting.cause_id),
        ),
        "noted": told(
            session,
            select(AuditEntry.action, AuditEntry.subject, AuditEntry.actor_id, AuditEntry.facts)
            .where(AuditEntry.subject.in_(["pledge", "contribution"])),
        ),
        "to do": told(
            session,
            select(Job.kind, Job.state, Job.run_after, func.count(Job.id))
            .group_by(Job.kind, Job.state, Job.run_after),
        ),
        "looked out for": told(
            session,
            select(
                ExpectedTerminalMoney.business_day, ExpectedTerminalMoney.source,
                ExpectedTerminalMoney.amount_rial, ExpectedTerminalMoney.reference,
                ExpectedTerminalMoney.taken_minute,
            ),
        ),
        "counters": told(session, select(DepositIdSeries.place, DepositIdSeries.last_serial))
        + told(session, select(ReceiptSeries.office_id, ReceiptSeries.last_serial)),
    }  # fmt: skip


def told(session, statement):
    session.flush()
    rows = sorted(repr(tuple(row)) for row in session.execute(statement))
    return [re.sub("desk:[0-9]+:", "", row) for row in rows]  # whose form a key is


def printed(session):
    own = []
    for receipt in session.scalars(select(Receipt).order_by(Receipt.number)):
        facts = json.loads(receipt.facts)
        del facts["tracking_code"]
        for line in facts["lines"]:
            del line["line"]
        own.append((receipt.number, facts, facts_of(receipt).channel))
    return own


def debited(session):
    rows = session.execute(
        select(LedgerAccount.code, func.sum(Entry.amount_rial))
        .join(Entry, Entry.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.code)
    )
    return {code: int(rial) for code, rial in rows}


def selects(session, act):
    asked = []

    def remember(_connection, _cursor, statement, *_):
        asked.append(statement.lstrip().upper().startswith(("SELECT", "WITH")))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", remember)
    act()
    event.remove(connection, "before_cursor_execute", remember)
    return sum(asked)
