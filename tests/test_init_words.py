"""`billadjust init`: what the words of other programs mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billadjust.config import load_config
from billadjust.guess import as_toml, survey, words
from billadjust.schemas import INPUTS
from init_case import guessed, init, write
from operator_case import program

if TYPE_CHECKING:
    from pathlib import Path


def test_words_that_the_program_does_not_know_are_named(tmp_path: Path) -> None:
    rows = "".join(f"D{at},A,F,2026-01-31,{word}\n" for at, word in enumerate(["abierta", "x1", "x2", "x3", "x4"]))
    directory = write(tmp_path / "exports", disputes_csv=f"dispute_id,account_id,invoice_id,opened_on,Estado\n{rows}")
    guess = guessed(directory, "disputes")
    assert guess.words == {"status": {"abierta": ["open"], "x1": [], "x2": [], "x3": [], "x4": []}}
    assert guess.doubts == ("Estado has x1, x2, x3, …: say in `words.status` what that means",)
    text = as_toml(survey(directory), directory / "billadjust.toml")
    assert (
        '"abierta" = "open"\n'
        "# NOT KNOWN: say which of open, explained, accepted, withdrawn these are, and take the `#` away.\n"
        '# "x1" = "…"\n# "x2" = "…"\n# "x3" = "…"\n# "x4" = "…"\n'
    ) in text


def test_of_many_unknown_words_some_are_written_and_the_column_is_doubted(tmp_path: Path) -> None:
    rows = "".join(f"D{at},A,F,2026-01-31,x{at:02}\n" for at in range(14))
    directory = write(tmp_path / "exports", disputes_csv=f"dispute_id,account_id,invoice_id,opened_on,Estado\n{rows}")
    text = as_toml(survey(directory), directory / "billadjust.toml")
    assert '# "x11" = "…"\n# … and 2 more: does this column really hold where it stands?\n' in text


def test_a_word_that_may_mean_several_of_ours_is_written_with_its_doubt(tmp_path: Path) -> None:
    lines = "invoice_id,line_no,kind,service,net_amount,tax_rate\nF,1,Cuota,Datos,8.30,21\n"
    directory = write(tmp_path / "exports", invoice_lines_csv=lines)
    (directory / "invoice_lines.csv").write_bytes((directory / "invoice.lines.csv").read_bytes())
    (directory / "invoice.lines.csv").unlink()
    guess = guessed(directory, "invoice_lines")
    assert guess.words == {"kind": {"Cuota": ["recurring"]}, "service": {"Datos": ["internet", "data"]}}
    assert guess.doubts == ("service has Datos (internet or data): see whether `words.service` says what is meant",)
    text = as_toml(survey(directory), directory / "billadjust.toml")
    assert '"Datos" = "internet"                # or "data": which one?\n' in text


@pytest.mark.parametrize(
    ("column", "word", "ours"),
    [
        ("kind", "RECURRENTES", "recurring"),
        ("kind", "Penalización por baja", "exit_fee"),
        ("kind", "Cambio de Tarifa", "switch_fee"),
        ("kind", "one-off", "one_off"),
        ("kind", "one off", "one_off"),
        ("kind", "Dto.", "discount"),
        ("kind", "abono", ""),
        ("status", "Abiertas", "open"),
        ("status", "Aceptado", "accepted"),
        ("status", "procedente", "accepted"),
        ("status", "no procedente", "explained"),
        ("status", "improcedente", "explained"),
        ("status", "casi procedente", ""),
        ("status", "cerrada", ""),
        ("open_for_sale", "Sí", "true"),
        ("open_for_sale", "N", "false"),
        ("open_for_sale", "0", "false"),
        ("open_for_sale", "2", ""),
    ],
)
def test_words_are_known_in_any_gender_number_and_spelling(column: str, word: str, ours: str) -> None:
    [known] = {
        one.words
        for table in INPUTS.values()
        for one in table.columns
        if one.name == column and "reminder" not in one.words
    }
    assert words.meanings(word, known) == ([ours] if ours else [])


def test_every_fixed_word_has_words_of_others() -> None:
    fixed = {word for table in INPUTS.values() for column in table.columns for word in column.words}
    assert set(words.tables()["words"]) == fixed


def test_an_export_with_spanish_words_is_checked_at_once(foreign: Path) -> None:
    """What a newcomer does: init, then check. Everything in it is Spanish: names, numbers, dates and words."""
    spanish = {
        "LíneasDeFactura.csv": [("recurring", "Cuota"), ("one_off", "Pago único"), ("exit_fee", "Penalización")],
        "Reclamaciones.csv": [(";open", ";Abierta")],
        "Tarifas.csv": [("CuotaInternet", "CuotaInternet;EnVenta"), ("8,30\n", "8,30;No\n"), ("6,90\n", "6,90;Sí\n")],
    }
    for name, pairs in spanish.items():
        text = (foreign / name).read_text("windows-1252")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        (foreign / name).write_text(text, "windows-1252")
    assert "words of Tipo: Cuota = recurring, Pago único = one_off, Penalización = exit_fee.\n" in init(foreign).out
    config = foreign / "billadjust.toml"
    assert load_config(config).sources["tariffs"].words == {"open_for_sale": {"No": "false", "Sí": "true"}}
    assert program("check", "--config", config).out.endswith("All rows are sound.\n")
    run = program("run", "--config", config, "--as-of", "2026-07-02", "--dry-run")
    # as with our words: 90.75 exit fee, 1.69 of the fee, 11.98 in dispute
    assert "A run of 2026-07-02 would post 3 entries, 104.42 EUR gross, for 3 accounts.\n" in run.out
