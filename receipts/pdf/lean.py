"""The second container: our own writer of files that claim PDF/A-2u and PDF/UA-1 and keep it.

Objects are packed and fonts shared, so a file is smaller than in the first container and a thousand
documents fit in a few megabytes. Of many documents one at a time is held in memory.
"""

import io
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

from receipts.pdf.color import srgb_profile
from receipts.pdf.document import Document, DocumentFacts
from receipts.pdf.embedding import FontProgram, FontUse
from receipts.pdf.objects import ObjectFile, compressed, references, stream, text_string
from receipts.pdf.page import Drawing
from receipts.pdf.structure import owner_lists, put_element
from receipts.pdf.xmp import claiming_packet
from receipts.seals.sealing import Seal
from receipts.typesetting.fonts import Weight, face

PRODUCER = "Mosharekat"
_SEAL_ALT = {"fa": "مهر الکترونیکی", "en": "Electronic seal"}


def write_lean(drawing: Drawing, facts: DocumentFacts, seal: Seal | None) -> bytes:
    """The file of one document, sealed where a seal is given."""
    file = io.BytesIO()
    writer = _Writer(file)
    if seal is None:
        part = writer.add(drawing, "Document", parent=writer.tree)
        writer.close(facts, top=part)
        return file.getvalue()
    field = writer.reserve_seal()
    part = writer.add(drawing, "Document", parent=writer.tree, field=field)
    writer.put_seal(field, seal, facts, part)
    writer.close(facts, top=part, field=field)
    return seal.close(file.getvalue())


def write_documents(documents: Iterable[Document], file: BinaryIO) -> None:
    """One file of many documents; it says of itself what the first one says."""
    writer = _Writer(file)
    top = writer.objects.reserve()
    first = None
    parts = []
    for document in documents:
        first = first or document.facts
        parts.append(writer.add(document.drawing, "Part", parent=top))
    if first is None:
        raise ValueError("a file needs at least one document")
    kids = references(parts)
    writer.objects.put(top, b"<</S/Document/P %d 0 R/K%b>>" % (writer.tree, kids))
    writer.close(first, top=top)


class _SealField(NamedTuple):
    """Object numbers of a seal: the signature, its widget, and the element that holds it."""

    signature: int
    widget: int
    element: int


class _Writer:
    """A file that grows by documents: its pages, the owners of their marks, the codes they use."""

    def __init__(self, file: BinaryIO) -> None:
        self.objects = ObjectFile(file)
        self.fonts = FontUse()
        first = self.objects.reserve(4)
        self.catalog, self.page_tree, self.resources, self.tree = range(first, first + 4)
        self.pages: list[int] = []
        self.owners: list[int] = []  # of each page, then of the seal

    def reserve_seal(self) -> _SealField:
        first = self.objects.reserve(3)
        return _SealField(first, first + 1, first + 2)

    def add(
        self, drawing: Drawing, role: str, *, parent: int, field: _SealField | None = None
    ) -> int:
        """The pages and the structure of a drawing. Gives the number of its element."""
        self.fonts.take(drawing)
        first = self.objects.reserve(len(drawing.pages))
        numbers = range(first, first + len(drawing.pages))
        for page, number in zip(drawing.pages, numbers, strict=True):
            operators = page.operators(self.fonts.rare).encode("ascii")
            content = self.objects.add_stream(b"", compressed(operators))
            annotations = b"/Annots[%d 0 R]" % field.widget if field and page.index == 0 else b""
            self.objects.put(
                number,
                b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %g %g]/Resources %d 0 R/Contents %d 0 R"
                b"/StructParents %d/Tabs/S%b>>"
                % (self.page_tree, page.width, page.height, self.resources, content,
                   len(self.pages) + page.index, annotations),
            )  # fmt: skip
        also = (b"%d 0 R" % field.element,) if field else ()
        number_of = put_element(self.objects, drawing.root, role, parent, numbers, also)
        self.owners += owner_lists(self.objects, drawing, number_of)
        self.pages += numbers
        return number_of[id(drawing.root)]

    def put_seal(self, field: _SealField, seal: Seal, facts: DocumentFacts, part: int) -> None:
        """The signature with room to be filled, an invisible field, and its element for readers."""
        name = text_string(_SEAL_ALT[facts.language])
        page = self.pages[0]
        self.objects.put_alone(field.signature, seal.placeholder(facts.created_on))
        self.objects.put(
            field.widget,
            b"<</Type/Annot/Subtype/Widget/FT/Sig/T(seal)/TU%b/F 132/Rect[0 0 0 0]/V %d 0 R"
            b"/P %d 0 R/StructParent %d>>" % (name, field.signature, page, len(self.owners)),
        )
        self.objects.put(
            field.element,
            b"<</S/Form/P %d 0 R/Alt%b/K<</Type/OBJR/Obj %d 0 R/Pg %d 0 R>>>>"
            % (part, name, field.widget, page),
        )
        self.owners.append(field.element)

    def close(self, facts: DocumentFacts, *, top: int, field: _SealField | None = None) -> None:
        """Everything that is known only when all documents are in."""
        objects, pages, owners = self.objects, self.pages, self.owners
        objects.put(
            self.page_tree, b"<</Type/Pages/Count %d/Kids%b>>" % (len(pages), references(pages))
        )
        listed = b" ".join([b"%d %d 0 R" % entry for entry in enumerate(owners)])
        objects.put(
            self.tree,
            b"<</Type/StructTreeRoot/K %d 0 R/ParentTree<</Nums[%b]>>/ParentTreeNextKey %d>>"
            % (top, listed, len(owners)),
        )
        self._put_fonts()
        self._put_catalog(facts, field)
        objects.close(self.catalog, self._add_information(facts), facts.identity)

    def _put_fonts(self) -> None:
        programs = self.fonts.programs()
        fonts = b"".join(
            b"/%b %d 0 R" % (weight.encode(), _add_font(self.objects, weight, program))
            for weight, program in programs.items()
        )
        self.objects.put(self.resources, b"<</Font<<%b>>>>" % fonts)

    def _put_catalog(self, facts: DocumentFacts, field: _SealField | None) -> None:
        packet = claiming_packet(facts.title, facts.author, PRODUCER, facts.created_on)
        metadata = self.objects.reserve()
        self.objects.put_alone(metadata, stream(b"/Type/Metadata/Subtype/XML", packet))
        profile = self.objects.add_stream(b"/N 3", srgb_profile())
        language = b"fa-IR" if facts.language == "fa" else facts.language.encode()
        seal = b""
        if field:
            seal = (
                b"/AcroForm<</Fields[%d 0 R]/SigFlags 3>>/Perms<</DocMDP %d 0 R>>"
                % (field.widget, field.signature)
            )  # fmt: skip
        self.objects.put(
            self.catalog,
            b"<</Type/Catalog/Pages %d 0 R/Lang(%b)/StructTreeRoot %d 0 R/MarkInfo<</Marked true>>"
            b"/Metadata %d 0 R/ViewerPreferences<</DisplayDocTitle true/Direction/%b>>"
            b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)"
            b"/Info(sRGB IEC61966-2.1)/DestOutputProfile %d 0 R>>]%b>>"
            % (self.page_tree, language, self.tree, metadata,
               b"R2L" if facts.is_rtl else b"L2R", profile, seal),
        )  # fmt: skip

    def _add_information(self, facts: DocumentFacts) -> int:
        """What older programs show; word for word what the metadata say.

        It stands by itself, so that nothing of a single document gets into the packs.
        """
        number = self.objects.reserve()
        moment = f"D:{facts.created_on:%Y%m%d}000000+03'30'".encode()
        title, author = text_string(facts.title), text_string(facts.author)
        self.objects.put_alone(
            number,
            b"<</Title%b/Author%b/Producer(%b)/CreationDate(%b)/ModDate(%b)>>"
            % (title, author, PRODUCER.encode(), moment, moment),
        )
        return number


def _add_font(objects: ObjectFile, weight: Weight, font: FontProgram) -> int:
    metrics, name = face(weight).metrics, font.name.encode()
    program = objects.add_stream(b"/Length1 %d" % font.program_length, font.program)
    cid_to_gid = objects.add_stream(b"", font.cid_to_gid)
    to_unicode = objects.add_stream(b"", font.to_unicode)
    descriptor = objects.add(
        b"<</Type/FontDescriptor/FontName/%b/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d"
        b"/Descent %d/CapHeight %d/StemV %d/FontFile2 %d 0 R>>"
        % (name, *metrics.box, metrics.ascent, metrics.descent, metrics.cap_height,
           face(weight).stem, program)
    )  # fmt: skip
    descendant = objects.add(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/%b/CIDSystemInfo<</Registry(Adobe)"
        b"/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/DW 0/W %b/CIDToGIDMap %d 0 R>>"
        % (name, descriptor, font.widths.encode(), cid_to_gid)
    )
    return objects.add(
        b"<</Type/Font/Subtype/Type0/BaseFont/%b/Encoding/Identity-H/DescendantFonts[%d 0 R]"
        b"/ToUnicode %d 0 R>>" % (name, descendant, to_unicode)
    )
