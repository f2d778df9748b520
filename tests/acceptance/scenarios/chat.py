"""A chat as people use it, in terms that every platform has: the scenario is written in these."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from generation.domain.job import JobId
from generation.domain.refs import MessageRef, Platform, ServerRef, UserRef

Post = Any
"""A message of the bot, as the platform's double keeps it: the object changes with the message."""

STEPS = 4
"""How many steps every clip here takes: small clips, but real ones."""


class Person(StrEnum):
    """The people of the scenario."""

    MEMBER = "the member whose story this is"
    OTHER = "another member"
    THIRD = "a third one, who was there first"
    ADMIN = "who manages the server"


class Where(StrEnum):
    """The message that has the clip at the end."""

    SAME_MESSAGE = "in the message that showed the progress"
    NEW_MESSAGE = "in a new message in the channel"
    THREAD = "in the thread of the message that showed the progress"
    DIRECT = "in a direct message"
    NOWHERE = "nowhere: it is kept"


@dataclass(frozen=True, slots=True)
class ClipMessage:
    """A message with clips, and where it is; ``clips`` are downloaded from the platform's own file address."""

    post: Post
    where: Where
    clips: tuple[bytes, ...]


class Chat(Protocol):
    """A platform's double with its people. Acts return as soon as the platform has an answer. Texts that an act returns
    are private to the person."""

    platform: Platform

    # The bot

    def running(self, folder: Path, *, kill: bool, **options: Any) -> AbstractAsyncContextManager[Any]:
        """The bot on this chat; a second one in the same folder is a restart."""
        ...

    def now(self) -> datetime:
        """The platform's time, which is the bot's too."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let time pass, unless a person still waits for a response: that would make the bot late."""
        ...

    def clear_faults(self) -> None:
        """Remove the faults that are left."""
        ...

    # What people do

    async def request_clip(self, who: Person) -> None:
        """Ask for a clip."""
        ...

    async def request_private_clip(self, who: Person) -> None:
        """Ask for a clip that nobody else sees."""
        ...

    def private_posts(self, who: Person) -> Sequence[Post]:
        """The messages of clips that only this person sees, oldest first."""
        ...

    async def queue(self, who: Person) -> str:
        """Ask what is under way, and read the answer."""
        ...

    async def request_refused(self, who: Person) -> str:
        """Ask for a clip and get a refusal, which is returned."""
        ...

    async def press_reroll(self, who: Person, post: Post) -> None:
        """Press 🔁 under a clip."""
        ...

    async def press_cancel(self, who: Person, post: Post) -> None:
        """Press ✖ under a clip that is being made."""
        ...

    async def press(self, who: Person, post: Post, action: str) -> None:
        """Press a button that makes another clip."""
        ...

    async def settings(self, who: Person, post: Post) -> str:
        """Press ⚙️ and read the answer."""
        ...

    async def report(self, who: Person, post: Post) -> str:
        """Report a clip by the menu of its message, and read the answer."""
        ...

    async def decide(self, post: Post, decision: str) -> str:
        """The admin decides about a reported clip by command, and gets the response."""
        ...

    async def delete(self, who: Person, post: Post) -> str:
        """Delete a clip, say yes, and read the answer."""
        ...

    async def show(self, who: Person, job_id: JobId) -> str:
        """Ask to see a clip again, and read the answer."""
        ...

    async def react(self, who: Person, post: Post) -> None:
        """Put 🔁 on a clip."""
        ...

    async def set_limit(self, name: str, value: str) -> str:
        """The admin sets a limit and gets the response."""
        ...

    async def choose_when_told(self, who: Person, when: str) -> str:
        """Choose when to be told that a clip is ready, and read the answer."""
        ...

    async def choose_default(self, who: Person, name: str, value: str) -> str:
        """Choose a default of one's own, and read the answer."""
        ...

    async def history(self, who: Person) -> Any:
        """Ask for one's own clips, and see a page of them."""
        ...

    async def turn(self, who: Person, page: Any) -> None:
        """Turn a page to the older clips."""
        ...

    def listed(self, page: Any) -> list[str]:
        """The names of the clips on a page."""
        ...

    async def cover(self, who: Person, post: Post) -> bool:
        """Make a clip a spoiler; False where the chat has none."""
        ...

    async def re_roll_from_elsewhere(self, who: Person, post: Post) -> None:
        """Have a clip made again, not by the button under it: by the menu of its message, or in the Home tab."""
        ...

    def told_of(self, post: Post) -> list[str]:
        """The replies to a clip's message that name its asker."""
        ...

    async def open_form(self, who: Person, post: Post | None = None) -> Any:
        """Open the form: by the command alone, or by ✏️ under a clip."""
        ...

    async def send_form(self, form: Any, prompt: str) -> None:
        """Fill in a prompt, for a short clip, and send the form off."""
        ...

    async def export(self, who: Person) -> dict[str, Any]:
        """Get a copy of one's data as a private file."""
        ...

    async def forget(self, who: Person) -> str:
        """Ask to be forgotten, confirm it, and get the response."""
        ...

    # What people see

    def posts(self) -> Sequence[Post]:
        """The bot's public messages in the channel, oldest first."""
        ...

    def words(self, post: Post) -> str:
        """What a message says."""
        ...

    def has_clip(self, post: Post) -> bool:
        """Whether there is a clip in it."""
        ...

    async def clip_messages(self, shown: Post) -> list[ClipMessage]:
        """Every message with clips anywhere, as seen from the message that showed the progress."""
        ...

    def names_a_time(self, words: str) -> bool:
        """Whether it names a time: a moment, or the time until then."""
        ...

    # Who they are to the core

    @property
    def server(self) -> ServerRef: ...

    def user(self, who: Person) -> UserRef: ...

    def message(self, post: Post) -> MessageRef: ...


Holds = Callable[[], object]
