"""Files that are handed in: on disk, so that another process can be given them, and their hash."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, TypeAlias, cast

Source: TypeAlias = Path | str | bytes | BinaryIO

_CHUNK_BYTES = 1 << 20


@contextmanager
def on_disk(source: Source) -> Iterator[BinaryIO]:
    """A file that another process can be given; an upload is copied, never held in memory."""
    if isinstance(source, Path | str):
        with Path(source).open("rb") as file:
            yield file
        return
    with TemporaryFile() as held:
        if isinstance(source, bytes):
            held.write(source)
        else:
            shutil.copyfileobj(source, held, _CHUNK_BYTES)
        held.seek(0)
        yield cast(BinaryIO, held)


def sha256_of_file(file: BinaryIO) -> str:
    """The hash of all of a file, which is then at its beginning again."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
