"""Bringing outcomes and progress to their channels."""
