"""Forms in the core: old values, edited clips, drafts that are kept for a while and for their member alone."""

from datetime import timedelta
from pathlib import Path

import pytest

from core import a_core
from factories import a_channel, a_request, a_server, a_user
from generation.domain.job import JobId
from generation.protocol.errors import DraftGone, InvalidRequest, JobNotFound, LimitExceeded, StyleUnknown
from generation.rules.forms.form import FormField, values_of
from generation.service import SubmitContext
from generation.service.clips import Actor

F = FormField
TYPED = {F.PROMPT: "a fox", F.STYLE: "film"}


ME = Actor(a_user(), a_server())


def context(origin: str = "form:1", server: str = "9001") -> SubmitContext:
    return SubmitContext(origin, a_user(), a_channel(server=a_server(server)))


async def test_an_edited_clip_has_its_old_values_in_the_form_and_its_parent(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        wanted = a_request(num_frames=8, motions=["zoom-in"])
        old = await core.run(await core.service.submit(wanted, context("o1"), style="ink"))
        form = await core.service.form(ME, parent=old.id)
        assert (form.values, form.parent) == (values_of(old), old.id)
        job = await core.service.submit_form({**form.values, F.PROMPT: "a cat"}, context(), parent=old.id)
        assert (job.parent, job.request) == (old.id, old.request.model_copy(update={"prompt": "a cat"}))
        assert job.style == old.style
        # sent twice, it is the same wish
        assert await core.service.submit_form({**form.values, F.PROMPT: "a cat"}, context(), parent=old.id) == job


@pytest.mark.parametrize("parent", ["f" * 24, "of another server"])
async def test_a_forged_or_foreign_clip_is_not_edited(tmp_path: Path, parent: str) -> None:
    async with a_core(tmp_path) as core:
        theirs = await core.service.submit(a_request(), context("o1", "9002"))
        parent_id = JobId(parent) if len(parent) == 24 else theirs.id
        with pytest.raises(JobNotFound):
            await core.service.form(ME, parent=parent_id)
        with pytest.raises(JobNotFound):
            await core.service.submit_form(TYPED, context(), parent=parent_id)


async def test_limits_that_were_narrowed_and_a_style_that_is_gone_refuse_a_form(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        form = await core.service.form(ME, TYPED)
        await core.service.change_rules(a_server(), {"max_frames": 8}, by=a_user("1"))
        with pytest.raises(LimitExceeded):
            await core.service.submit_form(form.values, context())
        await core.service.remove_style(a_server(), "film", by=a_user("1"))
        with pytest.raises(StyleUnknown):
            await core.service.submit_form({**form.values, F.FRAMES: "8"}, context())
        again = await core.service.form(ME, form.values)
        assert again.lowered == (F.STYLE, F.FRAMES)
        assert (await core.service.submit_form(again.values, context())).request.num_frames == 8


async def test_a_draft_is_kept_for_its_member_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        service, by, server = core.service, a_user(), a_server()
        with pytest.raises(InvalidRequest):
            await service.submit_form({F.PROMPT: ""}, context())
        # the clip that it edits is gone by now
        draft = service.keep_draft(TYPED, by=by, server=server, parent=JobId("f" * 24))
        form = await service.form_again(draft, ME)
        assert (form.value(F.PROMPT), form.value(F.STYLE), form.parent) == ("a fox", "film", "f" * 24)
        for stranger in (Actor(a_user("7002"), server), Actor(by, a_server("9002"))):
            with pytest.raises(DraftGone):
                await service.form_again(draft, stranger)
        with pytest.raises(DraftGone):
            await service.form_again("0" * 24, ME)
        await core.clock.advance(timedelta(minutes=15).total_seconds())
        with pytest.raises(DraftGone):
            await service.form_again(draft, ME)


async def test_no_more_than_a_thousand_drafts_are_kept(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        kept = [core.service.keep_draft(TYPED, by=a_user(), server=a_server()) for _ in range(1_001)]
        with pytest.raises(DraftGone):
            await core.service.form_again(kept[0], ME)
        assert (await core.service.form_again(kept[1], ME)).value(F.PROMPT) == "a fox"
