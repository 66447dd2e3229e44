"""Adapters with a bug each, all of them bugs that were found in other projects' gateways.

Each is one of ours with one thing changed, offered under a name of its own by a package that looks
installed (``package.py``). ``test_mutants.py`` names the case of the kit that catches it.
"""

import json
import re
from dataclasses import replace

import requests

from payment_gateways.adapters.mellat import Mellat
from payment_gateways.adapters.zarinpal import Zarinpal
from payment_gateways.adapters.zibal import Zibal
from payment_gateways.contract import Kind, Outcome
from payment_gateways.kit.oracle import PAID
from payment_gateways.transport import Reply, Silence

CALLS = 4


class SoundMellat(Mellat):
    """No bug: what is caught below is caught for its bug alone."""

    manifest = replace(Mellat.manifest, slug="sound_mellat")


class SoundZarinpal(Zarinpal):
    manifest = replace(Zarinpal.manifest, slug="sound_zarinpal")


class SoundZibal(Zibal):
    manifest = replace(Zibal.manifest, slug="sound_zibal")


class TakesVerifiedForFailed(Zarinpal):
    """101, "already verified", is a failure to it."""

    manifest = replace(Zarinpal.manifest, slug="takes_verified_for_failed")

    def confirm(self, stored):
        outcome = super().confirm(stored)
        if outcome.kind is Kind.ALREADY_CONFIRMED:
            return replace(outcome, kind=Kind.NOT_PAID)
        return outcome


class DropsTheReference(Zarinpal):
    manifest = replace(Zarinpal.manifest, slug="drops_the_reference")

    def confirm(self, stored):
        return replace(super().confirm(stored), bank_reference=None, trace_number=None)


class TakesVerifiedForCancelled(Zibal):
    """201, "already verified", is a cancelled payment to it."""

    manifest = replace(Zibal.manifest, slug="takes_verified_for_cancelled")

    def confirm(self, stored):
        outcome = super().confirm(stored)
        if outcome.kind is Kind.ALREADY_CONFIRMED:
            return Outcome(Kind.NOT_PAID, bank_code="201")
        return outcome


class BelievesAMissingAmount(Zibal):
    """Where the answer names no amount, ours is taken."""

    manifest = replace(Zibal.manifest, slug="believes_a_missing_amount")

    def confirm(self, stored):
        outcome = super().confirm(stored)
        if outcome.evidence.get("missing") == "amount":
            return replace(outcome, kind=Kind.CONFIRMED, amount_rial=stored.amount_rial)
        return outcome


class CopiesOurAmount(Zibal):
    """Whatever amount the answer names, ours is handed back."""

    manifest = replace(Zibal.manifest, slug="copies_our_amount")

    def confirm(self, stored):
        outcome = super().confirm(stored)
        if outcome.kind in PAID:
            return replace(outcome, amount_rial=stored.amount_rial)
        return outcome


class CallsAllElseFailed(Zibal):
    """What is not clear is a failed payment."""

    manifest = replace(Zibal.manifest, slug="calls_all_else_failed")

    def confirm(self, stored):
        outcome = super().confirm(stored)
        return replace(outcome, kind=Kind.NOT_PAID) if outcome.kind is Kind.UNKNOWN else outcome


class AsksTenTimes(Zarinpal):
    """Toman and rial are taken for each other."""

    manifest = replace(Zarinpal.manifest, slug="asks_ten_times")

    def start(self, intent):
        return super().start(replace(intent, amount_rial=intent.amount_rial * 10))

    def confirm(self, stored):
        return super().confirm(replace(stored, amount_rial=stored.amount_rial * 10))


class Again:
    """A transport that sends a call again until somebody answers."""

    def __init__(self, net):
        self.net = net

    def call(self, *what, **more):
        for _ in range(CALLS):
            answer = self.net.call(*what, **more)
            if not isinstance(answer, Silence) and answer.status < 500:
                return answer
        return answer


class SendsAgain(Zarinpal):
    manifest = replace(Zarinpal.manifest, slug="sends_again")

    def __init__(self, settings, net, base_url=None):
        super().__init__(settings, Again(net), base_url)


class PastEverything:
    """A transport that is none: redirects are followed, nothing is bounded, nothing is kept."""

    def call(self, method, url, body=b"", *, operation, headers):
        answer = requests.request(method, url, data=body, headers=dict(headers))  # noqa: S113
        return Reply(answer.status_code, answer.content)


class CallsPastTheTransport(Zarinpal):
    manifest = replace(Zarinpal.manifest, slug="calls_past_the_transport")

    def __init__(self, settings, net, base_url=None):
        super().__init__(settings, PastEverything(), base_url)


class Careless:
    """Reads every answer as if it had the shape of the guide's example."""

    def __init__(self, net):
        self.net = net

    def call(self, *what, **more):
        answer = self.net.call(*what, **more)
        if isinstance(answer, Reply) and answer.status == 200:
            json.loads(answer.body).get("data")
        return answer


class StumblesOverOddBodies(Zarinpal):
    manifest = replace(Zarinpal.manifest, slug="stumbles_over_odd_bodies")

    def __init__(self, settings, net, base_url=None):
        super().__init__(settings, Careless(net), base_url)


class TrustsTheBrowser(Mellat):
    """Who brings a reference has paid."""

    manifest = replace(Mellat.manifest, slug="trusts_the_browser")

    def confirm(self, stored):
        outcome = super().confirm(stored)
        if stored.bank_reference and outcome.kind is Kind.NOT_FOUND:
            return Outcome(Kind.CONFIRMED, bank_reference=stored.bank_reference)
        return outcome


class BlamesTheDonor(Mellat):
    """A wrong password of ours is a failed payment of theirs."""

    manifest = replace(Mellat.manifest, slug="blames_the_donor")

    def confirm(self, stored):
        outcome = super().confirm(stored)
        if outcome.kind is Kind.CONFIG_ERROR:
            return replace(outcome, kind=Kind.NOT_PAID)
        return outcome


class Loose:
    """Takes the digits out of every number, wherever the point stood."""

    def __init__(self, net):
        self.net = net

    def call(self, *what, **more):
        answer = self.net.call(*what, **more)
        if not isinstance(answer, Reply):
            return answer
        body = re.sub(rb"(\d+)\.(\d+)", rb"\1\2", answer.body)
        return replace(answer, body=body)


class TypesLoosely(Zibal):
    manifest = replace(Zibal.manifest, slug="types_loosely")

    def __init__(self, settings, net, base_url=None):
        super().__init__(settings, Loose(net), base_url)


class ReadsOneSpelling(Mellat):
    """The names of the returned fields are known in one spelling only."""

    manifest = replace(Mellat.manifest, slug="reads_one_spelling")
    spelling = frozenset({"RefId", "ResCode", "SaleOrderId", "SaleReferenceId", "FinalAmount"})

    def read_return(self, method, query, form, body):
        fields = {name: text for name, text in {**query, **form}.items() if name in self.spelling}
        return super().read_return(method, {}, fields, b"")


class ReversesAlways(Mellat):
    """Whatever the bank says to a reversal, the money is said to be back."""

    manifest = replace(Mellat.manifest, slug="reverses_always")

    def reverse(self, stored):
        return replace(super().reverse(stored), kind=Kind.DONE)


class ShowsItsSecret(Zarinpal):
    manifest = replace(Zarinpal.manifest, slug="shows_its_secret")

    def __init__(self, settings, net, base_url=None):
        super().__init__(settings, net, base_url)
        self.settings = settings

    def __repr__(self):
        return f"Zarinpal({self.settings})"


class SharesItsAccount(Zarinpal):
    """The account that was opened last is everybody's."""

    manifest = replace(Zarinpal.manifest, slug="shares_its_account")

    def __setattr__(self, name, value):
        if name == "_merchant":
            setattr(type(self), name, value)
        else:
            super().__setattr__(name, value)


class CallsWhenBuilt(Zarinpal):
    manifest = replace(Zarinpal.manifest, slug="calls_when_built")

    def __init__(self, settings, net, base_url=None):
        super().__init__(settings, net, base_url)
        self.check()
