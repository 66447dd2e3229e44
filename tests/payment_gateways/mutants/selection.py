"""A pytest plugin that runs each mutant against the cases that ought to catch it, and no others."""

from payment_gateways.kit.plugin import cases_of, gateway_of
from tests.payment_gateways.mutants.package import CAUGHT_BY, SOUND


def pytest_collection_modifyitems(config, items):
    kept = [item for item in items if _cases_wanted(gateway_of(item)) & set(cases_of(item))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _cases_wanted(slug):
    return SOUND.get(slug) or {CAUGHT_BY.get(slug)}
