"""Living with clips, as steps of the scenario: another quality, again, settings, a report and its end, deleting,
when one is told, finding, defaults, and clips that nobody else sees."""

from collections.abc import Awaitable, Callable
from typing import Final

from acceptance.scenarios.chat import Person
from acceptance.scenarios.story import Story
from core_running import PROMPT
from generation.protocol.request import Endpoint
from generation.service.finding import PAGE_SIZE

Step = Callable[[Story], Awaitable[None]]

MEMBER, THIRD = Person.MEMBER, Person.THIRD


async def a_member_takes_the_clip_in_the_other_quality(story: Story) -> None:
    """The same seed, charged to who pressed."""
    await story.chat.set_limit("user_clips_per_day", "30")
    first = await story.job_of(story.post("first"))
    post = story.keep(
        "turbo", await story.answers(lambda: story.chat.press(THIRD, story.post("first"), "other_quality"))
    )
    await story.delivered(post)
    job = await story.job_of(post)
    assert (job.parent, job.requested_by) == (first.id, story.chat.user(THIRD))
    assert job.request == first.request.model_copy(update={"endpoint": Endpoint.TURBO, "guidance_scale": 1.0})
    await story.bought(12)


async def the_cancelled_clip_is_asked_for_again(story: Story) -> None:
    """Under the old message."""
    post = await story.answers(lambda: story.chat.press(MEMBER, story.post("unwanted"), "retry"))
    await story.delivered(post)
    assert (await story.job_of(post)).request == (await story.job_of(story.post("unwanted"))).request
    await story.bought(13)


async def its_settings_are_read(story: Story) -> None:
    """Privately, with a command to paste."""
    told = await story.chat.settings(THIRD, story.post("first"))
    assert "/animate" in told
    assert (await story.job_of(story.post("first"))).name in told


async def a_member_reports_it(story: Story) -> None:
    """Nobody but the admins is told."""
    assert (await story.chat.report(THIRD, story.post("first"))).startswith("Thank you.")
    (report,) = await story.core.service.open_reports(story.chat.server)
    assert report.by == story.chat.user(THIRD)


async def an_admin_hides_it(story: Story) -> None:
    """The clip leaves its message, and the file is kept."""
    told = await story.chat.decide(story.post("first"), "hide")
    assert told.startswith("Decided by ")
    await story.shows(story.post("first"), "hidden until an admin")
    await story.recorded(story.post("first"))
    job = await story.job_of(story.post("first"))
    assert await story.kept(job)
    messages = await story.chat.clip_messages(story.post("last"))
    assert not any(each.post is story.post("first") for each in messages)


async def its_member_deletes_it(story: Story) -> None:
    """Message, file and links are gone; the row stays."""
    post = story.post("first")
    job = await story.job_of(post)
    assert (await story.chat.delete(MEMBER, post)).startswith("Deleted: ")
    assert post not in story.chat.posts()
    stored = await story.core.store.job(job.id)
    assert stored is not None
    assert (stored.deleted_at is not None, stored.artifact) == (True, None)
    assert await story.core.store.ledger_discrepancies() == []


async def nothing_of_it_is_shown_any_more(story: Story) -> None:
    """Its other quality stays, and knows what it was made from."""
    deleted = (await story.job_of(story.post("turbo"))).parent
    assert deleted is not None
    assert (await story.chat.show(MEMBER, deleted)).startswith("This clip was deleted.")
    await story.bought(13)


async def a_member_chooses_to_be_told_of_every_clip(story: Story) -> None:
    """For themselves."""
    assert (await story.chat.choose_when_told(MEMBER, "always")).startswith("You are told of every clip")


async def the_member_is_told_of_the_next_one(story: Story) -> None:
    """One reply to its message."""
    post = story.keep("told", await story.asks(MEMBER))
    await story.delivered(post)
    await story.until(lambda: story.chat.told_of(post))
    await story.bought(14)


async def the_member_is_not_told_twice(story: Story) -> None:
    """However long the bot looks for what it owes."""
    await story.let_a_while_pass()
    (told,) = story.chat.told_of(story.post("told"))
    assert told.endswith("your clip is ready.")


async def a_member_reads_their_history(story: Story) -> None:
    """The newest page, their own clips only."""
    story.page = await story.chat.history(MEMBER)
    assert story.chat.listed(story.page) == (await story.names_of(MEMBER))[:PAGE_SIZE]


async def its_page_is_turned(story: Story) -> None:
    """In its place."""
    await story.chat.turn(MEMBER, story.page)
    assert story.chat.listed(story.page) == (await story.names_of(MEMBER))[PAGE_SIZE : 2 * PAGE_SIZE]


async def the_member_chooses_a_default(story: Story) -> None:
    """Of their own."""
    assert "6" in await story.chat.choose_default(MEMBER, "fps", "6")


async def the_next_clip_is_made_with_it_and_says_so(story: Story) -> None:
    """In its small print."""
    post = story.keep("usual", await story.asks(MEMBER))
    await story.delivered(post)
    assert (await story.job_of(post)).request.fps == 6
    await story.shows(post, "own default: frames per second")
    await story.bought(15)


async def the_queue_is_empty_again(story: Story) -> None:
    """For everybody to see."""
    assert "Nothing is under way" in await story.chat.queue(THIRD)


async def it_is_covered(story: Story) -> None:
    """Where the chat has spoilers."""
    is_there = await story.chat.cover(MEMBER, story.post("usual"))
    assert (await story.job_of(story.post("usual"))).is_spoiler is is_there
    await story.recorded(story.post("usual"))


async def it_is_made_again_from_elsewhere(story: Story) -> None:
    """By the menu of its message, or in the Home tab."""
    again = await story.answers(lambda: story.chat.re_roll_from_elsewhere(MEMBER, story.post("usual")))
    await story.delivered(again)
    await story.is_a_re_roll_of("usual", again, by=MEMBER)
    await story.bought(16)
    assert await story.core.store.ledger_discrepancies() == []


async def a_member_asks_for_a_clip_that_nobody_else_sees(story: Story) -> None:
    """It arrives where only they read."""
    post = story.keep("private", await story.asks_privately(MEMBER))
    assert "only you see this" in story.words(post)
    await story.delivered(post)
    job = await story.job_of(post)
    assert (job.is_private, job.requested_by) == (True, story.chat.user(MEMBER))


async def others_are_told_nothing_of_it(story: Story) -> None:
    """As if there were no such clip; its asker is shown it."""
    job = await story.job_of(story.post("private"))
    assert (await story.chat.show(THIRD, job.id)).startswith("There is no clip")
    assert PROMPT not in await story.chat.queue(THIRD)


async def what_is_made_from_it_is_private_too(story: Story) -> None:
    """Re-rolled by its asker."""
    again = await story.answers_privately(MEMBER, lambda: story.chat.press_reroll(MEMBER, story.post("private")))
    await story.delivered(again)
    first, second = await story.job_of(story.post("private")), await story.job_of(again)
    assert (second.is_private, second.parent) == (True, first.id)


CLIP_STEPS: Final[tuple[Step, ...]] = (
    a_member_takes_the_clip_in_the_other_quality,
    the_cancelled_clip_is_asked_for_again,
    its_settings_are_read,
    a_member_reports_it,
    an_admin_hides_it,
    its_member_deletes_it,
    nothing_of_it_is_shown_any_more,
    a_member_chooses_to_be_told_of_every_clip,
    the_member_is_told_of_the_next_one,
    the_member_is_not_told_twice,
    a_member_reads_their_history,
    its_page_is_turned,
    the_member_chooses_a_default,
    the_next_clip_is_made_with_it_and_says_so,
    the_queue_is_empty_again,
    it_is_covered,
    it_is_made_again_from_elsewhere,
    a_member_asks_for_a_clip_that_nobody_else_sees,
    others_are_told_nothing_of_it,
    what_is_made_from_it_is_private_too,
)
