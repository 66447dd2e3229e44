"""The pins: every package that the names in ``requirements*.in`` need, with its exact version.

The versions are those installed in this virtual environment, where the suite has passed.
"""

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def closure(names: list[str]) -> dict[str, str]:
    """The exact version of each package and of all it needs. Raises PackageNotFoundError."""
    pins: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = distribution(name)
        pins[name] = found.version
        for text in found.requires or ():
            needed = Requirement(text)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in (*extras, "")):
                waiting.append(needed)
    return pins


def names_in(path: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def write_pins(path: Path, pins: dict[str, str]) -> None:
    head = f"# Made from {path.with_suffix('.in').name} by: make pins\n"
    body = "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))
    path.write_text(head + body, "utf-8")
    print(f"{path.name}: {len(pins)} packages")


def main() -> int:
    try:
        running = closure(names_in(ROOT / "requirements.in"))
        checking = closure(names_in(ROOT / "requirements-dev.in"))
    except PackageNotFoundError as missing:
        print(f"{missing.name} is not installed; install it first", file=sys.stderr)
        return 1
    write_pins(ROOT / "requirements.txt", running)
    write_pins(
        ROOT / "requirements-dev.txt", {n: v for n, v in checking.items() if n not in running}
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
