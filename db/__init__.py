"""The database of jobs, deliveries, limits and the ledger."""
