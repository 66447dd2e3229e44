"""The figures of a part as text for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_NOT_SHOWN = "rounds"  # every single round: in the file only
_GIFT_COLUMNS = {
    "gifts_per_second": "gifts/s",
    "cpu_ms_per_gift": "CPU-ms/gift",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "requests_per_gift": "requests",
    "others_cores": "others' cores",
}
_CONTENDERS = {
    "ours": "Mosharekat",
    "ours_worker": "Mosharekat, worker beside it",
    "ours_history": "Mosharekat, long history",
    "floor": "bare Flask + SQLAlchemy Core",
    "peer": "az-iranian-bank-gateways",
    "peer_history": "the same, long history",
}


def table_of(name: str, figures: Any) -> str:
    """A part's figures, readable; the parts that have no table of their own as a plain list."""
    lines = _gifts(figures) if name == "gifts" else _plain(figures, 1)
    return "\n".join((f"\n== {name}", *lines))


def _gifts(settings: Mapping[str, Any]) -> Iterator[str]:
    for setting in settings.values():
        ceiling = setting["ceiling_gifts_per_second"]
        yield f"\n{setting['title']}" + (f"; at most {ceiling} gifts/s" if ceiling else "")
        rows = [["", *_GIFT_COLUMNS.values(), "ours is"]]
        for name, figures in setting["contenders"].items():
            ratio = setting["ours_to"].get(name)
            numbers = [f"{figures[column]:,.1f}" for column in _GIFT_COLUMNS]
            rows.append([_CONTENDERS[name], *numbers, f"{ratio:.2f}x" if ratio else ""])
        yield from _aligned(rows)


def _plain(figures: Any, depth: int) -> Iterator[str]:
    """Nested figures as lines; a group of groups that hold the same becomes a table."""
    indent = "  " * depth
    for name, value in figures.items():
        if name == _NOT_SHOWN:
            continue
        if not isinstance(value, Mapping):
            yield f"{indent}{name.replace('_', ' ')}: {_said(value)}"
        elif columns := _columns(value):
            yield f"{indent}{name.replace('_', ' ')}"
            head = ["", *(column.replace("_", " ") for column in columns)]
            body = [
                [row.replace("_", " "), *(_said(cells[column]) for column in columns)]
                for row, cells in value.items()
            ]
            yield from (f"{indent}{line}" for line in _aligned([head, *body]))
        else:
            yield f"{indent}{name.replace('_', ' ')}"
            yield from _plain(value, depth + 1)


def _columns(group: Mapping[str, Any]) -> list[str]:
    """What all rows of a group have, where it can be a table; nothing where it cannot."""
    rows = list(group.values())
    if len(rows) < 2 or not all(isinstance(row, Mapping) for row in rows):
        return []
    if any(list(row) != list(rows[0]) for row in rows):
        return []
    is_flat = all(not isinstance(cell, Mapping | list) for row in rows for cell in row.values())
    return list(rows[0]) if is_flat else []


def _said(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{value:,}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for first, *rest in rows:
        numbers = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        yield "  ".join((f"  {first.ljust(widths[0])}", *numbers)).rstrip()
