"""The bot's web server: health pages, metrics, clip links and fal's webhooks."""
