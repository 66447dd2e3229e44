"""Voiding receipts: one insert says that they no longer stand, why, and by whom."""

from datetime import datetime

from sqlalchemy import Select, insert, literal, select
from sqlalchemy.orm import Session

from receipts.life.series import Receipt, ReceiptVoid, VoidCause


def void_receipts(
    session: Session,
    chosen: Select[int],
    *,
    cause: VoidCause,
    reason: str,
    voided_by_id: int | None,
    now: datetime,
    asked_by_id: int | None = None,
    evidence_id: int | None = None,
) -> None:
    """Write down that the receipts of the chosen contributions no longer stand.

    Nothing is said of a contribution without a receipt; a receipt that is void stays as it is.
    The database refuses a cause without those who have to stand behind it: two persons, or for
    what a bank did by itself the payment step that keeps its words.
    """
    session.flush()
    said = {
        ReceiptVoid.reason: reason,
        ReceiptVoid.voided_by_id: voided_by_id,
        ReceiptVoid.voided_at: now,
        ReceiptVoid.cause: cause,
        ReceiptVoid.asked_by_id: asked_by_id,
        ReceiptVoid.evidence_id: evidence_id,
    }
    session.execute(
        insert(ReceiptVoid).from_select(
            ["receipt_id", *(column.key for column in said)],
            select(Receipt.id, *(literal(value, column.type) for column, value in said.items()))
            .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
            .where(Receipt.contribution_id.in_(chosen), ReceiptVoid.id.is_(None))
            .order_by(Receipt.id),
        )
    )
