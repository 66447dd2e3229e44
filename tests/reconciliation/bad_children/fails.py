"""Meets a defect of its reader."""

import sys

from reconciliation.statements import child


def _fail(*_: object) -> None:
    raise IndexError


child._read = _fail
child.main(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
