"""Response URLs: answers to one command or click, five times within thirty minutes."""

from __future__ import annotations

import json

from aiohttp import web

from doubles.slack.inbound import answers
from doubles.slack.platform import Platform
from doubles.slack.state import posting
from doubles.slack.state.workspaces import Json, ResponseUrl

MOST_USES = 5
LIFE_SECONDS = 1_800.0


def issue(platform: Platform, team: str, user: str, channel: str, message_ts: str | None = None) -> str:
    """A fresh response URL; `message_ts` is of the message whose button was pressed."""
    url = ResponseUrl(platform.world.next_id("r"), team, user, channel, platform.clock.now(), message_ts)
    platform.world.response_urls[url.id] = url
    return f"{platform.url}/response/{url.id}"


class ResponseUrls:
    """Takes what the bot posts to response URLs."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One POST."""
        body = await request.read()
        refused = self._refusal(request)
        if refused is None:
            content = json.loads(body)
            self._act(self._platform.world.response_urls[request.match_info["id"]], content)
            answer = web.Response(text="ok")
        else:
            answer = web.json_response({"ok": False, "error": refused}, status=404)
            content = body.decode(errors="replace")
        self._platform.journal.note("response_url", request.path, content, answer.text, answer.status)
        return answer

    def _refusal(self, request: web.Request) -> str | None:
        url = self._platform.world.response_urls.get(request.match_info["id"])
        if url is None or request.method != "POST":
            self._platform.journal.violate(f"{request.method} {request.path}: no such response URL")
            return "invalid_url"
        url.uses += 1
        if url.uses > MOST_USES:
            self._platform.journal.violate(f"a response URL was used {url.uses} times")
            return "used_url"
        if self._platform.clock.now() - url.issued_at > LIFE_SECONDS:
            self._platform.journal.violate("a response URL was used after thirty minutes")
            return "expired_url"
        return None

    def _act(self, url: ResponseUrl, content: Json) -> None:
        workspace = self._platform.world.workspaces[url.team]
        original = workspace.message(url.channel, url.message_ts) if url.message_ts else None
        where = "a response URL"
        if original and content.get("delete_original"):
            posting.remove(self._platform, original)
        elif original and content.get("replace_original"):
            answers.replace(self._platform, original, content, where=where)
        else:
            answers.say(self._platform, workspace, url.channel, url.user, content, where=where)
