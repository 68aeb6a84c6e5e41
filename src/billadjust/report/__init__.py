"""report.html: what operators look at in the morning, one page without network access (§9).

The page is made before the run is posted and kept with its commit, as letters are: what an operator saw stays what it
was. Everything on it comes from the plan (its entries, tables and summary) and from earlier entries of the ledger.

    words.py     the texts of the page in a language, and figures as its people write them
    totals.py    small aggregates of entries, as streams over the ledger
    plots.py     where the marks of a plot stand
    steps.py     how long the steps of a run took
    story.py     the night in one paragraph
    page.py      the template filled in
"""

from __future__ import annotations

from billadjust.report.page import REPORT, Page, report_page

__all__ = ["REPORT", "Page", "report_page"]
