"""The attackers of the benchmark of hostile callers."""
