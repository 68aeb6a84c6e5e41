"""The books of many made-up worlds balance and tie (§9); `tests/books_of_worlds.py` goes through a thousand."""

from __future__ import annotations

import pytest

from books_of_worlds import faults


@pytest.mark.parametrize("seed", range(8))
def test_entries_are_credit_notes_discounts_transfers_and_refunds_and_all_are_booked(seed: int) -> None:
    assert faults(seed) == []
