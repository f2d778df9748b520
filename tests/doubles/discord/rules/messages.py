"""What a message must keep to that the official description does not say (lengths, layouts, mentions, intervals)."""

import re
from collections import Counter

from doubles.discord.rules.refusals import Refusal, form_refusal
from doubles.discord.state.messages import Edit, Json, walk_components

MAX_CONTENT = 2000
MAX_EMBEDS_TOTAL = 6000
MAX_ROWS = 5
MAX_COMPONENTS_V2 = 40
ROW, BUTTON, LINK_STYLE = 1, 2, 5
LAYOUT_TYPES = frozenset({9, 10, 11, 12, 13, 14, 17})
"""Component types that need the Components V2 flag."""
EVERYONE = re.compile(r"@(everyone|here)\b")
USER = re.compile(r"<@!?(\d+)>")


def check_text(content: str, embeds: list[Json]) -> None:
    """Lengths of content and of all embeds together."""
    if len(content) > MAX_CONTENT:
        raise form_refusal(f"content of {len(content)} characters; {MAX_CONTENT} are allowed")
    total = sum(embed_length(embed) for embed in embeds)
    if total > MAX_EMBEDS_TOTAL:
        raise form_refusal(f"embeds of {total} characters in total; {MAX_EMBEDS_TOTAL} are allowed")


def embed_length(embed: Json) -> int:
    """The characters of an embed that count towards the limit."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [embed.get("footer", {}).get("text"), embed.get("author", {}).get("name")]
    for field in embed.get("fields", []):
        texts += [field["name"], field["value"]]
    return sum(len(text) for text in texts if text)


def check_components(components: list[Json], *, v2: bool, filenames: list[str]) -> None:
    """Rows, counts, unique custom ids; in the second layout also that every file is shown."""
    everything = list(walk_components(components))
    repeated = [name for name, n in Counter(_custom_ids(everything)).items() if n > 1]
    if repeated:
        raise form_refusal(f"custom_id {repeated} is not unique in the message")
    for component in everything:
        _check_component(component)
    if v2:
        _check_layout(components, everything, filenames)
    else:
        _check_rows(components, everything)


def check_v2(*, v2: bool, content: str, embeds: list[Json]) -> None:
    """A message of the second layout carries neither content nor embeds."""
    if v2 and (content or embeds):
        raise form_refusal("the Components V2 flag together with content or embeds")


def check_not_empty(*, content: str, embeds: list[Json], files: int, layout: bool) -> None:
    """A message must show something; a row of buttons alone is not enough."""
    if not (content or embeds or files or layout):
        raise Refusal(50006, violation="an empty message")


def pings_everyone(content: str, allowed_mentions: Json | None, *, may: bool) -> bool:
    """Whether @everyone in this content would notify everyone."""
    wanted = allowed_mentions is None or "everyone" in (allowed_mentions.get("parse") or [])
    return wanted and may and EVERYONE.search(content) is not None


def pinged_ids(content: str, allowed_mentions: Json | None) -> frozenset[str]:
    """The ids of the users whom a message with this content notifies."""
    named = frozenset(USER.findall(content))
    if allowed_mentions is None or "users" in (allowed_mentions.get("parse") or []):
        return named
    return named & frozenset(map(str, allowed_mentions.get("users") or []))


def mention_violation(content: str, allowed_mentions: Json | None) -> str | None:
    """Members' text may hold @everyone; the message must then switch the mention off."""
    if not EVERYONE.search(content):
        return None
    if allowed_mentions is None:
        return "content holds @everyone or @here, and allowed_mentions is missing"
    if "everyone" in (allowed_mentions.get("parse") or []):
        return "content holds @everyone or @here, and allowed_mentions lets it ping"
    return None


def interval_violation(edits: list[Edit], seconds: float | None) -> str | None:
    """Progress edits of one message closer together than `seconds`.

    The newest edit is not judged yet: it may be the end state, which need not wait. Nor is one with files.
    """
    if seconds is None or len(edits) < 3:
        return None
    earlier, judged = edits[-3], edits[-2]
    if judged.with_files or earlier.with_files or judged.at - earlier.at >= seconds:
        return None
    return f"progress edits {judged.at - earlier.at:.2f} s apart on one message; {seconds:g} s is the least"


def _custom_ids(components: list[Json]) -> list[str]:
    return [component["custom_id"] for component in components if "custom_id" in component]


def _check_component(component: Json) -> None:
    if component.get("type") != BUTTON:
        return
    is_link = component.get("style") == LINK_STYLE
    if is_link and ("custom_id" in component or not component.get("url")):
        raise form_refusal("a link button needs a url and no custom_id")
    if not is_link and not component.get("custom_id"):
        raise form_refusal("a button without custom_id")
    if not (component.get("label") or component.get("emoji")):
        raise form_refusal("a button with neither label nor emoji")


def _check_rows(components: list[Json], everything: list[Json]) -> None:
    if any(component["type"] in LAYOUT_TYPES for component in everything):
        raise form_refusal("layout components without the Components V2 flag")
    if any(component["type"] != ROW for component in components):
        raise form_refusal("components outside an action row")
    if len(components) > MAX_ROWS:
        raise form_refusal(f"{len(components)} action rows; {MAX_ROWS} are allowed")


def _check_layout(components: list[Json], everything: list[Json], filenames: list[str]) -> None:
    if len(everything) > MAX_COMPONENTS_V2:
        raise form_refusal(f"{len(everything)} components; {MAX_COMPONENTS_V2} are allowed")
    text = repr(components)
    hidden = [name for name in filenames if f"attachment://{name}" not in text]
    if hidden:
        raise form_refusal(f"files {hidden} are shown by no component of the layout")
