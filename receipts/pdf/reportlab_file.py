"""The first container: ReportLab's file with our own fonts, content and structure.

Receipts of layout version 1 were issued in it, so their bytes must never change; everything newer
is written by ``lean``. ReportLab prints no character here: its text paths reverse Persian
digits and give the copied text private characters. Files are PDF 1.7, tagged, with a colour profile
and metadata, and claim no conformance.

The same drawing and identity give the same bytes: nothing is taken from the clock.
"""

import io
import zlib
from typing import Any

from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from receipts.pdf.color import srgb_profile
from receipts.pdf.document import DocumentFacts
from receipts.pdf.embedding import FontProgram, font_program
from receipts.pdf.page import Drawing, Element, Mark, Page
from receipts.pdf.xmp import plain_packet
from receipts.typesetting.fonts import Weight, face

PRODUCER = "Mosharekat"
_NO_FONT = "mosharekat-none"
_COMPRESSION = 4  # 6 saves 200 bytes and costs a tenth of a millisecond


def write_reportlab(drawing: Drawing, facts: DocumentFacts) -> bytes:
    """The file of a drawing in the first container."""
    file = io.BytesIO()
    canvas = Canvas(
        file,
        pagesize=(drawing.width, drawing.height),
        invariant=1,
        initialFontName=_NO_FONT,
        pdfVersion=(1, 7),
        lang="fa-IR" if facts.language == "fa" else facts.language,
    )
    objects = _Objects(canvas._doc)
    programs = _programs(drawing)
    fonts = "".join(
        f"/{weight} {_add_font(objects, weight, programs[weight])} 0 R" for weight in programs
    )
    resources = objects.add(f"<</Font<<{fonts}>>>>".encode())
    rare = {weight: program.cid_of_rare for weight, program in programs.items()}
    page_numbers = [
        _add_page(canvas, objects, page, resources, page.operators(rare)) for page in drawing.pages
    ]
    root = _add_structure(objects, drawing, page_numbers)
    _describe(objects, root, facts)
    canvas.save()
    return file.getvalue()


class _Object(pdfdoc.PDFObject):  # type: ignore[misc]
    """An object whose bytes we write ourselves; ReportLab numbers and places it."""

    __RefOnly__ = 1

    def __init__(self) -> None:
        self.content = b""

    def format(self, document: object) -> bytes:
        return self.content


class _Catalog(pdfdoc.PDFCatalog):  # type: ignore[misc]
    """ReportLab's catalog with the one entry of PDF/A that it does not know."""

    __NoDefault__ = [*pdfdoc.PDFCatalog.__NoDefault__, "OutputIntents"]
    __Refs__ = ()


class _TaggedPage(pdfdoc.PDFPage):  # type: ignore[misc]
    __NoDefault__ = [*pdfdoc.PDFPage.__NoDefault__, "StructParents", "Tabs"]


class _NoFont:
    """Keeps the unembedded Helvetica, which PDF/A forbids, out of every page."""

    _dynamicFont = 1  # noqa: N815 - ReportLab's names
    _multiByte = 1  # noqa: N815
    shapable = False
    fontName = _NO_FONT  # noqa: N815

    class face:  # noqa: N801
        builtIn = False  # noqa: N815
        ascent = descent = 0
        name = _NO_FONT

    def addObjects(self, document: object) -> None:  # noqa: N802
        """Nothing to embed."""


pdfmetrics._fonts[_NO_FONT] = _NoFont()


class _Objects:
    """Adds our objects to ReportLab's document, by number."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._reserved: dict[int, _Object] = {}

    def reserve(self) -> int:
        entry = _Object()
        self.document.Reference(entry)
        number: int = self.document.objectcounter
        self._reserved[number] = entry
        return number

    def put(self, number: int, content: bytes) -> None:
        self._reserved[number].content = content + b"\n"

    def add(self, content: bytes) -> int:
        number = self.reserve()
        self.put(number, content)
        return number

    def add_stream(self, compressed: bytes, entries: str = "") -> int:
        return self._stream(f"{entries}/Filter/FlateDecode", compressed)

    def add_plain_stream(self, content: bytes, entries: str) -> int:
        return self._stream(entries, content)

    def _stream(self, entries: str, content: bytes) -> int:
        # PDF/A asks for the line end before endstream that ReportLab's own streams lack.
        head = f"<<{entries}/Length {len(content)}>>stream\n".encode()
        return self.add(head + content + b"\nendstream")


def _programs(drawing: Drawing) -> dict[Weight, FontProgram]:
    programs = {}
    for weight in Weight:
        cids = set().union(*(page.cids.get(weight, ()) for page in drawing.pages))
        rare = set().union(*(page.rare.get(weight, ()) for page in drawing.pages))
        if cids or rare:
            programs[weight] = font_program(weight, cids, sorted(rare))
    return programs


def _add_font(objects: _Objects, weight: Weight, font: FontProgram) -> int:
    metrics = face(weight).metrics
    program = objects.add_stream(font.program, f"/Length1 {font.program_length}")
    cid_to_gid = objects.add_stream(font.cid_to_gid)
    to_unicode = objects.add_stream(font.to_unicode)
    box = " ".join(map(str, metrics.box))
    descriptor = objects.add(
        f"<</Type/FontDescriptor/FontName/{font.name}/Flags 4/FontBBox[{box}]/ItalicAngle 0"
        f"/Ascent {metrics.ascent}/Descent {metrics.descent}/CapHeight {metrics.cap_height}"
        f"/StemV {face(weight).stem}/FontFile2 {program} 0 R>>".encode()
    )
    descendant = objects.add(
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{font.name}"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        f"/FontDescriptor {descriptor} 0 R/DW 0/W {font.widths}"
        f"/CIDToGIDMap {cid_to_gid} 0 R>>".encode()
    )
    return objects.add(
        f"<</Type/Font/Subtype/Type0/BaseFont/{font.name}/Encoding/Identity-H"
        f"/DescendantFonts[{descendant} 0 R]/ToUnicode {to_unicode} 0 R>>".encode()
    )


def _add_page(canvas: Any, objects: _Objects, page: Page, resources: int, operators: str) -> int:
    """Let ReportLab make the page, then give it our content and fonts. Returns its number."""
    compressed = zlib.compress(operators.encode("ascii"), _COMPRESSION)
    content = objects.add_stream(compressed)
    document = objects.document
    name = document.thisPageName()
    canvas.showPage()
    made = document.idToObject[name]
    made.__class__ = _TaggedPage
    made.Contents = f"{content} 0 R"
    made.Resources = f"{resources} 0 R"
    made.StructParents = page.index
    made.Tabs = "/S"
    number: int = document.idToObjectNumberAndVersion[name][0]
    return number


def _add_structure(objects: _Objects, drawing: Drawing, page_numbers: list[int]) -> int:
    """The structure tree and, for each page, which element owns which mark."""
    root = objects.reserve()
    number_of: dict[int, int] = {}
    top = _add_element(objects, drawing.root, root, page_numbers, number_of)
    parents = []
    for page in drawing.pages:
        owners = " ".join(f"{number_of[id(owner)]} 0 R" for owner in page.owners)
        parents.append(f"{page.index}[{owners}]")
    objects.put(
        root,
        f"<</Type/StructTreeRoot/K {top} 0 R/ParentTree<</Nums[{''.join(parents)}]>>"
        f"/ParentTreeNextKey {len(drawing.pages)}>>".encode(),
    )
    return root


def _add_element(
    objects: _Objects,
    element: Element,
    parent: int,
    page_numbers: list[int],
    number_of: dict[int, int],
) -> int:
    number = number_of[id(element)] = objects.reserve()
    pages = [page_numbers[kid.page_index] for kid in element.kids if isinstance(kid, Mark)]
    kids = []
    for kid in element.kids:
        if isinstance(kid, Element):
            child = _add_element(objects, kid, number, page_numbers, number_of)
            kids.append(f"{child} 0 R")
        elif (on_page := page_numbers[kid.page_index]) == pages[0]:
            kids.append(str(kid.number))
        else:  # a cell that goes on on another page
            kids.append(f"<</Type/MCR/Pg {on_page} 0 R/MCID {kid.number}>>")
    page = f"/Pg {pages[0]} 0 R" if pages else ""
    listed = f" {kids[0]}" if len(kids) == 1 else f"[{' '.join(kids)}]"
    alt = f"/Alt{_text(element.alt)}" if element.alt else ""
    attributes = f"/A<<{element.attributes}>>" if element.attributes else ""
    objects.put(
        number,
        f"<</S/{element.role}/P {parent} 0 R{page}/K{listed}{alt}{attributes}>>".encode(),
    )
    return number


def _describe(objects: _Objects, structure: int, facts: DocumentFacts) -> None:
    """Catalog, document information, metadata and identity."""
    document = objects.document
    day = facts.created_on
    packet = plain_packet(facts.title, facts.author, PRODUCER, day)
    metadata = objects.add_plain_stream(packet, "/Type/Metadata/Subtype/XML")
    profile = objects.add_stream(srgb_profile(), "/N 3")
    catalog = document.Catalog
    catalog.__class__ = _Catalog
    catalog.Outlines = None
    catalog.StructTreeRoot = f"{structure} 0 R"
    catalog.MarkInfo = "<</Marked true>>"
    catalog.Metadata = f"{metadata} 0 R"
    direction = "R2L" if facts.is_rtl else "L2R"
    catalog.ViewerPreferences = f"<</DisplayDocTitle true/Direction/{direction}>>"
    catalog.OutputIntents = (
        "[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)"
        f"/Info(sRGB IEC61966-2.1)/DestOutputProfile {profile} 0 R>>]"
    )
    moment = f"(D:{day:%Y%m%d}000000+03'30')"
    document.info = information = _Information()
    information.content = (
        f"<</Title{_text(facts.title)}/Author{_text(facts.author)}/Producer({PRODUCER})"
        f"/CreationDate{moment}/ModDate{moment}>>\n".encode()
    )
    identity = facts.identity.hex().upper()
    document._ID = f"[<{identity}><{identity}>]".encode()


class _Information(_Object):
    """Document information in our own bytes; ReportLab would add its own dates."""

    def digest(self, signature: object) -> None:
        """The identity comes from the facts, not from here."""


def _text(text: str) -> str:
    return f"<FEFF{text.encode('utf-16-be').hex().upper()}>"
