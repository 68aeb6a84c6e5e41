"""The chart of accounts that the journal is kept in: what each account is for, and its code and name (§9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from billadjust.parameters import no_such, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

Root = Literal["Assets", "Liabilities", "Income", "Expenses"]


@dataclass(frozen=True)
class Account:
    """An account of the books. `root` is the part of the balance sheet or result that it belongs to, `use` what for."""

    code: str
    name: str
    root: Root
    use: str


PGC: Final[Mapping[str, Account]] = {
    "credits": Account(
        "708",
        "Devoluciones de ventas y operaciones similares",
        "Income",
        "price reductions and credits, and errors on invoices of earlier years",
    ),
    "errors": Account("705", "Prestaciones de servicios", "Income", "billing errors on invoices of the same year"),
    "vat": Account("477", "Hacienda Pública, IVA repercutido", "Liabilities", "output VAT"),
    "customers": Account("430", "Clientes", "Assets", "what customers owe, less what they are owed"),
    "indemnities": Account("659", "Otras pérdidas en gestión corriente", "Expenses", "indemnities, which carry no VAT"),
    "suspense": Account(
        "4309",
        "Clientes, facturas pendientes de formalizar",
        "Assets",
        "provisional refunds, with their tax, until they are final or cancelled",
    ),
}
"""The accounts by what they are for, as Spain's general chart of accounts (PGC) numbers and names them."""

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9.]{0,19}")


def read_chart(table: Mapping[str, object], problems: list[str]) -> Mapping[str, Account]:
    """Return the chart with the codes and names that `[accounts]` gives; add a line for each mistake to the problems."""
    chart = dict(PGC)
    for key, raw in table.items():
        at = f"accounts.{key}"
        if key not in PGC:
            problems.append(f"{at}: {no_such('account', key, PGC)}")
            continue
        given = {"code": raw} if isinstance(raw, str) else raw
        if not isinstance(given, dict):
            problems.append(f"{at}: needs a code in quotes or a table, not {shown(raw)}")
            continue
        problems += [f"{at}.{name}: {no_such('key', name, FIELDS)}" for name in given if name not in FIELDS]
        code, name = given.get("code", PGC[key].code), given.get("name", PGC[key].name)
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            problems.append(
                f'{at}: needs a code of 1 to 20 capitals, digits and dots, such as "430.001", not {shown(code)}'
            )
        elif not isinstance(name, str) or not name.strip() or not name.isprintable():
            problems.append(f"{at}.name: needs a name in quotes, in one line, not {shown(name)}")
        else:
            chart[key] = Account(code, name, PGC[key].root, PGC[key].use)
    return chart


FIELDS: Final = ("code", "name")
"""What the configuration can say of an account."""
