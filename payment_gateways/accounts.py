"""The file of gateway accounts: one TOML table for each terminal, read whole or refused whole.

Every mistake of every table is reported at once, by table and key; no secret is ever shown.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from core.settings import WrongSettings
from payment_gateways.contract import FieldKind, Manifest, SettingField
from payment_gateways.masking import Secret

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_COMMON = (
    SettingField("adapter", "درگاه", "kind of gateway"),
    SettingField("account", "حساب بانکی", "bank account it pays to", pattern=r"[A-Z0-9]{3,26}"),
    SettingField("base_url", "نشانی", "test host", FieldKind.URL, is_required=False),
    SettingField("title_fa", "عنوان فارسی", "Persian title", is_required=False),
    SettingField("title_en", "عنوان انگلیسی", "English title", is_required=False),
    SettingField(
        "enabled", "فعال", "offered to donors", FieldKind.YES_NO, is_required=False, default="yes"
    ),
    SettingField("ca_file", "گواهی‌ها", "certificates to trust", is_required=False),
)
_NUMBERS = (
    "connect_seconds",
    "read_seconds",
    "deadline_seconds",
    "confirm_window_minutes",
    "reverse_window_minutes",
    "amount_rial_min",
    "amount_rial_max",
)
_COMMON_FIELDS = _COMMON + tuple(
    SettingField(name, name, name, FieldKind.WHOLE_NUMBER, is_required=False) for name in _NUMBERS
)


@dataclass(frozen=True, slots=True)
class GatewayAccount:
    """One terminal at one gateway, as the installation describes it."""

    name: str  # ours, the name of the table
    adapter: str  # the slug of the adapter
    account: str  # number of the bank account that the money reaches
    settings: Mapping[str, str | Secret]  # what the adapter's manifest asks for
    base_url: str | None = None
    title_fa: str = ""
    title_en: str = ""
    is_enabled: bool = True
    ca_file: str | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)  # limits and windows set otherwise


def read_accounts(
    path: Path,
    *,
    manifests: Mapping[str, Manifest],
    environment: Mapping[str, str],
    is_public: bool = False,
) -> tuple[GatewayAccount, ...]:
    """Read the file. Raises WrongSettings with every mistake found in it.

    ``environment`` fills ``${NAME}``; where the installation ``is_public``, a test host must be
    reached over https.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as trouble:
        raise WrongSettings(f"{path}: cannot be read: {trouble}") from None
    mistakes: list[str] = []
    accounts = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            mistakes.append(f"  {name}: belongs into a table, under the [name of an account]")
            continue
        reading = _Table(name, table, manifests, environment, path.parent, is_public)
        account = reading.read()
        mistakes += [f"  [{name}] {mistake}" for mistake in reading.mistakes]
        if account is not None:
            accounts.append(account)
    mistakes += _terminals_named_twice(accounts)
    if mistakes:
        raise WrongSettings(f"These gateway accounts in {path} are wrong:\n" + "\n".join(mistakes))
    return tuple(accounts)


@dataclass(slots=True)
class _Table:
    """One table on its way to an account; collects what is wrong with it."""

    name: str
    table: Mapping[str, object]
    manifests: Mapping[str, Manifest]
    environment: Mapping[str, str]
    folder: Path
    is_public: bool
    mistakes: list[str] = field(default_factory=list)

    def read(self) -> GatewayAccount | None:
        if not _NAME.fullmatch(self.name):
            self.mistakes.append("name: small letters, digits and hyphens, at most 40")
        slug = self.table.get("adapter")
        manifest = self.manifests.get(slug) if isinstance(slug, str) else None
        if manifest is None:
            known = ", ".join(sorted(self.manifests))
            self.mistakes.append(f"adapter: {slug!r} is not one of {known}")
            return None
        values = dict(self._values((*_COMMON_FIELDS, *manifest.settings)))
        self._check_keys((*_COMMON_FIELDS, *manifest.settings))
        return None if self.mistakes else self._account(manifest, values)

    def _account(self, manifest: Manifest, values: Mapping[str, str]) -> GatewayAccount:
        return GatewayAccount(
            name=self.name,
            adapter=manifest.slug,
            account=values["account"],
            settings={
                asked.name: Secret(values[asked.name])
                if asked.kind is FieldKind.SECRET
                else values[asked.name]
                for asked in manifest.settings
                if asked.name in values
            },
            base_url=values.get("base_url"),
            title_fa=values.get("title_fa", manifest.name_fa),
            title_en=values.get("title_en", manifest.name_en),
            is_enabled=values["enabled"] == "yes",
            ca_file=values.get("ca_file"),
            numbers={name: int(values[name]) for name in _NUMBERS if name in values},
        )

    def _values(self, fields: tuple[SettingField, ...]) -> Iterator[tuple[str, str]]:
        for asked in fields:
            value = self._value(asked)
            if value is not None:
                yield asked.name, value
            elif asked.default is not None:
                yield asked.name, asked.default

    def _value(self, asked: SettingField) -> str | None:
        """Read one setting; ``None`` if it is absent or wrong, then the mistake is noted."""
        given, file_key = self.table.get(asked.name), f"{asked.name}_file"
        if file_key in self.table:
            if given is not None:
                self.mistakes.append(f"{asked.name} and {file_key}: give one of them")
                return None
            given = self._from_file(file_key)
            if given is None:
                return None
        if given is None:
            if asked.is_required:
                self.mistakes.append(f"{asked.name}: is missing")
            return None
        text = self._expanded(asked, _as_text(given))
        if text is None:
            return None
        trouble = _trouble_with(asked, text, is_public=self.is_public)
        if trouble:
            self.mistakes.append(f"{asked.name}: {trouble}")
            return None
        return text.rstrip("/") if asked.kind is FieldKind.URL else text

    def _from_file(self, key: str) -> str | None:
        try:
            return (self.folder / str(self.table[key])).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as trouble:
            reason = getattr(trouble, "strerror", None) or "not a text file"
            self.mistakes.append(f"{key}: cannot be read: {reason}")
            return None

    def _expanded(self, asked: SettingField, text: str) -> str | None:
        missing = [name for name in _VARIABLE.findall(text) if name not in self.environment]
        if missing:
            names = ", ".join(missing)
            self.mistakes.append(f"{asked.name}: not set in the environment: {names}")
            return None
        return _VARIABLE.sub(lambda found: self.environment[found[1]], text)

    def _check_keys(self, fields: tuple[SettingField, ...]) -> None:
        known = {asked.name for asked in fields}
        for key in self.table:
            if key not in known and key.removesuffix("_file") not in known:
                near = difflib.get_close_matches(key, known, n=1)
                meant = f", did you mean {near[0]}?" if near else ""
                self.mistakes.append(f"{key}: is not a setting of this gateway{meant}")


def _trouble_with(asked: SettingField, text: str, *, is_public: bool) -> str:
    """Say what is wrong with a value, without showing it where it is a secret."""
    shown = "" if asked.kind is FieldKind.SECRET else f" {text!r}"
    if not text:
        return "is empty"
    if asked.kind is FieldKind.WHOLE_NUMBER and not re.fullmatch(r"[1-9][0-9]{0,15}", text):
        return f"must be a whole number above zero, not{shown}"
    if asked.kind is FieldKind.YES_NO and text not in {"yes", "no"}:
        return f"must be true or false, not{shown}"
    if asked.kind is FieldKind.URL:
        return _trouble_with_address(text, is_public=is_public)
    if asked.pattern and not re.fullmatch(asked.pattern, text, re.ASCII):
        return f"does not look as it should:{shown or ' (not shown)'}"
    return ""


def _trouble_with_address(text: str, *, is_public: bool) -> str:
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_whole = False
    if not is_whole or parts.scheme not in {"http", "https"}:
        return "must be an address such as https://test.example.ir"
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        return "must be scheme and host only, without a path or a user name"
    if is_public and parts.scheme != "https":
        return "must be https where PUBLIC_URL is https"
    return ""


def _as_text(value: object) -> str:
    """Turn a TOML value into text; ``true`` and ``false`` become yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.strip() if isinstance(value, str) else str(value)


def _terminals_named_twice(accounts: list[GatewayAccount]) -> Iterator[str]:
    """Tokens and references are unique at a terminal, so one terminal is one account."""
    seen: dict[tuple[str, object], str] = {}
    for account in accounts:
        terminal = account.settings.get("terminal_id")
        first = seen.setdefault((account.adapter, terminal), account.name)
        if terminal is not None and first != account.name:
            yield f"  [{account.name}] terminal_id: is that of [{first}] already"
