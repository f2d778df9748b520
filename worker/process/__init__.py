"""The worker as a process: start, supervision, housekeeping, exit codes."""
