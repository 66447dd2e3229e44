"""Saman (سپ، پرداخت الکترونیک سامان): REST and JSON, "OnlinePG".

Source: guides 3.3 and 3.6. The only credential is the server address that Saman has on file. A
payment is confirmed by RefNum, which the browser alone brings; the answer carries the amount and
the terminal, and no order number. So a payment whose browser never came back cannot be found out
about: Saman gives its money back by itself after thirty minutes.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta

from core.digits import normalise
from payment_gateways.adapters.sep_codes import (
    CHECK,
    REVERSE,
    START,
    START_WORDS,
    VERIFY,
    WORDS,
)
from payment_gateways.contract import (
    Binds,
    Claim,
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
from payment_gateways.rest import ReadAnswer, call_json, code_of, fields_of, text_of, without
from payment_gateways.transport import Transport

_HOST = "https://sep.shaparak.ir"
_TOKEN = "/onlinepg/onlinepg"  # noqa: S105  an address
_PAY_PAGE = "/OnlinePG/OnlinePG"
_VERIFY_SERVICE = "/verifyTxnRandomSessionkey/ipg/"
_PAGE_LIVES = timedelta(minutes=20)
_NOBODY = "0"  # a RefNum that no transaction has
_NAME = re.compile(r"[!-~]{1,50}")
_NO_REFERENCE = (
    "درگاه سامان تنها با شماره مرجعی که مرورگر می‌آورد پاسخ می‌دهد",
    "Saman answers only to the RefNum that a browser brings",
)
_OTHER_TERMINAL = ("این تراکنش از آن پایانه دیگری است", "a transaction of another terminal")


class Sep(OptionalSteps):
    """One terminal at Saman Electronic Payment."""

    manifest = Manifest(
        slug="sep",
        name_fa="پرداخت الکترونیک سامان (سپ)",
        name_en="Saman Electronic Payment (SEP)",
        settings=(
            SettingField("terminal_id", "شماره پایانه", "terminal number", pattern=r"\d{1,10}"),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.NOTHING,
        needs_settle=False,
        can_inquire=False,
        can_reverse=True,
        recovers_by=Recovery.NONE,
        confirm_window=timedelta(minutes=30),
        reverse_window=timedelta(minutes=50),
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=10**15,
        source="OnlinePG guide 3.6: verify 30, reverse 50 minutes from the sale; amounts assumed",
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")

    def __repr__(self) -> str:
        return f"Sep(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED carries the token and the form to post."""
        content: dict[str, object] = {
            "action": "token",
            "TerminalId": self.terminal,
            "Amount": intent.amount_rial,
            "ResNum": str(intent.order_number),
            "RedirectUrl": intent.return_url,
        }
        if intent.mobile:
            content["CellNumber"] = intent.mobile
        answer = call_json(self._net, "POST", self._host + _TOKEN, content, operation="token")
        status = code_of(answer.fields.get("status"))
        if status == "-1":
            code = code_of(answer.fields.get("errorCode"))
            return answer.says(START.get(code, Kind.UNKNOWN), code, START_WORDS)
        if status != "1":
            return answer.unknown()
        outcome = answer.says(Kind.STARTED, status, START_WORDS)
        token = text_of(answer.fields.get("token"))
        if not _NAME.fullmatch(token):
            return without(outcome, "token")
        return replace(
            outcome,
            token=token,
            redirect=Redirect("POST", self._host + _PAY_PAGE, {"Token": token, "GetMethod": ""}),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the form that the pay page posts back. Every field of it can be forged."""
        fields = small_names(query, form)
        status = normalise(fields.get("status", "")[:10])
        reference = normalise(fields.get("refnum", "")[:100])
        token = fields.get("token", "")[:100].strip()
        return Hint(
            claim=_claim(status, fields.get("state", "")[:20].lower()),
            order_number=whole_number(fields.get("resnum")),
            token=token if _NAME.fullmatch(token) else None,
            bank_reference=reference if _NAME.fullmatch(reference) else None,
            card_masked=masked_card(fields.get("securepan", "")[:40]),
            amount_rial=whole_number(fields.get("amount")),
            bank_code=status,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Verify the transaction by its RefNum.

        Without a RefNum nobody can tell: the payer may be at the bank, or may have paid. A
        repeated verify is answered by 2, and carries what it carries.
        """
        if stored.bank_reference is None:
            return _nobody_can_tell()
        answer = self._about("VerifyTransaction", VERIFY, stored.bank_reference)
        if answer.outcome.kind not in {Kind.CONFIRMED, Kind.ALREADY_CONFIRMED}:
            return answer.outcome
        return self._read_detail(answer)

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a verified payment back whole, within fifty minutes of the sale."""
        if stored.bank_reference is None:
            return _nobody_can_tell()
        outcome = self._about("ReverseTransaction", REVERSE, stored.bank_reference).outcome
        if outcome.bank_code != "2":
            return outcome
        # Reversing follows upon a verify, so asking for one more makes nothing final by now.
        found = self._about("VerifyTransaction", VERIFY, stored.bank_reference).outcome
        return replace(outcome, kind=Kind.DONE) if found.bank_code == "5" else outcome

    def check(self) -> Outcome:
        """Verify a transaction that cannot exist: who is let in is told that there is none."""
        return self._about("VerifyTransaction", CHECK, _NOBODY).outcome

    def _read_detail(self, answer: ReadAnswer) -> Outcome:
        """Take the money's facts out of a success; another terminal's money is refused."""
        outcome, detail = answer.outcome, answer.fields
        if not detail and outcome.kind is Kind.ALREADY_CONFIRMED:
            return outcome
        amount_rial = whole_number(detail.get("OrginalAmount"))  # the guide's spelling
        terminal = whole_number(detail.get("TerminalNumber"))
        reference = normalise(text_of(detail.get("RefNum")))
        if not amount_rial:
            return without(outcome, "OrginalAmount")
        if terminal is None:
            return without(outcome, "TerminalNumber")
        if not _NAME.fullmatch(reference):
            return without(outcome, "RefNum")
        if terminal != int(self.terminal):
            reason_fa, reason_en = _OTHER_TERMINAL
            return replace(outcome, kind=Kind.REFUSED, reason_fa=reason_fa, reason_en=reason_en)
        return replace(
            outcome,
            amount_rial=amount_rial,
            bank_reference=reference,
            trace_number=normalise(text_of(detail.get("StraceNo"), 40)) or None,
            card_masked=masked_card(text_of(detail.get("MaskedPan"))),
            evidence={**outcome.evidence, "RRN": text_of(detail.get("RRN"))},
        )

    def _about(self, operation: str, meanings: Mapping[str, Kind], reference: str) -> ReadAnswer:
        """Make one of the two calls that name a transaction by RefNum and terminal."""
        content = {"RefNum": reference, "TerminalNumber": int(self.terminal)}
        url = f"{self._host}{_VERIFY_SERVICE}{operation}"
        answer = call_json(self._net, "POST", url, content, operation=operation)
        code = code_of(answer.fields.get("ResultCode"))
        is_contradiction = code == "0" and answer.fields.get("Success") is not True
        if not code or is_contradiction:
            return ReadAnswer(answer.unknown(), {})
        outcome = answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS)
        return ReadAnswer(outcome, fields_of(answer.fields.get("TransactionDetail")))


def _nobody_can_tell() -> Outcome:
    reason_fa, reason_en = _NO_REFERENCE
    return Outcome(Kind.OPEN, reason_fa=reason_fa, reason_en=reason_en)


def _claim(status: str, state: str) -> Claim:
    """Read ``Status``, or ``State`` where there is no such number."""
    if status == "2" or (not status and state == "ok"):
        return Claim.PAID
    if status == "1" or (not status and state == "canceledbyuser"):
        return Claim.CANCELLED
    return Claim.FAILED if status or state else Claim.UNCLEAR
