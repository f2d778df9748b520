"""The client of fal's queue protocol: one for fal and for our own worker."""
