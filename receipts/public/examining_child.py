"""The process that reads one uploaded file, within limits, and tells its parent what it is.

Started as ``python -m receipts.public.examining_child REQUEST`` with the file as standard input. It
knows no database, no settings and no secret. Its answer is one line of JSON, see ``examined``.
"""

import json
import re
import sys
from typing import BinaryIO

from cryptography import x509

from core.confined import keep_within
from receipts.public.examined import Examined, FileKind, SealFound
from receipts.public.says import says_of_itself
from receipts.seals.checking import check_seal

_PICTURES = (
    b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\x00", b"MM\x00*", b"BM", b"RIFF",
)  # fmt: skip
_BRANDS_OF_PHONES = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif")
_HEADER_WITHIN = 1024  # readers accept a PDF that begins a little later
_EARLIER_MAX = 8
_END_OF_FILE = re.compile(rb"%%EOF(?:\r\n|\n|\r)?")
_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+\d{1,9}\s+(\d{1,9})\s+(\d{1,9})\s*\]")


def main(request: str, file: BinaryIO, out: BinaryIO) -> None:
    """Examine the file and write the answer."""
    asked = json.loads(request)
    keep_within(asked["limits"])
    try:
        examined = _examined(file.read(), asked["trusted"].encode())
    except MemoryError:
        examined = Examined(FileKind.TOO_MUCH)
    except Exception:  # whatever a file does to a reader, the parent is told
        examined = Examined(FileKind.DAMAGED)
    out.write(examined.as_json().encode())
    out.flush()


def _examined(file: bytes, trusted_pem: bytes) -> Examined:
    kind = _kind_by_head(file)
    if kind is not FileKind.PDF:
        return Examined(kind)
    says = says_of_itself(file)
    if says.is_locked:
        kind = FileKind.LOCKED
    elif not says.is_complete:
        kind = FileKind.DAMAGED
    elif says.has_pictures and not says.has_fonts:
        kind = FileKind.SCAN
    return Examined(kind, says.title, _earlier_ends(file), _seal(file, trusted_pem))


def _kind_by_head(file: bytes) -> FileKind:
    if file.startswith(_PICTURES) or file[4:12] in _BRANDS_OF_PHONES:
        return FileKind.PICTURE
    return FileKind.PDF if b"%PDF-" in file[:_HEADER_WITHIN] else FileKind.OTHER


def _earlier_ends(file: bytes) -> tuple[int, ...]:
    """Where the file was complete before something was added: after a seal or an end mark."""
    sealed = (int(found[1]) + int(found[2]) for found in _RANGE.finditer(file))
    ended = (found.end() for found in _END_OF_FILE.finditer(file))
    ends = {end for end in (*sealed, *ended) if 0 < end < len(file)}
    return tuple(sorted(ends)[:_EARLIER_MAX])


def _seal(file: bytes, trusted_pem: bytes) -> SealFound | None:
    trusted = x509.load_pem_x509_certificates(trusted_pem) if trusted_pem.strip() else []
    state = check_seal(file, trusted)
    if not state.is_present:
        return None
    return SealFound(
        covers_whole_file=state.covers_whole_file,
        has_later_revision=state.has_later_revision,
        is_intact=state.is_intact,
        is_trusted=state.is_trusted,
        signer=state.signer,
        signed_at=state.signed_at,
    )


if __name__ == "__main__":
    channel = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not fall into the answer
    main(sys.argv[1], sys.stdin.buffer, channel)
