"""The stand-in of a gateway that cannot be opened: its payments stay readable, nobody is called.

Whoever asks it is told that the mistake is ours to mend, which leaves every payment as it is: a
refusal would say that the bank itself declines.
"""

from collections.abc import Mapping
from datetime import timedelta

from payment_gateways.contract import (
    Binds,
    Claim,
    Hint,
    Kind,
    Manifest,
    Outcome,
    PaymentIntent,
    Recovery,
    Refund,
    StoredPayment,
    UnverifiedList,
)
from payment_gateways.reasons import Reason


class ReasonGiver:
    """Answers every call of the contract with the reason why nobody is called."""

    reason: Reason

    def start(self, intent: PaymentIntent) -> Outcome:
        return self._said(Kind.REFUSED)

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        return Hint(Claim.UNCLEAR)

    def confirm(self, stored: StoredPayment) -> Outcome:
        return self._said(Kind.CONFIG_ERROR)

    def settle(self, stored: StoredPayment) -> Outcome:
        return self._said(Kind.CONFIG_ERROR)

    def recover(self, stored: StoredPayment) -> Outcome:
        return self._said(Kind.CONFIG_ERROR)

    def inquire(self, stored: StoredPayment) -> Outcome:
        return self._said(Kind.CONFIG_ERROR)

    def reverse(self, stored: StoredPayment) -> Outcome:
        return self._said(Kind.REFUSED)

    def refund(self, stored: StoredPayment, refund: Refund) -> Outcome:
        return self._said(Kind.REFUSED)

    def refund_status(self, stored: StoredPayment, refund: Refund) -> Outcome:
        return self._said(Kind.CONFIG_ERROR)

    def list_unverified(self) -> UnverifiedList:
        return UnverifiedList(self._said(Kind.CONFIG_ERROR))

    def check(self) -> Outcome:
        return self._said(Kind.CONFIG_ERROR)

    def _said(self, kind: Kind) -> Outcome:
        return Outcome(kind, reason_fa=self.reason.fa, reason_en=self.reason.en)


class ClosedAdapter(ReasonGiver):
    """An account whose gateway cannot be opened."""

    def __init__(self, name: str, reason: Reason, *, slug: str = "", terminal: str = "") -> None:
        self.terminal = terminal
        self.manifest = _manifest(slug or name, name)
        self.reason = reason

    def __repr__(self) -> str:
        return f"ClosedAdapter({self.manifest.slug!r})"


def _manifest(slug: str, name: str) -> Manifest:
    """No abilities. Recovery is by inquiry, so that no payment ends because nobody can be asked."""
    return Manifest(
        slug=slug,
        name_fa=name,
        name_en=name,
        settings=(),
        base_urls=(),
        binds_amount=Binds.NOTHING,
        binds_order=Binds.NOTHING,
        needs_settle=False,
        can_inquire=False,
        can_reverse=False,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(days=1),
        reverse_window=None,
        returns_unconfirmed=False,
        amount_rial_min=1,
        amount_rial_max=1,
        source="no adapter",
    )
