"""Sepehr (سپهر، پرداخت الکترونیک صادرات، formerly Mabna): REST and JSON, "PeymentApi".

Source: published clients; no official guide is at hand, so windows and amounts are assumed. The
only credentials are the terminal and the server address on file. A payment is confirmed
("Advice") by the digital receipt, which the browser alone brings; the answer carries the amount
and nothing else, and a payment whose browser never came back cannot be found out about. The
addresses without a port are used: many hosts let no call out to ports 8080 and 8081.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta

from core.digits import normalise
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
from payment_gateways.rest import GatewayAnswer, call_json, code_of, text_of, without
from payment_gateways.transport import Transport

_HOST = "https://sepehr.shaparak.ir"
_SERVICE = "/Rest/V1/PeymentApi/"  # spelt so
_PAY_PAGE = "/Payment/Pay"
_PAGE_LIVES = timedelta(minutes=15)
_NOBODY = "0"  # a digital receipt that no transaction has
_NAME = re.compile(r"[!-~]{1,80}")

START_WORDS: Mapping[str, tuple[str, str]] = {
    "0": ("توکن صادر شد", "token issued"),
    "-2": ("نشانی سرور یا درگاه اتصال پذیرفته نیست", "the server address or port is not let in"),
    "-3": ("خطای عمومی", "general error"),
    "-5": ("نشانی سرور نامعتبر است", "invalid server address"),
}
WORDS: Mapping[str, tuple[str, str]] = {
    "ok": ("عملیات موفق بود", "done"),
    "duplicate": ("این تراکنش پیش‌تر تأیید شده است", "advised before"),
    "-1": ("تراکنش یافت نشد", "transaction not found"),
    "-2": ("تراکنش پیش‌تر برگشت خورده است", "reversed before"),
    "-3": ("خطای عمومی", "general error"),
    "-4": ("این کار برای این تراکنش ممکن نیست", "not possible for this transaction"),
    "-5": ("نشانی سرور نامعتبر است", "invalid server address"),
    "-6": ("برگشت برای این پایانه فعال نیست", "rollback is not enabled for this terminal"),
}
_NO_RECEIPT = (
    "درگاه سپهر تنها با رسید دیجیتالی که مرورگر می‌آورد پاسخ می‌دهد",
    "Sepehr answers only to the digital receipt that a browser brings",
)

START: Mapping[str, Kind] = {
    "0": Kind.STARTED,
    "-2": Kind.CONFIG_ERROR,
    "-3": Kind.UNKNOWN,
    "-5": Kind.CONFIG_ERROR,
}
_REFUSED: Mapping[str, Kind] = {
    "-1": Kind.NOT_FOUND,
    "-3": Kind.UNKNOWN,
    "-5": Kind.CONFIG_ERROR,
    "-6": Kind.CONFIG_ERROR,
}
ADVICE: Mapping[str, Kind] = {
    **_REFUSED,
    "ok": Kind.CONFIRMED,
    "duplicate": Kind.ALREADY_CONFIRMED,
    "-2": Kind.RETURNED,
    "-4": Kind.UNKNOWN,  # why it is not possible is not said, so people look into it
}
# What a rollback means by "duplicate" is written nowhere; "reversed before" is plain.
ROLLBACK: Mapping[str, Kind] = {**_REFUSED, "ok": Kind.DONE, "-2": Kind.DONE, "-4": Kind.REFUSED}
# Asked for a receipt that cannot exist, a bank that lets us in says that there is none.
CHECK: Mapping[str, Kind] = {"-1": Kind.DONE, "-5": Kind.CONFIG_ERROR}


class Sepehr(OptionalSteps):
    """One terminal at Sepehr."""

    manifest = Manifest(
        slug="sepehr",
        name_fa="سپهر (بانک صادرات)",
        name_en="Sepehr (Bank Saderat)",
        settings=(
            SettingField("terminal_id", "شماره پایانه", "terminal number", pattern=r"\d{1,18}"),
        ),
        base_urls=(_HOST,),
        binds_amount=Binds.ANSWER,
        binds_order=Binds.NOTHING,
        needs_settle=False,
        can_inquire=False,
        can_reverse=True,
        recovers_by=Recovery.NONE,
        confirm_window=timedelta(minutes=30),
        reverse_window=timedelta(minutes=30),
        returns_unconfirmed=True,
        amount_rial_min=1_000,
        amount_rial_max=10**15,
        source=(
            "published clients; 30 minutes to confirm are commonly told, the time to reverse and"
            " the amounts are assumed; rollback needs the bank's leave for each terminal"
        ),
    )

    def __init__(
        self, settings: Mapping[str, str], net: Transport, base_url: str | None = None
    ) -> None:
        self.terminal = settings["terminal_id"]
        self._net = net
        self._host = (base_url or _HOST).rstrip("/")

    def __repr__(self) -> str:
        return f"Sepehr(terminal={self.terminal!r})"

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment (GetToken). STARTED carries the token and the form to post."""
        content: dict[str, object] = {
            "TerminalID": int(self.terminal),
            "Amount": intent.amount_rial,
            "callbackURL": intent.return_url,
            "InvoiceID": str(intent.order_number),
            "Payload": "",  # where a terminal shares its money out, this field says how
        }
        if intent.mobile:
            content["CellNumber"] = intent.mobile
        answer = self._call("GetToken", content)
        fields = _fields(answer)
        code = code_of(fields.get("status"))
        if not code:
            return answer.unknown()
        outcome = answer.says(START.get(code, Kind.UNKNOWN), code, START_WORDS)
        if outcome.kind is not Kind.STARTED:
            return outcome
        token = text_of(fields.get("accesstoken"))
        if not _NAME.fullmatch(token):
            return without(outcome, "AccessToken")
        return replace(
            outcome,
            token=token,
            redirect=self._redirect(token, intent.payer_id),
            expires_at=intent.at.astimezone(UTC) + _PAGE_LIVES,
        )

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read the form that the pay page posts back; every field of it can be forged.

        It carries no token: the order number says whose it is.
        """
        fields = small_names(query, form)
        code = normalise(fields.get("respcode", "")[:10])
        receipt = normalise(fields.get("digitalreceipt", "")[:100])
        return Hint(
            claim=_claim(code),
            order_number=whole_number(fields.get("invoiceid")),
            bank_reference=receipt if _NAME.fullmatch(receipt) else None,
            card_masked=masked_card(fields.get("cardnumber", "")[:40]),
            amount_rial=whole_number(fields.get("amount")),
            bank_code=code,
        )

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Advise the transaction by its digital receipt; the answer carries the amount.

        Without a receipt nobody can tell: the payer may be at the bank, or may have paid.
        """
        return self._about("Advice", ADVICE, stored.bank_reference)

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Give a payment back whole (Rollback), where the bank has enabled it."""
        return replace(self._about("Rollback", ROLLBACK, stored.bank_reference), amount_rial=None)

    def check(self) -> Outcome:
        """Advise a receipt that cannot exist: who is let in is told that there is none."""
        return self._about("Advice", CHECK, _NOBODY)

    def _about(self, operation: str, meanings: Mapping[str, Kind], receipt: str | None) -> Outcome:
        """Make one of the two calls that name a transaction by its digital receipt.

        ``ReturnId`` is the amount of what went well, and the code of what did not.
        """
        if receipt is None:
            reason_fa, reason_en = _NO_RECEIPT
            return Outcome(Kind.OPEN, reason_fa=reason_fa, reason_en=reason_en)
        answer = self._call(operation, {"digitalreceipt": receipt, "Tid": int(self.terminal)})
        fields = _fields(answer)
        status = text_of(fields.get("status")).lower()
        if status == "nok":
            code = code_of(fields.get("returnid"))
            return answer.says(meanings.get(code, Kind.UNKNOWN), code, WORDS)
        if status not in {"ok", "duplicate"}:
            return answer.unknown()
        outcome = answer.says(meanings.get(status, Kind.UNKNOWN), status, WORDS)
        amount_rial = whole_number(fields.get("returnid"))
        if not amount_rial:
            return without(outcome, "ReturnId")
        return replace(outcome, amount_rial=amount_rial)

    def _call(self, operation: str, content: Mapping[str, object]) -> GatewayAnswer:
        url = f"{self._host}{_SERVICE}{operation}"
        return call_json(self._net, "POST", url, content, operation=operation)

    def _redirect(self, token: str, payer_id: str | None) -> Redirect:
        fields = {"token": token, "terminalID": self.terminal}
        if payer_id:
            fields["nationalCode"] = payer_id  # this field carries the deposit id as well
        return Redirect("POST", self._host + _PAY_PAGE, fields)


def _fields(answer: GatewayAnswer) -> dict[str, object]:
    """The fields of an answer; their case differs between versions."""
    return small_names(answer.fields)


def _claim(code: str) -> Claim:
    if code == "0":
        return Claim.PAID
    if code == "-1":
        return Claim.CANCELLED
    return Claim.FAILED if code else Claim.UNCLEAR
