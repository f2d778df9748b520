"""What can go wrong with a clip's delivery, as a table: each row runs on the chat that has it.

However it goes wrong, what was asked for is bought once, and its clip is posted once.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from acceptance.scenarios.chat import Post, Where
from acceptance.scenarios.story import Story


class When(StrEnum):
    """When it goes wrong."""

    ASKING = "when the member asks"
    RENDERING = "while the clip is made"
    RE_ROLLING = "when another member re-rolls the finished clip by a reaction"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault strikes: the chat (of its platform), and the member's message once there is one."""

    story: Story
    chat: Any
    post: Post = None


Strike = Callable[[Scene], Awaitable[None]]


async def _nothing(_: Scene) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: ``strike`` happens ``when``, ``afterwards`` once the clip is made; then the clip is ``where``, and the
    message with it ``says`` so (without a clip: the member's own message, or what the member is told).

    ``bought`` is how many requests the worker gets for the member's request, or for both of two. ``prepare`` gives
    options of the bot. ``is_smaller``: the clip has to be made smaller. ``is_the_end``: afterwards nothing can be asked
    for there.
    """

    name: str
    when: When
    strike: Strike
    where: Where = Where.SAME_MESSAGE
    says: tuple[str, ...] = ()
    afterwards: Strike = _nothing
    bought: int = 1
    prepare: Callable[[Any], Mapping[str, Any]] = lambda _: {}
    is_smaller: bool = False
    is_the_end: bool = False
