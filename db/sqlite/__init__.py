"""SQLite beyond SQLAlchemy: group commit, and a driver with fewer calls to the connection's
thread."""
