"""Model files: where they come from, which are selected, what is on the disk, and loading them."""
