"""§6.4: what a line costs above the improved version of its tariff."""

from __future__ import annotations

from typing import Any

import pytest

from nights import make_night, owed, state


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param({"charged": "8.30", "contract": "8.30", "improved": "6.90"}, {"I|1": "1.40"}, id="the old price"),
        pytest.param({"charged": "9.00", "contract": "8.30", "improved": "8.29"}, {"I|1": "0.01"}, id="a cent better"),
        pytest.param({"charged": "8.30", "contract": "8.30"}, {}, id="nothing better"),
        pytest.param({"charged": "8.30"}, {}, id="not assessed"),
        pytest.param({"charged": "0.00", "contract": "8.30", "improved": "6.90"}, {}, id="nothing charged"),
    ],
)
def test_an_improvement_is_from_the_contract_to_the_improved_version(
    line: dict[str, Any], expected: dict[str, str]
) -> None:
    assert owed(make_night("2026-07-01", lines=[line]), "tariff_improvement") == expected


def test_the_source_is_the_two_versions() -> None:
    night = make_night("2026-07-01", lines=[{"charged": "8.30", "contract": "8.30", "improved": "6.90"}])
    assert state(night)["source_ref"].to_list() == ["card/1 > card/2"]


def test_nothing_goes_back_where_the_rule_is_switched_off() -> None:
    lines = [{"charged": "8.30", "contract": "8.30", "improved": "6.90"}]
    night = make_night("2026-07-01", lines=lines, policy={"tariff_improvement.enabled": False})
    assert owed(night, "tariff_improvement") == {}
