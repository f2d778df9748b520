"""What people read about their clips in Slack: one layout for a message's whole life, and a sentence for each error."""

from typing import Final

from adapters.slack.admin_errors import AdminProblem, AdminRefused
from adapters.slack.failures import SlackRefused
from adapters.slack.parsing import FLAGS, CommandMisread, Problem
from adapters.slack.places import Closed, PlaceRefused
from adapters.slack.text import dated, escape, escaped_within, moment, user_mention
from adapters.slack.values import Block, Content
from generation.clip_words import ahead_words, bar, excerpt, maker_words, progress_words, seconds_words, settings_words
from generation.errors import FlipbookError
from generation.job import Job, JobStatus
from generation.limits import LimitName
from generation.ports import ClipLink
from generation.progress import Phase, Progress
from generation.wording import failure_sentence, sentence

REROLL_ACTION: Final = "v1:reroll"
CANCEL_ACTION: Final = "v1:cancel"
REROLL_REACTION: Final = "repeat"

_PROMPT_SHOWN: Final = 700
_SECTION_LIMIT: Final = 2_900
_ALT_LIMIT: Final = 900
_TITLE_LIMIT: Final = 80


# Errors ---------------------------------------------------------------------------------------------------------


def error_content(error: FlipbookError) -> Content:
    """One sentence about what went wrong, for the one person who caused it."""
    return Content(error_sentence(error))


def error_sentence(error: FlipbookError) -> str:
    """What a member is told about an error, escaped, with times in their own zone."""
    match error:
        case CommandMisread():
            return escape(_misread(error))
        case PlaceRefused():
            return _place_refused(error)
        case AdminRefused():
            return escape(_admin_refused(error))
        case _:
            return dated(sentence(error, moment))


def unexpected_content() -> Content:
    """For what must never happen."""
    return error_content(FlipbookError())


def _misread(error: CommandMisread) -> str:
    given = excerpt(error.given, 40)
    match error.problem:
        case Problem.OPEN_QUOTE:
            return "A quotation mark is opened and never closed. Close it, or leave it out."
        case Problem.UNKNOWN_FLAG:
            return f"I do not know the flag {given}. There are {', '.join(flag.name for flag in FLAGS)}."
        case Problem.MISSING_VALUE:
            return f"The flag {given} needs a value after it, as in “{given} {_example(error.given)}”."
        case Problem.NO_VALUE_TAKEN:
            return f"The flag {given} takes no value. Write it alone."
        case _:
            return "I could not read these flags. “/animate” alone shows them all."


def _admin_refused(error: AdminRefused) -> str:
    given = excerpt(error.given, 40)
    match error.problem:
        case AdminProblem.NOT_ADMIN:
            return "Only admins of this workspace, and those named by the bot's operator, can do that."
        case AdminProblem.UNKNOWN_LIMIT:
            return f"There is no limit named {given}. There are {', '.join(name.value for name in LimitName)}."
        case AdminProblem.NAMELESS_CHANNEL:
            return "Name the channels with # in front, so that Slack links them."
        case AdminProblem.NAMELESS_MEMBER:
            return "Name the member with @ in front, so that Slack links them."
        case AdminProblem.NO_WORD:
            return "Name a word or a few words, 100 characters at most."


def _example(name: str) -> str:
    return next((flag.example for flag in FLAGS if flag.name == name and flag.example), "value")


def _place_refused(error: PlaceRefused) -> str:
    bot = user_mention(error.bot_user) if error.bot_user else "@Flipbook"
    match error.why:
        case Closed.NOT_INSIDE:
            return f"I am not in this channel, so I could not post the clip. Type /invite {bot} and ask again."
        case Closed.ARCHIVED:
            return "This channel is archived and takes no clips. Ask in another one."
        case Closed.OTHER_WORKSPACE:
            return "This bot is not set up for your workspace. Its operator would have to install it there."
        case Closed.EXTERNAL:
            return "Here only members of the bot's own workspace can ask for clips."
        case Closed.UNKNOWN_PERSON:
            return "I cannot check at the moment who is asking. Please try again in a minute."


# Short answers to one member -------------------------------------------------------------------------------------


def stale_button_content() -> Content:
    """For a button of another version, or of nobody."""
    return Content("This button no longer does anything. Type `/flipbook help` for what does.")


def cancelling_content(job: Job) -> Content:
    """After ✖: at once, or as soon as the backend agrees."""
    if job.status.is_final:
        return Content("Cancelled. It does not count against your quota.")
    return Content("I have asked for it to be stopped. If the clip is finished first, you will get it all the same.")


def brought_directly_content(error: SlackRefused) -> Content:
    """When a job's message could not be posted after all: the clip comes another way."""
    return Content(
        f"Your clip is being made, but {escape(error.reason)}. I will send it to you in a direct message instead; "
        "to get clips here, invite me into the channel."
    )


# A job's message ------------------------------------------------------------------------------------------------


def queued_content(job: Job, ahead: int | None) -> Content:
    """The first answer: the wish is taken."""
    place = "" if ahead is None else " · next in line" if ahead == 0 else f" · {ahead_words(ahead)}"
    return _job_content(job, f"*Queued*{place}", _buttons(job))


def progress_content(job: Job, progress: Progress) -> Content:
    """How far it is: a bar where there are steps, and how long it may still take."""
    words = escape(progress_words(progress))
    parts = [f"*{words[:1].upper()}{words[1:]}*"]
    if progress.steps is not None and progress.phase is Phase.RENDERING:
        parts.insert(0, f"`{bar(progress.steps.fraction)}`")
    if progress.eta_seconds is not None:
        parts.append(f"about {seconds_words(progress.eta_seconds)} left")
    return _job_content(job, " · ".join(parts), _buttons(job))


def outcome_content(job: Job, *, has_clip: bool) -> Content:
    """How it ended, for the message that shows the job (and, with ``has_clip``, the clip)."""
    return _job_content(job, _outcome_words(job, has_clip=has_clip), _buttons(job))


def elsewhere_content(job: Job, where: str) -> Content:
    """For the job's own message when the clip had to go elsewhere: ``where`` is a clause such as ``in its thread``."""
    return _job_content(job, f"*Done* · the clip is {where}", _buttons(job))


def kept_content(job: Job, reasons: tuple[str, ...], link: ClipLink | None) -> Content:
    """When the clip cannot be brought at all: why, where it can be watched, and how to ask for it again."""
    why = escape(reasons[-1]) if reasons else "Slack does not take it"
    watch = f"<{escape(link.url)}|Watch it here> until {dated(moment(link.until))}, or " if link is not None else ""
    kept = f"The clip is kept: {watch}`/flipbook show {job.id}` brings it again."
    return _job_content(job, f"*Done, but not delivered* · {why}. {kept}", ())


def share_comment(job: Job, reasons: tuple[str, ...]) -> str:
    """The words above a clip that stands outside of its own message, and why it does."""
    made = _outcome_words(job, has_clip=True)
    why = f"\nIt could not go where it belongs: {escape(reasons[-1])}." if reasons else ""
    prompt = _prompt(job).replace("`", "'")  # as code: where the app cannot say so, Slack would unfurl its links
    return f"{made} · {_asker(job)}{why}\n`{prompt}`\n{escape(settings_words(job.request))}"


def alt_text(job: Job) -> str:
    """What the clip shows, for those who cannot see it."""
    return f"A short animation: {excerpt(job.request.prompt, _ALT_LIMIT)}"


def file_title(job: Job) -> str:
    """The clip's name for people."""
    return excerpt(job.request.prompt, _TITLE_LIMIT)


def _job_content(job: Job, headline: str, buttons: tuple[Block, ...]) -> Content:
    facts = f"{escape(settings_words(job.request))} · {_asker(job)} · `{job.id}`"
    blocks: list[Block] = [_section(headline), _section(_prompt(job)), _context(facts)]
    if buttons:
        blocks.append({"type": "actions", "block_id": f"job:{job.id}", "elements": list(buttons)})
    return Content(f"{headline.replace('*', '').replace('`', '')}: {_prompt(job)}", blocks)


def _outcome_words(job: Job, *, has_clip: bool) -> str:
    match job.status:
        case JobStatus.SUCCEEDED if has_clip:
            return f"*Done*{_made_in(job)}{' · re-rolled' if job.parent is not None else ''}"
        case JobStatus.SUCCEEDED:
            return "*Done, but the clip is no longer kept.* Re-roll it with the same seed to make it again."
        case JobStatus.CANCELLED:
            return "*Cancelled.* It does not count against your quota."
        case _ if job.failure is not None:
            return f"*No clip.* {escape(failure_sentence(job.failure))}"
        case _:
            return "*No clip.* Please ask again."


def _made_in(job: Job) -> str:
    if job.finished_at is None:
        return ""
    maker = maker_words(job)
    by = f" · {escape(maker)}" if maker else ""
    return f" · made in {seconds_words((job.finished_at - job.created_at).total_seconds())}{by}"


def _asker(job: Job) -> str:
    return f"for {user_mention(job.requested_by.id)}"


def _prompt(job: Job) -> str:
    return escaped_within(excerpt(job.request.prompt, _PROMPT_SHOWN), _SECTION_LIMIT)


def _buttons(job: Job) -> tuple[Block, ...]:
    if job.status is JobStatus.SUCCEEDED:
        return (_button(REROLL_ACTION, "🔁 Re-roll", job.id, "Make it again with another seed"),)
    if job.status.is_final:
        return ()
    return (_button(CANCEL_ACTION, "✖ Cancel", job.id, "Stop making this clip"),)


def _button(action_id: str, label: str, value: str, spoken: str) -> Block:
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label, "emoji": True},
        "value": value,
        "accessibility_label": spoken,
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
