"""The Home tab: who looks at it, what it shows, and what its buttons do."""
