"""``gateways list|check|sandbox`` and ``payments sweep``."""

import os
import sys

import click

from core.settings import ROOT
from core.words import _, spoken
from flows.paying import sweep
from payment_gateways.contract import Kind, Outcome
from payment_gateways.registry import Gateway
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
        if not names or name in names
    }
    facts = [
        {"name": name, "ok": said.kind is Kind.DONE, "answer": said.kind, "code": said.bank_code}
        for name, said in outcomes.items()
    ]
    answer(facts, (_told(name, said) for name, said in outcomes.items()), as_json=as_json)
    if any(said.kind is not Kind.DONE for said in outcomes.values()):
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
    """Ask the banks about every open payment whose time has come."""
    done = sweep(current.database, current.gateways, clock=current.now)
    line = _("{swept} payments looked after, {confirmed} confirmed, {open} still open").format(
        swept=done.swept, confirmed=done.confirmed, open=done.open
    )
    facts = {"swept": done.swept, "confirmed": done.confirmed, "open": done.open}
    answer(facts, [line], as_json=as_json)


def _facts(gateway: Gateway) -> dict[str, object]:
    return {
        "name": gateway.name,
        "adapter": gateway.slug,
        "state": "enabled" if gateway.is_enabled else "disabled",
        "terminal": gateway.terminal,
        "account": gateway.account,
        "title_fa": gateway.title_fa,
        "title_en": gateway.title_en,
        "hosts": list(gateway.hosts),
    }


def _line(gateway: Gateway) -> str:
    state = _("offered to donors") if gateway.is_enabled else _("not offered")
    return f"{gateway.name}\t{gateway.slug}\t{gateway.terminal}\t{gateway.account}\t{state}"


def _told(name: str, said: Outcome) -> str:
    if said.kind is Kind.DONE:
        return f"✓ {name}"
    why = (said.reason_fa if spoken() == "fa" else said.reason_en) or said.kind.value
    return f"✗ {name}: {why} {said.bank_code}".rstrip()
