"""The operator's currency, and how long clips render where a backend bills by the second."""
