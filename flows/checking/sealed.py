"""The proof that no sealed row was changed, removed or slipped in."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from flows.sealing import sealed_tables
from ledger.sealing import verify_chain


def chains_are_whole(session: Session) -> Iterator[str]:
    """What is wrong with the chains, by table and block of ids."""
    for table in sealed_tables():
        yield from (str(fault) for fault in verify_chain(session, table).faults)
