"""Bolt's side: which deliveries reach which of our handlers, and how each is acknowledged, last of all."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from pydantic import SecretStr
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api import SlackApi
from adapters.slack.front import Front
from adapters.slack.payloads import (
    UnreadablePayload,
    click_in,
    command_in,
    mention_in,
    reaction_in,
    removal_in,
)
from adapters.slack.quiet import quiet_logger
from adapters.slack.values import Content

_ANYTHING: Final = re.compile(r".*", re.DOTALL)
Body = dict[str, Any]


def bolt_app(front: Front, api: SlackApi, signing_secret: SecretStr | None) -> AsyncApp:
    """A Bolt app whose listeners finish before they acknowledge: what is acknowledged is stored.

    Bolt reads its own environment variables; a client without a token and an ``authorize`` of ours leave them nothing
    to decide.
    """

    async def authorize() -> AuthorizeResult:
        identity = await api.identity()
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team,
            bot_token=None,
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user,
        )

    app = AsyncApp(
        logger=quiet_logger("flipbook.slack.bolt"),
        name="flipbook.slack.app",
        client=AsyncWebClient(base_url=api.base_url),
        authorize=authorize,
        signing_secret=signing_secret.get_secret_value() if signing_secret else "",
        request_verification_enabled=signing_secret is not None,
        process_before_response=True,
    )
    _listen(app, front, api)
    app.error(_give_up)
    return app


def _listen(app: AsyncApp, front: Front, api: SlackApi) -> None:
    async def on_command(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        content = await front.command(command_in(body, _team(context)))
        await ack(**_private(content)) if content else await ack()

    async def on_click(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await front.click(click_in(body, _team(context)))
        await ack()

    async def on_mention(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await front.mention(mention_in(body, _team(context), (await api.identity()).bot_user))
        await ack()

    async def on_reaction(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await front.reaction(reaction_in(body, _team(context)))
        await ack()

    async def on_removal(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await front.removed(_team(context), removal_in(body))
        await ack()

    async def on_anything(ack: AsyncAck) -> None:
        await ack()

    app.command(_ANYTHING)(_readable(on_command))
    app.action(_ANYTHING)(_readable(on_click))
    app.event("app_mention")(_readable(on_mention))
    app.event("reaction_added")(_readable(on_reaction))
    for name in ("tokens_revoked", "app_uninstalled"):
        app.event(name)(_readable(on_removal))
    app.event(_ANYTHING)(on_anything)
    app.shortcut(_ANYTHING)(on_anything)
    app.view(_ANYTHING)(on_anything)


Listener = Callable[[AsyncAck, Body, AsyncBoltContext], Awaitable[None]]


def _readable(listener: Listener) -> Listener:
    """What cannot be read is acknowledged, so that Slack does not send it again, and written down."""

    async def listen(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        try:
            await listener(ack, body, context)
        except UnreadablePayload as error:
            structlog.get_logger("flipbook.slack").warning("a delivery cannot be read", missing=str(error))
            await ack()

    return listen


def _team(context: AsyncBoltContext) -> str:
    return context.team_id or context.enterprise_id or ""


def _private(content: Content) -> Body:
    answer: Body = {"text": content.text, "response_type": "ephemeral"}
    return answer | ({"blocks": list(content.blocks)} if content.blocks else {})


async def _give_up(error: Exception, request: AsyncBoltRequest) -> BoltResponse:
    """Not acknowledged: Slack will deliver it again."""
    kind = str(request.body.get("type", "command"))
    structlog.get_logger("flipbook.slack").warning(
        "a delivery was not served, Slack will repeat it", kind=kind, error=type(error).__name__
    )
    return BoltResponse(status=503, body="")
