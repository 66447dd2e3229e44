"""What other packages may add to us: found by its entry point, loaded alone, refused alone.

Ours and theirs come through the same door. Nothing is imported before somebody asks for it. A
process that lives for one file is told the doors by the one that started it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from importlib import import_module

from core.reasons import Reason

_TOLD: dict[str, "tuple[Door, ...]"] = {}


@dataclass(frozen=True, slots=True)
class Door:
    """One entry point: a slug, and the package that offers it."""

    slug: str
    package: str  # the distribution, as pip calls it
    version: str
    target: str = field(repr=False)  # module:attribute

    @property
    def full_name(self) -> str:
        """What is written to mean this package's and no other's."""
        return f"{self.package}:{self.slug}"

    def is_meant_by(self, name: str) -> bool:
        """Whether a name, with its package or without, may mean this one."""
        package, _, slug = name.rpartition(":")
        return slug == self.slug and (not package or _plain(package) == _plain(self.package))


@cache
def doors_of(group: str) -> Mapping[str, tuple[Door, ...]]:
    """Every door of a group of entry points, by slug and then by package."""
    found = defaultdict[str, list[Door]](list)
    for door in _TOLD.get(group) or _installed(group):
        found[door.slug].append(door)
    return {
        slug: tuple(sorted(doors, key=lambda door: door.package)) for slug, doors in found.items()
    }


def tell(group: str, doors: Iterable[Door]) -> None:
    """Say which doors a group has, in a process that shall not look for them itself."""
    _TOLD[group] = tuple(doors)


def _installed(group: str) -> Iterable[Door]:
    # Looking through the packages takes longer than reading the statement of a day, and so does
    # loading what looks: it is loaded where it is needed.
    for point in import_module("importlib.metadata").entry_points(group=group):
        package, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
        yield Door(point.name, package, version, point.value)


@cache
def behind(door: Door) -> object:
    """What a door names, imported once. Raises whatever its module raises."""
    module, _, attributes = door.target.partition("[")[0].strip().partition(":")
    return reduce(getattr, filter(None, attributes.split(".")), import_module(module.strip()))


def not_imported(door: Door, trouble: BaseException) -> Reason:
    """Why what is behind a door cannot be had."""
    said = f"{type(trouble).__name__}: {' '.join(str(trouble).split())}"[:200]
    return Reason(
        f"بار نمی‌شود ({said}). آنچه کم دارد را نصب کنید، یا نسخه‌ای از {door.package} را که به این"
        " برنامه بخورد.",
        f"cannot be loaded ({said}). Install what it lacks, or a version of {door.package} that"
        " suits this program.",
    )


def _plain(package: str) -> str:
    """A package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", package).lower()
