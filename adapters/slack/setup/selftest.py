"""Tries everything that the bot does with messages at the real Slack, in one channel, and deletes
it again."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import SecretStr

from adapters.proxies import open_session
from adapters.slack.setup.selftest_calls import Json, SelftestCalls, optional
from adapters.slack.setup.selftest_cleanup import METADATA, SelftestCleanup
from generation.protocol.clock import Clock
from generation.selftest import CLIP_NAME, Selftest, SelftestTarget, StepFailed

BY_HAND: Final = (
    "/animate with a clip, and 🔁 under it, by button and by reaction, while `flipbook run` runs",
    "@Flipbook with a prompt, in a channel and in a thread",
    "/animate where the bot is not invited, and in a direct message between two people",
    "a private answer in a thread that nobody has written in yet",
    "how a clip looks on a phone, put in by an edit and shared anew (run this with --look 60)",
    "removing the app from the workspace, and installing it again, with a clip under way",
)
"""What no program can try from here."""
LOOKS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look: Slack lists a shared file late."""
_TIMEOUT_SECONDS: Final = 180.0
_CALL_SECONDS: Final = 30.0
_BETWEEN_POSTS: Final = 1.1
"""Slack takes about one message a second in a channel."""
_WORDS: Final = "Flipbook's self-test. It deletes this message again."
_REACTION: Final = "repeat"


async def selftest_slack(
    test: Selftest,
    target: SelftestTarget,
    clip: bytes,
    *,
    token: SecretStr,
    api_url: str,
    clock: Clock,
    proxy: str | None = None,
) -> None:
    """Post into the channel, edit, add the clip in every way, ask ``files.info`` whether it stands,
    react, delete. Opens no socket, so a running bot is not disturbed."""
    async with open_session(proxy, _CALL_SECONDS) as session:
        calls = SelftestCalls(token, api_url, session, clock)
        if await test.step("auth.test", calls.get("auth.test")) is not None:
            await _SlackTrial(test, calls, target, clip, clock).run()


@dataclass(frozen=True, slots=True)
class _Shared:
    """One way to share a file: where, and with what beside it."""

    what: str
    where: Json
    beside: Json
    alt_text: str | None = None


class _SlackTrial:
    """The steps in one channel, and what they have posted and uploaded."""

    def __init__(
        self,
        test: Selftest,
        calls: SelftestCalls,
        target: SelftestTarget,
        clip: bytes,
        clock: Clock,
    ) -> None:
        self._test = test
        self._calls = calls
        self._target = target
        self._clip = clip
        self._clock = clock
        self._cleanup = SelftestCleanup(test, calls, target.channel, clock.now().timestamp())

    async def run(self) -> None:
        """Every step, and then, whatever happened, the deletion."""
        see = self._test.step("conversations.info", self._see_channel())
        if await see is None:
            return
        async with self._test.deleting(self._cleanup.run):
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS + self._target.look_seconds):
                    await self._steps()
                    if self._cleanup.parent and self._target.look_seconds:
                        await self._clock.sleep(self._target.look_seconds)
            except TimeoutError:
                self._test.skip("the rest", f"it took longer than {_TIMEOUT_SECONDS:.0f} s")

    async def _see_channel(self) -> bool:
        found = (await self._calls.get("conversations.info", channel=self._target.channel))[
            "channel"
        ]
        is_inside = found.get("is_im") or found.get("is_mpim") or found.get("is_member")
        if found.get("is_archived"):
            raise StepFailed("the channel is archived")
        if not is_inside:
            raise StepFailed("the bot is not in the channel: /invite it there")
        return True

    async def _steps(self) -> None:
        ts = await self._test.step("chat.postMessage with a button", self._post())
        if ts is None:
            return
        await self._one_message(ts)
        await self._shares(ts)

    # One message, from its words to the clip --------------------------------------------

    async def _one_message(self, ts: str) -> None:
        step = self._test.step
        await step("find it by its metadata", optional(self._find(ts)))
        await step("chat.getPermalink", self._named("chat.getPermalink", message_ts=ts))
        await step("chat.update its words", self._edit(ts, "Edited."))
        await step(f"react with :{_REACTION}:", optional(self._react(ts)))
        file_id = await step("upload the clip, privately", self._uploaded())
        if file_id is None:
            return
        await step("files.info of the private clip", self._facts(file_id), str)
        if await step("chat.update with file_ids", self._put_into(ts, file_id), str) is not None:
            stands = self._stands(file_id, self._target.channel, ts)
            if await step("files.info: the clip stands in the message", stands, str) is not None:
                await step("edit it again without file_ids", self._edit_beside(ts, file_id), str)

    async def _post(self) -> str:
        answer = await self._calls.post(
            "chat.postMessage",
            channel=self._target.channel,
            metadata=METADATA,
            unfurl_links=False,
            unfurl_media=False,
            **_content(""),
        )
        self._cleanup.parent = str(answer["ts"])
        return self._cleanup.parent

    async def _find(self, ts: str) -> None:
        said = [
            each.get("metadata") or {}
            for each in await self._cleanup.newest()
            if each.get("ts") == ts
        ]
        if not said:
            raise StepFailed("Slack does not list it")
        if said[0].get("event_type") != METADATA["event_type"]:
            raise StepFailed("Slack lists it without its metadata")

    async def _named(self, method: str, **asked: Any) -> Json:
        return await self._calls.get(method, channel=self._target.channel, **asked)

    async def _edit(self, ts: str, more: str, **beside: Any) -> Json:
        sent = {"channel": self._target.channel, "ts": ts, **_content(more), **beside}
        return await self._calls.post("chat.update", **sent)

    async def _react(self, ts: str) -> None:
        at = {"channel": self._target.channel, "timestamp": ts}
        await self._calls.post("reactions.add", name=_REACTION, **at)
        message = (await self._calls.get("reactions.get", **at))["message"]
        if _REACTION not in [each.get("name") for each in message.get("reactions") or ()]:
            raise StepFailed("the message does not show it")

    async def _uploaded(self, alt_text: str | None = None) -> str:
        file_id = await self._sent_bytes(alt_text)
        await self._complete(file_id)
        return file_id

    async def _sent_bytes(self, alt_text: str | None) -> str:
        form: dict[str, Any] = {"filename": CLIP_NAME, "length": len(self._clip)}
        if alt_text is not None:
            form["alt_txt"] = alt_text
        announced = await self._calls.form("files.getUploadURLExternal", **form)
        await self._calls.bytes(str(announced["upload_url"]), self._clip)
        return str(announced["file_id"])

    async def _complete(self, file_id: str, **where: Any) -> None:
        # noted first: an answer that gets lost must leave nothing behind
        self._cleanup.files.append(file_id)
        if where:
            self._cleanup.shared.append(file_id)
        named = [{"id": file_id, "title": CLIP_NAME}]
        await self._calls.post("files.completeUploadExternal", files=named, **where)

    async def _facts(self, file_id: str) -> str:
        file = (await self._calls.get("files.info", file=file_id))["file"]
        kind = file.get("mimetype") or "no type yet"
        return f"{kind}, {file.get('size')} bytes, file_access {file.get('file_access')}"

    async def _put_into(self, ts: str, file_id: str) -> str:
        answer = await self._edit(ts, "With the clip.", file_ids=[file_id])
        files = (answer.get("message") or {}).get("files") or ()
        seen = [each.get("file_access", "no access said") for each in files if _is(each, file_id)]
        return f"the answer shows the file ({seen[0]})" if seen else "the answer shows no file"

    async def _edit_beside(self, ts: str, file_id: str) -> str:
        await self._edit(ts, "Edited again.")
        try:
            await self._stands(file_id, self._target.channel, ts)
        except StepFailed:
            return "the clip is gone after it"
        return "the clip stays"

    async def _stands(self, file_id: str, channel: str, ts: str | None) -> str:
        """Whether Slack lists the file in the channel, in that message where one is named."""
        for number, pause in enumerate(LOOKS, 1):
            await self._clock.sleep(pause)
            for shown_in, shown_ts in await self._cleanup.shares_of(file_id):
                if shown_in == channel and ts in (None, shown_ts):
                    return f"seen at look {number}"
        raise StepFailed(f"never seen in {len(LOOKS)} looks, {sum(LOOKS):g} s")

    # The other ways ---------------------------------------------------------------------

    async def _shares(self, ts: str) -> None:
        here = {"channel_id": self._target.channel}
        thread, words = here | {"thread_ts": ts}, {"initial_comment": _WORDS}
        blocks = {"blocks": _content("")["blocks"]}
        ways = [
            _Shared("share the clip in the thread", thread, words),
            _Shared("share it in the channel, with blocks", here, blocks),
            _Shared("share it with alt_txt", thread, words, alt_text="A light moves"),
        ]
        for way in ways:
            await self._shared(way, self._target.channel)
        if self._target.member is None:
            self._test.skip("share it in a direct message", "name a member with --member")
            return
        await self._test.step("views.publish the Home tab", self._publish(self._target.member), str)
        opened = self._calls.post("conversations.open", users=self._target.member)
        direct = await self._test.step("conversations.open", opened)
        if direct is not None:
            channel = str(direct["channel"]["id"])
            where = {"channel_id": channel}
            what = "share it in a direct message"
            await self._shared(_Shared(what, where, words), channel)

    async def _publish(self, member: str) -> str:
        """The bot publishes the member's own one in its place as soon as they open it."""
        view = {"type": "home", "blocks": _content("")["blocks"][:1]}
        await self._calls.post("views.publish", user_id=member, view=view)
        return "it is built anew when the member opens it"

    async def _shared(self, way: _Shared, channel: str) -> None:
        file_id = await self._test.step(way.what, self._share(way))
        if file_id is not None:
            stands = self._stands(file_id, channel, None)
            act = stands if way.alt_text is None else _known_to_fail(stands)
            await self._test.step("files.info: the clip stands there", act, str)

    async def _share(self, way: _Shared) -> str:
        await self._clock.sleep(_BETWEEN_POSTS)
        file_id = await self._sent_bytes(way.alt_text)
        await self._complete(file_id, **way.where, **way.beside)
        return file_id


async def _known_to_fail(stands: Awaitable[str]) -> str:
    """A way that Flipbook does not use, because Slack is known to drop files that come so."""
    try:
        return await stands
    except StepFailed as error:
        return f"{error}; Flipbook sends no alt_txt, because of that"


def _is(file: Json, file_id: str) -> bool:
    return str(file.get("id")) == file_id


def _content(more: str) -> dict[str, Any]:
    text = f"{_WORDS} {more}".strip()
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "🔁 Self-test", "emoji": True},
        "action_id": "selftest",
        "value": "selftest",
    }
    return {
        "text": text,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
            {"type": "actions", "elements": [button]},
        ],
    }
