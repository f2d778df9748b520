"""SQLite beyond SQLAlchemy: one connection that writes, group commit, and readers in threads."""
