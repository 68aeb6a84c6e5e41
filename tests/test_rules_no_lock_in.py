"""§6.3: leaving or changing tariff costs nothing."""

from __future__ import annotations

import pytest

from nights import make_night, owed


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("exit_fee", {"I|1": "75.00"}),
        ("switch_fee", {"I|1": "75.00"}),
        ("one_off", {}),
        ("recurring", {}),
        ("device", {}),
    ],
)
def test_only_fees_for_leaving_or_changing_go_back(kind: str, expected: dict[str, str]) -> None:
    assert owed(make_night("2026-03-01", lines=[{"charged": "75.00", "kind": kind}]), "no_lock_in") == expected


@pytest.mark.parametrize(("charged", "expected"), [("0.01", {"I|1": "0.01"}), ("0.00", {}), ("-75.00", {})])
def test_only_what_was_charged_goes_back(charged: str, expected: dict[str, str]) -> None:
    assert owed(make_night("2026-03-01", lines=[{"charged": charged, "kind": "exit_fee"}]), "no_lock_in") == expected


def test_nothing_goes_back_where_the_rule_is_switched_off() -> None:
    lines = [{"charged": "75.00", "kind": "exit_fee"}]
    assert owed(make_night("2026-03-01", lines=lines, policy={"no_lock_in.enabled": False}), "no_lock_in") == {}
