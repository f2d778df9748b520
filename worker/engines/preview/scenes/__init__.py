"""The places: each builds its layers from back to front and says where subjects can be."""
