"""Shared steps of the tests that close days: a day of the bank, two persons, the acts by name."""

from datetime import timedelta

from sqlalchemy import select

from core.clock import tehran_moment
from donations.models.contribution import Tender
from donations.models.desk import Decision
from donations.models.pledge import Channel
from donations.pledging import CashItem
from flows import closing
from flows.importing import import_statement
from flows.receiving import receive_at_desk
from reconciliation.day_sheets import DaySheet, DaySheetDifference
from reconciliation.lines import StatementLine
from tests.factories import NOON, a_pledge, a_staff_member
from tests.reconciliation.bank import DAY, Booking, as_csv, cells, days_ago, fee, pay_out

YESTERDAY = days_ago(1)
LATER = NOON + timedelta(hours=1)


class Closer:
    """The acts of closing on one database, each in a transaction of its own."""

    def __init__(self, database):
        self.database = database
        with database.writing() as session:
            self.first = a_staff_member(session, "first").id
            self.second = a_staff_member(session, "second").id

    def prepare(self, day=YESTERDAY, *, by=None, now=NOON):
        with self.database.writing() as session:
            by = by or self.first
            return closing.prepare_day(session, "90190", day, prepared_by_id=by, now=now).id

    def sign(self, sheet_id, *, by=None, now=NOON):
        with self.database.writing() as session:
            closing.sign_day(session, sheet_id, signed_by_id=by or self.second, now=now)

    def close(self, day=YESTERDAY, *, now=NOON):
        sheet_id = self.prepare(day, now=now)
        self.sign(sheet_id, now=now)
        return sheet_id

    def ask_to_reopen(self, sheet_id, *, by=None, now=LATER):
        with self.database.writing() as session:
            by = by or self.first
            return closing.ask_to_reopen(
                session, sheet_id, reason="ردیفی کم بود", asked_by_id=by, now=now
            ).id

    def ask_to_undo(self, line_id, *, now=LATER):
        with self.database.writing() as session:
            return closing.ask_to_undo(
                session, line_id, reason="مال دیگری است", asked_by_id=self.first, now=now
            ).id

    def decide(self, request_id, decision=Decision.APPROVED, *, by=None, now=LATER):
        with self.database.writing() as session:
            by = by or self.second
            closing.decide_on_change(session, request_id, decision, decided_by_id=by, now=now)

    def reopen(self, sheet_id, *, now=LATER):
        self.decide(self.ask_to_reopen(sheet_id, now=now), now=now)

    def sheet(self, sheet_id):
        with self.database.reading() as session:
            sheet = session.get_one(DaySheet, sheet_id)
            assert sheet.signature is None or sheet.signature.is_whole
            assert sheet.terminals is not None
            return sheet

    def differences(self, sheet_id):
        """Kind and amount of what a sheet lists."""
        with self.database.reading() as session:
            rows = session.execute(
                select(DaySheetDifference.kind, DaySheetDifference.amount_rial)
                .where(DaySheetDifference.day_sheet_id == sheet_id)
                .order_by(DaySheetDifference.id)
            )
            return [(kind.value, rial) for kind, rial in rows]

    def line(self, rial):
        with self.database.reading() as session:
            return session.scalars(
                select(StatementLine.id)
                .where(StatementLine.amount_rial == rial)
                .order_by(StatementLine.id.desc())
            ).first()


def two_days(database):
    """Yesterday: a pledge's deposit, a pay-out, a fee, a stranger's deposit; today one deposit."""
    with database.writing() as session:
        pledge = a_pledge(session)
        clerk = a_staff_member(session, "counter").id
        card = a_pledge(session, CashItem(5_000_000), office="07", channel=Channel.DESK)
        receive_at_desk(
            session,
            card,
            tender=Tender.CARD_TERMINAL,
            terminal="mellat-main",
            trace_number="654321",
            staff_id=clerk,
            now=tehran_moment(days_ago(2), NOON.time()),
        )
    return [
        Booking(2_500_000, deposit_id=pledge.deposit_id, day=YESTERDAY),
        pay_out(5_000_000 - 1_200, day=YESTERDAY),
        fee(50_000, day=YESTERDAY),
        Booking(123_456, payer="ناشناس", day=YESTERDAY),
        Booking(999_000, day=DAY),
    ]


def import_rows(database, bookings, *, now=NOON, name="s.csv", **options):
    return import_statement(
        database, as_csv(cells(bookings, **options)), name, account="90190", now=now
    )
