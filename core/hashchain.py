"""Rows of a table sealed into a chain of hashes, so that a later change cannot hide.

The chain is written in blocks behind the writers, never by them, so it slows nobody down.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping

GENESIS = "0" * 64


def canonical(row: Mapping[str, object]) -> bytes:
    """One row as bytes: sorted keys, no blanks, UTF-8. Values are text, whole numbers or null."""
    return json.dumps(
        row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
    ).encode()


def block_hash(previous: str, rows: Iterable[Mapping[str, object]]) -> str:
    """The hash of a block: of the block before it and of every row in order."""
    digest = hashlib.sha256(previous.encode())
    for row in rows:
        digest.update(hashlib.sha256(canonical(row)).digest())
    return digest.hexdigest()
