"""The bank's books: terminals, payments and statement lines in one SQLite file.

Every change is committed before anybody hears of it, so a restart loses nothing. Amounts are
rials; moments are seconds since 1970 (UTC) on the bank's own clock, which can be put forward.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = sqlite3.Row

_SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 1), ahead INTEGER NOT NULL);
INSERT OR IGNORE INTO clock VALUES (1, 0);
CREATE TABLE IF NOT EXISTS account (
  number TEXT PRIMARY KEY, opening INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO account VALUES ('90190', 12500000000);
CREATE TABLE IF NOT EXISTS terminal (
  bank TEXT NOT NULL, login TEXT NOT NULL, terminal TEXT NOT NULL, secret TEXT NOT NULL,
  account TEXT NOT NULL, fee_mode TEXT NOT NULL CHECK (fee_mode IN ('net','gross','exempt')),
  PRIMARY KEY (bank, login), UNIQUE (bank, terminal)
) STRICT;
-- The terminal of the demo's second gateway, whose merchant id says nothing about its number.
INSERT OR IGNORE INTO terminal VALUES ('zarinpal', '0f8fad5b-d9cb-469f-a165-70867728950e', '7002',
  '0f8fad5b-d9cb-469f-a165-70867728950e', '90190', 'net');
CREATE TABLE IF NOT EXISTS payment (
  id INTEGER PRIMARY KEY, bank TEXT NOT NULL, terminal TEXT NOT NULL, order_number TEXT NOT NULL,
  token TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL CHECK (amount > 0), charged INTEGER,
  return_url TEXT NOT NULL, description TEXT NOT NULL, mobile TEXT NOT NULL,
  payer_id TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN
    ('open','paid','cancelled','expired','verified','settled','reversed')),
  reference TEXT UNIQUE, card TEXT, started_at INTEGER NOT NULL, page_until INTEGER NOT NULL,
  paid_at INTEGER, verify_until INTEGER, verified_at INTEGER, settled_at INTEGER,
  reversed_at INTEGER, line_id INTEGER, fee INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS payment_by_order ON payment (bank, terminal, order_number);
CREATE INDEX IF NOT EXISTS payment_to_pay_out ON payment (settled_at)
  WHERE state = 'settled' AND line_id IS NULL;
CREATE INDEX IF NOT EXISTS payment_running ON payment (state) WHERE state IN ('open','paid');
CREATE TABLE IF NOT EXISTS refund (
  id INTEGER PRIMARY KEY, payment_id INTEGER NOT NULL, bank TEXT NOT NULL, terminal TEXT NOT NULL,
  number TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), reference TEXT NOT NULL UNIQUE,
  made_at INTEGER NOT NULL, line_id INTEGER, UNIQUE (bank, terminal, number)
) STRICT;
CREATE INDEX IF NOT EXISTS refund_of_payment ON refund (payment_id);
CREATE TABLE IF NOT EXISTS line (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, booked_at INTEGER NOT NULL,
  credit INTEGER NOT NULL, debit INTEGER NOT NULL, balance INTEGER NOT NULL,
  description TEXT NOT NULL, payer TEXT NOT NULL, serial TEXT NOT NULL,
  deposit_id TEXT NOT NULL, teller TEXT NOT NULL, branch TEXT NOT NULL, kind TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS line_account ON line (account, id);
"""


class Books:
    """The only way to the file. One writer at a time; callers hold it with ``writing``."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._rows = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._rows.row_factory = Row
        # The file must outlive this process, not a power cut of the machine.
        self._rows.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)
        self._ahead: int = self._rows.execute("SELECT ahead FROM clock").fetchone()[0]

    def close(self) -> None:
        """Leave the file in order."""
        with self._lock:
            self._rows.close()

    def now(self) -> int:
        """The bank's clock."""
        return int(time.time()) + self._ahead

    def put_clock_forward(self, seconds: int) -> None:
        """Move the clock. It never goes back: a statement's lines stand in order of time."""
        if seconds < 0:
            raise ValueError("the clock only goes forward")
        with self.writing():
            self.run("UPDATE clock SET ahead = ahead + ?", seconds)
            self._ahead += seconds

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the books. What happens inside is committed together, or not at all."""
        with self._lock:
            if self._rows.in_transaction:
                yield
                return
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._rows.execute("ROLLBACK")
                raise
            self._rows.execute("COMMIT")

    def run(self, statement: str, *values: Any) -> int:
        """Change rows; returns how many."""
        with self._lock:
            return self._rows.execute(statement, values).rowcount

    def insert(self, statement: str, *values: Any) -> int:
        """Add a row; returns its id."""
        with self._lock:
            return self._rows.execute(statement, values).lastrowid or 0

    def one(self, statement: str, *values: Any) -> Row | None:
        """Read at most one row."""
        with self._lock:
            row: Row | None = self._rows.execute(statement, values).fetchone()
            return row

    def all(self, statement: str, *values: Any) -> Sequence[Row]:
        """Read every row."""
        with self._lock:
            return self._rows.execute(statement, values).fetchall()
