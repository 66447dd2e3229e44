"""The process that parses one uploaded file, within limits, and sends its rows to its parent.

Started as ``python -m reconciliation.statements.child REQUEST`` with the file as standard input.
It knows no database, no settings and no secret, and nothing it does outlives it. What it writes to
standard output are frames: a letter, the length in eight bytes, JSON. ``H`` what the file is, ``S``
a slice of rows, ``E`` the ending; or ``R`` a refusal, ``X`` a defect.
"""

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from core.confined import keep_within
from core.doors import Door, tell
from core.refusals import Refusal
from reconciliation.chain import Reading
from reconciliation.frames import encoded_ending, encoded_slice, frame
from reconciliation.statements.contract import Statement, Wanted
from reconciliation.statements.day_forms import DayForm
from reconciliation.statements.doors import GROUP
from reconciliation.statements.recognise import reader_for
from reconciliation.statements.refusals import FileTooLarge

_TRACE_CHARACTERS = 4_000


def main(request: str, file: BinaryIO, out: BinaryIO) -> None:
    """Read the file that is asked for; the last frame says how it ended."""
    answer(_read, request, file, out)


def answer(
    read: Callable[[dict[str, Any], BinaryIO, BinaryIO], None],
    request: str,
    file: BinaryIO,
    out: BinaryIO,
) -> None:
    """Let something read a file within the limits asked for; the last frame says how it ended."""
    asked = json.loads(request)
    keep_within(asked["limits"])
    try:
        read(asked, file, out)
    except MemoryError:
        out.write(frame(b"R", _told(FileTooLarge())))
    except Refusal as refusal:
        out.write(frame(b"R", _told(refusal)))
    except Exception:  # whatever a file does to a reader, the parent is told
        out.write(frame(b"X", traceback.format_exc()[-_TRACE_CHARACTERS:].encode()))
    out.flush()


def _read(asked: dict[str, Any], file: BinaryIO, out: BinaryIO) -> None:
    tell(GROUP, (Door(**door) for door in asked["doors"]))
    wanted = Wanted(
        asked["account"],
        asked["columns"],
        frozenset(asked["set_aside"]),
        DayForm.of(**asked["days"]),
    )
    statement = reader_for(file, asked["format"]).open(file, wanted)
    out.write(frame(b"H", json.dumps(_head(statement)).encode()))
    reading = Reading(statement, account_number=wanted.account_number, unit=asked["unit"])
    for rows in reading.slices():
        out.write(frame(b"S", encoded_slice(rows)))
    out.write(frame(b"E", encoded_ending(reading.ending)))


def _head(statement: Statement) -> dict[str, object]:
    return {"format": statement.format, "account_digits": statement.account_digits}


def _told(refusal: Refusal) -> bytes:
    return json.dumps({"code": refusal.code, "details": refusal.details}, default=str).encode()


if __name__ == "__main__":
    channel = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a reader prints must not fall among the frames
    main(sys.argv[1], sys.stdin.buffer, channel)
