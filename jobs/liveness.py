"""Whether a worker still lives: it holds a lock for as long as it does, no time-out guesses.

The kernel (a lock file beside the SQLite database) or PostgreSQL (an advisory lock of a session)
lets go of the lock at the moment the process ends, however it ends.
"""

import fcntl
import hashlib
import os
import secrets
import socket
import tempfile
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.database import Database

_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "ceph", "glusterfs", "afs")
# A machine that vanishes is noticed by the server within 10 + 3 * 5 seconds.
_KEEPALIVES = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}


class LifeLost(Exception):
    """Our own lock is gone, so others think us dead: the worker must stop."""


class Liveness(Protocol):
    """The lock of one worker, and a look at those of the others."""

    owner: str

    def is_dead(self, owner: str) -> bool:
        """Whether the worker of that name has ended. Names are never used twice."""

    def forget(self, owner: str) -> None:
        """Clear away what a dead worker left behind."""

    def check(self) -> None:
        """Raise LifeLost where our own lock is no longer held."""

    def end(self) -> None:
        """Let go of the lock: this worker takes no more jobs."""


def begin_life(database: Database) -> Liveness:
    """Take the lock of a new worker on this database."""
    if database.is_sqlite:
        return LockFile(_folder_beside(database))
    return AdvisoryLock(database)


class LockFile:
    """A worker's life as a locked file. Only for workers on one machine, as SQLite itself is."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_network(folder)
        self.owner = _new_owner()
        self._folder = folder
        # Locked under another name first: a file with a worker's name is never there unlocked
        # while the worker lives. Python closes it in programs that we start.
        fresh = folder / f".{self.owner}"
        self._file = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        fresh.rename(folder / self.owner)
        for left in folder.glob("[!.]*"):
            if self.is_dead(left.name):
                self.forget(left.name)

    def is_dead(self, owner: str) -> bool:
        try:
            file = os.open(self._folder / owner, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(file)

    def forget(self, owner: str) -> None:
        (self._folder / owner).unlink(missing_ok=True)

    def check(self) -> None:
        try:
            named = (self._folder / self.owner).stat().st_ino
        except FileNotFoundError:
            named = 0
        if named != os.fstat(self._file).st_ino:
            raise LifeLost(f"the lock file of {self.owner} was taken away")

    def end(self) -> None:
        self.forget(self.owner)
        os.close(self._file)


class AdvisoryLock:
    """A worker's life as an advisory lock of a connection of its own.

    The connection must reach PostgreSQL directly, not through a pooler that shares sessions.
    """

    def __init__(self, database: Database) -> None:
        self.owner = _new_owner()
        self._database = database
        self._connection = self._connected()
        self._connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(self.owner)})

    def is_dead(self, owner: str) -> bool:
        with self._database.reading() as session:
            # Given back with the transaction. Two who look at once may both see "lives";
            # they look again a second later.
            free = text("SELECT pg_try_advisory_xact_lock(:key)")
            return bool(session.execute(free, {"key": _key(owner)}).scalar_one())

    def forget(self, owner: str) -> None:
        """Nothing is left behind: the lock ended with the session."""

    def check(self) -> None:
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise LifeLost(f"the lock connection of {self.owner} broke") from error

    def end(self) -> None:
        self._connection.close()

    def _connected(self) -> Connection:
        engine = create_engine(
            self._database.engine.url,
            poolclass=NullPool,
            connect_args=_KEEPALIVES,
            isolation_level="AUTOCOMMIT",
        )
        return engine.connect()


def _new_owner() -> str:
    return f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(6)}"


def _key(owner: str) -> int:
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], "big", signed=True)


def _folder_beside(database: Database) -> Path:
    """Beside the database file, so that all workers on it agree whatever their settings say."""
    file = database.engine.url.database
    if file in (None, "", ":memory:"):
        return Path(tempfile.gettempdir()) / f"workers-of-{os.getpid()}"
    return Path(f"{file}.workers")


def _refuse_network(folder: Path) -> None:
    place = str(folder.resolve())
    mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    holding = [
        (len(parts[1]), parts[2])
        for parts in mounts
        if place == parts[1] or place.startswith(parts[1].rstrip("/") + "/")
    ]
    kind = max(holding, default=(0, ""))[1]
    if kind.startswith(_NETWORK_FILE_SYSTEMS):
        raise RuntimeError(
            f"{folder} lies on a network file system ({kind}), where locks cannot be trusted;"
            " put the SQLite database on a local disk, or use PostgreSQL"
        )
