"""Zibal (زیبال), a payment facilitator: REST and JSON, version 1, amounts in rial.

Source: the documentation of version 1. Verifying names the payment only; the answer carries the
amount and our order number, which the core compares. It answers "already verified" without them,
so that answer is looked into. Refunds go through the platform, another host with a token and codes
of its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from core.digits import normalise
from payment_gateways.adapters.zibal_codes import (
    CHECK,
    INQUIRE,
    REFUND,
    REFUND_INQUIRE,
    REFUND_STATUS,
    REFUND_WORDS,
    START,
    STATUS,
    STATUS_WORDS,
    VERIFY,
    WORDS,
)
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
    Refund,
    SettingField,
    StoredPayment,
    no_such_step,
)
from payment_gateways.masking import masked_card
from payment_gateways.reading import small_names, whole_number
from payment_gateways.rest import (
    GatewayAnswer,
    ReadAnswer,
    Words,
    call_json,
    code_of,
    fields_of,
    first_word,
    text_of,
    without,
)
from payment_gateways.transport import Transport

_HOST = "https://gateway.zibal.ir"
_PLATFORM = "https://api.zibal.ir"
_NOBODY = 0  # a payment that cannot exist


class Zibal(OptionalSteps):
    """One merchant at Zibal."""

    manifest = Manifest(
        slug="zibal",
        name_fa="زیبال",
        name_en="Zibal",
        settings=(
            SettingField(
                "merchant",
                "کد پذیرنده",
                "merchant code",
                FieldKind.SECRET,
                pattern=r"zibal|[0-9A-Za-z]{8,64}",
            ),
            SettingField(
                "terminal_id",
                "شماره پایانه",
                "terminal number",
                is_required=False,
                pattern=r"\w{1,32}",
            ),
            SettingField(
                "access_token",
                "کلید دسترسی سکو (برای استرداد)",
                "access token of the platform (for refunds)",
                FieldKind.SECRET,
                is_required=False,
            ),
            SettingField(
                "wallet_id",
                "شناسه کیف پول (برای استرداد)",
                "wallet that refunds are paid from",
                is_required=False,
                pattern=r"\w{1,64}",
            ),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.ANSWER,
        needs_settle=False,
        can_inquire=True,
        can_reverse=False,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(minutes=20),
        reverse_window=None,
        returns_unconfirmed=True,
        refund_rial_min=10_000,
        is_aggregator=True,
        amount_rial_min=1_000,
        amount_rial_max=2_000_000_000,
        source=(
            "documentation v1; confirm window, upper limit (set for each merchant) and smallest"
            " refund assumed"
        ),
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        # Enough of the merchant code to tell two terminals apart, and not enough to use it.
        self.terminal = settings.get("terminal_id") or settings["merchant"][:8]
        self._merchant = {"merchant": settings["merchant"]}
        self._token = settings.get("access_token", "")
        self._wallet = settings.get("wallet_id", "")
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")
        self._platform = (base_url or _PLATFORM).rstrip("/")
        if self._token and self._wallet:
            self.manifest = replace(type(self).manifest, can_refund=True, can_refund_part=True)

    def __repr__(self) -> str:
        return f"Zibal(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries the track id and the address of the pay page."""
        fields: dict[str, object] = {
            "amount": intent.amount_rial,
            "callbackUrl": intent.return_url,
            "description": intent.description[:255],
            "orderId": str(intent.order_number),
        }
        if intent.mobile:
            fields["mobile"] = intent.mobile
        answer = self._ask("request", START, **fields)
        if answer.outcome.kind is not Kind.STARTED:
            return answer.outcome
        track_id = whole_number(answer.fields.get("trackId"))
        if not track_id:
            return without(answer.outcome, "trackId")
        return replace(
            answer.outcome,
            token=str(track_id),
            redirect=Redirect("GET", f"{self._host}/start/{track_id}"),
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read what comes back by query, by form or, from Zibal's own server, as JSON."""
        fields = small_names(_json_texts(body), form, query)
        status = code_of(fields.get("status", ""))
        track_id = whole_number(fields.get("trackid"))
        return Hint(
            claim=_claim(status, code_of(fields.get("success", ""))),
            order_number=whole_number(fields.get("orderid")),
            token=str(track_id) if track_id else None,
            card_masked=masked_card(fields.get("cardnumber", "")[:40]),
            bank_code=status,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the payment.

        The reference may be missing for a while after the payment; the outcome is unknown until
        it is there, and the next call finds it by an inquiry.
        """
        answer = self._about("verify", VERIFY, stored)
        if answer.outcome.kind is Kind.CONFIRMED:
            return _proven(answer)
        if answer.outcome.kind is Kind.ALREADY_CONFIRMED:
            found = self._inquired(stored)
            if found.outcome.kind is Kind.ALREADY_CONFIRMED:
                return _proven(found)
            return _agreeing(found.outcome, Kind.RETURNED, Kind.CONFIG_ERROR)
        if answer.outcome.kind is Kind.NOT_PAID:
            found = self._inquired(stored)
            return _agreeing(
                found.outcome, Kind.NOT_PAID, Kind.OPEN, Kind.RETURNED, Kind.CONFIG_ERROR
            )
        return answer.outcome

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find out about a payment whose browser never came back; our token is enough for it."""
        return self.inquire(stored)

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the payment is; nothing changes by it."""
        return self._inquired(stored).outcome

    def refund(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Order money to be sent back from our wallet.

        Zibal takes no number of ours and would carry the same order out twice. So the description
        begins with our number, and nothing is sent before an inquiry has shown none of that number.
        """
        if not self.manifest.can_refund:
            return no_such_step()
        earlier = self.refund_status(stored, refund)
        if earlier.kind is not Kind.NOT_FOUND:
            return replace(earlier, kind=Kind.DONE) if earlier.kind is Kind.OPEN else earlier
        answer = self._ask_platform(
            "refund",
            "/v1/account/refund",
            REFUND,
            trackId=_track_id(stored),
            accountId=self._wallet,
            amount=refund.amount_rial,
            tryReverse=False,
            description=f"{refund.number} {refund.reason[:200]}".rstrip(),
        )
        if answer.outcome.kind is not Kind.DONE:
            return answer.outcome
        names = [
            text_of(fields_of(part).get("refundId"))
            for part in _list(fields_of(answer.fields.get("data")).get("split"))
        ]
        if not names or not all(names):
            return without(answer.outcome, "refundId")
        return replace(answer.outcome, bank_reference=names[0])

    def refund_status(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Ask for the refunds of the payment and find ours among them by our number.

        An order that was sent before the access token was taken out is not refused for that.
        """
        if not self.manifest.can_refund:
            return replace(no_such_step(), kind=Kind.CONFIG_ERROR)
        answer = self._ask_platform(
            "refund_inquiry",
            "/v1/account/refund/inquiry",
            REFUND_INQUIRE,
            transactionTrackId=_track_id(stored),
        )
        rows = answer.fields.get("data")
        if answer.outcome.kind is not Kind.DONE:
            return answer.outcome
        ours = [
            row
            for row in map(fields_of, _list(rows))
            if first_word(row.get("description")) == str(refund.number)
        ]
        if ours:
            return _refund_outcome(answer.outcome, ours, refund)
        # A list without ours proves that the order never arrived; anything else proves nothing.
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            return replace(answer.outcome, kind=Kind.NOT_FOUND)
        return without(answer.outcome, "data")

    def check(self) -> Outcome:
        """Inquire about a payment that cannot exist: who is let in is told that there is none."""
        return self._ask("inquiry", CHECK, trackId=_NOBODY).outcome

    def _inquired(self, stored: StoredPayment) -> ReadAnswer:
        answer = self._about("inquiry", INQUIRE, stored)
        status = code_of(answer.fields.get("status"))
        if answer.outcome.bank_code != "100" or not status:
            return answer
        reason_fa, reason_en = STATUS_WORDS.get(status, ("", ""))
        outcome = replace(
            answer.outcome,
            kind=STATUS.get(status, Kind.UNKNOWN),
            bank_code=status,
            reason_fa=reason_fa or answer.outcome.reason_fa,
            reason_en=reason_en or answer.outcome.reason_en,
        )
        return ReadAnswer(_carrying(outcome, answer.fields), answer.fields)

    def _about(
        self, operation: str, meanings: Mapping[str, Kind], stored: StoredPayment
    ) -> ReadAnswer:
        return self._ask(operation, meanings, trackId=_track_id(stored))

    def _ask(self, operation: str, meanings: Mapping[str, Kind], **fields: object) -> ReadAnswer:
        answer = call_json(
            self._net,
            "POST",
            f"{self._host}/v1/{operation}",
            self._merchant | fields,
            operation=operation,
        )
        return _read(answer, meanings, WORDS)

    def _ask_platform(
        self, operation: str, path: str, meanings: Mapping[str, Kind], **fields: object
    ) -> ReadAnswer:
        answer = call_json(
            self._net,
            "POST",
            self._platform + path,
            fields,
            operation=operation,
            headers={"Authorization": f"Bearer {self._token}"},
        )
        return _read(answer, meanings, REFUND_WORDS)


def _read(answer: GatewayAnswer, meanings: Mapping[str, Kind], words: Words) -> ReadAnswer:
    code = code_of(answer.fields.get("result"))
    if not code:
        return ReadAnswer(answer.unknown(), {})
    return ReadAnswer(answer.says(meanings.get(code, Kind.UNKNOWN), code, words), answer.fields)


def _carrying(outcome: Outcome, fields: Mapping[str, object]) -> Outcome:
    """The outcome with all that the answer says about the money."""
    reference = normalise(text_of(fields.get("refNumber"), 40))
    found = reference if reference.strip("0") else None
    return replace(
        outcome,
        amount_rial=whole_number(fields.get("amount")),
        order_number=whole_number(fields.get("orderId")),
        bank_reference=found,
        trace_number=found,
        card_masked=masked_card(text_of(fields.get("cardNumber"), 40)),
    )


def _proven(answer: ReadAnswer) -> Outcome:
    """A confirmation; without amount, order or reference it binds nothing, and is none."""
    outcome = _carrying(answer.outcome, answer.fields)
    if outcome.amount_rial is None:
        return without(outcome, "amount")
    if outcome.order_number is None:
        return without(outcome, "orderId")
    return outcome if outcome.bank_reference else without(outcome, "refNumber")


def _agreeing(found: Outcome, *kinds: Kind) -> Outcome:
    """What an inquiry finds, if it can stand beside the verify call before it; else ask again."""
    return found if found.kind in kinds else replace(found, kind=Kind.UNKNOWN)


def _refund_outcome(
    outcome: Outcome, rows: Sequence[Mapping[str, object]], refund: Refund
) -> Outcome:
    """What the parts of a refund say together; a large one is carried out in several."""
    name = text_of(rows[0].get("refundId")) or None
    amounts = [whole_number(row.get("amount")) or 0 for row in rows]
    kinds = {REFUND_STATUS.get(code_of(row.get("status")), Kind.UNKNOWN) for row in rows}
    kind = Kind.UNKNOWN
    if sum(amounts) == refund.amount_rial and kinds <= {Kind.OPEN, Kind.DONE}:
        kind = Kind.OPEN if Kind.OPEN in kinds else Kind.DONE
    return replace(outcome, kind=kind, bank_reference=name)


def _track_id(stored: StoredPayment) -> int:
    return whole_number(stored.token) or _NOBODY


def _list(value: object) -> list[object]:
    if isinstance(value, dict):
        return [value]  # one thing is written without the list
    return value if isinstance(value, list) else []


def _json_texts(body: bytes) -> dict[str, str]:
    """The texts and numbers of a JSON object; none where the body is something else."""
    try:
        content: object = json.loads(body[:20_000])
    except (ValueError, RecursionError):
        return {}
    return {name: text_of(value) for name, value in fields_of(content).items()}


def _claim(status: str, success: str) -> Claim:
    kind = STATUS.get(status)
    if success == "0" and kind in {Kind.ALREADY_CONFIRMED, Kind.AWAITS_CONFIRM}:
        return Claim.UNCLEAR
    if status == "3":
        return Claim.CANCELLED
    if kind is Kind.NOT_PAID or (success == "0" and not status):
        return Claim.FAILED
    if kind in {Kind.ALREADY_CONFIRMED, Kind.AWAITS_CONFIRM}:
        return Claim.PAID
    return Claim.PAID if success in {"1", "2"} and not status else Claim.UNCLEAR
