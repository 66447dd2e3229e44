"""Many receipts in one file: seconds, megabytes, and the most memory that was held.

Each producer works in a process of its own, from a cold start, so that its memory is its own.
"""

import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from benchmarks.receipt_facts import many_facts
from core.settings import ROOT
from receipts.documents.layouts import receipt_document
from receipts.pdf.writing import write_batch_file

OURS, QUICK_PEER = "mosharekat", "typst"
_SLOW_PEERS = ("reportlab_reshaper_bidi", "weasyprint", "fpdf2")


def batches(count: int, peer_count: int) -> dict[str, Mapping[str, float]]:
    """A batch of ours and of the quick peer, and a smaller one of each that is slow."""
    counts = {OURS: count, QUICK_PEER: count} | dict.fromkeys(_SLOW_PEERS, peer_count)
    return {name: _in_a_process(name, receipts) for name, receipts in counts.items()}


def _in_a_process(name: str, count: int) -> Mapping[str, float]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.receipt_batches", name, str(count)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    figures: Mapping[str, float] = json.loads(done.stdout)
    return figures


def _batch(name: str, count: int) -> dict[str, float]:
    """One file, imports not counted."""
    draw = None
    if name != OURS:  # loaded only then, because it would count as memory of ours
        draw = importlib.import_module("benchmarks.receipt_peers").PEERS[name]()
    facts = list(islice(many_facts(), count))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch.pdf"
        began, used = time.perf_counter(), time.process_time()
        if draw is None:
            write_batch_file(map(receipt_document, facts), path)
        else:
            path.write_bytes(draw(facts))
        seconds, busy = time.perf_counter() - began, time.process_time() - used
        size = path.stat().st_size
    return {
        "receipts": count,
        "seconds": round(seconds, 2),
        "processor_seconds": round(busy, 2),
        "receipts_per_second": round(count / busy, 1),
        "megabytes": round(size / 1e6, 2),
        "peak_megabytes": _peak_megabytes(),
    }


def _peak_megabytes() -> float:
    """The most memory this program held; what ``getrusage`` says would be the parent's."""
    (line,) = [
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    ]
    return round(int(line.split()[1]) / 1024, 1)


if __name__ == "__main__":
    print(json.dumps(_batch(sys.argv[1], int(sys.argv[2]))))
