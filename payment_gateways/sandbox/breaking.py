"""How each ordered fault spoils one call."""

import time
from collections.abc import Callable
from dataclasses import replace

from payment_gateways.sandbox.faults import Fault, Ordered
from payment_gateways.sandbox.serving import HTML, Answer

_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_PAGE = "<!doctype html><html><body><h1>خطای سرور</h1></body></html>".encode()
_INSTEAD = {
    Fault.DROP_BEFORE: Answer(is_dropped=True),
    Fault.HTML_500: Answer(500, _PAGE, HTML),
    Fault.HTML_200: Answer(200, _PAGE, HTML),
    Fault.HUGE: Answer(200, b" " * 2_000_000, HTML),
    Fault.REDIRECT: Answer(302, b"", HTML, {"Location": "/healthz"}),
    Fault.BUSY: Answer(429, b"", HTML, {"Retry-After": "7"}),
}


def broken(fault: Ordered, perform: Callable[[], Answer], unlisted: Answer) -> Answer:
    """Answer a call the way the fault says."""
    if fault.fault in _INSTEAD:
        return _INSTEAD[fault.fault]
    if fault.fault is Fault.UNLISTED_CODE:
        return unlisted
    if fault.fault is Fault.DELAY:
        time.sleep(fault.seconds)
    return _spoilt(perform(), fault)


def _spoilt(answer: Answer, fault: Ordered) -> Answer:
    match fault.fault:
        case Fault.DROP_AFTER:
            return replace(answer, is_dropped=True)
        case Fault.DELAY_AFTER:
            time.sleep(fault.seconds)
        case Fault.HTML_500_AFTER:
            return Answer(500, _PAGE, HTML)
        case Fault.TRUNCATE:
            return replace(answer, is_cut=True)
        case Fault.DRIP:
            return replace(answer, drip_seconds=fault.seconds)
        case Fault.DOCTYPE:
            head = b'<!DOCTYPE a [<!ENTITY b "c">]>'
            return replace(answer, body=head + answer.body)
        case Fault.PERSIAN_DIGITS:
            return replace(answer, body=_in_persian(answer.body))
        case Fault.FLIPPED:
            body = answer.body.replace(b',"errors":[]', b"").replace(b'"data":[],', b"")
            return replace(answer, body=body.replace(b'"code":100', b'"code":"100"'))
        case _:
            pass
    return answer


def _in_persian(body: bytes) -> bytes:
    """Write the result in Persian digits; names, namespaces and tokens stay as they are."""
    text = body.decode()
    before, found, after = text.partition("<return>")
    if found:
        value, end, rest = after.partition("</return>")
        code, comma, token = value.partition(",")
        token = token.translate(_PERSIAN) if token.isdigit() else token
        text = before + found + code.translate(_PERSIAN) + comma + token + end + rest
    else:
        for name in ("code", "ref_id"):
            before, found, after = text.partition(f'"{name}":')
            if found:
                digits = after[: len(after) - len(after.lstrip("-0123456789"))]
                text = f'{before}{found}"{digits.translate(_PERSIAN)}"{after[len(digits) :]}'
    return text.encode()
