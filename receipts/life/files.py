"""Where the files of receipts are kept: one folder, one file for each number, written once.

A file appears whole or not at all: it is written under another name, brought to the disk, and only
then given its own. Of two who draw the same receipt at once the first is kept, and both return it.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.refusals import Refusal
from core.settings import Settings
from receipts.seals.seal import Seal, read_seal, time_stamped

_FOLDER_MODE, _FILE_MODE = 0o750, 0o440


class FileNotKept(Refusal):
    """The file of a receipt cannot be written, as on a full disk; nothing was left behind."""

    code = "receipt.file_not_kept"
    http_status = 503


@dataclass(frozen=True, slots=True)
class ReceiptFiles:
    """The files first drawn, under ``folder/year/desk/serial.pdf``; ``seal`` seals the next ones.

    A file that is lost can be drawn again only where the seal gives the same bytes each time: an
    RSA key, and no time stamp. The folder belongs into the backup like the database.
    """

    folder: Path
    seal: Seal | None = None
    authority_url: str | None = None  # that stamps the time of a seal

    def path(self, number: str) -> Path:
        """Where the file of a number (1404/07/000123) is, or would be."""
        return self.folder / f"{number}.pdf"

    def read(self, number: str) -> bytes | None:
        """The kept file; nothing where there is none."""
        try:
            return self.path(number).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def stamped(self, pdf: bytes) -> bytes:
        """A sealed file with the authority's time stamp, where there is one that answers.

        Asks over the network: call it outside of transactions.
        """
        is_asked = self.seal is not None and self.authority_url is not None
        return time_stamped(pdf, str(self.authority_url)) if is_asked else pdf

    def keep(self, number: str, pdf: bytes) -> bytes:
        """Keep a file that is not kept yet, and return the one that is. Raises FileNotKept."""
        path = self.path(number)
        fresh = path.with_name(f".{path.stem}.{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            try:
                _write(fresh, pdf)
                with suppress(FileExistsError):  # somebody else drew it a moment earlier
                    os.link(fresh, path)
            finally:
                fresh.unlink(missing_ok=True)
            _bring_to_disk(path.parent)
            return path.read_bytes()
        except OSError as trouble:
            raise FileNotKept(number=number) from trouble


def receipt_files(settings: Settings) -> ReceiptFiles:
    """The files of this installation, sealed with its key. Raises SealUnreadable."""
    return ReceiptFiles(settings.receipt_files, read_seal(settings), settings.seal_timestamp_url)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _bring_to_disk(folder: Path) -> None:
    """A new name survives a power cut only once its folder is on the disk as well."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
