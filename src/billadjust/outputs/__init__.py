"""The files that finance, provisioning, collections and operators import, each written from what the ledger holds."""
