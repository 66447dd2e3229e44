"""What is wrong with the fields of a body: pydantic's account of it, in our words and codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from core.digits import to_persian
from core.words import Later, spoken

_KINDS_OF_ITEMS = frozenset({"cash", "goods", "service"})
_CODES = {
    "extra_forbidden": "field.unknown",
    "missing": "field.missing",
    "union_tag_not_found": "field.missing",
    "quantity.unusable": "quantity.unusable",
    "card_number": "text.card_number",
}
_UNREADABLE = "field.unreadable"
_SENTENCES = {
    "extra_forbidden": Later("There is no such field."),
    "missing": Later("This field is needed."),
    "union_tag_not_found": Later("This field is needed."),
    "union_tag_invalid": Later("This must be one of: {expected_tags}."),
    "literal_error": Later("This must be one of: {expected}."),
    "enum": Later("This must be one of: {expected}."),
    "int_type": Later("This must be a whole number: no text, no fraction, no truth value."),
    "greater_than_equal": Later("This must be at least {ge}."),
    "less_than_equal": Later("This must be at most {le}."),
    "string_type": Later("This must be text."),
    "string_too_short": Later("This must have at least {min_length} characters."),
    "string_too_long": Later("This must have at most {max_length} characters."),
    "list_type": Later("This must be a list."),
    "too_short": Later("This must have at least {min_length} entries."),
    "too_long": Later("This must have at most {max_length} entries."),
    "quantity.unusable": Later(
        "This must be a whole number, or a decimal with up to three places as text, above zero."
    ),
    "card_number": Later("A bank card's number must not be sent."),
}
_OBJECT = Later("This must be an object.")
_OTHERWISE = Later("This value cannot be used here.")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One field, its stable code and its sentence."""

    field: str
    code: str
    message: str


def mistakes_in(error: ValidationError) -> list[Mistake]:
    """Every mistake of a body, in the order of its fields; what was sent is not repeated."""
    return [
        Mistake(
            field=_field(found["loc"], found["type"]),
            code=_CODES.get(found["type"], _UNREADABLE),
            message=_message(found["type"], found.get("ctx", {})),
        )
        for found in error.errors(include_url=False, include_input=False)
    ]


def _field(path: tuple[int | str, ...], kind_of_mistake: str) -> str:
    """The path as the partner wrote it: pydantic adds the kind of an item behind its place."""
    parts = [
        str(part)
        for place, part in enumerate(path)
        if not (place == 2 and path[0] == "items" and part in _KINDS_OF_ITEMS)
    ]
    if kind_of_mistake.startswith("union_tag"):
        parts.append("kind")
    return ".".join(parts)


def _message(kind_of_mistake: str, facts: Mapping[str, Any]) -> str:
    if kind_of_mistake.startswith(("model_", "dict_")):
        return str(_OBJECT)
    sentence = str(_SENTENCES.get(kind_of_mistake, _OTHERWISE))
    return sentence.format(**{name: _shown(fact) for name, fact in facts.items()})


def _shown(fact: object) -> str:
    """A bound as people read it; the values a field may have are codes and stay as they are."""
    return to_persian(str(fact)) if isinstance(fact, int) and spoken() == "fa" else str(fact)
