"""The printed day sheet: A4, the three legs, the differences, and lines for two signatures.

It is drawn with the text layer of the receipts, from what was frozen alone, so that a sheet comes
out the same to the byte whenever it is printed again in the same language.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reportlab.lib.pagesizes import A4
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import isolate
from core.jalali import tehran_text
from core.words import _, spoken
from offices.staff import StaffMember
from receipts.documents.organisation import ORGANISATION, UNIT
from receipts.documents.palette import GREEN, HAIRLINE, INK, QUIET, TINT
from receipts.documents.sheet import MARGIN, Cell, Look, Sheet, Side
from receipts.pdf.writing import DocumentFacts, write_pdf
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import (
    PERSIAN,
    code_text,
    day_text,
    figures,
    free_text,
    number_text,
    rial_text,
)
from reconciliation.day_sheets import DaySheet
from reconciliation.day_shown import KIND_NAMES, ShownDay, shown_sheet

_LOOK = Look(size=9.5, leading=15.0, padding=3.0, gap=12)
_LEAST = 120.0  # what must fit below a heading
_SIGNING = 96.0
_GUTTER = 14.0


class Column(NamedTuple):
    """A column of a table: its heading, its share of the width, where its text stands."""

    heading: str
    share: float
    side: Side = Side.START


@dataclass(frozen=True, slots=True)
class Signed:
    """Who prepared and who signed, and when; the second is empty on an unsigned sheet."""

    prepared: str
    signed: str


def draw_day_sheet(session: Session, sheet: DaySheet) -> bytes:
    """A sheet as a PDF in the language being spoken."""
    shown = shown_sheet(session, sheet, as_of=tehran_date(sheet.prepared_at), owners_now=False)
    language = spoken()
    title = _("Day sheet of account {account}").format(
        account=number_text(shown.account.number, language)
    )
    page = Sheet.begin(is_rtl=language == PERSIAN, look=_LOOK, on_new_page=_begin_page, size=A4)
    _head(page, sheet, shown, title, language)
    _bank_leg(page, shown, language)
    _gateway_leg(page, shown, language)
    _books_leg(page, shown, language)
    _differences(page, shown, language)
    _signatures(page, sheet, _signed(session, sheet, language))
    _footers(page, sheet, language)
    document = DocumentFacts(
        title=f"{title} {day_text(sheet.day, language)}",
        author=ORGANISATION[language],
        language=language,
        is_rtl=page.is_rtl,
        created_on=tehran_date(sheet.prepared_at),
        identity=bytes.fromhex(sheet.digest)[:16],
    )
    return write_pdf(page.drawing, document)


def _begin_page(sheet: Sheet) -> None:
    height = sheet.drawing.height
    sheet.page.fill(sheet.box(-MARGIN, height, sheet.drawing.width, 8), GREEN)


def _head(sheet: Sheet, of: DaySheet, shown: ShownDay, title: str, language: str) -> None:
    root = sheet.drawing.root
    place = f"{shown.account.bank_fa}، {shown.account.branch_fa}"
    if language != PERSIAN:
        place = f"{shown.account.bank_en}, {shown.account.branch_en}"
    lines = (
        ("P", free_text(ORGANISATION[language], language), 12, 19, Weight.BOLD, INK),
        ("P", free_text(UNIT[language], language), 8.5, 14, Weight.REGULAR, QUIET),
        ("H1", title, 17, 30, Weight.BOLD, GREEN),
        ("P", free_text(place, language), 9.5, 16, Weight.REGULAR, QUIET),
    )
    for role, text, size, leading, weight, color in lines:
        style = sheet.style(size, weight)
        sheet.paragraph(root.add(role), text, style, leading=leading, color=color)
    if of.signature is not None:
        state = _("signed")
    else:
        state = _("prepared, not signed") if of.is_whole else _("cannot be signed yet")
    facts = (
        (_("Day"), day_text(of.day, language)),
        (_("Version"), number_text(str(of.version), language)),
        (_("State"), state),
    )
    sheet.y -= 4
    sheet.page.fill(sheet.box(0, sheet.y, sheet.inner, 40), TINT)
    for place_, (label, value) in enumerate(facts):
        offset = 10 + place_ * sheet.inner / len(facts)
        quiet, strong = sheet.style(7.5), sheet.style(11.5, Weight.BOLD)
        baseline = sheet.y - 14
        sheet.line(root.add("P"), label, quiet, offset=offset, baseline=baseline, color=QUIET)
        sheet.line(root.add("P"), value, strong, offset=offset, baseline=baseline - 17, color=INK)
    sheet.y -= 40 + sheet.look.gap


def _bank_leg(sheet: Sheet, shown: ShownDay, language: str) -> None:
    bank = shown.bank
    _heading(sheet, _("By the bank"))
    rows = [
        ("", _("Balance before the first row"), bank.opening_rial),
        ("+", _counted_rows(_("Credits ({count} rows)"), bank.credit_count, language),
         bank.credits_rial),
        ("−", _counted_rows(_("Debits ({count} rows)"), bank.debit_count, language),
         bank.debits_rial),
        ("=", _("Balance after the last row"), bank.closing_rial),
    ]  # fmt: skip
    _sums(sheet, rows, language)


def _books_leg(sheet: Sheet, shown: ShownDay, language: str) -> None:
    _heading(sheet, _("By our books"))
    rows = [
        ("", _("Bank account by our books"), shown.books_bank_rial),
        ("=", _("Balance by the bank"), shown.bank.closing_rial),
        ("", _("Suspense by our books"), shown.books_open_rial),
        ("=", _counted_rows(_("Lines that nothing explained ({count} rows)"),
                            shown.open_count, language), shown.open_rial),
    ]  # fmt: skip
    _sums(sheet, rows, language)


def _gateway_leg(sheet: Sheet, shown: ShownDay, language: str) -> None:
    if not shown.terminals:
        return
    _heading(sheet, _("By the gateways"))
    columns = (
        Column(_("Terminal"), 0.2),
        Column(_("Pay-outs on the statement"), 0.2, Side.END),
        Column(_("Of them explained"), 0.2, Side.END),
        Column(_("Still owed"), 0.2, Side.END),
        Column(_("Owed by our books"), 0.2, Side.END),
    )
    rows = [
        (
            code_text(each.name),
            figures(each.day.lumps_rial, language),
            figures(each.day.net_rial, language),
            figures(each.day.owed_rial, language),
            figures(each.day.books_rial, language),
        )
        for each in shown.terminals
    ]
    _table(sheet, columns, rows)


def _differences(sheet: Sheet, shown: ShownDay, language: str) -> None:
    _heading(sheet, _("Differences"))
    if not shown.differences:
        _note(sheet, _("None: bank, gateways and books say the same."))
        return
    columns = (
        Column(_("What differs"), 0.36),
        Column(_("Since"), 0.14),
        Column(_("Days"), 0.08, Side.MIDDLE),
        Column(_("Rials"), 0.18, Side.END),
        Column(_("Owner"), 0.24),
    )
    rows = [
        (
            " ".join(
                part
                for part in (
                    str(KIND_NAMES[found.kind]),
                    free_text(found.subject, language) if found.subject else "",
                )
                if part
            ),
            day_text(found.since_on, PERSIAN) if language == PERSIAN else
            isolate(found.since_on.isoformat()),
            number_text(str(found.age_days), language),
            _signed_figures(found.amount_rial, language),
            free_text(found.owner, language),
        )
        for found in shown.differences
    ]  # fmt: skip
    _table(sheet, columns, rows)


def _signatures(sheet: Sheet, of: DaySheet, signed: Signed) -> None:
    sheet.need(_SIGNING + 40)
    root, half = sheet.drawing.root, sheet.inner / 2
    sheet.y -= sheet.look.gap
    top = sheet.y
    for place, (label, who) in enumerate(
        ((_("Prepared by"), signed.prepared), (_("Signed by"), signed.signed))
    ):
        offset = place * half
        sheet.line(root.add("P"), label, sheet.style(8), offset=offset, baseline=top - 12,
                   color=QUIET)  # fmt: skip
        sheet.line(root.add("P"), who or "—", sheet.style(9.5, Weight.BOLD), offset=offset,
                   baseline=top - 30, color=INK)  # fmt: skip
        box = sheet.box(offset, top - 66, half - 24, 0)
        sheet.page.rule(box.x, box.y, box.width, QUIET)
        sheet.line(root.add("P"), _("Signature"), sheet.style(7.5), offset=offset,
                   baseline=top - 78, color=QUIET)  # fmt: skip
    sheet.y = top - _SIGNING
    style = sheet.style(7.2)
    label = _("Fingerprint of this sheet (SHA-256)")
    sheet.paragraph(root.add("P"), label, style, leading=12, color=QUIET)
    for half_of in (of.digest[:32], of.digest[32:]):
        sheet.paragraph(root.add("P"), code_text(half_of), sheet.style(8), leading=12, color=INK)


def _footers(sheet: Sheet, of: DaySheet, language: str) -> None:
    pages = sheet.drawing.pages
    for page in pages:
        counted = _("Page {page} of {pages}").format(
            page=number_text(str(page.index + 1), language),
            pages=number_text(str(len(pages)), language),
        )
        for text, offset, side in (
            (code_text(of.digest[:16]), 0.0, Side.START),
            (counted, sheet.inner, Side.END),
        ):
            sheet.line(sheet.drawing.root.add("P"), text, sheet.style(6.8), offset=offset,
                       baseline=27, side=side, color=QUIET, page=page)  # fmt: skip


def _heading(sheet: Sheet, text: str) -> None:
    sheet.need(_LEAST)
    style = sheet.style(11.5, Weight.BOLD)
    sheet.paragraph(sheet.drawing.root.add("H2"), text, style, leading=20, color=GREEN)
    sheet.page.rule(MARGIN, sheet.y, sheet.inner, HAIRLINE)
    sheet.y -= 3


def _note(sheet: Sheet, text: str) -> None:
    style = sheet.style(_LOOK.size)
    sheet.paragraph(sheet.drawing.root.add("P"), text, style, leading=_LOOK.leading, color=INK)
    sheet.y -= sheet.look.gap


def _sums(sheet: Sheet, rows: Sequence[tuple[str, str, int]], language: str) -> None:
    """One sum a row: its sign, what it is, how much; a line that closes a sum is bold."""
    listed = sheet.drawing.root.add("L")
    for sign, label, rial in rows:
        item = listed.add("LI")
        weight = Weight.BOLD if sign == "=" else Weight.REGULAR
        sheet.row(
            (
                Cell(item.add("Lbl"), sign or " ", 0, 14, weight=weight, color=QUIET),
                Cell(item.add("LBody"), label, 16, sheet.inner * 0.6, weight=weight, color=INK),
                Cell(item.add("LBody"), rial_text(rial, language), sheet.inner * 0.6,
                     sheet.inner * 0.4, weight=weight, side=Side.END, color=INK),
            ),
            rule=HAIRLINE,
        )  # fmt: skip
    sheet.y -= sheet.look.gap


def _table(sheet: Sheet, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    table = sheet.drawing.root.add("Table")
    headings = [column.heading for column in columns]
    for number, texts in enumerate((headings, *rows)):
        row, offset, cells = table.add("TR"), 0.0, []
        for column, text in zip(columns, texts, strict=True):
            width = column.share * sheet.inner
            cells.append(
                Cell(
                    row.add("TD" if number else "TH"),
                    text or " ",
                    offset,
                    width - _GUTTER,
                    side=column.side,
                    color=INK if number else QUIET,
                )
            )
            offset += width
        sheet.row(cells, rule=HAIRLINE, tint="" if number else TINT)
    sheet.y -= sheet.look.gap


def _signed(session: Session, sheet: DaySheet, language: str) -> Signed:
    def who(staff_member_id: int, at: str) -> str:
        name = session.get_one(StaffMember, staff_member_id).name
        return f"{free_text(name, language)} – {isolate(at)}"

    signature = sheet.signature
    return Signed(
        prepared=who(sheet.prepared_by_id, tehran_text(sheet.prepared_at)),
        signed=""
        if signature is None
        else who(signature.signed_by_id, tehran_text(signature.signed_at)),
    )


def _counted_rows(text: str, count: int, language: str) -> str:
    return text.format(count=figures(count, language))


def _signed_figures(rial: int, language: str) -> str:
    """An amount with its sign before it, in either direction."""
    return ("− " if rial < 0 else "") + figures(abs(rial), language)
