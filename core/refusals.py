"""The two kinds of trouble: a refusal we explain, and everything else."""

from typing import ClassVar


class Refusal(Exception):
    """A request we understand and decline, with a reason the person can act on.

    ``code`` is stable: it names the sentence to show and is part of the API. ``details`` fill the
    gaps of that sentence; no secret and no personal data of somebody else may stand in them.
    Anything that is not a Refusal is a defect and becomes a plain 500.
    """

    code: ClassVar[str]
    http_status: ClassVar[int] = 409
    field: ClassVar[str | None] = None  # the form or API field it belongs beside, if it has one

    def __init__(self, **details: object) -> None:
        super().__init__(f"{self.code} {details}" if details else self.code)
        self.details = details


class NotFound(Refusal):
    """No such thing, or none that this person may see: the two are never told apart."""

    code = "not_found"
    http_status = 404
