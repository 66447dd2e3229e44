"""Which tables are sealed: every fact that nobody may change."""

from datetime import datetime

from sqlalchemy import Table

from core.database import Base, Database
from donations.models.acceptance import GoodsAcceptance, ServiceAcceptance
from donations.models.contribution import Contribution, ContributionLine, ContributionReversal
from donations.models.payment import PaymentStep
from donations.models.refund import RefundDecision, RefundEnd, RefundRequest
from ledger.postings import Entry, Posting
from ledger.sealing import seal
from offices.audit import AuditEntry
from receipts.documents.receipt_texts import ReceiptText
from receipts.life.chain import SeriesChain
from receipts.life.copies import ReceiptCopy
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
    PaymentStep,
    RefundRequest,
    RefundDecision,
    RefundEnd,
    AuditEntry,
    StatementLine,
    Match,
    MatchUndo,
)


def sealed_tables() -> tuple[Table, ...]:
    """The tables whose rows are chained, in the order in which they are sealed and checked."""
    return tuple(Base.metadata.tables[model.__tablename__] for model in _SEALED)


def seal_facts(database: Database, *, now: datetime) -> int:
    """Seal every fact that is complete by now; returns how many rows."""
    return seal(database, sealed_tables(), now=now)
