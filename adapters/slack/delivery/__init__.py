"""Delivers progress and outcomes to Slack messages."""
