"""`billadjust explain`: the story as an agent reads it aloud, from real ledgers and files."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from conftest import NIGHTS, root
from operator_case import program

if TYPE_CHECKING:
    from pathlib import Path


def told(directory: Path, *arguments: str, night: str = NIGHTS[-1]) -> list[str]:
    """Return the lines of a story."""
    outcome = program("explain", *arguments, "--config", directory / "nights" / night / "billadjust.toml")
    assert outcome.code == 0, outcome
    return outcome.out.splitlines()


def refused(directory: Path, *arguments: str, night: str = NIGHTS[-1]) -> str:
    outcome = program("explain", *arguments, "--config", directory / "nights" / night / "billadjust.toml")
    assert outcome.code == 2, outcome
    return " ".join(outcome.err.split())


def test_an_invoice_says_what_was_charged_what_is_due_and_which_cdrs_weigh_most(sample: dict[str, Path]) -> None:
    story = told(root(sample), "F26/0015", "--language", "en")
    assert story[0] == "Invoice F26/0015"
    assert (
        "It was issued on 1 July 2026 for 1 June 2026 to 30 June 2026, and asks €72.60: €60.00 plus €12.60 tax."
        in story
    )
    at = story.index("Invoice F26/0015, line 2: Llamadas de junio, S-JAI")
    calls = story[at:]
    assert calls[1] == "We charged you €30.00, plus tax."
    assert calls[2] == "It should have cost €20.00 under tariff Voz (voz), version 1, in force since 1 January 2024."
    # 7.50 were charged for each call of 50 minutes: 4.00 are due at 0.08, 6.00 at 0.12.
    assert calls[3:8] == [
        "The CDRs that weigh most (4 of 4):",
        "  2026-06-18 20:00: zone national, band -, units 50 min, rate 0.08/min, charged 7.50, due 4.00, too much 3.50",
        "  2026-06-20 12:00: zone national, band -, units 50 min, rate 0.08/min, charged 7.50, due 4.00, too much 3.50",
        "  2026-06-02 10:00: zone national, band day, units 50 min, rate 0.12/min, charged 7.50, due 6.00, too much 1.50",
        "  2026-06-10 19:59: zone national, band day, units 50 min, rate 0.12/min, charged 7.50, due 6.00, too much 1.50",
    ]
    assert "  2026-07-01: why billing error, what credit, net €10.00, tax €2.10, gross €12.10, how credit note" in calls
    assert story[-1] == "Nothing is provisional: what was posted is yours."


def test_a_fee_is_told_with_its_days_and_the_version_that_made_it_cheaper(sample: dict[str, Path]) -> None:
    # 16 of 31 days at 8.30 and 15 at 6.90: 4.2839 + 3.3387 = 7.62.
    story = told(root(sample), "F26/0013", "--language", "en")
    assert "That is 8.30 × 16/31 + 6.90 × 15/31." in story
    assert any(
        line.endswith(
            "€7.62 under tariff Internet (net), version 1, in force since 1 January 2024 and then tariff Internet (net), "
            "version 2, in force since 1 June 2026."
        )
        for line in story
    ), story
    assert any("Promise: existing customers first" in line for line in story)


def test_what_was_billed_twice_names_the_earlier_bill(sample: dict[str, Path]) -> None:
    story = told(root(sample), "billing_error|F26/0009|1", "--language", "en")
    assert "These days were already on invoice F26/0008, and nothing is paid twice." in story
    assert any("what was still due for them is €0.00, so we give back €9.90 plus €2.08 tax" in line for line in story)


def test_a_refund_is_provisional_until_its_deadline_and_nothing_may_be_collected(
    sample: dict[str, Path], tmp_path: Path
) -> None:
    # On the first night: Carla's 9.90 + 2.08 wait until 15 April.
    directory = first_night(sample, tmp_path)
    story = told(directory, "dispute_refund|R-0001|F26/0001|2|provisional|1", "--language", "en", night=NIGHTS[0])
    assert story[0] == "Entry dispute_refund|R-0001|F26/0001|2|provisional|1"
    assert any(line.startswith("€11.98 of this is still provisional, until 15 April 2026.") for line in story)
    assert any(
        line.startswith("Complaint R-0001 about invoice F26/0001 is open since 1 March 2026. Until 15 April 2026")
        for line in story
    )


def first_night(sample: dict[str, Path], directory: Path) -> Path:
    """Run the first night alone."""
    shutil.copytree(root(sample) / "nights", directory / "nights")
    config = directory / "nights" / NIGHTS[0] / "billadjust.toml"
    assert program("run", "--config", config, "--as-of", NIGHTS[0]).code == 0
    return directory


def test_an_account_tells_every_matter_in_its_own_language(sample: dict[str, Path]) -> None:
    story = told(root(sample), "C01")
    assert story[:2] == ["Cuenta C01", "Cliente: Ana Inventada, cuenta C01."]
    # 1.40 + 0.29, 0.74 + 0.16 and 0.69 + 0.14.
    assert "En total se le han devuelto 3,42 €: 2,83 € más 0,59 € de impuestos." in story
    headings = [line for line in story if line.startswith(("Factura", "Corte"))]
    assert headings == [
        "Factura F26/0014, línea 1: Internet junio, S-ANA",
        "Corte de Internet desde las 08:00 del 10 de agosto de 2026, línea S-ANA",
        "Corte de Internet desde las 14:00 del 25 de agosto de 2026, línea S-ANA",
    ]


def test_what_was_ordered_from_collections_is_told(sample: dict[str, Path]) -> None:
    story = told(root(sample), "C12", "--language", "en")
    assert (
        "You were put on a debtor list over invoice F26/0017, of which €13.56 is left. We have ordered that you be taken "
        "off it." in story
    )


def test_another_language_tells_the_same_figures(sample: dict[str, Path]) -> None:
    story = told(root(sample), "outage_credit|OUT-3|S-ANA", "--language", "en")
    assert any(
        line.startswith(
            "The Internet access was out for 4,800 of the month's 44,640 minutes from 08:00 on 10 August 2026"
        )
        for line in story
    ), story


def test_without_inputs_the_ledger_tells_what_it_knows(sample: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(root(sample), tmp_path / "copy")
    for file in (tmp_path / "copy" / "nights").rglob("*"):
        if file.suffix in {".csv", ".ndjson"}:
            file.unlink()
    story = told(tmp_path / "copy", "F26/0015", "--language", "en")
    assert "The inputs could not be read, so this is told from the ledger alone." in story
    assert any(line.startswith("Not read: ") and "accounts" in line for line in story)
    assert any("its calls, messages and data, 4 records, cost €20.00, so we give back €10.00" in line for line in story)


def test_one_input_that_is_gone_is_named_and_the_others_are_read(sample: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(root(sample), tmp_path / "copy")
    for file in (tmp_path / "copy" / "nights").rglob("cdrs.csv"):
        file.unlink()
    story = told(tmp_path / "copy", "F26/0015", "--language", "en")
    assert any(line.startswith("Not read: ") and "cdrs" in line for line in story)
    assert "It should have cost €20.00 under tariff Voz (voz), version 1, in force since 1 January 2024." in story
    assert any(line.startswith("What it should have cost could not be worked out") for line in story)
    assert "No se ha podido calcular lo que debía costar: no hay registros de su consumo." in told(
        tmp_path / "copy", "F26/0015", "--language", "es"
    )


def test_an_unknown_name_gets_the_nearest_known_one(sample: dict[str, Path]) -> None:
    assert refused(root(sample), "f26-0015").endswith("did you mean `F26/0015`?")
    assert "did you mean `billing_error|F26/0015|1`?" in refused(root(sample), "billing_eror|F26/0015|1")
    assert "as it stands in adjustments.csv" in refused(root(sample), "xyz")


def test_an_invoice_that_is_called_like_an_account_must_be_told_apart(sample: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(root(sample), tmp_path / "copy")
    for file in (tmp_path / "copy" / "nights").rglob("*.csv"):
        text = file.read_bytes().replace(b"F26/0004", b"C01")
        file.write_bytes(text)
    said = refused(tmp_path / "copy", "C01")
    assert said.endswith(
        "C01 is an invoice and an account too. Say which one is meant: write invoice:C01 or account:C01."
    )
    assert told(tmp_path / "copy", "account:C01")[0] == "Cuenta C01"
    assert told(tmp_path / "copy", "invoice:C01")[0] == "Factura C01"


def test_a_language_that_there_is_none_of_is_refused(sample: dict[str, Path]) -> None:
    assert "The languages are es, en" in refused(root(sample), "C01", "--language", "fr")


@pytest.mark.parametrize("name", ["C07", "F26/0002", "no_lock_in|F26/0011|2"])
def test_every_kind_of_subject_reads_well(sample: dict[str, Path], name: str) -> None:
    for language in ("es", "en"):
        story = "\n".join(told(root(sample), name, "--language", language))
        assert not {part for part in ("  ,", "..", "{", "}", "None", "explain.") if part in story}
        assert ("Promise: " in story) == (language == "en")


def test_of_a_refund_that_was_taken_back_nothing_is_the_customers(sample: dict[str, Path]) -> None:
    # Carla's 9.90 + 2.08 were explained on 15 April.
    story = told(root(sample), "dispute_refund|R-0001|F26/0001|2", "--language", "en")
    assert "In all you have been given back €0.00: €0.00 plus €0.00 tax." in story
    assert story[-1] == "Nothing is open any more."
