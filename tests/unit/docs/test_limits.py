"""``docs/operators/limits.md`` has every limit and rule, each with an example that can be typed, and its default."""

import re
from pathlib import Path

import pytest

from bot.commands.admin.limits import limit_assignments, parsed
from bot.commands.admin.policy import policy_assignments
from generation.rules.limits import LimitName, Limits
from generation.rules.limits.presets import PRESETS
from generation.rules.policy import Policy, PolicyName
from generation.rules.server_rules import ServerRules
from generation.text.limits import typed_name
from generation.text.rules.policy import policy_named, policy_value, typed_policy_name

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "operators" / "limits.md").read_text()
FOUND = re.findall(r"^\| `(\w+)` \| (.+?) \| `(.+?)` \|", PAGE, re.MULTILINE)
ROWS = {name: (default, example) for name, default, example in FOUND}


def test_every_limit_and_every_rule_has_a_row() -> None:
    assert set(ROWS) == {*map(typed_name, LimitName), *map(typed_policy_name, PolicyName)}


@pytest.mark.parametrize("name", LimitName)
def test_a_limits_example_can_be_typed(name: LimitName) -> None:
    assert list(parsed([ROWS[typed_name(name)][1]])) == [name.value]


@pytest.mark.parametrize("name", PolicyName)
def test_a_rules_example_can_be_typed(name: PolicyName) -> None:
    typed, _, value = ROWS[typed_policy_name(name)][1].partition("=")
    assert policy_named(typed) is name
    Policy().changed({name.value: policy_value(name, value)} if name is not PolicyName.TIME_ZONE else {}, None)  # type: ignore[arg-type]


def test_the_defaults_are_the_defaults() -> None:
    shown = dict(line.partition("=")[::2] for line in limit_assignments(ServerRules(Limits())))
    written = {typed: ROWS[typed][0].replace(", ", ",") for typed in shown}
    assert {name: value.removeprefix("$").removesuffix(".00") for name, value in shown.items()} == written


def test_what_is_shown_of_a_policy_can_be_typed_again() -> None:
    policy = Policy.model_validate(
        {
            "channels": ["1", "2"],
            "blocked_terms": ["blood bath", "gore"],
            "default_size": {"width": 512, "height": 384},
            "default_quality": "fal-ai/fast-animatediff/turbo/text-to-video",
            "added_negative": "blurry, text",
            "reroll_emoji": ["🎲", "🔁"],
            "notify": "never",
            "age_restricted": "only",
        }
    )
    lines = [line.partition("=") for line in policy_assignments(policy)]
    typed = {policy_named(name): policy_value(policy_named(name), value) for name, _, value in lines}
    again = Policy.model_validate(Policy().model_dump() | {name.value: value for name, value in typed.items()})
    assert again == policy


def test_every_preset_has_its_row() -> None:
    for preset in PRESETS:
        day, at_once = preset.changes["user_clips_per_day"], preset.changes["user_active_jobs"]
        assert f"| `{preset.name}` | {day} | {at_once} |" in PAGE
