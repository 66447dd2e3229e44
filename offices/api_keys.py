"""The keys of partner software: shown once when they are made, known by their hash ever after."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.digits import normalise
from core.refusals import Refusal
from offices.audit import note
from offices.partners import ApiKey

NAME_MAX = 80
_PREFIX = "msk_"  # lets a scanner of logs and repositories recognise a key of ours
_KEY_BYTES = 32


class UnusableKeyName(Refusal):
    """A name that is empty, longer than 80 characters, or another partner's already."""

    code = "api_key.name"
    http_status = 422
    field = "name"


def add_key(session: Session, name: str, *, office_id: int | None = None, now: datetime) -> str:
    """Make a key for a partner and return it, for the only time. Raises UnusableKeyName.

    Gifts that come with a key of an office are that office's.
    """
    clean = normalise(name)
    if not 0 < len(clean) <= NAME_MAX:
        raise UnusableKeyName(name=clean[:NAME_MAX])
    if session.scalars(select(ApiKey.id).where(ApiKey.name == clean)).first() is not None:
        raise UnusableKeyName(name=clean)
    key = _PREFIX + secrets.token_urlsafe(_KEY_BYTES)
    row = ApiKey(name=clean, key_hash=_hash(key), office_id=office_id, created_at=now)
    session.add(row)
    session.flush()
    note(session, "api_key.add", subject="api_key", subject_id=row.id, now=now)
    return key


class UnknownKey(Refusal):
    """No partner's key has this name."""

    code = "api_key.no_such_name"
    http_status = 404
    field = "name"


def revoke_key(session: Session, name: str, *, now: datetime) -> datetime:
    """Let a partner's key count no longer; since when it does not. Raises UnknownKey.

    Revoking twice changes nothing: the first moment stays.
    """
    row = session.scalars(select(ApiKey).where(ApiKey.name == normalise(name))).one_or_none()
    if row is None:
        raise UnknownKey
    if row.revoked_at is None:
        row.revoked_at = now
        note(session, "api_key.revoke", subject="api_key", subject_id=row.id, now=now)
    return row.revoked_at


def key_holder(session: Session, plain: str, now: datetime) -> ApiKey | None:
    """The partner's key that this text is, if it is one and counts at this moment.

    Keys are 256 bits of chance, so a plain hash is enough: there is nothing to guess, and the
    index is searched for the hash, never for the key.
    """
    row = session.scalars(select(ApiKey).where(ApiKey.key_hash == _hash(plain))).one_or_none()
    if row is None or (row.revoked_at is not None and row.revoked_at <= now):
        return None
    return row


def _hash(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "surrogateescape")).hexdigest()
