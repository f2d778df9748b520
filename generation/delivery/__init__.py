"""Delivers outcomes and progress to their channels."""
