"""The steps of a delivery, and which of them are possible now."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from adapters.discord.delivery.interaction_token import InteractionToken
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
        return _in_private(delivery, delivery.answer, now)
    parent = (DeliveryStep.PARENT,) if delivery.channel.thread is not None else ()
    new_message = (DeliveryStep.POST, *parent, DeliveryStep.DIRECT, DeliveryStep.WORDS)
    if delivery.message is None:
        return new_message
    return (
        (DeliveryStep.ANSWER, DeliveryStep.EDIT, *new_message)
        if is_valid(delivery.answer, now)
        else (DeliveryStep.EDIT, *new_message)
    )


def _in_private(delivery: Delivery, answer: Answer, now: datetime) -> Sequence[DeliveryStep]:
    """By its answer, where there is one to change, else as a direct message; one that is there
    already is changed."""
    message, again = delivery.message, InteractionToken.of(answer).member is not None
    here = {delivery.channel.id, delivery.channel.thread}
    is_direct = not again and message is not None and message.channel.id not in here
    last = DeliveryStep.EDIT if is_direct else DeliveryStep.DIRECT
    can_answer = is_valid(answer, now) and (again or message is not None)
    return (DeliveryStep.ANSWER, last) if can_answer else (last,)


def is_valid(answer: Answer | None, now: datetime) -> bool:
    """Whether an interaction's token can still be used."""
    return answer is not None and bool(answer.token) and now < answer.expires_at
