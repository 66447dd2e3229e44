"""Money received at a desk as a list: handed in, and saved so that it can be handed in again."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.identifiers import masked_mobile
from core.jalali import jalali_plain
from core.words import Later, spoken
from donations.models.contribution import Origin, Tender
from donations.models.pledge import ItemKind
from flows.entries import Entry, latest_entries, remarks_of
from flows.lists.columns import COLUMNS, ListKind
from offices.scope import Scope
from web.desk.lists.uploading import handed_in_list, list_template
from web.exporting import Cell, Column

_PAGE = 500
_CALLED: Mapping[Tender | None, Later] = {
    Tender.CASH: Later("cash"),
    Tender.CHEQUE: Later("cheque"),
    Tender.CARD_TERMINAL: Later("card"),
}
_FA = {column.en: column.fa for column in COLUMNS[ListKind.WALK_INS]}


class _Heading(str):
    """The heading of a column as the file that is handed in has it."""

    __slots__ = ()

    def __str__(self) -> str:
        en = str.__str__(self)
        return en if spoken() == "en" else _FA[en]


WALK_IN_COLUMNS = tuple(Column(_Heading(en)) for en in _FA)


def walk_ins_upload() -> ResponseReturnValue:
    """Hand in many gifts of money as a table."""
    return handed_in_list(
        ListKind.WALK_INS,
        done_url=url_for("desk.entries"),
        template_url=url_for("desk.walk_ins_template"),
    )


def walk_ins_template() -> ResponseReturnValue:
    """The empty table."""
    return list_template(ListKind.WALK_INS)


def walk_in_rows(session: Session, scope: Scope, _now: datetime) -> Iterator[Sequence[Cell]]:
    """The money that came to desks and stands, as rows that can be handed in again."""
    before_id = None
    while rows := latest_entries(session, scope, before_id=before_id, limit=_PAGE):
        before_id = rows[-1].contribution.id
        shown = [entry for entry in rows if _is_money_of_a_desk(entry)]
        remarks = remarks_of(session, shown)
        for entry in shown:
            yield _row(entry, remarks.get(entry.contribution.cause_id))
        session.expunge_all()


def _is_money_of_a_desk(entry: Entry) -> bool:
    contribution = entry.contribution
    kinds = {line.kind for line in contribution.lines}
    return contribution.origin is Origin.DESK and kinds == {ItemKind.CASH} and not entry.is_void


def _row(entry: Entry, remark: str | None) -> Sequence[Cell]:
    contribution, donor = entry.contribution, entry.donor
    funds = {item.fund.code for item in entry.items}
    return (
        entry.receipt.number,
        jalali_plain(contribution.received_on),
        entry.receipt.amount_rial,
        str(_CALLED[contribution.tender]) if contribution.tender in _CALLED else None,
        contribution.cheque_number or contribution.trace_number,
        contribution.terminal,
        ", ".join(sorted(funds)),
        donor.name if donor else None,
        masked_mobile(donor.mobile) if donor and donor.mobile else None,
        remark,
        None,
    )
