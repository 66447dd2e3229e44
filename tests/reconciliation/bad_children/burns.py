"""Counts for ever."""

import sys

from reconciliation.statements import child


def _for_ever(*_: object) -> None:
    while True:
        pass


child._read = _for_ever
child.main(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
