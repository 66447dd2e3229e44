"""``receipts verify FILE``: the same judgement as the page, also where no database is at hand."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from core.words import _
from receipts.life.files import receipt_files
from receipts.public.examined import Examined, SealFound
from receipts.public.examining import FILE_BYTES_MAX, examine
from receipts.public.findings import SENTENCES, Finding
from receipts.public.proving import Proof, prove, prove_without_records
from receipts.seals.seal import SealUnreadable
from receipts.seals.trust import read_certificates, trusted_pem
from web.commands.frame import answer
from web.services import current


def verify_file(path: Path, *, trusted: Path | None, offline: bool, as_json: bool) -> None:
    """Judge a file and print it; exit code 1 when it is not genuine."""
    file = _read(path)
    examined = examine(file, _trusted(trusted))
    proof, has_records = _proof(file, examined, offline=offline)
    said, advice = map(str, SENTENCES[proof.finding])
    facts = {
        "file": str(path),
        "sha256": hashlib.sha256(file).hexdigest(),
        "genuine": proof.is_genuine,
        "finding": proof.finding,
        "message": said,
        "advice": advice,
        "records": "checked" if has_records else "not_checked",
        "receipt": _receipt(proof),
        "seal": _seal(proof.seal),
    }
    unchecked = (
        () if has_records else (_("Our records were not asked; only the seal was checked."),)
    )
    answer(facts, [f"{path}: {said}", advice, *unchecked], as_json=as_json)
    if not proof.is_genuine:
        click.get_current_context().exit(1)


def _read(path: Path) -> bytes:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise click.ClickException(str(SENTENCES[Finding.TOO_MUCH][0]))
    return path.read_bytes()


def _trusted(path: Path | None) -> bytes:
    try:
        return read_certificates(path) if path else trusted_pem(current.settings)
    except SealUnreadable as trouble:
        raise click.ClickException(str(trouble)) from trouble


def _proof(file: bytes, examined: Examined, *, offline: bool) -> tuple[Proof, bool]:
    """What came out, and whether our records were asked."""
    if not offline:
        files = receipt_files(current.settings)
        try:
            with current.database.reading() as session:
                return prove(session, file, examined, files=files), True
        except DBAPIError as trouble:
            click.echo(f"{type(trouble).__name__}: {trouble.orig}", err=True)
    return prove_without_records(examined), False


def _receipt(proof: Proof) -> Mapping[str, object] | None:
    if proof.receipt is None:
        return None
    return {
        "number": proof.receipt.number,
        "state": proof.receipt.state,
        "issued_on": proof.receipt.issued_on.isoformat(),
    }


def _seal(seal: SealFound | None) -> Mapping[str, object] | None:
    if seal is None:
        return None
    return {
        "intact": seal.is_intact,
        "covers_whole_file": seal.covers_whole_file,
        "later_revision": seal.has_later_revision,
        "trusted": seal.is_trusted,
        "signer": seal.signer,
        "signed_at": seal.signed_at.isoformat() if seal.signed_at else None,
    }
