"""Values and pure rules: jobs, deliveries, limits, policies, prices, the ledger."""
