"""Every command and button as Discord registers them: names, lengths, ranges, and what the judge says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.discord.client import INTENTS, FlipbookClient
from adapters.discord.command_sync import fingerprint
from adapters.discord.handlers.interactions import InteractionHandler
from adapters.discord.ids import custom_id, parse_case_id, parse_custom_id
from adapters.discord.setup.permissions import (
    REQUIRED_PERMISSIONS,
    invite_url,
    missing_permissions,
    missing_sentence,
    needed_permissions,
)
from adapters.discord.text.help import HELP
from adapters.discord.text.layout import buttons
from doubles.discord.gateway.intents import PRIVILEGED
from doubles.discord.rules.commands import command_violations
from factories import NOW, a_job, moved
from generation.domain.clip_actions import ButtonPlace, ClipAction, offered
from generation.domain.job import JobStatus
from generation.domain.refs import Platform
from generation.protocol.request import Endpoint, Motion, VideoSizePreset, bounds_of, side_bounds
from generation.rules.limits import OF_MEMBERS, LimitName
from generation.text.rules.chat import SETTINGS
from judges.discord_spec import discord_spec
from judges.specs import specs

PAGE = (Path(__file__).resolve().parents[4] / "docs/discord.md").read_text(encoding="utf-8")
SUB_COMMAND, GROUP = 1, 2
MENU = 3
MENUS = ["Animate this text", "Re-roll", "Clip settings", "Report to admins"]
Json = dict[str, Any]


class NoService:
    """Definitions ask nothing of it."""


def definitions() -> list[Json]:
    client = FlipbookClient()
    client.serve(InteractionHandler(NoService(), NoService(), clock=NoService()))  # type: ignore[arg-type]
    return client.definitions()


@pytest.fixture(scope="module")
def commands() -> list[Json]:
    return definitions()


def walk(options: list[Json]) -> Iterator[Json]:
    for option in options:
        yield option
        yield from walk(option.get("options", []))


def test_discord_takes_every_definition(commands: list[Json]) -> None:
    judge = discord_spec(specs())
    assert judge.request("PUT", "/applications/1/commands", "application/json", commands) == []
    assert command_violations(commands) == []


def test_these_are_the_commands(commands: list[Json]) -> None:
    assert [each["name"] for each in commands if each["type"] == MENU] == MENUS
    found = {}
    for command in (each for each in commands if each["type"] != MENU):
        paths = []
        for option in command.get("options", []):
            if option["type"] == GROUP:
                paths += [f"{option['name']} {leaf['name']}" for leaf in option["options"]]
            elif option["type"] == SUB_COMMAND:
                paths.append(option["name"])
        found[command["name"]] = sorted(paths)
    assert found == {
        "animate": [],
        "flipbook": ["cancel", "defaults", "help", "history", "notify", "privacy", "queue", "quota", "show"],
        "flipbook-admin": [
            "allow term",
            "audit",
            "block member",
            "block term",
            "channels add",
            "channels allow",
            "channels deny",
            "channels everywhere",
            "channels remove",
            "channels show",
            "disallow term",
            "limits preset",
            "limits reset",
            "limits set",
            "limits show",
            "members allow",
            "members everyone",
            "members remove",
            "members show",
            "pause",
            "reports decide",
            "reports show",
            "resume",
            "roles allow",
            "roles everyone",
            "roles exempt",
            "roles quota",
            "roles remove",
            "roles show",
            "settings log_channel",
            "settings set",
            "settings show",
            "styles add",
            "styles edit",
            "styles list",
            "styles remove",
            "styles reset",
            "terms import",
            "unblock member",
            "unblock term",
        ],
    }


def test_names_and_descriptions_keep_discords_lengths_and_say_something(commands: list[Json]) -> None:
    for item in walk(commands):
        assert 1 <= len(item["name"]) <= 32
        # a menu has a name alone
        assert item.get("type") == MENU or 5 <= len(item["description"]) <= 100, item
        for choice in item.get("choices") or []:
            assert 1 <= len(choice["name"]) <= 100


def test_commands_are_for_servers_only_and_admins_commands_for_managers(commands: list[Json]) -> None:
    for command in commands:
        assert (command["contexts"], command["integration_types"]) == ([0], [0])
    permissions = {
        command["name"]: command["default_member_permissions"] for command in commands if command["type"] != MENU
    }
    assert permissions == {"animate": None, "flipbook": None, "flipbook-admin": 1 << 5}


def test_animate_shows_the_cores_own_ranges(commands: list[Json]) -> None:
    options = {option["name"]: option for option in commands[0]["options"]}
    # without a prompt the form opens
    assert [name for name, option in options.items() if option.get("required")] == []

    def values(name: str) -> tuple[int, int]:
        return options[name]["min_value"], options[name]["max_value"]

    def lengths(name: str) -> tuple[int, int]:
        return options[name]["min_length"], options[name]["max_length"]

    assert lengths("prompt") == bounds_of("prompt")
    assert lengths("negative_prompt") == bounds_of("negative_prompt")
    assert {name: values(name) for name in ("num_frames", "fps", "steps", "guidance", "seed", "width", "height")} == {
        "num_frames": bounds_of("num_frames"),
        "fps": bounds_of("fps"),
        "steps": bounds_of("num_inference_steps"),
        "guidance": bounds_of("guidance_scale"),
        "seed": bounds_of("seed"),
        "width": side_bounds(),
        "height": side_bounds(),
    }


def test_choices_are_the_cores_own_and_sizes_name_their_pixels(commands: list[Json]) -> None:
    choices = {option["name"]: option.get("choices") or [] for option in commands[0]["options"]}
    assert {choice["value"] for choice in choices["quality"]} == {endpoint.label for endpoint in Endpoint}
    assert [choice["value"] for choice in choices["motion"]] == [motion.value for motion in Motion]
    assert {choice["value"]: choice["name"] for choice in choices["size"]} == {
        preset.value: f"{preset.value} ({preset.pixels[0]}×{preset.pixels[1]})" for preset in VideoSizePreset
    }


def test_every_limit_can_be_set(commands: list[Json]) -> None:
    of_all, of_members = [option for option in walk(commands) if option["name"] == "limit"]
    assert [choice["value"] for choice in of_all["choices"]] == [name.value for name in LimitName]
    assert [choice["value"] for choice in of_members["choices"]] == [name.value for name in OF_MEMBERS]


def test_every_setting_can_be_set(commands: list[Json]) -> None:
    (setting,) = [option for option in walk(commands) if option["name"] == "setting"]
    assert [choice["value"] for choice in setting["choices"]] == [name.value for name in SETTINGS]


def test_a_command_and_all_its_parts_are_no_longer_than_discord_takes(commands: list[Json]) -> None:
    def length(item: Json) -> int:
        choices = sum(len(each["name"]) + len(str(each["value"])) for each in item.get("choices") or [])
        parts = sum(length(each) for each in item.get("options") or [])
        return len(item["name"]) + len(item.get("description") or "") + choices + parts

    assert max(map(length, commands)) <= 8_000


def test_the_fingerprint_is_the_same_for_the_same_definitions_only() -> None:
    first, second = definitions(), definitions()
    assert fingerprint(first) == fingerprint(second)
    second[0]["description"] += "!"
    assert fingerprint(first) != fingerprint(second)


def test_help_names_what_members_can_do(commands: list[Json]) -> None:
    for command in (each for each in commands if each["type"] != MENU):
        assert f"`/{command['name']}" in HELP
    assert len(HELP) <= 2000


# Buttons ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", JobStatus)
async def test_each_state_has_its_buttons(status: JobStatus) -> None:
    job = moved(a_job(), status)
    view = buttons(job)
    assert view is not None
    assert view.is_finished()
    (row,) = [row["components"] for row in view.to_components()]
    wanted = offered(job, ButtonPlace.ROW, Platform.DISCORD)
    assert [button["custom_id"] for button in row] == [custom_id(action, job.id) for action in wanted]
    assert len(row) <= 5
    for button in row:
        assert len(button["custom_id"]) <= 100
        assert len(button.get("label") or "") <= 34
        # Discord takes a sign without emoji presentation only with U+FE0F after it
        assert button["emoji"]["name"].endswith("\ufe0f") or button["emoji"]["name"] in "🔁⚡"
    judge = discord_spec(specs())
    body = {"content": "x", "components": view.to_components()}
    assert judge.request("POST", "/channels/1/messages", "application/json", body) == []


async def test_a_deleted_clip_has_no_buttons_and_a_hidden_one_can_be_deleted() -> None:
    job = moved(a_job(), JobStatus.SUCCEEDED)
    assert buttons(job.deleted(NOW)) is None
    hidden = buttons(job.hidden(NOW))
    assert hidden is not None
    assert [each.custom_id for each in hidden.children] == [custom_id(ClipAction.DELETE, job.id)]


@pytest.mark.parametrize("action", ClipAction)
def test_an_id_of_ours_is_read_back(action: ClipAction) -> None:
    job = a_job()
    assert parse_custom_id(custom_id(action, job.id)) == (action, job.id)


@pytest.mark.parametrize(
    "text", ["", "v1", "v1:reroll", "v1:reroll:" + "g" * 24, "v1:reroll:" + "a" * 25, " v1:reroll:" + "a" * 24, "🔁"]
)
def test_anything_else_is_none_of_ours(text: str) -> None:
    assert parse_custom_id(text) is None
    assert parse_case_id(text) is None


# Permissions --------------------------------------------------------------------------------------


def test_no_intent_is_privileged() -> None:
    assert INTENTS.value & PRIVILEGED == 0


def test_the_invite_link_asks_for_the_required_permissions_and_nothing_else() -> None:
    needed = needed_permissions()
    assert len(REQUIRED_PERMISSIONS) == 6
    assert needed.value == 1 << 6 | 1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 38
    url = invite_url(1234)
    assert url.startswith("https://discord.com/oauth2/authorize?client_id=1234&")
    assert f"permissions={needed.value}" in url
    assert "scope=bot+applications.commands" in url


def test_what_is_missing_is_named_by_discords_own_words() -> None:
    from discord import Permissions

    assert missing_permissions(needed_permissions(), in_thread=False) == []
    assert missing_permissions(needed_permissions(), in_thread=True) == []
    assert missing_permissions(Permissions(administrator=True), in_thread=True) == []
    nothing = Permissions.none()
    assert missing_permissions(nothing, in_thread=False) == [
        "View Channel",
        "Send Messages",
        "Attach Files",
        "Read Message History",
    ]
    assert "Send Messages in Threads" in missing_permissions(nothing, in_thread=True)
    assert missing_sentence(["Attach Files"]).count("**Attach Files**") == 1


# docs/discord.md ----------------------------------------------------------------------------------


def test_the_page_lists_the_permissions_with_their_reasons_and_the_same_link() -> None:
    rows = re.findall(r"^\| ([A-Z][\w ]+) \| ([^|]+) \|$", PAGE.split("## 3.")[0], re.MULTILINE)
    assert rows == [(permission.label, permission.reason) for permission in REQUIRED_PERMISSIONS]
    link = re.search(r"https://discord\.com/oauth2/\S+", PAGE)
    assert link is not None
    asked, offered = (parse_qs(urlsplit(url).query) for url in (link[0], invite_url(1)))
    assert asked | {"client_id": ["1"]} == offered


def test_the_page_names_every_command(commands: list[Json]) -> None:
    for command in commands:
        slash = "" if command["type"] == MENU else "/"
        assert f"`{slash}{command['name']}" in PAGE
        for option in command.get("options", []):
            if option["type"] in {SUB_COMMAND, GROUP}:
                assert option["name"] in PAGE
