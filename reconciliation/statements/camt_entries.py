"""The entries of CAMT: what stands below an element, and the records that an entry holds.

The entries of one bank look alike but for their texts. What lies between the texts is therefore
gone through once and remembered; of every further entry like it only the texts are taken.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import unescape
from operator import itemgetter
from typing import NamedTuple

from lxml import etree

from reconciliation.statements.cells import Unreadable
from reconciliation.statements.exact import movement_of

_DETAILS = "NtryDtls/TxDtls"
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt")
_TEXT = re.compile(r">(\s*[^<>\s][^<>]*)<")
_LIKE_NO_OTHER = "\0"  # stands in no XML: where a text was


class Record(NamedTuple):
    """A row as it is written: what its transaction says, and what is said of the whole entry."""

    mark: str
    status: str
    day: str
    family: str
    subfamily: str
    reference: str  # of the entry
    servicer_reference: str  # and these three of the transaction
    end_to_end_id: str
    transaction_id: str
    debtor: str
    creditor: str
    amount: str
    currency: str
    structured: str
    description: str
    kept: str  # the XML


class Said:
    """Everything below an element, gathered in one pass; each transaction of an entry apart.

    Texts are known by their path; what is of another namespace than the element is left out.
    """

    def __init__(self, element: etree._Element, space: str) -> None:
        self.element = element
        self.details: list[Said] = []
        self._texts: dict[str, list[str]] = {}
        self._amounts: dict[str, tuple[str, str]] = {}
        self._take_in(element, "", space)

    def text(self, *paths: str) -> str:
        """The text at the first path that has one."""
        for path in paths:
            if path in self._texts:
                return self._texts[path][0]
        return ""

    def texts(self, path: str) -> list[str]:
        return self._texts.get(path, [])

    def amount(self, *paths: str) -> tuple[str, str] | None:
        """The amount at the first path that has one, as written, and its currency."""
        return next((self._amounts[path] for path in paths if path in self._amounts), None)

    def _take_in(self, element: etree._Element, above: str, space: str) -> None:
        for child in element:
            path = _path(above, child.tag, space)
            if path is None:
                continue
            if path == _DETAILS:
                self.details.append(Said(child, space))
                continue
            text = (child.text or "").strip()
            if path in _AMOUNTS:
                self._amounts.setdefault(path, (text, child.get("Ccy", "")))
            elif text:
                self._texts.setdefault(path, []).append(text)
            else:
                self._take_in(child, path, space)


@lru_cache(1 << 10)
def _path(above: str, tag: object, space: str) -> str | None:
    """Where a child stands; nothing for a comment, or where it is of another namespace."""
    if not (isinstance(tag, str) and tag.startswith(space)):
        return None
    name = tag[len(space) :]
    return f"{above}/{name}" if above else name


def records_of(entry: str, space: str) -> Sequence[Record]:
    """The rows of an entry: one, or its transactions where those add up to it."""
    parts = _TEXT.split(entry)
    texts = parts[1::2]
    if "&" in entry:
        texts = list(map(unescape, texts))
    shape = _shape(_LIKE_NO_OTHER.join(parts[::2]), space)
    whole = shape.record(entry, texts)
    return (_transactions(entry, space, whole) or (whole,)) if shape.is_batch else (whole,)


class _Shape:
    """What lies between the texts of an entry: which of its texts is what."""

    def __init__(self, said: Said) -> None:
        detail = said.details[0] if len(said.details) == 1 else said
        amount, self._currency = said.amount("Amt") or ("", "")
        self.is_batch = len(said.details) > 1
        self._single = itemgetter(*map(_place, (*_of_entry(said), *_of_detail(detail), amount)))
        structured, others = _descriptions(said, detail)
        self._structured = list(map(_place, structured))
        self._described = list(map(_place, others))

    def record(self, entry: str, texts: list[str]) -> Record:
        texts = [*map(str.strip, texts), ""]
        return Record._make(
            (
                *self._single(texts),
                self._currency,
                " ".join([texts[at] for at in self._structured]),
                " ".join([texts[at] for at in self._described]),
                entry,
            )
        )


@lru_cache(1 << 8)
def _shape(markup: str, space: str) -> _Shape:
    first, *others = markup.split(_LIKE_NO_OTHER)
    numbered = "".join(f">{at}<{part}" for at, part in enumerate(others))
    return _Shape(Said(etree.fromstring(f"{first}{numbered}"), space))


def _place(number: str) -> int:
    """The place of a text; that of the empty one at the end where there is none."""
    return int(number) if number else -1


def _transactions(entry: str, space: str, whole: Record) -> Sequence[Record]:
    """An entry's transactions, if each has an amount and together they are the entry."""
    said = Said(etree.fromstring(entry), space)
    records = []
    for detail in said.details:
        amount, currency = detail.amount(*_AMOUNTS) or ("", "")
        structured, others = _descriptions(said, detail)
        kept = etree.tostring(detail.element, encoding="unicode", with_tail=False)
        told = (amount, currency, " ".join(structured), " ".join(others), kept)
        record = Record._make((*_of_entry(said), *_of_detail(detail), *told))
        records.append(record._replace(mark=detail.text("CdtDbtInd") or whole.mark))
    return records if _add_up(records, whole) else ()


def _add_up(records: Sequence[Record], whole: Record) -> bool:
    try:
        moved = [-1 if record.mark == "DBIT" else 1 for record in records]
        amounts = [movement_of(record.amount) for record in records]
        total = movement_of(whole.amount)
    except Unreadable:
        return False
    same = all(record.currency == whole.currency for record in records)
    signed = sum(sign * amount for sign, amount in zip(moved, amounts, strict=True))
    return same and all(amounts) and signed == (-total if whole.mark == "DBIT" else total)


def _of_entry(said: Said) -> Iterator[str]:
    yield said.text("CdtDbtInd")
    yield said.text("Sts/Cd", "Sts")
    yield said.text("BookgDt/Dt", "BookgDt/DtTm")
    yield said.text("BkTxCd/Domn/Fmly/Cd")
    yield said.text("BkTxCd/Domn/Fmly/SubFmlyCd")
    yield said.text("AcctSvcrRef")


def _of_detail(detail: Said) -> Iterator[str]:
    for path in ("AcctSvcrRef", "EndToEndId", "TxId"):
        yield detail.text(f"Refs/{path}")
    for party in ("Dbtr", "Cdtr"):
        yield detail.text(f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm")


def _descriptions(said: Said, detail: Said) -> tuple[list[str], list[str]]:
    """The references to invoices, and everything said; what is missing is left out."""
    structured = detail.texts("RmtInf/Strd/CdtrRefInf/Ref")
    said_beside = (detail.text("AddtlTxInf"), said.text("AddtlNtryInf"))
    everything = (*detail.texts("RmtInf/Ustrd"), *structured, *said_beside)
    return structured, [text for text in everything if text]
