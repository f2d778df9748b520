"""The places, each of layers from back to front, and the subjects that stand in them."""
