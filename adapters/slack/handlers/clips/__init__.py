"""What members do with clips: settings, show again, deleting, reporting."""
