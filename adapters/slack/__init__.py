"""Slack: commands, buttons and reactions in; progress and clips out."""

from adapters.slack.chat import SLACK_API_URL, SlackChat, SlackUnusable, Timing
from adapters.slack.checkup import SlackAccess, check_slack
from adapters.slack.manifest import creation_url, manifest, missing_scopes

__all__ = [
    "SLACK_API_URL",
    "SlackAccess",
    "SlackChat",
    "SlackUnusable",
    "Timing",
    "check_slack",
    "creation_url",
    "manifest",
    "missing_scopes",
]
