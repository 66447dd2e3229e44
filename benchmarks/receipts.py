"""Receipts a second: ours beside the usual ReportLab recipe and WeasyPrint, same data, one core.

The peers get less to do: the recipe writes no tags and no metadata, neither is asked for PDF/A, and
WeasyPrint draws no barcode. Each is measured warm, in processor time, with facts that are new every
time. A peer that is not installed is left out and named.
"""

import io
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from core.digits import without_isolates
from receipts.facts import CashLine, ReceiptFacts, ReceiptKind
from receipts.fonts import FILES, FONT_FOLDER, Weight
from receipts.layouts import draw_receipt
from receipts.text import day_text, rial_text, rial_words, toman_text

try:
    import arabic_reshaper
    from bidi import get_display
    from reportlab.graphics.barcode.code128 import Code128
    from reportlab.graphics.barcode.qr import QrCodeWidget
    from reportlab.graphics.shapes import Drawing
    from reportlab.lib.pagesizes import A5
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table
except ImportError:
    arabic_reshaper = None
try:
    import segno
    import weasyprint
except (ImportError, OSError):  # OSError: its C libraries are missing
    weasyprint = None

OURS, RECIPE, WEASYPRINT = "mosharekat", "reportlab_reshaper_bidi", "weasyprint"
_FIRST_NAMES = "علی‌اکبر مریم زهرا محمد حسین فاطمه عبدالله کیوان پژمان ژاله گلناز".split()  # noqa: SIM905
_LAST_NAMES = "رضایی‌نژاد محمدی حسینی کریمی احمدپور موسوی جعفری قاسمی".split()  # noqa: SIM905

_SAMPLE = ReceiptFacts(
    number="1404/07/000001",
    kind=ReceiptKind.CASH,
    organisation="سازمان بهزیستی کشور",
    unit="دفتر مشارکت‌های مردمی و خدمات داوطلبانه",
    province="استان تهران",
    desk="میز خدمت برخط",
    received_on=date(2025, 10, 13),
    issued_on=date(2025, 10, 13),
    donor_name="",
    cash=(CashLine("کمک به خانواده‌های دارای فرزند معلول", "19041062101", 1),),
    total_rial=1,
    channel="درگاه اینترنتی به‌پرداخت ملت",
    destination_account="بانک ملت، شعبهٔ دکتر قریب، حساب 90190 «مشارکت‌های مردمی سازمان بهزیستی»",
    tracking_code="",
    verify_url="",
    tax_line="برابر مادهٔ 172 قانون مالیات‌های مستقیم از درآمد مشمول مالیات کسر می‌شود.",
)


def many_facts(seed: int = 1404) -> Iterator[ReceiptFacts]:
    """Facts of receipts that differ as real ones do; the same ones for the same seed."""
    chance = random.Random(seed)
    serial = 0
    while True:
        serial += 1
        amount_rial = chance.randrange(100, 99_999) * 10_000
        line = replace(_SAMPLE.cash[0], amount_rial=amount_rial)
        key = f"{chance.randrange(2**64):016x}"
        yield replace(
            _SAMPLE,
            number=f"1404/07/{serial:06d}",
            donor_name=f"{chance.choice(_FIRST_NAMES)} {chance.choice(_LAST_NAMES)}",
            cash=(line,),
            total_rial=amount_rial,
            reference=f"{chance.randrange(2**64):016X}",
            trace_number=str(chance.randrange(10**11, 10**12)),
            masked_card=f"6104{chance.randrange(10, 99)}******{chance.randrange(1000, 9999)}",
            tracking_code=str(chance.randrange(3 * 10**12, 10**13)),
            deposit_id=str(chance.randrange(10**12, 3 * 10**12)),
            verify_url=f"https://mosharekat.example/verify/1404-07-{serial:06d}?k={key}",
        )


def run(*, receipts: int = 400, peer_receipts: int = 12) -> dict[str, object]:
    """Receipts a second, milliseconds and bytes of each producer, and our ratio to each peer."""
    producers: list[tuple[str, Callable[[ReceiptFacts], bytes] | None, int]] = [
        (OURS, draw_receipt, receipts),
        (RECIPE, _recipe if arabic_reshaper else None, peer_receipts),
        (WEASYPRINT, _weasyprint if weasyprint else None, peer_receipts),
    ]
    figures = {name: _measured(draw, count) for name, draw, count in producers if draw}
    per_second = {name: figure["receipts_per_second"] for name, figure in figures.items()}
    return {
        "producers": figures,
        "times_as_fast": {
            name: round(per_second[OURS] / rate, 1)
            for name, rate in per_second.items()
            if name != OURS
        },
        "not_installed": [name for name, draw, _ in producers if draw is None],
    }


def _measured(draw: Callable[[ReceiptFacts], bytes], count: int) -> dict[str, float]:
    facts = many_facts()
    for _ in range(max(2, count // 4)):
        draw(next(facts))
    spent_seconds, sizes = [], []
    for _ in range(count):
        frozen = next(facts)
        began = time.process_time()
        pdf = draw(frozen)
        spent_seconds.append(time.process_time() - began)
        sizes.append(len(pdf))
    return {
        "receipts_per_second": round(count / sum(spent_seconds), 1),
        "median_milliseconds": round(statistics.median(spent_seconds) * 1000, 2),
        "bytes": round(statistics.mean(sizes)),
    }


def _headings(facts: ReceiptFacts) -> list[str]:
    return [facts.organisation, facts.unit, f"{facts.province} – {facts.desk}", "رسید مشارکت نقدی"]


def _rows(facts: ReceiptFacts) -> list[tuple[str, str]]:
    return [
        ("شمارهٔ رسید", facts.number),
        ("تاریخ دریافت", day_text(facts.received_on, facts.language)),
        ("تاریخ صدور", day_text(facts.issued_on, facts.language)),
        ("مشارکت‌کننده", facts.donor_name or ""),
        ("شیوهٔ دریافت", facts.channel),
        ("شناسهٔ درگاه", facts.reference or ""),
        ("شمارهٔ پیگیری بانک", facts.trace_number or ""),
        ("شمارهٔ کارت", facts.masked_card or ""),
        ("حساب مقصد", facts.destination_account or ""),
        ("محل مصرف", facts.cash[0].fund_name),
        ("کد", facts.cash[0].fund_code),
        ("مبلغ (ریال)", rial_text(facts.cash[0].amount_rial, facts.language)),
        ("جمع مبلغ نقدی", rial_text(facts.total_rial, facts.language)),
        ("به حروف", rial_words(facts.total_rial, facts.language)),
        ("معادل", toman_text(facts.total_rial, facts.language)),
        ("کد پیگیری", facts.tracking_code),
        ("شناسهٔ واریز", facts.deposit_id or ""),
        ("شناسهٔ خدمت", facts.service_id),
    ]


def _recipe(facts: ReceiptFacts) -> bytes:
    """The recipe found everywhere: reshape, reorder, then Platypus from right to left."""

    def shaped(text: str) -> str:
        return str(get_display(arabic_reshaper.reshape(without_isolates(text)), base_dir="R"))

    for weight in Weight:
        name = FILES[weight].postscript_name
        pdfmetrics.registerFont(TTFont(name, FONT_FOLDER / f"{name}.ttf"))
    style = ParagraphStyle("right", fontName="Vazirmatn-Regular", fontSize=9.5, alignment=2)
    rows = [
        [Paragraph(shaped(value), style), Paragraph(shaped(label), style)]
        for label, value in _rows(facts)
    ]
    code = Drawing(80, 80)
    code.add(QrCodeWidget(facts.verify_url, barWidth=80, barHeight=80))
    file = io.BytesIO()
    document = SimpleDocTemplate(file, pagesize=A5)
    headings = [Paragraph(shaped(text), style) for text in _headings(facts)]
    bars = Code128(facts.tracking_code)
    note = Paragraph(shaped(facts.tax_line or ""), style)
    document.build([*headings, code, Table(rows, colWidths=[200, 90]), bars, note])
    return file.getvalue()


def _weasyprint(facts: ReceiptFacts) -> bytes:
    code = segno.make_qr(facts.verify_url, error="m").svg_data_uri(scale=2)
    rows = "".join(f"<tr><th>{label}<td>{value}" for label, value in _rows(facts))
    faces = "".join(
        f"@font-face{{font-family:V;font-weight:{bold};"
        f"src:url({(FONT_FOLDER / FILES[weight].postscript_name).as_uri()}.ttf)}}"
        for weight, bold in ((Weight.REGULAR, 400), (Weight.BOLD, 700))
    )
    headings = "<br>".join(_headings(facts))
    html = (
        f"<html lang=fa dir=rtl><meta charset=utf-8><style>{faces}@page{{size:A5}}"
        f"body{{font:9.5pt V}}</style><h1>{headings}</h1><img src='{code}'>"
        f"<table>{rows}</table><p>{facts.tax_line}</p></html>"
    )
    return bytes(weasyprint.HTML(string=html).write_pdf())


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=2))
