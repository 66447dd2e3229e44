"""The simulators of the adapters in ``peers``: their parents' wires, under the mutants' names."""

from functools import partial

from payment_gateways.sandbox.wires.mellat import MellatWire
from payment_gateways.sandbox.wires.zarinpal import ZarinpalWire
from payment_gateways.sandbox.wires.zibal import ZibalWire


class Alias:
    """Tells of a gateway under another name; the calls themselves its own wire answers."""

    def __init__(self, slug, wire):
        self.slug = slug
        self._own = wire()

    def __getattr__(self, name):
        return getattr(self._own, name)

    def operation(self, request):
        return None

    def page_token(self, request):
        return None


sound_mellat = partial(Alias, "sound_mellat", MellatWire)
sound_zarinpal = partial(Alias, "sound_zarinpal", ZarinpalWire)
sound_zibal = partial(Alias, "sound_zibal", ZibalWire)
takes_verified_for_failed = partial(Alias, "takes_verified_for_failed", ZarinpalWire)
drops_the_reference = partial(Alias, "drops_the_reference", ZarinpalWire)
takes_verified_for_cancelled = partial(Alias, "takes_verified_for_cancelled", ZibalWire)
believes_a_missing_amount = partial(Alias, "believes_a_missing_amount", ZibalWire)
copies_our_amount = partial(Alias, "copies_our_amount", ZibalWire)
calls_all_else_failed = partial(Alias, "calls_all_else_failed", ZibalWire)
asks_ten_times = partial(Alias, "asks_ten_times", ZarinpalWire)
sends_again = partial(Alias, "sends_again", ZarinpalWire)
calls_past_the_transport = partial(Alias, "calls_past_the_transport", ZarinpalWire)
stumbles_over_odd_bodies = partial(Alias, "stumbles_over_odd_bodies", ZarinpalWire)
trusts_the_browser = partial(Alias, "trusts_the_browser", MellatWire)
blames_the_donor = partial(Alias, "blames_the_donor", MellatWire)
types_loosely = partial(Alias, "types_loosely", ZibalWire)
reads_one_spelling = partial(Alias, "reads_one_spelling", MellatWire)
reverses_always = partial(Alias, "reverses_always", MellatWire)
shows_its_secret = partial(Alias, "shows_its_secret", ZarinpalWire)
shares_its_account = partial(Alias, "shares_its_account", ZarinpalWire)
calls_when_built = partial(Alias, "calls_when_built", ZarinpalWire)
