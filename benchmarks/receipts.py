"""Receipts a second, single and sealed, and a thousand in one file, beside four other producers.

All draw the same facts, new ones every time, warm and on one core. They take turns, a round of
each, so that what slows the machine down hits all alike; a ratio is that of the medians.
"""

import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.receipt_batches import batches
from benchmarks.receipt_facts import many_facts
from benchmarks.receipt_peers import PEERS
from core.settings import read_settings
from receipts.documents.facts import ReceiptFacts
from receipts.documents.layouts import receipt_document
from receipts.pdf.writing import write_pdf
from receipts.seals.seal import Seal, read_seal

OURS, SEALED = "mosharekat", "mosharekat_sealed"
Draw = Callable[[Sequence[ReceiptFacts]], bytes]


@dataclass(slots=True)
class Producer:
    """Somebody who draws receipts, and what each of them took and weighed."""

    draw: Draw
    facts: Iterator[ReceiptFacts]
    per_round: int
    seconds: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)

    def round(self) -> None:
        for facts in islice(self.facts, self.per_round):
            began = time.process_time()
            pdf = self.draw([facts])
            self.seconds.append(time.process_time() - began)
            self.bytes.append(len(pdf))

    def warm_up(self) -> None:
        for facts in islice(self.facts, max(2, 4 * self.per_round)):
            self.draw([facts])

    @property
    def figures(self) -> dict[str, float]:
        median = statistics.median(self.seconds)
        return {
            "receipts_per_second": round(1 / median, 1),
            "median_milliseconds": round(median * 1000, 2),
            "best_milliseconds": round(min(self.seconds) * 1000, 2),
            "bytes": round(statistics.mean(self.bytes)),
        }


def run(
    *, rounds: int = 20, receipts: int = 20, batch: int = 1000, peer_batch: int = 100
) -> dict[str, object]:
    """The figures of single receipts and of batches."""
    with tempfile.TemporaryDirectory() as folder:
        seal = read_seal(read_settings(instance_dir=Path(folder), seal_key_file=None))
        single = _singles(seal, rounds, receipts)
    return {"single": single, "batch": batches(batch, peer_batch)}


def _singles(seal: Seal | None, rounds: int, receipts: int) -> dict[str, object]:
    producers = {
        OURS: Producer(partial(_draw, None), many_facts(), receipts),
        SEALED: Producer(partial(_draw, seal), many_facts(seed=1405), receipts),
        **{name: Producer(make(), many_facts(), 1) for name, make in PEERS.items()},
    }
    warnings.filterwarnings("ignore", module="fpdf")
    for producer in producers.values():
        producer.warm_up()
    for _ in range(rounds):
        for producer in producers.values():
            producer.round()
    figures = {name: producer.figures for name, producer in producers.items()}
    rates = {name: told["receipts_per_second"] for name, told in figures.items()}
    return {
        "producers": figures,
        "times_as_fast": {
            name: {"single": round(rates[OURS] / rate, 1), "sealed": round(rates[SEALED] / rate, 1)}
            for name, rate in rates.items()
            if name not in (OURS, SEALED)
        },
    }


def _draw(seal: Seal | None, receipts: Sequence[ReceiptFacts]) -> bytes:
    (facts,) = receipts
    return write_pdf(*receipt_document(facts), seal=seal)


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=2))
