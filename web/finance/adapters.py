"""The adapters that are installed, and a form that writes the table of a new account.

The form is made of the same declarations as the check of the file, and checks with the same code.
Nothing is stored: what comes out is text for the file of accounts. A secret that was typed to be
checked is not in it; the table names a variable or a file instead.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.widgets import TextArea

from core.digits import normalise, to_persian
from core.refusals import NotFound
from core.words import Later, spoken
from donations.models.fund import Fund
from ledger.accounts import BankAccount
from offices.places import Province
from payment_gateways.accounts import GatewayAccount, Mistake, TableReader
from payment_gateways.contract import CONTRACT_VERSION, FieldKind, Manifest, SettingField
from payment_gateways.doors import (
    AdapterFactory,
    AdapterRefused,
    NoSuchAdapter,
    Visited,
    door_named,
    load,
    visit_all,
)
from payment_gateways.fields import COMMON, HIDDEN_KINDS
from payment_gateways.reasons import Reason
from payment_gateways.registry import SettingsNotTaken, accounts_of, open_gateway
from web.fields import SpokenForm, at_most
from web.filters import digits
from web.services import current

_TEXT_MAX = 300
_KEY_MAX = 20_000
_LATIN = re.compile(r"[A-Za-z0-9_$][ !-~]*[A-Za-z0-9_\"']|[A-Za-z0-9]")
_FIRST = ("account", "enabled")  # of the common settings, those that nobody leaves out


@dataclass(frozen=True, slots=True)
class AdapterRow:
    """One door as the page shows it."""

    visited: Visited
    name: str
    accounts: list[str]
    refusal: str  # in the language of the page; empty where there is none


@dataclass(frozen=True, slots=True)
class NewTable:
    """What the form comes to: the table, and what else has to be put in its place."""

    toml: str
    variables: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Typed:
    """What the form was filled in with, as the file would have it."""

    table: Mapping[str, object]
    secrets: Mapping[str, str] = field(repr=False)  # variable -> what was typed, or nothing


class _UnseenTextArea(TextArea):
    """Several lines that are never written back into a page."""

    def __call__(self, field: StringField, **more: Any) -> Any:
        field.data = None
        return super().__call__(field, **more)


def adapters() -> ResponseReturnValue:
    """Every adapter that is installed: who made it, who uses it, why one is refused."""
    return render_template(
        "finance/adapters.html",
        rows=[_row(visited) for visited in visit_all()],
        closed={
            gateway.name: apart(gateway.refusal.told(spoken()))
            for gateway in current.gateways.values()
            if gateway.refusal is not None
        },
        contract_version=CONTRACT_VERSION,
    )


def new_gateway(slug: str) -> ResponseReturnValue:
    """The form for one more account of an adapter, and the table that comes out of it."""
    factory = _usable(slug)
    manifest, made = factory.manifest, None
    with current.database.reading() as session:
        form = _form(session, manifest, request.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            name = normalise(form["name"].data or "")
            typed = _table(name, slug, manifest, form)
            mistakes = [*_mistakes(name, typed), *_unknown(session, form)]
            _put_beside(form, mistakes)
            if not mistakes:
                made = _new_table(name, manifest, typed.table)
        page = render_template(
            "finance/adapters_new.html",
            manifest=manifest,
            name=_told_name(manifest),
            form=form,
            own=[form[_key(asked.name)] for asked in manifest.settings],
            first=[form[_key(name)] for name in _FIRST],
            more=[form[_key(asked.name)] for asked in COMMON[1:] if asked.name not in _FIRST],
            made=made,
        )
    return page, 422 if form.errors else 200


def _usable(slug: str) -> AdapterFactory:
    try:
        return load(door_named(slug))
    except (NoSuchAdapter, AdapterRefused):
        raise NotFound(subject="adapter") from None


def _row(visited: Visited) -> AdapterRow:
    return AdapterRow(
        visited=visited,
        name=_told_name(visited.manifest) if visited.manifest else "",
        accounts=accounts_of(visited.door, current.gateways),
        refusal=apart(visited.refusal.told(spoken())) if visited.refusal else "",
    )


def _told_name(manifest: Manifest) -> Markup:
    return apart(manifest.name_en if spoken() == "en" else manifest.name_fa)


def _form(session: Session, manifest: Manifest, typed: Any) -> Any:
    """The form of one adapter: its own settings and the common ones, as they are declared."""
    asked_for = (*COMMON[1:], *manifest.settings)
    fields = {_key(asked.name): _field(asked) for asked in asked_for}
    fields[_key("account")] = SelectField(_label(COMMON[1]))
    fields["name"] = StringField(Later("Our name for it"), [at_most(_TEXT_MAX)])
    form = type("GatewayForm", (SpokenForm,), fields)(typed)
    numbers = session.scalars(select(BankAccount.number).order_by(BankAccount.number)).all()
    form[_key("account")].choices = [(each, digits(each)) for each in numbers]
    form["name"].flags.required = True
    for asked in asked_for:
        form[_key(asked.name)].flags.required = asked.is_required and asked.kind not in HIDDEN_KINDS
    return form


def _key(name: str) -> str:
    """The form's name of a setting, which another package chose and WTForms may use itself."""
    return f"setting_{name}"


def _field(asked: SettingField) -> Any:
    label, short = _label(asked), [at_most(_TEXT_MAX)]
    if asked.kind is FieldKind.YES_NO:
        return BooleanField(label, default=asked.default == "yes")
    if asked.kind is FieldKind.SECRET:
        return PasswordField(label, short)
    if asked.kind is FieldKind.PEM:
        return TextAreaField(label, [at_most(_KEY_MAX)], widget=_UnseenTextArea())
    return StringField(label, short)


def _label(asked: SettingField) -> Markup:
    return apart(asked.label_en if spoken() == "en" else asked.label_fa)


def apart(text: str) -> Markup:
    """A sentence whose Latin names, such as those of packages and keys, stand from left to right.

    A number among Persian words is written in their digits.
    """
    if spoken() == "en":
        return escape(text)
    made, end = Markup(), 0
    for found in _LATIN.finditer(text):
        latin = found.group()
        shown = Markup('<bdi dir="ltr">{}</bdi>').format(latin)
        made += escape(text[end : found.start()]) + (digits(latin) if latin.isdigit() else shown)
        end = found.end()
    return made + escape(text[end:])


def _table(name: str, slug: str, manifest: Manifest, form: Any) -> _Typed:
    """The table as the file would have it, and what was typed for its hidden settings."""
    table: dict[str, object] = {"adapter": slug}
    secrets: dict[str, str] = {}
    for asked in (*manifest.settings, *COMMON[1:]):
        typed = form[_key(asked.name)].data
        if asked.kind in HIDDEN_KINDS:
            if typed or asked.is_required:
                variable = _variable(name, asked)
                table[asked.name] = f"${{{variable}}}"
                secrets[variable] = "\n".join((typed or "").strip().splitlines())
        elif asked.kind is FieldKind.YES_NO:
            if typed != (asked.default == "yes") or (asked.is_required and asked.default is None):
                table[asked.name] = typed
        elif text := normalise(typed or ""):
            is_number = asked.kind is FieldKind.WHOLE_NUMBER and text.isascii() and text.isdigit()
            table[asked.name] = int(text) if is_number else text
    if "title_fa" in table:
        table["title_fa"] = to_persian(str(table["title_fa"]))
    return _Typed(table, secrets)


def _variable(name: str, asked: SettingField) -> str:
    return f"MOSH_{name}_{asked.name}".upper().replace("-", "_")


def _mistakes(name: str, typed: _Typed) -> Iterator[Mistake]:
    """What the file of accounts would refuse; a secret that was not typed is not checked."""
    table, settings = typed.table, current.settings
    known = {variable: secret for variable, secret in typed.secrets.items() if secret}
    reader = TableReader(name, table, known, settings.gateways.parent, settings.is_public)
    account = reader.read()
    missing = {f"${{{variable}}}" for variable in typed.secrets.keys() - known.keys()}
    yield from (each for each in reader.mistakes if table.get(each.key) not in missing)
    if account is not None:
        yield from _not_taken(account)
    if name in current.gateways:
        yield Mistake("name", Reason("این نام را حساب دیگری دارد", "another account has this name"))
    terminals = {(each.account, each.terminal): each.name for each in current.gateways.values()}
    taken_by = terminals.get((str(table.get("account")), str(table.get("terminal_id"))))
    if taken_by is not None:
        yield Mistake(
            "terminal_id", Reason(f"از آنِ {taken_by} است", f"is that of {taken_by} already")
        )


def _not_taken(account: GatewayAccount) -> Iterator[Mistake]:
    """Let the adapter itself look at its keys. Nobody is called by it."""
    try:
        gateway = open_gateway(account)
    except SettingsNotTaken as trouble:
        yield Mistake("", trouble.reason)
    else:
        if gateway.refusal is not None:
            yield Mistake("", gateway.refusal)


def _unknown(session: Session, form: Any) -> Iterator[Mistake]:
    """Codes of provinces and funds that nobody has: routing would never find the terminal."""
    for name, column in (("province", Province.code), ("campaign", Fund.code)):
        code = normalise(form[_key(name)].data or "")
        if code and session.scalars(select(column).where(column == code)).first() is None:
            yield Mistake(name, Reason("چنین کدی نداریم", "there is no such code"))


def _put_beside(form: Any, mistakes: list[Mistake]) -> None:
    for mistake in mistakes:
        key = "name" if mistake.key == "name" else _key(mistake.key)
        reason = mistake.reason.told(spoken())
        if key in form:
            # Named again, for the list of mistakes at the head of the page stands apart from them.
            told = Markup("{}: {}").format(form[key].label.text, apart(reason))
            form[key].errors = [*form[key].errors, told]
        else:
            form.form_errors.append(apart(f"{mistake.key}: {reason}" if mistake.key else reason))


def _new_table(name: str, manifest: Manifest, table: Mapping[str, object]) -> NewTable:
    kinds = {asked.name: asked.kind for asked in manifest.settings}
    lines, variables, files = [f"[{name}]"], [], []
    for key, given in table.items():
        if kinds.get(key) is FieldKind.PEM:
            file_name = f"{name}-{key.replace('_', '-')}.pem"
            lines.append(f"{key}_file = {_written(file_name)}")
            files.append(file_name)
            continue
        lines.append(f"{key} = {_written(given)}")
        if kinds.get(key) is FieldKind.SECRET:
            variables.append(f"{str(given)[2:-1]}='…'")
    return NewTable("\n".join(lines) + "\n", tuple(variables), tuple(files))


def _written(value: object) -> str:
    """A value as TOML writes it; its strings are those of JSON."""
    return json.dumps(value, ensure_ascii=False)
