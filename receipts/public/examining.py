"""Examining an uploaded file in a process of its own: a hostile PDF harms nobody but its reader."""

import json
import logging
import tempfile
from dataclasses import asdict

from core.confined import Limits, confined
from receipts.public.examined import Examined, FileKind, examined_from_json

log = logging.getLogger(__name__)
FILE_BYTES_MAX = 5 << 20  # a receipt has some ten thousand; a scan of one is what people send too
LIMITS = Limits(memory_bytes=512 << 20, processor_seconds=10, wall_seconds=20, open_files=64)
_CHILD = "receipts.public.examining_child"
_ANSWER_BYTES_MAX = 64 << 10


def examine(file: bytes, trusted_pem: bytes, *, limits: Limits = LIMITS) -> Examined:
    """Say what a file is and what its seal proves, trusting the certificates in ``trusted_pem``.

    Never raises for what stands in the file: a reader that dies is an answer too.
    """
    if not file:
        return Examined(FileKind.EMPTY)
    request = json.dumps({"limits": asdict(limits), "trusted": trusted_pem.decode("ascii")})
    with tempfile.TemporaryFile() as held:
        held.write(file)
        with confined(_CHILD, request, held, limits) as child:
            answer = child.answer.read(_ANSWER_BYTES_MAX)
            try:
                return examined_from_json(answer)
            except (ValueError, TypeError, KeyError):
                if child.wanted_too_much:
                    return Examined(FileKind.TOO_MUCH)
                log.warning("a reader of receipts was ended", extra={"status": child.death()})
                return Examined(FileKind.DAMAGED)
