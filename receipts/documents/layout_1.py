"""Layout 1 of receipts. Receipts were issued with it, so it never changes again, not by a byte."""

from urllib.parse import urlsplit

from core.digits import isolate
from receipts.documents.blocks import (
    Banner,
    Block,
    Closing,
    Code,
    Column,
    Field,
    Fields,
    FramedSum,
    Head,
    HeadLine,
    Layout,
    Running,
    Space,
    Strip,
    StripCell,
    Table,
)
from receipts.documents.facts import ReceiptFacts, facts_digest
from receipts.documents.palette import SAMPLE_TINT, VOID_TINT
from receipts.documents.sheet import Side, Tone
from receipts.documents.wording import WORDING, Wording
from receipts.pdf.document import Container
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import (
    PERSIAN,
    code_text,
    day_text,
    figures,
    free_text,
    number_text,
    quantity_text,
    rial_text,
    rial_words,
    toman_text,
)

# Where the cells of the number strip begin, by whether the receipt reads from right to left.
_STRIP = {True: (12.0, 137.0, 247.0), False: (12.0, 108.0, 230.0)}
_SHORT_CODE = 14  # longer trace numbers take a row of their own


def version_1(facts: ReceiptFacts) -> Layout:
    """A receipt as it was drawn before desks recorded the condition and value of goods."""
    words = WORDING[facts.language]
    blocks: list[Block] = [head(facts, words), _strip(facts, words)]
    if facts.is_void:
        blocks.append(void_banner(facts, words))
    blocks += [_fields(facts, words), *_items(facts, words), closing(facts, words)]
    return Layout(
        language=facts.language,
        title=f"{words.titles[facts.kind]} {facts.number}",
        author=facts.organisation,
        created_on=facts.issued_on,
        identity=facts_digest(facts)[:16],
        blocks=tuple(blocks),
        running=running(facts, words),
        container=Container.REPORTLAB,
    )


def head(facts: ReceiptFacts, words: Wording) -> Head:
    """Who issues the receipt, its title, and the code that verifies it."""
    language = facts.language
    places = [free_text(place, language) for place in (facts.province, facts.desk) if place]
    return Head(
        (
            HeadLine("P", free_text(facts.organisation, language), 11.5, 19, Weight.BOLD),
            HeadLine("P", free_text(facts.unit, language), 8.2, 13.4, tone=Tone.QUIET),
            HeadLine("P", " – ".join(places), 8.2, 13.4, tone=Tone.QUIET),
            HeadLine("H1", words.titles[facts.kind], 16, 28, Weight.BOLD, Tone.ACCENT, before=3),
        ),
        Code(facts.verify_url, words.qr_alt, words.verify_caption),
    )


def void_banner(facts: ReceiptFacts, words: Wording) -> Banner:
    """That the receipt is void, and why."""
    reason = f" {free_text(facts.void_text, facts.language)}" if facts.void_text else ""
    return Banner(words.void_line + reason)


def payment_rows(facts: ReceiptFacts, words: Wording) -> list[tuple[Field, ...]]:
    """The codes of the payment, and where the money went."""
    rows: list[tuple[Field, ...]] = []
    if facts.reference:
        rows.append((Field(words.reference, code_text(facts.reference)),))
    codes = [
        Field(label, code_text(code))
        for label, code in (
            (words.trace_number, facts.trace_number),
            (words.card, facts.masked_card),
        )
        if code
    ]
    fit = len(codes) == 2 and len(facts.trace_number or "") <= _SHORT_CODE
    rows += [tuple(codes)] if fit else [(code,) for code in codes]
    if facts.destination_account:
        account = free_text(facts.destination_account, facts.language)
        rows.append((Field(words.destination, account),))
    if facts.replaces_number:
        replaced = number_text(facts.replaces_number, facts.language)
        rows.append((Field(words.replaces, replaced, Weight.BOLD),))
    return rows


def with_fund(text: str, fund_name: str | None, facts: ReceiptFacts, words: Wording) -> str:
    """What was given, and for what."""
    described = free_text(text, facts.language)
    if fund_name is None:
        return described
    return f"{described} ({words.for_fund} {free_text(fund_name, facts.language)})"


def spoken_sum(facts: ReceiptFacts, words: Wording) -> str:
    """The sum in words and in tomans. Raises BeyondWords."""
    tomans = f"({words.equals} {toman_text(facts.total_rial, facts.language)})"
    return f"{words.in_words}: {rial_words(facts.total_rial, facts.language)} {tomans}"


def closing(facts: ReceiptFacts, words: Wording, *, verify_line: str = "") -> Closing:
    """How to follow the gift and how to check the paper."""
    address = isolate(f"{urlsplit(facts.verify_url).netloc}/verify")
    notes = [(verify_line or words.verify_line).format(address=address)]
    if facts.tax_line:
        notes.insert(0, free_text(facts.tax_line, facts.language))
    codes = [(words.tracking_code, facts.tracking_code)]
    if facts.deposit_id:
        codes.append((words.deposit_id, facts.deposit_id))
    barcode = Code(facts.tracking_code, words.barcode_alt)
    return Closing(tuple(codes), barcode, tuple(notes))


def running(facts: ReceiptFacts, words: Wording) -> Running:
    """What stands on every page."""
    told = Running(
        continued=f"{words.continued} {number_text(facts.number, facts.language)}",
        foot=f"{words.service} {number_text(facts.service_id, facts.language)}",
        page_of=words.page_of,
        is_alarm=facts.is_void,
    )
    if facts.is_void:
        return told._replace(mark=words.void_mark, mark_size=102, mark_tint=VOID_TINT)
    if facts.is_sample:
        return told._replace(mark=words.sample_mark, mark_size=98, mark_tint=SAMPLE_TINT)
    return told


def _strip(facts: ReceiptFacts, words: Wording) -> Strip:
    is_rtl = facts.language == PERSIAN
    cells = (
        (words.number, number_text(facts.number, facts.language)),
        (words.received_on, day_text(facts.received_on, facts.language)),
        (words.issued_on, day_text(facts.issued_on, facts.language)),
    )
    placed = zip(cells, _STRIP[is_rtl], strict=True)
    return Strip(
        tuple(StripCell(label, value, offset) for (label, value), offset in placed),
        size=12 if is_rtl else 8.8,
    )


def _fields(facts: ReceiptFacts, words: Wording) -> Fields:
    donor = facts.donor_name
    name = free_text(donor, facts.language) if donor else words.unnamed_donor
    return Fields(
        (
            (Field(words.donor, name),),
            (Field(words.channel, free_text(facts.channel, facts.language)),),
            *payment_rows(facts, words),
        )
    )


def _items(facts: ReceiptFacts, words: Wording) -> list[Block]:
    """Money, goods and hours, each in a table and a unit of its own."""
    blocks: list[Block] = []
    if facts.cash:
        blocks += [_cash(facts, words), _sum(facts, words)]
    if facts.goods:
        blocks += [_goods(facts, words), Space()]
    if facts.hours:
        blocks += [_hours(facts, words), Space()]
    return blocks


def _cash(facts: ReceiptFacts, words: Wording) -> Table:
    language = facts.language
    columns = (
        Column(words.fund, 0.5),
        Column(words.fund_code, 0.22),
        Column(words.amount, 0.28, Side.END),
    )
    rows = [
        (
            free_text(line.fund_name, language),
            number_text(line.fund_code, language),
            figures(line.amount_rial, language),
        )
        for line in facts.cash
    ]
    return Table(words.cash, columns, tuple(rows), keeps_first_row=False)


def _sum(facts: ReceiptFacts, words: Wording) -> FramedSum:
    amount = rial_text(facts.total_rial, facts.language)
    return FramedSum(words.total, amount, spoken_sum(facts, words))


def _goods(facts: ReceiptFacts, words: Wording) -> Table:
    language = facts.language
    columns = (
        Column(words.description, 0.48),
        Column(words.quantity, 0.2),
        Column(words.declared_value, 0.32, Side.END),
    )
    rows = []
    for line in facts.goods:
        value = line.declared_value_rial
        rows.append(
            (
                with_fund(line.description, line.fund_name, facts, words),
                f"{quantity_text(line.quantity, language)} {free_text(line.unit, language)}",
                words.not_valued if value is None else figures(value, language),
            )
        )
    return Table(words.goods, columns, tuple(rows), keeps_first_row=False)


def _hours(facts: ReceiptFacts, words: Wording) -> Table:
    columns = (Column(words.skill, 0.78), Column(words.hours, 0.22, Side.END))
    rows = [
        (with_fund(line.skill, line.fund_name, facts, words), figures(line.hours, facts.language))
        for line in facts.hours
    ]
    return Table(words.hours_section, columns, tuple(rows), keeps_first_row=False)
