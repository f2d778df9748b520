"""The Bolt app: which of Slack's payloads goes to which handler, and how it is acknowledged."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.commands import ANIMATE, FLIPBOOK
from adapters.slack.handlers.acknowledge import Acknowledger
from adapters.slack.handlers.admin.commands import SlackAdminCommands
from adapters.slack.handlers.animate import AnimateHandler
from adapters.slack.handlers.arrival import SlackArrival
from adapters.slack.handlers.buttons import SlackButtons
from adapters.slack.handlers.clips.finding import SlackFinding
from adapters.slack.handlers.clips.menus import SlackClipMenus
from adapters.slack.handlers.clips.payloads import (
    Shortcut,
    Submission,
    shortcut_in,
    submission_in,
)
from adapters.slack.handlers.clips.reporting import SlackReporting
from adapters.slack.handlers.forms.handler import SlackForms
from adapters.slack.handlers.forms.payloads import (
    MenuShortcut,
    form_submission_in,
    menu_shortcut_in,
)
from adapters.slack.handlers.home.handler import SlackHome
from adapters.slack.handlers.home.payloads import (
    HomeOpened,
    home_opened_in,
    home_submission_in,
)
from adapters.slack.handlers.member_commands import SlackMemberCommands, unknown_command
from adapters.slack.handlers.members.privacy import SlackPrivacy
from adapters.slack.handlers.payloads import (
    Click,
    Command,
    Mention,
    Reaction,
    UnreadablePayload,
    arrival_in,
    click_in,
    command_in,
    direct_message_in,
    mention_in,
    reaction_in,
    removal_in,
)
from adapters.slack.handlers.reactions import SlackReactions
from adapters.slack.handlers.removal import SlackRemoval
from adapters.slack.ids import (
    ANIMATE_ACTION,
    CASE_ACTION,
    DEFAULTS_FORM,
    DELETE_ACTION,
    DRAFT_ACTION,
    EDIT_ACTION,
    FORGET_ACTION,
    FORM,
    HOME_ACTION,
    LIMITS_FORM,
    MAKE_SHORTCUT,
    MORE_ACTION,
    NEWER_ACTION,
    OLDER_ACTION,
    PRESET_ACTION,
    PRIVACY_ACTION,
    REPORT_ACTION,
    TEXT_SHORTCUT,
)
from adapters.slack.logging import quiet_logger
from adapters.slack.models import Act, SlackContent
from adapters.slack.text.form import FormRefusal
from adapters.slack.web_api import SlackApi

ANYTHING: Final = re.compile(r".*", re.DOTALL)
Body = dict[str, Any]
Listener = Callable[[AsyncAck, Body, AsyncBoltContext], Awaitable[None]]


class _HasAct(Protocol):
    @property
    def act(self) -> Act: ...


Acted = TypeVar("Acted", bound=_HasAct)
Handle = Callable[[Acted], Awaitable[SlackContent | None]]


@dataclass(frozen=True, slots=True)
class SlackHandlers:
    """The handlers that the app routes to, and what acknowledges for them."""

    animate: AnimateHandler
    forms: SlackForms
    members: SlackMemberCommands
    admin: SlackAdminCommands
    buttons: SlackButtons
    found: SlackFinding
    privacy: SlackPrivacy
    reporting: SlackReporting
    menus: SlackClipMenus
    reactions: SlackReactions
    arrival: SlackArrival
    removal: SlackRemoval
    home: SlackHome
    acknowledger: Acknowledger


def bolt_app(handlers: SlackHandlers, api: SlackApi, *, over_http: bool) -> AsyncApp:
    """A Bolt app whose listeners finish before they acknowledge: what is acknowledged is stored.

    It checks no signature: ``SignedHttp`` has done that before, and over a socket there is none.

    Bolt reads environment variables of its own; a client without a token and our own ``authorize``
    leave them without effect.
    """

    async def authorize() -> AuthorizeResult:
        identity = await api.identity()
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team,
            # calls go through SlackApi, never through Bolt's client
            bot_token=None,
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user,
        )

    app = AsyncApp(
        logger=quiet_logger("flipbook.slack.bolt"),
        name="flipbook.slack.app",
        client=AsyncWebClient(base_url=api.base_url),
        authorize=authorize,
        # every delivery passes every middleware: only those that its way in needs are on
        request_verification_enabled=False,
        url_verification_enabled=over_http,
        ssl_check_enabled=over_http,
        attaching_function_token_enabled=False,
        # Bolt would acknowledge an event before its listener runs
        process_before_response=True,
    )
    _route_acts(app, handlers)
    _route_events(app, handlers.arrival, handlers.removal)
    app.error(_answer_error)
    return app


def _route_acts(app: AsyncApp, handlers: SlackHandlers) -> None:
    """Bolt runs the first listener that matches, so the ones for anything else come last."""
    in_ack = partial(_answering_in_ack, handlers.acknowledger)
    beside_ack = partial(_answering_beside_ack, handlers.acknowledger)
    in_form = partial(_answering_form, handlers.acknowledger)
    app.command(ANIMATE.name)(in_ack(handlers.forms.command))
    app.command(FLIPBOOK.name)(in_ack(handlers.members.handle))
    app.command(ANYTHING)(in_ack(unknown_command))
    for action, handle in _clicks(handlers):
        app.action(action)(beside_ack(_click_in, handlers.home.around(handle)))
    app.view(DELETE_ACTION)(beside_ack(_submission_in, handlers.buttons.submit_deletion))
    app.view(REPORT_ACTION)(beside_ack(_submission_in, handlers.buttons.submit_report))
    app.message_shortcut(REPORT_ACTION)(beside_ack(_shortcut_in, handlers.menus.report))
    app.message_shortcut(TEXT_SHORTCUT)(beside_ack(_menu_shortcut_in, handlers.forms.text))
    app.global_shortcut(MAKE_SHORTCUT)(beside_ack(_menu_shortcut_in, handlers.forms.make))
    for callback_id in (FORM, EDIT_ACTION):
        app.view(callback_id)(in_form(form_submission_in, handlers.forms.submitted))
    app.view(DEFAULTS_FORM)(in_form(home_submission_in, handlers.home.defaults_submitted))
    app.view(LIMITS_FORM)(in_form(home_submission_in, handlers.home.limits_submitted))
    app.event("app_home_opened")(beside_ack(_home_opened_in, handlers.home.opened))
    app.event("app_mention")(beside_ack(_mention_in, handlers.animate.mention))
    app.event("message")(beside_ack(_direct_message_in, handlers.animate.direct))
    app.event("reaction_added")(beside_ack(_reaction_in, handlers.reactions.added))


def _clicks(handlers: SlackHandlers) -> Iterator[tuple[str | re.Pattern[str], Handle[Click]]]:
    """Buttons and menus by their ids; the one for anything else comes last."""
    yield ANIMATE_ACTION, handlers.animate.make
    yield PRIVACY_ACTION, handlers.privacy.click
    yield FORGET_ACTION, handlers.privacy.forget
    yield PRESET_ACTION, handlers.admin.preset
    yield MORE_ACTION, handlers.buttons.choose
    yield NEWER_ACTION, handlers.found.turn
    yield OLDER_ACTION, handlers.found.turn
    yield CASE_ACTION, handlers.reporting.decide
    yield EDIT_ACTION, handlers.forms.edit
    yield DRAFT_ACTION, handlers.forms.again
    yield MAKE_SHORTCUT, handlers.forms.press
    yield HOME_ACTION, handlers.home.press
    yield ANYTHING, handlers.buttons.press


def _route_events(app: AsyncApp, arrival: SlackArrival, removal: SlackRemoval) -> None:
    async def on_arrival(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await arrival.joined(_team(context), arrival_in(body))
        await ack()

    async def on_removal(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        await removal.stop(_team(context), removal_in(body))
        await ack()

    async def ignore(ack: AsyncAck) -> None:
        await ack()

    app.event("member_joined_channel")(on_arrival)
    for name in ("tokens_revoked", "app_uninstalled"):
        app.event(name)(on_removal)
    # without an acknowledgement Slack would deliver again what the bot has no handler for
    for register in (app.event, app.shortcut, app.view):
        register(ANYTHING)(ignore)


def _answering_in_ack(acknowledger: Acknowledger, handle: Handle[Command]) -> Listener:
    """The acknowledgement of a command says what its handler returns."""

    async def listen(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        command = command_in(body, _team(context))
        content = await acknowledger.answer_in_ack(command.act, lambda: handle(command))
        await ack(**_ephemeral(content)) if content else await ack()

    return listen


def _answering_beside_ack(
    acknowledger: Acknowledger,
    read: Callable[[Body, AsyncBoltContext], Acted | None],
    handle: Handle[Acted],
) -> Listener:
    """Slack takes no answer in the acknowledgement of clicks and events; what ``read`` gives None
    for is only acknowledged."""

    async def listen(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        acted = read(body, context)
        if acted is not None:
            await acknowledger.answer_beside_ack(acted.act, lambda: handle(acted))
        await ack()

    return listen


def _answering_form(
    acknowledger: Acknowledger, read: Callable[[Body, str], Acted], handle: Handle[Acted]
) -> Listener:
    """The acknowledgement of a form names the fields that are wrong; any other answer is sent to
    the person, whose form is closed."""

    async def listen(ack: AsyncAck, body: Body, context: AsyncBoltContext) -> None:
        sent = read(body, _team(context))
        content = await acknowledger.answer_form(sent.act, lambda: handle(sent))
        if isinstance(content, FormRefusal):
            await ack(response_action="errors", errors=dict(content.errors))
        else:
            await ack()

    return listen


def _menu_shortcut_in(body: Body, context: AsyncBoltContext) -> MenuShortcut:
    return menu_shortcut_in(body, _team(context))


def _home_opened_in(body: Body, context: AsyncBoltContext) -> HomeOpened:
    return home_opened_in(body, _team(context))


def _click_in(body: Body, context: AsyncBoltContext) -> Click:
    return click_in(body, _team(context))


def _submission_in(body: Body, context: AsyncBoltContext) -> Submission:
    return submission_in(body, _team(context))


def _shortcut_in(body: Body, context: AsyncBoltContext) -> Shortcut:
    return shortcut_in(body, _team(context))


def _mention_in(body: Body, context: AsyncBoltContext) -> Mention | None:
    mention = mention_in(body, _team(context), context.bot_user_id or "")
    # two bots that mention each other would never stop
    return None if mention.is_of_bot else mention


def _direct_message_in(body: Body, context: AsyncBoltContext) -> Mention | None:
    return direct_message_in(body, _team(context), context.bot_user_id or "")


def _reaction_in(body: Body, context: AsyncBoltContext) -> Reaction:
    return reaction_in(body, _team(context))


def _team(context: AsyncBoltContext) -> str:
    # an organisation-wide act of an Enterprise Grid names no workspace
    return context.team_id or context.enterprise_id or ""


def _ephemeral(content: SlackContent) -> Body:
    answer: Body = {"text": content.text, "response_type": "ephemeral"}
    return answer | ({"blocks": list(content.blocks)} if content.blocks else {})


async def _answer_error(error: Exception, request: AsyncBoltRequest) -> BoltResponse:
    """Slack delivers again what is not acknowledged, so what can never be read is acknowledged."""
    log = structlog.get_logger("flipbook.slack")
    if isinstance(error, UnreadablePayload):
        log.warning("a delivery cannot be read", missing=str(error))
        return BoltResponse(status=200, body="")
    kind = str(request.body.get("type", "command"))
    log.warning(
        "a delivery was not handled, Slack will repeat it", kind=kind, error=type(error).__name__
    )
    return BoltResponse(status=503, body="")
