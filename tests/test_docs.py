"""What the documents say must be what the code does: pictures, tables, settings, links."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from core.settings import ROOT, Settings
from donations.models.payment import NEXT_STATES, PaymentState
from flows.events import FOLLOWS
from flows.jobs import PERIODIC
from ledger.accounts import AccountKind
from migrations.tables import metadata
from web.app import create_app

ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs/glossary.md").read_text("utf-8")
SETTINGS = (ROOT / "docs/operations/settings.md").read_text("utf-8")
