"""Write ``docs/gateways.md`` from the manifests: what is declared once is told once.

    python -m deploy.gateway_docs

Only the adapters of our own package stand in it; others bring documents of their own.
"""

import sys
from collections.abc import Iterator
from datetime import timedelta
from html import escape
from pathlib import Path

from payment_gateways.contract import Binds, FieldKind, Manifest, Recovery, SettingField
from payment_gateways.doors import visit_all
from payment_gateways.fields import COMMON, HIDDEN_KINDS

PAGE = Path(__file__).parents[1] / "docs" / "gateways.md"
OUR_PACKAGE = "mosharekat"

_HEAD = """\
# Gateways

Made from the manifests of the adapters by `python -m deploy.gateway_docs`; a test says when it is
stale. One section a gateway: what its account must set, and the facts that the core goes by. What
a contract changes (windows, limits, what may be reversed or refunded) is set otherwise in the
table of the account, see [every account](#every-account) and [settings](operations/settings.md).
How to add a gateway: [adapters](adapters.md).

`flask --app wsgi gateways adapters` lists what is installed, with the reason where one is refused;
finance sees the same at `/finance/gateways/adapters`, with a form that writes the table of a new
account.
"""
_EVERY = """\
## Every account

Keys that every table may have. A key may be read from a file (`key_file = "…"`) or filled in from
the environment (`${NAME}`).
"""
_KINDS = {
    FieldKind.TEXT: "text",
    FieldKind.SECRET: "secret",
    FieldKind.URL: "address",
    FieldKind.PEM: "key, secret",
    FieldKind.WHOLE_NUMBER: "whole number",
    FieldKind.YES_NO: "true or false",
}
_BINDS = {
    Binds.REQUEST: "we name it in the confirm call and the bank compares",
    Binds.ANSWER: "the bank's answer carries it and we compare",
    Binds.NOTHING: "not bound",
}
_RECOVERY = {
    Recovery.INQUIRY: "asked for by an inquiry",
    Recovery.CONFIRM: "found out by the confirm call itself",
    Recovery.NONE: "nothing but the browser tells; unconfirmed money goes back by itself",
}


def page() -> str:
    """The whole document."""
    manifests = [
        visited.manifest
        for visited in visit_all()
        if visited.door.package == OUR_PACKAGE and visited.manifest is not None
    ]
    lines = [_HEAD, *_overview(manifests)]
    for manifest in sorted(manifests, key=lambda each: (each.is_aggregator, each.slug)):
        lines += _section(manifest)
    return "\n".join([*lines, _EVERY, *_settings(COMMON)]) + "\n"


def _overview(manifests: list[Manifest]) -> Iterator[str]:
    yield "| gateway | kind | confirm within | reversed within | refunds | recovered |"
    yield "|---|---|---|---|---|---|"
    for manifest in sorted(manifests, key=lambda each: (each.is_aggregator, each.slug)):
        cells = (
            f"[{manifest.slug}](#{_anchor(manifest)})",
            _kind(manifest),
            _span(manifest.confirm_window),
            _span(manifest.reverse_window) if manifest.can_reverse else "–",
            _refunds(manifest),
            manifest.recovers_by.value,
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _section(manifest: Manifest) -> Iterator[str]:
    yield f"## {manifest.name_en}"
    yield ""
    yield f'`adapter = "{manifest.slug}"`: {manifest.name_fa}, {_kind(manifest)}.'
    yield f"Source: {manifest.source}."
    yield ""
    yield from _settings(manifest.settings)
    yield ""
    yield "| fact | value |"
    yield "|---|---|"
    for name, value in _facts(manifest):
        yield f"| {name} | {value} |"
    yield ""


def _facts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    step = manifest.amount_rial_step
    yield (
        "amounts",
        f"{manifest.amount_rial_min:,} to {manifest.amount_rial_max:,} rials"
        + (f", in steps of {step}" if step > 1 else ""),
    )
    yield "binds the amount", _BINDS[manifest.binds_amount]
    yield "binds the order", _BINDS[manifest.binds_order]
    yield "steps", "start, confirm, settle" if manifest.needs_settle else "start, confirm"
    yield "confirm within", _span(manifest.confirm_window)
    yield (
        "unconfirmed money",
        "goes back by itself" if manifest.returns_unconfirmed else "stays at the gateway",
    )
    yield "a browser that never came back", _RECOVERY[manifest.recovers_by]
    yield "inquiry", "yes" if manifest.can_inquire else "no"
    yield (
        "reversal",
        f"whole, within {_span(manifest.reverse_window)}" if manifest.can_reverse else "no",
    )
    yield "refund", _refunds(manifest)
    if manifest.lists_unverified:
        yield "list of unconfirmed payments", "yes"
    yield "server address", "registered at the bank" if manifest.checks_address else "any"
    yield "hosts", ", ".join(f"`{host}`" for host in manifest.base_urls)


def _settings(fields: tuple[SettingField, ...]) -> Iterator[str]:
    yield "| key | meaning | in Persian | kind | default | form |"
    yield "|---|---|---|---|---|---|"
    for asked in fields:
        default = "required" if asked.is_required else _default(asked)
        form = _pattern(asked.pattern) if asked.pattern else ""
        cells = (f"`{asked.name}`", asked.label_en, asked.label_fa, _KINDS[asked.kind], default)
        yield f"| {' | '.join(cells)} | {form} |"
    if any(asked.kind in HIDDEN_KINDS for asked in fields):
        yield ""
        yield "Secrets and keys are masked wherever a call is stored or shown."


def _pattern(pattern: str) -> str:
    """A pattern as a cell of a table, in which a bar would be an edge and ``](`` a link."""
    if "](" in pattern:
        return f"<code>{escape(pattern).replace('|', '&#124;').replace('(', '&#40;')}</code>"
    return f"`{pattern}`".replace("|", "\\|")


def _default(asked: SettingField) -> str:
    if asked.kind is FieldKind.YES_NO:
        return f"`{'true' if asked.default == 'yes' else 'false'}`"
    return f"`{asked.default}`" if asked.default is not None else "–"


def _kind(manifest: Manifest) -> str:
    kind = "aggregator" if manifest.is_aggregator else "bank"
    return f"{kind}, only for earlier payments" if manifest.is_historical else kind


def _refunds(manifest: Manifest) -> str:
    if not manifest.can_refund:
        return "no"
    how = "whole or in part" if manifest.can_refund_part else "whole"
    least = manifest.refund_rial_min
    return f"{how}, from {least:,} rials" if least > 1 else how


def _anchor(manifest: Manifest) -> str:
    """The anchor that the usual renderers give a heading."""
    kept = (letter for letter in manifest.name_en.lower() if letter.isalnum() or letter in " -_")
    return "".join(kept).replace(" ", "-")


def _span(window: timedelta | None) -> str:
    if window is None:
        return "–"
    minutes = int(window.total_seconds()) // 60
    for unit, length in (("day", 1440), ("hour", 60)):
        if minutes % length == 0 and minutes >= length:
            count = minutes // length
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{minutes} minutes"


def main() -> int:
    for visited in visit_all():
        if visited.door.package == OUR_PACKAGE and visited.refusal is not None:
            print(f"{visited.door.slug}: {visited.refusal.en}", file=sys.stderr)
    PAGE.write_text(page(), "utf-8")
    print(f"{PAGE.relative_to(PAGE.parents[1])} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
