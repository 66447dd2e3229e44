"""Handing a list in: every bad row is shown with its column and reason, and a person chooses.

So is every row that is taken for one recorded before. The rows of such a list travel in the page,
so that its good ones can be taken without choosing the file again. They are texts like any
other and are checked anew.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from wtforms import FileField, HiddenField, StringField

from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from flows.lists.cells import HandedIn
from flows.lists.columns import COLUMNS, ListKind
from flows.lists.taking import ROWS_MAX, EmptyList, ListTooLong, read_list, take_list
from flows.lists.told import ListRows, Taken
from web.exporting import Column, Sheet, send
from web.fields import SpokenForm, at_most
from web.filters import digits
from web.refusals import explain
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

_TITLES = {
    ListKind.PARTNER_RECEIPTS: Later("Receipts of partner centres"),
    ListKind.OFFICES: Later("Desks and centres"),
    ListKind.WALK_INS: Later("Money received at the desk"),
}
_BAD_SHOWN = 200
_CODE_MAX = 20
_ROW_NUMBER_MAX = 2**20  # no sheet has more
_ROW_DIGITS = 7


class ListForm(SpokenForm):
    """A file, or the rows of one that was looked at before."""

    file = FileField(Later("Excel file"))
    rows = HiddenField()
    shown = HiddenField()  # the numbers of those that were shown as bad or known
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


@dataclass(frozen=True, slots=True)
class BadCell:
    """One bad row as the page shows it."""

    row: int
    column: str
    reason: str


def handed_in_list(
    kind: ListKind, *, done_url: str, template_url: str, asks_code: bool = False
) -> ResponseReturnValue:
    """The page of one list: hand it in, see what is wrong, take the good rows or none.

    ``asks_code`` says that a fresh one-time code is needed for it.
    """
    form = ListForm(request.form)
    needs_code = asks_code and not the_person().is_stepped_up
    taken = Taken(0, 0, ())
    rows: ListRows = ()
    if request.method == "POST" and form.validate():
        try:
            if needs_code:
                demand_fresh_code(the_person(), form.code.data or "")
                needs_code = False
            rows = _rows_in_page(kind, form.rows.data) if form.rows.data else _rows_of_file(kind)
            taken = _take(kind, rows, shown=_numbers(form.shown.data or ""))
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "code" if needs_code else "file", refusal)
        else:
            if taken.is_recorded:
                flash(
                    _("%(new)s rows were recorded, %(known)s were known already.")
                    % {"new": digits(taken.new), "known": digits(taken.known)},
                    "success",
                )
                return redirect(done_url, 303)
            form.shown.data = " ".join(str(row) for row in sorted(taken.questioned))
    page = render_template(
        "desk/lists/upload.html",
        form=form,
        title=_TITLES[kind],
        most=ROWS_MAX[kind],
        columns=COLUMNS[kind],
        is_english=spoken() == "en",
        template_url=template_url,
        needs_code=needs_code,
        back_url=done_url,
        bad=_shown(kind, taken),
        bad_count=len({row.row for row in taken.bad}),
        known_rows=taken.known_rows,
        new_count=len(rows) - len({row.row for row in taken.bad}) - taken.known,
        rows_in_page=_carried(form, rows, taken),
    )
    return page, 422 if form.errors or not taken.is_recorded else 200


def list_template(kind: ListKind) -> ResponseReturnValue:
    """An empty list with the headings that are understood."""
    is_english = spoken() == "en"
    hints = [
        f"{column.en}: {column.hint_en}" if is_english else f"{column.fa}: {column.hint_fa}"
        for column in COLUMNS[kind]
        if column.hint_fa
    ]
    return send(
        Sheet(
            name=f"{kind.value}-template",
            title=str(_TITLES[kind]),
            about=" · ".join(hints),
            columns=[Column(column.en if is_english else column.fa) for column in COLUMNS[kind]],
            rows=[],
        ),
        "xlsx",
    )


def _take(kind: ListKind, rows: ListRows, *, shown: Collection[int]) -> Taken:
    who = the_person()
    handed_in = HandedIn(who.scope, who.staff_member_id, current.now())
    with current.database.writing() as session:
        return take_list(session, kind, rows, handed_in, shown=shown)


def _rows_of_file(kind: ListKind) -> ListRows:
    """Read what was handed in. Raises EmptyList where no file was chosen."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise EmptyList
    return read_list(cast(BinaryIO, upload.stream), kind)


def _rows_in_page(kind: ListKind, text: str) -> ListRows:
    """The rows that a page carried. Raises EmptyList for what is none, ListTooLong."""
    try:
        rows = [
            (int(number), {str(field): str(cell) for field, cell in texts.items()})
            for number, texts in json.loads(text)
        ]
        json.dumps(rows, ensure_ascii=False).encode()  # half of a pair of surrogates is no text
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise EmptyList from error
    if len(rows) > ROWS_MAX[kind]:
        raise ListTooLong(longest=ROWS_MAX[kind])
    if not rows or not all(0 < number <= _ROW_NUMBER_MAX for number, _texts in rows):
        raise EmptyList
    return rows


def _numbers(text: str) -> Collection[int]:
    """The numbers of rows that a page carried; what is none of them was not shown."""
    words = (word for word in text.split() if word.isascii() and len(word) <= _ROW_DIGITS)
    return {int(word) for word in words if word.isdigit()}


def _carried(form: ListForm, rows: ListRows, taken: Taken) -> str:
    """The rows that the page carries: those looked at now, or those that only lack a fresh code."""
    if form.code.errors:
        return form.rows.data or ""
    return "" if taken.is_recorded else json.dumps(rows, ensure_ascii=False)


def _shown(kind: ListKind, taken: Taken) -> Sequence[BadCell]:
    is_english = spoken() == "en"
    headings = {column.field: column.en if is_english else column.fa for column in COLUMNS[kind]}
    return [
        BadCell(bad.row, headings.get(bad.field, "–"), _reason(bad.refusal))
        for bad in taken.bad[:_BAD_SHOWN]
    ]


def _reason(refusal: Refusal) -> str:
    return _("Your offices have no such code.") if refusal.http_status == 404 else explain(refusal)
