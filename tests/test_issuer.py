"""The company that issues documents: what `[issuer]` may say, and what is said about a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billadjust.identifiers import clean_iban, is_person, vat_number
from test_config import loaded, mistakes

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = """
[issuer]
name = "Móvil Ejemplo, S.L."
tax_id = "B12345674"
address = "Calle Inventada 1"
post_code = "28001"
town = "Madrid"
province = "Madrid"
iban = "ES91 2100 0418 4502 0005 1332"
bic = "CAIXESBBXXX"
"""


def test_an_issuer_is_kept_as_it_is_written_with_its_numbers_in_their_electronic_form(tmp_path: Path) -> None:
    issuer = loaded(tmp_path, RIGHT).issuer
    assert issuer is not None
    assert (issuer.name, issuer.country, issuer.vat) == ("Móvil Ejemplo, S.L.", "ES", "ESB12345674")
    assert (issuer.iban, issuer.bic) == ("ES9121000418450200051332", "CAIXESBBXXX")


def test_without_the_table_there_is_no_issuer(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").issuer is None


def test_an_issuer_elsewhere_in_the_union_needs_no_province_and_no_spanish_post_code(tmp_path: Path) -> None:
    toml = (
        RIGHT.replace('province = "Madrid"', 'country = "PT"')
        .replace("B12345674", "501964843")
        .replace("28001", "1000-001")
    )
    issuer = loaded(tmp_path, toml).issuer
    assert issuer is not None
    assert issuer.vat == "PT501964843"


@pytest.mark.parametrize(
    ("right", "wrong", "mistake"),
    [
        ("name =", "nmae =", "issuer.nmae: there is no such key; did you mean `name`?"),
        ('"B12345674"', '"B12345675"', 'issuer.tax_id: "B12345675" is not a VAT number of ES; check its digits'),
        ('"28001"', '"2801"', 'issuer.post_code: "2801" is not a Spanish post code; write five digits'),
        ('"28001"', "28001", "issuer.post_code: needs a text in quotes, not 28001"),
        (
            "1332",
            "1333",
            'issuer.iban: "ES91 2100 0418 4502 0005 1333" is not an IBAN: its check digits or its length are wrong',
        ),
        ('"CAIXESBBXXX"', '"CAIXE"', 'issuer.bic: "CAIXE" is not a BIC; write 8 or 11 characters, or leave it out'),
        ('"Calle Inventada 1"', '" "', "issuer.address: needs a text of 1 to 80 characters in one line"),
        ('"Calle Inventada 1"', f'"{"c" * 81}"', "issuer.address: needs a text of 1 to 80 characters in one line"),
        ('"Calle Inventada 1"', '"Calle\\n1"', "issuer.address: needs a text of 1 to 80 characters in one line"),
        (
            'province = "Madrid"',
            'province = "Madrid"\ncountry = "Spain"',
            'issuer.country: "Spain" is not a country of the European Union; write two capitals, such as "ES"',
        ),
        (
            'tax_id = "B12345674"\n',
            "",
            "issuer.tax_id: is missing; documents need its VAT number (NIF in Spain), checked by its check digits",
        ),
        ('province = "Madrid"\n', "", "issuer.province: is missing; documents need the province of a Spanish company"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_how_to_mend_it(
    tmp_path: Path, right: str, wrong: str, mistake: str
) -> None:
    assert right in RIGHT
    assert mistake in mistakes(tmp_path, RIGHT.replace(right, wrong, 1))


def test_what_is_missing_is_named_all_at_once(tmp_path: Path) -> None:
    keys = [
        line.partition(": is missing")[0] for line in mistakes(tmp_path, '[issuer]\niban = "DE89370400440532013000"')
    ]
    assert keys == [f"issuer.{key}" for key in ("name", "tax_id", "address", "post_code", "town", "province")]


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("12345678Z", "ES", "ES12345678Z"),
        ("es-12.345.678-z", "ES", "ES12345678Z"),
        ("X1234567L", "ES", "ESX1234567L"),
        ("B12345674", "ES", "ESB12345674"),
        ("DE136695976", "ES", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("094259216", "GR", "EL094259216"),
        ("GR094259216", "ES", "EL094259216"),
        ("12345678A", "ES", None),
        ("B12345675", "ES", None),
        ("136695976", "ES", None),
        ("", "ES", None),
        ("ES", "ES", None),
        ("¿?", "ES", None),
        ("12345678Z", "XX", None),
    ],
)
def test_vat_numbers_are_checked_and_named_with_their_country(written: str, country: str, number: str | None) -> None:
    assert vat_number(written, country) == number


@pytest.mark.parametrize(
    ("number", "person"),
    [
        ("ES12345678Z", True),
        ("ESX1234567L", True),
        ("ESK1234567L", True),
        ("ESB12345674", False),
        ("ESN1234567A", False),
    ],
)
def test_persons_and_companies_differ_in_how_their_number_begins(number: str, person: bool) -> None:
    assert is_person(number) is person


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("es91 2100 0418 4502 0005 1332", "ES9121000418450200051332"),
        ("DE89370400440532013000", "DE89370400440532013000"),
        ("ES9121000418450200051333", None),
        ("ES912100041845020005133", None),
        ("ñ", None),
        ("", None),
    ],
)
def test_ibans_are_checked_and_written_without_blanks(written: str, number: str | None) -> None:
    assert clean_iban(written) == number
