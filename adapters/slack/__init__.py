"""Slack: commands, buttons and reactions in; progress and clips out."""

from adapters.slack.chat import SLACK_API_URL, SlackChat, SlackUnusable, Timing
from adapters.slack.manifest import manifest, missing_scopes

__all__ = ["SLACK_API_URL", "SlackChat", "SlackUnusable", "Timing", "manifest", "missing_scopes"]
