"""The processes of the round-trip benchmark: its worker and its clients."""
