"""Checking a receipt's file: read apart from the server, judged by its seal and by our records."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import render_template, request
from flask.typing import ResponseReturnValue

from core.refusals import Refusal
from core.words import _
from receipts.life.files import receipt_files
from receipts.public.examined import SealFound
from receipts.public.examining import examine
from receipts.public.findings import SENTENCES
from receipts.public.proving import prove
from receipts.seals.trust import trusted_pem
from web.filters import moment
from web.public.limiting import count_file
from web.public.verifying import number_page
from web.services import current

_AT_ONCE = 2  # readers of a server process; each may take half a gigabyte and ten seconds
_WAIT_SECONDS = 10
_readers = threading.BoundedSemaphore(_AT_ONCE)


class AllReadersBusy(Refusal):
    """Too many files are being checked at this moment."""

    code = "receipt.readers_busy"
    http_status = 503


def check_file() -> ResponseReturnValue:
    """Say what is right or wrong about a file; it is not kept."""
    count_file()
    given = request.files.get("file")
    if given is None or not given.filename:
        return number_page(file_error=_("Choose the file first.")), 422
    file = given.read()
    with _a_reader():
        examined = examine(file, trusted_pem(current.settings))
    with current.database.reading() as session:
        proof = prove(session, file, examined, files=receipt_files(current.settings))
    said, advice = SENTENCES[proof.finding]
    return render_template(
        "public/verify_file.html",
        proof=proof,
        said=said,
        advice=advice,
        looked_at=_looked_at(proof.seal),
        sha256=hashlib.sha256(file).hexdigest(),
    )


@contextmanager
def _a_reader() -> Iterator[None]:
    """A place among those who read. Raises AllReadersBusy."""
    if not _readers.acquire(timeout=_WAIT_SECONDS):
        raise AllReadersBusy
    try:
        yield
    finally:
        _readers.release()


def _looked_at(seal: SealFound | None) -> list[tuple[str, str]]:
    """What the seal of a file proves, point by point, for those who want to know why."""
    if seal is None:
        return [(_("Seal"), _("there is none"))]
    yes, no = _("yes"), _("no")
    whole = [
        (_("Unchanged since it was sealed"), yes if seal.is_intact else no),
        (_("Seal covers the whole file"), yes if seal.covers_whole_file else no),
        (_("Nothing added afterwards"), no if seal.has_later_revision else yes),
    ]
    if not seal.is_intact:  # then nobody can say whose it is
        return whole
    return [
        *whole,
        (_("Sealed with our key"), yes if seal.is_trusted else no),
        (_("Sealed at, as the sealer says"), moment(seal.signed_at) if seal.signed_at else ""),
    ]
