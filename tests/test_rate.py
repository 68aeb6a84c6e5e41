"""`billadjust rate`: CDR files in, the same CDRs priced out."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "billadjust.toml": "",
    "accounts.csv": "account_id\nA\n",
    "subscriptions.csv": "subscription_id,account_id,tariff_id,valid_from\nS,A,card,2026-01-01\n",
    "tariffs.csv": "tariff_id,version,effective_from,monthly_fee,internet_fee\n"
    "card,1,2026-01-01,9,0\ncard,2,2026-06-10,9,0\n",
    "rates.csv": "tariff_id,version,service,zone,price,per,first_increment,increment\n"
    "card,1,voice,*,0.10,60,60,60\ncard,2,voice,*,0.06,60,60,60\n",
    "allowances.csv": "tariff_id,version,service,zones,quantity\ncard,1,voice,es,120\ncard,2,voice,es,120\n",
    "zones.csv": "prefix,zone\n34,es\n33,fr\n",
    "cdrs.csv": "cdr_id,subscription_id,service,started_at,destination,quantity,charged\n"
    "c1,S,voice,2026-06-09T12:00,+34911,61,0.20\n"  # two minutes, all of the allowance
    "c2,S,voice,2026-06-11T12:00,34911,90,0.20\n"  # two minutes beyond it
    "c3,S,voice,2026-06-09T13:00,33123,10,0.105\n"  # a minute to where no allowance is
    "c4,S,sms,2026-06-09T14:00,34911,1,0.09\n"  # has no rate
    "c5,S,voice,2026-06-09T15:00,34911,minute,0.20\n",  # rejected
}

EXPECTED = {
    # zone, version, units, from the allowance, cost, difference, unrated
    "contract": {
        "c1": ("es", 1, "120", "120", "0", "0.20", None),
        "c2": ("es", 1, "120", "0", "0.20", "0", None),
        "c3": ("fr", 1, "60", "0", "0.10", "0.005", None),
        "c4": ("es", 1, None, None, None, None, "no rate"),
    },
    "improved": {
        "c1": ("es", 1, "120", "120", "0", "0.20", None),
        "c2": ("es", 2, "120", "0", "0.12", "0.08", None),
        "c3": ("fr", 1, "60", "0", "0.10", "0.005", None),
        "c4": ("es", 1, None, None, None, None, "no rate"),
    },
}


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    """An operator with five CDRs."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def rate(operator: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command there."""
    command = [sys.executable, "-m", "billadjust", "rate", *arguments]
    return subprocess.run(command, cwd=operator, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("choice", EXPECTED)
@pytest.mark.parametrize("name", ["rated.parquet", "rated.csv"])
def test_each_accepted_cdr_is_written_with_what_it_should_have_cost(operator: Path, choice: str, name: str) -> None:
    result = rate(operator, "--output", name, "--choice", choice)
    assert (result.returncode, result.stdout) == (0, f"4 CDRs are in {name}; 1 rejected CDR is not in it.\n")
    path = operator / name
    read = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    rows = read.sort("cdr_id").rows(named=True)
    columns = ("zone", "version", "units", "allowance_units", "cost", "difference", "unrated")
    assert {row["cdr_id"]: tuple(row[column] for column in columns) for row in rows} == {
        cdr_id: tuple(as_written(value, path.suffix) for value in values) for cdr_id, values in EXPECTED[choice].items()
    }
    assert {row["tariff"] for row in rows} == {"card"}


def as_written(value: object, suffix: str) -> object:
    """What stands in the file: numbers are decimals with 6 places, in CSV as text."""
    if isinstance(value, int):
        return value if suffix == ".parquet" else str(value)
    if isinstance(value, str) and value[0].isdigit():
        amount = Decimal(value).quantize(Decimal("0.000001"))
        return amount if suffix == ".parquet" else str(amount)
    return value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--output", "rated.xlsx"), "--output rated.xlsx: end the name in .parquet or .csv."),
        (("--output", "rated.csv", "--choice", "best"), "--choice best: there is no such choice."),
        (("--output", "there/rated.csv"), "there is no directory"),
    ],
)
def test_a_wrong_option_writes_nothing_and_says_what_to_do(
    operator: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = rate(operator, *arguments)
    assert result.returncode == 2
    assert message in " ".join(result.stderr.split())
    assert sorted(path.name for path in operator.iterdir()) == sorted(FILES)


def test_without_cdrs_there_is_nothing_to_rate(operator: Path) -> None:
    (operator / "cdrs.csv").unlink()
    result = rate(operator, "--output", "rated.csv")
    assert result.returncode == 2
    assert "There are no CDRs to rate" in result.stderr
