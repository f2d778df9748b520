"""The page of both chats' controls is their definition, and both chats offer what it says, in every state."""

import pytest

from adapters.discord.ids import custom_id
from adapters.discord.text.layout import buttons as discord_buttons
from adapters.discord.text.layout import settings_buttons
from adapters.slack.text import clips
from factories import NOW, a_channel, a_job, a_server, a_user, moved
from generation.domain.clip_actions import ButtonPlace, ClipAction, ClipState, offered, state_of
from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform
from scripts.platform_table import PAGE, page_with_table, table


def in_every_state(platform: Platform) -> dict[ClipState, Job]:
    job = a_job(requested_by=a_user("71", platform), channel=a_channel("51", server=a_server("1", platform)))
    made = moved(job, JobStatus.SUCCEEDED)
    return {
        ClipState.UNDER_WAY: moved(job, JobStatus.RUNNING),
        ClipState.MADE: made,
        ClipState.HIDDEN: made.hidden(NOW),
        ClipState.FAILED: moved(job, JobStatus.FAILED),
        ClipState.CANCELLED: moved(job, JobStatus.CANCELLED),
        ClipState.DELETED: made.deleted(NOW),
    }


def test_the_page_holds_the_table_of_the_definition() -> None:
    page = PAGE.read_text("utf-8")
    assert page_with_table(page) == page, "write it anew with `python -m scripts.platform_table`"
    assert table() in page
    assert all(f"`{action}`" in page for action in ClipAction)


@pytest.mark.parametrize("state", [*ClipState])
async def test_discord_offers_what_the_definition_says(state: ClipState) -> None:
    job = in_every_state(Platform.DISCORD)[state]
    assert state_of(job) is state
    for place, view in ((ButtonPlace.ROW, discord_buttons(job)), (ButtonPlace.SETTINGS, settings_buttons(job))):
        shown = [] if view is None else [getattr(item, "custom_id", None) for item in view.children]
        assert shown == [custom_id(action, job.id) for action in offered(job, place, Platform.DISCORD)]


@pytest.mark.parametrize("state", [*ClipState])
def test_slack_offers_what_the_definition_says(state: ClipState) -> None:
    job = in_every_state(Platform.SLACK)[state]
    shown = []
    for element in clips.row(job):
        options = element.get("options", ())
        shown += [option["value"].partition(":")[0] for option in options] or [element["action_id"].removeprefix("v1:")]
    wanted = [*offered(job, ButtonPlace.ROW, Platform.SLACK)]
    # in a full row the menu has the report too, which stands behind ⚙️ elsewhere
    assert shown == ([*wanted, ClipAction.REPORT] if state is ClipState.MADE else wanted)
