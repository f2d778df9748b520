"""The statements, a module per table: what reads and writes by itself, and what is part of a
transaction."""
