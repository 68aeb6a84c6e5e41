"""Everyone has the best price: what another tariff would have saved goes back (§6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import micro
from billadjust.phrases import phrase
from billadjust.rules.evidence import amount, evidence
from billadjust.schemas import Claims

if TYPE_CHECKING:
    from billadjust.night import Night


def best_price(night: Night) -> pl.LazyFrame:
    """What a bill cost more than under the cheapest tariff on sale goes back.

    A bill of 35.00 that another tariff would have made 22.00: 13.00 goes back where the mode is "credit"; where it is
    "advise", the customer is told. Settlement limits it to what is left of the bill's lines.
    """
    policy = night.policy
    issued = pl.col("issue_date")
    claim = phrase("best_price|{}|{}", "invoice_id", "subscription_id")
    owed = pl.col("cost") - pl.col("best_cost")
    return (
        credited_bills(night)
        .filter(pl.col("best_cost").is_not_null())
        .with_columns(
            tariff=phrase("{}/{}", "from_tariff", "from_version"),
            best_tariff=phrase("{}/{}", "to_tariff", "to_version"),
        )
        .select(
            rule=pl.lit("best_price"),
            claim=claim,
            account_id="account_id",
            subscription_id="subscription_id",
            invoice_id="invoice_id",
            line_no=pl.lit(None, pl.Int64),
            source_ref=phrase("{} > {}", "tariff", "best_tariff"),
            final=owed,
            provisional=pl.lit(0, pl.Int64),
            to_price=pl.lit(None, pl.Int64),
            pool=claim,
            pool_limit=pl.lit(None, pl.Int64),
            since=pl.lit(None, pl.Datetime("us", "UTC")),
            covers=pl.lit(None, pl.List(pl.String)),
            event_on="issue_date",
            deadline=pl.lit(None, pl.Date),
            tax_rate="tax_rate",
            taken_back=pl.lit(value=False),
            policy_ref=policy.reference("best_price.mode", issued),
            variant=pl.lit("credit"),
            evidence=evidence(
                tariff=pl.col("tariff"),
                fees=pl.col("fees"),
                usage_cost=micro(pl.col("usage_cost")),
                cost=amount(pl.col("cost"), policy.digits),
                best_tariff=pl.col("best_tariff"),
                best_fees=pl.col("best_fees"),
                best_usage_cost=micro(pl.col("best_usage_cost")),
                best_cost=amount(pl.col("best_cost"), policy.digits),
            ),
            stated=owed,
            review=pl.lit(None, pl.String),
        )
        .select(Claims.column_names())
    )


def credited_bills(night: Night) -> pl.LazyFrame:
    """Return the bills (schemas.Offers) whose difference to the best price is credited, if there is one."""
    return night.offers.filter((pl.col("mode") == "credit") & ~pl.col("frozen"))
