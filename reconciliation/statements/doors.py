"""Which statement readers are installed: each found by its entry point, loaded and refused alone.

Ours and those of other packages come through the same door, the entry-point group
``mosharekat.statement_readers``: its name is the format's, and behind it stands a class or function
that makes a reader of ``contract``. One that is refused keeps no other away.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from core.doors import Door, behind, doors_of, not_imported
from core.reasons import Reason
from reconciliation.statements.contract import CONTRACT_VERSION, Breadth, StatementReader

GROUP = "mosharekat.statement_readers"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")


@dataclass(frozen=True, slots=True)
class Visited:
    """A door that was tried: the reader behind it, or why it is refused."""

    door: Door
    reader: StatementReader | None = None
    refusal: Reason | None = None


def formats() -> tuple[str, ...]:
    """The name of every door, whatever stands behind it. Nothing is imported."""
    return tuple(sorted(doors_of(GROUP)))


def visit_all() -> list[Visited]:
    """Try every door, by name and package. All modules are imported by it."""
    return [_visited(door) for name in formats() for door in doors_of(GROUP)[name]]


def readers(name: str = "") -> list[StatementReader]:
    """The readers that can be used, or the one of a name: the narrowest first."""
    names = [name] if name else formats()
    found = [_visited(door).reader for each in names for door in doors_of(GROUP).get(each, ())]
    usable = [reader for reader in found if reader is not None]
    return sorted(usable, key=lambda reader: (reader.breadth, reader.name))


def _visited(door: Door) -> Visited:
    offered = doors_of(GROUP)[door.slug]
    if len(offered) > 1:
        return Visited(door, refusal=_offered_twice(offered))
    try:
        made = cast(Callable[[], object], behind(door))
        reader = made()  # whatever it is, it is tried
        refusal = _why_not(door, reader)
    except (Exception, SystemExit) as trouble:  # whatever another package does while it loads
        return Visited(door, refusal=not_imported(door, trouble))
    if refusal is not None:
        return Visited(door, refusal=refusal)
    return Visited(door, cast(StatementReader, reader))


def _why_not(door: Door, reader: object) -> Reason | None:
    version = getattr(reader, "contract_version", None)
    if version != CONTRACT_VERSION:
        return _of_another_contract(door, version)
    name = getattr(reader, "name", None)
    if name != door.slug or not _NAME.fullmatch(door.slug):
        return Reason(
            f"نامش در entry point «{door.slug}» است و خودش را «{name}» می‌نامد؛ هر دو باید یکی باشند"
            f"، با حروف کوچک لاتین. به سازنده بسته {door.package} بگویید.",
            f"is called {door.slug!r} by its entry point and calls itself {name!r}; both must be"
            f" one name in small letters. Tell the maker of {door.package}.",
        )
    lacks = [step for step in ("recognises", "open") if not callable(getattr(reader, step, None))]
    if not isinstance(getattr(reader, "breadth", None), Breadth):
        lacks.append("breadth")
    if lacks:
        names = ", ".join(lacks)
        return Reason(
            f"این‌ها را از قرارداد ندارد: {names}. به سازنده بسته {door.package} بگویید.",
            f"lacks these of the contract: {names}. Tell the maker of {door.package}.",
        )
    return None


def _of_another_contract(door: Door, version: object) -> Reason:
    return Reason(
        f"برای نسخه {version} قرارداد خواننده‌ها نوشته شده است و اینجا نسخه {CONTRACT_VERSION}"
        f" برقرار است. نسخه‌ای از {door.package} را نصب کنید که به این برنامه بخورد.",
        f"was written for version {version} of the readers' contract, and version"
        f" {CONTRACT_VERSION} holds here. Install a {door.package} that suits this program.",
    )


def _offered_twice(doors: tuple[Door, ...]) -> Reason:
    packages = ", ".join(door.package for door in doors)
    return Reason(
        f"چند بسته نصب‌شده همین نام را دارند ({packages}) و هیچ‌یک به حدس برداشته نمی‌شود. یکی از"
        " بسته‌ها را بردارید.",
        f"is offered by several installed packages ({packages}), and none is taken by guess."
        " Remove one of the packages.",
    )
