"""What is owed minus what was posted, once: the only place that sees both (§7).

claims + posted → scope → lines: set off, keep, cut → other claims: rise → differences → kind, tax → entries
"""

from __future__ import annotations

from billadjust.settle.settlement import Settlement, settle
from billadjust.settle.undo import undoing

__all__ = ["Settlement", "settle", "undoing"]
