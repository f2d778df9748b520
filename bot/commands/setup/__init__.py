"""``flipbook setup``: guides a person to a bot in their chat and writes the tokens to ``.env``."""
