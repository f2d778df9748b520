"""What goes beyond fal's endpoints is made where a backend offers it, and refused where none does."""

from decimal import Decimal

import pytest

from core import a_core
from doubles.generation.backend import ScriptedBackend
from factories import a_request, a_server, a_user
from generation.domain.job import JobStatus
from generation.domain.pricing import Price, Prices
from generation.protocol.errors import InvalidRequest, LimitExceeded, NotOffered
from generation.protocol.extensions.capabilities import Capability
from generation.protocol.extensions.loops import Loop
from generation.protocol.request import (
    Endpoint,
)
from generation.service.clips import Actor
from generation.text.errors import sentence

LOOPS = frozenset({Capability.LOOP})
EVERYTHING = frozenset(Capability)


def fal() -> ScriptedBackend:
    return ScriptedBackend("fal", resubmits_safely=False)


async def test_a_loop_is_refused_with_one_sentence_where_no_backend_makes_any(tmp_path):
    async with a_core(tmp_path, backend=fal()) as core:
        with pytest.raises(NotOffered) as refused:
            await core.submit(a_request(loop=Loop.SEAMLESS))
        assert sentence(refused.value) == "No backend of this bot makes loops. Leave that out, and ask again."
        # a few seconds are so many frames, which fal makes
        await core.run(await core.submit(a_request(seconds=3), origin="o2"))
        assert core.backend.submissions[0][1].to_input()["num_frames"] == 24


async def test_a_loop_goes_to_the_backend_that_makes_it_and_costs_its_price(tmp_path):
    ours = ScriptedBackend("worker", offers=LOOPS)
    prices = Prices({"worker": {Endpoint.STANDARD: Price(Decimal("0.05"))}})
    async with a_core(tmp_path, backend=fal(), others=[ours], prices=prices) as core:
        job = await core.submit(a_request(loop=Loop.SEAMLESS))
        # two windows, so twice a clip's; fal would be free
        assert (job.reserved, job.reserved_for) == (100_000, "worker")
        assert (await core.run(job)).status is JobStatus.SUCCEEDED
        assert (len(ours.submissions), core.backend.submissions) == (1, [])


async def test_a_worker_that_is_away_is_believed_what_it_has_said_last(tmp_path):
    async with a_core(tmp_path, backend=ScriptedBackend(away=True)) as core:
        # one that has never been asked may offer it: it is only just starting
        await core.submit(a_request(loop=Loop.SEAMLESS))
        core.backend.away = False
        with pytest.raises(NotOffered):
            await core.submit(a_request(loop=Loop.SEAMLESS), origin="o2")
        core.backend.away = True
        await core.clock.advance(60)
        with pytest.raises(NotOffered):
            await core.submit(a_request(loop=Loop.SEAMLESS), origin="o3")


async def test_behind_another_backend_a_preview_engine_makes_nothing(tmp_path):
    previews = ScriptedBackend("worker", renders_with="preview", offers=EVERYTHING)
    async with a_core(tmp_path, backend=fal(), others=[previews]) as core:
        with pytest.raises(NotOffered):
            await core.submit(a_request(loop=Loop.SEAMLESS))


async def test_a_loop_of_four_frames_and_a_clip_beyond_the_limit_are_refused(tmp_path):
    async with a_core(tmp_path, backend=ScriptedBackend(offers=EVERYTHING)) as core:
        with pytest.raises(InvalidRequest) as refused:
            await core.submit(a_request(loop=Loop.SEAMLESS, num_frames=4))
        assert sentence(refused.value) == "loop must be left out of a clip of fewer than 8 frames, not seamless."
        with pytest.raises(LimitExceeded) as beyond:
            await core.submit(a_request(seconds=8))
        assert sentence(beyond.value) == "This machine allows at most 32 frames per clip; you asked for 64."


async def test_a_form_shows_loops_where_they_are_made(tmp_path):
    async with a_core(tmp_path, backend=ScriptedBackend(offers=LOOPS)) as core:
        me = Actor(a_user(), a_server())
        assert (await core.service.form(me)).loops == tuple(Loop)
        core.backend.offers = frozenset()
        await core.clock.advance(60)
        assert (await core.service.form(me)).loops == ()
