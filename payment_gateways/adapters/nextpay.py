"""NextPay (نکست‌پی), a payment facilitator: forms out, JSON back, amounts in rial.

Source: the documented calls as several independent clients make them. One call makes a payment
final; it names the amount, and its answer carries amount and order number. There is no inquiry.
"Already verified" promises no fields: without them it proves nothing, and people look into it.
Amounts go out in rial (``currency: IRR``), always said: the default is toman.

Refunds are left out: nothing tells what became of one, and an order sent twice would pay twice.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from core.digits import normalise
from payment_gateways.adapters.nextpay_codes import CHECK, START, VERIFY, WORDS
from payment_gateways.contract import (
    Binds,
    Claim,
    FieldKind,
    Hint,
    Kind,
    Manifest,
    OptionalSteps,
    Outcome,
    PaymentIntent,
    Recovery,
    Redirect,
    SettingField,
    StoredPayment,
)
from payment_gateways.masking import masked_card
from payment_gateways.reading import small_names, whole_number
from payment_gateways.rest import ReadAnswer, code_of, post_form, text_of, without
from payment_gateways.transport import Transport

_HOST = "https://nextpay.org"
_GATEWAY = "/nx/gateway"
_TRANS_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_NOBODY = "00000000-0000-0000-0000-000000000000"
_SMALLEST = 10_000


class NextPay(OptionalSteps):
    """One key at NextPay."""

    manifest = Manifest(
        slug="nextpay",
        name_fa="نکست‌پی",
        name_en="NextPay",
        settings=(
            SettingField(
                "api_key",
                "کلید درگاه",
                "key of the gateway",
                FieldKind.SECRET,
                pattern=r"[0-9A-Za-z-]{16,64}",
            ),
            SettingField(
                "terminal_id",
                "شماره پایانه",
                "terminal number",
                is_required=False,
                pattern=r"\w{1,32}",
            ),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.ANSWER,
        needs_settle=False,
        can_inquire=False,
        can_reverse=False,
        recovers_by=Recovery.CONFIRM,
        confirm_window=timedelta(minutes=20),
        reverse_window=None,
        returns_unconfirmed=False,
        is_aggregator=True,
        amount_rial_min=_SMALLEST,
        amount_rial_max=1_000_000_000,
        checks_address=False,
        source=(
            "calls and codes of several clients; confirm window and limits assumed; no client tells"
            " that unconfirmed money is given back"
        ),
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        # Enough of the key to tell two terminals apart, and not enough to use it.
        self.terminal = settings.get("terminal_id") or settings["api_key"][:8]
        self._key = {"api_key": settings["api_key"]}
        self._net = net
        self._gateway = (base_url or _HOST).rstrip("/") + _GATEWAY

    def __repr__(self) -> str:
        return f"NextPay(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries the payment's id and the address of the pay page."""
        fields = {
            "order_id": str(intent.order_number),
            "amount": str(intent.amount_rial),
            "callback_uri": intent.return_url,
            "currency": "IRR",
            "payer_desc": intent.description[:255],
        }
        if intent.mobile:
            fields["customer_phone"] = intent.mobile
        answer = self._ask("token", START, fields)
        if answer.outcome.kind is not Kind.STARTED:
            return answer.outcome
        trans_id = text_of(answer.fields.get("trans_id"))
        if not _TRANS_ID.fullmatch(trans_id):
            return without(answer.outcome, "trans_id")
        return replace(
            answer.outcome,
            token=trans_id,
            redirect=Redirect("GET", f"{self._gateway}/payment/{trans_id}"),
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the id and the order number. The amount is in toman or rial, so it is not read."""
        fields = small_names(form, query)
        status = normalise(fields.get("np_status", "")[:20])
        claims = {"ok": Claim.PAID, "unsuccessful": Claim.FAILED}
        return Hint(
            claim=claims.get(status.lower(), Claim.UNCLEAR),
            order_number=whole_number(fields.get("order_id")),
            token=normalise(fields.get("trans_id", "")[:64]) or None,
            bank_code=status,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the payment with our amount."""
        answer = self._verify(VERIFY, stored.token or _NOBODY, stored.amount_rial)
        if answer.outcome.kind not in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
            return answer.outcome
        reference = whole_number(answer.fields.get("Shaparak_Ref_Id"))
        found = str(reference) if reference else None
        outcome = replace(
            answer.outcome,
            amount_rial=whole_number(answer.fields.get("amount")),
            order_number=whole_number(answer.fields.get("order_id")),
            bank_reference=found,
            trace_number=found,
            card_masked=masked_card(text_of(answer.fields.get("card_holder"))),
        )
        if outcome.amount_rial is None:
            return without(outcome, "amount")
        if outcome.order_number is None:
            return without(outcome, "order_id")
        return outcome if found else without(outcome, "Shaparak_Ref_Id")

    def check(self) -> Outcome:
        """Verify a payment that cannot exist: who is let in is told that there is none."""
        return self._verify(CHECK, _NOBODY, _SMALLEST).outcome

    def _verify(self, meanings: Mapping[str, Kind], trans_id: str, amount_rial: int) -> ReadAnswer:
        fields = {"trans_id": trans_id, "amount": str(amount_rial), "currency": "IRR"}
        return self._ask("verify", meanings, fields)

    def _ask(
        self, operation: str, meanings: Mapping[str, Kind], fields: Mapping[str, str]
    ) -> ReadAnswer:
        url = f"{self._gateway}/{operation}"
        answer = post_form(self._net, url, self._key | dict(fields), operation=operation)
        code = code_of(answer.fields.get("code"))
        if not code:
            return ReadAnswer(answer.unknown(), {})
        outcome = answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS)
        return ReadAnswer(outcome, answer.fields)
