"""An application behind a real socket, for browsers and for clients that look at bytes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import make_server


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """Serve ``app`` at the port of 127.0.0.1 that comes out, from a thread of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    # No test may keep its worker from ending: an answer that still hangs is let go.
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve ``app``; its address comes out."""
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}"
