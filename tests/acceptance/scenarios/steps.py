"""The scenario: one list of steps for every chat. The bot may be restarted after each."""

from collections.abc import Awaitable, Callable
from typing import Final

from acceptance.scenarios.chat import STEPS, Person, Where
from acceptance.scenarios.clip_steps import CLIP_STEPS
from acceptance.scenarios.story import Story

Step = Callable[[Story], Awaitable[None]]

MEMBER, OTHER, THIRD = Person.MEMBER, Person.OTHER, Person.THIRD


async def a_clip_is_made(story: Story) -> None:
    """The bot learns how long such clips take here."""
    post = await story.asks(THIRD)
    story.engine.allow(STEPS)
    await story.delivered(post)
    await story.bought(1)


async def the_worker_is_busy(story: Story) -> None:
    """One clip is being made and another waits."""
    story.keep("rendering", await story.asks(THIRD))
    story.keep("waiting", await story.asks(THIRD))
    await story.bought(3)


async def the_member_asks_and_reads_where_the_clip_is(story: Story) -> None:
    """Queued: next, before the second clip of whoever was there first, and when the clip can be expected."""
    post = story.keep("first", await story.asks(MEMBER))
    await story.shows(post, "queued", "next")
    await story.until(lambda: story.chat.names_a_time(story.chat.words(post)))
    await story.bought(4)


async def rendering_begins_and_a_bar_is_shown(story: Story) -> None:
    """Rendering."""
    story.engine.allow(STEPS)
    await story.delivered(story.post("rendering"))
    story.engine.allow(STEPS // 2)
    await story.shows(story.post("first"), "rendering", "█", f"of {STEPS}")


async def the_clip_appears_in_the_same_message(story: Story) -> None:
    """The bytes that are stored, playable, and in one message."""
    story.engine.allow(STEPS - STEPS // 2)
    post = story.post("first")
    await story.delivered(post)
    await story.has_the_kept_clip(post)
    assert await story.clips_of(MEMBER) == 1
    story.engine.allow(STEPS)
    await story.delivered(story.post("waiting"))
    await story.bought(4)


async def another_member_re_rolls_it_by_the_button(story: Story) -> None:
    """A second clip, charged to the member who pressed."""
    second = await story.answers(lambda: story.chat.press_reroll(OTHER, story.post("first")))
    story.engine.allow(STEPS)
    await story.delivered(second)
    await story.is_a_re_roll_of("first", second, by=OTHER)
    assert (await story.clips_of(MEMBER), await story.clips_of(OTHER)) == (1, 1)


async def another_member_re_rolls_it_by_a_reaction(story: Story) -> None:
    """The same with 🔁 as a reaction."""
    await story.let_a_while_pass()
    third = await story.answers(lambda: story.chat.react(OTHER, story.post("first")))
    story.engine.allow(STEPS)
    await story.delivered(third)
    await story.is_a_re_roll_of("first", third, by=OTHER)
    assert (await story.clips_of(MEMBER), await story.clips_of(OTHER)) == (1, 2)
    await story.bought(6)


async def the_member_asks_for_another_one(story: Story) -> None:
    """It is being made."""
    post = story.keep("unwanted", await story.asks(MEMBER))
    story.engine.allow(1)
    await story.shows(post, "rendering")


async def the_member_cancels_it(story: Story) -> None:
    """No clip, and nothing charged."""
    post = story.post("unwanted")
    await story.chat.press_cancel(MEMBER, post)
    await story.until(lambda: story.studio.is_told_to_stop)
    story.engine.allow(1)
    await story.shows(post, "cancelled", "does not count against your quota")
    await story.recorded(post)
    assert not story.chat.has_clip(post)
    assert await story.clips_of(MEMBER) == 1
    await story.bought(7)


async def a_limit_is_met(story: Story) -> None:
    """One sentence names the limit, what is allowed, what is used and when it starts again; nothing is bought."""
    told = await story.chat.set_limit("user_clips_per_day", "1")
    assert "lips per member per day" in told
    posts = len(story.chat.posts())
    refusal = await story.chat.request_refused(MEMBER)
    assert refusal.startswith("You've used your only clip for today; you can make another one ")
    assert story.chat.names_a_time(refusal)
    await story.bought(7)
    assert (len(story.chat.posts()), await story.clips_of(MEMBER)) == (posts, 1)


async def an_admin_raises_it(story: Story) -> None:
    """The audit log names the admin."""
    told = await story.chat.set_limit("user_clips_per_day", "3")
    assert "3" in told
    entry = (await story.core.service.audit_of(story.chat.server))[0]
    assert entry.by == story.chat.user(Person.ADMIN)
    assert (entry.before, entry.after) == ('{"user_clips_per_day":1}', '{"user_clips_per_day":3}')


async def the_member_asks_again_and_gets_a_clip(story: Story) -> None:
    """The refusal has no effect on the next request."""
    post = await story.asks(MEMBER)
    story.engine.allow(STEPS)
    await story.delivered(post)
    await story.has_the_kept_clip(post)
    await story.bought(8)


async def the_worker_dies_in_the_middle_of_a_clip(story: Story) -> None:
    """Another worker starts at another address."""
    post = story.keep("last", await story.asks(MEMBER))
    story.engine.allow(STEPS // 2)
    await story.shows(post, "rendering", "█")
    await story.studio.restart_worker()


async def the_clip_arrives_nevertheless(story: Story) -> None:
    """One request, one clip, in the same message."""
    story.engine.run_free()
    post = story.post("last")
    await story.delivered(post)
    await story.has_the_kept_clip(post)
    await story.bought(9)


async def everything_is_there_once(story: Story) -> None:
    """Nine requests, one of them cancelled: eight messages with one clip each, and the ledger is right."""
    messages = await story.chat.clip_messages(story.post("last"))
    assert [len(each.clips) for each in messages] == [1] * 8
    assert {each.where for each in messages} == {Where.SAME_MESSAGE, Where.NEW_MESSAGE}
    assert len(story.chat.posts()) == 9
    assert await story.clips_of(MEMBER) == 3
    assert await story.core.store.ledger_discrepancies() == []


EDITED: Final = "a lighthouse in the fog"


async def a_form_is_opened_by_the_command(story: Story) -> None:
    """Nothing is asked for yet."""
    await story.chat.set_limit("user_clips_per_day", "9")
    story.form = await story.chat.open_form(THIRD)
    await story.bought(9)


async def the_form_is_filled_in_and_sent_off(story: Story) -> None:
    """One clip, with the words of the form."""
    post = story.keep("formed", await story.answers(lambda: story.chat.send_form(story.form, EDITED)))
    await story.delivered(post)
    job = await story.job_of(post)
    assert (job.request.prompt, job.parent, job.requested_by) == (EDITED, None, story.chat.user(THIRD))
    await story.bought(10)


async def the_pencil_opens_it_with_the_old_values(story: Story) -> None:
    """By another member, under that clip."""
    story.form = await story.chat.open_form(MEMBER, story.post("formed"))
    await story.bought(10)


async def the_edited_clip_has_its_parent(story: Story) -> None:
    """Other words, everything else as it was, charged to the member who has edited."""
    post = await story.answers(lambda: story.chat.send_form(story.form, f"{EDITED}, at night"))
    await story.delivered(post)
    old, new = await story.job_of(story.post("formed")), await story.job_of(post)
    assert (new.parent, new.requested_by) == (old.id, story.chat.user(MEMBER))
    assert new.request == old.request.model_copy(update={"prompt": f"{EDITED}, at night"})
    await story.bought(11)


async def a_member_takes_a_copy_of_their_data(story: Story) -> None:
    """Every job, prompt and line of the ledger, as a private file; of nobody else."""
    copy = await story.chat.export(OTHER)
    assert [job["status"] for job in copy["jobs"]] == ["succeeded"] * 2
    assert {job["request"]["prompt"] for job in copy["jobs"]} == {(await story.jobs())[0].request.prompt}
    assert [line["kind"] for line in copy["jobs"][0]["ledger"]] == ["reserve", "settle"]


async def the_member_asks_to_be_forgotten(story: Story) -> None:
    """After a question that says what goes and what stays."""
    told = await story.chat.forget(OTHER)
    assert told.startswith("You are being forgotten.")


async def the_member_is_forgotten_and_nobody_else(story: Story) -> None:
    """Their clips leave the channel, their id the database; what they have used still counts."""
    await story.forgets_everybody_who_asked()
    messages = await story.chat.clip_messages(story.post("last"))
    assert [len(each.clips) for each in messages] == [1] * 8
    assert (await story.clips_of(MEMBER), await story.clips_of(OTHER)) == (4, 2)
    assert story.chat.user(OTHER).id.encode() not in await story.studio.database()
    assert await story.core.store.ledger_discrepancies() == []
    assert (await story.core.store.kept_of(story.chat.user(OTHER))).jobs == 0


SCENARIO: Final[tuple[Step, ...]] = (
    a_clip_is_made,
    the_worker_is_busy,
    the_member_asks_and_reads_where_the_clip_is,
    rendering_begins_and_a_bar_is_shown,
    the_clip_appears_in_the_same_message,
    another_member_re_rolls_it_by_the_button,
    another_member_re_rolls_it_by_a_reaction,
    the_member_asks_for_another_one,
    the_member_cancels_it,
    a_limit_is_met,
    an_admin_raises_it,
    the_member_asks_again_and_gets_a_clip,
    the_worker_dies_in_the_middle_of_a_clip,
    the_clip_arrives_nevertheless,
    everything_is_there_once,
    a_form_is_opened_by_the_command,
    the_form_is_filled_in_and_sent_off,
    the_pencil_opens_it_with_the_old_values,
    the_edited_clip_has_its_parent,
    a_member_takes_a_copy_of_their_data,
    the_member_asks_to_be_forgotten,
    the_member_is_forgotten_and_nobody_else,
    *CLIP_STEPS,
)
