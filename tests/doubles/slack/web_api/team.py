"""auth.test, apps.connections.open, bots.info, oauth.v2.access, team.info, users.info: who is who."""

from doubles.slack.state import render
from doubles.slack.state.workspaces import Json, Workspace
from doubles.slack.web_api.calls import Call, Refusal, method
from doubles.slack.world import APP_ID, CLIENT_ID, CLIENT_SECRET

TOKEN_LIFE_SECONDS = 43_200


@method("auth.test")
def auth_test(call: Call) -> Json:
    """Whose token this is; the granted scopes are in a header of every answer."""
    workspace = call.workspace
    return {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "user": workspace.users[workspace.bot_user].name,
        "team_id": workspace.team,
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", holder="app")
def open_connection(call: Call) -> Json:
    """An address for one socket."""
    return {"url": call.platform.sockets.open_url()}


@method("bots.info", "users:read")
def bot_info(call: Call) -> Json:
    """A bot, and the app that it belongs to."""
    workspace = call.workspace
    if call.text("bot") != workspace.bot_id:
        raise Refusal("bot_not_found")
    name = workspace.users[workspace.bot_user].name
    return {"bot": {"id": workspace.bot_id, "app_id": APP_ID, "name": name, "user_id": workspace.bot_user}}


@method("team.info", "team:read")
def team_info(call: Call) -> Json:
    """The workspace."""
    workspace = call.workspace
    return {"team": {"id": workspace.team, "name": workspace.name, "domain": workspace.domain}}


@method("users.info", "users:read")
def user_info(call: Call) -> Json:
    """A person, from elsewhere too."""
    user = call.workspace.users.get(call.text("user"))
    if user is None:
        raise Refusal("user_not_found")
    return {"user": render.user_object(user, call.workspace)}


@method("oauth.v2.access", holder="nobody")
def oauth_access(call: Call) -> Json:
    """A bot token for the code of an approved installation, or for a refresh token."""
    _check_client(call)
    refresh = call.given("grant_type") == "refresh_token"
    workspace = _refreshing(call) if refresh else _installing(call)
    tokens = workspace.tokens
    tokens.error = None
    tokens.bot = call.platform.world.next_id(f"xoxb-{workspace.domain}-")
    answer: Json = {
        "app_id": APP_ID,
        "access_token": tokens.bot,
        "token_type": "bot",
        "scope": ",".join(tokens.scopes),
        "bot_user_id": workspace.bot_user,
        "team": {"id": workspace.team, "name": workspace.name},
        "enterprise": None,
        "is_enterprise_install": False,
        "authed_user": {"id": workspace.default_user},
    }
    return answer | (_rotated(call, workspace) if tokens.refresh else {})


def _check_client(call: Call) -> None:
    if call.client is None or call.client[0] != CLIENT_ID:
        raise Refusal("invalid_client_id")
    if call.client[1] != CLIENT_SECRET:
        raise Refusal("bad_client_secret")


def _installing(call: Call) -> Workspace:
    team = call.platform.world.codes.pop(call.text("code"), None)
    if team is None:
        raise Refusal("invalid_code")
    return call.platform.world.workspaces[team]


def _refreshing(call: Call) -> Workspace:
    given = call.text("refresh_token")
    found = next((each for each in call.platform.world.workspaces.values() if each.tokens.refresh == given), None)
    if found is None:
        raise Refusal("invalid_refresh_token")
    return found


def _rotated(call: Call, workspace: Workspace) -> Json:
    tokens = workspace.tokens
    tokens.refresh = call.platform.world.next_id(f"xoxe-{workspace.domain}-")
    tokens.expires_at = call.platform.clock.now() + TOKEN_LIFE_SECONDS
    return {"refresh_token": tokens.refresh, "expires_in": TOKEN_LIFE_SECONDS}
