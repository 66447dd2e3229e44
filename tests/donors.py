"""Donors, for tests: they fill the form of a gift in and send it as a browser does."""

from werkzeug.test import TestResponse

from tests.page_client import Page, PageClient, checked

_HIDDEN = ("csrf_token", "request_key", "shares", "kind")


def hidden_fields(client: PageClient, path: str = "/give") -> dict[str, str]:
    """What the form carries without showing it."""
    fields = client.get(path).fields
    return {name: fields[name] for name in _HIDDEN if name in fields}


def send_gift(client: PageClient, *, kind: str = "cash", **fields: object) -> TestResponse:
    """Open the form and send it; the bare answer."""
    return client.http.post("/give", data={**hidden_fields(client, f"/give?kind={kind}"), **fields})


def give(client: PageClient, *, status: int = 200, **fields: object) -> Page:
    """Open the form and send it; the page one ends on."""
    answer = send_gift(client, **fields)  # type: ignore[arg-type]
    if answer.status_code == 303:
        return client.get(answer.location)
    return client.check(answer, status)


def refused(answer: TestResponse) -> Page:
    """The form that comes back with its mistakes shown."""
    assert answer.status_code == 422, answer.text
    return checked(answer.text)
