"""The web side: health, metrics, webhooks."""
