"""Budgets, who is told of them, and what the ledger adds up to. Pure."""
