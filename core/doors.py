"""What other packages may add to us: found by its entry point, loaded alone, refused alone.

Ours and theirs come through the same door. Nothing is imported before somebody asks for it.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Door:
    """One entry point: a slug, and the package that offers it."""

    slug: str
    package: str  # the distribution, as pip calls it
    version: str
    entry_point: EntryPoint = field(repr=False)

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
    for point in entry_points(group=group):
        package, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
        found[point.name].append(Door(point.name, package, version, point))
    return {
        slug: tuple(sorted(doors, key=lambda door: door.package)) for slug, doors in found.items()
    }


@cache
def behind(point: EntryPoint) -> object:
    """What an entry point names, imported once. Raises whatever its module raises."""
    return point.load()


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
