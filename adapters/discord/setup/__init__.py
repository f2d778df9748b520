"""Checks of the Discord application: its token and its permissions."""
