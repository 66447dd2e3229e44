"""A house whose three processes are small: what the supervisor does is the same."""

import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.supervise import HOST, House, on_signal, supervise

SLEEP = ["-c", "import time; time.sleep(60)"]


@dataclass(frozen=True)
class SmallHouse(House):
    worker: tuple[str, ...] = tuple(SLEEP)

    def commands(self) -> dict[str, list[str]]:
        serve = ["-m", "http.server", "--bind", HOST]
        return {
            "sandbox bank": [*serve, str(self.sandbox_port)],
            "worker": list(self.worker),
            "web": [*serve, str(self.port)],
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Run a small house until a signal comes."""
    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return supervise(SmallHouse(free_port(), free_port(), Path(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
