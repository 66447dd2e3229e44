"""Vandar (وندار), a payment facilitator: REST and JSON, version 4, amounts in rial.

Source: the documentation of versions 3 and 4. Verifying names the payment only and answers success
once; what was verified is told by the transaction call, which is asked before and, where needed,
after it. The pay page opens once.

Refunds are left out: the documentation names no way to ask what became of one, contradicts itself
between rial and toman, and wants an access token that lives five days.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, timedelta

from core.digits import normalise, to_latin
from payment_gateways.adapters.vandar_codes import (
    OURS_WORDS,
    REFUSED_WORDS,
    SEND,
    SEND_WORDS,
    TRANSACTION,
    TRANSACTION_WORDS,
    VERIFY,
    VERIFY_WORDS,
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
    SettingField,
    StoredPayment,
)
from payment_gateways.masking import masked_card
from payment_gateways.reading import small_names, whole_number
from payment_gateways.rest import (
    GatewayAnswer,
    ReadAnswer,
    Words,
    call_json,
    code_of,
    text_of,
    without,
)
from payment_gateways.transport import Transport

_HOST = "https://ipg.vandar.io"
_PAGE_LIVES = timedelta(minutes=20)
_TOKEN = re.compile(r"[0-9A-Za-z_-]{1,64}")
_NOBODY = "0"  # a payment that cannot exist
_DECIMAL = re.compile(r"([0-9]{1,19}|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?")
_BUSY_SECONDS = 3  # the guide counts calls in three seconds
# What stands in a refusal that is about us and not about the payment.
_ABOUT_US = re.compile(r"api.?key|\bip\b|domain|دامنه|آی.?پی|کلید", re.IGNORECASE)


class Vandar(OptionalSteps):
    """One gateway of a business at Vandar."""

    manifest = Manifest(
        slug="vandar",
        name_fa="وندار",
        name_en="Vandar",
        settings=(
            SettingField(
                "api_key",
                "کلید درگاه",
                "key of the gateway",
                FieldKind.SECRET,
                pattern=r"[0-9A-Za-z_-]{8,128}",
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
        can_inquire=True,
        can_reverse=False,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(minutes=20),
        reverse_window=None,
        returns_unconfirmed=True,
        is_aggregator=True,
        amount_rial_min=1_000,
        amount_rial_max=1_000_000_000,
        source=(
            "documentation v3 and v4: window and smallest amount; the largest amount and the life"
            " of the pay page assumed"
        ),
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        # Enough of the key to tell two terminals apart, and not enough to use it.
        self.terminal = settings.get("terminal_id") or settings["api_key"][:8]
        self._key = {"api_key": settings["api_key"]}
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")

    def __repr__(self) -> str:
        return f"Vandar(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries the token and a pay page that opens once."""
        fields: dict[str, object] = {
            "amount": intent.amount_rial,
            "callback_url": intent.return_url,
            "factorNumber": str(intent.order_number),
            "description": intent.description[:255],
        }
        if intent.mobile:
            fields["mobile_number"] = intent.mobile
        answer = self._call("send", **fields)
        code = code_of(answer.fields.get("status"))
        if code == "0":
            return _refusal(answer, Kind.REFUSED)
        if not code:
            return _wordless(answer)
        outcome = answer.says(SEND.get(code, Kind.UNKNOWN), code, SEND_WORDS)
        if outcome.kind is not Kind.STARTED:
            return outcome
        token = text_of(answer.fields.get("token"))
        if not _TOKEN.fullmatch(token):
            return without(outcome, "token")
        return replace(
            outcome,
            token=token,
            redirect=Redirect("GET", f"{self._host}/v4/{token}"),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read ``token`` and ``payment_status``. A cancelled payment comes back as failed."""
        fields = small_names(form, query)
        status = normalise(fields.get("payment_status", "")[:20])
        claims = {"ok": Claim.PAID, "failed": Claim.FAILED}
        return Hint(
            claim=claims.get(status.lower(), Claim.UNCLEAR),
            token=normalise(fields.get("token", "")[:64]) or None,
            bank_code=status,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the payment, if the transaction call says that it is paid.

        Verifying tells success once. Where it was told before, to a call of ours whose answer was
        lost or to another one just now, the transaction call tells it again.
        """
        seen = self._seen(stored)
        if seen.outcome.kind is Kind.ALREADY_CONFIRMED:
            return _proven(seen)
        if seen.outcome.kind is not Kind.AWAITS_CONFIRM:
            return seen.outcome
        answer = self._about("verify", stored)
        code = code_of(answer.fields.get("status"))
        if code == "0":
            return _refusal(answer, Kind.UNKNOWN)  # it contradicts the call before it
        if not code:
            return _wordless(answer)
        outcome = answer.says(VERIFY.get(code, Kind.UNKNOWN), code, VERIFY_WORDS)
        if outcome.kind is Kind.CONFIRMED:
            proven = _proven(ReadAnswer(outcome, answer.fields))
            return replace(proven, trace_number=seen.outcome.trace_number)
        if outcome.kind is Kind.ALREADY_CONFIRMED:
            seen = self._seen(stored)
            if seen.outcome.kind is Kind.ALREADY_CONFIRMED:
                return _proven(seen)
            return replace(seen.outcome, kind=Kind.UNKNOWN)
        return outcome

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find out about a payment whose browser never came back; our token is enough for it."""
        return self.inquire(stored)

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the payment is; nothing changes by it.

        NOT_FOUND is no proof that nobody pays: the donor may still be on the pay page.
        """
        return self._seen(stored).outcome

    def check(self) -> Outcome:
        """Ask for a payment that cannot exist: who is let in is told that there is none."""
        outcome = self._seen(StoredPayment(0, 0, _NOBODY)).outcome
        if outcome.kind is Kind.NOT_FOUND:
            return replace(outcome, kind=Kind.DONE)
        return outcome

    def _seen(self, stored: StoredPayment) -> ReadAnswer:
        """What the transaction call says; only it tells the state and the network's number."""
        answer = self._about("transaction", stored)
        code = code_of(answer.fields.get("code"))
        if not code:
            is_refused = code_of(answer.fields.get("status")) == "0"
            kind = Kind.NOT_FOUND if answer.status == 404 else Kind.UNKNOWN
            told = _refusal(answer, kind) if is_refused else _wordless(answer)
            return ReadAnswer(told, answer.fields)
        kind = TRANSACTION.get(code, Kind.UNKNOWN)
        outcome = answer.says(kind, code, TRANSACTION_WORDS)
        return ReadAnswer(_carrying(outcome, answer.fields), answer.fields)

    def _about(self, operation: str, stored: StoredPayment) -> GatewayAnswer:
        return self._call(operation, token=stored.token or _NOBODY)

    def _call(self, operation: str, **fields: object) -> GatewayAnswer:
        return call_json(
            self._net,
            "POST",
            f"{self._host}/api/v4/{operation}",
            self._key | fields,
            operation=operation,
        )


def _carrying(outcome: Outcome, fields: Mapping[str, object]) -> Outcome:
    """The outcome with all that the answer says about the money."""
    number = whole_number(fields.get("transId"))
    trace = normalise(text_of(fields.get("trackingCode"))) or None
    return replace(
        outcome,
        amount_rial=_rial(fields.get("amount")),
        order_number=whole_number(fields.get("factorNumber")),
        bank_reference=str(number) if number else None,
        trace_number=trace,
        card_masked=masked_card(text_of(fields.get("cardNumber"))),
    )


def _proven(answer: ReadAnswer) -> Outcome:
    """A confirmation; without amount, order or reference it binds nothing, and is none."""
    outcome = _carrying(answer.outcome, answer.fields)
    if outcome.amount_rial is None:
        return without(outcome, "amount")
    if outcome.order_number is None:
        return without(outcome, "factorNumber")
    return outcome if outcome.bank_reference else without(outcome, "transId")


def _rial(value: object) -> int | None:
    """Read an amount that may wear a fraction, as in ``1000.00``: whole rials or unreadable."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    found = _DECIMAL.fullmatch(to_latin(str(value)[:40]).strip().replace("٬", ","))
    return whole_number(found[1]) if found else None


def _refusal(answer: GatewayAnswer, kind: Kind) -> Outcome:
    """A refusal without a code: about us, too soon, or what it means to the call that asked."""
    texts = normalise(" ".join(_texts(answer.fields.get("errors")))[:1_000])
    if answer.status in {401, 403} or _ABOUT_US.search(texts):
        return answer.says(Kind.CONFIG_ERROR, "0", _words(OURS_WORDS))
    if answer.status == 429:
        return _wordless(answer)
    return answer.says(kind, "0", _words(REFUSED_WORDS))


def _texts(errors: object) -> Iterator[str]:
    """The texts of a refusal: a text, a list of them, or lists of them by field."""
    if isinstance(errors, dict):
        for name, inner in errors.items():
            yield str(name)
            yield from _texts(inner if isinstance(inner, list) else [inner])
    for text in errors if isinstance(errors, list) else [errors]:
        if isinstance(text, str):
            yield text


def _words(words: tuple[str, str]) -> Words:
    return {"0": words}


def _wordless(answer: GatewayAnswer) -> Outcome:
    """An answer that says nothing; one that says "too many calls" names the time to wait."""
    outcome = answer.unknown()
    if answer.status == 429 and outcome.retry_after_seconds is None:
        return replace(outcome, retry_after_seconds=_BUSY_SECONDS)
    return outcome
