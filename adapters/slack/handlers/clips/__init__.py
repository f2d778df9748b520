"""What members do with clips: settings, showing again, deleting, reporting."""
