"""The middle of a receipt: money, goods and hours, each in a table and a unit of its own."""

from receipts.facts import CashLine, GoodsLine, HoursLine, ReceiptFacts
from receipts.fonts import Weight
from receipts.palette import GREEN, HAIRLINE, INK, TINT
from receipts.sheet import INNER, Cell, Sheet, Side
from receipts.text import (
    figures,
    free_text,
    number_text,
    quantity_text,
    rial_text,
    rial_words,
    toman_text,
)
from receipts.wording import Wording

_INDENT = 10.0


def draw_cash(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    def row(line: CashLine) -> tuple[str, ...]:
        return (
            free_text(line.fund_name, facts.language),
            number_text(line.fund_code, facts.language),
            figures(line.amount_rial, facts.language),
        )

    columns = (
        (words.fund, 0.5, Side.START),
        (words.fund_code, 0.22, Side.START),
        (words.amount, 0.28, Side.END),
    )
    _table(sheet, words.cash, columns, [row(line) for line in facts.cash])


def draw_total(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    """The sum in figures, in words and in tomans, kept together."""
    root, language, look = sheet.drawing.root, facts.language, sheet.look
    body, width = sheet.style(look.size), INNER - 2 * _INDENT
    tomans = f"({words.equals} {toman_text(facts.total_rial, language)})"
    spoken = f"{words.in_words}: {rial_words(facts.total_rial, language)} {tomans}"
    height = 40 + look.leading * sheet.line_count(spoken, body, width)
    sheet.need(height + 6)
    sheet.y -= 6
    sheet.page.frame(sheet.box(0, sheet.y, INNER, height), GREEN, 0.8)
    owner, baseline = root.add("P"), sheet.y - 22
    label = sheet.style(look.size + 0.5, Weight.BOLD)
    sheet.line(owner, words.total, label, offset=_INDENT, baseline=baseline, color=INK)
    sheet.line(
        root.add("P"),
        rial_text(facts.total_rial, language),
        sheet.style(15, Weight.BOLD),
        offset=INNER - _INDENT,
        baseline=baseline - 1,
        side=Side.END,
        color=GREEN,
    )
    sheet.y -= 34
    owner = root.add("P")
    sheet.paragraph(
        owner, spoken, body, leading=look.leading, offset=_INDENT, width=width, color=INK
    )
    sheet.y -= 6 + look.gap


def draw_goods(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    def row(line: GoodsLine) -> tuple[str, ...]:
        value = line.declared_value_rial
        quantity = f"{quantity_text(line.quantity, facts.language)} "
        return (
            _with_fund(line.description, line.fund_name, facts, words),
            quantity + free_text(line.unit, facts.language),
            words.not_valued if value is None else figures(value, facts.language),
        )

    columns = (
        (words.description, 0.48, Side.START),
        (words.quantity, 0.2, Side.START),
        (words.declared_value, 0.32, Side.END),
    )
    _table(sheet, words.goods, columns, [row(line) for line in facts.goods])
    sheet.y -= sheet.look.gap


def draw_hours(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    def row(line: HoursLine) -> tuple[str, ...]:
        return (
            _with_fund(line.skill, line.fund_name, facts, words),
            figures(line.hours, facts.language),
        )

    columns = ((words.skill, 0.78, Side.START), (words.hours, 0.22, Side.END))
    _table(sheet, words.hours_section, columns, [row(line) for line in facts.hours])
    sheet.y -= sheet.look.gap


def _table(
    sheet: Sheet,
    heading: str,
    columns: tuple[tuple[str, float, Side], ...],
    rows: list[tuple[str, ...]],
) -> None:
    """A titled table; columns are (label, share of the width, side)."""
    look = sheet.look
    sheet.need(3 * (look.leading + 2 * look.padding))
    owner = sheet.drawing.root.add("H2")
    style = sheet.style(look.size + 1, Weight.BOLD)
    sheet.paragraph(owner, heading, style, leading=look.leading + 4, color=GREEN)
    table = sheet.drawing.root.add("Table")
    spaces: list[tuple[float, float, Side]] = []
    offset = 0.0
    for _, share, side in columns:
        spaces.append((offset + 7, share * INNER - 14, side))
        offset += share * INNER
    row = table.add("TR")
    head = [
        Cell(
            row.add("TH", attributes="/O/Table/Scope/Column"),
            label,
            start,
            width,
            weight=Weight.BOLD,
            side=side,
            color=INK,
        )
        for (label, _, _), (start, width, side) in zip(columns, spaces, strict=True)
    ]
    sheet.row(head, tint=TINT)
    for texts in rows:
        row = table.add("TR")
        cells = [
            Cell(row.add("TD"), text, start, width, side=side, color=INK)
            for text, (start, width, side) in zip(texts, spaces, strict=True)
        ]
        sheet.row(cells, rule=HAIRLINE)


def _with_fund(text: str, fund_name: str | None, facts: ReceiptFacts, words: Wording) -> str:
    described = free_text(text, facts.language)
    if fund_name is None:
        return described
    return f"{described} ({words.for_fund} {free_text(fund_name, facts.language)})"
