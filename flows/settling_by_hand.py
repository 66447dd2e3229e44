"""A settlement that a person puts together: found, written and booked as the rules would."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from flows.booking import book_found
from offices.audit import note
from reconciliation.matching import write_matches
from reconciliation.settling_by_hand import Named, Owed, find_settlement_by_hand


def settle_by_hand(
    session: Session,
    line_id: int,
    terminal_id: int,
    chosen: Sequence[Owed],
    differences: Sequence[Named] = (),
    *,
    made_by_id: int,
    now: datetime,
) -> None:
    """Say that an open credit pays these payments out; every difference is named.

    Raises what ``reconciliation.settling_by_hand.find_settlement_by_hand`` raises.
    """
    find_settlement_by_hand(session, line_id, terminal_id, chosen, differences)
    write_matches(session, run_id=None, made_by_id=made_by_id, now=now)
    book_found(session, recorded_by_id=made_by_id, now=now)
    note(
        session,
        "reconciliation.settle",
        subject="statement_line",
        subject_id=line_id,
        now=now,
        actor_id=made_by_id,
        differences=[f"{named.kind.value}:{named.amount_rial}" for named in differences],
    )
