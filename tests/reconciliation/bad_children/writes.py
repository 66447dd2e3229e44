"""Wants to leave a file behind."""

import sys
import tempfile

from reconciliation.statements import child


def _write(*_: object) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * 100_000)
        file.flush()


child._read = _write
child.main(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
