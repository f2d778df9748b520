"""A job's life, from PENDING to its end."""
