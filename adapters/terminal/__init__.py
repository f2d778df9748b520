"""The terminal as a chat platform: one member, one channel, one job at a time."""
