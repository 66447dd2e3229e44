"""``gateways list|check|sandbox`` and ``payments sweep``."""

from core.words import _
from flows.paying import sweep
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
