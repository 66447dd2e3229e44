"""Zarinpal (زرین‌پال), a payment facilitator: REST and JSON, version 4.

Source: the official documentation pages (payment gateway, inquiry, reverse, refund). One call
makes a payment final; it names the amount and Zarinpal compares. It does not return unconfirmed
money by itself, so ``list_unverified`` shows what nobody has confirmed. Amounts go out in rial
(``currency: IRR``), always said: the default differs between versions.

What is past reversing is refunded through the merchant's panel: GraphQL on another host, with an
access token of its own. It knows a payment as a session, which is found by its reference.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta

from core.digits import normalise
from payment_gateways.adapters.zarinpal_codes import (
    INQUIRE,
    LIST,
    PANEL,
    PANEL_WORDS,
    REFUND_STATUS,
    REVERSE,
    START,
    STATUS,
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
    Unverified,
    UnverifiedList,
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
    first_word,
    text_of,
    without,
)
from payment_gateways.transport import Transport

_HOST = "https://payment.zarinpal.com"
_SANDBOX_HOST = "https://sandbox.zarinpal.com"
_PANEL = "https://next.zarinpal.com"
_GRAPHQL = "/api/v4/graphql/"
_PAGE_LIVES = timedelta(minutes=30)
_AUTHORITY = re.compile(r"[AS][0-9A-Za-z]{35}")
_SESSIONS = (
    "query Sessions($terminal_id: ID!, $reference_id: String, $limit: Int) {"
    " Session(terminal_id: $terminal_id, reference_id: $reference_id, limit: $limit)"
    " { id status amount } }"
)
_ADD_REFUND = (
    "mutation AddRefund($session_id: ID!, $amount: BigInteger!, $description: String,"
    " $method: InstantPayoutActionTypeEnum, $reason: RefundReasonEnum) {"
    " resource: AddRefund(session_id: $session_id, amount: $amount, description: $description,"
    " method: $method, reason: $reason) { id amount timeline { refund_status } } }"
)
_REFUNDS = (
    "query GetRefunds($terminal_id: ID!, $limit: Int, $offset: Int) {"
    " refunds: GetRefunds(terminal_id: $terminal_id, limit: $limit, offset: $offset)"
    " { id amount status description } }"
)
_ROWS_ASKED = 100
_PAGES_ASKED = 20
_UNLISTED = ("این پاسخ در راهنمای زرین‌پال نیامده است", "a code that Zarinpal's guide does not list")


class Zarinpal(OptionalSteps):
    """One merchant id at Zarinpal."""

    manifest = Manifest(
        slug="zarinpal",
        name_fa="زرین‌پال",
        name_en="Zarinpal",
        settings=(
            SettingField(
                "merchant_id",
                "شناسه پذیرنده",
                "merchant id",
                FieldKind.SECRET,
                pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
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
                "کلید دسترسی پنل (برای استرداد)",
                "access token of the panel (for refunds; needs the terminal number too)",
                FieldKind.SECRET,
                is_required=False,
            ),
            SettingField(
                "sandbox",
                "آزمایشی",
                "Zarinpal's own test service",
                FieldKind.YES_NO,
                is_required=False,
                default="no",
            ),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.REQUEST,
        binds_order=Binds.NOTHING,
        needs_settle=False,
        can_inquire=True,
        can_reverse=True,
        recovers_by=Recovery.INQUIRY,
        confirm_window=timedelta(days=1),
        reverse_window=timedelta(minutes=30),
        returns_unconfirmed=False,
        refund_rial_min=20_000,
        lists_unverified=True,
        is_aggregator=True,
        amount_rial_min=1_000,
        amount_rial_max=1_000_000_000,
        source="documentation v4; no confirm window is published, one day is assumed",
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        is_sandbox = settings.get("sandbox") == "yes"
        # Enough of the merchant id to tell two terminals apart, and not enough to use it.
        self.terminal = settings.get("terminal_id") or settings["merchant_id"][:8]
        self._merchant = {"merchant_id": settings["merchant_id"]}
        self._net = net
        self._host = (base_url or (_SANDBOX_HOST if is_sandbox else _HOST)).rstrip("/")
        self._panel = (base_url or _PANEL).rstrip("/")
        self._token = settings.get("access_token", "")
        # A token of the test service must never pass for money, nor the other way round.
        self._first_letter = "S" if is_sandbox else "A"
        if is_sandbox:
            self.manifest = replace(type(self).manifest, base_urls=(_SANDBOX_HOST,))
        # The panel has no test service, and finds a session only at the terminal that it knows.
        elif self._token and settings.get("terminal_id"):
            self.manifest = replace(type(self).manifest, can_refund=True, can_refund_part=True)

    def __repr__(self) -> str:
        return f"Zarinpal(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries the authority and the address of the pay page."""
        metadata = {"order_id": str(intent.order_number)}
        if intent.mobile:
            metadata["mobile"] = intent.mobile
        answer = self._ask(
            "request",
            "/pg/v4/payment/request.json",
            START,
            amount=intent.amount_rial,
            currency="IRR",
            description=intent.description.strip()[:500] or str(intent.order_number),
            callback_url=intent.return_url,
            metadata=metadata,
        )
        if answer.outcome.kind is not Kind.STARTED:
            return answer.outcome
        authority = str(answer.fields.get("authority", ""))
        if not _AUTHORITY.fullmatch(authority) or authority[0] != self._first_letter:
            return without(answer.outcome, "authority")
        return replace(
            answer.outcome,
            token=authority,
            redirect=Redirect("GET", f"{self._host}/pg/StartPay/{authority}"),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read ``Authority`` and ``Status``. It carries no amount, no order and no signature."""
        fields = small_names(form, query)
        status = normalise(fields.get("status", "")[:10])
        claims = {"ok": Claim.PAID, "nok": Claim.CANCELLED}
        return Hint(
            claim=claims.get(status.lower(), Claim.UNCLEAR),
            token=normalise(fields.get("authority", "")[:64]) or None,
            bank_code=status,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the payment with our amount.

        "Unpaid or failed" (-51) also comes while the payer is still at the bank, so it is looked
        into before it is believed. -50 (another amount was paid) is REFUSED.
        """
        answer = self._about("verify", VERIFY, stored, amount=stored.amount_rial)
        if answer.outcome.kind is Kind.NOT_PAID:
            return self._looked_into(stored)
        if answer.outcome.kind not in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
            return answer.outcome
        number = whole_number(answer.fields.get("ref_id"))
        if not number:
            return without(answer.outcome, "ref_id")
        reference = str(number)
        return replace(
            answer.outcome,
            bank_reference=reference,
            trace_number=reference,
            card_masked=masked_card(str(answer.fields.get("card_pan", ""))),
        )

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find out about a payment whose browser never came back; our token is enough for it."""
        return self.inquire(stored)

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the payment is. The guide forbids using this as a confirmation."""
        answer = self._about("inquiry", INQUIRE, stored)
        status = text_of(answer.fields.get("status"))
        # An inquiry may leave the code of a success out; any other answer may not.
        is_understood = answer.outcome.bank_code == "100" or "code" not in answer.fields
        if not is_understood or not status:
            return answer.outcome
        reason_fa, reason_en = WORDS.get(status, _UNLISTED)
        return replace(
            answer.outcome,
            kind=STATUS.get(status, Kind.UNKNOWN),
            bank_code=status[:20],
            reason_fa=reason_fa,
            reason_en=reason_en,
        )

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a payment back whole, within thirty minutes; needs a registered server address."""
        outcome = self._about("reverse", REVERSE, stored).outcome
        if outcome.bank_code == "-61" and self.inquire(stored).kind is Kind.RETURNED:
            return replace(outcome, kind=Kind.DONE)
        return outcome

    def refund(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Order money to be sent back in the next transfer between the banks (PAYA).

        The panel takes no number of ours and would carry the same order out twice. So the
        description begins with our number, and nothing is sent before its list has shown none of
        that number.
        """
        if not self.manifest.can_refund:
            return no_such_step()
        earlier = self.refund_status(stored, refund)
        if earlier.kind is not Kind.NOT_FOUND:
            return replace(earlier, kind=Kind.DONE) if earlier.kind is Kind.OPEN else earlier
        if not stored.bank_reference:  # without one the panel would show the money of others
            return _no_session(earlier)
        found = self._ask_panel(
            "Session",
            _SESSIONS,
            terminal_id=self.terminal,
            reference_id=stored.bank_reference,
            limit=10,
        )
        if found.outcome.kind is not Kind.DONE:
            return _not_a_refusal(found.outcome)
        rows = found.fields.get("Session")
        if not isinstance(rows, list):
            return without(found.outcome, "Session")
        session = _session_of(rows, stored.amount_rial)
        if not session:
            return _no_session(found.outcome)
        answer = self._ask_panel(
            "AddRefund",
            _ADD_REFUND,
            session_id=session,
            amount=refund.amount_rial,
            description=f"{refund.number} {refund.reason[:200]}".rstrip(),
            method="PAYA",
            reason="CUSTOMER_REQUEST",
        )
        if answer.outcome.kind is not Kind.DONE:
            return answer.outcome
        taken = fields_of(answer.fields.get("resource"))
        name = text_of(taken.get("id"))
        if not name or whole_number(taken.get("amount")) != refund.amount_rial:
            return without(answer.outcome, "resource")
        return replace(answer.outcome, bank_reference=name)

    def refund_status(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Look for the refund in the panel's list, to its end, by our number.

        Only a list that was read to its end proves that the order never arrived; and an order
        that was sent before the access token was taken out is not refused for that.
        """
        if not self.manifest.can_refund:
            return replace(no_such_step(), kind=Kind.CONFIG_ERROR)
        seen = 0
        for _page in range(_PAGES_ASKED):
            answer = self._ask_panel(
                "GetRefunds",
                _REFUNDS,
                terminal_id=self.terminal,
                limit=_ROWS_ASKED,
                offset=seen,
            )
            rows = answer.fields.get("refunds")
            if answer.outcome.kind is not Kind.DONE:
                return _not_a_refusal(answer.outcome)
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                return without(answer.outcome, "refunds")
            for row in rows:
                if first_word(row.get("description")) == str(refund.number):
                    return _refund_outcome(answer.outcome, row, refund)
            if not rows:
                return replace(answer.outcome, kind=Kind.NOT_FOUND)
            seen += len(rows)
        return without(answer.outcome, "the end of the list")

    def check(self) -> Outcome:
        """Ask for the unconfirmed payments: moves nothing and needs the right merchant id."""
        return self.list_unverified().outcome

    def list_unverified(self) -> UnverifiedList:
        """The newest payments (100 at most) that were paid and that nobody has verified."""
        answer = self._ask("unVerified", "/pg/v4/payment/unVerified.json", LIST)
        rows = answer.fields.get("authorities")
        if answer.outcome.kind is not Kind.DONE:
            return UnverifiedList(answer.outcome)
        if not isinstance(rows, list):
            return UnverifiedList(without(answer.outcome, "authorities"))
        payments = tuple(
            Unverified(
                text_of(row.get("authority")),
                whole_number(row.get("amount")),
                made_at=text_of(row.get("date")),
            )
            for row in rows
            if isinstance(row, dict)
        )
        return UnverifiedList(answer.outcome, payments)

    def _looked_into(self, stored: StoredPayment) -> Outcome:
        found = self.inquire(stored)
        if found.kind is Kind.ALREADY_CONFIRMED:
            return replace(found, kind=Kind.UNKNOWN)  # it contradicts itself: ask again
        return found

    def _about(
        self, operation: str, meanings: Mapping[str, Kind], stored: StoredPayment, **fields: object
    ) -> ReadAnswer:
        path = f"/pg/v4/payment/{operation}.json"
        return self._ask(operation, path, meanings, **fields, authority=stored.token or "")

    def _ask(
        self, operation: str, path: str, meanings: Mapping[str, Kind], **fields: object
    ) -> ReadAnswer:
        answer = call_json(
            self._net, "POST", self._host + path, self._merchant | fields, operation=operation
        )
        content = _content(answer.fields)
        code = code_of(content.get("code"))
        if not code:
            return ReadAnswer(answer.unknown(), content)
        return ReadAnswer(answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS), content)

    def _ask_panel(self, operation: str, query: str, **variables: object) -> ReadAnswer:
        answer = call_json(
            self._net,
            "POST",
            self._panel + _GRAPHQL,
            {"query": query, "variables": variables},
            operation=operation,
            headers={"Authorization": f"Bearer {self._token}"},
        )
        data = fields_of(answer.fields.get("data"))
        category = _category(answer)
        if category or answer.fields.get("errors"):
            return ReadAnswer(
                answer.says(PANEL.get(category, Kind.UNKNOWN), category, PANEL_WORDS), {}
            )
        if not data:
            return ReadAnswer(answer.unknown(), {})
        return ReadAnswer(answer.says(Kind.DONE, "", PANEL_WORDS), data)


def _category(answer: GatewayAnswer) -> str:
    """The category of the panel's first error; empty where it has none."""
    if answer.fields and answer.status in {401, 403}:
        return "authentication" if answer.status == 401 else "authorization"
    errors = answer.fields.get("errors")
    first = fields_of(errors[0]) if isinstance(errors, list) and errors else {}
    return text_of(fields_of(first.get("extensions")).get("category"), 20)


def _session_of(rows: list[object], amount_rial: int) -> str:
    """The one session that has our amount; empty where there is none, or more than one."""
    ours = [
        text_of(row.get("id"))
        for row in map(fields_of, rows)
        if whole_number(row.get("amount")) == amount_rial
    ]
    return ours[0] if len(ours) == 1 else ""


def _no_session(outcome: Outcome) -> Outcome:
    reason_fa, reason_en = PANEL_WORDS["no session"]
    return replace(outcome, kind=Kind.REFUSED, reason_fa=reason_fa, reason_en=reason_en)


def _refund_outcome(outcome: Outcome, row: Mapping[str, object], refund: Refund) -> Outcome:
    """What a row of the list says; with another amount it is not clear what was sent."""
    kind = REFUND_STATUS.get(text_of(row.get("status")), Kind.UNKNOWN)
    if whole_number(row.get("amount")) != refund.amount_rial:
        kind = Kind.UNKNOWN
    return replace(outcome, kind=kind, bank_reference=text_of(row.get("id")) or None)


def _not_a_refusal(outcome: Outcome) -> Outcome:
    """A search that is declined says nothing about the refund that was searched for."""
    return replace(outcome, kind=Kind.UNKNOWN) if outcome.kind is Kind.REFUSED else outcome


def _content(fields: Mapping[str, object]) -> Mapping[str, object]:
    """Find what the answer says: ``data`` where it is an object, else ``errors``.

    Zarinpal writes the empty one of the two as an empty list, sometimes leaves it out.
    """
    return fields_of(fields.get("data")) or fields_of(fields.get("errors"))
