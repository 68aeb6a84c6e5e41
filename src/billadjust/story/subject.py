"""What an argument names: an entry, a claim, an invoice or an account."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

import polars as pl

from billadjust.errors import InputError, UsageError
from billadjust.inputs import identifiers
from billadjust.parameters import did_you_mean

if TYPE_CHECKING:
    from billadjust.config import Config
    from billadjust.ledger import Snapshot

Kind = Literal["entry", "claim", "invoice", "account"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_COLUMNS: Final[dict[Kind, str]] = {
    "entry": "entry_id",
    "claim": "claim",
    "invoice": "invoice_id",
    "account": "account_id",
}
_NEAR: Final = 1000
"""Among so many identifiers the nearest is looked for."""


@dataclass(frozen=True)
class Subject:
    """What is to be explained, and whose it is."""

    kind: Kind
    name: str
    account_id: str

    @property
    def is_theirs(self) -> pl.Expr:
        """Whether an entry belongs to the subject; of an entry all entries of its claim do."""
        if self.kind == "entry":
            return pl.col("claim") == self.name.rsplit("|", 2)[0]
        return pl.col(_COLUMNS[self.kind]) == self.name


def find_subject(asked: str, snapshot: Snapshot, config: Config) -> Subject:
    """Return what an argument names, in the ledger or in the inputs; `invoice:ID` (or another kind) says which it is.

    Raises:
        UsageError: it names nothing, or several things.
    """
    kind, name = _parted(asked)
    kinds: tuple[Kind, ...] = (kind,) if kind else (("entry", "claim") if "|" in name else ("invoice", "account"))
    found = {one: account for one in kinds if (account := _account_of(one, name, snapshot, config)) is not None}
    if not found:
        raise UsageError(
            f"There is no {' or '.join(kinds)} {name} in the ledger or the inputs; "
            f"{_nearest(name, kinds, snapshot, config)}"
        )
    if len(found) > 1:
        choices = " or ".join(f"{one}:{name}" for one in found)
        raise UsageError(f"{name} is an {' and an '.join(found)} too. Say which one is meant: write {choices}.")
    ((found_kind, account_id),) = found.items()
    return Subject(found_kind, name, account_id)


def _parted(asked: str) -> tuple[Kind | None, str]:
    """Take a kind off the front of an argument, if there is one."""
    before, colon, name = asked.strip().partition(":")
    for kind in KINDS:
        if colon and before == kind:
            return kind, name.strip()
    return None, asked.strip()


def _account_of(kind: Kind, name: str, snapshot: Snapshot, config: Config) -> str | None:
    """Return the account of something, None if neither ledger nor inputs know it."""
    column = _COLUMNS[kind]
    hits = snapshot.entries.filter(pl.col(column) == name).select("account_id").head(1).collect(engine="streaming")
    if hits.is_empty() and kind in {"invoice", "account"}:
        known = pl.col(column) == name
        hits = _known(kind, config).filter(known).select("account_id").drop_nulls().head(1)
    return str(hits.item()) if hits.height else None


def _known(kind: Kind, config: Config) -> pl.DataFrame:
    """Return the identifiers that the inputs have of accounts or invoices; nothing where they cannot be read."""
    columns = ["account_id"] if kind == "account" else ["invoice_id", "account_id"]
    name = f"{kind}s"
    with tempfile.TemporaryDirectory(prefix="billadjust-") as spool:
        try:
            frame = identifiers(config.sources[name], name, columns, Path(spool))
            return frame.collect(engine="streaming")
        except (InputError, OSError, pl.exceptions.PolarsError):
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))


def _nearest(name: str, kinds: tuple[Kind, ...], snapshot: Snapshot, config: Config) -> str:
    """Return the hint at the nearest known name."""
    names = [snapshot.entries.select(id=_COLUMNS[kind]).drop_nulls().unique().collect() for kind in kinds]
    names += [
        _known(kind, config).select(id=_COLUMNS[kind]).drop_nulls().unique()
        for kind in kinds
        if kind in {"invoice", "account"}
    ]
    every = pl.concat(names)
    bare = pl.col("id").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")
    wanted = re.sub(r"[\W_]", "", name.lower())
    half = len(wanted) // 2
    # Of very many identifiers only those are compared closely that begin or end most alike.
    places = range(1, len(wanted) + 1)
    alike = pl.sum_horizontal(
        pl.lit(0),
        *(bare.str.starts_with(wanted[:place]) for place in places),
        *(bare.str.ends_with(wanted[-place:]) for place in places),
    )
    same = every.filter(bare == wanted)
    close = every.filter(bare.str.starts_with(wanted[:half]) | bare.str.ends_with(wanted[half:])).unique()
    near = same if same.height else close.top_k(_NEAR, by=pl.struct(alike, "id"))
    otherwise = (
        "it is looked for as it stands in adjustments.csv or in the bills: an entry or claim as "
        "dispute_refund|R-0001|F26/0001|2, an invoice or account by its identifier."
    )
    return did_you_mean(name, near["id"].to_list(), otherwise)
