"""Handlers of commands, buttons and reactions: each translates one act into a service call."""
