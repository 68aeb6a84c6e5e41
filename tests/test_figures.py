"""Figures as people of a language write them."""

from __future__ import annotations

import polars as pl
import pytest

from billadjust.figures import fill, found, in_minor, plain
from billadjust.phrasebook import packaged


def filled(text: str, language: str = "es", digits: int = 2, **columns: object) -> str:
    frame = pl.DataFrame({"currency": ["EUR"], **{name: [value] for name, value in columns.items()}})
    return str(frame.select(fill(text, packaged()[language], digits)).item())


@pytest.mark.parametrize(
    ("minor", "spanish", "english"),
    [
        (0, "0,00 €", "€0.00"),
        (-5, "0,05 €", "€0.05"),
        (99_999, "999,99 €", "€999.99"),
        (100_000, "1.000,00 €", "€1,000.00"),
        (99_999_999, "999.999,99 €", "€999,999.99"),
        (100_000_000, "1.000.000,00 €", "€1,000,000.00"),
        (99_999_999_999, "999.999.999,99 €", "€999,999,999.99"),
        (123_456_789_012, "1.234.567.890,12 €", "€1,234,567,890.12"),
    ],
)
def test_amounts_have_the_languages_signs(minor: int, spanish: str, english: str) -> None:
    assert filled("{gross}", "es", gross=minor) == spanish
    assert filled("{gross}", "en", gross=minor) == english


def test_a_currency_without_decimals_has_none() -> None:
    assert filled("{gross}", "es", 0, gross=1234) == "1.234 €"


def test_dates_moments_and_numbers_are_written_out() -> None:
    evidence = (
        '{"opened_on":"2026-03-01","started_at":"2026-08-25T14:00:00+02:00","cycle_minutes":44640,"minutes":"65.5"}'
    )
    text = "{opened_on} | {started_at} | {cycle_minutes} | {minutes}"
    assert filled(text, "es", evidence=evidence) == (
        "1 de marzo de 2026 | las 14:00 del 25 de agosto de 2026 | 44.640 | 65,5"
    )
    assert filled(text, "en", evidence=evidence) == "1 March 2026 | 14:00 on 25 August 2026 | 44,640 | 65.5"


def test_braces_are_doubled_to_stand_for_themselves_and_are_nothing_special_in_a_figure() -> None:
    assert filled("{{x}} {name}", name="{gross} {{y}}") == "{x} {gross} {{y}}"


def test_a_figure_that_is_not_there_is_left_out() -> None:
    assert filled("<{resolved_on}{opened_on}{charged}>", evidence='{"resolved_on":null}') == "<>"


def test_a_figure_is_not_looked_for_inside_a_text() -> None:
    evidence = r'{"explanation":"see \"charged\":\"1.00\",\"charged\":\"2.00\"","charged":"3.00"}'
    frame = pl.DataFrame({"evidence": [evidence]})
    assert frame.select(found("charged"), minor=in_minor("charged")).row(0) == ("3.00", 300)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\r\n\tb", "a b"), ("\u202eevil\u200b", "evil"), ("a\u2028b", "a b"), (" ñ€ ", "ñ€"), ("\x00", "")],
)
def test_a_text_from_the_inputs_stays_in_its_line_and_direction(text: str, expected: str) -> None:
    assert pl.select(plain(pl.lit(text))).item() == expected
