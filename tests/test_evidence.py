"""Every amount can be computed again from its entry alone, with a pocket calculator (§7.5)."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import pytest

from letters import STORIES, newest_entries
from nights import Books, make_night
from program import dated, post_nights
from worlds import make_nights, make_policy, make_world

if TYPE_CHECKING:
    import polars as pl

Entry = dict[str, Any]

CENT: Final = Decimal("0.01")


def rounded(exact: Fraction) -> Decimal:
    """Round half away from zero to cents."""
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(CENT, ROUND_HALF_UP)


def added(fees: str) -> Fraction:
    """Add up fees such as "8.30 × 16/31 + 6.90 × 15/31"."""
    terms = [term.split(" × ") for term in fees.split(" + ")]
    return sum((Fraction(term[0]) * Fraction(term[1] if len(term) > 1 else "1") for term in terms), Fraction(0))


def price(figures: Entry, choice: str, prefix: str) -> Decimal:
    """What a line should have cost; of a fee, added up from its terms."""
    stated = Decimal(figures[choice])
    if figures[f"{prefix}fees"] is not None:
        still_open = Decimal(figures[f"{prefix}open_before"] or 0)
        assert rounded(added(figures[f"{prefix}fees"])) + still_open == stated
    return stated


def disputed(entry: Entry, figures: Entry) -> Decimal:
    """What a dispute brings back in the entry's bucket, from its gross share of the line."""
    rate = 1 + Fraction(figures["tax_rate"]) / 100
    share = Fraction(figures["line_gross"]) / Fraction(figures["shared_by_gross"])
    for whole, gross, net in (
        ("dispute_gross", "disputed_gross", "disputed_net"),
        ("unjustified_dispute_gross", "unjustified_gross", "unjustified_net"),
    ):
        # The cents that rounding leaves over go to some of the lines.
        assert abs(Fraction(figures[whole]) * share - Fraction(figures[gross])) < Fraction(1, 100)
        assert rounded(Fraction(figures[gross]) / rate) == Decimal(figures[net])
    standing = figures["standing"]
    if entry["bucket"] == "provisional":
        return Decimal(figures["disputed_net"] if standing == "open" else 0)
    if standing == "explained":
        return Decimal(figures["unjustified_net"])
    if standing == "accepted" or (figures["minor"] and standing not in {"open", "withdrawn"}):
        return Decimal(figures["disputed_net"])
    return Decimal(figures["unjustified_net"] if standing == "explained_late" else 0)


def stated(entry: Entry, figures: Entry) -> Decimal:  # noqa: PLR0911  # one for each rule
    """What the rule says is owed, from its own figures."""
    match entry["rule"]:
        case "billing_error":
            return Decimal(figures["charged"]) - price(figures, "contract", "")
        case "promised_price":
            promised = rounded(Fraction(figures["price"]) * Fraction(figures["quantity"]))
            assert promised == Decimal(figures["promised"])
            return Decimal(figures["charged"]) - promised
        case "no_lock_in":
            return Decimal(figures["charged"])
        case "tariff_improvement":
            return price(figures, "contract", "contract_") - price(figures, "improved", "improved_")
        case "outage_credit" if "basis" in figures:
            # The figures of a law are computed again in the tests of the schemes.
            names = ("by_time", "by_bills", "by_days", "by_periods", "least")
            return max(Decimal(figures[name]) for name in names if figures[name] is not None)
        case "outage_credit":
            fee = Fraction(figures["fee"])
            by_time = fee * Fraction(figures["minutes"]) / figures["cycle_minutes"]
            return max(rounded(fee * Fraction(figures["percent"]) / 100), rounded(by_time))
        case "best_price":
            for which in ("", "best_"):
                exact = added(figures[f"{which}fees"]) + Fraction(figures[f"{which}usage_cost"])
                assert rounded(exact) == Decimal(figures[f"{which}cost"])
            return Decimal(figures["cost"]) - Decimal(figures["best_cost"])
        case "error_indemnity":
            wrong = Decimal(figures["charged"]) - Decimal(figures["due"])
            return rounded(Fraction(wrong) * Fraction(figures["percent"]) / 100)
        case _:
            return disputed(entry, figures)


def in_cents(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def computed_again(entry: Entry) -> None:
    """Compute the amounts of an entry again from its evidence."""
    figures = json.loads(entry["evidence"])
    owed, set_off, kept = (Decimal(figures[name]) for name in ("owed", "set_off", "kept"))
    assert owed - Decimal(figures["posted"]) == in_cents(entry["net"]), entry
    tax = rounded(Fraction(figures["net_after"]) * Fraction(figures["tax_rate"]) / 100)
    assert tax - Decimal(figures["tax_before"]) == in_cents(entry["tax"]), entry
    # Of a claim that no rule states any more there is only what was posted.
    if len(figures) > len(("owed", "posted", "set_off", "beside", "kept", "tax_rate", "net_after", "tax_before")):
        own = stated(entry, figures)
        assert own - set_off + kept == owed, entry
        beside = [Decimal(part.rpartition(" ")[2]) for part in (figures["beside"] or "").split(", ") if part]
        # No more is given back of a line than it was charged above the price.
        down_to = Decimal(figures.get({"tariff_improvement": "improved"}.get(entry["rule"], ""), "0"))
        beyond = max(Decimal(0), own + down_to - Decimal(figures["charged"])) if "charged" in figures else set_off
        assert set_off <= sum(beside) + beyond, entry


@pytest.mark.parametrize("story", STORIES)
def test_each_entry_of_each_story_can_be_computed_again(story: str) -> None:
    for entry in newest_entries(STORIES[story], "en").to_dicts():
        # An undone entry is nothing but the opposite of what was posted.
        if entry["kind"] != "undo":
            computed_again(entry)


def test_each_entry_of_made_up_worlds_can_be_computed_again() -> None:
    told: set[str] = set()
    for seed in range(16):
        ledger = post_nights(make_nights(seed, make_world(seed)), dated(make_policy(seed)))
        for entry in ledger.to_dicts():
            computed_again(entry)
        told |= set(ledger["rule"]) | {f"{name} is there" for name in _figures(ledger)}
    # The worlds are of any use only if they have entries of every rule, and every figure.
    expected = {"billing_error", "promised_price", "no_lock_in", "tariff_improvement", "outage_credit"}
    expected |= {"dispute_refund", "best_price", "error_indemnity"}
    assert told >= expected | {f"{name} is there" for name in ("fees", "billed_before", "open_before", "beside")}


def _figures(ledger: pl.DataFrame) -> set[str]:
    return {
        name
        for evidence in ledger["evidence"]
        for name, value in json.loads(evidence).items()
        if value not in {None, "0.00"}
    }


def test_what_others_give_is_named() -> None:
    # Charged 30.00 for what costs 20.00 and is promised at 18.00; 0.50 was given back by hand.
    night = make_night(
        "2026-03-01",
        lines=[{"charged": "30.00", "contract": "20.00", "kind": "usage", "item": "calls", "prior_credit": "0.50"}],
        promises=[{"item": "calls", "price": "18.00"}],
    )
    entries = Books().settle(night).entries.to_dicts()
    told = {entry["rule"]: json.loads(entry["evidence"]) for entry in entries}
    assert (told["billing_error"]["set_off"], told["billing_error"]["beside"]) == (
        "0.50",
        "prior credits 0.50, promised_price 2.00",
    )
    assert (told["promised_price"]["set_off"], told["promised_price"]["beside"]) == (
        "10.00",
        "prior credits 0.50, billing_error 9.50",
    )
