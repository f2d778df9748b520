"""Forms: how they are opened, and what they make when they come back."""
