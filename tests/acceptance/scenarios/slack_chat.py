"""The scenario's words on the Slack double."""

import json
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from acceptance.scenarios.chat import STEPS, ClipMessage, Person, Where
from core_running import PROMPT
from doubles.slack.faults import Fault
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import File, Message, OpenView
from doubles.slack.world import ADMIN, GENERAL, MIRA, NOAH, OWNER
from generation.domain.job import JobId
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from slack_bot import Bot, clips, public, running_bot, words

SMALL = f"--size 64x64 --frames 2 --steps {STEPS}"
_PEOPLE = {Person.MEMBER: MIRA, Person.OTHER: NOAH, Person.THIRD: OWNER, Person.ADMIN: ADMIN}


class SlackScenario:
    """A :class:`acceptance.scenarios.chat.Chat`."""

    platform = Platform.SLACK
    channel = GENERAL
    """Where everything happens."""

    def __init__(self, double: SlackDouble) -> None:
        self.double = double

    def running(self, folder: Path, *, kill: bool, **options: Any) -> AbstractAsyncContextManager[Bot]:
        return running_bot(self.double, folder, kill=kill, **options)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.double.clock.now(), UTC)

    def pass_time(self, seconds: float) -> None:
        if all(each.settled for delivery in self.double.deliveries for each in delivery.attempts):
            self.double.clock.advance(seconds)

    def clear_faults(self) -> None:
        self.double.heal(Fault)

    async def request_clip(self, who: Person) -> None:
        await self.double.slash("/animate", f"{PROMPT} {SMALL}", user=_PEOPLE[who])

    async def request_private_clip(self, who: Person) -> None:
        await self.double.slash("/animate", f"{PROMPT} {SMALL} --private", user=_PEOPLE[who])

    def private_posts(self, who: Person) -> Sequence[Message]:
        alone = self.double.home.dm_with(_PEOPLE[who])
        said = [] if alone is None else self.double.home.messages_in(alone.id)
        return [each for each in said if each.bot_id and any(block["type"] == "actions" for block in each.blocks)]

    async def queue(self, who: Person) -> str:
        return await self._told(await self.double.slash("/flipbook", "queue", user=_PEOPLE[who]))

    async def request_refused(self, who: Person) -> str:
        return await self._told(await self.double.slash("/animate", f"{PROMPT} {SMALL}", user=_PEOPLE[who]))

    async def press_reroll(self, who: Person, post: Message) -> None:
        await self.double.click(post, "v1:reroll", user=_PEOPLE[who])

    async def press_cancel(self, who: Person, post: Message) -> None:
        await self.double.click(post, "v1:cancel", user=_PEOPLE[who])

    async def press(self, who: Person, post: Message, action: str) -> None:
        await self.double.click(post, f"v1:{action}", user=_PEOPLE[who])

    async def settings(self, who: Person, post: Message) -> str:
        return await self._told(await self.double.click(post, "v1:settings", user=_PEOPLE[who]))

    async def report(self, who: Person, post: Message) -> str:
        await self.double.message_shortcut("v1:report", post, user=_PEOPLE[who])
        view = await self.double.wait_for(lambda: next((v for v in self.double.home.views.values() if v.is_open), None))
        return await self._told(await self.double.submit(view, {"reason": "other"}))

    async def decide(self, post: Message, decision: str) -> str:
        job_id = _buttons_of(post).removeprefix("job:")
        return await self._told(await self.double.slash("/flipbook", f"admin reports {decision} {job_id}", user=ADMIN))

    async def delete(self, who: Person, post: Message) -> str:
        return await self._told(await self.double.click(post, "v1:delete", user=_PEOPLE[who]))

    async def show(self, who: Person, job_id: JobId) -> str:
        return await self._told(await self.double.slash("/flipbook", f"show {job_id}", user=_PEOPLE[who]))

    async def react(self, who: Person, post: Message) -> None:
        await self.double.react(post.channel, post.ts, "repeat", user=_PEOPLE[who])

    async def set_limit(self, name: str, value: str) -> str:
        return await self._told(await self.double.slash("/flipbook", f"admin limits set {name} {value}", user=ADMIN))

    async def choose_when_told(self, who: Person, when: str) -> str:
        return await self._told(await self.double.slash("/flipbook", f"notify {when}", user=_PEOPLE[who]))

    async def choose_default(self, who: Person, name: str, value: str) -> str:
        return await self._told(await self.double.slash("/flipbook", f"defaults {name} {value}", user=_PEOPLE[who]))

    async def history(self, who: Person) -> Message:
        return await self._answer(await self.double.slash("/flipbook", "history", user=_PEOPLE[who]))

    async def turn(self, who: Person, page: Message) -> None:
        before = page.text
        await self.double.click(page, "v1:history:older", user=_PEOPLE[who])
        await self.double.wait_for(lambda: page.text != before)

    def listed(self, page: Message) -> list[str]:
        return re.findall(r"`(#\d+)`", page.text)

    async def cover(self, who: Person, post: Message) -> bool:
        return False

    async def re_roll_from_elsewhere(self, who: Person, post: Message) -> None:
        user, block = _PEOPLE[who], _buttons_of(post)
        homes = self.double.home.homes
        await self.double.open_home(user=user)
        await self.double.wait_for(lambda: user in homes and block in _blocks_of(homes[user]))
        job_id = block.removeprefix("job:")
        await self.double.click(homes[user], "v1:reroll", user=user, value=job_id)

    def told_of(self, post: Message) -> list[str]:
        said = self.double.state().bot_messages()
        return [each.text for each in said if each.thread_ts == post.ts and each.text.startswith("<@")]

    async def open_form(self, who: Person, post: Message | None = None) -> OpenView:
        known = set(self.double.home.views)
        if post is None:
            await self.double.slash("/animate", "", user=_PEOPLE[who])
        else:
            await self.double.click(post, "v1:edit", user=_PEOPLE[who])

        def ready() -> OpenView | None:
            fresh = (view for view_id, view in self.double.home.views.items() if view_id not in known)
            return next((view for view in fresh if "submit" in view.body), None)

        opened = await self.double.wait_for(ready)
        assert isinstance(opened, OpenView)
        return opened

    async def send_form(self, form: OpenView, prompt: str) -> None:
        short = {"num_frames": "2", "num_inference_steps": str(STEPS)}
        await self.double.submit(form, {"prompt": prompt, **short})

    async def export(self, who: Person) -> dict[str, Any]:
        known = len(self._copies())
        told = await self._told(await self.double.slash("/flipbook", "privacy export", user=_PEOPLE[who]))
        assert told.startswith("A copy of your data is on its way")
        await self.double.wait_for(lambda: len(self._copies()) > known)
        found: dict[str, Any] = json.loads(self._copies()[-1].content)
        return found

    def _with_clips(self) -> list[Message]:
        copies = {each.id for each in self._copies()}
        return [each for each in clips(self.double) if copies.isdisjoint(each.file_ids)]

    def _copies(self) -> list[File]:
        files = self.double.home.files.values()
        return [each for each in files if each.name == "flipbook-my-data.json" and each.completed]

    async def forget(self, who: Person) -> str:
        act = await self.double.slash("/flipbook", "privacy forget", user=_PEOPLE[who])
        since = act.attempts[0].sent_at
        question = await self.double.wait_for_message(lambda each: each.ephemeral_for and float(each.ts) >= since)
        return await self._told(await self.double.click(question, "v1:forget", user=_PEOPLE[who]))

    def posts(self) -> Sequence[Message]:
        # a reply that tells somebody of a clip is no clip's message
        return [each for each in public(self.double) if not each.text.startswith("<@")]

    def words(self, post: Message) -> str:
        return f"{post.text}\n{words(post)}"

    def has_clip(self, post: Message) -> bool:
        return bool(post.file_ids)

    async def clip_messages(self, shown: Message) -> list[ClipMessage]:
        return [await self._clip_message(message, shown) for message in self._with_clips()]

    def names_a_time(self, words: str) -> bool:
        return re.search(r"about \d+ (s|min|h) left|<!date\^\d+\^", words) is not None

    @property
    def server(self) -> ServerRef:
        return ServerRef(Platform.SLACK, self.double.home.team)

    def user(self, who: Person) -> UserRef:
        return UserRef(Platform.SLACK, _PEOPLE[who])

    def message(self, post: Message) -> MessageRef:
        return MessageRef(ChannelRef(self.server, post.channel, post.thread_ts), post.ts)

    async def _told(self, act: Delivery) -> str:
        return (await self._answer(act)).text

    async def _answer(self, act: Delivery) -> Message:
        """The answer for the eyes of who asked, with the acknowledgement or after it."""
        since = act.attempts[0].sent_at
        return await self.double.wait_for_message(lambda each: each.ephemeral_for and float(each.ts) >= since)

    async def _clip_message(self, message: Message, shown: Message) -> ClipMessage:
        content = [await self._download(file_id) for file_id in message.file_ids]
        return ClipMessage(message, self._where(message, shown), tuple(content))

    async def _download(self, file_id: str) -> bytes:
        headers = {"Authorization": f"Bearer {self.double.home.tokens.bot}"}
        async with (
            aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
            session.get(self.double.file_url(file_id)) as response,
        ):
            return await response.read()

    def _where(self, message: Message, shown: Message) -> Where:
        if message is shown:
            return Where.SAME_MESSAGE
        if message.channel != shown.channel:
            return Where.DIRECT
        return Where.THREAD if message.thread_ts == shown.ts else Where.NEW_MESSAGE


def _buttons_of(post: Message) -> str:
    """The id of the block with a clip's buttons."""
    return next(str(block["block_id"]) for block in post.blocks if block["type"] == "actions")


def _blocks_of(view: OpenView) -> list[str]:
    return [block["block_id"] for block in view.body["blocks"] if "block_id" in block]
