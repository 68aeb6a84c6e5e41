"""How the files of a run are written. A run keeps it, so that its files are the same whenever they are written again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from billadjust.chart import PGC, Account
from billadjust.layouts import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping

STYLE: Final = "style"
"""Detail of a run's record that holds its style."""


@dataclass(frozen=True)
class Style:
    """The dialect of the CSV files, the accounts of the journal, and the layouts that it is written in too."""

    dialect: Literal["standard", "spanish"] = "standard"
    chart: Mapping[str, Account] = field(default_factory=lambda: PGC)
    layouts: tuple[Layout, ...] = ()

    def to_details(self) -> dict[str, Any]:
        """Return the detail of a run's record from which `of` makes the style again."""
        accounts = {key: asdict(account) for key, account in self.chart.items()}
        layouts = [layout.model_dump(mode="json") for layout in self.layouts]
        return {STYLE: {"dialect": self.dialect, "accounts": accounts, "layouts": layouts}}

    @staticmethod
    def of(details: Mapping[str, Any]) -> Style:
        """Return the style that a run was first published in; the default one if it kept none."""
        kept = details.get(STYLE)
        if kept is None:
            return Style()
        chart = {key: Account(**account) for key, account in kept["accounts"].items()}
        return Style(kept["dialect"], chart, tuple(Layout.model_validate(layout) for layout in kept["layouts"]))
