"""Why a gateway, an account or an adapter is not as it should be; adapters import it from here."""

from core.reasons import Reason

__all__ = ["Reason"]
