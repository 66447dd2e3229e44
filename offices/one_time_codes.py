"""One-time codes (TOTP, RFC 6238): six digits from the person's own device, each good for once."""

import hmac
from datetime import datetime

import pyotp
from sqlalchemy import update
from sqlalchemy.orm import Session

from core.digits import digits_only
from offices.staff import StaffMember

STEP_SECONDS = 30
ISSUER = "Mosharekat"


def new_secret() -> str:
    """A fresh secret for one person's device."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, username: str) -> str:
    """What the QR of an authenticator app holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def code_at(secret: str, now: datetime) -> str:
    """The code that the person's device shows at this moment."""
    return _code(secret, _step(now))


def accept_code(session: Session, member: StaffMember, typed: str, *, now: datetime) -> bool:
    """Whether this is the person's code, typed in any digits, and was not used before.

    The clock of the device may be one step (30 s) off. Each step is taken once for all processes:
    the same code a second time, or an older one, is refused.
    """
    digits = digits_only(typed) or ""
    for step in range(_step(now) - 1, _step(now) + 2):
        if hmac.compare_digest(_code(member.totp_secret, step), digits):
            return _take(session, member.id, step)
    return False


def _take(session: Session, staff_member_id: int, step: int) -> bool:
    taken = session.execute(
        update(StaffMember)
        .where(StaffMember.id == staff_member_id, StaffMember.totp_step < step)
        .values(totp_step=step)
        .returning(StaffMember.id)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _code(secret: str, step: int) -> str:
    return pyotp.TOTP(secret, interval=STEP_SECONDS).generate_otp(step)
