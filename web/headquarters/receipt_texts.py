"""What the organisation writes on its documents: what holds, what held, and setting it anew.

A receipt that was issued keeps the texts it was issued with.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, FileField, StringField, TextAreaField

from core.clock import tehran_date
from core.digits import to_persian
from core.refusals import NotFound, Refusal
from core.words import Later, _
from offices.audit import note
from offices.granting import Permission
from offices.limits import TooManyTries
from offices.signing_in import WrongCode
from offices.staff import StaffMember
from receipts.documents.receipt_texts import (
    LINE_MAX,
    TEXT_MAX,
    ReceiptText,
    Texts,
    latest_texts,
    set_texts,
    texts_on,
)
from receipts.documents.seal_picture import BYTES_MAX
from web.fields import DayField, SpokenForm, at_most, printed
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

_CODE_MAX = 20
LANGUAGES: Mapping[str, Later] = {"fa": Later("Persian"), "en": Later("English")}


class TextsForm(SpokenForm):
    """The texts of one language, from when on, and a fresh code."""

    organisation = StringField(Later("Organisation"), [at_most(LINE_MAX), printed])
    unit = StringField(Later("Unit"), [at_most(LINE_MAX), printed])
    tax_line = TextAreaField(Later("Tax line"), [at_most(TEXT_MAX), printed])
    thanks = TextAreaField(Later("Letter of thanks"), [at_most(TEXT_MAX)])
    certificate = TextAreaField(Later("Certificate of hours"), [at_most(TEXT_MAX)])
    first_signatory = StringField(Later("First signatory"), [at_most(LINE_MAX), printed])
    first_title = StringField(Later("Title of the first signatory"), [at_most(LINE_MAX), printed])
    second_signatory = StringField(Later("Second signatory"), [at_most(LINE_MAX), printed])
    second_title = StringField(Later("Title of the second signatory"), [at_most(LINE_MAX), printed])
    seal_name = StringField(Later("Words of the seal"), [at_most(LINE_MAX), printed])
    seal = FileField(Later("Picture of the seal"))
    without_seal = BooleanField(Later("Print no picture any more"))
    valid_from = DayField(Later("From this day on"))
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])

    def texts(self, before: Texts) -> Texts:
        """What was typed; the picture stays as it was unless it is taken away."""
        typed = {name: self[name].data or "" for name in asdict(before) if name != "seal"}
        return Texts(**typed, seal=None if self.without_seal.data else before.seal)

    def refuse(self, refusal: Refusal) -> None:
        """Show why nothing was set, beside the field it is about."""
        is_code = isinstance(refusal, WrongCode | TooManyTries)
        name = str(refusal.details.get("field") or refusal.field or "organisation")
        put_beside(self, "code" if is_code else name, refusal)


@dataclass(frozen=True, slots=True)
class TextsRow:
    """One setting as the page shows it."""

    text: ReceiptText
    language: str
    set_by: str


def receipt_texts() -> ResponseReturnValue:
    """What holds today in each language, and everything that was ever set."""
    today = tehran_date(current.now())
    with current.database.reading() as session:
        holding = [
            (code, str(name), texts_on(session, code, today)) for code, name in LANGUAGES.items()
        ]
        return render_template(
            "headquarters/receipt_texts.html",
            holding=holding,
            rows=[_row(session, text) for text in latest_texts(session)],
        )


def receipt_text(language: str) -> ResponseReturnValue:
    """The texts of one language; set them anew, with a fresh code."""
    if language not in LANGUAGES:
        raise NotFound(subject="language")
    with current.database.reading() as session:
        before = texts_on(session, language, tehran_date(current.now()))
    if request.method == "GET":
        return _page(TextsForm(data=_typed(before, language)), language, before)
    form = TextsForm(request.form)
    if form.validate():
        try:
            _set(form, language, before)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            flash(
                _("The texts hold from that day on. Receipts already issued keep theirs."),
                "success",
            )
            return redirect(url_for("headquarters.receipt_texts"), 303)
    return _page(form, language, before), 422


def _typed(before: Texts, language: str) -> dict[str, str | None]:
    """The texts as a person would type them; they are kept with Latin digits."""
    held: dict[str, str | None] = asdict(before)
    if language != "fa":
        return held
    return {name: to_persian(text) if text else text for name, text in held.items()}


def _set(form: TextsForm, language: str, before: Texts) -> None:
    who, now = the_person(), current.now()
    valid_from: date = form.valid_from.value or tehran_date(now)
    upload = request.files.get("seal")
    picture = upload.stream.read(BYTES_MAX + 1) if upload and upload.filename else None
    demand_fresh_code(who, form.code.data or "")
    texts = form.texts(before)
    with current.database.writing() as session:
        text = set_texts(
            session,
            language,
            texts,
            picture=picture,
            valid_from=valid_from,
            set_by_id=who.staff_member_id,
            now=now,
        )
        note(
            session,
            "receipt_text.set",
            subject="receipt_text",
            subject_id=text.id,
            now=now,
            actor_id=who.staff_member_id,
            language=language,
            changed=", ".join(_changed(before, text)),
        )


def _changed(before: Texts, after: ReceiptText) -> list[str]:
    return [
        field.name
        for field in fields(Texts)
        if getattr(before, field.name) != getattr(after, field.name)
    ]


def _page(form: TextsForm, language: str, before: Texts) -> str:
    who = the_person()
    return render_template(
        "headquarters/receipt_text.html",
        form=form,
        of=language,
        language_name=LANGUAGES[language],
        has_seal=before.seal is not None,
        may_act=Permission.SET_TEXTS in who.permissions,
        needs_code=not who.is_stepped_up,
    )


def _row(session: Session, text: ReceiptText) -> TextsRow:
    name = session.get_one(StaffMember, text.set_by_id).name
    return TextsRow(text, str(LANGUAGES[text.language]), name)
