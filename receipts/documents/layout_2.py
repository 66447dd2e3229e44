"""Layout 2 of receipts: originals and copies, goods as they were accepted, signatories, seal."""

from receipts.documents import phrases
from receipts.documents.blocks import (
    Block,
    Closing,
    Code,
    Column,
    Field,
    Fields,
    Layout,
    Running,
    Signatures,
    Space,
    Strip,
    StripCell,
    Sum,
    Table,
)
from receipts.documents.facts import CashLine, GoodsLine, HoursLine, ReceiptFacts, facts_digest
from receipts.documents.layout_1 import (
    closing,
    head,
    payment_rows,
    running,
    spoken_sum,
    void_banner,
    with_fund,
)
from receipts.documents.palette import SAMPLE_TINT
from receipts.documents.seal_picture import seal_rows
from receipts.documents.sheet import Side
from receipts.documents.wording import WORDING, Wording
from receipts.typesetting.text import (
    PERSIAN,
    figures,
    free_text,
    number_text,
    quantity_text,
    rial_text,
    short_days,
)

_VERSION = 2
_STRIP = (12.0, 124.0, 206.0, 288.0)  # where the cells of the number strip begin
_LIST = {True: "، ", False: ", "}


def version_2(facts: ReceiptFacts, copy: int | None) -> Layout:
    """The original of a receipt; or the copy of that number, the office's own being 0."""
    words = WORDING[facts.language]
    blocks: list[Block] = [head(facts, words), _strip(facts, words, copy)]
    if facts.is_void:
        blocks.append(void_banner(facts, words))
    blocks.append(_fields(facts, words))
    blocks += _money(facts, words)
    if facts.goods:
        blocks += [goods_table(facts, words), Space()]
    if facts.hours:
        blocks += [hours_table(facts, words), Space()]
    blocks += [signatures(facts), _closing(facts, words)]
    return Layout(
        language=facts.language,
        title=f"{words.titles[facts.kind]} {facts.number}",
        author=facts.organisation,
        created_on=facts.issued_on,
        identity=_identity(facts, copy),
        blocks=tuple(blocks),
        running=_running(facts, words, copy),
    )


def goods_table(facts: ReceiptFacts, words: Wording) -> Table:
    """Goods as they came; with the desk's own assessment where it recorded one."""
    is_assessed = any(line.basis for line in facts.goods)
    columns = [
        Column(words.description, 0.4 if is_assessed else 0.48),
        Column(words.quantity, 0.15 if is_assessed else 0.2),
        Column(phrases.DECLARED.to(facts.language), 0.21 if is_assessed else 0.32, Side.END),
    ]
    if is_assessed:
        columns.append(Column(phrases.ASSESSED.to(facts.language), 0.24, Side.END))
    rows = []
    for line in facts.goods:
        row = [described(line, facts, words), amount_of(line, facts), _declared(line, facts, words)]
        rows.append((*row, _assessed(line, facts)) if is_assessed else tuple(row))
    return Table(phrases.GOODS.to(facts.language), tuple(columns), tuple(rows))


def described(line: GoodsLine, facts: ReceiptFacts, words: Wording) -> str:
    """What the goods are, in what condition, for what, and where the warehouse has them."""
    language = facts.language
    told = [with_fund(line.description, line.fund_name, facts, words)]
    if line.condition:
        told.append(phrases.CONDITIONS[line.condition].to(language))
    if line.warehouse_number:
        number = free_text(line.warehouse_number, language)  # may have letters: ۱۲۳۴/الف
        told.append(f"{phrases.WAREHOUSE.to(language)} {number}")
    return _LIST[language == PERSIAN].join(told)


def amount_of(line: GoodsLine, facts: ReceiptFacts) -> str:
    """How many of what."""
    quantity = quantity_text(line.quantity, facts.language)
    return f"{quantity} {free_text(line.unit, facts.language)}"


def hours_table(facts: ReceiptFacts, words: Wording) -> Table:
    """Hours that were served, with their days where the desk recorded them."""
    language = facts.language
    has_days = any(line.started_on for line in facts.hours)
    columns = [Column(words.skill, 0.46 if has_days else 0.78)]
    if has_days:
        columns.append(Column(phrases.PERIOD.to(language), 0.36))
    columns.append(Column(words.hours, 0.18 if has_days else 0.22, Side.END))
    rows = []
    for line in facts.hours:
        row = [with_fund(line.skill, line.fund_name, facts, words)]
        if has_days:
            row.append(period(line, language) or "—")
        rows.append((*row, figures(line.hours, language)))
    return Table(words.hours_section, tuple(columns), tuple(rows))


def period(line: HoursLine, language: str) -> str:
    """From when to when, as far as it is known."""
    days = [day for day in (line.started_on, line.ended_on) if day]
    return " – ".join(short_days(day, language)[0] for day in days)


def signatures(facts: ReceiptFacts) -> Signatures:
    """Who signs for the organisation, and its seal."""
    return Signatures(
        facts.signatories,
        seal=seal_rows(facts.seal) if facts.seal else (),
        seal_name=free_text(facts.seal_name, facts.language) if facts.seal_name else "",
        seal_alt=phrases.SEAL.to(facts.language),
    )


def _strip(facts: ReceiptFacts, words: Wording, copy: int | None) -> Strip:
    language = facts.language
    received, issued = (
        short_days(facts.received_on, language),
        short_days(facts.issued_on, language),
    )
    cells = (
        (words.number, number_text(facts.number, language), ""),
        (words.received_on, *received),
        (words.issued_on, *issued),
        (phrases.COPY.to(language), _copy_name(copy, language), ""),
    )
    placed = zip(cells, _STRIP, strict=True)
    return Strip(
        tuple(StripCell(label, value, offset, below) for (label, value, below), offset in placed),
        size=11.5 if language == PERSIAN else 10.0,
    )


def _copy_name(copy: int | None, language: str) -> str:
    if copy is None:
        return phrases.ORIGINAL.to(language)
    if copy == 0:
        return phrases.OFFICE_COPY.to(language)
    return phrases.DUPLICATE.to(language).format(number=number_text(str(copy), language))


def _fields(facts: ReceiptFacts, words: Wording) -> Fields:
    donor, language = facts.donor_name, facts.language
    rows: list[tuple[Field, ...]] = [
        (Field(words.donor, free_text(donor, language) if donor else words.unnamed_donor),)
    ]
    if len(facts.cash) == 1:
        rows.append((Field(words.fund, _fund(facts.cash[0], facts, words)),))
    rows.append((Field(words.channel, free_text(facts.channel, language)),))
    return Fields((*rows, *payment_rows(facts, words)))


def _fund(line: CashLine, facts: ReceiptFacts, words: Wording) -> str:
    name = free_text(line.fund_name, facts.language)
    if not line.fund_code.isdecimal():  # a code of our own, not the state's
        return name
    return f"{name} ({words.fund_code} {number_text(line.fund_code, facts.language)})"


def _money(facts: ReceiptFacts, words: Wording) -> list[Block]:
    """The sum, after the funds it is for where there are several."""
    if not facts.cash:
        return []
    language = facts.language
    total = Sum(words.total, rial_text(facts.total_rial, language), spoken_sum(facts, words))
    if len(facts.cash) == 1:
        return [total]
    rows = [(_fund(line, facts, words), figures(line.amount_rial, language)) for line in facts.cash]
    columns = (Column(words.fund, 0.7), Column(words.amount, 0.3, Side.END))
    return [Table(words.cash, columns, tuple(rows)), Space(6), total]


def _declared(line: GoodsLine, facts: ReceiptFacts, words: Wording) -> str:
    value = line.declared_value_rial
    return words.not_valued if value is None else figures(value, facts.language)


def _assessed(line: GoodsLine, facts: ReceiptFacts) -> str:
    """The desk's own value and what it rests on."""
    if line.basis is None:
        return "—"
    basis = phrases.BASES[line.basis].to(facts.language)
    if line.appraiser:
        basis = f"{basis} {free_text(line.appraiser, facts.language)}"
    if line.assessed_value_rial is None:
        return basis
    return f"{figures(line.assessed_value_rial, facts.language)} ({basis})"


def _closing(facts: ReceiptFacts, words: Wording) -> Closing:
    """The tax line stands only where something was given that has a value."""
    told = closing(facts, words, verify_line=phrases.VERIFY.to(facts.language))
    if facts.tax_line and not (facts.cash or facts.goods):
        told = told._replace(notes=told.notes[1:])
    return told._replace(qr=Code(facts.verify_url, words.qr_alt, words.verify_caption))


def _running(facts: ReceiptFacts, words: Wording, copy: int | None) -> Running:
    told = running(facts, words)
    layout = phrases.LAYOUT.to(facts.language).format(
        number=number_text(str(_VERSION), facts.language)
    )
    told = told._replace(foot=f"{told.foot} – {layout}", is_bare=facts.is_void or bool(copy))
    if copy and not facts.is_void:
        mark = phrases.DUPLICATE_MARK.to(facts.language)
        return told._replace(mark=mark, mark_size=80.0, mark_tint=SAMPLE_TINT)
    return told


def _identity(facts: ReceiptFacts, copy: int | None) -> bytes:
    """A copy is another file than the original, and says so."""
    identity = facts_digest(facts)[:16]
    if copy is None:
        return identity
    number = (int.from_bytes(identity) + copy + 1) % (1 << 128)
    return number.to_bytes(16)
