"""The compiled parts of rating: texts and their numbers, sums that grow, order within an allowance, wide prices."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import numba
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billadjust.policy import Policy
from billadjust.rating import compiled, pieces, spool
from billadjust.rating.card import ENDLESS
from billadjust.rating.catalogue import spans
from billadjust.rating.costs import UNRATED, cost_of
from billadjust.rating.rate import rate
from billadjust.rating.texts import find, read_names, read_texts, write_texts
from billadjust.rating.usage_parts import usage_of
from rating_tables import make_inputs, sum_up_usage

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from billadjust.inputs.model import Inputs

SECOND = {"price": "1", "per": 1, "first_increment": 1, "increment": 1}
"""A rate of 1.00 a second."""

IDS = st.text(st.sampled_from("ab€/0"), min_size=1, max_size=64)
"""Ids of 1 to 192 bytes, many of which end alike."""


def numbers_of(names: list[str], texts: list[str]) -> list[int]:
    """Look texts up among names."""
    known, asked = (pl.Series(each, dtype=pl.String) for each in (names, texts))
    found: list[int] = find(read_names(known), read_texts(asked)).tolist()
    return found


@settings(deadline=None)  # the first example waits for the compiler
@given(names=st.lists(IDS, unique=True, max_size=40), others=st.lists(IDS, max_size=40))
def test_a_text_has_the_number_of_the_name_that_is_the_same(names: list[str], others: list[str]) -> None:
    texts = [*names, *others, ""]
    places = {name: place for place, name in enumerate(names)}
    assert numbers_of(names, texts) == [places.get(text, -1) for text in texts]


def test_texts_of_a_part_of_a_column_are_its_own() -> None:
    column = pl.Series(["a" * length for length in range(40)])
    part = column.slice(15, 4)
    assert read_texts(part).lengths.tolist() == [15, 16, 17, 18]
    assert numbers_of(part.to_list(), column.to_list()) == [-1] * 15 + [0, 1, 2, 3] + [-1] * 21


def test_texts_in_any_of_the_buffers_of_a_column_are_read() -> None:
    """Long texts of a column that was put together lie in several buffers; a part of it may need the later ones only."""
    column = pl.concat([pl.Series([letter * 30 + str(n) for n in range(9)]) for letter in "abc"], rechunk=True)
    assert len(column.to_arrow(compat_level=pl.CompatLevel.newest()).buffers()) == 2 + 3
    for start in range(27):
        part = column.slice(start)
        texts = read_texts(part)
        written = write_texts(texts.words, texts.starts, texts.lengths)
        assert written.to_list() == part.to_list()


def rates(*tiers: tuple[int, int], denominator: int, wide: int, limit: int = ENDLESS) -> NDArray[np.int64]:
    """Lay out one rate without fees: tiers of (where the next begins, numerator)."""
    head = [0, 0, 1, denominator, limit, 0, 0, wide, len(tiers)]
    return np.array([head + [number for end, numerator in tiers for number in (end, 1, numerator)]], np.int64)


@settings(deadline=None)  # the first example waits for the compiler
@given(
    ends=st.lists(st.integers(1, 10**9), min_size=0, max_size=3, unique=True),
    numerators=st.lists(st.integers(0, 2**62 - 1), min_size=4, max_size=4),
    denominator=st.integers(1, 2**62 - 1),
    units=st.integers(0, 10**12),
)
def test_a_price_with_wide_numbers_is_exact(
    ends: list[int], numerators: list[int], denominator: int, units: int
) -> None:
    tiers = list(zip([*sorted(ends), ENDLESS], numerators, strict=False))
    starts = [0, *sorted(ends)]
    parts = [
        (min(units, end) - start, numerator)
        for start, (end, numerator) in zip(starts, tiers, strict=True)
        if units > start
    ]
    exact = sum((Fraction(part * numerator, denominator) for part, numerator in parts), Fraction(0))
    if exact > 10**13:  # the limit keeps such units away
        return
    expected = floor(exact + Fraction(1, 2))
    assert cost_of(rates(*tiers, denominator=denominator, wide=1), 0, units) == (
        expected if expected <= 10**12 else UNRATED
    )


def test_units_beyond_the_limit_are_too_dear() -> None:
    card = rates((ENDLESS, 1), denominator=1, wide=0, limit=500)
    assert [cost_of(card, 0, units) for units in (0, 500, 501)] == [0, 500, UNRATED]


def many(lines: int) -> Inputs:
    """Make calls of one second at 1.00 each, one for each of many invoices, half of them with long ids that end alike."""
    long = [f"{'x' * 40}{number:06}{'y' * 16}" for number in range(lines // 2)]
    invoices = long + [f"{number:06}{'y' * 16}" for number in range(lines - len(long))]
    cdrs = [
        {
            "cdr_id": f"c{number}",
            "quantity": 1,
            "invoice_id": invoice,
            "started_at": f"2026-06-{1 + number % 28:02} 12:00",
        }
        for number, invoice in enumerate(invoices)
    ]
    return make_inputs(rates=[SECOND], cdrs=cdrs)


def test_sums_of_many_invoices_grow_and_stay_apart() -> None:
    inputs, policy = many(10_000), Policy.of()
    sums = (
        sum_up_usage(inputs, spans(inputs, policy), policy).group_by("invoice_id").agg(pl.col("cost").sum()).collect()
    )
    assert sums.height == 10_000
    assert sums["cost"].unique().to_list() == [1_000_000]
    assert set(sums["invoice_id"]) == set(inputs.cdrs.collect()["invoice_id"])


@pytest.mark.parametrize("size", [1, 7, 1 << 14])
def test_pieces_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """120 calls of a second at 1.00 in random order, with 100 seconds included: the last 20 are charged."""
    monkeypatch.setattr(pieces, "READ", size)
    monkeypatch.setattr(spool, "PART", 50)
    order = np.random.default_rng(3).permutation(120)
    cdrs = [
        {"cdr_id": f"c{place:03}", "quantity": 1, "invoice_id": "I", "started_at": f"2026-06-01 12:{place // 60:02}:00"}
        for place in order
    ]
    inputs = make_inputs(
        rates=[SECOND],
        allowances=[{"quantity": 100}],
        cdrs=cdrs,
    )
    policy = Policy.of()
    costs = rate(inputs, spans(inputs, policy), policy, "contract").select("cdr_id", "cost").sort("cdr_id").collect()
    assert costs["cost"].to_list() == [0] * 100 + [1_000_000] * 20
    parts = sum_up_usage(inputs, spans(inputs, policy), policy).collect()
    assert parts.select(pl.col("cost", "unit_count").sum()).row(0) == (20_000_000, 120)


def test_a_call_beyond_its_allowance_that_is_too_dear_is_counted_once_and_unrated() -> None:
    """Two calls of a minute, of which one is included: at 2,000,000 a minute the other is above a million."""
    cdrs = [
        {"cdr_id": name, "quantity": 60, "invoice_id": "I", "charged": "5", "started_at": f"2026-06-01 1{name}:00"}
        for name in ("1", "2")
    ]
    inputs = make_inputs(
        rates=[{"price": "100000", "per": 3, "first_increment": 60, "increment": 60}],
        allowances=[{"quantity": 60}],
        cdrs=cdrs,
    )
    policy = Policy.of()
    parts = sum_up_usage(inputs, spans(inputs, policy), policy).sort("unit_count", "unrated").collect()
    assert parts.select("unrated", "cost", "charged", "unit_count").rows() == [
        (None, 0, 5_000_000, 1),
        ("it costs more than billadjust can add up", 0, 5_000_000, 1),
    ]


def test_a_catalogue_without_rates_leaves_usage_unrated() -> None:
    inputs, policy = make_inputs(cdrs=[{"cdr_id": "c", "quantity": 60}]), Policy.of()
    rated = rate(inputs, spans(inputs, policy), policy, "contract").select("cost", "units", "unrated").collect()
    assert rated.rows() == [(None, None, "no rate")]


def test_rating_ends_when_one_of_its_threads_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on the device")

    monkeypatch.setattr(spool.Spool, "write", full)
    inputs, policy = many(100), Policy.of()
    with pytest.raises(OSError, match="no space left"):
        sum_up_usage(inputs, spans(inputs, policy), policy)


def test_commands_that_rate_nothing_do_not_wait_for_what_compiles() -> None:
    asked = "import sys; import billadjust.cli; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_machine_code_is_kept_where_it_can_be_and_that_of_other_sources_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "kept" / "billadjust-0123456789abcdef"
    old.mkdir(parents=True)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    assert compiled.keep_code()
    (directory,) = (tmp_path / "kept").iterdir()
    assert directory != old
    assert str(directory) == numba.config.CACHE_DIR  # type: ignore[attr-defined]  # it is set when numba is loaded
    (tmp_path / "a file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "a file"))
    monkeypatch.setenv("HOME", str(tmp_path / "a file"))
    assert not compiled.keep_code()


def test_calls_of_the_same_second_use_an_allowance_in_the_order_of_their_ids() -> None:
    """90 calls of a second at the same time, of which 40 are included: those whose ids come first, byte by byte."""
    ids = [f"{prefix}{number}" for prefix in ("", "a" * 7, "€" * 20) for number in range(30)]
    first = set(sorted(ids, key=str.encode)[:40])
    cdrs = [{"cdr_id": name, "quantity": 1, "started_at": "2026-06-01 12:00:00"} for name in ids]
    inputs = make_inputs(rates=[SECOND], allowances=[{"quantity": 40}], cdrs=cdrs)
    policy = Policy.of()
    rated = rate(inputs, spans(inputs, policy), policy, "contract").filter(pl.col("cost") == 0).collect()
    assert set(rated["cdr_id"]) == first


def test_subscriptions_whose_ids_begin_alike_are_told_apart() -> None:
    """300 subscriptions with ids of up to 64 bytes, many of which begin or end alike, each with one call of as many seconds."""
    ids = [f"{'s' * (number % 3 * 20)}{number:03}{'e' * (number % 2 * 16)}" for number in range(300)]
    subscriptions = [{"subscription_id": name} for name in ids]
    cdrs = [{"cdr_id": f"c{name}", "subscription_id": name, "quantity": 1 + place} for place, name in enumerate(ids)]
    inputs, policy = make_inputs(rates=[SECOND], subscriptions=subscriptions, cdrs=cdrs), Policy.of()
    costs = (
        rate(inputs, spans(inputs, policy), policy, "contract").select("subscription_id", "cdr_id", "cost").collect()
    )
    assert set(costs.rows()) == {(name, f"c{name}", (1 + place) * 1_000_000) for place, name in enumerate(ids)}


def test_calls_of_nobody_have_no_price() -> None:
    cdrs = [{"cdr_id": "c", "quantity": 1}, {"cdr_id": "d", "quantity": 1, "subscription_id": "unknown"}]
    inputs, policy = make_inputs(rates=[SECOND], cdrs=cdrs), Policy.of()
    assert sum_up_usage(inputs, spans(inputs, policy), policy).collect()["unit_count"].to_list() == [1]
    assert rate(inputs, spans(inputs, policy), policy, "contract").collect()["cdr_id"].to_list() == ["c"]


def test_a_temporary_file_that_is_cut_off_is_said() -> None:
    inputs, policy = many(100), Policy.of()
    with usage_of(inputs, spans(inputs, policy), policy) as usage:
        assert usage is not None
        usage.spool._file.truncate(8)  # noqa: SLF001  # as a device that fails would
        with pytest.raises(OSError, match="ends too early"):
            usage.sums()
