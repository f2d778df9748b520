"""Every rule refuses with one sentence that names it, and stores and spends nothing; the same table drives the terminal
and both chats."""

from pathlib import Path

import pytest

from bot.operator_rules import operator_rules
from bot.settings import load_settings
from core import a_core
from factories import a_channel, a_request, a_server, a_user
from fixtures.refusals import REFUSALS, Refusal
from generation.protocol.errors import FlipbookError
from generation.rules.limits import NEVER_REFUSED, LimitName
from generation.rules.pause import EVERY_SERVER
from generation.rules.policy import Policy, PolicyName
from generation.service import SubmitContext
from generation.text.dialect import plain_for
from generation.text.errors import sentence
from generation.text.rules.moments import moment_from

ADDED = {
    PolicyName.EXEMPT_ROLES,
    PolicyName.ALLOWED_TERMS,
    PolicyName.REPORTS_UNTIL_HIDDEN,
    PolicyName.ADDED_NEGATIVE,
    PolicyName.DEFAULT_QUALITY,
    PolicyName.DEFAULT_SIZE,
    PolicyName.DEFAULT_FRAMES,
    PolicyName.DEFAULT_STEPS,
    PolicyName.DEFAULT_FPS,
    PolicyName.TIME_ZONE,
    PolicyName.LOG_CHANNEL,
    PolicyName.REROLL_EMOJI,
    PolicyName.NOTIFY,
}
"""Fields that never refuse a clip."""


def test_the_table_has_every_limit_and_every_rule() -> None:
    names = {refusal.name for refusal in REFUSALS}
    assert set(LimitName) - NEVER_REFUSED <= names
    assert set(PolicyName) - ADDED <= names


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
async def test_a_rule_refuses_with_one_sentence_and_spends_nothing(
    refusal: Refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = {"FLIPBOOK_PRICE_WORKER_STANDARD": "0.05"} if refusal.costs else {}
    for variable, value in {**prices, **refusal.operator}.items():
        monkeypatch.setenv(variable, value)
    rules = operator_rules(load_settings())
    member, server, admin = a_user(), a_server(), a_user("7900")
    async with a_core(tmp_path, rules=rules) as core:
        await core.service.change_rules(server, refusal.rules(member=member.id, channel=a_channel().id), by=admin)
        for number in range(refusal.before):
            await core.submit(origin=f"before:{number}")
        if refusal.pause:
            reason, *until = refusal.pause
            moment = moment_from(until[1], core.clock.now()) if until else None
            await core.service.pause(EVERY_SERVER, reason, until=moment, by=admin)
        context = SubmitContext(
            "refused", member, a_channel(), roles=refusal.roles, is_age_restricted=refusal.is_age_restricted
        )
        before = (await core.service.quota(member, server)).usage
        with pytest.raises(FlipbookError) as refused:
            await core.service.submit(a_request(**refusal.asked), context)
        said = sentence(refused.value, plain_for(server.platform))
        assert refusal.says(place="server").match(said), said
        assert (await core.service.quota(member, server)).usage == before


async def test_without_any_rule_nothing_of_the_table_is_refused(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await core.service.change_rules(a_server(), {"user_active_jobs": 1000, "server_active_jobs": 1000}, by=a_user())
        for number, refusal in enumerate(REFUSALS):
            context = SubmitContext(f"taken:{number}", a_user(str(number)), a_channel(), roles=refusal.roles)
            await core.service.submit(a_request(**refusal.asked), context)
    assert Policy() == Policy.model_validate_json("{}")
