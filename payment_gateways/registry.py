"""The opened gateways of an installation: each account with its adapter, or closed with a reason.

Where adapters come from stands in ``doors``, what may be set in ``fields``, how the file is read in
``accounts``.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from core.doors import Door
from payment_gateways.accounts import GatewayAccount, read_accounts, wrong_accounts
from payment_gateways.closed import ClosedAdapter
from payment_gateways.contract import GatewayAdapter, Manifest
from payment_gateways.doors import (
    GROUP,
    AdapterFactory,
    AdapterRefused,
    door_named,
    lacks_steps,
    load,
    steps_missing,
    visit_all,
)
from payment_gateways.fields import BREAKER_FAILURES, BREAKER_REST_SECONDS
from payment_gateways.masking import Masking, Secret
from payment_gateways.reasons import Reason
from payment_gateways.recording import Recorder
from payment_gateways.transport import HttpTransport, Journal, Limits, no_journal

__all__ = [
    "GROUP",
    "AdapterFactory",
    "AdapterRefused",
    "Gateway",
    "SettingsNotTaken",
    "accounts_of",
    "closed_gateway",
    "gateway_accounts",
    "gateway_named",
    "known_adapters",
    "known_manifests",
    "load_adapter",
    "open_gateway",
    "open_gateways",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway account: its adapter, and what others need to know beside it."""

    name: str  # the name of its table in the file of accounts
    account: str  # number of the bank account that its money reaches, such as 90190
    adapter: GatewayAdapter
    title_fa: str
    title_en: str
    is_enabled: bool
    recorder: Recorder = field(default_factory=Recorder, repr=False, compare=False)
    province: str | None = None  # code of the province whose terminal it is
    campaign: str | None = None  # code of the fund whose terminal it is
    allows_refund: bool = False
    allows_reverse: bool = True
    refund_rial_max: int | None = None
    breaker_failures: int = BREAKER_FAILURES
    breaker_rest_seconds: int = BREAKER_REST_SECONDS
    asks_for: str = ""  # the adapter as its table names it: slug, or package:slug
    refusal: Reason | None = None  # why it is closed

    @property
    def slug(self) -> str:
        """The kind of gateway, such as ``mellat``."""
        return self.manifest.slug

    @property
    def manifest(self) -> Manifest:
        """The adapter's facts, with the windows and limits that this account sets otherwise."""
        return self.adapter.manifest

    @property
    def terminal(self) -> str:
        """The bank's name for our terminal; the ledger account is ``gateway:<terminal>``."""
        return self.adapter.terminal

    @property
    def hosts(self) -> tuple[str, ...]:
        """Scheme and host that a donor's form may be posted to: for the page's CSP."""
        return self.manifest.base_urls

    @property
    def is_open(self) -> bool:
        """Whether anybody can be asked; a closed gateway only stands for its earlier payments."""
        return self.refusal is None and not self.manifest.is_historical

    @property
    def may_refund(self) -> bool:
        """Whether money past reversing may be sent back: the bank can, and our contract says so."""
        return self.allows_refund and self.manifest.can_refund

    @property
    def may_reverse(self) -> bool:
        """Whether we may have a payment undone: the bank can, and nobody forbade it."""
        return self.allows_reverse and self.manifest.can_reverse

    @property
    def refund_rial_min(self) -> int:
        """The smallest refund that the gateway takes."""
        return self.manifest.refund_rial_min


def known_adapters() -> Mapping[str, AdapterFactory]:
    """Every adapter that can be used, by slug. All modules are imported by it."""
    return {each.door.slug: each.factory for each in visit_all() if each.factory is not None}


def known_manifests() -> Mapping[str, Manifest]:
    """The facts about every adapter that can be used, by slug."""
    return {slug: factory.manifest for slug, factory in known_adapters().items()}


def load_adapter(name: str) -> AdapterFactory:
    """Import one adapter by its slug, or by ``package:slug``.

    Raises KeyError where there is none of that name, AdapterRefused where it cannot be used.
    """
    return load(door_named(name))


def gateway_accounts(
    path: Path,
    *,
    environment: Mapping[str, str],
    is_public: bool = False,
    on_record: Callable[[], Collection[str]] = frozenset,
) -> tuple[GatewayAccount, ...]:
    """Read the file of accounts. Raises WrongSettings with every mistake found in it."""
    return read_accounts(path, environment=environment, is_public=is_public, on_record=on_record)


def open_gateways(
    accounts: Iterable[GatewayAccount], *, journal: Journal = no_journal
) -> Mapping[str, Gateway]:
    """Build the adapter of every account, by the account's name. Nobody is called.

    Raises WrongSettings with every account whose settings the adapter itself will not take, such
    as a key that is no key.
    """
    opened, mistakes = {}, []
    for account in accounts:
        try:
            opened[account.name] = open_gateway(account, journal=journal)
        except SettingsNotTaken as trouble:
            mistakes.append(f"  [{account.name}] adapter: {trouble.reason.en}")
    if mistakes:
        raise wrong_accounts(mistakes)
    return opened


class SettingsNotTaken(ValueError):
    """An adapter will not take the settings of an account; the reason shows no secret."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


def open_gateway(account: GatewayAccount, *, journal: Journal = no_journal) -> Gateway:
    """Build the adapter of one account with a transport of its own, which masks its secrets.

    An adapter that cannot be used leaves the gateway closed. Raises SettingsNotTaken where it is
    the settings that are wrong.
    """
    if account.refusal is not None:
        return _closed(account, account.refusal)
    secrets = [value for value in account.settings.values() if isinstance(value, Secret)]
    recorder = Recorder(journal)
    net = HttpTransport(
        account.name,
        limits=_limits(account.numbers),
        secrets=secrets,
        journal=recorder,
        ca_file=account.ca_file,
    )
    plain = {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in account.settings.items()
    }
    factory = load_adapter(account.adapter)
    try:
        adapter = factory(plain, net, account.base_url)
        missing = steps_missing(adapter)
        if missing:
            return _closed(account, lacks_steps(missing))
        adapter.manifest = _adjusted(adapter.manifest, account)
    except ValueError as trouble:
        raise SettingsNotTaken(_not_taken(trouble, secrets)) from None
    except Exception as trouble:  # a defect of one adapter closes one gateway
        return _closed(account, _not_built(trouble))
    return Gateway(
        name=account.name,
        account=account.account,
        adapter=adapter,
        title_fa=account.title_fa,
        title_en=account.title_en,
        is_enabled=account.is_enabled and not adapter.manifest.is_historical,
        recorder=recorder,
        province=account.province,
        campaign=account.campaign,
        allows_refund=account.may_refund,
        allows_reverse=account.may_reverse,
        refund_rial_max=account.numbers.get("refund_rial_max"),
        breaker_failures=account.breaker_failures,
        breaker_rest_seconds=account.breaker_rest_seconds,
        asks_for=account.adapter,
    )


def gateway_named(gateways: Mapping[str, Gateway], name: str) -> Gateway:
    """The gateway of a payment; a closed stand-in where the file has no account of that name."""
    return gateways.get(name) or closed_gateway(name, _NO_ACCOUNT)


def accounts_of(door: Door, gateways: Mapping[str, Gateway]) -> list[str]:
    """The names of the accounts that use what stands behind a door."""
    return [gateway.name for gateway in gateways.values() if door.is_meant_by(gateway.asks_for)]


def closed_gateway(name: str, reason: Reason) -> Gateway:
    """A stand-in that keeps the contract and calls nobody: earlier payments stay readable."""
    return Gateway(
        name=name,
        account="",
        adapter=ClosedAdapter(name, reason),
        title_fa=name,
        title_en=name,
        is_enabled=False,
        refusal=reason,
    )


_NO_ACCOUNT = Reason(
    "در پرونده درگاه‌ها حسابی به این نام نیست. تا برنگردد، پرداخت‌های باز آن پیگیری نمی‌شود.",
    "the file of accounts has none of this name. Until it is back, its open payments wait.",
)


def _closed(account: GatewayAccount, reason: Reason) -> Gateway:
    log.warning("gateway is closed", extra={"gateway": account.name, "why": reason.en})
    terminal = account.settings.get("terminal_id")
    adapter = ClosedAdapter(
        account.name,
        reason,
        slug=account.adapter.rpartition(":")[2],
        terminal=terminal if isinstance(terminal, str) else "",
    )
    return Gateway(
        name=account.name,
        account=account.account,
        adapter=adapter,
        title_fa=account.title_fa,
        title_en=account.title_en,
        is_enabled=False,
        asks_for=account.adapter,
        refusal=reason,
    )


def _not_taken(trouble: ValueError, secrets: Collection[Secret]) -> Reason:
    said = " ".join(Masking(secrets)(str(trouble)).split())[:200]
    return Reason(f"این تنظیم‌ها را نمی‌پذیرد: {said}", f"does not take these settings: {said}")


def _not_built(trouble: Exception) -> Reason:
    # What went wrong inside may quote a secret; its kind does not.
    kind = type(trouble).__name__
    return Reason(
        f"آداپتور آن ساخته نمی‌شود ({kind}). نسخه دیگری از بسته آن را نصب کنید.",
        f"its adapter cannot be built ({kind}). Install another version of its package.",
    )


def _limits(numbers: Mapping[str, int]) -> Limits:
    set_otherwise = {
        name: numbers[name]
        for name in ("connect_seconds", "read_seconds", "deadline_seconds")
        if name in numbers
    }
    return replace(Limits(), **set_otherwise)


def _adjusted(manifest: Manifest, account: GatewayAccount) -> Manifest:
    """The manifest as it holds for this account: contracts change windows, limits and hosts."""
    numbers = account.numbers
    changed: dict[str, object] = {
        name: numbers[name] for name in ("amount_rial_min", "amount_rial_max") if name in numbers
    }
    for window in ("confirm_window", "reverse_window"):
        if f"{window}_minutes" in numbers:
            changed[window] = timedelta(minutes=numbers[f"{window}_minutes"])
    if account.base_url:
        changed["base_urls"] = (account.base_url,)
    return replace(manifest, **changed)  # type: ignore[arg-type]
