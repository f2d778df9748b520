"""A member's own defaults: under what they ask for, above the server's, within its limits of today."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core import Core, a_core
from factories import a_channel, a_request, a_server, a_user
from generation.domain.job import Job
from generation.protocol.errors import InvalidRequest, StyleUnknown
from generation.protocol.request import Endpoint
from generation.rules.choices import MemberChoices
from generation.rules.forms.form import FormField
from generation.rules.policy import NotifyWhen
from generation.service import SubmitContext
from generation.service.clips import Actor

ADMIN, ME = a_user("1"), Actor(a_user(), a_server())


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    async with a_core(tmp_path) as core:
        yield core


async def choose(core: Core, **changes: Any) -> None:
    await core.service.choose(a_user(), a_server(), changes)


async def make(core: Core, origin: str = "o1", *, style: str | None = None, **request: Any) -> Job:
    context = SubmitContext(origin, a_user(), a_channel())
    return await core.service.make(a_request(**request), context, style=style)


async def test_own_defaults_hold_where_nothing_else_is_asked_for(core: Core) -> None:
    await choose(core, endpoint=Endpoint.TURBO, num_frames=8, style="Pixel-Art", negative_prompt="rain")
    job = await make(core, num_frames=12)
    request = job.request
    assert (request.endpoint, request.num_inference_steps, request.num_frames) == (Endpoint.TURBO, 4, 12)
    assert (request.negative_prompt, job.style.name if job.style else None) == ("rain", "pixel art")


async def test_a_job_knows_which_defaults_it_was_asked_for_with(core: Core) -> None:
    await core.service.change_rules(a_server(), {"default_frames": 6, "default_fps": 10}, by=ADMIN)
    await choose(core, num_frames=8, style="film", num_inference_steps=10)
    job = await make(core, num_inference_steps=20)
    assert (job.own_defaults, job.servers_defaults) == (("style", "num_frames"), ("fps",))
    assert (await core.reload(job)).own_defaults == job.own_defaults
    chosen = await make(core, "o2", style="film", num_frames=12, fps=8, num_inference_steps=20)
    assert (chosen.own_defaults, chosen.servers_defaults) == ((), ())
    again = await core.service.reroll((await core.run(job)).id, SubmitContext("o3", a_user(), a_channel()))
    assert (again.own_defaults, again.servers_defaults, again.parent_number) == ((), (), job.number)


async def test_a_clip_can_be_asked_for_without_the_own_style(core: Core) -> None:
    await choose(core, style="film")
    assert (await make(core, style="none")).style is None
    worn = (await make(core, "o2", style="anime")).style
    assert worn is not None
    assert worn.name == "anime"


async def test_a_style_that_is_gone_is_worn_no_longer_and_an_unknown_one_is_not_chosen(core: Core) -> None:
    await choose(core, style="film")
    await core.service.remove_style(a_server(), "film", by=ADMIN)
    assert (await make(core)).style is None
    with pytest.raises(StyleUnknown):
        await choose(core, style="dance")


async def test_limits_of_today_hold_for_the_defaults_of_yesterday(core: Core) -> None:
    await choose(core, num_frames=32, endpoint=Endpoint.STANDARD)
    narrow = {"max_frames": 8, "endpoints": frozenset({Endpoint.TURBO})}
    await core.service.change_rules(a_server(), narrow, by=ADMIN)
    request = (await make(core)).request
    assert (request.num_frames, request.endpoint) == (8, Endpoint.TURBO)
    own = await core.service.choices_of(a_user(), a_server())
    assert (own.chosen.num_frames, own.in_force.num_frames) == (32, 8)


async def test_a_new_form_has_them_and_an_edited_clip_keeps_its_own_values(core: Core) -> None:
    job = await core.run(await make(core, num_frames=4))
    await choose(core, num_frames=8, fps=12)
    assert (await core.service.form(ME)).value(FormField.FRAMES) == "8"
    assert (await core.service.form(ME, {FormField.FPS: "6"})).value(FormField.FPS) == "6"
    edited = await core.service.form(ME, parent=job.id)
    assert (edited.value(FormField.FRAMES), edited.value(FormField.FPS)) == ("4", "8")


async def test_a_re_roll_is_what_the_first_clip_was(core: Core) -> None:
    job = await core.run(await make(core))
    await choose(core, num_frames=8, style="film")
    again = await core.service.reroll(job.id, SubmitContext("o2", a_user(), a_channel()))
    assert (again.request.num_frames, again.style) == (job.request.num_frames, None)


async def test_taken_back_defaults_leave_when_the_member_is_told(core: Core) -> None:
    await choose(core, num_frames=8, fps=12, notify=NotifyWhen.NEVER)
    await choose(core, num_frames=None)
    await core.service.reset_defaults(a_user(), a_server())
    own = await core.service.choices_of(a_user(), a_server())
    assert own.chosen == MemberChoices(notify=NotifyWhen.NEVER)


async def test_what_cannot_be_is_refused_and_nothing_changes(core: Core) -> None:
    await choose(core, num_frames=8)
    with pytest.raises(InvalidRequest):
        await choose(core, num_frames=33, fps=12)
    assert (await core.service.choices_of(a_user(), a_server())).chosen == MemberChoices(num_frames=8)


async def test_they_are_in_the_copy_of_a_members_data(core: Core) -> None:
    await choose(core, num_frames=8, notify=NotifyWhen.ALWAYS)
    copy = json.loads(await core.service.export(a_user()))
    assert copy["choices"] == {str(a_server()): {"notify": "always", "num_frames": 8}}
