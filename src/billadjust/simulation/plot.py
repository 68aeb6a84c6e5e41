"""The revenue of each tariff before and after, as a picture."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from billadjust.money import as_decimal

if TYPE_CHECKING:
    from billadjust.simulation.compare import Simulation

TARIFFS: Final = 25
"""How many tariffs are drawn: those whose revenue changes most."""

_LEFT, _WIDTH, _ROW, _BAR = 160, 420, 44, 15
"""Where the bars begin, how long the longest is, how far rows are apart and how thick a bar is, in pixels."""

_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#222}.before{fill:#9aa5b1}.after{fill:#2b6cb0}.quiet{fill:#666}"
    "@media(prefers-color-scheme:dark){svg{background:#181a1b}text{fill:#e6e6e6}.before{fill:#6b7680}"
    ".after{fill:#63b3ed}.quiet{fill:#a0a0a0}}"
)


def plot(simulation: Simulation, currency: str, digits: int) -> str:
    """Draw two bars for each tariff, its revenue in the months before and after: an SVG file's text."""
    change = (simulation.tariffs["after"] - simulation.tariffs["before"]).abs()
    rows = (
        simulation.tariffs.with_columns(change=change)
        .drop_nulls("tariff_id")
        .sort("change", "before", "tariff_id", descending=[True, True, False])
        .head(TARIFFS)
        .to_dicts()
    )
    most = max((max(row["before"], row["after"]) for row in rows), default=0) or 1
    first, last = (f"{day:%Y-%m}" for day in (simulation.months[0], simulation.months[-1]))
    parts = [
        f'<text x="12" y="24" font-weight="600">Revenue by tariff, {first} to {last}, {currency} net</text>',
        '<rect class="before" x="12" y="36" width="12" height="12"/><text class="quiet" x="30" y="47">prices in force</text>',
        '<rect class="after" x="160" y="36" width="12" height="12"/><text class="quiet" x="178" y="47">planned prices</text>',
    ]
    for number, row in enumerate(rows):
        top = 66 + number * _ROW
        difference = as_decimal(row["after"] - row["before"], digits)
        parts.append(f'<text x="12" y="{top + 20}">{escape(_shortened(row["tariff_id"]))}</text>')
        for place, name in enumerate(("before", "after")):
            y, length = top + place * (_BAR + 2), max(row[name], 0) * _WIDTH // most
            amount = f"{as_decimal(row[name], digits):,}"
            told = amount if name == "before" else f"{amount} ({difference:+,})"
            parts.append(f'<rect class="{name}" x="{_LEFT}" y="{y}" width="{length}" height="{_BAR}"/>')
            parts.append(f'<text class="quiet" x="{_LEFT + length + 6}" y="{y + 12}">{told}</text>')
    width, height = _LEFT + _WIDTH + 220, 66 + len(rows) * _ROW + 8
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="Revenue by tariff before and after">\n<style>{_STYLE}</style>\n{body}\n</svg>\n'
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:19]}…"  # noqa: PLR2004  # as many letters as fit beside the bars
