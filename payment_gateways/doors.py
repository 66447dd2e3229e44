"""Which adapters are installed: each found by its entry point, loaded alone and refused alone.

Ours and those of other packages come through the same door, the entry-point group
``mosharekat.gateways``. A module is imported when an account asks for it, or when somebody wants
to see them all; one that is refused keeps no other away.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from core.doors import Door, behind, doors_of, not_imported
from core.reasons import Reason
from payment_gateways.contract import CONTRACT_VERSION, GatewayAdapter, Manifest
from payment_gateways.fields import names_in_use
from payment_gateways.transport import Transport

GROUP = "mosharekat.gateways"

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,29}")
_STEPS = tuple(sorted(name for name in vars(GatewayAdapter) if name.islower() and name[0] != "_"))


class AdapterFactory(Protocol):
    """What is registered under a slug: builds an adapter from the settings of one account."""

    manifest: Manifest

    def __call__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> GatewayAdapter:
        """Build the adapter. Nothing is called over the network by it."""


class NoSuchAdapter(KeyError):
    """No installed package has a door of that name; ``near`` is one that looks like it."""

    def __init__(self, name: str, near: str | None) -> None:
        super().__init__(name)
        self.near = near


class AdapterRefused(Exception):
    """There is such an adapter, and it cannot be used; ``reason`` says why and what to do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Visited:
    """A door that was tried: what stands behind it, or why it is refused."""

    door: Door
    factory: AdapterFactory | None = None
    refusal: Reason | None = None

    @property
    def manifest(self) -> Manifest | None:
        return self.factory.manifest if self.factory else None


def door_named(name: str) -> Door:
    """The door of a slug, or of ``package:slug``. Nothing is imported.

    Raises NoSuchAdapter, and AdapterRefused where several packages offer the same slug.
    """
    doors = doors_of(GROUP).get(name.rpartition(":")[2], ())
    offered = tuple(door for door in doors if door.is_meant_by(name))
    if not offered:
        raise NoSuchAdapter(name, next(iter(_near(name)), None))
    if len(offered) > 1:
        raise AdapterRefused(_offered_twice(offered))
    return offered[0]


def load(door: Door) -> AdapterFactory:
    """Import what stands behind a door. Raises AdapterRefused."""
    try:
        factory = behind(door)
        reason = _why_not(door, factory)
    except (Exception, SystemExit) as trouble:  # whatever another package does while it loads
        reason = not_imported(door, trouble)
    if reason is not None:
        raise AdapterRefused(reason)
    return cast(AdapterFactory, factory)


def slugs() -> tuple[str, ...]:
    """Every slug that has a door, whatever stands behind it."""
    return tuple(sorted(doors_of(GROUP)))


def visit_all() -> list[Visited]:
    """Try every door, by slug and package. All modules are imported by it."""
    return [_visited(door) for slug in slugs() for door in doors_of(GROUP)[slug]]


def steps_missing(adapter: object) -> tuple[str, ...]:
    """The calls of the contract that an adapter, or its class, does not answer to."""
    return tuple(name for name in _STEPS if not callable(getattr(adapter, name, None)))


def lacks_steps(missing: Iterable[str]) -> Reason:
    """Why an adapter without all calls of the contract is refused."""
    names = ", ".join(missing)
    return Reason(
        f"این کارهای قرارداد را ندارد: {names}. نسخه‌ای بخواهید که آن‌ها را داشته باشد"
        " (سازنده می‌تواند OptionalSteps را به ارث ببرد).",
        f"lacks these calls of the contract: {names}. Ask for a version that has them"
        " (its maker may inherit OptionalSteps).",
    )


def _visited(door: Door) -> Visited:
    try:
        offered = doors_of(GROUP)[door.slug]
        if len(offered) > 1:
            return Visited(door, refusal=_offered_twice(offered))
        return Visited(door, factory=load(door))
    except AdapterRefused as refused:
        return Visited(door, refusal=refused.reason)


def _near(name: str) -> list[str]:
    return difflib.get_close_matches(name.rpartition(":")[2], slugs(), n=1)


def _why_not(door: Door, factory: object) -> Reason | None:
    manifest = getattr(factory, "manifest", None)
    if not callable(factory) or not isinstance(manifest, Manifest):
        return Reason(
            "برگه مشخصات (manifest) ندارد؛ آنچه در entry point آمده باید کلاس آداپتور باشد."
            f" به سازنده بسته {door.package} بگویید.",
            "has no manifest; its entry point must name the class of an adapter."
            f" Tell the maker of {door.package}.",
        )
    if manifest.slug != door.slug or not _SLUG.fullmatch(door.slug):
        return Reason(
            f"نامش در entry point «{door.slug}» است و در برگه مشخصات «{manifest.slug}»؛ هر دو باید"
            f" یکی باشند، با حروف کوچک لاتین. به سازنده بسته {door.package} بگویید.",
            f"is called {door.slug!r} by its entry point and {manifest.slug!r} by its manifest;"
            " both must be one name in small letters."
            f" Tell the maker of {door.package}.",
        )
    if manifest.contract_version != CONTRACT_VERSION:
        return _of_another_contract(door, manifest.contract_version)
    if isinstance(factory, type) and (missing := steps_missing(factory)):
        return lacks_steps(missing)
    if taken := sorted(set(names_in_use(manifest.settings))):
        names = ", ".join(taken)
        return Reason(
            f"این نام‌ها در تنظیم‌های آن معنای دیگری دارند یا تکراری‌اند: {names}."
            f" سازنده بسته {door.package} باید نام دیگری برگزیند.",
            f"has settings whose names are taken or stand twice: {names}."
            f" The maker of {door.package} must choose others.",
        )
    return None


def _of_another_contract(door: Door, version: int) -> Reason:
    if version < CONTRACT_VERSION:
        return Reason(
            f"برای نسخه {version} قرارداد درگاه‌ها نوشته شده است و اینجا نسخه {CONTRACT_VERSION}"
            f" برقرار است. نسخه تازه‌تر {door.package} را نصب کنید.",
            f"was written for version {version} of the gateway contract, and version"
            f" {CONTRACT_VERSION} holds here. Install a newer {door.package}.",
        )
    return Reason(
        f"برای نسخه {version} قرارداد درگاه‌ها نوشته شده است که تازه‌تر از نسخه {CONTRACT_VERSION}"
        f" این برنامه است. این برنامه را نو کنید، یا {door.package} کهنه‌تری نصب کنید.",
        f"was written for version {version} of the gateway contract, which is newer than version"
        f" {CONTRACT_VERSION} here. Update this program, or install an older {door.package}.",
    )


def _offered_twice(doors: tuple[Door, ...]) -> Reason:
    packages = ", ".join(door.package for door in doors)
    written = f'adapter = "{doors[0].full_name}"'
    return Reason(
        f"چند بسته نصب‌شده همین نام را دارند ({packages}) و هیچ‌یک به حدس برداشته نمی‌شود. در جدول"
        f" حساب بنویسید کدام، مانند {written}، یا یکی از بسته‌ها را بردارید.",
        f"is offered by several installed packages ({packages}), and none is taken by guess. Write"
        f" in the account's table which one, such as {written}, or remove one of the packages.",
    )
