"""A small Bolt app that makes every call a video bot would; the double's own tests drive it."""

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Json
from doubles.slack.world import APP_TOKEN, SIGNING_SECRET

CLIP = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 8


def client_of(double: SlackDouble, token: str | None = None) -> AsyncWebClient:
    """A client of the home workspace's bot, or of the bot that the token is for."""
    return AsyncWebClient(token=token or double.home.tokens.bot, base_url=double.base_url)


def bolt_app(double: SlackDouble) -> AsyncApp:
    """The app, installed in both workspaces: `/animate`, a button, reactions, mentions, a modal, a Home tab."""

    async def authorize(team_id: str) -> AuthorizeResult:
        workspace = double.state().workspaces[team_id]
        return AuthorizeResult(
            enterprise_id=None,
            team_id=team_id,
            bot_token=workspace.tokens.bot,
            bot_id=workspace.bot_id,
            bot_user_id=workspace.bot_user,
        )

    client = AsyncWebClient(base_url=double.base_url)
    app = AsyncApp(client=client, signing_secret=SIGNING_SECRET, authorize=authorize)
    app.command("/animate")(animate)
    app.command("/settings")(settings)
    app.command("/quiet")(acknowledge)
    app.action("again")(again)
    app.view("settings")(save)
    app.event("reaction_added")(reacted)
    app.event("app_mention")(mentioned)
    app.event("app_home_opened")(show_home)
    for ignored in ("message", "tokens_revoked", "app_uninstalled"):
        app.event(ignored)(nothing)
    return app


def socket_handler(double: SlackDouble, app: AsyncApp, ping_seconds: float = 10.0) -> AsyncSocketModeHandler:
    """The app on a socket. A socket that dies without notice is replaced after `ping_seconds`."""
    client = AsyncWebClient(token=APP_TOKEN, base_url=double.base_url)
    return AsyncSocketModeHandler(app, APP_TOKEN, web_client=client, ping_interval=ping_seconds)


def status_blocks(text: str) -> list[Json]:
    """A status line with its button."""
    button = {"type": "button", "action_id": "again", "text": {"type": "plain_text", "text": "Again"}, "value": "job-1"}
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "actions", "elements": [button]},
    ]


async def animate(ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
    """Ack, post the status, put the clip into the same message."""
    await ack()
    prompt = command["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    metadata = {"event_type": "job", "event_payload": {"job_id": "job-1"}}
    queued = await client.chat_postMessage(
        channel=command["channel_id"], text=f"queued: {prompt}", blocks=status_blocks("queued"), metadata=metadata
    )
    file_id = await upload(client)
    await client.chat_update(
        channel=queued["channel"],
        ts=queued["ts"],
        text=f"done: {prompt}",
        blocks=status_blocks("done"),
        file_ids=[file_id],
    )


async def acknowledge(ack: AsyncAck) -> None:
    """Ack and leave it at that."""
    await ack()


async def upload(client: AsyncWebClient) -> str:
    """The three steps of an upload, shared nowhere yet."""
    done = await client.files_upload_v2(content=CLIP, filename="clip.mp4", title="A clip", alt_txt="a paper boat")
    file_id: str = done["files"][0]["id"]
    return file_id


async def settings(ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
    """Open a modal."""
    await ack()
    await client.views_open(trigger_id=command["trigger_id"], view=settings_view("Loading"))


def settings_view(title: str) -> Json:
    """A modal with one input."""
    element = {"type": "plain_text_input", "action_id": "limit", "initial_value": "5"}
    return {
        "type": "modal",
        "callback_id": "settings",
        "title": {"type": "plain_text", "text": title},
        "submit": {"type": "plain_text", "text": "Save"},
        "notify_on_close": False,
        "blocks": [
            {
                "type": "input",
                "block_id": "limits",
                "label": {"type": "plain_text", "text": "Clips a day"},
                "element": element,
            }
        ],
    }


async def save(ack: AsyncAck, view: Json) -> None:
    """Refuse what is no number."""
    value = view["state"]["values"]["limits"]["limit"]["value"]
    if value.isdigit():
        await ack()
    else:
        await ack(response_action="errors", errors={"limits": "A number, please"})


async def again(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
    """Answer a click in the thread of its message."""
    await ack()
    channel, ts = body["channel"]["id"], body["message"]["ts"]
    await client.chat_postMessage(channel=channel, thread_ts=ts, text=f"again for <@{body['user']['id']}>")


async def reacted(event: Json, client: AsyncWebClient) -> None:
    """Answer a reaction in the thread of its message."""
    item = event["item"]
    await client.chat_postMessage(channel=item["channel"], thread_ts=item["ts"], text=f"saw {event['reaction']}")


async def mentioned(event: Json, client: AsyncWebClient) -> None:
    """Answer in the thread."""
    thread_ts = event.get("thread_ts") or event["ts"]
    await client.chat_postMessage(channel=event["channel"], thread_ts=thread_ts, text="heard you")


async def show_home(event: Json, client: AsyncWebClient) -> None:
    """Publish the Home tab."""
    blocks = status_blocks("Welcome")
    await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})


async def nothing() -> None:
    """Acknowledge and do nothing."""
