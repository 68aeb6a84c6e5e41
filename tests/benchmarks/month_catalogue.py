"""The tariffs of the made-up month: six, some with a new version within the month, bands, tiers and allowances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOBILE: Final = ("346", "347", "346", "347", "349", "348")
"""Where most numbers begin."""

PLACES: Final = (
    ("34", "es"),
    ("346", "mobile"),
    ("347", "mobile"),
    ("34900", "care"),
    ("34806", "premium"),
    *((prefix, "eu") for prefix in ("33", "351", "39", "43", "49", "31", "32", "353", "358", "46", "48", "420")),
    *((prefix, "near") for prefix in ("44", "41", "212", "213", "47", "376")),
    *((prefix, "america") for prefix in ("1", "52", "54", "55", "57", "593", "51")),
    *((prefix, "world") for prefix in ("7", "81", "86", "91", "20", "27", "61", "234", "92", "880")),
)
"""Prefixes and their zones."""

PRICES: Final = {"es": 8, "mobile": 10, "eu": 19, "near": 25, "america": 35, "world": 60, "premium": 100, "roaming": 19}
"""Cents a minute of a call."""

VERSIONS: Final = (
    # tariff, version, effective_from, monthly_fee, internet_fee, percent of the prices, percent of the allowances
    ("basic", 1, "2022-01-01", "8.30", "3.00", 100, 100),
    ("basic", 2, "2026-06-16", "6.90", "3.00", 90, 100),
    ("plus", 1, "2022-01-01", "14.90", "8.00", 100, 200),
    ("plus", 2, "2026-03-01", "13.90", "8.00", 100, 200),
    ("family", 1, "2022-01-01", "29.90", "15.00", 100, 300),
    ("night", 1, "2022-01-01", "9.90", "4.00", 100, 80),
    ("night", 2, "2026-06-10", "9.50", "4.00", 105, 80),
    ("data", 1, "2022-01-01", "19.90", "19.90", 100, 150),
    ("data", 2, "2026-06-11", "19.90", "19.90", 90, 150),
    ("payg", 1, "2022-01-01", "0", "0", 120, 0),
)

NOBODYS: Final = (
    ("mini", 1, "2023-01-01", "4.90", "2.00", 110, 50),
    ("talk", 1, "2023-01-01", "12.90", "5.00", 90, 150),
    ("home", 1, "2024-01-01", "24.90", "12.00", 95, 250),
    ("max", 1, "2025-01-01", "39.90", "20.00", 80, 500),
)
"""Four more tariffs, which are on sale, and which nobody has."""


def write_catalogue(
    directory: Path, usage: int, versions: Sequence[tuple[str, int, str, str, str, int, int]] = VERSIONS
) -> None:
    """Write tariffs, rates, allowances and bands for `usage` CDRs of a subscription a month."""
    names = ("tariff_id", "version", "effective_from", "monthly_fee", "internet_fee")
    pl.DataFrame([version[:5] for version in versions], schema=list(names), orient="row").write_csv(
        directory / "tariffs.csv"
    )
    rates, allowances = [], []
    for tariff_id, version, _, _, _, percent, included in versions:
        key = {"tariff_id": tariff_id, "version": version}
        rates += [key | row for row in _voice(tariff_id, percent)]
        rates.append(key | _row("sms", "*", percent * 9, 1, 1))
        for from_unit, cents in ((0, 100), (50_000_000, 60)) if tariff_id == "data" else ((0, 100),):
            megabyte = 1_048_576
            rates.append(key | _row("data", "*", cents * percent, megabyte, 1024) | {"from_unit": from_unit})
        rates.append(key | _row("data", "roaming", percent * 120, 1_048_576, 1_048_576))
        if included:
            for service, zones, each in (("voice", "es|mobile", 120), ("sms", "*", 1), ("data", "data", 7_000_000)):
                share = {"voice": 0.3, "sms": 0.1, "data": 0.4}[service]
                quantity = int(usage * share * each * included / 100 * 2.5)
                allowances.append(key | {"service": service, "zones": zones, "quantity": max(1, quantity)})
    pl.DataFrame(rates, infer_schema_length=None).write_csv(directory / "rates.csv")
    pl.DataFrame(allowances).write_csv(directory / "allowances.csv")
    bands = ["band,weekday,start_time,end_time"]
    bands += [f"peak,{weekday},08:00,20:00" for weekday in range(1, 6)]
    (directory / "bands.csv").write_text("\n".join(bands) + "\n")


def _row(service: str, zone: str, price: int, per: int, increment: int) -> dict[str, object]:
    """One rate; the price in ten-thousandths."""
    return {
        "service": service,
        "zone": zone,
        "band": None,
        "from_unit": 0,
        "connect_fee": "0",
        "price": f"{price / 10_000:.4f}",
        "per": per,
        "first_increment": increment,
        "increment": increment,
        "minimum_charge": "0",
    }


def _voice(tariff_id: str, percent: int) -> list[dict[str, object]]:
    """The rates of calls: by zone, at night and by day in two tariffs, with a connection fee and a minimum in one."""
    rows = []
    for zone, cents in PRICES.items():
        row = _row("voice", zone, cents * percent, 60, 60 if tariff_id in {"basic", "payg"} else 1)
        if tariff_id in {"payg", "family"}:
            row |= {"connect_fee": "0.05", "minimum_charge": "0.06", "first_increment": 60}
        rows.append(row)
        if tariff_id in {"night", "payg"}:
            rows.append(row | {"band": "peak", "price": f"{cents * percent * 2 / 10_000:.4f}"})
    return rows
