"""The proof that no sealed row was changed, removed or slipped in."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from core.words import _
from flows.sealing import sealed_tables
from ledger.sealing import unsealed_rows, verify_chain


def chains_are_whole(session: Session) -> Iterator[str]:
    """What is wrong with the chains, by table and block of ids."""
    for table in sealed_tables():
        yield from (str(fault) for fault in verify_chain(session, table).faults)


def unsealed_tail(session: Session) -> str | None:
    """How many rows the sealer has not reached yet, in words; nothing where there are none."""
    rows = sum(unsealed_rows(session, table) for table in sealed_tables())
    return _("{rows} rows are not sealed yet").format(rows=rows) if rows else None
