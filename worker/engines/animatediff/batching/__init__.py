"""Which clips take the next step together, and running that step."""
