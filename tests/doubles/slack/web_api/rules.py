"""What Slack asks of the words and blocks of a message beyond their form."""

import re
from collections.abc import Iterator
from typing import Any

from doubles.slack.state.workspaces import Json
from doubles.slack.web_api.calls import Refusal

TEXT_LIMIT, SECTION_LIMIT, BLOCK_LIMIT = 40_000, 3_000, 50
_BROADCAST = re.compile(r"<!(channel|here|everyone|subteam\^\w+)(\|[^>]*)?>")


def refuse_unpostable(content: Json) -> None:
    """Refuse a message without words, or with too many."""
    if not any(content.get(name) for name in ("text", "blocks", "attachments", "markdown_text")):
        raise Refusal("no_text")
    if len(str(content.get("text") or "")) > TEXT_LIMIT:
        raise Refusal("msg_too_long")
    refuse_wrong_blocks(content.get("blocks"))


def refuse_wrong_blocks(blocks: Any) -> None:
    """Refuse blocks that are too many or too long; what else is wrong with them, the judge knows."""
    if blocks in (None, ""):
        return
    if not isinstance(blocks, list) or not all(isinstance(each, dict) for each in blocks):
        raise Refusal("invalid_blocks_format")
    if len(blocks) > BLOCK_LIMIT or any(len(each) > SECTION_LIMIT for each in _section_texts(blocks)):
        raise Refusal("invalid_blocks")
    refuse_doubled_actions(blocks)


def refuse_doubled_actions(blocks: list[Json]) -> None:
    """Refuse a block in which two elements have one action_id: Slack shows nothing of it."""
    for block in blocks:
        ids = [
            each["action_id"] for each in block.get("elements") or [] if isinstance(each, dict) and "action_id" in each
        ]
        if len(set(ids)) < len(ids):
            raise Refusal("invalid_blocks")


def loud(content: Json) -> list[str]:
    """Complaints about a message that would notify a whole channel: a prompt's words must be escaped."""
    found = [f"the unescaped broadcast {each}" for each in sorted(_broadcasts(content))]
    if content.get("link_names") in (True, 1, "1", "true"):
        found.append("link_names turns words into mentions")
    if content.get("parse") == "full":
        found.append("parse=full turns words into mentions")
    return found


def _broadcasts(content: Json) -> set[str]:
    words = [str(content.get("text") or ""), *_marked(content.get("blocks")), *_marked(content.get("attachments"))]
    return {each.group() for text in words for each in _BROADCAST.finditer(text)}


def _marked(thing: Any) -> Iterator[str]:
    """Every text in blocks or attachments in which markup works."""
    if isinstance(thing, list):
        for each in thing:
            yield from _marked(each)
    elif isinstance(thing, dict):
        if thing.get("type") == "broadcast":
            yield f"<!{thing.get('range')}>"
        if isinstance(thing.get("text"), str) and thing.get("type") != "plain_text":
            yield thing["text"]
        for value in thing.values():
            yield from _marked(value)


def _section_texts(blocks: list[Json]) -> Iterator[str]:
    for block in blocks:
        if block.get("type") == "section" and isinstance(block.get("text"), dict):
            yield str(block["text"].get("text", ""))
