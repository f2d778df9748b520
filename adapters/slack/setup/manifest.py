"""The app manifest that an operator pastes into Slack, generated from what the code uses."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from adapters.slack.commands import COMMANDS, CommandSpec
from adapters.slack.ids import MAKE_SHORTCUT, REPORT_ACTION, TEXT_SHORTCUT
from adapters.slack.scopes import SCOPES_OF
from adapters.slack.signed_http import PATH
from generation.text.help import ANIMATE_ABOUT, ANIMATE_TEXT, MAKE_A_CLIP

EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_uninstalled": (),
    "member_joined_channel": ("channels:read",),
    "message.im": ("im:history",),
    "reaction_added": ("reactions:read",),
    "tokens_revoked": (),
}
"""Every event that the bot handles, and the scope that it needs."""

REASONS: Final[Mapping[str, str]] = {
    "app_mentions:read": (
        "hear `@Flipbook animate a fox in snow`, in threads too, where commands do not work"
    ),
    "channels:history": (
        "check whether the bot's own message was posted when Slack's answer got lost"
    ),
    "channels:read": "see before anything is spent whether the bot is in a public channel",
    "chat:write": "post the one message of each job and edit it",
    "commands": "`/animate` and `/flipbook`",
    "files:read": "see where an uploaded clip was posted, so that it is never shared twice",
    "files:write": "upload the clips",
    "groups:history": "the same as `channels:history`, in private channels the bot was invited to",
    "groups:read": "the same as `channels:read`, for private channels",
    "im:history": (
        "hear what a member writes to the bot alone, and the same as `channels:history` there"
    ),
    "im:read": "the same as `channels:read`, for direct messages with the bot",
    "im:write": "send a clip as a direct message when its channel does not take it",
    "mpim:history": "the same as `channels:history`, in group messages with the bot",
    "mpim:read": "the same as `channels:read`, for group messages with the bot",
    "reactions:read": "see 🔁 on a finished clip",
    "users:read": "know who is an admin, a bot, or a member of another organisation",
}
"""Why the app needs each scope, for the documentation and the setup."""


SHORTCUTS: Final[tuple[Mapping[str, str], ...]] = (
    {
        "name": MAKE_A_CLIP,
        "type": "global",
        "callback_id": MAKE_SHORTCUT,
        "description": ANIMATE_ABOUT,
    },
    {
        "name": ANIMATE_TEXT,
        "type": "message",
        "callback_id": TEXT_SHORTCUT,
        "description": ANIMATE_ABOUT,
    },
    {
        "name": "Report to admins",
        "type": "message",
        "callback_id": REPORT_ACTION,
        "description": "Tell the admins of a clip that should not be shown",
    },
)
"""The entry that is found anywhere, and those of the menu of a message."""


def scopes() -> list[str]:
    """The bot scopes that commands, events and Web API calls need, sorted."""
    needed = {"commands"}.union(*EVENTS.values(), *SCOPES_OF.values())
    return sorted(needed)


OPTIONAL: Final = frozenset(SCOPES_OF["conversations.history"])
"""Those without which everything works; only a broken connection may leave a second message."""


def missing_scopes(granted: Iterable[str]) -> list[str]:
    """The scopes that an installation needs and lacks, sorted."""
    return sorted(set(scopes()) - OPTIONAL - set(granted))


def missing_optional(granted: Iterable[str]) -> list[str]:
    """The scopes that an installation lacks and can do without, sorted."""
    return sorted(OPTIONAL - set(granted))


def manifest(*, public_url: str | None = None, name: str = "Flipbook") -> dict[str, Any]:
    """The manifest for Socket Mode, or for signed HTTP where ``public_url`` is the web app's
    address."""
    address = None if public_url is None else public_url.rstrip("/") + PATH
    # over a socket Slack needs no address
    delivered = {} if address is None else {"request_url": address}
    return {
        "_metadata": {"major_version": 1},
        "display_information": {
            "name": name,
            "description": "Short animations from a prompt, made with AnimateDiff",
            "background_color": "#1f2933",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "shortcuts": [dict(each) for each in SHORTCUTS],
            "slash_commands": [_command(spec, address) for spec in COMMANDS],
        },
        "oauth_config": {"scopes": {"bot": scopes()}},
        "settings": {
            "event_subscriptions": {**delivered, "bot_events": sorted(EVENTS)},
            "interactivity": {"is_enabled": True, **delivered},
            "org_deploy_enabled": False,
            "socket_mode_enabled": address is None,
            "token_rotation_enabled": False,
        },
    }


def creation_url(made: Mapping[str, Any]) -> str:
    """The link that creates an app from a manifest: the person only chooses the workspace."""
    compact = json.dumps(made, separators=(",", ":"), ensure_ascii=False)
    return f"https://api.slack.com/apps?{urlencode({'new_app': 1, 'manifest_json': compact})}"


def _command(spec: CommandSpec, address: str | None) -> dict[str, Any]:
    described = {
        "command": spec.name,
        "description": spec.description,
        "usage_hint": spec.usage_hint,
    }
    return (
        described
        | {"should_escape": spec.should_escape}
        | ({} if address is None else {"url": address})
    )
