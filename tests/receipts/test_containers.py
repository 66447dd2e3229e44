"""Both containers: the first never changes by a byte, the second is small, whole and repeatable."""

import hashlib
import io
import re
import subprocess
import sys
import tracemalloc
import zlib

import pikepdf
import pypdfium2
import pytest

from receipts.documents.facts import GoodsLine, ReceiptKind, facts_to_json
from receipts.documents.layouts import draw_receipt, receipt_document
from receipts.pdf.writing import (
    BATCH_LIMIT,
    BatchTooLarge,
    write_batch,
    write_batch_file,
    write_pdf,
)
from tests.receipts.drawn import BLANKETS, VISITS, english_facts, facts, pdfium_text, poppler_text
from tests.receipts.sealers import a_seal

BOXES = tuple(GoodsLine(f"بستهٔ غذایی نوع {number}", "1", "بسته") for number in range(40))
# Receipts of layout 1 as they came out of the program that issued the first of them.
ISSUED = {
    "cash": ({}, "5269d521fb3a3f4ee2c570cc1b77625c"),
    "void": (
        {"is_void": True, "void_text": "۱۴۰۴/۰۷/۲۵ – بازگشت وجه از سوی بانک"},
        "e8e076f6e8b1ef68da5060c6156a2241",
    ),
    "everything": (
        {
            "kind": ReceiptKind.MIXED,
            "goods": (BLANKETS,) * 3,
            "hours": (VISITS,),
            "is_sample": True,
        },
        "1f4f31a9e4bebc5c5106518622e22926",
    ),
    "rare letters": (
        {"donor_name": "مُحَمَّد ضَیاءُ الدّین Ångström Żółć"},
        "d3d4fa502c0e696ba9c81dfcb8cbd8e9",
    ),
    "many pages": ({"goods": BOXES}, "59833f59aadc5d4ebbf2016818ab4795"),
}


def unpacked(pdf):
    """A file of the first container without what depends on the machine's zlib."""

    def content(stream):
        return zlib.decompress(stream[1]) if stream[1][:1] == b"x" else stream[1]

    plain = re.sub(rb"/Length \d+>>stream\n(.*?)\nendstream", content, pdf, flags=re.DOTALL)
    return re.sub(rb"\d{10} 00000 n \n|startxref\n\d+", b"", plain)


@pytest.mark.parametrize(("changes", "issued"), ISSUED.values(), ids=ISSUED)
def test_a_receipt_of_layout_1_is_drawn_as_it_was_issued(changes, issued):
    drawn = draw_receipt(facts(layout_version=1, **changes))

    assert hashlib.sha256(unpacked(drawn)).hexdigest()[:32] == issued


def test_an_english_receipt_of_layout_1_is_drawn_as_it_was_issued():
    printed = english_facts()
    drawn = draw_receipt(facts_of_layout_1(printed))

    assert hashlib.sha256(unpacked(drawn)).hexdigest()[:32] == "ec01046f2db298d006224fb2f2a3ad24"


def facts_of_layout_1(printed):
    return type(printed)(
        **{name: getattr(printed, name) for name in printed.__slots__} | {"layout_version": 1}
    )


PROGRAM = """
import io, sys, pathlib
from receipts.documents.facts import facts_from_json
from receipts.documents.layouts import receipt_document
from receipts.pdf.writing import write_batch, write_pdf
texts = pathlib.Path(sys.argv[1]).read_text().splitlines()
documents = [receipt_document(facts_from_json(text)) for text in texts]
file = io.BytesIO()
write_batch(documents, file)
sys.stdout.buffer.write(write_pdf(*documents[0]) + file.getvalue())
"""


def test_two_processes_write_the_same_bytes(tmp_path):
    printed = [
        facts(donor_name="مُحَمَّد ضَیاءُ الدّین Ångström Żółć"),
        facts(donor_name="Öğüş کاظم ژاله"),
        english_facts(),
    ]
    (tmp_path / "facts").write_text("\n".join(map(facts_to_json, printed)))

    first, second = (
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "facts")],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "77")
    )

    assert len(first) > 50_000
    assert first == second


def test_a_receipt_is_no_larger_than_thirty_thousand_bytes_sealed():
    document = receipt_document(facts())

    assert len(write_pdf(*document)) <= 27_500
    assert len(write_pdf(*document, seal=a_demo_like_seal())) <= 30_500


def a_demo_like_seal():
    """A seal whose certificate came without a chain."""
    full = a_seal()
    return type(full)(lambda _content: bytes(256), full.chain[:1])


def named(number):
    return facts(number=f"1404/07/{number:06d}", donor_name=f"نیکوکار شمارهٔ {number}")


@pytest.mark.parametrize("read", [poppler_text, pdfium_text], ids=["poppler", "pdfium"])
def test_a_batch_holds_every_receipt_in_order(read):
    file = io.BytesIO()

    write_batch((receipt_document(named(number)) for number in range(1, 13)), file)

    found = re.findall(r"۱۴۰۴/۰۷/(\S{6})\b", read(file.getvalue()))
    assert list(dict.fromkeys(found)) == [
        f"{number:06d}".translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
        for number in range(1, 13)
    ]


def test_a_batch_shares_its_fonts_and_looks_like_its_parts():
    file = io.BytesIO()
    printed = [facts(donor_name="Żółć"), facts(donor_name="Öğüş"), named(3)]

    write_batch(map(receipt_document, printed), file)

    with pikepdf.open(file) as batch:
        fonts = {page.Resources.Font.VR.objgen for page in batch.pages}
    assert len(fonts) == 1
    whole = pypdfium2.PdfDocument(file.getvalue())
    for page, one in zip(whole, printed, strict=True):
        alone = pypdfium2.PdfDocument(draw_receipt(one))[0]
        assert page.render().to_pil().tobytes() == alone.render().to_pil().tobytes()


def test_memory_stays_flat_while_a_batch_grows(tmp_path):
    def peak_bytes(count):
        with (tmp_path / "batch.pdf").open("wb") as file:
            tracemalloc.start()
            write_batch((receipt_document(named(number)) for number in range(count)), file)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return peak

    peak_bytes(30)  # what is cached once
    small, large = peak_bytes(30), peak_bytes(120)

    assert large < small + 3_000_000


def test_a_batch_takes_a_thousand_and_not_one_more():
    document = receipt_document(facts())

    with pytest.raises(BatchTooLarge):
        write_batch([document] * (BATCH_LIMIT + 1), io.BytesIO())


def test_a_batch_of_nothing_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        write_batch_file([], tmp_path / "batch.pdf")

    assert list(tmp_path.iterdir()) == []


def test_a_batch_file_appears_whole(tmp_path):
    path = tmp_path / "batch.pdf"

    write_batch_file([receipt_document(named(1)), receipt_document(named(2))], path)

    assert len(pypdfium2.PdfDocument(path)) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_no_truncated_file(tmp_path):
    path = tmp_path / "batch.pdf"
    path.write_bytes(b"what was there before")
    program = (
        "import resource, signal, sys, pathlib\n"
        "from tests.receipts.test_containers import named\n"
        "from receipts.documents.layouts import receipt_document\n"
        "from receipts.pdf.writing import write_batch_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "documents = [receipt_document(named(number)) for number in range(40)]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "write_batch_file(documents, pathlib.Path(sys.argv[1]))\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
    )

    assert "OSError" in ended.stderr
    assert path.read_bytes() == b"what was there before"
    assert list(tmp_path.iterdir()) == [path]
