"""A browser for tests. It fails a test as soon as any page breaks a rule all pages keep."""

from html.parser import HTMLParser

from flask import Flask
from werkzeug.test import TestResponse

_LATIN = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_IN_OFFICIAL_TITLES = ("PKU",)  # the state's own name of a sub-service holds it
_ARABIC_LOOKALIKES = frozenset("يك")
_SILENT_TAGS = frozenset({"script", "style", "code", "kbd", "template"})
_VOID_TAGS = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_SPOKEN_ATTRIBUTES = ("title", "alt", "placeholder", "aria-label", "data-label")


class Page(HTMLParser):
    """What stands on a page, read the way a visitor and a screen reader do."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.text: list[str] = []
        self.persian: list[str] = []  # the text that has to be Persian on a Persian page
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.links: list[str] = []
        self.headings = 0
        self.root: dict[str, str | None] = {}
        self.fields: dict[str, str] = {}
        self.controls: list[dict[str, str | None]] = []
        self.problems: list[str] = []
        self._open: list[tuple[str, bool]] = []  # each open tag, and whether it holds foreign text
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        is_foreign = tag in _SILENT_TAGS or values.get("dir") == "ltr" or values.get("lang") == "en"
        if tag == "html":
            self.root, is_foreign = values, False
        self.headings += tag == "h1"
        if values.get("id"):
            self.ids.append(values["id"] or "")
        if values.get("for"):
            self.labels.append(values["for"] or "")
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        if tag in {"input", "select", "textarea"}:
            self._note_control(tag, values)
        self._note_problems(tag, values)
        if not (is_foreign or self._is_foreign):
            self.persian += [values[name] or "" for name in _SPOKEN_ATTRIBUTES if name in values]
        if tag not in _VOID_TAGS:
            self._open.append((tag, is_foreign))

    def handle_endtag(self, tag: str) -> None:
        while self._open and tag not in _VOID_TAGS:
            closed, _is_foreign = self._open.pop()
            if closed == tag:
                return

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID_TAGS:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if any(tag in {"script", "style", "template"} for tag, _ in self._open):
            return
        self.text.append(data.strip())
        if not self._is_foreign:
            self.persian.append(data.strip())

    @property
    def words(self) -> str:
        """Everything a visitor reads, in one line."""
        return " ".join(part for part in self.text if part)

    @property
    def unlabelled(self) -> list[str]:
        """The controls that no label, and no label of their own, names."""
        return [
            str(control.get("name"))
            for control in self.controls
            if control.get("id") not in self.labels
            and not control.get("aria-label")
            and not control.get("aria-labelledby")
        ]

    @property
    def _is_foreign(self) -> bool:
        return any(is_foreign for _, is_foreign in self._open)

    def _note_control(self, tag: str, values: dict[str, str | None]) -> None:
        if values.get("name"):
            self.fields[values["name"] or ""] = values.get("value") or ""
        if values.get("type") not in {"hidden", "submit", "button"}:
            self.controls.append({**values, "tag": tag})

    def _note_problems(self, tag: str, values: dict[str, str | None]) -> None:
        if tag == "style" or "style" in values:
            self.problems.append(f"<{tag}> carries its own style")
        if tag == "script" and not values.get("src"):
            self.problems.append("a script stands in the page")
        self.problems += [f"<{tag}> has {name}" for name in values if name.startswith("on")]
        if tag == "img" and "alt" not in values:
            self.problems.append("an image says nothing in its place")
        address = values.get("src") or (values.get("href") if tag == "link" else "") or ""
        if address.startswith(("http:", "https:", "//")):
            self.problems.append(f"{address} comes from another host")


class PageClient:
    """Fetches pages and looks at each: direction, heading, ids, labels, digits and letters."""

    def __init__(self, app: Flask) -> None:
        self.http = app.test_client()

    def get(self, path: str, *, status: int = 200) -> Page:
        """The page at an address, after following where it sends us."""
        return self.check(self.http.get(path, follow_redirects=True), status)

    def post(self, path: str, *, status: int = 200, **fields: object) -> Page:
        """The page that answers a form, after following where it sends us."""
        return self.check(self.http.post(path, data=fields, follow_redirects=True), status)

    def check(self, response: TestResponse, status: int = 200) -> Page:
        """The page of a response that came about in another way."""
        assert response.status_code == status, response.text
        return checked(response.text)


def checked(html: str) -> Page:
    """Read a page and hold it to the rules of every page."""
    page = Page(html)
    language = page.root.get("lang")
    assert (language, page.root.get("dir")) in {("fa", "rtl"), ("en", "ltr")}, page.root
    assert page.headings == 1, f"a page has exactly one main heading, not {page.headings}"
    assert len(page.ids) == len(set(page.ids)), f"ids repeat: {_repeated(page.ids)}"
    assert not page.problems, page.problems
    assert not page.unlabelled, f"fields without a label: {page.unlabelled}"
    if language == "fa":
        foreign = [text for text in page.persian if _LATIN & set(_without_titles(text))]
        assert not foreign, f"not Persian, or Latin digits: {foreign}"
        lookalikes = [text for text in page.persian if _ARABIC_LOOKALIKES & set(text)]
        assert not lookalikes, f"Arabic letters in Persian text: {lookalikes}"
    return page


def _without_titles(text: str) -> str:
    for title in _IN_OFFICIAL_TITLES:
        text = text.replace(title, "")
    return text


def _repeated(ids: list[str]) -> set[str]:
    return {name for name in ids if ids.count(name) > 1}
