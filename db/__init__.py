"""Where jobs, deliveries, limits and the ledger are kept."""
