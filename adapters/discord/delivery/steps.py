"""The steps of a delivery, and which of them are possible now."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from adapters.discord.errors import MESSAGE_DELETED
from generation.domain.delivery import Answer, Delivery


class DeliveryStep(StrEnum):
    """The steps of a delivery, best first."""

    ANSWER = "answer"
    EDIT = "edit"
    POST = "post"
    PARENT = "parent"
    DIRECT = "direct"
    WORDS = "words"


def steps_of(delivery: Delivery, now: datetime) -> Sequence[DeliveryStep]:
    """By the interaction's token while it is valid, by the bot's token, as a new message in the
    channel, in the thread's parent, as a direct message, and in words where no clip is accepted at
    all.

    A private response never becomes a message that others see, and a message that was deleted is
    not posted again: its clip goes to the member.
    """
    # a clip that was hidden or covered after it had arrived is changed where it stands
    if delivery.was_shown and delivery.message is not None:
        return (DeliveryStep.EDIT,)
    if MESSAGE_DELETED in delivery.told:
        return (DeliveryStep.DIRECT,)
    # the channel's steps would show a private response to others
    if delivery.answer is not None and delivery.answer.private:
        return (
            (DeliveryStep.ANSWER, DeliveryStep.DIRECT)
            if is_valid(delivery.answer, now)
            else (DeliveryStep.DIRECT,)
        )
    parent = (DeliveryStep.PARENT,) if delivery.channel.thread is not None else ()
    new_message = (DeliveryStep.POST, *parent, DeliveryStep.DIRECT, DeliveryStep.WORDS)
    if delivery.message is None:
        return new_message
    return (
        (DeliveryStep.ANSWER, DeliveryStep.EDIT, *new_message)
        if is_valid(delivery.answer, now)
        else (DeliveryStep.EDIT, *new_message)
    )


def is_valid(answer: Answer | None, now: datetime) -> bool:
    """Whether an interaction's token can still be used."""
    return answer is not None and bool(answer.token) and now < answer.expires_at
