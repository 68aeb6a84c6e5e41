"""The company that issues credit notes and pays customers: the table `[issuer]` of `billadjust.toml`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator

from billadjust.config_tables import Section, checked
from billadjust.identifiers import SPAIN, clean_bic, clean_iban, is_country, vat_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _text(longest: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not text.strip() or len(text) > longest or not text.isprintable():
            raise ValueError(f"needs a text of 1 to {longest} characters in one line")
        return text.strip()

    return check


def _check_country(code: str) -> str:
    if not is_country(code):
        raise ValueError(f'"{code}" is not a country of the European Union; write two capitals, such as "ES"')
    return code


def _check_iban(text: str) -> str:
    number = clean_iban(text)
    if number is None:
        raise ValueError(f'"{text}" is not an IBAN: its check digits or its length are wrong')
    return number


def _check_bic(text: str) -> str:
    code = clean_bic(text)
    if code is None:
        raise ValueError(f'"{text}" is not a BIC; write 8 or 11 characters, or leave it out')
    return code


class Issuer(Section):
    """The table `[issuer]`. The lengths of texts are those of Facturae, the shortest of the three formats."""

    name: Annotated[str, AfterValidator(_text(80))] = ""
    tax_id: str = ""
    address: Annotated[str, AfterValidator(_text(80))] = ""
    post_code: Annotated[str, AfterValidator(_text(9))] = ""
    town: Annotated[str, AfterValidator(_text(50))] = ""
    province: Annotated[str, AfterValidator(_text(20))] = ""
    country: Annotated[str, AfterValidator(_check_country)] = SPAIN
    iban: Annotated[str, AfterValidator(_check_iban)] | None = None
    bic: Annotated[str, AfterValidator(_check_bic)] | None = None

    @property
    def vat(self) -> str:
        """The VAT number with the letters of its country."""
        number = vat_number(self.tax_id, self.country)
        if number is None:
            raise ValueError(f"{self.tax_id} is not a VAT number of {self.country}.")
        return number


REQUIRED: Final = ("name", "tax_id", "address", "post_code", "town")
"""Keys that an issuer has to have; in Spain also the province."""

DOC: Final[Mapping[str, str]] = {
    "name": "the name of the company",
    "tax_id": "its VAT number (NIF in Spain), checked by its check digits",
    "address": "its street and number",
    "post_code": "its post code; five digits in Spain",
    "town": "its town or city",
    "province": "the province of a Spanish company",
    "country": "its country, one of the European Union, as two capitals; `ES` if it is not said",
    "iban": "the account that transfers are paid from; without it there is no payment order",
    "bic": "of the bank of this account; banks of the euro area do not need it",
}
"""What each key of the table says."""


def read_issuer(table: Mapping[str, object], problems: list[str]) -> Issuer | None:
    """Return the company that the table describes, None if the table is empty; add a line for each mistake in it."""
    if not table:
        return None
    before = len(problems)
    issuer = checked(Issuer, table, "issuer.", problems)
    in_spain = issuer.country == SPAIN
    required = (*REQUIRED, "province") if in_spain else REQUIRED
    problems += [f"issuer.{key}: is missing; documents need {DOC[key]}" for key in required if key not in table]
    if in_spain and issuer.post_code and not re.fullmatch(r"\d{5}", issuer.post_code):
        problems.append(f'issuer.post_code: "{issuer.post_code}" is not a Spanish post code; write five digits')
    if issuer.tax_id and vat_number(issuer.tax_id, issuer.country) is None:
        problems.append(f'issuer.tax_id: "{issuer.tax_id}" is not a VAT number of {issuer.country}; check its digits')
    return issuer if len(problems) == before else None
