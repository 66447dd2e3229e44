"""The mutants as a package that looks installed: nothing but its entry points, on the path."""

from payment_gateways.contract import Manifest
from tests.payment_gateways.mutants import peers

# Each bug, by the name it goes under, and the case of the kit that catches it.
CAUGHT_BY = {
    "takes_verified_for_failed": 5,
    "drops_the_reference": 25,
    "takes_verified_for_cancelled": 6,
    "believes_a_missing_amount": 23,
    "copies_our_amount": 22,
    "calls_all_else_failed": 17,
    "asks_ten_times": 2,
    "sends_again": 8,
    "calls_past_the_transport": 15,
    "stumbles_over_odd_bodies": 16,
    "trusts_the_browser": 27,
    "blames_the_donor": 28,
    "types_loosely": 18,
    "reads_one_spelling": 33,
    "reverses_always": 37,
    "shows_its_secret": 30,
    "shares_its_account": 48,
    "calls_when_built": 49,
}
NAME, VERSION = "gateways-of-peers", "0.1"
CLASSES = {
    value.manifest.slug: value
    for value in vars(peers).values()
    if isinstance(getattr(value, "manifest", None), Manifest) and value.__module__ == peers.__name__
}
# The same three adapters without a bug, with the cases that catch the bugs put into each.
SOUND = {
    slug: {case for bug, case in CAUGHT_BY.items() if CLASSES[bug].__mro__[1] is adapter.__mro__[1]}
    for slug, adapter in CLASSES.items()
    if slug not in CAUGHT_BY
}


def write_package(folder) -> None:
    """Write what pip leaves behind of a package: enough for its entry points to be found."""
    info = folder / f"{NAME.replace('-', '_')}-{VERSION}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n")
    adapters = [f"{slug} = {peers.__name__}:{made.__name__}" for slug, made in CLASSES.items()]
    wires = [f"{slug} = tests.payment_gateways.mutants.wires:{slug}" for slug in CLASSES]
    lines = ["[mosharekat.gateways]", *adapters, "[mosharekat.gateway_sims]", *wires]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
