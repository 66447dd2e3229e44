"""Proving a file: ours to the last byte, or in words what is wrong with it."""

import zlib
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.confined import Limits
from core.settings import Settings
from donations.pledging import CashItem
from receipts.documents.layouts import receipt_document
from receipts.life.copies import copy_pdf, make_copy
from receipts.life.drawing import receipt_pdf, remember_file
from receipts.life.files import ReceiptFiles
from receipts.life.freezing import facts_of
from receipts.life.series import Receipt
from receipts.pdf.writing import write_pdf
from receipts.public import examining
from receipts.public.examined import FileKind
from receipts.public.examining import examine
from receipts.public.findings import SENTENCES, Finding
from receipts.public.proving import prove, prove_without_records
from receipts.seals.seal import check_seal, read_seal
from receipts.seals.trust import trusted_pem
from tests.factories import a_desk_contribution, a_staff_member, two_void
from tests.receipts import forging
from tests.receipts.drawn import facts


@pytest.fixture
def receipt(session):
    clerk = a_staff_member(session)
    contribution = a_desk_contribution(session, CashItem(2_500_000), staff_id=clerk.id)
    return session.scalars(select(Receipt).where(Receipt.contribution_id == contribution.id)).one()


@pytest.fixture
def files(settings):
    return ReceiptFiles(settings.receipt_files)


@pytest.fixture
def ours(session, receipt, settings, files, now):
    """The sealed file of the receipt, as it was first drawn and kept."""
    pdf = sealed(replace(facts_of(receipt), layout_version=2), settings)
    files.keep(receipt.number, pdf)
    remember_file(session, receipt.id, pdf, now=now)
    return pdf


@pytest.fixture
def proven(session, settings, files):
    """What comes out for a file, asking our records."""
    return lambda file: prove(session, file, examine(file, trusted_pem(settings)), files=files)


def sealed(printed, settings):
    return write_pdf(*receipt_document(printed), seal=read_seal(settings))


def altered(file, place):
    return file[:place] + bytes([file[place] ^ 0x20]) + file[place + 1 :]


def another_house(tmp_path):
    return Settings(instance_dir=tmp_path / "elsewhere")


def test_our_own_file_is_genuine_and_shows_what_its_key_would(proven, ours, receipt):
    proof = proven(ours)

    assert proof.finding is Finding.GENUINE
    assert proof.is_genuine
    assert proof.seal is not None
    assert proof.seal.holds
    assert proof.receipt is not None
    assert proof.receipt.number == receipt.number
    assert proof.receipt.details is not None
    assert proof.receipt.details.amount_rial == 2_500_000


def test_a_flipped_byte_is_a_change(proven, ours):
    proof = proven(forging.flipped(ours))

    assert proof.finding is Finding.CHANGED
    assert proof.seal is not None
    assert not proof.seal.is_intact


def test_every_flipped_byte_of_a_file_is_noticed(ours, settings):
    """Of a thousand places all over the file none can be another unnoticed."""
    trusted = [read_seal(settings).certificate]
    unnoticed = [
        place
        for place in range(0, len(ours), max(1, len(ours) // 1000))
        if check_seal(altered(ours, place), trusted).is_good
    ]

    assert unnoticed == []


def test_what_is_appended_is_noticed_and_the_original_in_it_is_named(proven, ours, receipt):
    proof = proven(forging.updated(ours))

    assert proof.finding is Finding.APPENDED_TO_OURS
    assert proof.receipt is not None
    assert proof.receipt.number == receipt.number
    assert proof.receipt.details is None
    assert proof.seal is not None
    assert proof.seal.has_later_revision


def test_a_single_byte_at_the_end_is_too_much(proven, ours):
    assert proven(ours + b"\n").finding is Finding.APPENDED_TO_OURS


def test_a_file_saved_anew_is_not_the_file_we_issued(proven, ours):
    proof = proven(forging.re_saved(ours))

    assert not proof.is_genuine
    assert proof.finding in {Finding.RE_SAVED, Finding.CHANGED}
    assert proof.receipt is not None
    assert proof.receipt.details is None


def test_a_replaced_page_is_not_the_file_we_issued(proven, ours, settings):
    other = sealed(facts(layout_version=2), settings)
    proof = proven(forging.with_another_page(ours, other))

    assert not proof.is_genuine
    assert proof.finding in {Finding.RE_SAVED, Finding.CHANGED}


def test_a_seal_moved_to_another_file_breaks(proven, ours, receipt, settings):
    dearer = replace(facts_of(receipt), layout_version=2, tracking_code="9999999999999")
    other = sealed(dearer, settings)
    begin, end = (other.index(mark) for mark in (b"/Contents<", b">>"))
    start = ours.index(b"/Contents<")
    moved = other[:begin] + ours[start : start + end - begin] + other[end:]

    assert not proven(moved).is_genuine


@pytest.mark.usefixtures("ours")
def test_a_file_sealed_by_us_with_another_content_is_not_the_kept_one(proven, receipt, settings):
    """Whoever had our key could seal anything, but not into our records."""
    forged = replace(facts_of(receipt), layout_version=2, donor_name="ناشناس دیگر")

    proof = proven(sealed(forged, settings))

    assert proof.finding is Finding.NOT_THE_KEPT_FILE
    assert not proof.is_genuine


def test_another_document_of_ours_holds_by_its_seal(proven, settings):
    pdf = sealed(facts(number="1399/07/000009", layout_version=2), settings)

    assert proven(pdf).finding is Finding.SEALED


@pytest.mark.usefixtures("ours")
def test_somebody_elses_seal_is_not_ours(proven, receipt, tmp_path):
    printed = replace(facts_of(receipt), layout_version=2)
    proof = proven(sealed(printed, another_house(tmp_path)))

    assert proof.finding is Finding.UNKNOWN_SEALER
    assert proof.seal is not None
    assert proof.seal.is_intact


def test_the_key_of_an_earlier_year_is_still_ours(settings, tmp_path):
    earlier = another_house(tmp_path)
    pdf = sealed(facts(number="1399/07/000009", layout_version=2), earlier)
    (tmp_path / "earlier.pem").write_bytes(trusted_pem(earlier))

    trusted = trusted_pem(
        settings.model_copy(update={"seal_trusted_file": tmp_path / "earlier.pem"})
    )

    assert prove_without_records(examine(pdf, trusted)).is_genuine


def test_a_void_receipt_is_said_to_be_void_by_its_first_file_and_by_its_void_copy(
    session, proven, ours, receipt, files
):
    two_void(session, receipt.contribution_id)
    session.expire_all()

    assert proven(ours).finding is Finding.VOID
    assert proven(receipt_pdf(session, receipt, files=files)).finding is Finding.VOID
    assert not proven(ours).is_genuine


@pytest.mark.usefixtures("ours")
def test_a_numbered_copy_is_known(session, proven, receipt, now):
    clerk = a_staff_member(session, "copying")
    copy = make_copy(session, receipt, reason="گم شد", made_by_id=clerk.id, now=now)

    assert proven(copy_pdf(session, copy)).finding is Finding.COPY


LOCKED = forging.foreign(password="secret")
BOMB = b"%PDF-1.7\n" + b"".join(
    b"1 0 obj <</Type/ObjStm/Filter/FlateDecode>>stream\n%b\nendstream " % packed
    for packed in [zlib.compress(b" " * (32 << 20), 9)] * 100
)
DEEP = b"%PDF-1.7\n" + b"/Title (" * 200_000 + b"<</ByteRange [0 1 2 3] /Contents <" + b"30" * 9_000


@pytest.mark.parametrize(
    ("file", "finding"),
    [
        (b"", Finding.EMPTY),
        (b"PK\x03\x04 word/document.xml", Finding.NOT_A_PDF),
        (forging.picture("PNG"), Finding.PICTURE),
        (forging.picture("JPEG"), Finding.PICTURE),
        (forging.picture("PDF"), Finding.SCAN),
        (forging.foreign(), Finding.FOREIGN),
        (LOCKED, Finding.LOCKED),
        (forging.foreign()[:-300], Finding.DAMAGED),
        (b"%PDF-1.7\nnothing", Finding.DAMAGED),
        (BOMB, Finding.DAMAGED),
        (DEEP, Finding.CHANGED),
    ],
    ids=[
        "empty", "another kind", "picture", "photograph", "scan", "somebody else's", "locked",
        "cut off", "nothing", "bomb", "deep",
    ],
)  # fmt: skip
def test_what_is_no_receipt_is_told_apart(proven, file, finding):
    proof = proven(file)

    assert proof.finding is finding
    assert not proof.is_genuine
    assert proof.receipt is None


def test_a_receipt_without_a_seal_is_known_by_its_hash_and_not_by_its_looks(
    session, proven, receipt, files, now
):
    pdf = write_pdf(*receipt_document(facts_of(receipt)))
    files.keep(receipt.number, pdf)
    remember_file(session, receipt.id, pdf, now=now)

    assert proven(pdf).finding is Finding.GENUINE
    assert proven(forging.re_saved(pdf)).finding is Finding.RE_SAVED
    assert proven(forging.updated(pdf)).finding is Finding.APPENDED_TO_OURS
    assert proven(forging.flipped(pdf)).finding is Finding.RE_SAVED


def test_without_our_records_the_seal_alone_is_judged(ours, settings):
    def alone(file):
        return prove_without_records(examine(file, trusted_pem(settings))).finding

    assert alone(ours) is Finding.SEAL_HOLDS
    assert alone(forging.flipped(ours)) is Finding.CHANGED
    assert alone(forging.updated(ours)) is Finding.APPENDED
    assert alone(forging.foreign()) is Finding.NOT_SEALED


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("hangs", FileKind.TOO_MUCH),
        ("burns", FileKind.TOO_MUCH),
        ("dies", FileKind.DAMAGED),
        ("babbles", FileKind.DAMAGED),
    ],
)
def test_a_reader_that_dies_is_an_answer(monkeypatch, how, kind):
    monkeypatch.setattr(examining, "_CHILD", f"tests.reconciliation.bad_children.{how}")
    limits = Limits(memory_bytes=200 << 20, processor_seconds=1, wall_seconds=3)

    assert examine(b"%PDF-1.7", b"", limits=limits).kind is kind


def test_a_file_that_takes_more_memory_than_a_reader_has_is_left():
    limits = Limits(memory_bytes=1 << 20)

    assert examine(b"%PDF-1.7" + bytes(4 << 20), b"", limits=limits).kind is FileKind.TOO_MUCH


def test_every_finding_has_its_sentence():
    assert set(SENTENCES) == set(Finding)
