"""What admins read in the chats of rules, settings, presets and the log channel, for the tests of the catalogue."""

from collections.abc import Iterator

from factories import NOW
from generation.domain.refs import Platform
from generation.rules.limits import Limits
from generation.rules.limits.presets import PRESETS
from generation.rules.policy import Policy
from generation.rules.server_rules import ServerRules
from generation.text.dialect import Dialect
from generation.text.rules import chat, log_channel, presets
from unit.adapters.rule_sentences import FULL, the_server_rules


def admin_sentences(d: Dialect) -> Iterator[str]:
    if d.platform is Platform.TERMINAL:
        return  # it has words of its own
    rules = ServerRules(Limits())
    for each in the_server_rules():
        yield "\n".join(chat.rules_list(each, d))
    for policy in (Policy(), FULL):
        yield "\n".join(chat.settings_list(policy, d))
        yield "\n".join(chat.policy_list(policy, d))
    yield "\n".join(chat.policy_list(Policy(), d, before=Policy()))
    for preset in PRESETS:
        after = rules.changed(preset.changes, NOW)
        yield "\n".join(chat.preset_list(preset, rules, after, d, apply="/flipbook admin"))
        yield "\n".join(chat.preset_list(preset, after, after, d, apply=None))
        yield presets.apply_button(preset, d).label
    yield from (each.label for each in presets.preset_buttons(d))
    yield log_channel.log_channel_test_words(d)
    yield log_channel.log_channel_set_words("C1", d)
    yield log_channel.log_channel_off_words(d)
    yield log_channel.log_channel_refused_words("C1", "the channel is <gone>", d)
    yield log_channel.log_channel_lacks_words("C1", "View Channel, Send Messages", d)
