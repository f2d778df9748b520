"""The sentences that people read, the same on every platform."""
