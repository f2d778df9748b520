"""Draws what the bot really sends as a chat would show it, for the documentation's pictures."""
