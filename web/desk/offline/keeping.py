"""What a browser that kept entries asks of us, answered as JSON: who is here, take this, give up.

Every refusal has its code and its sentence, so that the clerk sees why an entry was not taken.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import wraps

from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from core.refusals import Refusal
from donations.models.contribution import Contribution
from flows.desk import terminals_at
from flows.offline import (
    KeptEntry,
    TakenNumber,
    desk_of_entry,
    give_up,
    take_in,
    tracking_code_of,
)
from receipts.life.blocks import block_of, take_block
from receipts.life.number_blocks import NumberBlock
from receipts.life.spending import NumberSpent, spent_serials
from web.desk.here import fund_choices, own_office
from web.desk.walk_in_donor import with_what_is_known
from web.desk.walk_in_form import WalkInForm, walk_in_form
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person

_DEVICE_MAX = 80
_KEY_MAX = 40
# What a browser says about an entry, beside what was typed into the form.
_ABOUT = frozenset(
    {
        "csrf_token",
        "made_at",
        "made_by",
        "block",
        "serial",
        "of_today",
        "paper_block",
        "paper_serial",
    }
)
_ASIDE = _ABOUT | {"is_another", "goods_rows", "service_rows", "do"}

View = Callable[[], ResponseReturnValue]


class Unreadable(Refusal):
    """What the browser sent cannot be an entry that it kept."""

    code = "offline.unreadable"
    http_status = 400


def in_json(view: View) -> View:
    """Answer a refusal in JSON, with its code, its words and the field it belongs beside."""

    @wraps(view)
    def answered() -> ResponseReturnValue:
        try:
            return view()
        except Refusal as refusal:
            field = refusal.details.get("field") or refusal.field
            told = {"code": refusal.code, "text": explain(refusal), "field": field}
            return jsonify(told), refusal.http_status

    return answered


@in_json
def standing() -> ResponseReturnValue:
    """Who is signed in here, the token for sending, and the numbers that this browser holds."""
    who = the_person()
    with current.database.reading() as session:
        office = own_office(session, who)
        device = request.headers.get("X-Device", "")
        block = block_of(session, office.id, device, now=current.now())
        return jsonify(
            staff_id=who.staff_member_id,
            name=who.name,
            office=who.office,
            csrf_token=generate_csrf(),
            block=_told(session, block) if block is not None else None,
        )


@in_json
def take_numbers() -> ResponseReturnValue:
    """Give this browser a block of numbers: the one it holds, or a free one of its desk."""
    who = the_person()
    with current.database.writing() as session:
        block = take_block(
            session,
            own_office(session, who).id,
            _device(),
            used_up_id=_whole_number("used_up") if request.form.get("used_up") else None,
            taken_by_id=who.staff_member_id,
            now=current.now(),
        )
        return jsonify(_told(session, block))


@in_json
def take_entry() -> ResponseReturnValue:
    """Record one entry that the browser kept; sent again it is the same entry."""
    with current.database.reading() as session:
        form = _form(session)
    if not form.validate():
        return jsonify(code="offline.incomplete", errors=_errors(form)), 422
    who = the_person()
    try:
        with current.database.writing() as session:
            kept = _kept(session, form)
            receipt = take_in(
                session,
                who.scope,
                kept,
                office_id=own_office(session, who).id,
                staff_id=who.staff_member_id,
                now=current.now(),
            )
            code = tracking_code_of(session, receipt)
            number = receipt.number
            office_id = session.get_one(Contribution, receipt.contribution_id).office_id
    except IntegrityError as error:
        if "block_number" not in str(error.orig):
            raise
        raise NumberSpent(number=request.form.get("serial", "")) from error
    # Of a gift that a block of another desk documents, the clerk who moved away sees no entry.
    is_seen = who.scope.covers(office_id)
    url = url_for("desk.entry", tracking_code=code) if is_seen else url_for("desk.entries")
    return jsonify(number=number, tracking_code=code, url=url)


@in_json
def give_up_entry() -> ResponseReturnValue:
    """Hear that an entry will not be sent, and why; its number is void from then on."""
    who = the_person()
    with current.database.writing() as session:
        give_up(
            session,
            request_key=request.form.get("request_key", "")[:_KEY_MAX],
            number=_number(),
            device=_device(),
            reason=request.form.get("reason", ""),
            office_id=own_office(session, who).id,
            staff_id=who.staff_member_id,
            now=current.now(),
        )
    return jsonify(given_up=True)


def _form(session: Session) -> WalkInForm:
    """The form with the card terminals of the desk at which the entry will stand."""
    who, number, paper = the_person(), _number(), _paper()
    office_id = own_office(session, who).id
    if number or paper:
        office_id = desk_of_entry(
            session, number, paper, _device(), staff_id=who.staff_member_id, office_id=office_id
        )
    return walk_in_form(
        _typed(),
        funds=fund_choices(session),
        terminals=[row.name for row in terminals_at(session, office_id)],
    )


def _typed() -> MultiDict[str, str]:
    return MultiDict([pair for pair in request.form.items(multi=True) if pair[0] not in _ABOUT])


def _kept(session: Session, form: WalkInForm) -> KeptEntry:
    key = form.request_key.data or ""
    if not 8 <= len(key) <= _KEY_MAX:
        raise Unreadable
    content = sorted(
        pair for pair in request.form.items(multi=True) if pair[0] not in _ASIDE and pair[1]
    )
    visit = form.walk_in()
    return KeptEntry(
        walk_in=replace(visit, donor=with_what_is_known(session, form, visit.donor)),
        content="\n".join(f"{name}={value!r}" for name, value in content),
        request_key=key,
        made_at=_made_at(),
        made_by_id=_whole_number("made_by"),
        device=_device(),
        number=_number(),
        is_of_today=request.form.get("of_today") == "y",
        paper=_paper(),
    )


def _made_at() -> datetime:
    try:
        read = datetime.fromisoformat(request.form.get("made_at", ""))
    except ValueError as error:
        raise Unreadable from error
    if read.tzinfo is None:
        raise Unreadable
    return read.astimezone(UTC)


def _number() -> TakenNumber | None:
    if not request.form.get("block"):
        return None
    return TakenNumber(_whole_number("block"), _whole_number("serial"))


def _paper() -> TakenNumber | None:
    """The number that the donor's paper says, where the entry is recorded under another."""
    if not request.form.get("paper_block"):
        return None
    return TakenNumber(_whole_number("paper_block"), _whole_number("paper_serial"))


def _whole_number(name: str) -> int:
    value = request.form.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise Unreadable
    return int(value)


def _device() -> str:
    """The name that this browser gave itself: long and random, told to nobody else."""
    device = request.headers.get("X-Device", "")
    if not 16 <= len(device) <= _DEVICE_MAX:
        raise Unreadable
    return device


def _told(session: Session, block: NumberBlock) -> dict[str, object]:
    return {
        "id": block.id,
        "prefix": block.prefix,
        "year": block.series.year,
        "size": block.size,
        "spent": list(spent_serials(session, block)),
    }


def _errors(form: WalkInForm) -> list[dict[str, str]]:
    found = [{"field": "", "label": "", "text": text} for text in form.form_errors or ()]
    for field in form:
        found += [
            {"field": field.name, "label": str(field.label.text), "text": str(text)}
            for text in field.errors
            if isinstance(text, str)
        ]
    return found
