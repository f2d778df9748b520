"""How the buttons of a clip look, and what members read after pressing them."""

from dataclasses import dataclass
from typing import Final

from generation.domain.clip_actions import ClipAction, ClipState, other_endpoint, state_of
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job
from generation.protocol.messages import mark
from generation.protocol.request import Endpoint
from generation.text.controls.labels import DELETE, TRY_AGAIN
from generation.text.dialect import Dialect, Markup
from generation.text.lists import detail_lines
from generation.text.outcomes import ended_words

SURE: Final = mark("Delete this clip?")
WHAT_GOES: Final = mark(
    "The clip, its message and its files go for everybody, and cannot be brought back. Your quota "
    "stays as it is."
)
DELETE_IT: Final = mark("Yes, delete it")
KEEP_IT: Final = mark("Keep it")


@dataclass(frozen=True, slots=True)
class ActionLook:
    """A button: its emoji, its words, and what it does in a short sentence."""

    emoji: str
    label: Markup
    about: Markup


_LOOKS: Final[dict[ClipAction, tuple[str, str, str]]] = {
    ClipAction.REROLL: ("🔁", mark("Re-roll"), mark("Make it again with another seed")),
    ClipAction.RETRY: ("🔁", TRY_AGAIN, mark("Ask for the same again")),
    ClipAction.EDIT: ("✏️", mark("Edit"), mark("Change the words or the settings, and make it")),
    ClipAction.SETTINGS: ("⚙️", mark("Settings"), mark("See how it was made")),
    ClipAction.SHOW: ("▶️", mark("Show it again"), mark("Show the clip again, to you alone")),
    ClipAction.DELETE: ("🗑️", DELETE, mark("Delete this clip for everybody")),
    ClipAction.REPORT: ("🚩", mark("Report to admins"), mark("Tell the admins of this clip")),
    ClipAction.CANCEL: ("✖️", mark("Cancel"), mark("Stop making this clip")),
}
_QUALITIES: Final = {
    Endpoint.TURBO: ("⚡", mark("Turbo"), mark("The same clip with turbo: quicker")),
    Endpoint.STANDARD: ("🎞️", mark("Standard"), mark("The same clip with standard: better")),
}
_BACK: Final = ("▶️", mark("Show it here"), mark("See how far it is, or the finished clip"))
_COVERS: Final = {
    False: ("🙈", mark("Make it a spoiler"), mark("Cover the clip until somebody clicks it")),
    True: ("👀", mark("No spoiler"), mark("Show the clip without a cover")),
}


def look_of(action: ClipAction, job: Job, d: Dialect) -> ActionLook:
    """How a job's button looks."""
    match action:
        case ClipAction.OTHER_QUALITY:
            emoji, label, about = _QUALITIES[other_endpoint(job.request.endpoint)]
        case ClipAction.SPOILER:
            emoji, label, about = _COVERS[job.is_spoiler]
        case ClipAction.SHOW if state_of(job) is ClipState.UNDER_WAY:
            emoji, label, about = _BACK
        case _:
            emoji, label, about = _LOOKS[action]
    return ActionLook(emoji, d.gettext(label), d.gettext(about))


def settings_lines(job: Job, command: str, d: Dialect) -> list[Markup]:
    """How a clip was made, with the command that makes it again; an empty one is left out."""
    lines = clip_lines(job, d)
    if not command or job.prompt_removed_at is not None:
        return lines
    return [*lines, again_words(Markup(command), d)]


def clip_lines(job: Job, d: Dialect) -> list[Markup]:
    """Everything about a job; of a deleted or hidden one first that it is."""
    if state_of(job) not in {ClipState.DELETED, ClipState.HIDDEN}:
        return detail_lines(job, d)
    return [ended_words(job, d), *detail_lines(job, d)[1:]]


def gone_words(job: Job, d: Dialect, *, may_make_again: bool) -> Markup:
    """For who asks to see a deleted or hidden clip."""
    said = ended_words(job, d)
    if not may_make_again:
        return said
    again = d.gettext("🔁 makes another one with the same settings.")
    return Markup(f"{said} {again}")


def deleted_words(delivery: Delivery | None, d: Dialect) -> Markup:
    """After a deletion: how far it has come."""
    match delivery:
        case Delivery(status=DeliveryStatus.OWED):
            return d.gettext(
                "The clip is deleted. Its message follows as soon as {chat} takes it away.",
                chat=d.platform.title(),
            )
        case Delivery(status=DeliveryStatus.ABANDONED, told=told):
            return d.gettext(
                "The clip is deleted, but its message stays: {why}.", why=told[-1] if told else ""
            )
        case _:
            return d.gettext("Deleted: the clip, its message and its files.")


def covered_words(job: Job, delivery: Delivery | None, d: Dialect) -> Markup:
    """After a spoiler was put on or taken off."""
    if delivery is not None and delivery.status is DeliveryStatus.ABANDONED:
        return d.gettext(
            "The message cannot be changed any more: {why}.",
            why=delivery.told[-1] if delivery.told else "",
        )
    said = (
        mark("The clip is a spoiler now: it is covered until somebody clicks it.")
        if job.is_spoiler
        else mark("The clip is no spoiler any more.")
    )
    return d.gettext(said)


def no_clip_words(d: Dialect) -> Markup:
    """For a menu on a message that shows no clip."""
    return d.gettext("That message shows no clip of Flipbook.")


def again_words(command: Markup, d: Dialect) -> Markup:
    """With the command that makes the same clip."""
    return d.gettext("Ask for the same again: {command}", command=command)


def on_its_way_words(d: Dialect) -> Markup:
    """A clip is sent again to one member."""
    return d.gettext("The clip is on its way to you in a direct message.")


def no_spoilers_words(d: Dialect) -> Markup:
    """Where a chat has no spoilers."""
    return d.gettext("{chat} has no spoilers.", chat=d.platform.title())
