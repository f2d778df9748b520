"""Files that callers upload."""
