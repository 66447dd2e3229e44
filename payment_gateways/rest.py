"""Answers in JSON, as most gateways give them: one call, read strictly; every oddity is unknown."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import urlencode

from core.digits import normalise
from payment_gateways.contract import Kind, Outcome
from payment_gateways.transport import Method, Silence, Transport

Words = Mapping[str, tuple[str, str]]  # code -> Persian, English

_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_UNLISTED = ("پاسخ درگاه در راهنمای آن نیامده است", "a code that the gateway's guide does not list")
_NO_ANSWER = ("پاسخ روشنی از درگاه نرسید", "no clear answer came from the gateway")
_CODE = re.compile(r"[+-]?[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """What came back from one call; ``content`` is ``None`` where nothing of it can be read."""

    status: int  # of HTTP; 0 where no answer came
    content: object = None
    evidence: Mapping[str, str] = field(default_factory=dict)
    retry_after_seconds: int | None = None
    is_blank: bool = False  # an answer came and its body is empty, as some calls are meant to end

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields of the object that came; none where something else came."""
        return fields_of(self.content)

    def says(self, kind: Kind, code: str, words: Words) -> Outcome:
        """An outcome with the meaning of a code in both languages and the call's evidence."""
        reason_fa, reason_en = words.get(code, _UNLISTED)
        return Outcome(
            kind,
            bank_code=code[:20],
            reason_fa=reason_fa,
            reason_en=reason_en,
            retry_after_seconds=self.retry_after_seconds,
            evidence={**self.evidence, "code": code[:20]},
        )

    def unknown(self, **evidence: str) -> Outcome:
        """The outcome of an answer that is none: silence, noise, or a part missing."""
        reason_fa, reason_en = _NO_ANSWER
        return Outcome(
            Kind.UNKNOWN,
            reason_fa=reason_fa,
            reason_en=reason_en,
            retry_after_seconds=self.retry_after_seconds,
            evidence={**self.evidence, **evidence},
        )


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What an answer means, and the fields that say the rest of it."""

    outcome: Outcome
    fields: Mapping[str, object]


def call_json(
    net: Transport,
    method: Method,
    url: str,
    content: object = None,
    *,
    operation: str,
    headers: Mapping[str, str] | None = None,
) -> GatewayAnswer:
    """Send one JSON call, once."""
    body = b"" if content is None else _written(content)
    return _call(net, method, url, body, operation=operation, headers={**_JSON, **(headers or {})})


def post_form(
    net: Transport, url: str, fields: Mapping[str, str], *, operation: str
) -> GatewayAnswer:
    """Send one form, once; what comes back is JSON."""
    body = urlencode(fields).encode()
    return _call(net, "POST", url, body, operation=operation, headers=_FORM)


def _call(
    net: Transport,
    method: Method,
    url: str,
    body: bytes,
    *,
    operation: str,
    headers: Mapping[str, str],
) -> GatewayAnswer:
    """Send one call and read the JSON that comes back.

    A body is read whatever its status below 500, since refusals come with a 4xx and say why; a
    redirect, a server error and what is no JSON carry no content.
    """
    reply = net.call(method, url, body, operation=operation, headers=headers)
    evidence = {"operation": operation}
    if isinstance(reply, Silence):
        return GatewayAnswer(0, evidence=evidence | {"silence": reply.why.value})
    is_readable = reply.status < 500 and not 300 <= reply.status < 400
    return GatewayAnswer(
        reply.status,
        _read(reply.body) if is_readable else None,
        evidence | {"http_status": str(reply.status)},
        reply.retry_after_seconds,
        is_blank=not reply.body.strip(),
    )


def fields_of(value: object) -> Mapping[str, object]:
    """The fields of a JSON object; none where the value is something else."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def code_of(value: object) -> str:
    """Read a result code, a whole number or a text of one; empty where it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = normalise(str(value)[:20]).strip()
    return text if _CODE.fullmatch(text) else ""


def text_of(value: object, longest: int = 80) -> str:
    """Read a name that the bank gave: a text or a whole number, else empty."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value).strip()
    return text if len(text) <= longest and text.isprintable() else ""


def first_word(value: object) -> str:
    """The first word of a text that people wrote: whatever else stands in it does not matter."""
    words = normalise(value[:100]).split(maxsplit=1) if isinstance(value, str) else []
    return words[0] if words else ""


def without(outcome: Outcome, what: str) -> Outcome:
    """A success that lacks what makes it one is no answer at all."""
    return replace(outcome, kind=Kind.UNKNOWN, evidence={**outcome.evidence, "missing": what})


def _written(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _read(body: bytes) -> object:
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content
