"""One chat as people use it, in words that every platform has: what the scenario is written in."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from generation.places import MessageRef, Platform, ServerRef, UserRef

Post = Any
"""A message of the bot, as the platform's double keeps it: alive, so that what is looked at is what is there now."""

STEPS = 4
"""How many steps every clip here takes: small clips, but real ones."""


class Person(StrEnum):
    """Who takes part."""

    MEMBER = "the member whose story this is"
    OTHER = "another member"
    THIRD = "a third one, who was there first"
    ADMIN = "who manages the server"


class Where(StrEnum):
    """Where a clip can be found at the end."""

    SAME_MESSAGE = "in the message that showed the progress"
    NEW_MESSAGE = "in a new message in the channel"
    THREAD = "in the thread of the message that showed the progress"
    DIRECT = "in a direct message"
    NOWHERE = "nowhere: it is kept"


@dataclass(frozen=True, slots=True)
class Standing:
    """A message with clips, and where it stands: its clips as downloaded from the platform's own file address."""

    post: Post
    where: Where
    clips: tuple[bytes, ...]


class Chat(Protocol):
    """A platform's double with its people. Acts return as soon as the platform has an answer; ``told`` words are for
    one person's eyes."""

    platform: Platform

    # The bot

    def running(self, folder: Path, *, kill: bool, **options: Any) -> AbstractAsyncContextManager[Any]:
        """The bot on this chat; a second one in the same folder is a restart."""
        ...

    def now(self) -> datetime:
        """The platform's time, which is the bot's too."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let time pass, unless somebody still waits for an answer: that would make the bot late."""
        ...

    def get_well(self) -> None:
        """Nothing goes wrong any more."""
        ...

    # What people do

    async def wish(self, who: Person) -> None:
        """Ask for a clip."""
        ...

    async def wish_in_vain(self, who: Person) -> str:
        """Ask for a clip and be told that there will be none."""
        ...

    async def press_reroll(self, who: Person, post: Post) -> None:
        """Press 🔁 under a clip."""
        ...

    async def press_cancel(self, who: Person, post: Post) -> None:
        """Press ✖ under a clip that is being made."""
        ...

    async def react(self, who: Person, post: Post) -> None:
        """Put 🔁 on a clip."""
        ...

    async def set_limit(self, name: str, value: str) -> str:
        """The admin sets a limit and is told."""
        ...

    # What people see

    def posts(self) -> Sequence[Post]:
        """What the bot has said for everybody in the channel, oldest first."""
        ...

    def words(self, post: Post) -> str:
        """What a message says."""
        ...

    def has_clip(self, post: Post) -> bool:
        """Whether there is a clip in it."""
        ...

    async def everything_with_a_clip(self, shown: Post) -> list[Standing]:
        """Every message with clips anywhere, as seen from the message that showed the progress."""
        ...

    def names_a_time(self, words: str) -> bool:
        """Whether it says when something will be: a moment, or how long until then."""
        ...

    # Who they are to the core

    @property
    def server(self) -> ServerRef: ...

    def user(self, who: Person) -> UserRef: ...

    def message(self, post: Post) -> MessageRef: ...


Holds = Callable[[], object]
