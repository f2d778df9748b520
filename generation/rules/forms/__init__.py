"""What a form for a clip offers: its fields, their bounds, and the styles of a server."""
