"""The rules, in order of precedence: each states what customers are owed in total by the run's date.

A rule is a plain function from the night to a frame of claims (schemas.Claims). The first line of its docstring is
its summary wherever one is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from billadjust.night import Night
from billadjust.rules.best_price import best_price
from billadjust.rules.billing_error import billing_error
from billadjust.rules.dispute_refund import dispute_refund
from billadjust.rules.error_indemnity import error_indemnity
from billadjust.rules.no_lock_in import no_lock_in
from billadjust.rules.outage_credit import outage_credit
from billadjust.rules.promised_price import promised_price
from billadjust.rules.tariff_improvement import tariff_improvement

Rule = Callable[[Night], pl.LazyFrame]

RULES: Final[tuple[Rule, ...]] = (
    billing_error,
    promised_price,
    no_lock_in,
    tariff_improvement,
    dispute_refund,
    outage_credit,
    best_price,
    error_indemnity,
)

PRICE_RULES: Final = ("billing_error", "promised_price", "no_lock_in", "tariff_improvement")
"""The rules that bring a line down to a price; disputes take what they leave."""

LINE_RULES: Final = (*PRICE_RULES, "dispute_refund")
"""The rules whose claims share the charge of one invoice line."""

ASSESSED_RULES: Final = ("billing_error", "tariff_improvement")
"""The rules that need to know what the line should have cost."""
