"""The operator's pages: what the bot does, and what can be done about it."""
