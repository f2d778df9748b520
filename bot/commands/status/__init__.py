"""``flipbook status``: how a running bot is, in the terminal."""
