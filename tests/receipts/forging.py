"""Files of receipts as people hand them in: ours, and every way in which they are not."""

import io

import pypdfium2
from PIL import Image, ImageDraw
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from reportlab.pdfgen.canvas import Canvas


def flipped(pdf: bytes) -> bytes:
    """One bit of one byte of a drawing is another."""
    place = pdf.index(b"stream\n") + 40
    return pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]


def updated(pdf: bytes) -> bytes:
    """The first page draws something else, by an incremental update that leaves our bytes whole."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    reference, _resources = writer.find_page_for_modification(0)
    drawn = StreamObject(stream_data=b"1 0 0 rg 0 0 300 300 re f")
    reference.get_object()["/Contents"] = writer.add_object(drawn)
    writer.mark_update(reference)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def re_saved(pdf: bytes) -> bytes:
    """Opened in a reader and saved anew: it looks the same and is another file."""
    return _with_pdfium(pypdfium2.PdfDocument(pdf))


def with_another_page(pdf: bytes, other: bytes) -> bytes:
    """Our file with the page of another one in it."""
    document = pypdfium2.PdfDocument(pdf)
    document.del_page(0)
    document.import_pages(pypdfium2.PdfDocument(other), [0])
    return _with_pdfium(document)


def foreign(*, password: str | None = None) -> bytes:
    """Somebody else's PDF."""
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=password)
    canvas.setTitle("Invoice 17")
    canvas.drawString(100, 700, "Invoice 17, paid")
    canvas.save()
    return out.getvalue()


def picture(kind: str = "PNG") -> bytes:
    """A photograph of paper; as ``PDF`` what a scanner makes of it."""
    image = Image.new("RGB", (400, 600), "white")
    ImageDraw.Draw(image).rectangle((50, 50, 300, 90), fill="black")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def _with_pdfium(document: pypdfium2.PdfDocument) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
