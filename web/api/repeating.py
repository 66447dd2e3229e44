"""A POST that may be sent again: worked on once for its Idempotency-Key, answered alike."""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import cast

from flask import Response, g, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy.orm import Session

from core.refusals import Refusal
from offices.idempotency import Answer, Asked, Held, KeyReused, StillRunning, answer, hold
from web.api.gate import View, partner
from web.api.problems import problem_of, problem_response
from web.api.reading import read_strictly
from web.api.refusals import NoIdempotencyKey
from web.services import current

_KEY = re.compile(r"[!-~]{1,255}")


def repeatable(view: View) -> View:
    """The view of a POST; it gets to know under which key it was asked for what.

    Raises NoIdempotencyKey, and what ``read_strictly`` raises.
    """

    @wraps(view)
    def with_key(**path_values: object) -> ResponseReturnValue:
        key = request.headers.get("Idempotency-Key", "")
        if _KEY.fullmatch(key) is None:
            raise NoIdempotencyKey
        said = f"{request.method} {request.path}\n{read_strictly()}"
        g.asked = Asked(partner().api_key_id, key, hashlib.sha256(said.encode()).hexdigest())
        return view(**path_values)

    return with_key


def asked() -> Asked:
    """The request in hand: whose it is, under which key, and the hash of what it says."""
    return cast(Asked, g.asked)


def said(model: BaseModel, status: int) -> Answer:
    """An answer as it is sent, kept and sent again: the same bytes each time."""
    return Answer(status, model.model_dump_json(exclude_none=True))


def in_one_transaction(work: Callable[[Session], Answer]) -> Response:
    """Do all that a request asks for, and keep its answer, in one transaction.

    What the use case refuses leaves nothing behind but the answer. Raises KeyReused, StillRunning.
    """
    try:
        with current.database.writing() as session:
            held = hold(session, asked(), now=current.now())
            if isinstance(held, Answer):
                return replayed(held)
            done = work(session)
            answer(session, held, done)
    except (KeyReused, StillRunning):
        raise
    except Refusal as refusal:
        return kept_refusal(refusal)
    return answered(done)


def kept_refusal(refusal: Refusal, *, held: Held | None = None) -> Response:
    """Keep that a request was declined, and decline it; a failure of ours (5xx) is not kept.

    ``held`` is the hold on the request where it was committed before.
    """
    if refusal.http_status >= 500:
        raise refusal
    done = Answer(refusal.http_status, problem_of(refusal).model_dump_json(exclude_none=True))
    with current.database.writing() as session:
        if held is None:
            known = hold(session, asked(), now=current.now())
            if isinstance(known, Answer):  # the same request, sent at once, was quicker
                return replayed(known)
            held = known
        answer(session, held, done)
    return answered(done)


def answered(done: Answer) -> Response:
    """The answer to the first request under its key."""
    if done.status >= 400:
        return problem_response(done.body, done.status)
    return Response(done.body, done.status, mimetype="application/json")


def replayed(done: Answer) -> Response:
    """The answer to a repeat: byte for byte what the first request got."""
    response = answered(done)
    response.headers["Idempotent-Replay"] = "true"
    return response
