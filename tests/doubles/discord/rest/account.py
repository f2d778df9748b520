"""Routes about the bot itself: login, the gateway's address, DMs, channels and command registration."""

from doubles.discord.backstage import Backstage
from doubles.discord.rest.call import Answer, Call
from doubles.discord.rest.routing import Route, Routes
from doubles.discord.rules.access import require_channel
from doubles.discord.rules.commands import command_violations, kind_of
from doubles.discord.rules.refusals import Refusal, form_refusal
from doubles.discord.state.messages import Json
from doubles.discord.state.permissions import Permission, permissions_of
from doubles.discord.state.world import World
from doubles.discord.wire.payloads import channel_payload, own_guild_payload, own_user_payload, user_payload

ROUTES: list[Route] = []
route = Routes(ROUTES)

MAX_CREATES_PER_DAY = 200


@route("GET", "/users/@me")
def own_user(stage: Backstage, call: Call) -> Answer:
    """Who am I: the first request of a login."""
    return Answer(200, own_user_payload(stage.world.bot))


@route("GET", "/oauth2/applications/@me")
@route("GET", "/applications/@me")
def own_application(stage: Backstage, call: Call) -> Answer:
    """Which application am I."""
    return Answer(200, _application(stage.world))


@route("GET", "/gateway/bot")
def gateway_address(stage: Backstage, call: Call) -> Answer:
    """Where the gateway is; discord.py's Client never asks, other libraries do."""
    left = 1000 - stage.gateway.identified
    limit = {"total": 1000, "remaining": left, "reset_after": 86_400_000, "max_concurrency": 1}
    address = stage.gateway.resume_url.removesuffix("/resume") + "/gateway"
    return Answer(200, {"url": address, "shards": 1, "session_start_limit": limit})


@route("GET", "/users/@me/guilds")
def own_guilds(stage: Backstage, call: Call) -> Answer:
    """The servers the bot is in, with what its roles allow it there."""
    bot = stage.world.bot
    joined = [guild for guild in stage.world.all_guilds if guild.bot_is_member]
    return Answer(200, [own_guild_payload(guild, bot) for guild in joined])


@route("POST", "/users/@me/channels")
def open_dm(stage: Backstage, call: Call) -> Answer:
    """The DM with a user; opening it always works, writing into it may not."""
    user = stage.world.users.get(int(call.fields.get("recipient_id") or 0))
    if user is None:
        raise Refusal(10013)
    return Answer(200, channel_payload(stage.world.dm_with(user), stage.world))


@route("GET", "/channels/{channel}", major="channel")
def one_channel(stage: Backstage, call: Call) -> Answer:
    """A channel, when the bot can see it."""
    return Answer(200, channel_payload(require_channel(stage.world, call.id("channel")), stage.world))


@route("GET", "/guilds/{guild}/audit-logs")
def audit_log(stage: Backstage, call: Call) -> Answer:
    """Who added the bot, for those that may read the log."""
    world = stage.world
    guild = next((guild for guild in world.all_guilds if guild.id == call.id("guild")), None)
    if guild is None or not guild.bot_is_member:
        raise Refusal(50001)
    if not permissions_of(guild, world.bot) & Permission.VIEW_AUDIT_LOG:
        raise Refusal(50013)
    by = guild.bot_added_by
    entry = (
        {"id": str(guild.id), "action_type": 28, "target_id": str(world.bot.id), "user_id": str(by.id)} if by else {}
    )
    empty = ("application_commands", "auto_moderation_rules", "guild_scheduled_events", "integrations", "threads")
    log = {"audit_log_entries": [entry] if by else [], "users": [], "webhooks": []}
    return Answer(200, log | {name: [] for name in empty})


@route("GET", "/users/{user}")
def one_user(stage: Backstage, call: Call) -> Answer:
    """Any user."""
    user = stage.world.users.get(call.id("user"))
    if user is None:
        raise Refusal(10013)
    return Answer(200, user_payload(user))


@route("GET", "/applications/{app}/commands")
@route("GET", "/applications/{app}/guilds/{guild}/commands")
def registered_commands(stage: Backstage, call: Call) -> Answer:
    """What is registered, globally or in one guild."""
    return Answer(200, stage.world.commands.get(_scope(stage.world, call), []))


@route("PUT", "/applications/{app}/commands")
@route("PUT", "/applications/{app}/guilds/{guild}/commands")
def overwrite_commands(stage: Backstage, call: Call) -> Answer:
    """Replace all commands; those whose names stay keep their ids, new ones count against the day's 200."""
    scope = _scope(stage.world, call)
    wanted: list[Json] = call.body or []
    if violations := command_violations(wanted):
        raise form_refusal("; ".join(violations))
    before = {(item["type"], item["name"]): item for item in stage.world.commands.get(scope, [])}
    _count_creates(stage.world, scope, sum((kind_of(item), item["name"]) not in before for item in wanted))
    stored = [_stored(stage.world, item, before.get((kind_of(item), item["name"])), scope) for item in wanted]
    stage.world.commands[scope] = stored
    return Answer(200, stored)


def _scope(world: World, call: Call) -> int | None:
    if call.id("app") != world.bot.id:
        raise Refusal(50001, violation="commands of another application")
    if "guild" not in call.params:
        return None
    guild = next((guild for guild in world.all_guilds if guild.id == call.id("guild")), None)
    if guild is None or not guild.bot_is_member:
        raise Refusal(50001)
    return guild.id


def _count_creates(world: World, scope: int | None, created: int) -> None:
    for guild in world.all_guilds:
        if guild.id == scope:
            if guild.commands_created_today + created > MAX_CREATES_PER_DAY:
                raise Refusal(30034)
            guild.commands_created_today += created


def _stored(world: World, wanted: Json, before: Json | None, scope: int | None) -> Json:
    given = {key: value for key, value in wanted.items() if value is not None}
    permissions = wanted.get("default_member_permissions")
    stored: Json = {
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
        **given,
        "id": before["id"] if before else str(world.snowflake()),
        "version": str(world.snowflake()),
        "application_id": str(world.bot.id),
        "type": kind_of(wanted),
        "description": wanted.get("description") or "",
        "default_member_permissions": None if permissions is None else str(permissions),
    }
    return stored | ({} if scope is None else {"guild_id": str(scope)})


def _application(world: World) -> Json:
    return {
        "id": str(world.bot.id),
        "name": "Flipbook",
        "icon": None,
        "description": "",
        "type": None,
        "bot": user_payload(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "summary": "",
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user_payload(world.people.owner),
        "approximate_guild_count": len(world.all_guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        **world.application_settings,
    }
