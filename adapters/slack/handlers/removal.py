"""Stops all calls to Slack once the app is removed or its token is revoked."""

from adapters.slack.errors import AppRemoved, TokenDead
from adapters.slack.handlers.payloads import Removal
from adapters.slack.web_api import SlackApi


async def stop_after_removal(api: SlackApi, team: str, removal: Removal | None) -> None:
    """Send nothing more if the bot's own workspace removed it. Raises DeliveryError."""
    if removal is None or team != (await api.identity()).team:
        return
    api.silence(AppRemoved() if removal is Removal.APP else TokenDead("token_revoked"))
