"""The scenario's chat on the Discord double."""

import json
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from acceptance.scenarios.chat import STEPS, ClipMessage, Person, Where
from adapters.discord.refs import message_ref, server_ref, user_ref
from core_running import PROMPT
from discord_bot import Bot, DoubleTime, clips, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.interactions import Interaction
from doubles.discord.state.messages import Message
from doubles.discord.state.people import User
from doubles.discord.state.places import Channel
from generation.domain.job import JobId
from generation.domain.refs import MessageRef, Platform, ServerRef, UserRef

SMALL = {"width": 64, "height": 64, "num_frames": 2, "steps": STEPS}


class DiscordScenario:
    """A :class:`acceptance.scenarios.chat.Chat`."""

    platform = Platform.DISCORD

    def __init__(self, double: DiscordDouble) -> None:
        self.double = double
        self._time = DoubleTime(double)
        people = double.people
        self._people = {
            Person.MEMBER: people.member,
            Person.OTHER: people.other_member,
            Person.THIRD: people.owner,
            Person.ADMIN: people.moderator,
        }

    @property
    def channel(self) -> Channel:
        """Where everything happens."""
        return self.double.places.text

    def person(self, who: Person) -> User:
        return self._people[who]

    def running(self, folder: Path, *, kill: bool, **options: Any) -> AbstractAsyncContextManager[Bot]:
        return running_bot(self.double, folder, kill=kill, time=self._time, **options)

    def now(self) -> datetime:
        return self._time.now()

    def pass_time(self, seconds: float) -> None:
        if all(asked.answered or asked.refuses_as for asked in self.double.world.interactions.values()):
            self._time.advance(seconds)

    def clear_faults(self) -> None:
        self.double.stage.planned.clear()
        self.channel.real_upload_limit = None

    async def request_clip(self, who: Person) -> None:
        await self.double.slash("animate", user=self.person(who), prompt=PROMPT, **SMALL)

    async def request_private_clip(self, who: Person) -> None:
        await self.double.slash("animate", user=self.person(who), prompt=PROMPT, private=True, **SMALL)

    def private_posts(self, who: Person) -> Sequence[Message]:
        asked = [each for each in self.channel.messages.values() if each.ephemeral and each.interaction is not None]
        own = [each for each in asked if each.interaction.user is self.person(who) and not each.loading]
        # other private answers have no clip's buttons
        return [each for each in own if any(name.startswith(("v1:show:", "v1:edit:")) for name in each.custom_ids)]

    async def queue(self, who: Person) -> str:
        return self._told(
            await self.double.wait_for_reply(await self.double.slash("flipbook queue", user=self.person(who)))
        )

    async def request_refused(self, who: Person) -> str:
        asked = await self.double.slash("animate", user=self.person(who), prompt=PROMPT, **SMALL)
        return self._told(await self.double.wait_for_reply(asked))

    async def press_reroll(self, who: Person, post: Message) -> None:
        await self._press(who, post, "reroll")

    async def press_cancel(self, who: Person, post: Message) -> None:
        await self._press(who, post, "cancel")

    async def press(self, who: Person, post: Message, action: str) -> None:
        await self._press(who, post, action)

    async def settings(self, who: Person, post: Message) -> str:
        pressed = await self.double.click(post, self._id(post, "settings"), user=self.person(who))
        return self._told(await self.double.wait_for_reply(pressed))

    async def report(self, who: Person, post: Message) -> str:
        opened = await self.double.menu("Report to admins", post, user=self.person(who))
        await self.double.wait_for_answer(opened)
        return self._told(await self.double.wait_for_reply(await self.double.submit(opened, reason="other")))

    async def decide(self, post: Message, decision: str) -> str:
        options = {"id": self._id(post, "delete").rpartition(":")[2], "decision": decision}
        admin = self.person(Person.ADMIN)
        asked = await self.double.slash("flipbook-admin reports decide", user=admin, options=options)
        return self._told(await self.double.wait_for_reply(asked))

    async def delete(self, who: Person, post: Message) -> str:
        opened = await self.double.click(post, self._id(post, "delete"), user=self.person(who))
        await self.double.wait_for_answer(opened)
        return self._told(await self.double.wait_for_reply(await self.double.submit(opened, sure=["yes"])))

    async def show(self, who: Person, job_id: JobId) -> str:
        asked = await self.double.slash("flipbook show", user=self.person(who), options={"id": job_id})
        return self._told(await self.double.wait_for_reply(asked))

    async def react(self, who: Person, post: Message) -> None:
        await self.double.react(post, user=self.person(who))

    async def set_limit(self, name: str, value: str) -> str:
        options = {"limit": name, "value": value}
        asked = await self.double.slash("flipbook-admin limits set", user=self.person(Person.ADMIN), options=options)
        return self._told(await self.double.wait_for_reply(asked))

    async def choose_when_told(self, who: Person, when: str) -> str:
        asked = await self.double.slash("flipbook notify", user=self.person(who), options={"when": when})
        return self._told(await self.double.wait_for_reply(asked))

    async def choose_default(self, who: Person, name: str, value: str) -> str:
        asked = await self.double.slash("flipbook defaults", user=self.person(who), options={name: int(value)})
        return self._told(await self.double.wait_for_reply(asked))

    async def history(self, who: Person) -> Message:
        return await self.double.wait_for_reply(await self.double.slash("flipbook history", user=self.person(who)))

    async def turn(self, who: Person, page: Message) -> None:
        custom_id = next(name for name in page.custom_ids if name.startswith("v1:history:older:"))
        await self.double.wait_for_reply(await self.double.click(page, custom_id, user=self.person(who)))

    def listed(self, page: Message) -> list[str]:
        return re.findall(r"`(#\d+)`", page.content)

    async def cover(self, who: Person, post: Message) -> bool:
        pressed = await self.double.click(post, self._id(post, "settings"), user=self.person(who))
        await self._press(who, await self.double.wait_for_reply(pressed), "spoiler")
        return True

    async def re_roll_from_elsewhere(self, who: Person, post: Message) -> None:
        await self.double.menu("Re-roll", post, user=self.person(who))

    def told_of(self, post: Message) -> list[str]:
        return [each.content for each in self.double.world.messages() if each.pinged and each.replies_to is post]

    async def open_form(self, who: Person, post: Message | None = None) -> Interaction:
        if post is None:
            opened = await self.double.slash("animate", user=self.person(who), **SMALL)
        else:
            custom_id = next(name for name in post.custom_ids if name.startswith("v1:edit:"))
            opened = await self.double.click(post, custom_id, user=self.person(who))
        await self.double.wait_for_answer(opened)
        return opened

    async def send_form(self, form: Interaction, prompt: str) -> None:
        await self.double.submit(form, prompt=prompt)

    async def export(self, who: Person) -> dict[str, Any]:
        copy = await self._press_labelled(who, await self._ask_about_privacy(who), "Get a copy of my data")
        (attachment,) = copy.attachments
        found: dict[str, Any] = json.loads(await self.double.download(attachment))
        return found

    async def forget(self, who: Person) -> str:
        question = await self._press_labelled(who, await self._ask_about_privacy(who), "Forget me")
        return self._told(await self._press_labelled(who, question, "Forget me"))

    async def _ask_about_privacy(self, who: Person) -> Message:
        asked = await self.double.slash("flipbook privacy", user=self.person(who))
        return await self.double.wait_for_reply(asked)

    async def _press_labelled(self, who: Person, post: Message, label: str) -> Message:
        buttons = [button for row in post.components for button in row["components"]]
        custom_id = next(each["custom_id"] for each in buttons if each["label"] == label)
        pressed = await self.double.click(post, custom_id, user=self.person(who))
        return await self.double.wait_for_reply(pressed)

    def posts(self) -> Sequence[Message]:
        public = [message for message in self.channel.messages.values() if not message.ephemeral]
        own = [message for message in public if message.author is self.double.people.bot]
        # a reply that tells somebody of a clip is no clip's message
        return [message for message in own if not message.loading and not message.pinged]

    def words(self, post: Message) -> str:
        return post.content

    def has_clip(self, post: Message) -> bool:
        return bool(post.files)

    async def clip_messages(self, shown: Message) -> list[ClipMessage]:
        return [await self._clip_message(message, shown) for message in self._with_clips()]

    def names_a_time(self, words: str) -> bool:
        return re.search(r"<t:\d+:R>", words) is not None

    @property
    def server(self) -> ServerRef:
        return server_ref(self.double.guilds.studio.id)

    def user(self, who: Person) -> UserRef:
        return user_ref(self.person(who).id)

    def message(self, post: Message) -> MessageRef:
        return message_ref(self.double.guilds.studio.id, post.channel.id, post.id)

    def _with_clips(self) -> list[Message]:
        # a copy of a member's data is a file too
        return [each for each in clips(self.double) if all(a.content_type == "video/mp4" for a in each.attachments)]

    async def _press(self, who: Person, post: Message, action: str) -> None:
        pressed = await self.double.click(post, self._id(post, action), user=self.person(who))
        await self.double.wait_for_reply(pressed)

    async def _clip_message(self, message: Message, shown: Message) -> ClipMessage:
        content = [await self.double.download(attachment) for attachment in message.attachments]
        return ClipMessage(message, self._where(message, shown), tuple(content))

    def _where(self, message: Message, shown: Message) -> Where:
        if message is shown:
            return Where.SAME_MESSAGE
        return Where.DIRECT if message.channel.recipient is not None else Where.NEW_MESSAGE

    @staticmethod
    def _id(post: Message, action: str) -> str:
        return next(name for name in post.custom_ids if name.startswith(f"v1:{action}:"))

    @staticmethod
    def _told(message: Message) -> str:
        assert message.ephemeral
        return message.content
