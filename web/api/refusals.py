"""What the interface declines before any use case is asked."""

from core.refusals import Refusal


class UnknownKey(Refusal):
    """No key came, or one that is not ours, or one that was revoked."""

    code = "api_key.unknown"
    http_status = 401


class NotJson(Refusal):
    """The body is announced as something other than JSON."""

    code = "body.not_json"
    http_status = 415


class UnreadableBody(Refusal):
    """The body is not one JSON text in UTF-8."""

    code = "body.unreadable"
    http_status = 400


class RepeatedField(Refusal):
    """A field stands twice in one object, so that nobody knows which of the two is meant."""

    code = "field.repeated"
    http_status = 400


class NoIdempotencyKey(Refusal):
    """A POST without a usable Idempotency-Key: 1 to 255 visible ASCII characters."""

    code = "idempotency_key.missing"
    http_status = 400
    field = "Idempotency-Key"


class UnknownOffice(Refusal):
    """An office that does not exist, is closed, or is not the one this key belongs to."""

    code = "office.unknown"
    http_status = 422
    field = "office"


class PaymentNotStarted(Refusal):
    """The bank gave no way to pay. Nobody can have paid; the same request may be sent again."""

    code = "payment.not_started"
    http_status = 503


class PaymentInterrupted(Refusal):
    """The attempt was cut off on its way to the bank. Nobody can have paid it.

    It is never begun a second time under the same key; another key begins another attempt.
    """

    code = "payment.interrupted"
    http_status = 409


class PaymentBeingChecked(Refusal):
    """An earlier payment of this pledge may have taken money. The same request may come again."""

    code = "payment.being_checked"
    http_status = 409
