"""Clips in a server's styles: what is sent, what is kept, what is refused, and what admins change."""

from pathlib import Path

import pytest

from core import Core, a_core
from core_running import PROMPT
from factories import a_channel, a_request, a_server, a_user
from generation.domain.job import Job, JobStatus
from generation.domain.style import PromptStyle
from generation.protocol.errors import InvalidRequest, PromptBlocked, StyleTooLong, StyleUnknown
from generation.protocol.request import Endpoint
from generation.rules.forms.styles import starter_styles, style_of
from generation.service import SubmitContext
from generation.text.audit import audit_words

ADMIN = a_user("1")
INK = style_of({"name": "ink", "prefix": "ink drawing", "negative_prompt": "colours"})


async def submit(core: Core, style: str | PromptStyle | None, *, prompt: str = PROMPT, origin: str = "o1") -> Job:
    context = SubmitContext(origin=origin, requested_by=a_user(), channel=a_channel())
    return await core.service.submit(a_request(prompt=prompt), context, style=style)


async def test_the_backend_gets_the_joined_words_and_the_job_keeps_the_members(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.run(await submit(core, "Pixel-Art"))
        stored = await core.reload(job)
        assert (stored.status, stored.request.prompt) == (JobStatus.SUCCEEDED, PROMPT)
        assert stored.style == starter_styles().named("pixel art")
        ((_, sent),) = core.backend.submissions
        assert sent == stored.sent_request
        assert sent.prompt.startswith(f"pixel art, {PROMPT}, ")


async def test_a_reroll_keeps_the_words_of_a_style_that_was_changed_or_removed(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await core.service.add_style(a_server("9001"), style_of({"name": "mine", "prefix": "old"}), by=ADMIN)
        job = await core.run(await submit(core, "mine"))
        await core.service.edit_style(a_server(), "mine", {"prefix": "new"}, by=ADMIN)
        await core.service.remove_style(a_server(), "mine", by=ADMIN)
        again = await core.service.reroll(job.id, SubmitContext("o2", a_user("7002"), a_channel()))
        assert (again.style, again.parent) == (job.style, job.id)
        with pytest.raises(StyleUnknown):
            await submit(core, "mine", origin="o3")


async def test_a_style_and_the_servers_own_words_have_to_fit_beside_the_members(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await core.service.add_style(a_server(), style_of({"name": "wary", "negative_prompt": "n" * 400}), by=ADMIN)
        await core.service.change_rules(a_server(), {"added_negative": "a" * 500}, by=ADMIN)
        room = 2000 - len(", ".join(("n" * 400, "a" * 500, "")))
        context = SubmitContext("o1", a_user(), a_channel())
        with pytest.raises(InvalidRequest) as refused:
            await core.service.submit(a_request(negative_prompt="x" * (room + 1)), context, style="wary")
        assert f"at most {room:,} characters" in refused.value.violations[0].allowed
        job = await core.run(await core.service.submit(a_request(negative_prompt="x" * room), context, style="wary"))
        assert (job.status, len(job.sent_request.negative_prompt)) == (JobStatus.SUCCEEDED, 2000)


async def test_a_styles_words_count_for_blocked_terms_and_for_length(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.run(await submit(core, "ink"))
        await core.service.change_rules(a_server(), {"blocked_terms": frozenset({"sumi-e"})}, by=ADMIN)
        with pytest.raises(PromptBlocked):
            await submit(core, "ink", origin="o2")
        with pytest.raises(PromptBlocked):
            await core.service.reroll(job.id, SubmitContext("o3", a_user(), a_channel()))
        assert (await submit(core, None, origin="o4")).style is None
        with pytest.raises(StyleTooLong):
            await submit(core, "film", prompt="x" * 1_999, origin="o5")
        assert len(await core.store.jobs_of(a_user(), a_server(), limit=10)) == 2


async def test_every_change_is_audited_in_words(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        service, server = core.service, a_server()
        await service.remove_style(server, "ink", by=ADMIN)
        assert await service.styles_of(server) == starter_styles().removed("ink")
        await service.add_style(server, INK, by=ADMIN)
        await service.edit_style(server, "ink", {"prefix": "", "endpoint": Endpoint.TURBO}, by=ADMIN)
        assert await service.reset_styles(server, by=ADMIN) == starter_styles()
        assert await core.store.styles_of(server) is None
        said = [audit_words(entry).partition(" · ")[0] for entry in reversed(await service.audit_of(server))]
        assert said[:2] == ["Discord:1 removed the style ink", "Discord:1 added the style ink"]
        assert said[2] == (
            "Discord:1 changed before the prompt of the style ink from ink drawing to nothing; "
            "changed quality of the style ink from nothing to turbo"
        )
        assert "of the style ink" in said[3]
