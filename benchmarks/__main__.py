"""Runs the benchmarks, prints their tables, writes ``build/bench.json``.

    python -m benchmarks [gifts|reconciliation|receipts|searching|statements ...] [--quick]

Nothing is asserted: a figure is read by people, and only beside the others of the same run.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.machine import facts
from benchmarks.missing import Missing
from benchmarks.tables import table_of
from core.settings import ROOT


@dataclass(frozen=True, slots=True)
class Part:
    """A module with ``run() -> dict``, and what makes it short."""

    module: str
    quick: Mapping[str, object] = field(default_factory=dict)


PARTS: Mapping[str, Part] = {
    "gifts": Part("benchmarks.gifts.run", {"rounds": 1, "seconds": 4, "old_payments": 100_000}),
    "reconciliation": Part("benchmarks.reconciliation", {"sizes": 10_000, "gift_seconds": 2}),
    "receipts": Part("benchmarks.receipts", {"rounds": 4, "batch": 200, "peer_batch": 20}),
    "searching": Part("benchmarks.searching", {"many": 50_000, "times": 40}),
    "statements": Part("benchmarks.statements", {"lines": 20_000, "imported": 20_000, "rounds": 1}),
}


def main() -> int:
    asked = _asked()
    results: dict[str, object] = {"machine": facts()}
    print(table_of("machine", results["machine"]), flush=True)
    cannot: list[str] = []
    for name in asked.parts or PARTS:
        part = PARTS[name]
        # Loaded when its turn comes: what one part brings along would make another slower.
        run = importlib.import_module(part.module).run
        try:
            results[name] = run(**(part.quick if asked.quick else {}))
        except Missing as missing:
            cannot.append(f"{name} could not be measured: {missing}")
            continue
        print(table_of(name, results[name]), flush=True)
    _write(results)
    for sentence in cannot:
        print(sentence, file=sys.stderr)
    return 1 if cannot else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return asked


def _write(results: Mapping[str, object]) -> None:
    path = ROOT / "build" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", "utf-8")
    print(f"\nwritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
