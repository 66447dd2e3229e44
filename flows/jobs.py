"""Where each kind of job leads: the handlers of the runner, and what comes again by the clock."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete
from sqlalchemy.orm import Session

from core.database import Database
from core.settings import Settings
from flows.alarming import alarm_gateway_paused, alarm_refunds
from flows.asked_runs import RUN_RULES, run_as_asked
from flows.office_figures import look_at_offices, sum_days
from flows.refunding import sweep_refunds
from flows.sealing import seal_facts
from flows.sweeping import sweep
from flows.telling import (
    SEND_MESSAGE,
    Voice,
    tell_contribution_received,
    tell_contribution_void,
    tell_payment_sent_back,
    tell_payment_superseded,
    tell_payment_surplus,
    tell_payment_taken_back,
    tell_payment_under_review,
    tell_pledge_made,
    tell_receipt_again,
    tell_receipt_replaced,
    tell_statement,
)
from flows.telling_goods import (
    tell_goods_handed_over,
    tell_goods_refused,
    tell_offer_answered,
    tell_offer_moved_up,
    tell_offer_not_needed,
)
from flows.telling_hours import tell_certificate_void
from flows.watching import check_resting, compare_with_banks, find_unverified
from jobs.handlers import Handlers, Outside, Within
from jobs.schedule import Periodic
from notifications.outbox import Channel
from notifications.sending import Sender, choose_senders, deliver
from offices.limits import RateLimit
from payment_gateways.registry import Gateway
from receipts.life.blocks import close_past_years
from receipts.life.chain import chain_series
from receipts.life.drawing import drawn_original, original_pdf, remember_file
from receipts.life.files import ReceiptFiles, receipt_files
from receipts.life.issuing import latest_receipt
from receipts.life.series import Receipt
from receipts.public.publishing import publish_heads
from receipts.seals.seal import read_seal

log = logging.getLogger(__name__)
SWEEP, SEAL, TIDY_UP = "sweep_payments", "seal_facts", "tidy_up"
CHECK, FIND, COMPARE = "check_resting", "find_unverified", "compare_with_banks"
ALARM_REFUNDS = "alarm_refunds"
PUBLISH_HEADS = "publish_heads"
SUM_DAYS, LOOK_AT_OFFICES = "sum_days", "look_at_offices"

PERIODIC = (
    Periodic(SWEEP, timedelta(seconds=5)),
    Periodic(SEAL, timedelta(seconds=5)),
    Periodic(CHECK, timedelta(seconds=10)),
    Periodic(SUM_DAYS, timedelta(minutes=1)),
    Periodic(LOOK_AT_OFFICES, timedelta(minutes=5)),
    Periodic(FIND, timedelta(hours=1)),
    Periodic(COMPARE, timedelta(hours=1)),
    Periodic(ALARM_REFUNDS, timedelta(hours=1)),
    Periodic(PUBLISH_HEADS, timedelta(hours=1)),
    Periodic(TIDY_UP, timedelta(hours=1)),
)

_TELL = {
    "tell_pledge_made": tell_pledge_made,
    "tell_payment_under_review": tell_payment_under_review,
    "tell_payment_surplus": tell_payment_surplus,
    "tell_payment_superseded": tell_payment_superseded,
    "tell_payment_sent_back": tell_payment_sent_back,
    "tell_payment_taken_back": tell_payment_taken_back,
    "tell_contribution_received": tell_contribution_received,
    "tell_contribution_void": tell_contribution_void,
    "tell_receipt_replaced": tell_receipt_replaced,
    "tell_receipt_again": tell_receipt_again,
    "tell_statement": tell_statement,
    "tell_offer_answered": tell_offer_answered,
    "tell_offer_moved_up": tell_offer_moved_up,
    "tell_offer_not_needed": tell_offer_not_needed,
    "tell_goods_refused": tell_goods_refused,
    "tell_goods_handed_over": tell_goods_handed_over,
    "tell_certificate_void": tell_certificate_void,
}


def handlers(
    database: Database,
    gateways: Mapping[str, Gateway],
    settings: Settings,
    *,
    clock: Callable[[], datetime],
) -> Handlers:
    """Every kind of job that ``flows/events.py`` and ``PERIODIC`` name, bound to this house."""
    voice = Voice(settings.public_url, settings.help_line)
    senders = senders_of(settings)
    files = receipt_files(settings)
    return {
        **{kind: _telling(tell, voice) for kind, tell in _TELL.items()},
        "draw_receipt": Outside(lambda subject, now: _draw_receipt(database, files, subject, now)),
        "draw_successor": Outside(
            lambda subject, now: _draw_successor(database, files, subject, now)
        ),
        SEND_MESSAGE: Outside(
            lambda subject, _now: deliver(database, senders, int(subject), clock=clock)
        ),
        SWEEP: Outside(lambda _subject, _now: _sweep(database, gateways, clock)),
        CHECK: _watching(check_resting, database, gateways, clock),
        FIND: _watching(find_unverified, database, gateways, clock),
        COMPARE: _watching(compare_with_banks, database, gateways, clock),
        "alarm_gateway_paused": Within(
            lambda session, subject, now: alarm_gateway_paused(
                session, int(subject), gateways, voice, now=now
            )
        ),
        ALARM_REFUNDS: Within(
            lambda session, _subject, now: alarm_refunds(session, voice, now=now)
        ),
        SEAL: Outside(lambda _subject, now: _seal(database, now)),
        PUBLISH_HEADS: Outside(lambda _subject, now: _publish_heads(database, settings, now)),
        SUM_DAYS: Outside(lambda _subject, _now: _sum_days(database)),
        LOOK_AT_OFFICES: Outside(lambda _subject, now: look_at_offices(database, now=now)),
        TIDY_UP: Within(_tidy_up),
        RUN_RULES: Outside(lambda subject, now: run_as_asked(database, subject, now)),
    }


def senders_of(settings: Settings) -> Mapping[Channel, Sender]:
    """The ways out that the settings name."""
    return choose_senders(
        sms_url=settings.sms_url.get_secret_value() if settings.sms_url else None,
        smtp_url=settings.smtp_url.get_secret_value() if settings.smtp_url else None,
        folder=settings.instance_dir / "outbox",
        public_host=urlsplit(settings.public_url).hostname or "localhost",
    )


def _telling(tell: Callable[..., None], voice: Voice) -> Within:
    return Within(lambda session, subject, now: tell(session, int(subject), voice, now=now))


def _watching(
    watch: Callable[..., object],
    database: Database,
    gateways: Mapping[str, Gateway],
    clock: Callable[[], datetime],
) -> Outside:
    def look(_subject: str, _now: datetime) -> None:
        watch(database, gateways, clock=clock)

    return Outside(look)


def _draw_receipt(database: Database, files: ReceiptFiles, subject: str, now: datetime) -> None:
    """Draw the receipt of a contribution."""
    with database.reading() as session:
        receipt_id = latest_receipt(session, int(subject)).id
    _draw(database, files, receipt_id, now)


def _draw_successor(database: Database, files: ReceiptFiles, subject: str, now: datetime) -> None:
    """Draw a receipt that replaces another one."""
    _draw(database, files, int(subject), now)


def _draw(database: Database, files: ReceiptFiles, receipt_id: int, now: datetime) -> None:
    """Draw first and write afterwards, so that neither drawing nor stamping holds a lock."""
    with database.reading() as session:
        receipt = session.get_one(Receipt, receipt_id)
        number, is_kept = receipt.number, files.read(receipt.number) is not None
        drawn = b"" if is_kept else drawn_original(session, receipt, files.seal)
    if not is_kept:
        files.keep(number, files.stamped(drawn))
    with database.reading() as session:
        pdf = original_pdf(session, session.get_one(Receipt, receipt_id), files=files)
    with database.writing() as session:
        remember_file(session, receipt_id, pdf, now=now)


def _sweep(
    database: Database, gateways: Mapping[str, Gateway], clock: Callable[[], datetime]
) -> None:
    try:
        sweep(database, gateways, clock=clock)
    finally:  # a payment that fails to be looked after keeps no refund waiting
        sweep_refunds(database, gateways, clock=clock)


def _seal(database: Database, now: datetime) -> None:
    seal_facts(database, now=now)
    chain_series(database, now=now)


def _sum_days(database: Database) -> None:
    sum_days(database)


def _publish_heads(database: Database, settings: Settings, now: datetime) -> None:
    """Publish what the days that are over have no list for; nothing without a key to sign with."""
    seal = read_seal(settings)
    if seal is None:
        log.warning("no chain heads published: SEAL_KEY_FILE is not set")
        return
    publish_heads(database, seal, now=now)


def _tidy_up(session: Session, _subject: str, now: datetime) -> None:
    """Forget buckets that are empty again, and close the number blocks of years that are over."""
    close_past_years(session, now=now)
    session.execute(
        delete(RateLimit)
        .where(RateLimit.empty_at_ms < round(now.timestamp() * 1000))
        .execution_options(synchronize_session=False)
    )
