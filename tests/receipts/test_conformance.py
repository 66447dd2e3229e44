"""Our files keep PDF/A-2u and PDF/UA-1, and the checker that says so sees what is broken."""

import io
from collections.abc import Callable

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from receipts.documents.facts import ReceiptKind
from receipts.documents.layouts import receipt_document
from receipts.pdf.writing import write_batch, write_pdf
from tests.receipts.conformance import faults
from tests.receipts.drawn import BLANKETS, CASH, VISITS, english_facts, facts
from tests.receipts.sealers import a_seal

MANY_GOODS = tuple(type(BLANKETS)(f"بستهٔ غذایی نوع {n}", "1", "بسته") for n in range(40))
KINDS = {
    "cash": CASH,
    "English": english_facts(),
    "void": facts(is_void=True, void_text="بازگشت وجه از سوی بانک"),
    "sample": facts(is_sample=True),
    "everything": facts(kind=ReceiptKind.MIXED, goods=(BLANKETS,), hours=(VISITS,)),
    "many pages": facts(goods=MANY_GOODS),
    "rare letters": facts(donor_name="مُحَمَّد ضَیاءُ الدّین Ångström Żółć"),
    "names that look like markup": facts(organisation="A <b>&amp; (Co.) \\ B"),
}


@pytest.mark.parametrize("printed", KINDS.values(), ids=KINDS)
def test_every_kind_of_receipt_keeps_both_standards(printed):
    document = receipt_document(printed)

    assert faults(write_pdf(*document)) == []
    assert faults(write_pdf(*document, seal=a_seal())) == []


def test_a_file_of_many_receipts_keeps_both_standards():
    file = io.BytesIO()

    write_batch(map(receipt_document, KINDS.values()), file)

    assert faults(file.getvalue()) == []


def broken(break_it: Callable[[pikepdf.Pdf], None], sound: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(sound)) as file:
        break_it(file)
        written = io.BytesIO()
        file.save(written, fix_metadata_version=False)
    return written.getvalue()


def font(file):
    return file.pages[0].Resources.Font.VR


def element(file, role):
    return next(
        entry
        for entry in file.objects
        if isinstance(entry, Dictionary) and entry.get("/S") == f"/{role}"
    )


def metadata_without(part):
    def change(file):
        file.Root.Metadata.write(file.Root.Metadata.read_bytes().replace(part, b""))

    return change


def content_with(old, new):
    def change(file):
        page = file.pages[0]
        page.Contents = file.make_stream(page.Contents.read_bytes().replace(old, new, 1))

    return change


def put(path, key, value):
    return lambda file: path(file).__setitem__(key, value)


def drop(path, key):
    return lambda file: path(file).__delitem__(key)


def root(file):
    return file.Root


def forget_the_first_character(file):
    unicode = font(file).ToUnicode
    blank = b"\n".join(
        line for line in unicode.read_bytes().splitlines() if not line.endswith(b"<0627>")
    )
    unicode.write(blank)


def blank_the_map(file):
    glyphs = font(file).DescendantFonts[0].CIDToGIDMap
    glyphs.write(bytes(len(glyphs.read_bytes())))


def swap_two_owners(file):
    owners = file.Root.StructTreeRoot.ParentTree.Nums[1]
    owners[0], owners[1] = owners[1], owners[0]


def hide_the_seal(file):
    file.pages[0].Annots[0].F = 2


def forget_the_seal(file):
    file.pages[0].Annots[0].StructParent = 99


def attach(file):
    file.attachments["a.txt"] = pikepdf.AttachedFileSpec(file, b"something")


BREACHES = {
    "no claim of PDF/A": (metadata_without(b"<pdfaid:part>2</pdfaid:part>"), "PDF/A-2u"),
    "no claim of PDF/UA": (metadata_without(b"<pdfuaid:part>1</pdfuaid:part>"), "PDF/UA-1"),
    "no extension schema": (
        metadata_without(b"<pdfaProperty:name>part</pdfaProperty:name>"),
        "described by no extension schema",
    ),
    "another title inside": (metadata_without("رسید".encode()), "/Title says"),
    "no metadata": (drop(root, "/Metadata"), "no metadata"),
    "no language": (drop(root, "/Lang"), "no language"),
    "not marked": (drop(root, "/MarkInfo"), "does not say that it is tagged"),
    "file name shown": (drop(root, "/ViewerPreferences"), "name of the file"),
    "no structure": (drop(root, "/StructTreeRoot"), "no structure"),
    "no meaning of colours": (drop(root, "/OutputIntents"), "what the colours mean"),
    "printing ink": (content_with(b"0 0 0 rg", b"0 0 0 1 k"), "printing ink"),
    "script": (
        put(root, "/OpenAction", Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))),
        "forbidden",
    ),
    "attachment": (attach, "attachments"),
    "no program": (
        drop(lambda f: font(f).DescendantFonts[0].FontDescriptor, "/FontFile2"),
        "not embedded",
    ),
    "no characters": (drop(font, "/ToUnicode"), "have no character"),
    "one character missing": (forget_the_first_character, "have no character"),
    "missing glyphs": (blank_the_map, "missing glyph"),
    "other widths": (
        put(lambda f: font(f).DescendantFonts[0], "/W", Array([1, Array([7])])),
        "another width",
    ),
    "plain font": (put(font, "/Subtype", Name.TrueType), "not a composite font"),
    "untagged line": (
        content_with(b"/Artifact BMC", b"0 0 m 9 9 l S /Artifact BMC"),
        "neither tagged nor an artifact",
    ),
    "artifact in text": (content_with(b"BDC ", b"BDC /Artifact BMC EMC "), "stand in each other"),
    "mark of nobody": (content_with(b"/MCID 0", b"/MCID 900"), "are in no element"),
    "open state": (content_with(b"/Artifact BMC", b"q /Artifact BMC"), "left open"),
    "wrong parents": (swap_two_owners, "another parent"),
    "no parents": (drop(lambda f: f.pages[0], "/StructParents"), "tree of parents"),
    "own order of tabs": (drop(lambda f: f.pages[0], "/Tabs"), "tabulator"),
    "silent figure": (drop(lambda f: element(f, "Figure"), "/Alt"), "alternative text"),
    "figure nowhere": (drop(lambda f: element(f, "Figure"), "/A"), "where it is"),
    "heading of nothing": (drop(lambda f: element(f, "TH"), "/A"), "heading of"),
    "own role": (put(lambda f: element(f, "P"), "/S", Name.Paragraph), "no standard role"),
    "cell outside a row": (put(lambda f: element(f, "TR"), "/S", Name.P), "stands in P"),
    "skipped heading": (put(lambda f: element(f, "H2"), "/S", Name.H3), "comes after level"),
    "hidden seal": (hide_the_seal, "not printed or hidden"),
    "nameless seal": (drop(lambda f: f.pages[0].Annots[0], "/TU"), "has no name"),
    "seal outside the tags": (forget_the_seal, "in no Form"),
}  # fmt: skip


def test_written_again_by_another_program_a_file_still_counts_as_sound():
    sound = write_pdf(*receipt_document(CASH), seal=a_seal())

    assert faults(broken(lambda _file: None, sound)) == []


@pytest.mark.parametrize(("break_it", "told"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_seen(break_it, told):
    sound = write_pdf(*receipt_document(KINDS["everything"]), seal=a_seal())

    found = faults(broken(break_it, sound))

    assert any(told in fault for fault in found), found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda pdf: pdf + b"more", "behind the end"),
        (lambda pdf: pdf.replace(b"\nendstream", b"\n\nendstream", 1), "longer or shorter"),
        (lambda pdf: pdf.replace(b"%\xe2\xe3\xcf\xd3\n", b"", 1), "no header"),
        (lambda pdf: pdf[: len(pdf) // 2], "cannot be read"),
        (lambda pdf: pdf.replace(b"/ID[<", b"/IX[<"), "no identity"),
    ],
    ids=["tail", "stream", "header", "half", "identity"],
)
def test_a_breach_of_the_bytes_is_seen(change, told):
    found = faults(change(write_pdf(*receipt_document(CASH))))

    assert any(told in fault for fault in found), found
