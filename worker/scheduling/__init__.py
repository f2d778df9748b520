"""Requests in memory: their states, their order, and when each is expected to end."""
