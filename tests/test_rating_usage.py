"""Tests of what each CDR should have cost."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from billadjust.errors import InputError
from billadjust.policy import Policy
from billadjust.rating.catalogue import spans
from billadjust.rating.rate import rate
from billadjust.schemas import RatedCdrs
from rating_tables import Row, Rows, local, make_inputs

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.rating.terms import Choice

MICRO = 1_000_000


def rated(inputs: Inputs, policy: Policy | None = None, choice: Choice = "contract") -> dict[str, dict[str, Any]]:
    """Rate the CDRs of inputs, by cdr_id."""
    policy = policy or Policy.of()
    frame = rate(inputs, spans(inputs, policy), policy, choice).collect()
    RatedCdrs.validate(frame)
    return {row["cdr_id"]: row for row in frame.sort("cdr_id").rows(named=True)}


def one(cdr: Row, policy: Policy | None = None, **tables: Rows) -> dict[str, Any]:
    """Rate one CDR of a minute."""
    cdrs = [{"cdr_id": "c", "quantity": 60, **cdr}]
    rates: dict[str, Rows] = {"rates": [{}]}
    return rated(make_inputs(**(rates | tables), cdrs=cdrs), policy)["c"]


PREFIXES: Rows = [
    {"prefix": "34", "zone": "es"},
    {"prefix": "346", "zone": "mobile"},
    {"prefix": "34609", "zone": "premium"},
    {"prefix": "34607", "zone": "test"},
    {"prefix": "347", "zone": "mobile"},
    {"prefix": "1", "zone": "us"},
    {"prefix": "340", "zone": "old"},
]


@pytest.mark.parametrize(
    ("destination", "zone"),
    [
        ("34911234567", "es"),
        ("34600000000", "mobile"),
        ("34609000000", "premium"),
        ("34609", "premium"),
        ("3460", "mobile"),
        ("34607999999", "test"),
        ("34608000000", "mobile"),
        ("34610000000", "mobile"),
        ("34799999999", "mobile"),
        ("34800000000", "es"),
        ("34", "es"),
        ("340", "old"),
        ("3", None),
        ("33", None),
        ("35", None),
        ("1", "us"),
        ("199999999999999", "us"),
        ("200000000000000", None),
        ("0", None),
        ("000000000000000", None),
        ("999999999999999", None),
    ],
)
def test_the_zone_is_that_of_the_longest_prefix(destination: str, zone: str | None) -> None:
    row = one({"zone": None, "destination": destination}, zones=PREFIXES)
    assert (row["zone"], row["unrated"]) == (zone, None if zone else "no zone")


def test_a_zone_of_its_own_overrides_the_prefix() -> None:
    assert one({"zone": "eu", "destination": "34911234567"}, zones=PREFIXES)["zone"] == "eu"


@pytest.mark.parametrize(
    ("service", "destination", "zone"), [("data", None, "data"), ("voice", None, None), ("data", "34911234567", "es")]
)
def test_only_data_without_a_destination_is_in_zone_data(
    service: str, destination: str | None, zone: str | None
) -> None:
    cdr = {"zone": None, "destination": destination, "service": service}
    assert one(cdr, zones=PREFIXES, rates=[{"service": service}])["zone"] == zone


@pytest.mark.parametrize(
    ("destination", "unrated"),
    [
        ("34600000000", "its destination begins with a rejected prefix"),
        ("34609000000", "its destination begins with a rejected prefix"),
        ("34700000000", None),
        ("34", None),
    ],
)
def test_a_destination_that_begins_with_a_rejected_prefix_is_unrated(destination: str, unrated: str | None) -> None:
    cdrs = [{"cdr_id": "c", "quantity": 60, "zone": None, "destination": destination}]
    inputs = make_inputs(taken_prefixes=[{"prefix": "+346"}], zones=PREFIXES, rates=[{}], cdrs=cdrs)
    assert rated(inputs)["c"]["unrated"] == unrated


def test_a_rejected_prefix_that_is_no_number_and_a_zone_of_its_own_do_no_harm() -> None:
    cdrs = [{"cdr_id": "c", "quantity": 60, "destination": "34600000000"}]
    taken: Rows = [{"prefix": "346"}, {"prefix": "x"}, {"prefix": None}]
    assert rated(make_inputs(taken_prefixes=taken, zones=PREFIXES, rates=[{}], cdrs=cdrs))["c"]["unrated"] is None


BANDS: Rows = [
    {"band": "day", "weekday": 1, "start_time": "08:00", "end_time": "20:00"},
    {"band": "night", "weekday": 1, "start_time": "20:00", "end_time": "24:00"},
    {"band": "night", "weekday": 2, "start_time": "00:00", "end_time": "08:00"},
    {"band": "sunday", "weekday": 7, "start_time": "00:00", "end_time": "24:00"},
    {"band": "other", "weekday": 1, "start_time": "09:00", "end_time": "10:00"},
]
BAND_RATES: Rows = [{}, {"band": "day"}, {"band": "night"}, {"band": "sunday"}]


@pytest.mark.parametrize(
    ("started_at", "band"),
    [
        ("2026-06-01 07:59:59", None),  # a Monday
        ("2026-06-01 08:00:00", "day"),
        ("2026-06-01 09:30:00", "day"),
        ("2026-06-01 19:59:59.999999", "day"),
        ("2026-06-01 20:00:00", "night"),
        ("2026-06-01 23:59:59", "night"),
        ("2026-06-02 00:00:00", "night"),
        ("2026-06-02 07:59:59", "night"),
        ("2026-06-02 08:00:00", None),
        ("2026-06-06 23:59:59", None),
        ("2026-06-07 00:00:00", "sunday"),
        ("2026-06-07 23:59:59", "sunday"),
        ("2026-06-08 00:00:00", None),
    ],
)
def test_the_band_is_the_one_that_contains_the_local_weekday_and_time(started_at: str, band: str | None) -> None:
    assert one({"started_at": started_at}, bands=BANDS, rates=BAND_RATES)["band"] == band


@pytest.mark.parametrize(
    ("started_at", "band"),
    [
        (local("2026-10-25 02:30:00"), "two"),
        (local("2026-10-25 02:30:00", fold=1), "two"),
        (local("2026-10-25 03:00:00"), "three"),
        (local("2026-03-29 01:59:59"), None),
        (local("2026-03-29 03:00:00"), "three"),
    ],
    ids=["repeated hour", "repeated hour again", "after it", "before the skipped hour", "after the skipped hour"],
)
def test_the_band_goes_by_the_clock_on_the_wall(started_at: datetime, band: str | None) -> None:
    bands = [
        {"band": "two", "weekday": 7, "start_time": "02:00", "end_time": "03:00"},
        {"band": "three", "weekday": 7, "start_time": "03:00", "end_time": "04:00"},
    ]
    rates = [{"band": "two"}, {"band": "three"}, {}]
    row = one({"started_at": started_at}, bands=bands, rates=rates)
    assert (row["band"], row["unrated"]) == (band, None)


def test_each_version_has_the_bands_that_its_own_rates_name() -> None:
    tariffs = [{}, {"version": 2, "effective_from": "2026-06-01"}]
    inputs = make_inputs(
        subscriptions=[{"tariff_version": 2}],
        tariffs=tariffs,
        bands=BANDS,
        rates=[{"band": "day"}, {"version": 2, "band": "other"}, {"version": 2}, {}],
        cdrs=[
            {"cdr_id": "may", "quantity": 60, "started_at": "2026-05-25 09:30"},
            {"cdr_id": "june", "quantity": 60, "started_at": "2026-06-01 09:30"},
        ],
    )
    assert {cdr: row["band"] for cdr, row in rated(inputs).items()} == {"may": "day", "june": "other"}


@pytest.mark.parametrize(
    ("rows", "price"),
    [
        ([("eu", "day", 1), ("eu", None, 2), ("*", "day", 3), ("*", None, 4)], 1),
        ([("eu", None, 2), ("*", "day", 3), ("*", None, 4)], 2),
        ([("us", "day", 1), ("*", "day", 3), ("*", None, 4)], 3),
        ([("us", "day", 1), ("us", None, 1), ("*", "night", 1), ("*", None, 4)], 4),
        ([("eu", "night", 1), ("*", "day", 3)], 3),
        ([("us", "day", 1)], None),
        ([("eu", "night", 1), ("*", "night", 1)], None),
    ],
)
def test_the_rate_is_that_of_zone_and_band_or_the_nearest_that_stands_for_them(
    rows: list[tuple[str, str | None, int]], price: int | None
) -> None:
    rates = [{"zone": zone, "band": band, "price": price} for zone, band, price in rows]
    row = one({"zone": "eu", "started_at": "2026-06-01 09:00"}, bands=BANDS, rates=rates)
    expected = (price * MICRO, None) if price else (None, "no rate")
    assert (row["cost"], row["unrated"]) == expected


@pytest.mark.parametrize(
    ("quantity", "first", "step", "units"),
    [
        (1, 60, 60, 60),
        (60, 60, 60, 60),
        (61, 60, 60, 120),
        (1, 60, 1, 60),
        (60, 60, 1, 60),
        (61, 60, 1, 61),
        ("60.000001", 60, 1, 61),
        (1, 30, 6, 30),
        (31, 30, 6, 36),
        (36, 30, 6, 36),
        (37, 30, 6, 42),
        (10**12, 1024, 1024, 10**12),
        (10**12 - 1, 1024, 1024, 10**12),
        (10**12, 10**12, 10**12, 10**12),
    ],
)
def test_the_quantity_is_rounded_up_to_the_first_increment_and_then_in_steps(
    quantity: int | str, first: int, step: int, units: int
) -> None:
    row = one({"quantity": quantity}, rates=[{"first_increment": first, "increment": step, "price": "0.000001"}])
    assert row["units"] == units * MICRO


TIERS: Rows = [
    {"first_increment": 60, "increment": 10, "price": "0.10", "connect_fee": "0.05"},
    {"from_unit": 100, "first_increment": 1, "increment": 30, "price": "0.06", "connect_fee": "9"},
    {"from_unit": 200, "first_increment": 1, "increment": 1, "price": "0.01", "per": 1, "connect_fee": "9"},
]


@pytest.mark.parametrize(
    ("quantity", "units", "cost"),
    [
        (1, 60, 150_000),  # 0.05 + 0.10
        (61, 70, 166_667),  # 0.05 + 70 x 0.10/60 = 0.1666...
        (95, 100, 216_667),  # 0.05 + 100 x 0.10/60
        (100, 100, 216_667),
        (101, 130, 246_667),  # + 30 x 0.06/60
        (191, 200, 316_667),  # 91 of the second tier is 120 in its steps, but it ends at 100
        (200, 200, 316_667),
        (201, 201, 326_667),  # + 1 x 0.01
    ],
)
def test_each_part_of_the_quantity_is_rounded_up_in_its_tier_at_most_to_the_tiers_end(
    quantity: int, units: int, cost: int
) -> None:
    row = one({"quantity": quantity}, rates=TIERS)
    assert (row["units"], row["cost"]) == (units * MICRO, cost)


def test_the_first_increment_ends_with_the_first_tier() -> None:
    tiers: Rows = [{"first_increment": 60}, {"from_unit": 30, "increment": 30, "price": "0.06"}]
    assert one({"quantity": 1}, rates=tiers)["units"] == 30 * MICRO
    assert one({"quantity": 31}, rates=tiers)["cost"] == 80_000  # 30 x 0.10/60 + 30 x 0.06/60


@pytest.mark.parametrize(
    ("rates", "cost"),
    [
        ([{"price": "0.10", "connect_fee": "0.15"}], 250_000),
        ([{"price": "0.10", "minimum_charge": "0.30"}], 300_000),
        ([{"price": "0.10", "minimum_charge": "0.05"}], 100_000),
        ([{"price": "0.10", "connect_fee": "0.15", "minimum_charge": "0.24"}], 250_000),
        ([{"price": "0"}], 0),
        ([{"price": "0", "minimum_charge": "0.30"}], 300_000),
        # 60 x 0.000001/120 is half a millionth
        ([{"price": "0.000001", "per": 120}], 1),
        ([{"price": "0.000001", "per": 121}], 0),
        ([{"price": "0.000001", "per": 119}], 1),
    ],
)
def test_the_cost_is_connect_fee_and_units_at_least_the_minimum_rounded_to_six_decimals(rates: Rows, cost: int) -> None:
    assert one({}, rates=rates)["cost"] == cost


def test_large_quantities_are_priced_exactly() -> None:
    rates = [{"service": "data", "price": "0.333333", "per": 1_048_576, "first_increment": 1024, "increment": 1024}]
    row = one({"service": "data", "quantity": 999_999_999_999}, rates=rates)
    # 10^12 bytes / 1,048,576 = 953,674.31640625; x 0.333333 = 317,891.12091064...
    assert row["cost"] == 317_891_120_911


def test_a_cost_that_could_not_be_added_up_is_unrated() -> None:
    row = one({"quantity": 10**12}, rates=[{"price": "1", "per": 1}])
    assert (row["cost"], row["unrated"]) == (None, "it costs more than billadjust can add up")


def test_the_dearest_cost_that_is_rated_is_a_million_and_nothing_above() -> None:
    rates: Rows = [{"price": "1", "per": 1, "first_increment": 1, "increment": 1}]
    dearest, dearer = (one({"quantity": seconds}, rates=rates) for seconds in (1_000_000, 1_000_001))
    assert (dearest["cost"], dearest["unrated"]) == (10**12, None)
    assert (dearer["cost"], dearer["unrated"]) == (None, "it costs more than billadjust can add up")


def test_tiers_whose_prices_have_no_common_denominator_are_an_error() -> None:
    rates: Rows = [
        {"price": "0.000001", "per": "999999999989"},
        {"from_unit": 1, "price": "0.000001", "per": "999999999961"},
    ]
    with pytest.raises(InputError, match="tariff card, version 1, have prices per units that cannot be added exactly"):
        one({}, rates=rates)


def test_a_catalogue_with_more_rates_than_have_a_number_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billadjust.rating.prices.MAX_RATES", 3)
    two: Rows = [{}, {"zone": "fr"}]
    assert one({}, rates=two)["unrated"] is None
    with pytest.raises(InputError, match=r"has 3 combinations .* fewer than 3"):
        one({}, rates=[*two, {"zone": "it"}])


@pytest.mark.parametrize(
    "cdr",
    [{"quantity": 0}, {"quantity": 0, "zone": None}, {"zone": "care"}, {"zone": None, "destination": "900"}],
    ids=["quantity 0", "quantity 0 without zone", "free zone", "free zone by prefix"],
)
def test_what_is_free_costs_nothing_and_needs_no_rate(cdr: Row) -> None:
    row = one(cdr, rates=[{"service": "sms"}], zones=[{"prefix": "900", "zone": "care"}])
    assert (row["cost"], row["units"], row["allowance_units"], row["unrated"]) == (0, 0, 0, None)


@pytest.mark.parametrize(("started_at", "cost"), [("2026-06-01 23:59:59", 100_000), ("2026-06-02 00:00:00", 0)])
def test_free_zones_are_those_of_the_cdrs_local_date(started_at: str, cost: int) -> None:
    zones = [{"from": date(2026, 1, 1), "value": ["care"]}, {"from": date(2026, 6, 2), "value": ["eu", "care"]}]
    policy = Policy.of({"rating.free_zones": zones})
    assert one({"zone": "eu", "started_at": started_at}, policy)["cost"] == cost


@pytest.mark.parametrize(
    ("started_at", "reason"),
    [
        ("2025-12-31 23:59:59", "no tariff on its day"),
        ("2026-01-01 00:00:00", "no tariff version on its day"),
        ("2026-02-01 00:00:00", None),
        ("2026-06-30 23:59:59", None),
        ("2026-07-01 00:00:00", "no tariff on its day"),
        ("2026-07-31 23:59:59", "no tariff on its day"),
        ("2026-08-01 00:00:00", None),
    ],
)
def test_a_cdr_needs_a_tariff_version_on_its_local_date(started_at: str, reason: str | None) -> None:
    row = one(
        {"started_at": started_at},
        subscriptions=[{"valid_to": "2026-07-01", "tariff_version": 1}, {"valid_from": "2026-08-01"}],
        tariffs=[{"effective_from": "2026-02-01"}],
    )
    assert (row["unrated"], row["cost"]) == (reason, None if reason else 100_000)


def test_a_cdr_of_a_taken_subscription_is_unrated() -> None:
    inputs = make_inputs(
        taken_subscriptions=[{"subscription_id": "S"}], rates=[{}], cdrs=[{"cdr_id": "c", "quantity": 1}]
    )
    assert rated(inputs)["c"]["unrated"] == "it needs a rejected row of the subscription or of its tariff"


def test_each_version_choice_has_its_own_rates() -> None:
    tariffs = [{}, {"version": 2, "effective_from": "2026-06-01", "monthly_fee": "8"}]
    rates = [{}, {"version": 2, "price": "0.08"}]
    cdrs = [
        {"cdr_id": "may", "quantity": 60, "started_at": "2026-05-31 23:59:59"},
        {"cdr_id": "june", "quantity": 60, "started_at": "2026-06-01 00:00:00"},
    ]
    inputs = make_inputs(tariffs=tariffs, rates=rates, cdrs=cdrs)
    costs = {
        choice: {cdr: (row["version"], row["cost"]) for cdr, row in rated(inputs, choice=choice).items()}
        for choice in ("contract", "improved")
    }
    assert costs["contract"] == {"may": (1, 100_000), "june": (1, 100_000)}
    assert costs["improved"] == {"may": (1, 100_000), "june": (2, 80_000)}
