"""Jibit (جیبیت), a proxy before several gateways: REST and JSON, PPG version 3.

Source: the official description of the service, version 3.2.48. A verify answers with a word
only, so the purchase is read after it: how much was paid, for which order, under which number.
Our order number is Jibit's ``clientReferenceNumber``, unique there, and finds a purchase again.
Identifiers are 64 bits wide and taken as texts (``purchaseIdStr``) alone.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from urllib.parse import quote, urlencode

from core.digits import normalise
from payment_gateways.adapters.jibit_codes import (
    FIND,
    LOG_IN,
    REFUND,
    REFUND_STATUS,
    REVERSE,
    START,
    STATE,
    TOKEN_OVER,
    TRANSFER,
    VERIFY,
    WORDS,
)
from payment_gateways.bearer import AccessToken, Bearer
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
    Unverified,
    UnverifiedList,
)
from payment_gateways.masking import masked_card
from payment_gateways.reading import small_names, whole_number
from payment_gateways.rest import GatewayAnswer, call_json, fields_of, text_of, without
from payment_gateways.transport import Method, Transport

_HOST = "https://napi.jibit.ir"
_SERVICE = "/ppg/v3"
_PURCHASE_LIVES = timedelta(minutes=15)
_TOKEN_SECONDS = 24 * 3600
_PAGE_SIZE = 250
_MOST_PAGES = 20
_ID = re.compile(r"[0-9]{1,20}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.]{1,80}")
_REFERENCE = re.compile(r"[0-9A-Za-z-]{1,80}")
_CLAIMS = {"SUCCESSFUL": Claim.PAID, "FAILED": Claim.FAILED}


@dataclass(frozen=True, slots=True)
class _Found:
    """What became of looking a purchase up: the outcome, and the purchase where there is one."""

    outcome: Outcome
    purchase: Mapping[str, object]


class Jibit(OptionalSteps):
    """One account at Jibit."""

    manifest = Manifest(
        slug="jibit",
        name_fa="جیبیت",
        name_en="Jibit",
        settings=(
            SettingField(
                "terminal_id", "نام حساب نزد ما", "our name for the account", pattern=r"\w{1,32}"
            ),
            SettingField("api_key", "کلید دسترسی", "API key", pattern=r"[\w-]{1,100}"),
            SettingField("secret_key", "کلید محرمانه", "secret key", FieldKind.SECRET),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.REQUEST,
        needs_settle=False,
        can_inquire=True,
        can_reverse=True,
        recovers_by=Recovery.INQUIRY,
        confirm_window=_PURCHASE_LIVES,
        reverse_window=timedelta(minutes=30),
        returns_unconfirmed=True,
        amount_rial_min=5_000,
        amount_rial_max=2_000_000_000,
        source=(
            "official description 3.2.48; reversing and refunding are switched on for each account"
            " by Jibit; no time for reversing is published, thirty minutes are assumed; the address"
            " of the pay page of a purchase found again is assumed"
        ),
        can_refund=True,
        can_refund_part=True,
        lists_unverified=True,
        is_aggregator=True,
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._credentials = {"apiKey": settings["api_key"], "secretKey": settings["secret_key"]}
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")
        self._bearer = Bearer(self._log_in)
        self._finding = threading.Lock()  # Jibit answers one search at a time

    def __repr__(self) -> str:
        return f"Jibit(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries the purchase's id and the address of its page.

        Where Jibit has a purchase under our number already, an answer of its was lost: that one
        is used, if it is really ours.
        """
        purchase: dict[str, object] = {
            "amount": intent.amount_rial,
            "currency": "IRR",
            "callbackUrl": intent.return_url,
            "clientReferenceNumber": str(intent.order_number),
            "description": intent.description[:256],
        }
        if intent.mobile:
            purchase["payerMobileNumber"] = intent.mobile
        answer = self._ask("create", "POST", "/purchases", purchase)
        if isinstance(answer, Outcome):
            return answer
        code = _code(answer)
        if code == "clientReferenceNumber.duplicated":
            return self._started_before(intent, answer)
        if code or answer.status != 200:
            return _said(answer, START)
        made = answer.fields
        purchase_id, address = _id(made), text_of(made.get("pspSwitchingUrl"), 500)
        started = answer.says(Kind.STARTED, "SUCCESSFUL", WORDS)
        if not purchase_id:
            return without(started, "purchaseIdStr")
        if not address.startswith(f"{self._host}/"):
            return without(started, "pspSwitchingUrl")
        return _started(started, intent, purchase_id, address)

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the form that comes back by POST. Every field of it can be forged."""
        fields = small_names(query, form)
        status = normalise(fields.get("status", "")[:20]).upper()
        claim = _CLAIMS.get(status, Claim.UNCLEAR)
        if claim is Claim.FAILED and "cancel" in fields.get("failreason", "")[:80].lower():
            claim = Claim.CANCELLED
        purchase_id = normalise(fields.get("purchaseid", "")[:40])
        return Hint(
            claim=claim,
            order_number=whole_number(fields.get("clientreferencenumber")),
            token=purchase_id or None,
            bank_reference=_reference(fields.get("psprrn")),
            card_masked=masked_card(fields.get("payermaskedcardnumber", "")[:40]),
            amount_rial=whole_number(fields.get("amount")),
            bank_code=status,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the purchase, then read it: the verify itself says neither amount nor order.

        What cannot be read afterwards is unknown, and the next call finds it verified already.
        """
        if stored.token is None:
            found = self.recover(stored)
            if found.kind is not Kind.AWAITS_CONFIRM:
                return found
            stored = replace(stored, token=found.token)
        path = f"/purchases/{quote(stored.token or '', safe='')}/verify"
        answer = self._ask("verify", "POST", path)
        if isinstance(answer, Outcome):
            return answer
        outcome = _said(answer, VERIFY)
        if outcome.kind is Kind.OPEN:
            return _once_more(self.inquire(stored))
        if outcome.kind not in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
            return outcome
        found = self.inquire(stored)
        if found.kind is Kind.RETURNED and outcome.kind is Kind.ALREADY_CONFIRMED:
            return found  # given back after it was verified: that is the newer truth
        if found.kind is not Kind.ALREADY_CONFIRMED:
            return replace(found, kind=Kind.UNKNOWN)
        return _complete(
            replace(
                found,
                kind=outcome.kind,
                bank_code=outcome.bank_code,
                reason_fa=outcome.reason_fa,
                reason_en=outcome.reason_en,
            )
        )

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find out about a payment whose browser never came back, by our order number."""
        return self.inquire(stored)

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Read the purchase with our order number and say in what state it is."""
        return self._found(stored.order_number).outcome

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a payment back whole; Jibit switches this on for an account."""
        named = {"clientReferenceNumber": str(stored.order_number)}
        answer = self._ask("reverse", "POST", "/purchases/reverse", named)
        return answer if isinstance(answer, Outcome) else _said(answer, REVERSE)

    def refund(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Order money to be sent back, without the hour in which it could be cancelled."""
        order = {
            "clientReferenceNumber": str(stored.order_number),
            "amount": refund.amount_rial,
            "cancellable": False,
        }
        answer = self._ask("refund", "POST", "/purchases/refund", order)
        if isinstance(answer, Outcome):
            return answer
        if _code(answer) or answer.status != 200:
            return _said(answer, REFUND)
        taken = answer.says(Kind.DONE, "SUCCESSFUL", WORDS)
        transfer = _reference(answer.fields.get("transferId"))
        return replace(taken, bank_reference=transfer) if transfer else without(taken, "transferId")

    def refund_status(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Ask what became of an order to refund.

        Jibit takes no number of ours for it. A refund whose ``transferId`` never reached us is
        told by its amount; where several have that amount it stays unknown, and none is sent
        again.
        """
        path = f"/purchases/refunds/{quote(stored.token or '', safe='')}"
        answer = self._ask("refund_status", "GET", path)
        if isinstance(answer, Outcome):
            return answer
        rows = answer.fields.get("transfers")
        if _code(answer) or answer.status != 200 or not isinstance(rows, list):
            return _doubted(_said(answer, REFUND_STATUS), refund)
        transfers = [fields_of(row) for row in rows]
        ours = [transfer for transfer in transfers if _is_for(transfer, refund)]
        if len(ours) == 1:
            return _transferred(answer, ours[0])
        if ours or any(whole_number(transfer.get("amount")) is None for transfer in transfers):
            return answer.unknown(transfers=str(len(ours)))
        return _doubted(answer.says(Kind.NOT_FOUND, "transfer.not_found", WORDS), refund)

    def list_unverified(self) -> UnverifiedList:
        """Purchases that were paid and that nobody has verified, up to 5,000 of them."""
        payments: list[Unverified] = []
        page = 0
        while True:
            page += 1
            answer = self._find(status="READY_TO_VERIFY", page=str(page), size=str(_PAGE_SIZE))
            if isinstance(answer, Outcome):
                return UnverifiedList(answer)
            rows = answer.fields.get("elements")
            if _code(answer) or answer.status != 200 or not isinstance(rows, list):
                return UnverifiedList(_said(answer, FIND))
            payments += [_unverified(fields_of(row)) for row in rows]
            if answer.fields.get("hasNext") is not True or page == _MOST_PAGES:
                listed = answer.says(Kind.DONE, "SUCCESSFUL", WORDS)
                return UnverifiedList(listed, tuple(payments))

    def check(self) -> Outcome:
        """Search for an order that cannot exist: who is let in is told that there is none."""
        outcome = self._found(0).outcome
        return replace(outcome, kind=Kind.DONE) if outcome.kind is Kind.NOT_FOUND else outcome

    def _started_before(self, intent: PaymentIntent, refused: GatewayAnswer) -> Outcome:
        found = self._found(intent.order_number)
        asked = (intent.amount_rial, intent.order_number, intent.return_url)
        outcome, address = found.outcome, text_of(found.purchase.get("callbackUrl"), 1_024)
        is_ours = (outcome.amount_rial, outcome.order_number, address) == asked
        if outcome.kind is not Kind.OPEN or not outcome.token or not is_ours:
            return _said(refused, START)
        page = f"{self._host}{_SERVICE}/purchases/{outcome.token}/payments"
        started = replace(outcome, kind=Kind.STARTED, amount_rial=None, order_number=None)
        return _started(started, intent, outcome.token, page)

    def _found(self, order_number: int) -> _Found:
        answer = self._find(clientReferenceNumber=str(order_number))
        if isinstance(answer, Outcome):
            return _Found(answer, {})
        rows = answer.fields.get("elements")
        if _code(answer) or answer.status != 200 or not isinstance(rows, list):
            return _Found(_said(answer, FIND), {})
        if not rows:
            return _Found(answer.says(Kind.NOT_FOUND, "purchase.not_found", WORDS), {})
        purchase = fields_of(rows[0])
        if len(rows) > 1 or not _id(purchase):
            return _Found(answer.unknown(purchases=str(len(rows))), {})
        return _Found(_stands(answer, purchase), purchase)

    def _find(self, **criteria: str) -> GatewayAnswer | Outcome:
        with self._finding:
            return self._ask("find", "GET", f"/purchases?{urlencode(criteria)}")

    def _ask(
        self, operation: str, method: Method, path: str, content: object = None
    ) -> GatewayAnswer | Outcome:
        def ask(token: AccessToken) -> GatewayAnswer:
            url = f"{self._host}{_SERVICE}{path}"
            return call_json(
                self._net, method, url, content, operation=operation, headers=token.headers
            )

        return self._bearer.call(ask, lambda answer: _code(answer) in TOKEN_OVER)

    def _log_in(self) -> AccessToken | Outcome:
        """Get a new access token by the two keys; the refresh token saves nothing and is left."""
        url = f"{self._host}{_SERVICE}/tokens"
        answer = call_json(self._net, "POST", url, self._credentials, operation="tokens")
        text = text_of(answer.fields.get("accessToken"), 4_000)
        if text and answer.status == 200 and not _code(answer):
            return AccessToken(text, _TOKEN_SECONDS)
        return _said(answer, LOG_IN)


def _code(answer: GatewayAnswer) -> str:
    """Read why a call is refused; empty where it is not, or nothing can be read."""
    errors = answer.fields.get("errors")
    if isinstance(errors, list) and errors:
        return _word(fields_of(errors[0]).get("code")) or "?"
    return "security.auth_required" if answer.status == 401 else ""


def _said(answer: GatewayAnswer, meanings: Mapping[str, Kind]) -> Outcome:
    """What an answer means: its refusal, or the word in ``status``."""
    code = _code(answer) or (_word(answer.fields.get("status")) if answer.status == 200 else "")
    if code in {"", "?"}:
        return answer.unknown()
    return answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS)


def _stands(answer: GatewayAnswer, purchase: Mapping[str, object]) -> Outcome:
    """How a purchase stands, with the numbers that it carries."""
    state = _word(purchase.get("state"))
    if not state:
        return answer.unknown(missing="state")
    kind = STATE.get(state, Kind.UNKNOWN)
    reference = _reference(purchase.get("pspRrn"))
    if state == "EXPIRED" and reference:
        kind = Kind.RETURNED
    outcome = answer.says(kind, state, WORDS)
    if purchase.get("hasContradiction") is True and kind is not Kind.RETURNED:
        # Jibit and the bank disagree about this money; only its staff's word ends that.
        kind = kind if state == "MANUALLY_SUCCESS" else Kind.UNKNOWN
        evidence = {**outcome.evidence, "contradiction": "yes"}
        outcome = replace(outcome, kind=kind, evidence=evidence)
    return replace(
        outcome,
        amount_rial=whole_number(purchase.get("amount")),
        order_number=whole_number(purchase.get("clientReferenceNumber")),
        token=_id(purchase),
        bank_reference=reference,
        trace_number=_reference(purchase.get("pspTraceNumber")),
        card_masked=masked_card(text_of(purchase.get("pspMaskedCardNumber"))),
    )


def _once_more(found: Outcome) -> Outcome:
    """What a purchase that could not be verified turned out to be.

    One that was verified meanwhile is paid; one that stands ready to be verified after all is to
    be asked about again.
    """
    if found.kind is Kind.ALREADY_CONFIRMED:
        return _complete(found)
    return replace(found, kind=Kind.UNKNOWN) if found.kind is Kind.AWAITS_CONFIRM else found


def _complete(outcome: Outcome) -> Outcome:
    """A confirmation says how much was paid and under which number; else it is none."""
    if outcome.amount_rial is None:
        return without(outcome, "amount")
    return outcome if outcome.bank_reference else without(outcome, "pspRrn")


def _started(outcome: Outcome, intent: PaymentIntent, purchase_id: str, address: str) -> Outcome:
    return replace(
        outcome,
        token=purchase_id,
        redirect=Redirect("GET", address),
        expires_at=intent.at.astimezone(UTC) + _PURCHASE_LIVES,
    )


def _is_for(transfer: Mapping[str, object], refund: Refund) -> bool:
    if refund.bank_reference is not None:
        return _reference(transfer.get("transferID")) == refund.bank_reference
    return whole_number(transfer.get("amount")) == refund.amount_rial


def _doubted(outcome: Outcome, refund: Refund) -> Outcome:
    """A refund that Jibit once took and does not know now must not be sent again."""
    is_contradiction = outcome.kind is Kind.NOT_FOUND and refund.bank_reference is not None
    return replace(outcome, kind=Kind.UNKNOWN) if is_contradiction else outcome


def _transferred(answer: GatewayAnswer, transfer: Mapping[str, object]) -> Outcome:
    state = _word(transfer.get("state"))
    if not state:
        return answer.unknown(missing="state")
    outcome = answer.says(TRANSFER.get(state, Kind.UNKNOWN), state, WORDS)
    return replace(
        outcome,
        amount_rial=whole_number(transfer.get("amount")),
        bank_reference=_reference(transfer.get("transferID")),
    )


def _unverified(purchase: Mapping[str, object]) -> Unverified:
    return Unverified(
        _id(purchase),
        whole_number(purchase.get("amount")),
        whole_number(purchase.get("clientReferenceNumber")),
        made_at=text_of(purchase.get("createdAt")),
    )


def _id(purchase: Mapping[str, object]) -> str:
    text = normalise(text_of(purchase.get("purchaseIdStr")))
    return text if _ID.fullmatch(text) else ""


def _word(value: object) -> str:
    text = text_of(value)
    return text if _WORD.fullmatch(text) else ""


def _reference(value: object) -> str | None:
    text = normalise(text_of(value))
    return text if _REFERENCE.fullmatch(text) and text.strip("0") else None
