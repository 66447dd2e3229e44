"""Zarinpal (زرین‌پال), a payment facilitator: REST and JSON, version 4.

Source: the official documentation pages (payment gateway, inquiry, reverse). One call makes a
payment final; it names the amount and Zarinpal compares. It does not return unconfirmed money by
itself, so ``list_unverified`` shows what nobody has confirmed. Amounts go out in rial
(``currency: IRR``), always said: the default differs between versions.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import cast

from core.digits import normalise
from payment_gateways.contract import (
    Binds,
    Claim,
    FieldKind,
    Hint,
    Kind,
    Manifest,
    Outcome,
    PaymentIntent,
    Redirect,
    SettingField,
    StoredPayment,
)
from payment_gateways.masking import masked_card
from payment_gateways.reading import whole_number
from payment_gateways.transport import Silence, Transport
from payment_gateways.zarinpal_codes import INQUIRE, LIST, REVERSE, START, STATUS, VERIFY, WORDS

_HOST = "https://payment.zarinpal.com"
_SANDBOX_HOST = "https://sandbox.zarinpal.com"
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_PAGE_LIVES = timedelta(minutes=30)
_AUTHORITY = re.compile(r"[AS][0-9A-Za-z]{35}")
_UNLISTED = ("این پاسخ در راهنمای زرین‌پال نیامده است", "a code that Zarinpal's guide does not list")
_NO_ANSWER = ("پاسخ روشنی از زرین‌پال نرسید", "no clear answer came from Zarinpal")


@dataclass(frozen=True, slots=True)
class Unverified:
    """A payment that Zarinpal holds and nobody has confirmed."""

    token: str
    amount_rial: int | None  # None where it cannot be read
    made_at_tehran: str  # "YYYY-MM-DD hh:mm:ss", as Zarinpal writes it


@dataclass(frozen=True, slots=True)
class UnverifiedList:
    """The answer to ``list_unverified``: DONE with the payments, or why there is no list."""

    outcome: Outcome
    payments: tuple[Unverified, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    outcome: Outcome
    fields: Mapping[str, object]


class Zarinpal:
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
        can_recover=True,
        confirm_window=timedelta(days=1),
        reverse_window=timedelta(minutes=30),
        returns_unconfirmed=False,
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
        # A token of the test service must never pass for money, nor the other way round.
        self._first_letter = "S" if is_sandbox else "A"
        if is_sandbox:
            self.manifest = replace(type(self).manifest, base_urls=(_SANDBOX_HOST,))

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
            return _without(answer, "authority")
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
        fields = {name.lower(): value for name, value in {**form, **query}.items()}
        status = normalise(fields.get("status", "")[:10])
        claims = {"ok": Claim.PAID, "nok": Claim.CANCELLED}
        return Hint(
            claim=claims.get(status.lower(), Claim.UNCLEAR),
            token=fields.get("authority", "").strip()[:64] or None,
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
            return _without(answer, "ref_id")
        reference = str(number)
        return replace(
            answer.outcome,
            bank_reference=reference,
            trace_number=reference,
            card_masked=masked_card(str(answer.fields.get("card_pan", ""))),
        )

    def settle(self, stored: StoredPayment) -> Outcome:
        """There is no such step here: what is verified is paid out."""
        return Outcome(Kind.DONE)

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find out about a payment whose browser never came back; our token is enough for it."""
        return self.inquire(stored)

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the payment is. The guide forbids using this as a confirmation."""
        answer = self._about("inquiry", INQUIRE, stored)
        status = answer.fields.get("status")
        if answer.outcome.bank_code != "100" or not isinstance(status, str):
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

    def check(self) -> Outcome:
        """Ask for the unconfirmed payments: moves nothing and needs the right merchant id."""
        return self.list_unverified().outcome

    def list_unverified(self) -> UnverifiedList:
        """The newest payments (100 at most) that were paid and that nobody has verified."""
        answer = self._ask("unVerified", "/pg/v4/payment/unVerified.json", LIST)
        rows = answer.fields.get("authorities")
        if answer.outcome.kind is not Kind.DONE or not isinstance(rows, list):
            return UnverifiedList(answer.outcome)
        payments = tuple(
            Unverified(
                str(row.get("authority", "")),
                whole_number(row.get("amount")),
                str(row.get("date", "")),
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
    ) -> _Answer:
        path = f"/pg/v4/payment/{operation}.json"
        return self._ask(operation, path, meanings, **fields, authority=stored.token or "")

    def _ask(
        self, operation: str, path: str, meanings: Mapping[str, Kind], **fields: object
    ) -> _Answer:
        body = json.dumps(self._merchant | fields, ensure_ascii=False, separators=(",", ":"))
        reply = self._net.post(
            self._host + path, body.encode(), operation=operation, headers=_HEADERS
        )
        if isinstance(reply, Silence):
            return _unknown({"operation": operation, "silence": reply.why.value})
        evidence = {"operation": operation, "http_status": str(reply.status)}
        # Refusals come with a 4xx status and a body that says why, so the body is read first.
        content = _content(reply.body) if reply.status < 500 else None
        code = _code(content) if content is not None else ""
        if content is None or not code or 300 <= reply.status < 400:
            return _unknown(evidence, reply.retry_after_seconds)
        reason_fa, reason_en = WORDS.get(code, _UNLISTED)
        outcome = Outcome(
            meanings.get(code, Kind.UNKNOWN),
            bank_code=code,
            reason_fa=reason_fa,
            reason_en=reason_en,
            retry_after_seconds=reply.retry_after_seconds,
            evidence=evidence | {"code": code},
        )
        return _Answer(outcome, content)


def _content(body: bytes) -> Mapping[str, object] | None:
    """Find what the answer says: ``data`` where it is an object, else ``errors``.

    Zarinpal writes the empty one of the two as an empty list, sometimes leaves it out.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    for name in ("data", "errors"):
        content = answer.get(name)
        if isinstance(content, dict) and content:
            return cast("Mapping[str, object]", content)
    return None


def _code(content: Mapping[str, object]) -> str:
    """Read the result code, a number or (on older pages) a text; an inquiry may lack it."""
    code = content.get("code")
    if isinstance(code, bool) or not isinstance(code, int | str):
        return "100" if isinstance(content.get("status"), str) else ""
    text = normalise(str(code)[:20])
    return text if re.fullmatch(r"-?\d{1,4}", text) else ""


def _unknown(evidence: Mapping[str, str], retry_after: int | None = None) -> _Answer:
    reason_fa, reason_en = _NO_ANSWER
    outcome = Outcome(
        Kind.UNKNOWN,
        reason_fa=reason_fa,
        reason_en=reason_en,
        retry_after_seconds=retry_after,
        evidence=evidence,
    )
    return _Answer(outcome, {})


def _without(answer: _Answer, what: str) -> Outcome:
    """A success that lacks what makes it one is no answer at all."""
    evidence = {**answer.outcome.evidence, "missing": what}
    return replace(answer.outcome, kind=Kind.UNKNOWN, evidence=evidence)
