"""What people read in Slack: one layout for a job's message from queued to done, and a sentence for
each error."""

from typing import Final

from adapters.slack.commands import FLAGS
from adapters.slack.errors import (
    AccessProblem,
    AccessRefused,
    AdminProblem,
    AdminRefused,
    CommandMisread,
    CommandProblem,
    SlackRefused,
)
from adapters.slack.ids import CANCEL_ACTION, REROLL_ACTION, job_block_id
from adapters.slack.models import Block, SlackContent
from adapters.slack.text.markup import dated, escape, escaped_within, moment, user_mention
from generation.domain.job import Job, JobStatus
from generation.domain.limits import LimitName
from generation.ports import ClipLink
from generation.protocol.errors import FlipbookError
from generation.protocol.progress import Phase, Progress
from generation.text.clips import (
    ahead_words,
    bar,
    engine_words,
    excerpt,
    progress_words,
    seconds_words,
    settings_words,
)
from generation.text.errors import failure_sentence, sentence

_PROMPT_SHOWN: Final = 700
_SECTION_LIMIT: Final = 2_900
"""Characters; Slack takes 3,000 in a section."""
_TITLE_LIMIT: Final = 80


def error_content(error: FlipbookError) -> SlackContent:
    """One sentence about what went wrong, for the one person who caused it."""
    return SlackContent(error_sentence(error))


def error_sentence(error: FlipbookError) -> str:
    """What a member reads about an error: escaped, with times in the member's own zone."""
    match error:
        case CommandMisread():
            return escape(_misread(error))
        case AccessRefused():
            return _access_refused(error)
        case AdminRefused():
            return escape(_admin_refused(error))
        case _:
            return dated(sentence(error, moment))


def unexpected_content() -> SlackContent:
    """After an error of ours; the log has its traceback."""
    return error_content(FlipbookError())


def _misread(error: CommandMisread) -> str:
    given = excerpt(error.given, 40)
    match error.problem:
        case CommandProblem.OPEN_QUOTE:
            return "A quotation mark is opened and never closed. Close it, or leave it out."
        case CommandProblem.UNKNOWN_FLAG if error.instead:
            return f"I do not know the flag {given}. Did you mean {error.instead}?"
        case CommandProblem.UNKNOWN_FLAG:
            return (
                f"I do not know the flag {given}. There are "
                f"{', '.join(flag.name for flag in FLAGS)}."
            )
        case CommandProblem.MISSING_VALUE:
            return (
                f"The flag {given} needs a value after it, as in “{given} {_example(error.given)}”."
            )
        case CommandProblem.NO_VALUE_TAKEN:
            return f"The flag {given} takes no value. Write it alone."
        case CommandProblem.AMBIGUOUS:
            return (
                f"“{given}” may be a flag or part of your prompt, so nothing was made. Write "
                f"{error.instead} for the flag, or put quotes around words of the prompt."
            )


def _admin_refused(error: AdminRefused) -> str:
    given = excerpt(error.given, 40)
    match error.problem:
        case AdminProblem.NOT_ADMIN:
            return (
                "Only admins of this workspace, and those named by the bot's operator, can do that."
            )
        case AdminProblem.UNKNOWN_LIMIT:
            return (
                f"There is no limit named {given}. There are "
                f"{', '.join(name.value for name in LimitName)}."
            )
        case AdminProblem.NAMELESS_CHANNEL:
            return "Name the channels with # in front, so that Slack links them."
        case AdminProblem.NAMELESS_MEMBER:
            return "Name the member with @ in front, so that Slack links them."
        case AdminProblem.NO_WORD:
            return "Name a word or a few words, 100 characters at most."


def _example(name: str) -> str:
    return next((flag.example for flag in FLAGS if flag.name == name and flag.example), "value")


def _access_refused(error: AccessRefused) -> str:
    bot = user_mention(error.bot_user) if error.bot_user else "@Flipbook"
    match error.problem:
        case AccessProblem.NOT_INSIDE:
            return (
                "I am not in this channel, so I could not post the clip. Type /invite "
                f"{bot} and ask again."
            )
        case AccessProblem.ARCHIVED:
            return "This channel is archived and takes no clips. Ask in another one."
        case AccessProblem.OTHER_WORKSPACE:
            return (
                "This bot is not set up for your workspace. Its operator would have to "
                "install it there."
            )
        case AccessProblem.EXTERNAL:
            return "Here only members of the bot's own workspace can ask for clips."
        case AccessProblem.UNKNOWN_PERSON:
            return "I cannot check at the moment who is asking. Please try again in a minute."
        case AccessProblem.REVOKED:
            return (
                "The bot's access to this workspace was revoked, so nothing can be made or posted. "
                "An admin has to install it again; nothing was spent."
            )


def stale_button_content() -> SlackContent:
    """For a button of another version, or a forged one."""
    return SlackContent("This button no longer does anything. Type `/flipbook help` for what does.")


def cancelling_content(job: Job) -> SlackContent:
    """After ✖; a backend may need time to stop a job, or refuse to."""
    if job.status.is_final:
        return SlackContent("Cancelled. It does not count against your quota.")
    return SlackContent(
        "I have asked for it to be stopped. If the clip is finished first, you will get it all "
        "the same."
    )


def comes_directly_content(error: SlackRefused) -> SlackContent:
    """When a job's message could not be posted: its clip comes in a direct message."""
    return SlackContent(
        f"Your clip is being made, but {escape(error.reason)}. I will send it to you in a direct "
        "message instead; to get clips here, invite me into the channel."
    )


def queued_content(job: Job, ahead: int | None) -> SlackContent:
    """The first message; ``ahead`` is the number of jobs before this one, None where it is
    unknown."""
    waiting = "" if ahead is None else f" · {ahead_words(ahead) if ahead else 'next in line'}"
    return _job_content(job, f"*Queued*{waiting}", _buttons(job))


def progress_content(job: Job, progress: Progress) -> SlackContent:
    """How far a job is, with a bar while it renders, and how long it may still take."""
    words = escape(progress_words(progress))
    parts = [f"*{words[:1].upper()}{words[1:]}*"]
    if progress.steps is not None and progress.phase is Phase.RENDERING:
        parts.insert(0, f"`{bar(progress.steps.fraction)}`")
    if progress.eta_seconds is not None:
        parts.append(f"about {seconds_words(progress.eta_seconds)} left")
    return _job_content(job, " · ".join(parts), _buttons(job))


def outcome_content(job: Job, *, has_clip: bool) -> SlackContent:
    """How a job ended, for its message; ``has_clip``: the message shows the clip."""
    return _job_content(job, _outcome_words(job, has_clip=has_clip), _buttons(job))


def elsewhere_content(job: Job, where: str) -> SlackContent:
    """For the job's own message when another one shows the clip: ``where`` is a clause such as
    ``in its thread``."""
    return _job_content(job, f"*Done* · the clip is {where}", _buttons(job))


def kept_content(job: Job, reasons: tuple[str, ...], link: ClipLink | None) -> SlackContent:
    """When no step could deliver the clip: why, where it can be watched, and how to ask for it
    again."""
    why = escape(reasons[-1]) if reasons else "Slack does not take it"
    watch = (
        f"<{escape(link.url)}|Watch it here> until {dated(moment(link.until))}, or "
        if link is not None
        else ""
    )
    kept = f"The clip is kept: {watch}`/flipbook show {job.id}` brings it again."
    return _job_content(job, f"*Done, but not delivered* · {why}. {kept}", ())


def share_content(job: Job, reasons: tuple[str, ...]) -> SlackContent:
    """The words around a clip outside of its job's message, and why it is there."""
    headline = _outcome_words(job, has_clip=True)
    if reasons:
        headline += f"\nIt could not go where it belongs: {escape(reasons[-1])}."
    return _job_content(job, headline, _buttons(job))


def arriving_content(job: Job) -> SlackContent:
    """For a message that the clip is being put into."""
    return _job_content(job, "*Done* · the clip is on its way", _buttons(job))


def file_title(job: Job) -> str:
    """The clip's name for people."""
    return excerpt(job.request.prompt, _TITLE_LIMIT)


def _job_content(job: Job, headline: str, buttons: tuple[Block, ...]) -> SlackContent:
    # the id at the end is what /flipbook show and cancel take
    facts = f"{escape(settings_words(job.request))} · {_for_member(job)} · `{job.id}`"
    blocks: list[Block] = [_section(headline), _section(_prompt(job)), _context(facts)]
    if buttons:
        blocks.append(
            {"type": "actions", "block_id": job_block_id(job.id), "elements": list(buttons)}
        )
    # the text is for notifications, which show no markup
    return SlackContent(f"{headline.replace('*', '').replace('`', '')}: {_prompt(job)}", blocks)


def _outcome_words(job: Job, *, has_clip: bool) -> str:
    match job.status:
        case JobStatus.SUCCEEDED if has_clip:
            return f"*Done*{_made_in(job)}{' · re-rolled' if job.parent is not None else ''}"
        case JobStatus.SUCCEEDED:
            return (
                "*Done, but the clip is no longer kept.* Re-roll it with the same seed to "
                "make it again."
            )
        case JobStatus.CANCELLED:
            return "*Cancelled.* It does not count against your quota."
        case _ if job.failure is not None:
            return f"*No clip.* {escape(failure_sentence(job.failure))}"
        case _:
            return "*No clip.* Please ask again."


def _made_in(job: Job) -> str:
    if job.finished_at is None:
        return ""
    maker = engine_words(job)
    by = f" · {escape(maker)}" if maker else ""
    return f" · made in {seconds_words((job.finished_at - job.created_at).total_seconds())}{by}"


def _for_member(job: Job) -> str:
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
    # verbatim: Slack would make links of names and channels in a prompt
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
