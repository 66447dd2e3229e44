"""Kept files: whole or not at all, the same bytes for ever, a changed one refused."""

import hashlib
import resource
from datetime import timedelta

import pytest
from sqlalchemy import select

from receipts.life.audit_report import audit
from receipts.life.drawing import DrawingDiffers, original_pdf, receipt_pdf, remember_file
from receipts.life.files import FileNotKept, ReceiptFiles
from receipts.life.issuing import issue_receipt
from receipts.life.series import ReceiptFile
from tests.receipts.test_issuing import a_contribution

NUMBER = "1405/00/000001"


@pytest.fixture
def files(tmp_path):
    return ReceiptFiles(tmp_path / "receipts")


@pytest.fixture
def receipt(session, now):
    return issue_receipt(session, a_contribution(session).id, now=now)


@pytest.fixture
def kept(session, receipt, files, now):
    """The file first drawn, with its hash remembered."""
    pdf = original_pdf(session, receipt, files=files)
    remember_file(session, receipt.id, pdf, now=now)
    return pdf


def everything_in(files):
    return sorted(path.name for path in files.folder.rglob("*") if path.is_file())


def rewrite(files, content):
    path = files.path(NUMBER)
    path.unlink()
    path.write_bytes(content)


def test_the_first_drawing_is_kept_and_given_out_for_ever(session, receipt, files, kept):
    assert files.path(NUMBER).read_bytes() == kept
    assert receipt_pdf(session, receipt, files=files) == kept
    assert everything_in(files) == ["000001.pdf"]


def test_the_kept_file_is_given_out_not_a_new_drawing(session, receipt, files):
    files.keep(NUMBER, b"%PDF- as it was drawn by an older program")

    assert receipt_pdf(session, receipt, files=files).endswith(b"older program")


def test_a_file_that_is_gone_is_drawn_again_and_equals_the_first(session, receipt, files, kept):
    files.path(NUMBER).unlink()

    assert receipt_pdf(session, receipt, files=files) == kept
    assert files.path(NUMBER).read_bytes() == kept


def test_a_drawing_that_differs_from_the_first_is_neither_given_nor_kept(
    session, receipt, files, now
):
    other = ReceiptFile(receipt_id=receipt.id, pdf_hash="0" * 64, size_bytes=1, drawn_at=now)
    session.add(other)
    session.flush()

    with pytest.raises(DrawingDiffers):
        receipt_pdf(session, receipt, files=files)

    assert everything_in(files) == []


@pytest.mark.parametrize(
    "change",
    [lambda pdf: pdf[:-1], lambda pdf: pdf + b"\n", lambda pdf: pdf.replace(b"0", b"1", 1)],
)
def test_a_file_changed_on_the_disk_is_refused_and_told(session, receipt, files, kept, change):
    rewrite(files, change(kept))

    with pytest.raises(DrawingDiffers):
        receipt_pdf(session, receipt, files=files)

    (proof,) = (proof for proof in audit(session, files=files).proofs if proof.name == "files")
    assert proof.troubles == (f"{NUMBER}: پروندهٔ نگه‌داشته‌شده تغییر کرده است",)


def test_a_disk_that_is_full_half_way_leaves_nothing_behind_and_is_told(files):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))  # no file grows beyond
    try:
        with pytest.raises(FileNotKept):
            files.keep(NUMBER, b"x" * 5_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert everything_in(files) == []
    assert files.keep(NUMBER, b"x" * 5_000) == b"x" * 5_000


def test_a_folder_that_cannot_be_written_is_told(session, receipt, tmp_path):
    (tmp_path / "receipts").write_text("a file where the folder should be")

    with pytest.raises(FileNotKept):
        receipt_pdf(session, receipt, files=ReceiptFiles(tmp_path / "receipts"))


def test_of_two_who_draw_at_once_both_have_what_the_first_kept(files):
    assert files.keep(NUMBER, b"first") == b"first"
    assert files.keep(NUMBER, b"second") == b"first"
    assert everything_in(files) == ["000001.pdf"]


def test_nobody_writes_over_a_kept_file_by_mistake(files):
    files.keep(NUMBER, b"first")

    assert files.path(NUMBER).stat().st_mode & 0o222 == 0


def test_the_hash_is_remembered_once(session, receipt, kept, now):
    remember_file(session, receipt.id, b"another", now=now + timedelta(days=1))

    file = session.scalars(select(ReceiptFile)).one()
    assert file.pdf_hash == hashlib.sha256(kept).hexdigest()
