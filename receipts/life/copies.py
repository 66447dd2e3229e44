"""Copies of a receipt that somebody asked for on paper again: counted, each with its reason."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from core.database import Base, insert_only
from core.digits import normalise
from core.refusals import Refusal
from offices.audit import note
from receipts.documents.layouts import draw_receipt
from receipts.life.drawing import shown_facts
from receipts.life.series import Receipt

REASON_MAX = 500


class CopyReasonMissing(Refusal):
    """A copy without a reason, or with one that is too long."""

    code = "copy.reason_missing"
    http_status = 422
    field = "reason"


@insert_only
class ReceiptCopy(Base):
    """That a receipt was printed again, as its copy number so-and-so, why and by whom."""

    __tablename__ = "receipt_copy"
    __table_args__ = (
        UniqueConstraint("receipt_id", "number"),
        CheckConstraint("number > 0", name="number_from_one"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id"))
    number: Mapped[int]  # the first copy is 1; the original is none
    reason: Mapped[str]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]

    receipt: Mapped[Receipt] = relationship()


def make_copy(
    session: Session, receipt: Receipt, *, reason: str, made_by_id: int, now: datetime
) -> ReceiptCopy:
    """Count one more copy of a receipt. Raises CopyReasonMissing."""
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise CopyReasonMissing(longest=REASON_MAX)
    # Two clerks who print at one moment get two numbers: the second waits here.
    session.get_one(Receipt, receipt.id, with_for_update={"key_share": True})
    counted = select(func.count()).where(ReceiptCopy.receipt_id == receipt.id)
    copy = ReceiptCopy(
        receipt_id=receipt.id,
        number=session.scalars(counted).one() + 1,
        reason=reason,
        made_by_id=made_by_id,
        made_at=now,
    )
    session.add(copy)
    session.flush()
    note(
        session,
        "receipt.copy",
        subject="receipt",
        subject_id=receipt.id,
        now=now,
        actor_id=made_by_id,
        copy=copy.number,
    )
    return copy


def copy_pdf(session: Session, copy: ReceiptCopy) -> bytes:
    """A copy as a PDF that says which one it is, and void once it is. Raises DrawingDiffers."""
    return draw_receipt(shown_facts(session, copy.receipt), copy=copy.number)
