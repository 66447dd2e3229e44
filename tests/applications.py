"""Makes the application cheap to build: the tests build it some thousands of times.

Building one took 90 ms and its first page as long again, most of it for addresses that the test
never asks for and for templates that the test before it had compiled already.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


def cheap_applications() -> None:
    """Share compiled templates between applications; compile a rule when a link first wants it."""
    Flask.jinja_options = {"bytecode_cache": _CompiledOnce()}
    Rule._compile_builder = _compiled_when_wanted(Rule._compile_builder)  # type: ignore[method-assign]


class _CompiledOnce(BytecodeCache):
    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])  # compares the source's sum

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


def _compiled_when_wanted(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    def compile_later(rule: Rule, *args: bool) -> Callable[..., Any]:
        compiled: list[Callable[..., Any]] = []

        def build(bound_to: Rule, **values: Any) -> Any:
            if not compiled:
                compiled.append(compile_builder(rule, *args))
            return compiled[0](bound_to, **values)

        return build

    return compile_later
