"""Start the sandbox bank: ``python -m payment_gateways.sandbox --port 9001 --state PATH``."""

import argparse
import errno
import os
import signal
import sys
import threading
from pathlib import Path

from payment_gateways.sandbox.bank import Bank
from payment_gateways.sandbox.faults import ByAmount, ByChance
from payment_gateways.sandbox.serving import Server


def main() -> int:
    """Serve until Ctrl-C or SIGTERM; returns the exit code."""
    asked = _arguments()
    if os.environ.get("MOSHAREKAT_ENV") == "production":
        print("The sandbox bank does not start in production.", file=sys.stderr)
        return 1
    asked.state.parent.mkdir(parents=True, exist_ok=True)
    bank = Bank(
        asked.state,
        latency_ms=asked.latency_ms,
        by_amount=ByAmount() if asked.demo_faults else None,
        by_chance=ByChance(asked.chaos, asked.chaos_rate) if asked.chaos is not None else None,
    )
    try:
        server = Server((asked.host, asked.port), bank.answer)
    except OSError as trouble:
        what = "is busy" if trouble.errno == errno.EADDRINUSE else f"cannot be used: {trouble}"
        print(f"The sandbox bank cannot start: port {asked.port} {what}.", file=sys.stderr)
        return 1
    _end_when_told(server)
    host, port = server.server_address[:2]
    print(f"Sandbox bank: http://{host!s}:{port}/counter", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    bank.books.close()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m payment_gateways.sandbox")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001, help="0 takes any free port")
    parser.add_argument("--state", type=Path, default=Path("instance/sandbox.sqlite3"))
    parser.add_argument("--latency-ms", type=int, default=0, help="how long every call takes")
    parser.add_argument(
        "--demo-faults", action="store_true", help="the last three digits of an amount misbehave"
    )
    parser.add_argument("--chaos", type=int, metavar="SEED", help="calls go wrong by chance")
    parser.add_argument("--chaos-rate", type=float, default=0.1, help="how many of them, 0 to 1")
    return parser.parse_args()


def _end_when_told(server: Server) -> None:
    # ``shutdown`` waits for the loop it stops, so it must not run in the loop's own thread.
    def stop(*_signal: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    sys.exit(main())
