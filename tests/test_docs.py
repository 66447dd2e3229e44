"""What the documents say is what the code does: pictures, tables, settings, names, links."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.settings import ROOT, Settings
from donations.models.payment import NEXT_STATES, PaymentState
from flows.events import FOLLOWS
from flows.jobs import PERIODIC
from ledger.accounts import AccountKind
from migrations.tables import METADATA

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
ARCHITECTURE = (DOCS / "architecture.md").read_text("utf-8")

_FRAME = re.compile(r"state (\w+) \{([^}]*)\}")
_ARROW = re.compile(r"^ +(\w+) --> (\w+)$", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")


def frames_in(picture: str) -> Mapping[str, list[str]]:
    """The frames of a Mermaid picture and the states inside each."""
    return {name: inside.split() for name, inside in _FRAME.findall(picture)}


def arrows_in(picture: str) -> Iterator[tuple[str, str]]:
    """The arrows of a picture; one at a frame holds for every state inside."""
    frames = frames_in(picture)
    for before, after in _ARROW.findall(picture):
        for one in frames.get(before, [before]):
            yield from ((one, other) for other in frames.get(after, [after]))


def arrows_of_the_table() -> set[tuple[str, str]]:
    return {(before.value, after.value) for before, reach in NEXT_STATES.items() for after in reach}


def rows_under(heading: str, text: str) -> list[list[str]]:
    """The cells of the rows of the tables in one section, headings left out."""
    section = text.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    rows = [line.strip()[1:-1].split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows]


def test_the_picture_of_a_payment_is_the_table_of_its_arrows():
    drawn = list(arrows_in(ARCHITECTURE))

    assert set(drawn) == arrows_of_the_table()
    assert len(drawn) == len(set(drawn))


@pytest.mark.parametrize(
    "change",
    [
        ("    asked --> mismatch\n", ""),
        ("    settled --> reversed\n", "    settled --> failed\n"),
        ("        expired\n    }", "    }"),
    ],
    ids=["an arrow is missing", "an arrow leads elsewhere", "a frame has lost a state"],
)
def test_a_picture_that_differs_is_noticed(change):
    picture = ARCHITECTURE.replace(*change)

    assert picture != ARCHITECTURE
    assert set(arrows_in(picture)) != arrows_of_the_table()


def test_every_state_of_a_payment_is_in_the_picture():
    drawn = {state for arrow in arrows_in(ARCHITECTURE) for state in arrow}

    assert drawn == {state.value for state in PaymentState}


def test_what_follows_from_an_event_is_what_the_page_says():
    told = {
        row[0].strip("`"): tuple(re.findall(r"`(\w+)`", row[1]))
        for row in rows_under("What follows from what", ARCHITECTURE)
        if row[0].startswith("`")
    }

    assert told == {happening.value: jobs for happening, jobs in FOLLOWS.items()}
    assert all(f"`{each.kind}`" in ARCHITECTURE for each in PERIODIC)


def test_every_kind_of_account_is_explained():
    named = {
        name.split(":")[0]
        for row in rows_under("The books", ARCHITECTURE)
        for name in re.findall(r"`([\w:-]+)`", row[0])
    }

    assert named >= {kind.value for kind in AccountKind}


def test_every_table_has_its_word_in_the_glossary():
    named = set(re.findall(r"`(\w+)`", (DOCS / "glossary.md").read_text("utf-8")))

    assert set(METADATA.tables) - named == set()


def test_every_setting_is_described_with_its_default():
    rows = rows_under("The program", (DOCS / "operations/settings.md").read_text("utf-8"))
    told = {row[0].strip("`"): row[1].strip("`") for row in rows}
    fields = Settings.model_fields

    assert {name.lower() for name in told if name.isupper()} == set(fields)
    plain = {
        name.upper(): str(field.default)
        for name, field in fields.items()
        if isinstance(field.default, str | int | float) and field.default != ""
    }
    assert plain.items() <= told.items()


def test_every_decision_is_listed():
    kept = {path.name for path in (DOCS / "adr").glob("0*.md")}

    assert set(_LINK.findall((DOCS / "adr/README.md").read_text("utf-8"))) == kept


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_of_a_page_leads_nowhere(page: Path):
    broken = [
        link for link in _LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()
    ]

    assert broken == []


def test_every_command_in_the_pages_exists(app):
    named = {
        tuple(words.split())
        for page in PAGES
        for words in re.findall(r"flask --app wsgi ([a-z-]+ [a-z]+)", page.read_text("utf-8"))
    }

    known = {
        (group, name)
        for group, commands in app.cli.commands.items()
        for name in getattr(commands, "commands", {})
    }
    assert named
    assert named - known == set()
