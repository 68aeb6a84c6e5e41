"""Structured documents that other programs read: credit notes as e-invoices, transfers as a payment order."""
