"""The statements about what is kept of members: all of it, forgetting it, letting it grow old."""
