"""``flipbook setup``: brings a person from nothing to a bot in their chat, and writes down what it takes."""
