"""What finance rectifies and pays because of a run: credit notes and bank transfers (§9).

Documents have numbers and payments are made once, so both are decided with the plan, from the entries, the inputs and
the ledger, and are kept with the run in its one commit.
"""

from __future__ import annotations

from billadjust.finance.credit_notes import credit_note_lines
from billadjust.finance.documents import documents

__all__ = ["credit_note_lines", "documents"]
