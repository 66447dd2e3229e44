"""Readers of other packages: found by entry point, refused alone, asked in a declared order."""

from io import BytesIO

import pytest

from core.doors import doors_of
from core.refusals import Refusal
from reconciliation.statements import doors
from reconciliation.statements.contract import CONTRACT_VERSION, Breadth, Wanted
from reconciliation.statements.recognise import InTurn, reader_for
from tests.reconciliation.bank import Booking, as_csv, cells
from tests.reconciliation.statement_files import Moved, as_bai2, as_camt, as_mt940, as_ofx

GIVEN = ("mellat-xlsx", "csv", "mt940", "camt053", "ofx", "bai2")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install packages, each with one reader of this name, as pip would."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name, text, *, packages=("other",)):
        for package in packages:
            module = f"{package}_{tmp_path.name}".replace("-", "_")
            (tmp_path / f"{module}.py").write_text(text, "utf-8")
            folder = tmp_path / f"{package}-1.0.dist-info"
            folder.mkdir()
            (folder / "METADATA").write_text(f"Name: {package}\nVersion: 1.0\n", "utf-8")
            points = f"[{doors.GROUP}]\n{name} = {module}:Reader\n"
            (folder / "entry_points.txt").write_text(points, "utf-8")
        doors_of.cache_clear()
        return {visited.door.slug: visited for visited in doors.visit_all()}

    yield install
    doors_of.cache_clear()


def source(name="other-bank", version=CONTRACT_VERSION, breadth="Breadth.LAYOUT", more=""):
    return (
        "from reconciliation.statements.contract import Breadth\n"
        f"class Reader:\n    name = {name!r}\n    contract_version = {version}\n"
        f"    breadth = {breadth}\n"
        "    def recognises(self, head): return head.startswith(b'OTHER')\n"
        f"    def open(self, file, wanted): return 'read'\n{more}"
    )


@pytest.mark.parametrize("name", GIVEN)
def test_every_format_that_is_promised_has_its_door(name):
    (visited,) = [each for each in doors.visit_all() if each.door.slug == name]

    assert visited.refusal is None


def test_a_reader_of_another_package_reads_its_files(installed):
    installed("other-bank", source())

    assert reader_for(BytesIO(b"OTHER 5")).open(BytesIO(), Wanted("90190")) == "read"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_module", "no_such_module"),
        ("raise SystemExit(3)", "SystemExit"),
        (source(name="another"), "another"),
        (source(version=CONTRACT_VERSION - 1), "version 1"),
        (source(version=None), "version None"),
        (source(breadth="2"), "breadth"),
        ("Reader = 5", "TypeError"),
    ],
    ids=["missing", "exits", "misnamed", "old", "ancient", "no breadth", "no class"],
)
def test_a_reader_that_cannot_be_used_is_refused_alone_with_its_reason(installed, text, said):
    visited = installed("other-bank", text)

    assert said in visited["other-bank"].refusal.en
    assert visited["other-bank"].refusal.fa
    assert all(visited[name].reader is not None for name in GIVEN)


def test_of_two_packages_with_one_name_neither_is_taken(installed):
    visited = installed("other-bank", source(), packages=("other", "third"))

    assert "third" in visited["other-bank"].refusal.en
    with pytest.raises(Refusal):
        reader_for(BytesIO(b"OTHER"))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (as_mt940([Moved(1)]), "mt940"),
        (as_camt([Moved(1)]), "camt053"),
        (as_ofx([Moved(1)]), "ofx"),
        (as_bai2([Moved(1)]), "bai2"),
        (as_csv(cells([Booking(5)])), "csv"),
    ],
)
def test_a_file_is_read_by_the_narrowest_that_knows_it(data, name):
    file = BytesIO(data)

    assert reader_for(file).open(file, Wanted("90190")).format == name
    file.seek(0)
    assert reader_for(file, name).open(file, Wanted("90190")).format == name


def test_a_file_that_is_not_what_was_asked_for_is_refused():
    with pytest.raises(Refusal) as refused:
        reader_for(BytesIO(as_ofx([Moved(1)])), "mt940")

    assert refused.value.code == "statement.unknown_format"
    assert set(GIVEN) <= set(refused.value.details["readable"].split(", "))


def test_the_narrower_goes_first_and_hands_on_what_it_cannot_read():
    class Narrow:
        name, breadth = "narrow", Breadth.LAYOUT

        def open(self, file, wanted):
            return reader_for(BytesIO(b"nothing"))  # raises UnknownFormat

    class Wide(Narrow):
        name, breadth = "wide", Breadth.TABLE

        def open(self, file, wanted):
            return "wide"

    assert InTurn([Narrow(), Wide()]).open(BytesIO(), Wanted("90190")) == "wide"
