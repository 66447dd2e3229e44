"""A desk's line that can be cut and can lose answers, and a real browser that can crash."""

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, BrowserType, Page

from deploy.prepare import chromium
from tests.conftest import QUIET
from tests.serving import serving

_PATIENCE_SECONDS = 30


class Line:
    """What lies between the browser and the server: whole, cut, or losing answers."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self.loses_answers_to: bytes | None = None
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and let none begin."""
        self._is_cut = True
        for each in list(self._open):
            _close(each)

    def mend(self) -> None:
        """Let connections begin again."""
        self._is_cut = False

    def close(self) -> None:
        """Stop for good."""
        self.cut()
        _close(self._listening)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        if self._is_cut:
            _close(client)
            return
        server = socket.create_connection(("127.0.0.1", self._server_port))
        self._open |= {client, server}
        loses = threading.Event()
        back = threading.Thread(target=self._back, args=(server, client, loses), daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            while request := client.recv(65_536):
                if self.loses_answers_to is not None and self.loses_answers_to in request:
                    loses.set()
                server.sendall(request)
        _close(client)
        _close(server)
        self._open -= {client, server}

    def _back(self, server: socket.socket, client: socket.socket, loses: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while answer := server.recv(65_536):
                if loses.is_set():  # the server has committed; nobody hears of it
                    self.lost += 1
                    break
                client.sendall(answer)
        _close(client)
        _close(server)


class Chromium:
    """A browser with a profile on disk, in a process of its own that can be killed."""

    def __init__(self, kind: BrowserType, profile: Path) -> None:
        self._kind, self._profile = kind, profile
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> BrowserContext:
        """Open it; its only context is that of the profile."""
        told = self._profile / "DevToolsActivePort"
        told.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                chromium(),
                "--headless=new",
                "--remote-debugging-port=0",
                f"--user-data-dir={self._profile}",
                "--disable-dev-shm-usage",
                *QUIET,
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + _PATIENCE_SECONDS
        while not (told.exists() and told.read_text().count("\n") >= 1):
            assert time.monotonic() < until, "the browser did not open"
            time.sleep(0.05)
        port = told.read_text().splitlines()[0]
        browser = self._kind.connect_over_cdp(f"http://127.0.0.1:{port}")
        return browser.contexts[0]

    def crash(self) -> None:
        """End it hard, as a power cut does: nothing is written down any more."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(_PATIENCE_SECONDS)
        for lock in self._profile.glob("Singleton*"):
            lock.unlink(missing_ok=True)

    def remove(self) -> None:
        """Leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self.crash()
        shutil.rmtree(self._profile, ignore_errors=True)


@contextmanager
def line_to(app: object) -> Iterator[Line]:
    """The application served behind a line."""
    with serving(app) as port:
        line = Line(port)
        yield line
        line.close()


def settled(page: Page) -> Page:
    """Wait until the page of the desk has looked at everything and tried to send."""
    page.locator("html[data-offline=ready]").wait_for(state="attached")
    return page


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
