"""PayPing (پی‌پینگ), a payment facilitator: REST and JSON, version 3.

Source: the official description of the service and PayPing's own shop modules (2025). PayPing
counts in toman: what is no multiple of ten rials is refused here and never rounded. A verify names
the payment's code, its reference, which only a browser or a report brings, and the amount.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from urllib.parse import quote

from core.digits import normalise
from payment_gateways.adapters.payping_codes import (
    REPORT,
    REPORT_STATE,
    REVERSE,
    START,
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
    SettingField,
    StoredPayment,
    no_such_step,
)
from payment_gateways.masking import masked_card
from payment_gateways.reading import small_names, whole_number
from payment_gateways.rest import (
    GatewayAnswer,
    ReadAnswer,
    call_json,
    code_of,
    fields_of,
    text_of,
    without,
)
from payment_gateways.transport import Method, Transport

_HOST = "https://api.payping.ir"
_RIAL_OF_TOMAN = 10
_TOMAN_MAX = (2**63 - 1) // _RIAL_OF_TOMAN  # more rials than this nobody can store
_PAGE_LIVES = timedelta(minutes=15)  # assumed, the description names none
_MOST_TEXT = 20_000  # of what a browser may bring in one field
_CODE = re.compile(r"[0-9A-Za-z_-]{1,80}")
_CLAIMS = {"1": Claim.PAID, "0": Claim.CANCELLED, "-1": Claim.FAILED}
_NOBODYS_PAYMENT = "0"


class PayPing(OptionalSteps):
    """One account at PayPing."""

    manifest = Manifest(
        slug="payping",
        name_fa="پی‌پینگ",
        name_en="PayPing",
        settings=(
            SettingField(
                "terminal_id", "نام حساب نزد ما", "our name for the account", pattern=r"\w{1,32}"
            ),
            SettingField("token", "توکن", "token", FieldKind.SECRET),
            SettingField(
                "reversible",
                "برگشت‌پذیر",
                "payments can be reversed",
                FieldKind.YES_NO,
                is_required=False,
                default="yes",
            ),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.REQUEST,
        binds_order=Binds.ANSWER,
        needs_settle=False,
        can_inquire=True,
        can_reverse=True,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(minutes=25),
        reverse_window=timedelta(minutes=30),
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=500_000_000,
        source=(
            "description of version 2 (2022), shop modules of version 3 (2025): ten minutes to"
            " verify after the payment, thirty to reverse. The fifteen minutes of the page before"
            " it are assumed, and that a report of version 1 counts in toman, that its invoiceNo is"
            " the reference which a verify needs, and that the answer to a reverse names it too"
        ),
        amount_rial_step=_RIAL_OF_TOMAN,
        is_aggregator=True,
        checks_address=False,
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._headers = {"Authorization": f"Bearer {settings['token']}"}
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")
        self._is_reversible = settings.get("reversible") != "no"
        if not self._is_reversible:
            self.manifest = replace(type(self).manifest, can_reverse=False, reverse_window=None)

    def __repr__(self) -> str:
        return f"PayPing(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries its code and the address of the pay page."""
        amount, remainder = divmod(intent.amount_rial, _RIAL_OF_TOMAN)
        if remainder:
            return _not_in_toman()
        payment: dict[str, object] = {
            "Amount": amount,
            "ReturnUrl": intent.return_url,
            "Description": intent.description[:255],
            "ClientRefId": str(intent.order_number),
            "isReversible": self._is_reversible,
        }
        if intent.mobile:
            payment["PayerIdentity"] = intent.mobile
        answer = self._ask("pay", "POST", "/v3/pay", START, payment)
        if answer.outcome.kind is not Kind.DONE:
            return answer.outcome
        code = text_of(answer.fields.get("paymentCode"))
        if not _CODE.fullmatch(code):
            return without(answer.outcome, "paymentCode")
        return replace(
            answer.outcome,
            kind=Kind.STARTED,
            token=code,
            redirect=Redirect("GET", f"{self._host}/v3/pay/start/{code}"),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the form that comes back: a status, and the payment as JSON within a field."""
        fields = small_names(_read(body), query, form)
        status = normalise(text_of(fields.get("status")))
        data = small_names(_read(fields.get("data")))
        return Hint(
            claim=_CLAIMS.get(status, Claim.UNCLEAR),
            order_number=whole_number(data.get("clientrefid")),
            token=text_of(data.get("paymentcode")) or None,
            bank_reference=_reference(data.get("paymentrefid")),
            card_masked=masked_card(text_of(data.get("cardnumber"))),
            amount_rial=_rial(data.get("amount")),
            bank_code=status[:20],
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the payment with its reference and our amount.

        A browser brings the reference, so it may be missing or false. Where it is missing, or
        PayPing knows no such payment, a report is asked; what it names replaces the browser's.
        """
        if stored.amount_rial % _RIAL_OF_TOMAN:  # nobody can have begun it here
            return replace(_not_in_toman(), kind=Kind.UNKNOWN)
        if _reference(stored.bank_reference) is None:
            return self._confirm_found(stored, self.recover(stored))
        outcome = self._verified(stored)
        if outcome.kind not in {Kind.NOT_FOUND, Kind.NOT_PAID}:
            return outcome
        found = self.recover(stored)
        if found.kind is Kind.AWAITS_CONFIRM and found.bank_reference == stored.bank_reference:
            return replace(outcome, kind=Kind.UNKNOWN)  # PayPing contradicts itself
        return self._confirm_found(stored, found)

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find the reference of a payment whose browser never came back, by a report."""
        found = self.inquire(stored)
        is_paid = found.kind in {Kind.AWAITS_CONFIRM, Kind.ALREADY_CONFIRMED}
        return without(found, "invoiceNo") if is_paid and not found.bank_reference else found

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask for the report of the payment; nothing changes by it."""
        return self._reported(stored.token or _NOBODYS_PAYMENT)

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a verified payment back whole, within thirty minutes."""
        if not self._is_reversible:
            return no_such_step()
        reference = whole_number(stored.bank_reference)
        if not reference:
            found = self.recover(stored)
            if found.bank_reference is None:
                return found
            reference = whole_number(found.bank_reference)
        named = {"paymentRefId": reference, "paymentCode": stored.token or ""}
        answer = self._ask("reverse", "POST", "/v3/pay/reverse", REVERSE, named)
        outcome = answer.outcome
        if outcome.kind is Kind.DONE and _reference(answer.fields.get("paymentRefId")) is None:
            return without(outcome, "paymentRefId")
        if outcome.kind is Kind.REFUSED and self.inquire(stored).kind is Kind.RETURNED:
            return replace(outcome, kind=Kind.DONE)
        return outcome

    def check(self) -> Outcome:
        """Ask for the report of a payment that cannot exist: who is let in is told so."""
        outcome = self._reported(_NOBODYS_PAYMENT)
        return replace(outcome, kind=Kind.DONE) if outcome.kind is Kind.NOT_FOUND else outcome

    def _confirm_found(self, stored: StoredPayment, found: Outcome) -> Outcome:
        if found.kind is Kind.ALREADY_CONFIRMED:
            return _reported_whole(found)
        if found.kind is not Kind.AWAITS_CONFIRM:
            return found
        return self._verified(replace(stored, bank_reference=found.bank_reference))

    def _verified(self, stored: StoredPayment) -> Outcome:
        """Call the verify. Done already, its answer wraps the payment of the first one."""
        named = {
            "PaymentRefId": whole_number(stored.bank_reference),
            "PaymentCode": stored.token or "",
            "Amount": stored.amount_rial // _RIAL_OF_TOMAN,
        }
        answer = self._ask("verify", "POST", "/v3/pay/verify", VERIFY, named)
        if answer.outcome.kind is Kind.DONE:
            confirmed = replace(answer.outcome, kind=Kind.CONFIRMED)
            return _named(confirmed, answer.fields)
        if answer.outcome.kind is not Kind.ALREADY_CONFIRMED:
            return answer.outcome
        payment = _read(fields_of(answer.fields.get("metaData")).get("message"))
        if not payment:
            return self._confirmed_before(stored)
        return _named(answer.outcome, payment)

    def _confirmed_before(self, stored: StoredPayment) -> Outcome:
        found = self.recover(stored)
        if found.kind is Kind.ALREADY_CONFIRMED:
            return _reported_whole(found)
        return found if found.kind is Kind.RETURNED else replace(found, kind=Kind.UNKNOWN)

    def _reported(self, code: str) -> Outcome:
        path = f"/v1/report/{quote(code, safe='')}"
        answer = self._ask("report", "GET", path, REPORT)
        if answer.outcome.kind is not Kind.DONE:
            return answer.outcome
        state = code_of(answer.fields.get("paymentStatus"))
        if not state or not _is_code(answer.fields):
            return without(answer.outcome, "paymentStatus")
        reason_fa, reason_en = WORDS.get(f"report.{state}", ("", ""))
        found = _numbered(answer.outcome, answer.fields, "invoiceNo")
        kind = REPORT_STATE.get(state, Kind.UNKNOWN)
        return replace(
            found,
            kind=Kind.RETURNED if state == "4" and found.bank_reference else kind,
            bank_code=f"report.{state}"[:20],
            reason_fa=reason_fa,
            reason_en=reason_en,
        )

    def _ask(
        self,
        operation: str,
        method: Method,
        path: str,
        meanings: Mapping[str, Kind],
        content: object = None,
    ) -> ReadAnswer:
        """Make one call. DONE is an answer of success, whatever it turns out to carry."""
        answer = call_json(
            self._net,
            method,
            self._host + path,
            content,
            operation=operation,
            headers=self._headers,
        )
        code = _code(answer)
        if not code:
            return ReadAnswer(answer.unknown(**_trace(answer)), {})
        kind = Kind.DONE if code == "http.200" else meanings.get(code, Kind.UNKNOWN)
        outcome = answer.says(kind, code, WORDS)
        traced = replace(outcome, evidence={**outcome.evidence, **_trace(answer)})
        return ReadAnswer(traced, answer.fields)


def _code(answer: GatewayAnswer) -> str:
    """Read what an answer says: the code of a refusal, else the status of HTTP.

    202 is no success: the payment is still being settled. Where the body is no JSON object only
    a refused token is believed.
    """
    if answer.status in {401, 403}:
        return f"http.{answer.status}"
    if answer.status == 202:
        return "http.202"
    if not answer.fields:
        return ""
    if answer.status == 200:
        return "http.200"
    told = fields_of(answer.fields.get("metaData"))
    if "code" in told:
        return code_of(told["code"])
    errors = told.get("errors")
    if isinstance(errors, list) and errors:
        return code_of(fields_of(errors[0]).get("code"))
    return "http.404" if answer.status == 404 else ""


def _trace(answer: GatewayAnswer) -> Mapping[str, str]:
    """PayPing's own name for a call that went wrong: its support asks for it."""
    trace = text_of(answer.fields.get("paypingTraceId"))
    return {"trace": trace} if trace else {}


def _numbered(outcome: Outcome, fields: Mapping[str, object], reference: str) -> Outcome:
    """Add to an outcome whatever numbers of the payment the answer carries."""
    number = _reference(fields.get(reference))
    return replace(
        outcome,
        amount_rial=_rial(fields.get("amount")),
        order_number=whole_number(fields.get("clientRefId")),
        token=text_of(fields.get("code")) or None,
        bank_reference=number,
        trace_number=number,
        card_masked=masked_card(text_of(fields.get("cardNumber") or fields.get("rrn"))),
    )


def _is_code(fields: Mapping[str, object]) -> bool:
    """Whether the payment's code is a text, or left out; anything else is no payment of PayPing."""
    return "code" not in fields or bool(_CODE.fullmatch(text_of(fields["code"])))


def _named(outcome: Outcome, payment: Mapping[str, object]) -> Outcome:
    """A confirmation says whose payment it was, and under which number; else it is none."""
    if not _is_code(payment):
        return without(outcome, "code")
    return _complete(_numbered(outcome, payment, "paymentRefId"))


def _complete(outcome: Outcome) -> Outcome:
    if outcome.order_number is None:
        return without(outcome, "clientRefId")
    return outcome if outcome.bank_reference else without(outcome, "paymentRefId")


def _reported_whole(outcome: Outcome) -> Outcome:
    """A report did not compare the amount as a verify does, so it must name it."""
    return without(outcome, "amount") if outcome.amount_rial is None else _complete(outcome)


def _not_in_toman() -> Outcome:
    reason_fa, reason_en = WORDS["step"]
    return Outcome(Kind.REFUSED, reason_fa=reason_fa, reason_en=reason_en)


def _rial(toman: object) -> int | None:
    amount = whole_number(toman)
    if amount is None or amount > _TOMAN_MAX:
        return None
    return amount * _RIAL_OF_TOMAN


def _reference(value: object) -> str | None:
    number = whole_number(value)
    return str(number) if number else None


def _read(value: object) -> Mapping[str, object]:
    """The fields of a JSON object, written as one or as the text of one; else none."""
    if not isinstance(value, str | bytes) or len(value) > _MOST_TEXT:
        return fields_of(value)
    try:
        return fields_of(json.loads(value))
    except (ValueError, RecursionError):
        return {}
