"""What finance rectifies, pays and books because of a run: credit notes, bank transfers and the journal (§9).

Documents have numbers and payments are made once, so both are decided with the plan, from the entries, the inputs and
the ledger, and are kept with the run in its one commit.
"""

from __future__ import annotations

from billadjust.finance.credit_notes import credit_note_lines
from billadjust.finance.documents import documents
from billadjust.finance.journal import journal, trial_balance

__all__ = ["credit_note_lines", "documents", "journal", "trial_balance"]
