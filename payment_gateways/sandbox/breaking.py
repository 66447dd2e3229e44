"""How each ordered fault spoils one call."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from payment_gateways.sandbox.faults import Fault, Ordered
from payment_gateways.sandbox.serving import HTML, Answer
from payment_gateways.sandbox.wire import Names, Why, Wire

_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_PAGE = "<!doctype html><html><body><h1>خطای سرور</h1></body></html>".encode()
_SOAP_FAULT = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    b"<faultcode>soap:Server</faultcode><faultstring>error</faultstring>"
    b"</soap:Fault></soap:Body></soap:Envelope>"
)
_INSTEAD = {
    Fault.DROP_BEFORE: Answer(is_dropped=True),
    Fault.HTML_500: Answer(500, _PAGE, HTML),
    Fault.HTML_200: Answer(200, _PAGE, HTML),
    Fault.HUGE: Answer(200, b" " * 10_000_000, HTML),
    # Back to the same address: who follows it sends the call once more.
    Fault.REDIRECT: Answer(307, b"", HTML, {"Location": "?followed=1"}),
    Fault.BUSY: Answer(429, b"", HTML, {"Retry-After": "7"}),
    Fault.SOAP_FAULT: Answer(500, _SOAP_FAULT, "text/xml; charset=utf-8"),
}
_DECLINED = {
    Fault.UNLISTED_CODE: Why.UNLISTED,
    Fault.CREDENTIALS: Why.CREDENTIALS,
    Fault.ADDRESS: Why.ADDRESS,
    Fault.SESSION_OVER: Why.SESSION_OVER,
}
_BODIES = {
    Fault.EMPTY: b"",
    Fault.NULL: b"null",
    Fault.LIST: b"[]",
    Fault.BAD_UTF8: b"\xff\xfe\xc3\x28{",
}


def broken(fault: Ordered, wire: Wire, operation: str, perform: Callable[[], Answer]) -> Answer:
    """Answer a call the way the fault says."""
    if fault.fault in _INSTEAD:
        return _INSTEAD[fault.fault]
    if fault.fault in _DECLINED:
        return wire.refuse(operation, _DECLINED[fault.fault])
    if fault.fault is Fault.DELAY:
        time.sleep(fault.seconds)
    return _spoilt(perform(), fault, wire.names)


def _spoilt(answer: Answer, fault: Ordered, names: Names) -> Answer:
    if fault.fault in _BODIES:
        return replace(answer, body=_BODIES[fault.fault])
    match fault.fault:
        case Fault.DELAY:
            return answer
        case Fault.DROP_AFTER:
            return replace(answer, is_dropped=True)
        case Fault.DELAY_AFTER:
            time.sleep(fault.seconds)
            return answer
        case Fault.HTML_500_AFTER:
            return Answer(500, _PAGE, HTML)
        case Fault.TRUNCATE:
            return replace(answer, is_cut=True)
        case Fault.DRIP:
            return replace(answer, drip_seconds=fault.seconds)
        case Fault.BODY:
            return replace(answer, status=fault.status, body=fault.body.encode())
        case Fault.DOCTYPE:
            head = b'<!DOCTYPE a [<!ENTITY b "c">]>'
            return replace(answer, body=head + answer.body)
        case Fault.OTHER_PREFIX:
            body = re.sub(rb"(</?|xmlns:)(soap|ns1)\b", rb"\1x\2", answer.body)
            return replace(answer, body=body)
        case _:
            return replace(answer, body=_rewritten(answer.body, fault.fault, names))


def _rewritten(body: bytes, fault: Fault, names: Names) -> bytes:
    """Spoil single values of an answer, in JSON or in XML."""
    text = body.decode()
    if text.startswith("<"):
        return _in_xml(text, fault, names).encode()
    try:
        content = json.loads(text)
    except ValueError:
        return body
    spoilt = json.dumps(_in_json(content, fault, names), ensure_ascii=False)
    # What has nothing to spoil stays as it is, byte for byte.
    return body if spoilt == json.dumps(content, ensure_ascii=False) else spoilt.encode()


def _in_json(value: Any, fault: Fault, names: Names) -> Any:
    if isinstance(value, list):
        return [_in_json(one, fault, names) for one in value]
    if not isinstance(value, dict):
        return value
    written = {}
    for name, inner in value.items():
        if fault is Fault.FLIPPED and inner in ([], {}, None):
            continue
        if isinstance(inner, dict | list):
            written[name] = _in_json(inner, fault, names)
        elif not _is_left_out(name, fault, names):
            written[name] = _value(name, inner, fault, names)
    return written


def _value(name: str, value: Any, fault: Fault, names: Names) -> Any:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    numbers = {*names.amount, *names.reference, *names.code}
    named = {*numbers, *names.order}
    match fault:
        case Fault.PERSIAN_DIGITS if name in numbers and re.fullmatch(r"-?\d+", str(value)):
            return str(value).translate(_PERSIAN)
        case Fault.NUMBERS_AS_TEXTS if is_whole:
            return str(value)
        case Fault.TEXTS_AS_NUMBERS if re.fullmatch(r"[1-9]\d{0,17}", str(value)):
            return int(value)
        case Fault.TRUTH if name in names.code:
            return True
        case Fault.NULLS if name in named:
            return None
        case Fault.LISTS if name in named:
            return [value]
        case Fault.DECIMALS if name in {*names.amount, *names.reference}:
            return _decimal(value)
        case Fault.GROUPED if name in names.amount and re.fullmatch(r"\d+", str(value)):
            return f"{int(value):,}"
        case Fault.OTHER_REFERENCE if name in names.reference:
            return type(value)(_more(str(value), 1))
        case Fault.OTHER_AMOUNT if name in names.amount:
            return type(value)(_more(str(value), 1_000))
        case Fault.OTHER_ORDER if name in names.order:
            return type(value)(_more(str(value), 1))
        case _:
            return value


def _in_xml(text: str, fault: Fault, names: Names) -> str:
    def spoilt(found: re.Match[str]) -> str:
        name, value = found["name"], found["value"]
        if _is_left_out(name, fault, names):
            return ""
        return f"<{found['tag']}>{_value(name, value, fault, names)}</{found['tag']}>"

    # Mellat's one value holds a code and a token, of which only the code is surely a number.
    if "<return>" in text and fault in {Fault.PERSIAN_DIGITS, Fault.WITHOUT_REFERENCE}:
        before, _, after = text.partition("<return>")
        value, end, rest = after.partition("</return>")
        code, comma, token = value.partition(",")
        if fault is Fault.WITHOUT_REFERENCE:
            return f"{before}<return>{code}{end}{rest}"
        token = token.translate(_PERSIAN) if token.isdigit() else token
        return f"{before}<return>{code.translate(_PERSIAN)}{comma}{token}{end}{rest}"
    return re.sub(r"<(?P<tag>(?:\w+:)?(?P<name>\w+))>(?P<value>[^<]*)</(?P=tag)>", spoilt, text)


def _is_left_out(name: str, fault: Fault, names: Names) -> bool:
    left_out = {
        Fault.WITHOUT_AMOUNT: names.amount,
        Fault.WITHOUT_ORDER: names.order,
        Fault.WITHOUT_REFERENCE: names.reference,
        Fault.WITHOUT_CODE: names.code,
    }
    return name in left_out.get(fault, ())


def _decimal(value: Any) -> Any:
    """The same number with a fraction of zeros, as a number or a text like the one it was."""
    if not re.fullmatch(r"\d{1,15}", str(value)):
        return value
    return float(value) if isinstance(value, int) else f"{value}.00"


def _more(text: str, by: int) -> str:
    """Add to a number, keeping the fraction that some gateways write."""
    whole, point, fraction = text.partition(".")
    return f"{int(whole) + by}{point}{fraction}" if whole.isdigit() else f"{text}{by}"
