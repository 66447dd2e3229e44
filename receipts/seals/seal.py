"""The door to seals: what others need to make one and to check one."""

from receipts.seals.checking import SealState, check_seal
from receipts.seals.keys import SealUnreadable, read_seal
from receipts.seals.sealing import Seal
from receipts.seals.time_stamps import time_stamped

__all__ = ["Seal", "SealState", "SealUnreadable", "check_seal", "read_seal", "time_stamped"]
