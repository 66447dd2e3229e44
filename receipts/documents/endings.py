"""The end of a document on a sheet: who signs, the seal, codes and small print."""

from receipts.documents.blocks import Closing, Imprint, Signatures
from receipts.documents.facts import Signatory
from receipts.documents.sheet import Sheet, Side, Tone
from receipts.pdf.page import bounds
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import code_text, free_text

_SMALL, _SMALL_LEADING = 7.2, 11.5
_BARCODE_WIDTH, _BARCODE_HEIGHT = 142.0, 28.0
_CODES_HEIGHT = 50.0
_CODE_STEP = 104.0
_SEAL = 62.0
_IMPRINT = 58.0
_SIGNING = 40.0  # room for a hand above its line


def draw_signatures(sheet: Sheet, block: Signatures) -> None:
    """Names side by side; the seal stands last, where the eye ends."""
    has_seal = bool(block.seal or block.seal_name)
    places = len(block.signatories) + len(block.hands) + has_seal
    if not places:
        return
    height = _SEAL + 4 if has_seal else 36.0
    if block.hands:
        height = max(height, _SIGNING + 16)
    sheet.need(height)
    if block.is_low:
        sheet.y = min(sheet.y, sheet.frame.bottom + _IMPRINT + height + sheet.look.gap)
    share = sheet.inner / places
    for place, signatory in enumerate(block.signatories):
        _signatory(sheet, signatory, place * share, share, height)
    for place, label in enumerate(block.hands, len(block.signatories)):
        _hand(sheet, label, place * share, share)
    if has_seal:
        _seal(sheet, block, sheet.inner - share / 2)
    sheet.y -= height + sheet.look.gap


def draw_imprint(sheet: Sheet, block: Imprint) -> None:
    """Small lines and the code to verify them by, at the foot of the last page."""
    sheet.need(_IMPRINT)
    top = sheet.frame.bottom + _IMPRINT
    style = sheet.style(_SMALL + 0.8)
    leading = _SMALL_LEADING + 1.5
    baseline = top - _IMPRINT + leading * len(block.lines) - 8
    for number, text in enumerate(block.lines):
        sheet.line(
            sheet.root.add("P"),
            text,
            style,
            offset=0,
            baseline=baseline - number * leading,
            color=sheet.color(Tone.QUIET),
        )
    figure = sheet.root.add("Figure", alt=block.qr.alt)
    box = sheet.box(sheet.inner - _IMPRINT, top, _IMPRINT, _IMPRINT)
    figure.attributes = bounds(box)
    sheet.page.qr(figure, block.qr.content, box)
    sheet.y = sheet.frame.bottom


def draw_closing(sheet: Sheet, block: Closing) -> None:
    """How to follow the gift and how to check the paper, at the foot of the last page."""
    small = sheet.style(_SMALL)
    lines = sum(sheet.line_count(note, small, sheet.inner) for note in block.notes)
    codes_height = _CODES_HEIGHT if block.codes or block.barcode else 0.0
    height = codes_height + lines * _SMALL_LEADING
    sheet.need(height)
    sheet.y = sheet.frame.bottom + height
    if codes_height:
        _codes(sheet, block)
        sheet.y -= codes_height
    for note in block.notes:
        owner, quiet = sheet.root.add("P"), sheet.color(Tone.QUIET)
        sheet.paragraph(owner, note, small, leading=_SMALL_LEADING, color=quiet)


def _codes(sheet: Sheet, block: Closing) -> None:
    top = sheet.y
    sheet.rule(sheet.theme.hairline)
    for place, (label, code) in enumerate(block.codes):
        quiet, strong = sheet.style(7.5), sheet.style(11.5, Weight.BOLD)
        tone, owner = Tone.INK if place else Tone.ACCENT, sheet.root.add("P")
        for text, style, drop, color in (
            (label, quiet, 15, Tone.QUIET),
            (code_text(code), strong, 32, tone),
        ):
            sheet.line(
                owner,
                text,
                style,
                offset=place * _CODE_STEP,
                baseline=top - drop,
                color=sheet.color(color),
            )
    if block.barcode:
        figure = sheet.root.add("Figure", alt=block.barcode.alt)
        offset = sheet.inner - _BARCODE_WIDTH
        box = sheet.box(offset, top - 8, _BARCODE_WIDTH, _BARCODE_HEIGHT)
        figure.attributes = bounds(box)
        sheet.page.barcode(figure, block.barcode.content, box)


def _signatory(
    sheet: Sheet, signatory: Signatory, offset: float, share: float, height: float
) -> None:
    language = "fa" if sheet.is_rtl else "en"
    baseline = sheet.y - height / 2
    for text, size, weight, drop, tone in (
        (signatory.name, 9.5, Weight.BOLD, 0.0, Tone.INK),
        (signatory.title, 8.0, Weight.REGULAR, 14.0, Tone.QUIET),
    ):
        if text:
            sheet.line(
                sheet.root.add("P"),
                free_text(text, language),
                sheet.style(size, weight),
                offset=offset + share / 2,
                baseline=baseline - drop,
                side=Side.MIDDLE,
                color=sheet.color(tone),
            )


def _hand(sheet: Sheet, label: str, offset: float, share: float) -> None:
    """A line to be signed by hand, and whose hand it is."""
    line = sheet.box(offset + share * 0.12, sheet.y - _SIGNING, share * 0.76, 0)
    sheet.page.rule(line.x, line.y, line.width, sheet.theme.quiet)
    sheet.line(
        sheet.root.add("P"),
        label,
        sheet.style(8),
        offset=offset + share / 2,
        baseline=sheet.y - _SIGNING - 11,
        side=Side.MIDDLE,
        color=sheet.color(Tone.QUIET),
    )


def _seal(sheet: Sheet, block: Signatures, middle: float) -> None:
    """The seal in one colour, as a rubber stamp has it: its picture, or its words in a frame."""
    accent = sheet.theme.accent
    if block.seal:
        width = _SEAL * len(block.seal[0]) / len(block.seal)
        box = sheet.box(middle - width / 2, sheet.y, width, _SEAL)
        figure = sheet.root.add("Figure", alt=block.seal_alt)
        figure.attributes = bounds(box)
        sheet.page.dots(figure, block.seal, box, accent)
        return
    style = sheet.style(8.5, Weight.BOLD)
    width = 104.0
    lines = sheet.line_count(block.seal_name, style, width - 16)
    height = 14.0 * lines + 14
    top = sheet.y - (_SEAL - height) / 2
    for inset, thickness in ((0.0, 1.2), (2.6, 0.5)):
        frame = sheet.box(
            middle - width / 2 + inset, top - inset, width - 2 * inset, height - 2 * inset
        )
        sheet.page.frame(frame, accent, thickness)
    used, sheet.y = sheet.y, top - 7
    sheet.paragraph(
        sheet.root.add("P"),
        block.seal_name,
        style,
        leading=14,
        offset=middle,
        width=width - 16,
        side=Side.MIDDLE,
        color=accent,
    )
    sheet.y = used
