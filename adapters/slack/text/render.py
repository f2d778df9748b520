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
from adapters.slack.ids import job_block_id
from adapters.slack.models import Block, SlackContent
from adapters.slack.text import clips
from adapters.slack.text.markup import SLACK, escaped_within, user_mention
from generation.domain.job import Job, JobStatus
from generation.ports import ClipLink
from generation.protocol.errors import FlipbookError
from generation.protocol.messages import mark
from generation.protocol.progress import Progress
from generation.text import outcomes
from generation.text.clips import (
    bar_words,
    for_words,
    left_words,
    made_words,
    negative_words,
    parent_name,
    private_words,
    progress_words,
    re_roll_words,
    settings_words,
)
from generation.text.dialect import Markup, excerpt
from generation.text.errors import sentence
from generation.text.forms.choices import defaults_words
from generation.text.forms.styles import style_words
from generation.text.limits import unknown_limit_words

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
            return _misread(error)
        case AccessRefused():
            return _access_refused(error)
        case AdminRefused():
            return _admin_refused(error)
        case _:
            return sentence(error, SLACK)


def unexpected_content() -> SlackContent:
    """After an error of ours; the log has its traceback."""
    return error_content(FlipbookError())


def _misread(error: CommandMisread) -> str:
    given = excerpt(error.given, 40)
    match error.problem:
        case CommandProblem.OPEN_QUOTE:
            return SLACK.gettext(
                "A quotation mark is opened and never closed. Close it, or leave it out."
            )
        case CommandProblem.UNKNOWN_FLAG if error.instead:
            return SLACK.gettext(
                "There is no flag {flag}. Did you mean {instead}?",
                flag=given,
                instead=error.instead,
            )
        case CommandProblem.UNKNOWN_FLAG:
            return SLACK.gettext(
                "There is no flag {flag}. The flags are {flags}.",
                flag=given,
                flags=", ".join(flag.name for flag in FLAGS),
            )
        case CommandProblem.MISSING_VALUE:
            return SLACK.gettext(
                "The flag {flag} needs a value after it, as in “{flag} {example}”.",
                flag=given,
                example=_example(error.given),
            )
        case CommandProblem.NO_VALUE_TAKEN:
            return SLACK.gettext("The flag {flag} takes no value. Write it alone.", flag=given)
        case CommandProblem.AMBIGUOUS:
            return SLACK.gettext(
                "“{words}” may be a flag or part of your prompt, so nothing was made. Write "
                "{instead} for the flag, or put quotes around words of the prompt.",
                words=given,
                instead=error.instead,
            )


def _admin_refused(error: AdminRefused) -> str:
    if error.problem is AdminProblem.UNKNOWN_LIMIT:
        return unknown_limit_words(error.given, SLACK)
    return SLACK.gettext(_ADMIN_PROBLEMS[error.problem])


_ADMIN_PROBLEMS: Final = {
    AdminProblem.NOT_ADMIN: mark(
        "Only admins of this {place}, and those named by the bot's operator, can do that."
    ),
    AdminProblem.NAMELESS_CHANNEL: mark(
        "Name the channels with # in front, so that Slack links them."
    ),
    AdminProblem.NAMELESS_MEMBER: mark(
        "Name the member with @ in front, so that Slack links them."
    ),
    AdminProblem.NO_WORD: mark("Name a word or a few words, 100 characters at most."),
}


def _example(name: str) -> str:
    return next((flag.example for flag in FLAGS if flag.name == name and flag.example), "value")


def _access_refused(error: AccessRefused) -> str:
    bot = user_mention(error.bot_user) if error.bot_user else "@Flipbook"
    return SLACK.gettext(_ACCESS_PROBLEMS[error.problem], bot=Markup(bot))


_ACCESS_PROBLEMS: Final = {
    AccessProblem.NOT_INSIDE: mark(
        "Flipbook is not in this channel, so it could not post the clip. Type /invite {bot} and "
        "ask again."
    ),
    AccessProblem.ARCHIVED: mark(
        "This channel is archived and takes no clips. Ask in another one."
    ),
    AccessProblem.OTHER_WORKSPACE: mark(
        "This bot is not set up for your {place}. Its operator would have to install it there."
    ),
    AccessProblem.EXTERNAL: mark("Here only members of the bot's own {place} can ask for clips."),
    AccessProblem.UNKNOWN_PERSON: mark(
        "The bot cannot check at the moment who is asking. Please try again in a minute."
    ),
    AccessProblem.LEFT: mark(
        "You are no longer in the channel of that clip, so nothing was made. Ask for it where you "
        "are."
    ),
    AccessProblem.NOT_DIRECT: mark(
        "The bot cannot write to you directly at the moment, so it has no place for a clip that "
        "only you see. Nothing was made."
    ),
    AccessProblem.REVOKED: mark(
        "The bot's access to this {place} was revoked, so nothing can be made or posted. An admin "
        "has to install it again; nothing was spent."
    ),
}


def stale_button_content() -> SlackContent:
    """For a button of another version, or a forged one."""
    return SlackContent(outcomes.stale_button_words(SLACK))


def cancelling_content(job: Job) -> SlackContent:
    """After ✖; a backend may need time to stop a job, or refuse to."""
    return SlackContent(outcomes.cancelling_words(job, SLACK))


def comes_directly_content(error: SlackRefused) -> SlackContent:
    """When a job's message could not be posted: its clip comes in a direct message."""
    said = SLACK.gettext(
        "Your clip is being made, but {reason}. It will come in a direct message instead.",
        reason=error.reason,
    )
    # no invitation opens an archived channel
    if error.code == "is_archived":
        return SlackContent(said)
    invite = SLACK.gettext("To get clips here, invite the bot into the channel.")
    return SlackContent(f"{said} {invite}")


def progress_content(job: Job, progress: Progress) -> SlackContent:
    """How far a job is, with a bar while it renders, and how long it may still take."""
    words = progress_words(progress, SLACK)
    left = left_words(progress, SLACK)
    said = [f"*{words}*", *([left] if left else [])]
    if drawn := bar_words(progress):
        said.insert(0, "`{}` {}".format(*drawn))
    # a notification shows no bar
    spoken = " · ".join([words, *([left] if left else [])])
    return _job_content(job, " · ".join(said), clips.row(job), spoken=spoken)


def outcome_content(job: Job, *, has_clip: bool, parent: str | None = None) -> SlackContent:
    """How a job ended, for its message; ``has_clip``: the message shows the clip, ``parent`` is the
    address of the message that shows what it was made from."""
    said = _outcome_words(job, has_clip=has_clip, parent=parent)
    spoken = _outcome_words(job, has_clip=has_clip) if parent else None
    return _job_content(job, said, clips.row(job), spoken=spoken and _unmarked(spoken))


def deleted_content(job: Job) -> SlackContent:
    """For a message that Slack does not let the bot delete: nothing of the clip."""
    return SlackContent(outcomes.ended_words(job, SLACK))


IN_ITS_THREAD: Final = mark("The clip is in its thread.")
IN_ANOTHER_MESSAGE: Final = mark("The clip is in a message of its own.")
IN_A_DIRECT_MESSAGE: Final = mark("The clip is in a direct message to the member who asked.")


def elsewhere_content(job: Job, where: str) -> SlackContent:
    """For the job's own message when another one shows the clip: ``where`` is one of the sentences
    above."""
    return _job_content(job, SLACK.gettext(where), clips.row(job))


def kept_content(job: Job, reasons: tuple[str, ...], link: ClipLink | None) -> SlackContent:
    """When no step could deliver the clip: why, where it can be watched, and how to ask for it
    again."""
    said = outcomes.undelivered_words(job, reasons[-1:], link, SLACK)
    return _job_content(job, f"📭 {said}", (), spoken=said)


def share_content(job: Job, reasons: tuple[str, ...]) -> SlackContent:
    """The words around a clip outside of its job's message, and why it is there."""
    made = _outcome_words(job, has_clip=True)
    why = outcomes.moved_words(reasons[-1:], SLACK)
    return _job_content(job, "\n".join([made, *([why] if why else [])]), clips.row(job))


def arriving_content(job: Job) -> SlackContent:
    """For a message that the clip is being put into."""
    coming = SLACK.gettext("the clip is on its way")
    return _job_content(job, f"{_done()} · {coming}", clips.row(job))


def file_title(job: Job) -> str:
    """The clip's name for people."""
    return excerpt(job.request.prompt, _TITLE_LIMIT)


def _job_content(
    job: Job, headline: str, buttons: tuple[Block, ...], *, spoken: str | None = None
) -> SlackContent:
    """``spoken`` is the headline without markup, for notifications."""
    without = negative_words(job.request, SLACK)
    facts = [
        settings_words(job.request, SLACK),
        *style_words(job, SLACK),
        *defaults_words(job, SLACK),
        *([without] if without else []),
        for_words(job, SLACK),
        *private_words(job, SLACK),
        # what /flipbook show and cancel take
        SLACK.code(job.name),
    ]
    blocks: list[Block] = [
        _section(headline),
        _section(_prompt(job)),
        _context(" · ".join(facts)),
    ]
    if buttons:
        blocks.append(
            {"type": "actions", "block_id": job_block_id(job.id), "elements": list(buttons)}
        )
    spoken = spoken or _unmarked(headline)
    # a sentence ends before the prompt, a clause goes on with it
    between = " " if spoken.endswith((".", "!", "?")) else ": "
    return SlackContent(f"{spoken}{between}“{_prompt(job)}”", blocks)


def _unmarked(text: str) -> str:
    return text.replace("*", "").replace("`", "")


def _outcome_words(job: Job, *, has_clip: bool, parent: str | None = None) -> str:
    if job.status is not JobStatus.SUCCEEDED or not has_clip:
        return outcomes.ended_words(job, SLACK)
    again = [_made_from(job, parent)] if job.parent is not None else []
    return " · ".join([_done(), *made_words(job, SLACK), *again])


def _made_from(job: Job, address: str | None) -> str:
    name = parent_name(job)
    said = SLACK.code(name) if address is None else SLACK.link(address, name)
    return re_roll_words(Markup(said), SLACK)


def _done() -> str:
    return SLACK.bold(SLACK.gettext("Done"))


def _prompt(job: Job) -> str:
    return escaped_within(excerpt(job.request.prompt, _PROMPT_SHOWN), _SECTION_LIMIT)


def _section(text: str) -> Block:
    # verbatim: Slack would make links of names and channels in a prompt
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
