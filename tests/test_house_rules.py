"""The rules of this house that no linter knows."""

import ast
import re
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from core.settings import Settings
from deploy.translations import FOLDER, merged

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "core",
    "offices",
    "payment_gateways",
    "ledger",
    "notifications",
    "jobs",
    "donations",
    "receipts",
    "reconciliation",
    "flows",
    "web",
)
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
SANDBOX = [path for path in MODULES if "sandbox" in path.parts]
OWN = [path for path in MODULES if path not in SANDBOX]  # the sandbox bank is somebody else's house
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SAID = ("_", "Later", "counted")
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
OTHER_HOST = re.compile(r"""(?:src|action|data)\s*=\s*["'](?:https?:)?//|<link[^>]+https?://""")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9./-]*")  # UTF-8, MT940: names that nobody translates


def short(path):
    return str(path.relative_to(ROOT))


def tree_of(path):
    return ast.parse(path.read_text("utf-8"))


def calls_in(path):
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]


def said_in_code(path):
    """Every text for people in a module: the constants handed to ``_``, ``Later``, ``counted``."""
    for call in calls_in(path):
        name = getattr(call.func, "id", "")
        if name in SAID:
            words = call.args[: 2 if name == "counted" else 1]
            yield from (word.value for word in words if isinstance(word, ast.Constant))


def said_in_template(path):
    tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
    for _line, _function, texts in extract_from_ast(tree, gettext_functions=SAID):
        for text in (texts,) if isinstance(texts, str) else texts[:2]:
            if text is not None:
                yield text


def wordings():
    for message in merged(FOLDER.glob("*.po")):
        if message.id:
            ids = (message.id,) if isinstance(message.id, str) else message.id
            strings = (message.string,) if isinstance(message.string, str) else message.string
            yield tuple(ids), tuple(strings)


def test_there_is_a_house_to_look_at():
    assert len(MODULES) > 50
    assert len(TEMPLATES) > 5
    assert SANDBOX


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_a_module_says_what_it_is_for(path):
    tree = tree_of(path)

    assert ast.get_docstring(tree) or not tree.body, "the module has no opening sentence"


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_imports_stand_at_the_top(path):
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    inner = [n for f in ast.walk(tree_of(path)) if isinstance(f, functions) for n in ast.walk(f)]

    assert not [node.lineno for node in inner if isinstance(node, (ast.Import, ast.ImportFrom))]


@pytest.mark.parametrize("path", OWN, ids=short)
def test_only_the_clock_module_reads_the_clock(path):
    readings = [
        call.lineno
        for call in calls_in(path)
        if isinstance(call.func, ast.Attribute)
        and (getattr(call.func.value, "id", ""), call.func.attr) in CLOCKS
    ]

    assert not readings or path == ROOT / "core" / "clock.py"


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_money_is_never_a_fraction(path):
    annotated = [
        (getattr(node, "arg", "") or getattr(getattr(node, "target", None), "id", ""), node)
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None
    ]

    assert not [
        name
        for name, node in annotated
        if name.endswith("_rial")
        and re.search("float|Decimal|Numeric", ast.unparse(node.annotation))
    ]


@pytest.mark.parametrize("path", SANDBOX, ids=short)
def test_the_sandbox_bank_imports_nothing_of_ours(path):
    imported = {
        name
        for node in ast.walk(tree_of(path))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }

    assert not {
        name
        for name in imported
        if name.split(".")[0] in PACKAGES and not name.startswith("payment_gateways.sandbox")
    }


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_a_template_keeps_scripts_and_styles_outside(path):
    html = path.read_text("utf-8")

    assert "<style" not in html
    assert not re.search(r"\sstyle\s*=", html)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_a_template_loads_nothing_from_another_host(path):
    assert not OTHER_HOST.search(path.read_text("utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=short)
def test_a_template_trusts_no_text(path):
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", path.read_text("utf-8"))


def test_every_message_is_said_in_persian():
    known = {text for ids, _strings in wordings() for text in ids}
    used = {text: short(path) for path in MODULES for text in said_in_code(path)}
    used |= {text: short(path) for path in TEMPLATES for text in said_in_template(path)}

    assert {text: place for text, place in used.items() if text not in known} == {}


def test_persian_keeps_the_gaps_of_the_english():
    assert [
        (ids[0], strings)
        for ids, strings in wordings()
        if any(
            set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(ids[-1])) for text in strings
        )
    ] == []


def test_persian_is_written_with_persian_letters_and_digits():
    assert [
        text
        for _ids, strings in wordings()
        for text in strings
        if re.search("[يك0-9٠-٩]", LATIN_NAME.sub("", PLACEHOLDER.sub("", text)))
    ] == []


def test_every_setting_is_explained():
    handbook = (ROOT / "docs" / "operations" / "settings.md").read_text("utf-8")

    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in handbook] == []
