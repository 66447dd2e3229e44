"""Turns at writing to a SQLite file: one writer at a time, woken as soon as the last one is done.

SQLite's own waiting sleeps for up to a tenth of a second between its tries, and whoever sleeps at
the wrong moment starves. Here the threads of a process queue for one lock, and the processes of the
machine for a lock of the system on a file beside the database, which it releases when one dies.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SUFFIX = "-turn"


class WriteTurns:
    """The queue of all who write to one database file; without a file, of the threads alone.

    A thread that has the turn may take it again, as when one transaction is opened inside another.
    """

    def __init__(self, database: Path | None) -> None:
        self._path = database and database.with_name(database.name + _SUFFIX)
        self._of_threads = threading.RLock()
        self._depth = 0
        self._file: int | None = None
        self._opened_by = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, however long others write, and keep it until the end."""
        with self._of_threads:
            if self._depth == 0:
                self._lock_file()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0 and self._file is not None:
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    def _lock_file(self) -> None:
        if self._path is None:
            return
        if self._file is None or self._opened_by != os.getpid():  # a fork shares its parent's lock
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._opened_by = os.getpid()
        fcntl.flock(self._file, fcntl.LOCK_EX)
