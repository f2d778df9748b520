"""The two workspaces every test starts with, and the names of what is in them."""

from collections.abc import Sequence

from doubles.slack.state.workspaces import Channel, Tokens, User, Workspace, World

APP_ID = "A0FLIPBOOK"
APP_TOKEN = "xapp-1-A0FLIPBOOK-1-double"
SIGNING_SECRET = "a-signing-secret-of-the-double"
CLIENT_ID, CLIENT_SECRET = "1111.2222", "a-client-secret-of-the-double"
VERIFICATION_TOKEN = "a-verification-token"

HOME, OTHER, PARTNER = "T000000HOME", "T00000OTHER", "T0000PARTNER"

GENERAL, OFFTOPIC = "C00GENERAL", "C0OFFTOPIC"
STUDIO, SECRET = "C000STUDIO", "C000SECRET"
SHARED, ARCHIVE = "C000SHARED", "C00ARCHIVE"
DM = "D00000MIRA"
PAIR, GROUP = "D00000PAIR", "G0000GROUP"
"""People among themselves: two, and a few. The bot cannot be there."""

ADMIN, OWNER = "U0000ADMIN", "U0000OWNER"
MIRA, NOAH = "U00000MIRA", "U00000NOAH"
EXTERNAL = "U0EXTERNAL"
BOT = "U0FLIPBOOK"
OTHER_ADMIN, LENA, OTHER_BOT = "U00ADMIN02", "U00000LENA", "U0FLIPBOT2"

MINIMUM_SCOPES = (
    "app_mentions:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "im:write",
    "reactions:read",
    "reactions:write",
    "users:read",
)
DEFAULT_SCOPES = (*MINIMUM_SCOPES, "channels:join", "channels:read", "groups:read", "im:history")
DEFAULT_EVENTS = ("app_home_opened", "app_mention", "app_uninstalled", "message.im", "reaction_added", "tokens_revoked")


def two_workspaces(scopes: Sequence[str]) -> World:
    """Home with every kind of person and channel; another team with a channel of the same id."""
    return World({HOME: _home(list(scopes)), OTHER: _other(list(scopes))}, APP_TOKEN)


def _home(scopes: list[str]) -> Workspace:
    return Workspace(
        team=HOME,
        name="Home",
        domain="home",
        bot_user=BOT,
        bot_id="B0FLIPBOOK",
        default_user=MIRA,
        tokens=Tokens("xoxb-home-double", scopes),
        users={each.id: each for each in _people_at_home()},
        channels={each.id: each for each in _channels_at_home()},
    )


def _people_at_home() -> list[User]:
    return [
        User(ADMIN, "admin", HOME, is_admin=True),
        User(OWNER, "owner", HOME, is_admin=True, is_owner=True),
        User(MIRA, "mira", HOME),
        User(NOAH, "noah", HOME),
        User(EXTERNAL, "visitor", PARTNER),
        User(BOT, "flipbook", HOME, is_bot=True),
    ]


def _channels_at_home() -> list[Channel]:
    people = {ADMIN, OWNER, MIRA, NOAH}
    return [
        Channel(GENERAL, "general", "public", people | {BOT}),
        Channel(OFFTOPIC, "offtopic", "public", set(people)),
        Channel(STUDIO, "studio", "private", {MIRA, NOAH, BOT}),
        Channel(SECRET, "secret", "private", {MIRA, OWNER}),
        Channel(SHARED, "with-partner", "public", people | {EXTERNAL, BOT}, partner_teams=(PARTNER,)),
        Channel(ARCHIVE, "last-year", "public", people | {BOT}, archived=True),
        Channel(DM, "", "dm", {MIRA, BOT}),
        Channel(PAIR, "", "dm", {MIRA, NOAH, EXTERNAL}),
        Channel(GROUP, "mpdm-mira--noah--owner-1", "private", {MIRA, NOAH, OWNER}),
    ]


def _other(scopes: list[str]) -> Workspace:
    people = [
        User(OTHER_ADMIN, "boss", OTHER, is_admin=True),
        User(LENA, "lena", OTHER),
        User(OTHER_BOT, "flipbook", OTHER, is_bot=True),
    ]
    return Workspace(
        team=OTHER,
        name="Other",
        domain="other",
        bot_user=OTHER_BOT,
        bot_id="B0FLIPBOT2",
        default_user=LENA,
        tokens=Tokens("xoxb-other-double", scopes),
        users={each.id: each for each in people},
        channels={GENERAL: Channel(GENERAL, "general", "public", {each.id for each in people})},
    )
