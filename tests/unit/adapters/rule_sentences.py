"""Every sentence about rules in layers, presets and pauses, for the tests of the catalogue."""

from collections.abc import Iterator
from dataclasses import replace

from factories import NOW, a_server, a_user, an_audit_entry, later
from generation.domain.refs import UserRef
from generation.protocol.request import Endpoint
from generation.rules.limits import NO_CEILING, LimitName, Limits
from generation.rules.limits.presets import PRESETS
from generation.rules.pause import EVERY_SERVER, Pause
from generation.rules.policy import Policy, PolicyName
from generation.rules.server_rules import ServerRules
from generation.text.audit import audit_words
from generation.text.dialect import Dialect
from generation.text.rules import pauses, screen
from generation.text.rules.policy import policy_range_words, policy_value_words

MANY = frozenset(f"{number:018}" for number in range(300))
FULL = Policy.model_validate(
    {
        "channels": {"C1"},
        "denied_channels": {"C1"},
        "age_restricted": "only",
        "allowed_users": {"U1"},
        "blocked_users": {"U1"},
        "allowed_roles": {"R1"},
        "exempt_roles": MANY,
        "role_limits": {"R1": {"user_clips_per_day": None, "endpoints": ["fal-ai/fast-animatediff/text-to-video"]}},
        "blocked_terms": {"g*o_r`e"},
        "allowed_terms": {"blood *orange*"},
        "added_negative": "blurry, *text*",
        "default_quality": "fal-ai/fast-animatediff/turbo/text-to-video",
        "default_size": {"width": 512, "height": 384},
        "default_frames": 16,
        "default_steps": 8,
        "default_fps": 8,
        "log_channel": "C9",
        "reroll_emoji": ["🔁", "🎲"],
        "notify": "always",
    }
)
CONTRADICTING = Limits.model_validate({"user_clips_per_day": 300, "endpoints": []})
CHANGED = (
    ("rules", '{"user_clips_per_day":20,"notify":"never"}', '{"user_clips_per_day":10,"notify":"when_slow"}'),
    ("rules", '{"time_zone":"UTC","zone_change":null}', '{"time_zone":"Europe/Berlin","zone_change":{"day":"x"}}'),
    ("rules", '{"role_limits":{}}', '{"role_limits":{"R1":{"user_clips_per_day":5,"cooldown_seconds":0}}}'),
    ("rules", '{"role_limits":{"R1":{"max_frames":8}}}', '{"role_limits":{}}'),
    ("rules", '{"exempt_roles":["R1"],"allowed_users":[]}', '{"exempt_roles":["R2"],"allowed_users":["U1"]}'),
    ("rules", '{"allowed_terms":["a"]}', '{"allowed_terms":["b"]}'),
    ("rules", '{"default_quality":null,"default_size":"square","default_frames":8}', '{"default_size":null}'),
    ("preset company", '{"endpoints":[]}', '{"endpoints":["fal-ai/fast-animatediff/turbo/text-to-video"]}'),
    ("ceilings", '{"max_frames":8}', '{"user_clips_per_day":5}'),
    ("pause", "{}", '{"reason":"back *soon*","until":"2026-12-01T18:00:00+00:00","holds_waiting":true}'),
    ("pause", "{}", '{"reason":"","until":null,"holds_waiting":false}'),
    ("pause", '{"reason":"","until":null,"holds_waiting":false}', "{}"),
)


def the_server_rules() -> Iterator[ServerRules]:
    """Rules of every kind: none, everything, beyond ceilings, contradicting."""
    yield ServerRules(Limits())
    yield ServerRules(Limits(user_clips_per_day=50), Limits(), FULL)
    yield ServerRules(CONTRADICTING, NO_CEILING, FULL)
    yield ServerRules(Limits(endpoints=frozenset({Endpoint.STANDARD})), NO_CEILING, FULL)
    yield ServerRules(Limits(), NO_CEILING, FULL.in_zone("Europe/Berlin", NOW))


def rule_sentences(d: Dialect) -> Iterator[tuple[str, bool]]:
    """What admins and operators read, and whether it is a whole sentence."""
    nothing = ServerRules(Limits())
    for rules in the_server_rules():
        yield "\n".join(screen.rules_lines(rules, d)), True
        for before in (nothing, rules):
            yield "\n".join(screen.changed_rule_lines(before, rules, [*LimitName, *PolicyName], d)), True
        for preset in PRESETS:
            yield "\n".join(screen.preset_lines(preset, rules, rules.changed(preset.changes, NOW), d)), True
            yield "\n".join(screen.preset_lines(preset, rules, rules, d)), True
    for name in PolicyName:
        yield policy_range_words(name, d), False
    for name in (PolicyName.AGE_RESTRICTED, PolicyName.NOTIFY):
        choices = {PolicyName.AGE_RESTRICTED: ("anywhere", "only", "never"), PolicyName.NOTIFY: ("never", "always")}
        for choice in choices[name]:
            yield policy_value_words(name, choice, d), False
    yield from pause_sentences(d)
    for what, was, became in CHANGED:
        entry = an_audit_entry(by=a_user("71", d.platform), what=what, before=was, after=became)
        yield audit_words(entry, d), False


def pause_sentences(d: Dialect) -> Iterator[tuple[str, bool]]:
    """About every kind of pause."""
    pause = Pause(EVERY_SERVER, "", UserRef(d.platform, "71"), NOW)
    every = (
        pause,
        replace(pause, server=a_server("T1", d.platform), reason="back at *18:00*.", holds_waiting=True),
        replace(pause, until=later(hours=2), reason="x" * 300),
    )
    yield "\n".join(pauses.pause_lines([], d)), True
    yield "\n".join(pauses.pause_lines(every, d)), True
    yield pauses.resumed_words(None, d), True
    for each in every:
        yield pauses.paused_words(each, d), True
        yield pauses.resumed_words(each, d), True
