"""Draws what the bot sends as a chat would show it, for the documentation's pictures."""
