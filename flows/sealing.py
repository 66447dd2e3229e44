"""Which tables are sealed: every fact that nobody may change."""

from datetime import datetime

from sqlalchemy import Table

from core.database import Base, Database
from donations.models.acceptance import GoodsAcceptance, ServiceAcceptance
from donations.models.acceptance_rule import AcceptanceRule
from donations.models.cash_count import (
    CashCount,
    CountDecision,
    CountedNote,
    Denomination,
    DenominationChange,
)
from donations.models.cashier import CashierSession, SessionClosing
from donations.models.charity_box import BoxSeal, BoxStanding, CharityBox
from donations.models.collection_round import (
    BoxAmount,
    BoxFinding,
    CollectionRound,
    RoundBox,
    RoundClosing,
    RoundCollector,
    RoundContribution,
    RoundRemark,
)
from donations.models.contribution import Contribution, ContributionLine, ContributionReversal
from donations.models.desk import DepositSlip, SlipVoid
from donations.models.desk_limit import DeskLimitValue
from donations.models.donor import DonorMerge, DonorMergeUndo
from donations.models.goods_offer import GoodsAppointment, NeedShare
from donations.models.hand_over import HandOver, HandOverLine
from donations.models.inspection import Inspection, Valuation
from donations.models.partner_receipt import PartnerReceipt, PartnerReceiptReversal
from donations.models.payment import PaymentStep
from donations.models.refund import RefundDecision, RefundEnd, RefundRequest
from donations.models.slip_source import SlipSource
from donations.models.stock import StockLot, StockMovement
from ledger.postings import Entry, Posting
from ledger.sealing import seal
from offices.audit import AuditEntry
from offices.places import OfficeFact
from receipts.documents.receipt_texts import ReceiptText
from receipts.life.chain import SeriesChain
from receipts.life.copies import ReceiptCopy
from receipts.life.number_blocks import BlockNumber, NumberBlock
from receipts.life.paper_books import LeafFate, PaperBook, PaperLeaf
from receipts.life.replacements import ReplacementRequest
from receipts.life.series import Letterhead, Receipt, ReceiptVoid
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo

_SEALED: tuple[type[Base], ...] = (
    Posting,
    Entry,
    Contribution,
    ContributionLine,
    ContributionReversal,
    GoodsAcceptance,
    ServiceAcceptance,
    ReceiptText,
    Letterhead,
    Receipt,
    ReceiptVoid,
    SeriesChain,
    ReceiptCopy,
    ReplacementRequest,
    PaperBook,
    PaperLeaf,
    LeafFate,
    NumberBlock,
    BlockNumber,
    PaymentStep,
    RefundRequest,
    RefundDecision,
    RefundEnd,
    AuditEntry,
    StatementLine,
    Match,
    MatchUndo,
    DonorMerge,
    DonorMergeUndo,
    OfficeFact,
    PartnerReceipt,
    PartnerReceiptReversal,
    CashierSession,
    SessionClosing,
    Denomination,
    DenominationChange,
    CashCount,
    CountedNote,
    CountDecision,
    CharityBox,
    BoxStanding,
    BoxSeal,
    CollectionRound,
    RoundCollector,
    RoundBox,
    BoxFinding,
    RoundRemark,
    BoxAmount,
    RoundClosing,
    RoundContribution,
    DepositSlip,
    SlipVoid,
    SlipSource,
    DeskLimitValue,
    AcceptanceRule,
    NeedShare,
    GoodsAppointment,
    Inspection,
    Valuation,
    StockLot,
    HandOver,
    HandOverLine,
    StockMovement,
)


def sealed_tables() -> tuple[Table, ...]:
    """The tables whose rows are chained, in the order in which they are sealed and checked."""
    return tuple(Base.metadata.tables[model.__tablename__] for model in _SEALED)


def seal_facts(database: Database, *, now: datetime) -> int:
    """Seal every fact that is complete by now; returns how many rows."""
    return seal(database, sealed_tables(), now=now)
