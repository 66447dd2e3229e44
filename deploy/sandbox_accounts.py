"""The demo's file of accounts: one terminal at every gateway that the sandbox bank speaks."""

import json
from collections.abc import Iterator, Mapping

from payment_gateways.contract import Manifest
from payment_gateways.doors import visit_all
from payment_gateways.sandbox.wire import Wire, load_wires

_HEAD = """\
# The terminals of the sandbox bank, in the order in which donors are offered them. Every key is
# explained in docs/operations/settings.md, those of each gateway in docs/gateways.md.
"""
# Banks first; what is not named here follows by name.
_ORDER = (
    "mellat",
    "sep",
    "sadad",
    "parsian",
    "pasargad",
    "irankish",
    "asan_pardakht",
    "sepehr",
    "zarinpal",
)
# The statement names a terminal by its number. Where that is the beginning of a key, it is chosen
# so that it reads as one and no two are the same.
_NUMBERS = {"zarinpal": 0x7002, "zibal": 0x7003, "vandar": 0x7004, "nextpay": 0x7005}
# As people call the banks; their payment companies have longer names.
_TITLES = {
    "mellat": ("بانک ملت", "Bank Mellat"),
    "sep": ("بانک سامان", "Saman Bank"),
    "sadad": ("بانک ملی (سداد)", "Bank Melli (Sadad)"),
    "parsian": ("بانک پارسیان", "Parsian Bank"),
    "pasargad": ("بانک پاسارگاد", "Bank Pasargad"),
    "irankish": ("ایران‌کیش", "IranKish"),
    "asan_pardakht": ("آسان‌پرداخت (آپ)", "Asan Pardakht"),
    "sepehr": ("بانک صادرات (سپهر)", "Bank Saderat (Sepehr)"),
}
_MELLAT = {"terminal_id": "7001", "username": "sandbox", "password": "sandbox"}


def accounts_file(sandbox_url: str) -> str:
    """The text of the file, for a sandbox bank at this address."""
    manifests = {each.door.slug: each.manifest for each in visit_all() if each.manifest}
    wires = load_wires()
    slugs = sorted(wires.keys() & manifests.keys(), key=_place)
    tables = [
        "\n".join(_table(manifests[slug], _settings(wires[slug]), sandbox_url)) for slug in slugs
    ]
    return "\n".join([_HEAD, *tables])


def _settings(wire: Wire) -> Mapping[str, str]:
    return _MELLAT if wire.slug == "mellat" else wire.settings(_NUMBERS.get(wire.slug, 1))


def _table(manifest: Manifest, settings: Mapping[str, str], sandbox_url: str) -> Iterator[str]:
    yield f"[{manifest.slug.replace('_', '-')}-main]"
    yield f'adapter = "{manifest.slug}"'
    for name, value in settings.items():
        yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    yield f'base_url = "{sandbox_url}"'
    yield 'account = "90190"'
    if manifest.slug in _TITLES:
        title_fa, title_en = _TITLES[manifest.slug]
        yield f'title_fa = "{title_fa}"'
        yield f'title_en = "{title_en}"'
    if manifest.is_aggregator:
        yield "allow_aggregator = true"
    if manifest.can_refund:
        yield "may_refund = true"
    yield ""


def _place(slug: str) -> tuple[int, str]:
    return (_ORDER.index(slug) if slug in _ORDER else len(_ORDER), slug)
