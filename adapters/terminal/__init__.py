"""The terminal as a chat: one member, one channel, one job at a time."""
