"""The file of gateway accounts: one TOML table for each terminal, read whole or refused whole.

Every mistake of every table is reported at once, by table and key; no secret is ever shown. A table
whose adapter cannot be used is no mistake of the file: its account stays closed, with the reason.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.doors import Door
from core.settings import WrongSettings
from payment_gateways.contract import FieldKind, Manifest, SettingField
from payment_gateways.doors import (
    AdapterRefused,
    NoSuchAdapter,
    door_named,
    load,
    slugs,
)
from payment_gateways.fields import (
    BREAKER_FAILURES,
    BREAKER_REST_SECONDS,
    COMMON,
    HIDDEN_KINDS,
    NUMBERS,
    trouble_with,
)
from payment_gateways.masking import Secret
from payment_gateways.reasons import Reason

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LAST = 10**4  # above every order that can be written


@dataclass(frozen=True, slots=True)
class GatewayAccount:
    """One terminal at one gateway, as the installation describes it."""

    name: str  # ours, the name of the table
    adapter: str  # the slug of the adapter, or package:slug
    account: str  # number of the bank account that the money reaches
    settings: Mapping[str, str | Secret]  # what the adapter's manifest asks for
    base_url: str | None = None
    title_fa: str = ""
    title_en: str = ""
    is_enabled: bool = True
    ca_file: str | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)  # limits and windows set otherwise
    order: int | None = None
    province: str | None = None
    campaign: str | None = None
    may_refund: bool = False
    may_reverse: bool = True
    breaker_failures: int = BREAKER_FAILURES
    breaker_rest_seconds: int = BREAKER_REST_SECONDS
    refusal: Reason | None = None  # why its adapter cannot be used; then it has no settings


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one key of a table."""

    key: str
    reason: Reason

    def __str__(self) -> str:
        return f"{self.key}: {self.reason.en}"


def read_accounts(
    path: Path,
    *,
    environment: Mapping[str, str],
    is_public: bool = False,
    on_record: Callable[[], Collection[str]] = frozenset,
) -> tuple[GatewayAccount, ...]:
    """Read the file. Raises WrongSettings with every mistake found in it.

    ``environment`` fills ``${NAME}``; where the installation ``is_public``, a test host must be
    reached over https. ``on_record`` gives the names of the accounts that took money before: of
    those an adapter may be missing by now. It is asked only when one is.
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
        reading = TableReader(name, table, environment, path.parent, is_public, on_record)
        account = reading.read()
        mistakes += [f"  [{name}] {mistake}" for mistake in reading.mistakes]
        if account is not None:
            accounts.append(account)
    mistakes += _terminals_named_twice(accounts)
    if mistakes:
        raise wrong_accounts(mistakes, path)
    return tuple(sorted(accounts, key=lambda account: account.order or _LAST))


def wrong_accounts(mistakes: Collection[str], path: Path | None = None) -> WrongSettings:
    """The refusal that lists what is wrong, one line each."""
    where = f" in {path}" if path else ""
    return WrongSettings(f"These gateway accounts{where} are wrong:\n" + "\n".join(mistakes))


@dataclass(slots=True)
class TableReader:
    """One table on its way to an account; collects what is wrong with it."""

    name: str
    table: Mapping[str, object]
    environment: Mapping[str, str]
    folder: Path
    is_public: bool = False
    on_record: Callable[[], Collection[str]] = frozenset
    mistakes: list[Mistake] = field(default_factory=list)

    def read(self) -> GatewayAccount | None:
        """The account, or ``None``: then the mistakes say why."""
        if not _NAME.fullmatch(self.name):
            self._wrong(
                "name",
                "حروف کوچک لاتین، رقم و خط تیره، دست بالا ۴۰ نویسه",
                "small letters, digits and hyphens, at most 40",
            )
        try:
            door = self._door()
            manifest = None if door is None else load(door).manifest
        except AdapterRefused as refused:
            return self._closed(refused.reason)
        if manifest is None:
            return None
        fields = (*COMMON, *manifest.settings)
        values = dict(self._values(fields))
        self._check_keys(fields)
        self._check_together(manifest, values)
        return None if self.mistakes else self._account(manifest, values)

    def _door(self) -> Door | None:
        """The adapter's door. Raises AdapterRefused; ``None`` where the table is mistaken."""
        name = self.table.get("adapter")
        if not isinstance(name, str):
            self._wrong("adapter", "نوشته نشده است", "is missing")
            return None
        try:
            return door_named(name)
        except NoSuchAdapter as missing:
            was_there = self.table.get("enabled") is False or not missing.near
            if was_there and self.name in self.on_record():
                raise AdapterRefused(_uninstalled(name)) from None
            self._not_known(name, missing.near)
            return None

    def _not_known(self, name: str, near: str | None) -> None:
        known = ", ".join(slugs())
        meant_fa = f"؛ آیا {near} منظور است؟" if near else ""
        meant_en = f", did you mean {near}?" if near else ""
        self._wrong(
            "adapter",
            f"{name!r} یکی از این‌ها نیست: {known}{meant_fa}",
            f"{name!r} is not one of {known}{meant_en}",
        )

    def _closed(self, reason: Reason) -> GatewayAccount | None:
        """An account whose adapter cannot be used: what can be known of it without one."""
        common = dict(self._values(COMMON))
        if self.mistakes:
            return None
        terminal = self.table.get("terminal_id")
        return GatewayAccount(
            name=self.name,
            adapter=common["adapter"],
            settings={} if terminal is None else {"terminal_id": _as_text(terminal)},
            title_fa=common.get("title_fa", self.name),
            title_en=common.get("title_en", self.name),
            is_enabled=False,
            refusal=reason,
            account=common["account"],
            order=_number(common.get("order")),
        )

    def _account(self, manifest: Manifest, values: Mapping[str, str]) -> GatewayAccount:
        return GatewayAccount(
            name=self.name,
            adapter=values["adapter"],
            account=values["account"],
            settings={
                asked.name: Secret(values[asked.name])
                if asked.kind in HIDDEN_KINDS
                else values[asked.name]
                for asked in manifest.settings
                if asked.name in values
            },
            base_url=values.get("base_url"),
            title_fa=values.get("title_fa", manifest.name_fa),
            title_en=values.get("title_en", manifest.name_en),
            is_enabled=values["enabled"] == "yes",
            ca_file=values.get("ca_file"),
            numbers={name: int(values[name]) for name in NUMBERS if name in values},
            order=_number(values.get("order")),
            province=values.get("province"),
            campaign=values.get("campaign"),
            may_refund=values["may_refund"] == "yes",
            may_reverse=values["may_reverse"] == "yes",
            breaker_failures=int(values["breaker_failures"]),
            breaker_rest_seconds=int(values["breaker_rest_seconds"]),
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
                self._wrong(
                    f"{asked.name} and {file_key}", "یکی از این دو کافی است", "give one of them"
                )
                return None
            given = self._from_file(file_key)
            if given is None:
                return None
        if given is None:
            if asked.is_required:
                self._wrong(asked.name, "نوشته نشده است", "is missing")
            return None
        text = self._expanded(asked, _as_text(given))
        if text is None:
            return None
        trouble = trouble_with(asked, text, is_public=self.is_public)
        if trouble is not None:
            self.mistakes.append(Mistake(asked.name, trouble))
            return None
        return text.rstrip("/") if asked.kind is FieldKind.URL else text

    def _from_file(self, key: str) -> str | None:
        try:
            return (self.folder / str(self.table[key])).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as trouble:
            why = getattr(trouble, "strerror", None) or "not a text file"
            self._wrong(key, f"خوانده نمی‌شود: {why}", f"cannot be read: {why}")
            return None

    def _expanded(self, asked: SettingField, text: str) -> str | None:
        missing = [name for name in _VARIABLE.findall(text) if name not in self.environment]
        if missing:
            names = ", ".join(missing)
            self._wrong(
                asked.name,
                f"این متغیر محیطی مقدار ندارد: {names}",
                f"not set in the environment: {names}",
            )
            return None
        return _VARIABLE.sub(lambda found: self.environment[found[1]], text)

    def _check_keys(self, fields: tuple[SettingField, ...]) -> None:
        known = {asked.name for asked in fields}
        for key in self.table:
            if key not in known and key.removesuffix("_file") not in known:
                near = difflib.get_close_matches(key, known, n=1)
                self._wrong(
                    key,
                    "از تنظیم‌های این درگاه نیست" + (f"؛ آیا {near[0]} منظور است؟" if near else ""),
                    "is not a setting of this gateway"
                    + (f", did you mean {near[0]}?" if near else ""),
                )

    def _check_together(self, manifest: Manifest, values: Mapping[str, str]) -> None:
        least = int(values.get("amount_rial_min", manifest.amount_rial_min))
        if least > int(values.get("amount_rial_max", manifest.amount_rial_max)):
            self._wrong(
                "amount_rial_min",
                f"{least} بزرگ‌تر از amount_rial_max است",
                f"{least} is above amount_rial_max",
            )
        takes_money = manifest.is_aggregator and not manifest.is_historical
        if takes_money and values.get("allow_aggregator") == "no":
            self._wrong(
                "allow_aggregator",
                "این درگاه پرداخت‌یار است: پول پیش از حساب ما از حساب دیگری می‌گذرد. اگر سازمان"
                " این را پذیرفته است بنویسید allow_aggregator = true",
                "this gateway is an aggregator: the money passes through another account before"
                " it reaches ours. Where that was decided, write allow_aggregator = true",
            )

    def _wrong(self, key: str, fa: str, en: str) -> None:
        self.mistakes.append(Mistake(key, Reason(fa, en)))


def _uninstalled(name: str) -> Reason:
    return Reason(
        f"هیچ بسته نصب‌شده‌ای {name} را ندارد. پرداخت‌های پیشین خواندنی می‌مانند؛ برای کار دوباره،"
        " بسته آن را نصب کنید.",
        f"no installed package offers {name}. Earlier payments stay readable; to use it again,"
        " install its package.",
    )


def _as_text(value: object) -> str:
    """Turn a TOML value into text; ``true`` and ``false`` become yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.strip() if isinstance(value, str) else str(value)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _terminals_named_twice(accounts: list[GatewayAccount]) -> Iterator[str]:
    """Tokens and references are unique at a terminal, so one terminal is one account.

    The statement of a bank account tells terminals apart by number alone, whatever the gateway.
    """
    seen: dict[tuple[str, object], str] = {}
    for account in accounts:
        terminal = account.settings.get("terminal_id")
        first = seen.setdefault((account.account, terminal), account.name)
        if terminal is not None and first != account.name:
            yield f"  [{account.name}] terminal_id: is that of [{first}] already"
