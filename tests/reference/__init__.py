"""A second, independent way to the same cents: slow, plain Python, one function per sentence of the rules.

It knows nothing of the program under test. It takes a world (tables of typed rows), a policy without dates, a run's
date and a ledger, and says what each CDR and line should have cost, what each claim owes, and what a run posts.
"""

from __future__ import annotations

from reference.charges import Charge, Charges
from reference.claims import Owed
from reference.model import RULES, Entry, Policy, Row, World
from reference.rating import CdrCost, Rating
from reference.settle import owed, run
from reference.tariffs import CONTRACT, IMPROVED

__all__ = [
    "CONTRACT",
    "IMPROVED",
    "RULES",
    "CdrCost",
    "Charge",
    "Charges",
    "Entry",
    "Owed",
    "Policy",
    "Rating",
    "Row",
    "World",
    "owed",
    "run",
]
