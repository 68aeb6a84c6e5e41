"""Numbers of accounts and taxpayers, checked by their own check digits."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from stdnum import bic, iban
from stdnum.es import nif
from stdnum.eu import vat
from stdnum.exceptions import ValidationError
from stdnum.util import clean

SPAIN: Final = "ES"

COUNTRIES: Final = frozenset(
    line[:2]
    for line in (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8").splitlines()
    if not line.startswith("#")
)
"""Codes of all countries (ISO 3166, two capitals)."""

_EU: Final = frozenset(state.upper() for state in vat.MEMBER_STATES - {"xi"})
_PREFIXES: Final = _EU | {"EL"}
"""What a VAT number begins with: Greece writes EL."""


def is_country(code: str) -> bool:
    """Tell whether this is the code of a country that has VAT numbers of the European Union (ISO 3166, two capitals)."""
    return code in _EU


def clean_iban(text: str) -> str | None:
    """Return an IBAN in its electronic form, None if it is not one (structure of the country, remainder by 97)."""
    try:
        return str(iban.validate(text, check_country=False))
    except ValidationError:
        return None


def clean_bic(text: str) -> str | None:
    """Return a BIC in capitals, None if it is not one."""
    try:
        return str(bic.validate(text))
    except ValidationError:
        return None


def vat_number(tax_id: str, country: str) -> str | None:
    """Return a taxpayer's VAT number with the letters of its country, None if it is not one.

    It may be written with or without these letters, blanks, dots and hyphens: 12.345.678-Z of Spain is ES12345678Z.
    Letters of another country count if the number is not one of `country` without them.
    """
    try:
        number = clean(tax_id, " -./").strip().upper()
        if country == SPAIN and nif.is_valid(number):
            return f"{SPAIN}{nif.compact(number)}"
        if number[:2] not in _PREFIXES:
            number = country + number
        number = str(vat.validate(number))
    except ValidationError:
        return None
    return f"EL{number[2:]}" if number.startswith("GR") else number


def is_person(spanish_vat: str) -> bool:
    """Tell whether a Spanish VAT number is a natural person's: DNI, NIE, or one that begins with K, L or M."""
    return spanish_vat[2].isdigit() or spanish_vat[2] in "KLMXYZ"
