"""The pytest plugin of the conformance kit: which gateways are tested, on what, and the report.

``--gateway SLUG`` chooses gateways, else every installed one is tested that is not historical and
has a simulator. A test that asks for ``bench`` (or ``late_bench``, at a bank whose clock may be put
forward) runs once for each; one that asks for ``step`` too, once for each call of each gateway.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.doors import Door
from payment_gateways.contract import CONTRACT_VERSION, Manifest
from payment_gateways.doors import AdapterRefused, NoSuchAdapter, door_named, load, visit_all
from payment_gateways.kit.bank import Bank, running_bank
from payment_gateways.kit.bench import Bench, LateBench, opened, steps_missing, steps_of

SIMULATORS = "mosharekat.gateway_sims"
TERMINAL = 1
CASES = range(1, 51)

_BENCHES = ("bench", "late_bench")
_WORST_FIRST = ("failed", "skipped", "passed")
_NAMED = pytest.StashKey[Mapping[str, Door]]()
_HOUSE = pytest.StashKey["House"]()


class House:
    """The banks of a test run, each started when it is first asked for, and who is tested there.

    What a gateway can do may depend on its settings, and those come from its simulator: so the
    bank runs before the tests are collected.
    """

    def __init__(self, named: Mapping[str, Door]) -> None:
        self._named = named
        self._open = ExitStack()
        self._banks: dict[str, Bank] = {}
        self._doors: dict[str, Door] = {}
        self._manifests: dict[str, Manifest] = {}

    def bank(self, name: str) -> Bank:
        if name not in self._banks:
            folder = Path(self._open.enter_context(TemporaryDirectory(prefix="gateway-kit-")))
            self._banks[name] = self._open.enter_context(running_bank(folder / "books.sqlite3"))
        return self._banks[name]

    @property
    def doors(self) -> Mapping[str, Door]:
        """The gateways that are tested, by slug, each with the package that offers it."""
        if not self._doors:
            self._doors = dict(self._named or self._installed())
            for slug in self._doors:
                if slug not in self.bank("present").gateways:
                    raise pytest.UsageError(f"the simulator of {slug} could not be loaded")
        return self._doors

    def manifest(self, slug: str) -> Manifest:
        """What a gateway can do with the settings that its simulator gives."""
        if slug not in self._manifests:
            name = self.doors[slug].full_name
            self._manifests[slug] = opened(name, self.bank("present"), TERMINAL).manifest
        return self._manifests[slug]

    def close(self) -> None:
        self._open.close()

    def _installed(self) -> Iterator[tuple[str, Door]]:
        for each in visit_all():
            is_spoken = each.door.slug in self.bank("present").gateways
            if is_spoken and each.manifest is not None and not each.manifest.is_historical:
                yield each.door.slug, each.door


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gateways", "conformance of payment gateways")
    group.addoption(
        "--gateway", action="append", default=[], metavar="SLUG",
        help="test this gateway; may be repeated (default: every installed one)",
    )  # fmt: skip
    group.addoption(
        "--gateway-case", action="append", default=[], type=int, metavar="NUMBER",
        help="run this case only; may be repeated",
    )  # fmt: skip
    group.addoption(
        "--gateway-report", type=Path, metavar="FILE",
        help="write each gateway's cases and results into a JSON file",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "case(*numbers, when='', unless=''): cases of docs/conformance.md that a test belongs to;"
        " it runs for the gateways whose manifest says so",
    )
    names = config.getoption("gateway")
    if names:
        config.stash[_NAMED] = {door.slug: door for door in map(_door, names)}
    wrong = set(config.getoption("gateway_case")) - set(CASES)
    if wrong:
        raise pytest.UsageError(f"--gateway-case: there is no case {', '.join(map(str, wrong))}")
    path = config.getoption("gateway_report")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Report(path))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _HOUSE in config.stash:
        config.stash[_HOUSE].close()


def house_of(config: pytest.Config) -> House:
    """The banks of this run, and the gateways tested at them."""
    if _HOUSE not in config.stash:
        config.stash[_HOUSE] = House(config.stash.get(_NAMED, {}))
    return config.stash[_HOUSE]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    bench = next((name for name in _BENCHES if name in metafunc.fixturenames), None)
    if bench is None:
        return
    house = house_of(metafunc.config)
    slugs = [slug for slug in house.doors if _concerns(metafunc.definition, house.manifest(slug))]
    for name, steps in (("step", steps_of), ("missing_step", steps_missing)):
        if name in metafunc.fixturenames:
            pairs = [(slug, step) for slug in slugs for step in steps(house.manifest(slug))]
            metafunc.parametrize((bench, name), pairs, indirect=[bench])
            return
    metafunc.parametrize(bench, slugs, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    asked = set(config.getoption("gateway_case"))
    kept, left_out = [], []
    for item in items:
        slug = gateway_of(item)
        numbers = cases_of(item)
        if slug is None:
            kept.append(item)
        elif slug not in house_of(config).doors or (asked and not asked & set(numbers)):
            left_out.append(item)  # no gateway that this test concerns, or another case
        else:
            item.user_properties += [("gateway", slug), ("cases", numbers)]
            kept.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def gateway_of(item: pytest.Item) -> str | None:
    """The slug that a test runs for; ``None`` where it is no test of the kit."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return None
    return next((str(callspec.params[name]) for name in _BENCHES if name in callspec.params), None)


def cases_of(item: pytest.Item) -> list[int]:
    """The numbers of the cases that a test belongs to."""
    return sorted({number for mark in item.iter_markers("case") for number in mark.args})


@pytest.fixture(scope="session")
def gateway_house(pytestconfig: pytest.Config) -> House:
    """The banks of this run, and the gateways tested at them."""
    return house_of(pytestconfig)


@pytest.fixture
def bench(request: pytest.FixtureRequest, gateway_house: House) -> Iterator[Bench]:
    """One gateway, opened on the bank of this run."""
    bank = gateway_house.bank("present")
    yield opened(gateway_house.doors[request.param].full_name, bank, TERMINAL)
    bank.mend()


@pytest.fixture
def late_bench(request: pytest.FixtureRequest, gateway_house: House) -> Iterator[Bench]:
    """One gateway, opened on another bank, whose clock the tests may put forward."""
    bank = gateway_house.bank("late")
    yield opened(gateway_house.doors[request.param].full_name, bank, TERMINAL, LateBench)
    bank.mend()


class Report:
    """What became of each case of each gateway, written when the run ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._results: dict[str, dict[int, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said = dict(report.user_properties)
        slug = said.get("gateway")
        if not isinstance(slug, str):
            return
        results = self._results.setdefault(slug, {})
        numbers = said.get("cases")
        for number in numbers if isinstance(numbers, list) else ():
            before = results.get(number, "passed")
            results[number] = min(before, report.outcome, key=_WORST_FIRST.index)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        doors = house_of(session.config).doors
        gateways = [
            sealed(_result(doors[slug], results)) for slug, results in sorted(self._results.items())
        ]
        text = json.dumps({"gateways": gateways}, ensure_ascii=False, indent=2)
        self._path.write_text(text + "\n", "utf-8")


def sealed(content: Mapping[str, object]) -> Mapping[str, object]:
    """The content with the SHA-256 of its compact JSON, keys in order."""
    plain = {name: value for name, value in content.items() if name != "sha256"}
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {**plain, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _result(door: Door, results: Mapping[int, str]) -> Mapping[str, object]:
    is_whole = all(number in results for number in CASES)
    return {
        "gateway": door.slug,
        "distribution": door.package,
        "version": door.version,
        "contract_version": CONTRACT_VERSION,
        "passed": is_whole and set(results.values()) == {"passed"},
        "cases": {str(number): results[number] for number in sorted(results)},
    }


def _door(name: str) -> Door:
    """The gateway that was asked for. Whatever is wrong with it ends the run before it begins."""
    try:
        door = door_named(name)
        load(door)
    except NoSuchAdapter:
        known = ", ".join(sorted({each.door.slug for each in visit_all()}))
        raise pytest.UsageError(f"--gateway: {name} is not one of {known}") from None
    except AdapterRefused as refused:
        raise pytest.UsageError(f"--gateway: {name} {refused.reason.en}") from None
    if door.slug not in {simulator.name for simulator in entry_points(group=SIMULATORS)}:
        raise pytest.UsageError(f"--gateway: {name} has no simulator in the group {SIMULATORS}")
    return door


def _concerns(definition: pytest.Item, manifest: Manifest) -> bool:
    facts = [mark.kwargs for mark in definition.iter_markers("case")]
    return all(
        (not fact.get("when") or bool(getattr(manifest, fact["when"])))
        and (not fact.get("unless") or not getattr(manifest, fact["unless"]))
        for fact in facts
    )
