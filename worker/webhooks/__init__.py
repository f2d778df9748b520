"""Sends webhooks: calls the URLs that callers named in their submissions."""
