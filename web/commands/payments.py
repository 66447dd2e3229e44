"""``gateways list|adapters|check|resume|sandbox`` and ``payments sweep``."""

import os
import sys

import click

from core.settings import ROOT
from core.words import _, spoken
from flows.refunding import sweep_refunds
from flows.sweeping import sweep
from flows.watching import check_and_let_back
from payment_gateways.contract import Kind, Outcome
from payment_gateways.doors import Visited, visit_all
from payment_gateways.registry import Gateway, accounts_of
from web.commands.frame import CommandGroup, answer, as_json
from web.services import current

gateways = CommandGroup("gateways", help="The payment gateways of this installation.")
payments = CommandGroup("payments", help="Payments that are under way.")


@gateways.command("list")
@as_json
def list_gateways(*, as_json: bool) -> None:
    """Show every gateway account, by the name of its table in the file of accounts."""
    facts = [_facts(gateway) for gateway in current.gateways.values()]
    answer(facts, (_line(gateway) for gateway in current.gateways.values()), as_json=as_json)


@gateways.command("adapters")
@as_json
def list_adapters(*, as_json: bool) -> None:
    """Show every adapter that is installed, with its package, and why one is refused."""
    visited = visit_all()
    facts = [_facts_of_adapter(each) for each in visited]
    answer(facts, (_line_of_adapter(each) for each in visited), as_json=as_json)


@gateways.command("check")
@click.argument("names", nargs=-1)
@as_json
def check(names: tuple[str, ...], *, as_json: bool) -> None:
    """Ask each gateway, or those named, whether it lets us in. No money is moved."""
    unknown = sorted(set(names) - current.gateways.keys())
    if unknown:
        raise click.UsageError(_("There is no gateway {name}.").format(name=unknown[0]))
    outcomes = {
        name: gateway.adapter.check()
        for name, gateway in current.gateways.items()
        if name in names or (not names and gateway.is_open)
    }
    facts = [
        {"name": name, "ok": said.kind is Kind.DONE, "answer": said.kind, "code": said.bank_code}
        for name, said in outcomes.items()
    ]
    answer(facts, (_told(name, said) for name, said in outcomes.items()), as_json=as_json)
    if any(said.kind is not Kind.DONE for said in outcomes.values()):
        sys.exit(1)


@gateways.command("resume")
@click.argument("name")
@as_json
def resume(name: str, *, as_json: bool) -> None:
    """Ask a gateway that was taken out whether it lets us in; if it does, let it back."""
    said = check_and_let_back(
        current.database, current.gateways, name, staff_id=None, clock=current.now
    )
    is_back = said.kind not in (Kind.UNKNOWN, Kind.CONFIG_ERROR)
    facts = {"name": name, "ok": is_back, "answer": said.kind, "code": said.bank_code}
    answer(facts, [_told(name, said)], as_json=as_json)
    if not is_back:
        sys.exit(1)


@gateways.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=9001, show_default=True)
def sandbox(port: int) -> None:
    """Become the sandbox bank: a program of its own, which shares nothing with this one."""
    if current.settings.is_public:
        raise click.ClickException(_("The sandbox bank does not serve a public installation."))
    state = current.settings.instance_dir / "sandbox-bank.sqlite3"
    program = ["-m", "payment_gateways.sandbox", "--port", str(port), "--state", str(state)]
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *program])  # noqa: S606  our own interpreter


@payments.command("sweep")
@as_json
def sweep_payments(*, as_json: bool) -> None:
    """Ask the banks about every open payment and refund whose time has come."""
    done = sweep(current.database, current.gateways, clock=current.now)
    sweep_refunds(current.database, current.gateways, clock=current.now)
    line = _("{swept} payments looked after, {confirmed} confirmed, {open} still open").format(
        swept=done.swept, confirmed=done.confirmed, open=done.open
    )
    facts = {"swept": done.swept, "confirmed": done.confirmed, "open": done.open}
    answer(facts, [line], as_json=as_json)


def _facts(gateway: Gateway) -> dict[str, object]:
    return {
        "name": gateway.name,
        "adapter": gateway.slug,
        "state": _state(gateway),
        "terminal": gateway.terminal,
        "account": gateway.account,
        "title_fa": gateway.title_fa,
        "title_en": gateway.title_en,
        "hosts": list(gateway.hosts),
        "province": gateway.province,
        "campaign": gateway.campaign,
        "may_refund": gateway.may_refund,
        "may_reverse": gateway.may_reverse,
        "refund_rial_min": gateway.refund_rial_min if gateway.may_refund else None,
        "refund_rial_max": gateway.refund_rial_max if gateway.may_refund else None,
        "amount_rial_min": gateway.manifest.amount_rial_min,
        "amount_rial_max": gateway.manifest.amount_rial_max,
        "is_aggregator": gateway.manifest.is_aggregator,
        "is_historical": gateway.manifest.is_historical,
        "breaker_failures": gateway.breaker_failures,
        "breaker_rest_seconds": gateway.breaker_rest_seconds,
        "reason_fa": gateway.refusal.fa if gateway.refusal else None,
        "reason_en": gateway.refusal.en if gateway.refusal else None,
    }


def _line(gateway: Gateway) -> str:
    state = _("offered to donors") if gateway.is_enabled else _("not offered")
    if gateway.refusal is not None:
        state = _("closed: {reason}").format(reason=gateway.refusal.told(spoken()))
    return f"{gateway.name}\t{gateway.slug}\t{gateway.terminal}\t{gateway.account}\t{state}"


def _state(gateway: Gateway) -> str:
    if not gateway.is_open:
        return "closed"
    return "enabled" if gateway.is_enabled else "disabled"


def _facts_of_adapter(visited: Visited) -> dict[str, object]:
    manifest, reason = visited.manifest, visited.refusal
    return {
        "slug": visited.door.slug,
        "state": "refused" if manifest is None else "loaded",
        "package": visited.door.package,
        "version": visited.door.version,
        "contract_version": manifest.contract_version if manifest else None,
        "name_fa": manifest.name_fa if manifest else None,
        "name_en": manifest.name_en if manifest else None,
        "is_aggregator": manifest.is_aggregator if manifest else None,
        "is_historical": manifest.is_historical if manifest else None,
        "accounts": accounts_of(visited.door, current.gateways),
        "reason_fa": reason.fa if reason else None,
        "reason_en": reason.en if reason else None,
    }


def _line_of_adapter(visited: Visited) -> str:
    door, manifest = visited.door, visited.manifest
    package = f"{door.package} {door.version}"
    if visited.refusal is not None:
        reason = visited.refusal.told(spoken())
        return f"✗ {door.slug}\t{package}\t{_('refused: {reason}').format(reason=reason)}"
    name = "" if manifest is None else manifest.name_fa if spoken() == "fa" else manifest.name_en
    return f"✓ {door.slug}\t{package}\t{name}"


def _told(name: str, said: Outcome) -> str:
    if said.kind is Kind.DONE:
        return f"✓ {name}"
    why = (said.reason_fa if spoken() == "fa" else said.reason_en) or said.kind.value
    return f"✗ {name}: {why} {said.bank_code}".rstrip()
