"""What a statement comes to: every line with its state and reason, and sums that add up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import sum_rial
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementImportUndo, StatementLine
from reconciliation.reasons import explanations

_SLICE = 500


@dataclass(frozen=True, slots=True)
class Totals:
    """Lines and rials of everything imported; credits less debits, explained and open."""

    lines: int
    rial: int
    matched_lines: int
    matched_rial: int
    open_lines: int
    open_rial: int

    def as_json(self) -> dict[str, int]:
        return {
            "lines": self.lines,
            "amount_rial": self.rial,
            "matched_lines": self.matched_lines,
            "matched_rial": self.matched_rial,
            "open_lines": self.open_lines,
            "open_rial": self.open_rial,
        }


def report(session: Session) -> dict[str, object]:
    """Everything, in the shape other programs build on (DESIGN 9)."""
    return {"lines": list(report_lines(session)), "totals": totals(session).as_json()}


def report_lines(session: Session) -> Iterator[dict[str, object]]:
    """Every line that stands, in order of its account."""
    undone = select(StatementImportUndo.statement_file_id)
    after = (0, -(2**62))
    while True:
        account_id, position = after
        lines = session.scalars(
            select(StatementLine)
            .where(
                StatementLine.statement_file_id.not_in(undone),
                (StatementLine.bank_account_id > account_id)
                | (
                    (StatementLine.bank_account_id == account_id)
                    & (StatementLine.position > position)
                ),
            )
            .order_by(StatementLine.bank_account_id, StatementLine.position)
            .limit(_SLICE)
        ).all()
        yield from _with_reasons(session, lines)
        if len(lines) < _SLICE:
            return
        after = (lines[-1].bank_account_id, lines[-1].position)
        session.expunge_all()


def totals(session: Session, bank_account_id: int | None = None) -> Totals:
    """The sums, of one account or of all; explained is what is neither open nor undone."""
    undone = select(StatementImportUndo.statement_file_id)
    everything = select(func.count(), sum_rial(StatementLine.amount_rial)).where(
        StatementLine.statement_file_id.not_in(undone)
    )
    still_open = select(func.count(), sum_rial(OpenLine.amount_rial))
    if bank_account_id is not None:
        everything = everything.where(StatementLine.bank_account_id == bank_account_id)
        still_open = still_open.where(OpenLine.bank_account_id == bank_account_id)
    lines, rial = session.execute(everything).one()
    open_lines, open_rial = session.execute(still_open).one()
    return Totals(lines, rial, lines - open_lines, rial - open_rial, open_lines, open_rial)


def _with_reasons(session: Session, lines: Sequence[StatementLine]) -> Iterator[dict[str, object]]:
    explained = explanations(session, [line.id for line in lines])
    for line in lines:
        reported: dict[str, object] = {
            "line": line.id,
            "amount_rial": line.amount_rial,
            "booked_on": line.booked_on.isoformat(),
            "state": "matched" if line.id in explained else "open",
        }
        if (why := explained.get(line.id)) is not None:
            reported["rule"] = why.rule.value
            reported["reason"] = why.reason
            if why.tracking_code is not None:
                reported["tracking_code"] = why.tracking_code
        yield reported
