"""Delivers outcomes and progress into Discord messages."""
