"""Slack: commands, buttons and reactions in; progress and clips out."""

from adapters.slack.chat import SLACK_API_URL, SlackChat, SlackTiming
from adapters.slack.errors import SlackUnusable
from adapters.slack.setup.checks import SlackAccess, check_slack
from adapters.slack.setup.manifest import creation_url, manifest, missing_scopes

__all__ = [
    "SLACK_API_URL",
    "SlackAccess",
    "SlackChat",
    "SlackTiming",
    "SlackUnusable",
    "check_slack",
    "creation_url",
    "manifest",
    "missing_scopes",
]
