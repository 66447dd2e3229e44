"""Which adapters there are, and the opened gateways of an installation.

To add a bank: one module that keeps ``contract.GatewayAdapter``, one name in ``_OWN``, one line
in the table of the contract tests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from payment_gateways.accounts import GatewayAccount, read_accounts
from payment_gateways.contract import GatewayAdapter, Manifest
from payment_gateways.masking import Secret
from payment_gateways.mellat import Mellat
from payment_gateways.transport import HttpTransport, Journal, Limits, Transport, no_journal
from payment_gateways.zarinpal import Zarinpal


class AdapterFactory(Protocol):
    """What is registered under a slug: builds an adapter from the settings of one account."""

    manifest: Manifest

    def __call__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> GatewayAdapter:
        """Build the adapter. Nothing is called over the network by it."""


_OWN: tuple[AdapterFactory, ...] = (Mellat, Zarinpal)


@dataclass(frozen=True, slots=True)
class Gateway:
    """One opened gateway account: its adapter, and what others need to know beside it."""

    name: str  # the name of its table in the file of accounts
    account: str  # number of the bank account that its money reaches, such as 90190
    adapter: GatewayAdapter
    title_fa: str
    title_en: str
    is_enabled: bool

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


def known_adapters() -> Mapping[str, AdapterFactory]:
    """Every adapter there is, by slug."""
    return {factory.manifest.slug: factory for factory in _OWN}


def known_manifests() -> Mapping[str, Manifest]:
    """The facts about every adapter, by slug: what the file of accounts is checked against."""
    return {slug: factory.manifest for slug, factory in known_adapters().items()}


def gateway_accounts(
    path: Path, *, environment: Mapping[str, str], is_public: bool = False
) -> tuple[GatewayAccount, ...]:
    """Read the file of accounts. Raises WrongSettings with every mistake found in it."""
    return read_accounts(
        path, manifests=known_manifests(), environment=environment, is_public=is_public
    )


def open_gateways(
    accounts: Iterable[GatewayAccount], *, journal: Journal = no_journal
) -> Mapping[str, Gateway]:
    """Build the adapter of every account, by the account's name. Nobody is called."""
    return {account.name: open_gateway(account, journal=journal) for account in accounts}


def open_gateway(account: GatewayAccount, *, journal: Journal = no_journal) -> Gateway:
    """Build the adapter of one account with a transport of its own, which masks its secrets."""
    secrets = [value for value in account.settings.values() if isinstance(value, Secret)]
    net = HttpTransport(
        account.name,
        limits=_limits(account.numbers),
        secrets=secrets,
        journal=journal,
        ca_file=account.ca_file,
    )
    plain = {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in account.settings.items()
    }
    adapter = known_adapters()[account.adapter](plain, net, account.base_url)
    adapter.manifest = _adjusted(adapter.manifest, account)
    return Gateway(
        name=account.name,
        account=account.account,
        adapter=adapter,
        title_fa=account.title_fa,
        title_en=account.title_en,
        is_enabled=account.is_enabled,
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
