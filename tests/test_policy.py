"""The policy: which value holds when, what it rests on, and what is said about a wrong one."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from billadjust.errors import ConfigError
from billadjust.policy import PARAMETERS, InForce, Policy, read_policy

AUGUST = date(2026, 8, 25)

EVERY_SCHEME = "promise, es-rd899-art15, es-rd899-art16, es-rd899-art16-automatic, de-tkg58, us-att-wireless, us-att-fiber, nl-tw71a"
DEFAULTS_IN_2026 = {
    "tax_rate": 210_000,
    "rating.tolerance": 5,
    "rating.free_zones": ("care",),
    "billing_error.enabled": True,
    "promised_price.enabled": True,
    "promised_price.grace_months": 12,
    "no_lock_in.enabled": True,
    "tariff_improvement.enabled": True,
    "tariff_improvement.existing_first_days": 0,
    "tariff_improvement.notice_days": 30,
    "best_price.mode": "advise",
    "outage_credit.enabled": True,
    "outage_credit.schemes": ("promise",),
    "outage_credit.percent": 100_000,
    "outage_credit.min_minutes": 60,
    "outage_credit.cutoff_days": 3,
    "dispute_refund.enabled": True,
    "dispute_refund.minor_limit": 10_000,
    "dispute_refund.waiver_days": 45,
    "error_indemnity.enabled": True,
    "error_indemnity.percent": 100_000,
    "collections.min_gross": 5_000,
}


def policy_of(toml: str, currency: str = "EUR") -> Policy:
    """Return the policy of the table `[policy]` with this content."""
    policy, problems = read_policy(
        tomllib.loads(toml, parse_float=Decimal), currency=currency, timezone="Europe/Madrid"
    )
    assert problems == []
    return policy


def problems_of(toml: str, currency: str = "EUR") -> list[str]:
    """Return what is wrong with the table `[policy]` with this content."""
    return read_policy(tomllib.loads(toml, parse_float=Decimal), currency=currency, timezone="Europe/Madrid")[1]


def evaluated(expression: pl.Expr, dates: list[date | None]) -> pl.Series:
    """Return an expression over the column `day`, worked out lazily."""
    frame = pl.LazyFrame({"day": dates}, schema={"day": pl.Date})
    return frame.select(expression).collect().to_series()


def test_the_default_policy_holds_the_promised_values() -> None:
    policy = Policy.of()
    assert {name: policy.at(name, AUGUST) for name in policy.values} == DEFAULTS_IN_2026


def test_every_parameter_has_a_default_with_a_reference_since_1900() -> None:
    policy = Policy.of()
    assert list(DEFAULTS_IN_2026) == [parameter.name for parameter in PARAMETERS]
    for name in DEFAULTS_IN_2026:
        assert policy.values[name][0].from_ == date(1900, 1, 1)
        assert all(dated.reference for dated in policy.values[name])


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(1994, 12, 31), 150_000),
        (date(1995, 1, 1), 160_000),
        (date(2010, 6, 30), 160_000),
        (date(2010, 7, 1), 180_000),
        (date(2012, 8, 31), 180_000),
        (date(2012, 9, 1), 210_000),
    ],
)
def test_the_default_tax_rate_is_that_of_the_day(day: date, rate: int) -> None:
    policy = Policy.of()
    assert policy.at("tax_rate", day) == rate
    assert evaluated(policy.expr("tax_rate", pl.col("day")), [day]).to_list() == [rate]


@pytest.mark.parametrize(
    ("name", "before", "after", "old", "new", "dtype"),
    [
        ("rating.tolerance", "0.05", "0.1", 5, 10, pl.Int64()),
        ("outage_credit.percent", "10", "12.5", 100_000, 125_000, pl.Int64()),
        ("dispute_refund.waiver_days", "45", "30", 45, 30, pl.Int64()),
        ("outage_credit.min_minutes", "60", "15", 60, 15, pl.Int64()),
        ("promised_price.grace_months", "12", "24", 12, 24, pl.Int64()),
        ("no_lock_in.enabled", "false", "true", False, True, pl.Boolean()),
        ("best_price.mode", '"off"', '"credit"', "off", "credit", pl.String()),
        ("rating.free_zones", "[]", '["care", "sos"]', [], ["care", "sos"], pl.List(pl.String())),
    ],
)
def test_a_value_holds_from_its_own_day_on(  # noqa: PLR0913, PLR0917 - the columns of the table
    name: str, before: str, after: str, old: object, new: object, dtype: pl.DataType
) -> None:
    policy = policy_of(
        f"{name} = [{{ from = 2026-01-01, value = {before} }}, {{ from = 2026-08-25, value = {after} }}]"
    )
    days: list[date | None] = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 8, 24), date(2026, 8, 25), None]
    values = evaluated(policy.expr(name, pl.col("day")), days)
    assert values.dtype == dtype
    assert values.name == name
    assert values.to_list() == [None, old, old, new, None]
    at = [policy.at(name, day) for day in days[1:4] if day]
    assert [list(value) if isinstance(value, tuple) else value for value in at] == [old, old, new]


def test_the_reference_of_the_value_in_force_travels_with_it() -> None:
    policy = policy_of(
        """
        [[dispute_refund.waiver_days]]
        from = 2010-01-01
        value = 45
        reference = "customer letter on complaints"

        [[dispute_refund.waiver_days]]
        from = 2026-08-25
        value = 30
        """
    )
    references = evaluated(
        policy.reference("dispute_refund.waiver_days", pl.col("day")),
        [date(2009, 12, 31), date(2010, 1, 1), date(2026, 8, 24), date(2026, 8, 25)],
    )
    assert references.to_list() == [
        None,
        "customer letter on complaints",
        "customer letter on complaints",
        "billadjust.toml",
    ]


def test_a_plain_value_replaces_all_defaults_and_holds_from_the_beginning_of_time() -> None:
    policy = policy_of("tax_rate = 7")
    days: list[date | None] = [date.min, date(1995, 1, 1), AUGUST, date.max]
    assert evaluated(policy.expr("tax_rate", pl.col("day")), days).to_list() == [70_000] * 4
    assert evaluated(policy.reference("tax_rate", pl.col("day")), days).to_list() == ["billadjust.toml"] * 4


def test_a_list_of_names_without_tables_is_a_plain_value() -> None:
    assert policy_of('rating.free_zones = ["care", "sos 112"]').at("rating.free_zones", date.min) == ("care", "sos 112")


def test_dotted_nested_and_quoted_names_are_the_same_parameter() -> None:
    for toml in ("outage_credit.percent = 20", "[outage_credit]\npercent = 20", '"outage_credit.percent" = 20'):
        assert policy_of(toml).at("outage_credit.percent", AUGUST) == 200_000


def test_a_value_joins_rows_by_their_own_date_in_a_lazy_frame() -> None:
    policy = policy_of("outage_credit.percent = [{ from = 2000-01-01, value = 10 }, { from = 2026-08-25, value = 20 }]")
    outages = pl.LazyFrame({"outage_id": ["a", "b"], "started_on": [date(2026, 8, 24), AUGUST], "fee": [690, 690]})
    credits_due = outages.select(
        "outage_id", credit=pl.col("fee") * policy.expr("outage_credit.percent", pl.col("started_on")) // 1_000_000
    )
    assert credits_due.collect().rows() == [("a", 69), ("b", 138)]


@pytest.mark.parametrize(("currency", "digits", "tolerance"), [("EUR", 2, 5), ("JPY", 0, 0), ("KWD", 3, 50)])
def test_default_amounts_are_rounded_down_to_what_the_currency_carries(
    currency: str, digits: int, tolerance: int
) -> None:
    policy = Policy.of(currency=currency)
    assert policy.digits == digits
    assert policy.at("rating.tolerance", AUGUST) == tolerance
    assert policy.at("dispute_refund.minor_limit", AUGUST) == 100 * 10**digits


def test_a_date_before_the_first_value_is_an_error_that_names_the_parameter() -> None:
    policy = policy_of("outage_credit.percent = [{ from = 2012-01-01, value = 10 }]")
    message = (
        "The policy parameter outage_credit.percent has no value on 2011-12-31: its first value holds from 2012-01-01. "
        "Give it an earlier value under [policy] in billadjust.toml; if no export should have that date, correct it there."
    )
    with pytest.raises(ConfigError) as required:
        policy.require("outage_credit.percent", date(2011, 12, 31))
    assert str(required.value) == message
    with pytest.raises(ConfigError) as looked_up:
        policy.at("outage_credit.percent", date(2011, 12, 31))
    assert str(looked_up.value) == message
    policy.require("outage_credit.percent", date(2012, 1, 1))


def test_a_parameter_that_no_row_asks_for_needs_no_value() -> None:
    policy_of("outage_credit.percent = [{ from = 2012-01-01, value = 10 }]").require("outage_credit.percent", None)


def test_the_policy_in_force_reads_like_a_table() -> None:
    policy = policy_of(
        """
        tax_rate = 5.25
        rating.free_zones = []
        no_lock_in.enabled = false
        collections.min_gross = [{ from = 2027-01-01, value = 60 }]
        """
    )
    rows = {row.name: row for row in policy.in_force(AUGUST)}
    since = date(1900, 1, 1)
    assert list(rows) == list(DEFAULTS_IN_2026)
    expected = [
        InForce("tax_rate", "5.25", "%", None, "billadjust.toml"),
        InForce("rating.free_zones", "none", "", None, "billadjust.toml"),
        InForce("no_lock_in.enabled", "false", "", None, "billadjust.toml"),
        InForce("collections.min_gross", "none", "", None, ""),
        InForce("rating.tolerance", "0.05", "EUR", since, "Operator's decision"),
        InForce("outage_credit.percent", "10", "%", since, "Promise: outage credit without asking"),
        InForce("outage_credit.min_minutes", "60", "minutes", since, "Operator's decision"),
        InForce("dispute_refund.waiver_days", "45", "days", since, "Promise: 45 days"),
        InForce("best_price.mode", "advise", "", since, "Promise: the best price for everyone"),
    ]
    assert [rows[row.name] for row in expected] == expected


def test_the_schemes_in_force_are_shown_with_their_values() -> None:
    dated = """
        outage_credit.schemes = [
            { from = 2020-01-01, value = ["promise"] },
            { from = 2026-08-01, value = ["promise", "nl-tw71a"], reference = "we sell in the Netherlands" },
        ]
        """
    law, since = "Telecommunications Act (Netherlands), art. 7.1a", date(2017, 7, 1)
    rows = policy_of(dated).in_force(date(2026, 8, 1))
    place = [row.name for row in rows].index("outage_credit.schemes")
    assert rows[place : place + 5] == [
        InForce("outage_credit.schemes", "promise, nl-tw71a", "", date(2026, 8, 1), "we sell in the Netherlands"),
        InForce("nl-tw71a.over_minutes", "720", "minutes", since, f"{law}: longer than 12 hours"),
        InForce("nl-tw71a.parts_of_fee", "30", "parts", since, f"{law}: a thirtieth for each 24 hours begun"),
        InForce("nl-tw71a.least", "1.00", "EUR", since, f"{law}: at least 1 euro"),
        InForce("outage_credit.percent", "10", "%", date(1900, 1, 1), "Promise: outage credit without asking"),
    ]
    assert [row.name for row in policy_of(dated).in_force(date(2026, 7, 31))] == list(DEFAULTS_IN_2026)


def test_a_scheme_with_amounts_in_euros_is_for_euros() -> None:
    chosen = 'outage_credit.schemes = ["promise", "de-tkg58", "us-att-wireless"]'
    assert problems_of(chosen, currency="USD") == [
        "policy.outage_credit.schemes: de-tkg58 has amounts in EUR, and the currency is USD; leave it out"
    ]
    assert problems_of(chosen) == []


def test_percentages_of_whole_tens_keep_their_zeros() -> None:
    row = next(row for row in policy_of("tax_rate = 100").in_force(AUGUST) if row.name == "tax_rate")
    assert row.value == "100"


@pytest.mark.parametrize(
    ("toml", "name", "value"),
    [
        ("tax_rate = 0", "tax_rate", 0),
        ("tax_rate = 1000", "tax_rate", 10_000_000),
        ("tax_rate = 0.0001", "tax_rate", 1),
        ("tax_rate = 21.00000", "tax_rate", 210_000),
        ("rating.tolerance = 0", "rating.tolerance", 0),
        ("rating.tolerance = 0.0500", "rating.tolerance", 5),
        ("rating.tolerance = 1e3", "rating.tolerance", 100_000),
        ("rating.tolerance = 1000000000", "rating.tolerance", 10**11),
        ("dispute_refund.waiver_days = 36500", "dispute_refund.waiver_days", 36_500),
        (f'rating.free_zones = ["{"z" * 64}"]', "rating.free_zones", ("z" * 64,)),
    ],
)
def test_a_value_at_the_edge_of_its_range_is_accepted(toml: str, name: str, value: object) -> None:
    assert policy_of(toml).at(name, AUGUST) == value


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("outage_credit.percnt = 1", "policy.outage_credit.percnt: there is no such parameter; did you mean `outage_credit.percent`?"),
        ("zzz = 1", "policy.zzz: there is no such parameter; `billadjust policy` lists all of them"),
        ("tax_rate = -1", "policy.tax_rate: must not be below 0, but is -1"),
        ("tax_rate = 1000.0001", "policy.tax_rate: must not be above 1,000, but is 1000.0001"),
        ("tax_rate = 21.00001", "policy.tax_rate: has too many decimals: 21.00001; percentages carry 4"),
        (f"tax_rate = 5.{'0' * 40}1", f"policy.tax_rate: has too many decimals: 5.{'0' * 40}1; percentages carry 4"),
        ('tax_rate = "21"', 'policy.tax_rate: needs a percentage without quotes, not "21"'),
        ("tax_rate = true", "policy.tax_rate: needs a percentage, not true"),
        ("tax_rate = nan", "policy.tax_rate: needs a percentage, not NaN"),
        ("tax_rate = inf", "policy.tax_rate: needs a percentage, not Infinity"),
        ("tax_rate = []", "policy.tax_rate: needs a percentage, not []"),
        ("tax_rate = { from = 2026-01-01, value = 21 }", "policy.tax_rate: needs a value or a list of dated values: [{ from = 2026-01-01, value = ... }]"),
        ("rating.tolerance = -0.01", "policy.rating.tolerance: must not be below 0, but is -0.01"),
        ("rating.tolerance = 0.055", "policy.rating.tolerance: has too many decimals: 0.055; EUR carries 2"),
        ("rating.tolerance = 1000000000.01", "policy.rating.tolerance: must not be above 1,000,000,000, but is 1000000000.01"),
        ("rating.tolerance = 1e999999", "policy.rating.tolerance: must not be above 1,000,000,000, but is 1E+999999"),
        ("dispute_refund.waiver_days = 44.5", "policy.dispute_refund.waiver_days: needs a whole number of days, not 44.5"),
        ("dispute_refund.waiver_days = -1", "policy.dispute_refund.waiver_days: must not be below 0, but is -1"),
        ("dispute_refund.waiver_days = 36501", "policy.dispute_refund.waiver_days: must not be above 36,500, but is 36501"),
        ("outage_credit.min_minutes = -1", "policy.outage_credit.min_minutes: must not be below 0, but is -1"),
        ("no_lock_in.enabled = 1", "policy.no_lock_in.enabled: needs true or false, not 1"),
        ('best_price.mode = "on"', 'policy.best_price.mode: needs "off", "advise" or "credit", not "on"'),
        (
            'outage_credit.schemes = ["promise", "de-tkg"]',
            'policy.outage_credit.schemes: "de-tkg" is not known; did you mean `de-tkg58`?',
        ),
        (
            'outage_credit.schemes = ["fr"]',
            f'policy.outage_credit.schemes: "fr" is not known; known are {EVERY_SCHEME}',
        ),
        ("outage_credit.schemes = []", 'policy.outage_credit.schemes: needs a list of names, such as ["promise"], not []'),
        ('outage_credit.schemes = "promise"', 'policy.outage_credit.schemes: needs a list of names, such as ["promise"], not "promise"'),
        ("outage_credit.schemes = [1]", 'policy.outage_credit.schemes: needs a list of names, such as ["promise"], not [1]'),
        ('outage_credit.schemes = ["promise", "promise"]', 'policy.outage_credit.schemes: names "promise" more than once'),
        (
            'outage_credit.schemes = [{ from = 2026-01-01, value = ["nl"] }]',
            f'policy.outage_credit.schemes, entry 1, value: "nl" is not known; known are {EVERY_SCHEME}',
        ),
        ('rating.free_zones = "care"', 'policy.rating.free_zones: needs a list of names, such as ["care"], not "care"'),
        ('rating.free_zones = ["a|b"]', 'policy.rating.free_zones: needs a list of names, such as ["care"], not ["a|b"]'),
        ('rating.free_zones = [" care"]', 'policy.rating.free_zones: needs a list of names, such as ["care"], not [" care"]'),
        ("rating.free_zones = [7]", 'policy.rating.free_zones: needs a list of names, such as ["care"], not [7]'),
        ("tax_rate = [{ value = 21 }]", "policy.tax_rate, entry 1, from: needs a date, such as 2026-01-01 without quotes, not nothing"),
        ('tax_rate = [{ from = "2026-01-01", value = 21 }]', 'policy.tax_rate, entry 1, from: needs a date, such as 2026-01-01 without quotes, not "2026-01-01"'),
        ("tax_rate = [{ from = 2026-01-01T00:00:00, value = 21 }]", "policy.tax_rate, entry 1, from: needs a date, such as 2026-01-01 without quotes, not 2026-01-01 00:00:00"),
        ("tax_rate = [{ from = 2026-01-01 }]", "policy.tax_rate, entry 1, value: needs a percentage, not nothing"),
        ('tax_rate = [{ from = 2026-01-01, value = 21, reference = "" }]', 'policy.tax_rate, entry 1, reference: needs a text that says what the value rests on, not ""'),
        ("tax_rate = [{ from = 2026-01-01, valeu = 1, value = 21 }]", "policy.tax_rate, entry 1, valeu: there is no such key; did you mean `value`?"),
        ("tax_rate = [{ from = 2026-01-01, value = 21 }, 22]", "policy.tax_rate, entry 2: needs { from = 2026-01-01, value = ... }, not 22"),
        (
            "tax_rate = [{ from = 2026-01-01, value = 21 }, { from = 2026-01-01, value = 22 }]",
            "policy.tax_rate, entry 2, from: 2026-01-01 is not after 2026-01-01; put the values in the order of their dates",
        ),
        (
            "tax_rate = [{ from = 2026-01-02, value = 21 }, { from = 2026-01-01, value = 22 }]",
            "policy.tax_rate, entry 2, from: 2026-01-01 is not after 2026-01-02; put the values in the order of their dates",
        ),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_its_key_and_what_to_write(toml: str, problem: str) -> None:
    assert problems_of(toml) == [problem]


def test_an_amount_has_as_many_decimals_as_the_currency() -> None:
    assert problems_of("rating.tolerance = 0.5", currency="JPY") == [
        "policy.rating.tolerance: has too many decimals: 0.5; JPY carries 0"
    ]
    assert policy_of("rating.tolerance = 0.005", currency="KWD").at("rating.tolerance", AUGUST) == 5


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Policy.of({"tax_rate": -1, "outage_credit": {"percnt": 1}})
    assert str(caught.value) == (
        "The policy is wrong:\n"
        "  policy.tax_rate: must not be below 0, but is -1\n"
        "  policy.outage_credit.percnt: there is no such parameter; did you mean `outage_credit.percent`?"
    )
