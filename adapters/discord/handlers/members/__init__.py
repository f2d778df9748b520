"""What members choose for themselves, and what is kept of them."""
