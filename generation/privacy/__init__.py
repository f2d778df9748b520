"""What is kept of members: a copy of it for them, forgetting it, and letting it grow old."""
