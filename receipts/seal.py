"""The door to seals: what others need to make one and to check one."""

from receipts.seal_checking import SealState, check_seal
from receipts.seal_keys import SealUnreadable, read_seal
from receipts.sealing import Seal
from receipts.time_stamps import time_stamped

__all__ = ["Seal", "SealState", "SealUnreadable", "check_seal", "read_seal", "time_stamped"]
