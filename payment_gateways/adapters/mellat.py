"""Behpardakht Mellat (به‌پرداخت ملت), the direct gateway of Bank Mellat: SOAP "pgw".

Source: guide 1.29 (Tir 1402) with what guide 1.39 (Azar 1404) adds. A sale is finished by two
calls, verify and settle. The answers carry neither amount nor order number: both are bound
through the order number that we name, which is why ids are taken from our rows only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

from core.clock import TEHRAN
from core.digits import normalise
from payment_gateways.adapters.mellat_codes import (
    CHECK,
    INQUIRE,
    MEANS,
    RECOVER,
    REFUND,
    REFUND_STATUS,
    REFUND_WORDS,
    REVERSE,
    SETTLE,
    START,
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
)
from payment_gateways.masking import masked_card
from payment_gateways.reading import small_names, whole_number
from payment_gateways.rest import without
from payment_gateways.soap import HEADERS, call_soap, envelope, returned_text
from payment_gateways.transport import Transport

_HOST = "https://bpm.shaparak.ir"
_SERVICE = "/pgwchannel/services/pgw"
_PAY_PAGE = "/pgwchannel/startpay.mellat"
_NAMESPACE = "http://interfaces.core.sw.bps.com/"
_PAGE_LIVES = timedelta(minutes=15)
_NOBODY = "0"  # the payer id and the references of those who have none
_ANSWER = re.compile(r"(\d{1,4})(?:\s*,\s*(\S+))?")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back: its meaning, and the value behind the comma where there is one."""

    outcome: Outcome
    value: str | None = None


class Mellat(OptionalSteps):
    """One terminal at Behpardakht Mellat."""

    manifest = Manifest(
        slug="mellat",
        name_fa="به‌پرداخت ملت",
        name_en="Behpardakht Mellat",
        settings=(
            SettingField("terminal_id", "شماره پایانه", "terminal number", pattern=r"\d{1,19}"),
            SettingField("username", "نام کاربری", "user name"),
            SettingField("password", "گذرواژه", "password", FieldKind.SECRET),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.NOTHING,
        binds_order=Binds.REQUEST,
        needs_settle=True,
        can_inquire=True,
        can_reverse=True,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(minutes=20),
        reverse_window=timedelta(hours=3),
        returns_unconfirmed=True,
        can_refund=True,
        can_refund_part=True,
        amount_rial_min=1_000,
        amount_rial_max=10**15,
        source="guide 1.29 (Tir 1402), refund manual; amounts assumed, no guide names any",
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._credentials = {
            "terminalId": settings["terminal_id"],
            "userName": settings["username"],
            "userPassword": settings["password"],
        }
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")

    def __repr__(self) -> str:
        return f"Mellat(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment (bpPayRequest). STARTED carries the RefId and the form to post."""
        at_tehran = intent.at.astimezone(TEHRAN)
        answer = self._ask(
            "bpPayRequest",
            START,
            orderId=str(intent.order_number),
            amount=str(intent.amount_rial),
            localDate=f"{at_tehran:%Y%m%d}",
            localTime=f"{at_tehran:%H%M%S}",
            additionalData=intent.description[:1000],
            callBackUrl=intent.return_url,
            payerId=intent.payer_id or _NOBODY,
        )
        if answer.outcome.kind is not Kind.STARTED:
            return answer.outcome
        if not answer.value:
            return without(answer.outcome, "RefId")
        return replace(
            answer.outcome,
            token=answer.value,
            redirect=self._redirect(answer.value, intent.mobile),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the form that the pay page posts back. Every field of it can be forged.

        ``amount_rial`` is FinalAmount, what the card was finally charged; a discount scheme may
        have made it smaller than what we asked.
        """
        fields = small_names(query, form)

        code = normalise(fields.get("rescode", "")[:10])
        reference = whole_number(fields.get("salereferenceid"))
        return Hint(
            claim=_claim(code),
            order_number=whole_number(fields.get("saleorderid")),
            token=normalise(fields.get("refid", "")[:64]) or None,
            bank_reference=str(reference) if reference else None,
            card_masked=masked_card(fields.get("cardholderpan", "")[:40]),
            amount_rial=whole_number(fields.get("finalamount")),
            bank_code=code,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the sale (bpVerifyRequest).

        A browser brings the bank's reference, so it may be missing or false. Where it is missing,
        or the bank knows no sale by it, the bank itself is asked for the reference of our order
        number; the outcome then carries that one, which replaces what the browser brought.
        """
        if stored.bank_reference is None:
            return self._confirm_recovered(stored, self.recover(stored))
        outcome = self._about("bpVerifyRequest", MEANS, stored)
        if outcome.kind is not Kind.NOT_FOUND:
            return outcome
        found = self.recover(stored)
        if found.bank_reference == stored.bank_reference:
            return replace(outcome, kind=Kind.UNKNOWN)  # the bank contradicts itself
        return self._confirm_recovered(stored, found)

    def settle(self, stored: StoredPayment) -> Outcome:
        """Ask for the pay-out of a verified sale (bpSettleRequest)."""
        return self._about("bpSettleRequest", SETTLE, stored)

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find the reference of a sale whose browser never came back (bpSaleReferenceIdRequest).

        The operation stands in the WSDL and in no guide. NOT_FOUND is no proof that nobody pays:
        the donor may still be on the pay page.
        """
        answer = self._ask("bpSaleReferenceIdRequest", RECOVER, **_order(stored))
        if answer.outcome.kind is not Kind.AWAITS_CONFIRM:
            return answer.outcome
        reference = whole_number(answer.value)
        if not reference:
            return without(answer.outcome, "SaleReferenceId")
        return replace(answer.outcome, bank_reference=str(reference))

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the sale is (bpInquiryRequest); nothing changes by it."""
        return self._about("bpInquiryRequest", INQUIRE, stored)

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a verified, not yet settled sale back (bpReversalRequest), within three hours."""
        outcome = self._about("bpReversalRequest", REVERSE, stored)
        # Asked for its reference, the bank may say that the sale is undone already.
        return replace(outcome, kind=Kind.DONE) if outcome.kind is Kind.RETURNED else outcome

    def refund(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Order money of a settled sale to be sent back (bpRefundRequest), in parts if need be.

        The order has a number of its own among our order numbers. DONE means that the bank took
        it; it may still refuse it in the night's cycle.
        """
        if stored.bank_reference is None:
            found = self.recover(stored)
            if found.bank_reference is None:
                is_open = found.kind in {Kind.UNKNOWN, Kind.CONFIG_ERROR}
                return found if is_open else replace(found, kind=Kind.REFUSED)
            stored = replace(stored, bank_reference=found.bank_reference)
        answer = self._ask(
            "bpRefundRequest",
            REFUND,
            orderId=str(refund.number),
            saleOrderId=str(stored.order_number),
            saleReferenceId=stored.bank_reference or _NOBODY,
            refundAmount=str(refund.amount_rial),
        )
        if answer.outcome.kind is Kind.DONE and not answer.value:
            return without(answer.outcome, "refundReferenceId")
        reason_fa, reason_en = REFUND_WORDS.get(
            answer.outcome.bank_code, (answer.outcome.reason_fa, answer.outcome.reason_en)
        )
        return replace(
            answer.outcome,
            reason_fa=reason_fa,
            reason_en=reason_en,
            bank_reference=answer.value,
        )

    def refund_status(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Ask whether an order to refund arrived (bpRefundInquiryRequest), by our number for it."""
        answer = self._ask(
            "bpRefundInquiryRequest",
            REFUND_STATUS,
            orderId=str(refund.number),
            refundOrderId=str(refund.number),
            refundReferenceId=refund.bank_reference or _NOBODY,
        )
        if answer.outcome.kind is not Kind.DONE:
            return answer.outcome
        return replace(answer.outcome, bank_reference=answer.value or refund.bank_reference)

    def check(self) -> Outcome:
        """Inquire about a sale that cannot exist: who is let in is told that there is none."""
        return self._about("bpInquiryRequest", CHECK, StoredPayment(0, 0, None, _NOBODY))

    def _confirm_recovered(self, stored: StoredPayment, found: Outcome) -> Outcome:
        if found.kind is not Kind.AWAITS_CONFIRM or found.bank_reference is None:
            return found
        known = replace(stored, bank_reference=found.bank_reference)
        outcome = self._about("bpVerifyRequest", MEANS, known)
        return replace(outcome, bank_reference=found.bank_reference)

    def _about(
        self, operation: str, meanings: Mapping[str, Kind], stored: StoredPayment
    ) -> Outcome:
        """Make one of the calls that name a sale by our number and the bank's reference."""
        if stored.bank_reference is None:
            found = self.recover(stored)
            if found.bank_reference is None:
                return found
            stored = replace(stored, bank_reference=found.bank_reference)
        fields = _order(stored) | {"saleReferenceId": stored.bank_reference or _NOBODY}
        return self._ask(operation, meanings, **fields).outcome

    def _ask(self, operation: str, meanings: Mapping[str, Kind], **fields: str) -> _Answer:
        answer = call_soap(
            self._net,
            self._host + _SERVICE,
            envelope(_NAMESPACE, operation, self._credentials | fields),
            operation=operation,
            headers=HEADERS,
            read=returned_text,
        )
        found = _ANSWER.fullmatch(normalise(str(answer.content or "")))
        if not found:
            return _Answer(answer.unknown())
        return _Answer(answer.says(meanings.get(found[1], Kind.UNKNOWN), found[1], WORDS), found[2])

    def _redirect(self, token: str, mobile: str | None) -> Redirect:
        fields = {"RefId": token}
        if mobile:
            fields["MobileNo"] = f"98{mobile.lstrip('0')}"  # shows the donor's saved cards
        return Redirect("POST", self._host + _PAY_PAGE, fields)


def _order(stored: StoredPayment) -> dict[str, str]:
    return {"orderId": str(stored.order_number), "saleOrderId": str(stored.order_number)}


def _claim(code: str) -> Claim:
    if code == "0":
        return Claim.PAID
    if code == "17":
        return Claim.CANCELLED
    return Claim.FAILED if MEANS.get(code) is Kind.NOT_PAID else Claim.UNCLEAR
