"""Catalogue rows and subscription periods that contradict each other, on both sides of each boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inputs_case import CLEAN, changed, read, rejections

if TYPE_CHECKING:
    from pathlib import Path

DOUBLED = "another version of the tariff is effective the same day"
COVERED = "another allowance of the version covers the same service and zone"
NO_TIER = "the rate has no tier that starts at 0"
BAND = "the band overlaps another one that the same tariff version's rates name"
PERIOD = "the period overlaps another one of the subscription"

CASES = [
    ("tariffs", "card,3,2026-06-01,8,1", [(3, DOUBLED), (5, DOUBLED)]),
    ("tariffs", "card,3,2026-06-02,8,1", []),
    ("tariffs", "other,1,2026-06-01,8,1", []),
    ("allowances", "card,1,voice,es,10", [(2, COVERED), (4, COVERED)]),
    ("allowances", "card,1,voice,*,10", [(2, COVERED), (3, COVERED), (4, COVERED)]),
    ("allowances", "card,1,voice,it|care,10", [(3, COVERED), (4, COVERED)]),
    ("allowances", "card,1,voice,it|it,10", []),
    ("allowances", "card,1,sms,es,10", []),
    ("allowances", "card,2,voice,es,10", []),
    ("allowances", "card,2,voice,*,10", []),
    ("rates", "card,1,voice,fr,,600,0.08,60,60,1", [(7, NO_TIER)]),
    ("rates", "card,1,voice,es,night,600,0.08,60,60,1", []),
    ("rates", "card,1,voice,es,day,600,0.08,60,60,1", [(7, NO_TIER)]),
    ("rates", "card,1,voice,es,night,0.000001,0.08,60,60,1", []),
    ("subscriptions", "S1,2025-01-01,A1,card,2026-01-01,", []),
    ("subscriptions", "S1,2025-01-01,A1,card,2026-01-02,", [(2, PERIOD), (5, PERIOD)]),
    ("subscriptions", "S1,2025-01-01,A1,card,,", [(2, PERIOD), (3, PERIOD), (5, PERIOD)]),
    ("subscriptions", "S1,2026-02-28,A1,card,2026-02-28,", []),  # an empty period shares no moment with any
    ("subscriptions", "S1,2026-02-28,A1,card,2026-03-01,", [(2, PERIOD), (5, PERIOD)]),
    ("subscriptions", "S3,2026-02-28,A1,card,2026-03-01,", []),
]


@pytest.mark.parametrize(("name", "row", "expected"), CASES)
def test_all_rows_that_contradict_each_other_are_rejected(
    tmp_path: Path, name: str, row: str, expected: list[tuple[int, str]]
) -> None:
    loaded = read(tmp_path, **{name: f"{CLEAN[name]}{row}\n"})
    assert [(line, reason) for _, line, _, _, reason in rejections(loaded, name)] == expected


NAMING_DAY = "card,1,voice,es,day,0,0.2,60,60,1"
BANDS = [
    ("day,1,07:59:59,08:00", NAMING_DAY, [(2, BAND), (5, BAND)]),
    ("day,2,07:59:59,08:00", NAMING_DAY, []),  # another weekday
    ("night,1,23:00,24:00", NAMING_DAY, [(3, BAND), (5, BAND)]),  # itself
    ("late,1,08:00,22:00", NAMING_DAY, []),  # no version names it
    ("late,1,21:59:59,22:00", "card,2,voice,es,late,0,0.2,60,60,1", []),  # one version names late, another names night
    ("late,1,21:59:59,22:00", "card,1,voice,es,late,0,0.2,60,60,1", []),
    ("late,1,21:59:59,22:00:01", "card,1,sms,es,late,0,0.2,1,1,1", [(3, BAND), (5, BAND)]),  # of another service
]


@pytest.mark.parametrize(("band", "rate", "expected"), BANDS)
def test_bands_must_not_overlap_if_one_version_names_them(
    tmp_path: Path, band: str, rate: str, expected: list[tuple[int, str]]
) -> None:
    loaded = read(tmp_path, bands=f"{CLEAN['bands']}{band}\n", rates=f"{CLEAN['rates']}{rate}\n")
    assert [(line, reason) for _, line, _, _, reason in rejections(loaded, "bands")] == expected


def test_a_rate_that_names_a_rejected_band_is_rejected(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        bands=changed(
            "bands", ("night,1,00:00,08:00", "night,1,08:00,08:00"), ("night,1,22:00,24:00", "night,8,22:00,24:00")
        ),
    )
    assert rejections(loaded) == [
        ("rates", 2, "band", "night", "the band is rejected"),
        ("bands", 2, "end_time", "08:00", "end_time is not after start_time: split a band that goes past midnight"),
        ("bands", 3, "weekday", "8", "must be at most 7"),
    ]


def test_a_subscription_of_a_tariff_whose_versions_are_all_rejected_is_rejected(tmp_path: Path) -> None:
    loaded = read(tmp_path, tariffs=changed("tariffs", ("20.00,20.00", "20.00,20.01")))
    assert rejections(loaded, "tariffs", "subscriptions", "rates") == [
        ("subscriptions", 4, "tariff_id", "flat", "the tariff is rejected"),
        ("tariffs", 4, "internet_fee", "20.01", "internet_fee is more than monthly_fee, of which it is a part"),
        ("rates", 6, "tariff_id, version", "flat, 1", "the tariff version is rejected"),
    ]
