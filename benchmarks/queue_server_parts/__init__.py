"""The processes of the queue server's benchmark: its worker and its load."""
