"""The Persian wording: one catalogue per area, merged into the one the program reads.

``translations/fa/<area>.po`` are written by people; ``translations/fa/LC_MESSAGES/messages.mo`` is
made from them. One English text has one Persian text: two areas that differ are refused.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "translations" / "fa"
COMPILED = FOLDER / "LC_MESSAGES" / "messages.mo"


class WrongWording(Exception):
    """The catalogues contradict each other or leave something unsaid."""


def merged(sources: Iterable[Path]) -> Catalog:
    """One catalogue of everything. Raises WrongWording with every mistake, each with its file."""
    catalogue = Catalog(locale="fa", project="Mosharekat", charset="utf-8")
    origin: dict[str, Path] = {}
    mistakes: list[str] = []
    for path in sorted(sources):
        for message in _messages_in(path):
            key = _key(message)
            if not all(_wordings(message)) or message.fuzzy:
                mistakes.append(f'{path.name}: "{key}" has no finished Persian')
                continue
            known = catalogue.get(message.id, message.context)
            if known is not None and known.string != message.string:
                mistakes.append(f'{path.name}: "{key}" is said otherwise in {origin[key].name}')
                continue
            catalogue.add(message.id, message.string, context=message.context)
            origin[key] = path
    if mistakes:
        raise WrongWording("\n".join(mistakes))
    return catalogue


def compile_wording(folder: Path = FOLDER, compiled: Path = COMPILED) -> int:
    """Write the compiled catalogue; returns how many texts it holds."""
    catalogue = merged(folder.glob("*.po"))
    compiled.parent.mkdir(parents=True, exist_ok=True)
    fresh = compiled.with_suffix(f".{os.getpid()}")
    with fresh.open("wb") as file:
        write_mo(file, catalogue)
    fresh.replace(compiled)  # a program that reads meanwhile sees the old or the new, never half
    return len(catalogue)


def _messages_in(path: Path) -> list[Message]:
    with path.open("rb") as file:
        return [message for message in read_po(file, locale="fa", abort_invalid=True) if message.id]


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _wordings(message: Message) -> tuple[str, ...]:
    words = message.string
    return (words,) if isinstance(words, str) else tuple(words or ("",))


def main() -> int:
    try:
        count = compile_wording()
    except WrongWording as mistakes:
        print(f"The Persian wording needs a hand:\n{mistakes}", file=sys.stderr)
        return 1
    print(f"{count} texts in Persian")
    return 0


if __name__ == "__main__":
    sys.exit(main())
