"""Others draw receipts: the usual ReportLab recipe, WeasyPrint, fpdf2 and typst.

All get less to do than we have: no tags that are proven, no PDF/A, no seal; only ReportLab draws a
barcode, typst draws no QR code, because it has none of its own. Each takes pages of many receipts
and gives one file. typst keeps its compiler, with the fonts in it, from file to file.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import arabic_reshaper
import segno
import typst
import weasyprint
from bidi import get_display
from fpdf import FPDF
from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Table

from benchmarks.receipt_facts import headings, rows
from core.digits import without_isolates
from receipts.documents.facts import ReceiptFacts
from receipts.typesetting.fonts import FILES, FONT_FOLDER, Weight

_REGULAR = FILES[Weight.REGULAR].postscript_name
_BOLD = FILES[Weight.BOLD].postscript_name


def recipe(receipts: Sequence[ReceiptFacts]) -> bytes:
    """The recipe found everywhere: reshape, reorder, then Platypus from right to left."""
    for name in (_REGULAR, _BOLD):
        pdfmetrics.registerFont(TTFont(name, FONT_FOLDER / f"{name}.ttf"))
    story: list[Flowable] = []
    for facts in receipts:
        story += [*_recipe_page(facts), PageBreak()]
    file = io.BytesIO()
    narrow = dict.fromkeys(("topMargin", "bottomMargin", "leftMargin", "rightMargin"), 24)
    SimpleDocTemplate(file, pagesize=A5, **narrow).build(story[:-1])
    return file.getvalue()


def _recipe_page(facts: ReceiptFacts) -> list[Flowable]:
    def shaped(text: str) -> str:
        return str(get_display(arabic_reshaper.reshape(without_isolates(text)), base_dir="R"))

    style = ParagraphStyle("right", fontName=_REGULAR, fontSize=9.5, alignment=2)
    lines = [
        [Paragraph(shaped(value), style), Paragraph(shaped(label), style)]
        for label, value in rows(facts)
    ]
    code = Drawing(80, 80)
    code.add(QrCodeWidget(facts.verify_url, barWidth=80, barHeight=80))
    head = [Paragraph(shaped(text), style) for text in headings(facts)]
    note = Paragraph(shaped(facts.tax_line or ""), style)
    table = Table(lines, colWidths=[250, 110], style=[("BOTTOMPADDING", (0, 0), (-1, -1), 1)])
    return [*head, code, table, Code128(facts.tracking_code), note]


def weasy(receipts: Sequence[ReceiptFacts]) -> bytes:
    faces = "".join(
        f"@font-face{{font-family:V;font-weight:{bold};"
        f"src:url({(FONT_FOLDER / name).as_uri()}.ttf)}}"
        for name, bold in ((_REGULAR, 400), (_BOLD, 700))
    )
    pages = "".join(_weasy_page(facts) for facts in receipts)
    html = (
        f"<html lang=fa dir=rtl><meta charset=utf-8><style>{faces}@page{{size:A5;margin:8mm}}"
        f"body,h1{{font:9.5pt V}}section{{break-after:page}}</style>{pages}</html>"
    )
    return bytes(weasyprint.HTML(string=html).write_pdf())


def _weasy_page(facts: ReceiptFacts) -> str:
    code = segno.make_qr(facts.verify_url, error="m").svg_data_uri(scale=2)
    table = "".join(f"<tr><th>{label}<td>{value}" for label, value in rows(facts))
    return (
        f"<section><h1>{'<br>'.join(headings(facts))}</h1><img src='{code}'>"
        f"<table>{table}</table><p>{facts.tax_line}</p></section>"
    )


def fpdf2(receipts: Sequence[ReceiptFacts]) -> bytes:
    """With HarfBuzz and the bidi algorithm that it has itself."""
    pdf = FPDF(format="A5")
    for style, name in (("", _REGULAR), ("B", _BOLD)):
        pdf.add_font("V", style, FONT_FOLDER / f"{name}.ttf")
    pdf.set_text_shaping(use_shaping_engine=True, language="fas")
    for facts in receipts:
        pdf.add_page()
        code = io.BytesIO()
        segno.make_qr(facts.verify_url, error="m").save(code, kind="png", scale=2)
        pdf.image(code, x=12, y=12, w=25)
        pdf.set_font("V", "B", 11)
        for text in headings(facts):
            pdf.cell(0, 6, text, align="R", new_x="LMARGIN", new_y="NEXT")
        for label, value in rows(facts):
            pdf.set_font("V", "", 9.5)
            pdf.cell(95, 6, without_isolates(value), align="R")
            pdf.set_font("V", "B", 9.5)
            pdf.cell(0, 6, label, align="R", new_x="LMARGIN", new_y="NEXT")
        pdf.multi_cell(0, 6, facts.tax_line or "", align="R")
    return bytes(pdf.output())


_TYPST = b"""
#set page(paper: "a5")
#set text(font: "Vazirmatn", size: 9.5pt, lang: "fa", dir: rtl)
#let receipts = json(bytes(sys.inputs.receipts))
#for (number, receipt) in receipts.enumerate() {
  if number > 0 { pagebreak() }
  for line in receipt.headings { text(weight: "bold", line); linebreak() }
  table(columns: (90pt, 1fr), stroke: none, ..receipt.rows.flatten())
  par(receipt.note)
}
"""


class Typst:
    """One compiler for all files."""

    def __init__(self) -> None:
        self._compiler = typst.Compiler(font_paths=[str(FONT_FOLDER)], ignore_system_fonts=True)

    def __call__(self, receipts: Sequence[ReceiptFacts]) -> bytes:
        told = [
            {"headings": headings(facts), "rows": rows(facts), "note": facts.tax_line}
            for facts in receipts
        ]
        inputs = {"receipts": json.dumps(told, ensure_ascii=False)}
        pdf = self._compiler.compile(input=_TYPST, format="pdf", sys_inputs=inputs)
        return cast(bytes, pdf)  # one file, because none of its pages was asked for


PEERS: Mapping[str, Callable[[], Callable[[Sequence[ReceiptFacts]], bytes]]] = {
    "reportlab_reshaper_bidi": lambda: recipe,
    "weasyprint": lambda: weasy,
    "fpdf2": lambda: fpdf2,
    "typst": Typst,
}
