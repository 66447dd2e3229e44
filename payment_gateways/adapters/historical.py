"""Gateways whose service has ended: their payments stay readable, and nothing new begins.

Source: both services stopped answering, and payment libraries took them out in 1403 and 1404. An
adapter here is nothing but a name and a reason; it calls nobody.
"""

from collections.abc import Mapping
from datetime import timedelta

from payment_gateways.closed import ReasonGiver
from payment_gateways.contract import Binds, Manifest, Recovery, SettingField
from payment_gateways.reasons import Reason
from payment_gateways.transport import Transport


class Historical(ReasonGiver):
    """One account at a gateway that is closed."""

    manifest: Manifest
    reason = Reason("این درگاه تعطیل شده است", "this gateway is closed")

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings.get("terminal_id") or self.manifest.slug

    def __repr__(self) -> str:
        return f"{type(self).__name__}(terminal={self.terminal!r})"


def _facts(
    slug: str, name_fa: str, name_en: str, *, confirm_window: timedelta, amounts: tuple[int, int]
) -> Manifest:
    """The facts about a closed gateway, as they were; no address, since no page leads there."""
    smallest, largest = amounts
    return Manifest(
        slug=slug,
        name_fa=name_fa,
        name_en=name_en,
        settings=(
            SettingField(
                "terminal_id",
                "شماره پایانه",
                "terminal number",
                is_required=False,
                pattern=r"[\w-]{1,64}",
            ),
        ),
        base_urls=(),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.ANSWER,
        needs_settle=False,
        can_inquire=False,
        can_reverse=False,
        recovers_by=Recovery.NONE,
        confirm_window=confirm_window,
        reverse_window=None,
        returns_unconfirmed=True,
        amount_rial_min=smallest,
        amount_rial_max=largest,
        source="the last documentation before the service ended; IDPay's window assumed",
        is_aggregator=True,
        is_historical=True,
    )


class IdPay(Historical):
    """An account at IDPay, whose service has ended."""

    manifest = _facts(
        "idpay",
        "آیدی‌پی",
        "IDPay",
        confirm_window=timedelta(minutes=10),
        amounts=(1_000, 500_000_000),
    )


class PayIr(Historical):
    """An account at Pay.ir, whose service has ended."""

    manifest = _facts(
        "payir",
        "پی",
        "Pay.ir",
        confirm_window=timedelta(minutes=30),
        amounts=(10_000, 500_000_000),
    )
