"""Judge of Slack traffic: schemas from Slack's own TypeScript types, lengths slack_sdk knows, the app manifest.

What is accepted although the schemas refuse it, and why:

1. Form bodies and queries carry numbers and booleans as strings.
2. `file_ids` of chat.update is an array in the type; slack_sdk joins it with commas.
3. `team_id` is added by Bolt to every call, `app_token` by slack_sdk; neither is in any argument type.
4. `alt_txt` of files.getUploadURLExternal is documented and sent by slack_sdk; the type says `alt_text`.
5. Objects of an answer whose type names no field at all (message metadata, view state) are closed in the
   generated schema, as if nothing could ever be in them: they are read as open.
6. The envelope of an event knows only `event.type`, so the inner event is judged under its own kind.
7. block_actions that come from a view carry no response_url, which the type requires.
8. The types of answers know no text inside a context block, which Slack gives back as it was sent: context blocks of an
   answer are left out (those of a request are judged).
"""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
from jsonschema import Draft7Validator, ValidationError, validators
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7
from slack_sdk.models import JsonObject
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from judges.lengths import too_long_for_slack
from judges.schemas import Schema, draft7

UNJUDGED_METHODS = frozenset({"conversations.members", "files.delete", "oauth.v2.access", "reactions.get", "team.info"})
"""Methods the double answers for which there is no schema."""

UNJUDGED_EVENTS = frozenset(
    {
        "app_uninstalled",
        "member_joined_channel",
        "message_changed",
        "message_deleted",
        "reaction_removed",
        "tokens_revoked",
        "url_verification",
    }
)
"""Deliveries of the double for which there is no schema; of events, the envelope is judged all the same."""

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
JSON_ARGUMENTS = ("blocks", "attachments", "files", "view", "metadata", "unfurls")
_MANIFEST = "https://raw.githubusercontent.com/slackapi/manifest-schema/v0.5.0/schemas/manifest.schema.{}.json"

_plain = Draft7Validator.TYPE_CHECKER
_form = (
    _plain.redefine(
        "number",
        lambda _, x: _plain.is_type(x, "number") or (isinstance(x, str) and x.replace(".", "", 1).isdigit()),
    )
    .redefine("integer", lambda _, x: _plain.is_type(x, "integer") or (isinstance(x, str) and x.isdigit()))
    .redefine("boolean", lambda _, x: isinstance(x, bool) or x in ("0", "1", "true", "false", "True", "False"))
)
_FormValidator = validators.extend(Draft7Validator, type_checker=_form)


def parse(content_type: str, query: str, body: bytes) -> dict[str, Any]:
    """The arguments of a Web API call, gathered from the query, a form and JSON, as Slack gathers them."""
    arguments: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if "json" in content_type:
        arguments.update(json.loads(body or b"{}"))
    elif "urlencoded" in content_type:
        arguments.update(parse_qsl(body.decode(), keep_blank_values=True))
    for name in JSON_ARGUMENTS:
        if isinstance(arguments.get(name), str):
            arguments[name] = _decoded(arguments[name])
    if isinstance(arguments.get("file_ids"), str):
        arguments["file_ids"] = arguments["file_ids"].split(",")
    return arguments


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text  # left as it came: the schema says what is wrong with it


class SlackJudge:
    """Every check gives a list of complaints; an empty list is a pass. `folder` holds the official descriptions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        methods = self._load("slack-web-api-methods.schema.json")
        self._arguments = {name: Schema(_FormValidator(each["arguments"])) for name, each in methods.items()}
        self._responses = {name: draft7(_opened(each["response"])) for name, each in methods.items()}
        self._blocks = draft7(self._load("slack-blocks.schema.json"))
        self._inbound = self._inbound_validators()
        self._manifest = self._manifest_schema()

    def judges(self, method: str) -> bool:
        """Whether a Web API method has a schema."""
        return method in self._arguments

    def judges_inbound(self, kind: str) -> bool:
        """Whether a kind of delivery has a schema."""
        return kind in self._inbound

    def check(self, method: str, content_type: str, query: str, body: bytes) -> tuple[dict[str, Any], list[str]]:
        """One Web API call as it travelled: its decoded arguments and the complaints."""
        arguments = parse(content_type, query, body)
        return arguments, self.check_arguments(method, arguments)

    def check_arguments(self, method: str, arguments: dict[str, Any]) -> list[str]:
        """The decoded arguments of one Web API call, its blocks and its view included."""
        if method not in self._arguments:
            return [] if method in UNJUDGED_METHODS else [f"{method}: no schema"]
        known = {name: value for name, value in arguments.items() if name not in ("app_token", "team_id")}
        if method == "files.getUploadURLExternal" and "alt_txt" in known:
            known["alt_text"] = known.pop("alt_txt")
        found = [f"{method} {each}" for each in complaints(self._arguments[method], known)]
        if isinstance(known.get("blocks"), list):
            found += [f"{method} blocks {each}" for each in self.check_blocks(known["blocks"])]
        if isinstance(known.get("view"), dict):
            found += [f"{method} view {each}" for each in self.check_view(known["view"])]
        return sorted(set(found))

    def check_response(self, method: str, body: object) -> list[str]:
        """One answer of a Web API method."""
        if method not in self._responses:
            return [] if method in UNJUDGED_METHODS else [f"{method} response: no schema"]
        found = complaints(self._responses[method], _as_sampled(body))
        return [f"{method} response {each}" for each in found]

    def check_blocks(self, blocks: list[Any], most: int = MESSAGE_BLOCKS) -> list[str]:
        """Blocks of a message (or of a view, with `most` = VIEW_BLOCKS): form, lengths and number."""
        found = complaints(self._blocks, blocks)
        if len(blocks) > most:
            found.append(f"{len(blocks)} blocks, at most {most} are allowed")
        found += [each for block in blocks for each in _lengths(block)]
        return found + too_long_for_slack(blocks)

    def check_view(self, view: dict[str, Any]) -> list[str]:
        """A modal or a Home tab: its blocks, and the lengths of title, buttons and metadata."""
        blocks = view.get("blocks")
        found = self.check_blocks(blocks, VIEW_BLOCKS) if isinstance(blocks, list) else []
        try:
            View(**{**view, "blocks": [{"type": "divider"}]}).validate_json()
        except Exception as refused:  # noqa: BLE001 the SDK raises its own error, TypeError and KeyError alike
            found.append(f"{view.get('type')}: {refused}"[:200])
        has_inputs = any(block.get("type") == "input" for block in blocks or [] if isinstance(block, dict))
        # neither the schema nor the SDK looks
        if view.get("type") == "modal" and has_inputs and "submit" not in view:
            found.append("modal: inputs without a submit button")
        return found

    def check_inbound(self, kind: str, payload: dict[str, Any]) -> list[str]:
        """What Slack delivers to the bot.

        Kinds: slash, block_actions, message_shortcut, global_shortcut, view_submission, view_closed, reaction_added,
        app_mention, message, file_shared, app_home_opened, envelope. An event is judged twice: its payload as
        `envelope`, and its `event` under its own kind.
        """
        if kind not in self._inbound:
            return [] if kind in UNJUDGED_EVENTS else [f"{kind}: no schema"]
        if kind == "envelope" and isinstance(payload.get("event"), dict):
            payload = {**payload, "event": {"type": payload["event"].get("type")}}
        if kind == "block_actions" and "view" in payload:
            payload = {"response_url": "", **payload}
        return [f"{kind} {each}" for each in complaints(self._inbound[kind], payload)]

    def check_manifest(self, manifest: dict[str, Any]) -> list[str]:
        """The app manifest as shipped."""
        return complaints(self._manifest, manifest)

    def _load(self, name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self._folder / name).read_text(encoding="utf-8"))
        return loaded

    def _inbound_validators(self) -> dict[str, Schema]:
        schema = self._load("slack-inbound-payloads.schema.json")
        shared = {"$schema": schema["$schema"], "definitions": schema["definitions"]}
        kinds = schema["definitions"]["Payloads"]["properties"]
        return {kind: draft7({**shared, **reference}) for kind, reference in kinds.items()}

    def _manifest_schema(self) -> Schema:
        versions = [
            (_MANIFEST.format(version), self._load(f"slack-manifest.schema.{version}.json"))
            for version in ("1.0.0", "2.0.0")
        ]
        resources = [(name, Resource.from_contents(each, default_specification=DRAFT7)) for name, each in versions]
        schema = self._load("slack-manifest.schema.json")
        slow = Draft7Validator(schema, registry=Registry().with_resources(resources))
        return Schema(slow, jsonschema_rs.Registry(versions))


@functools.cache
def slack_judge(folder: Path) -> SlackJudge:
    """The judge of a folder, loaded once for a whole test run."""
    return SlackJudge(folder)


def complaints(schema: Schema, instance: object) -> list[str]:
    """What a schema has against an instance, each as `path: message`."""
    return [
        f"{'/'.join(map(str, leaf.absolute_path))}: {leaf.message[:150]}"
        for error in schema.errors(instance)
        for leaf in _leaves(error)
    ]


def _leaves(error: ValidationError) -> list[ValidationError]:
    """A union explained by the branch whose `type` fits, else by the branch with the fewest errors."""
    if not error.context:
        return [error]
    branches: dict[Any, list[ValidationError]] = {}
    for sub in error.context:
        branches.setdefault(sub.schema_path[0], []).extend(_leaves(sub))
    best = min(branches.values(), key=lambda leaves: (_wrong_types(leaves), len(leaves)))
    if _wrong_types(best) and isinstance(error.instance, dict):
        return [_UnknownForm(f"no known form has the type {error.instance.get('type')!r}", path=error.absolute_path)]
    return best


def _wrong_types(leaves: list[ValidationError]) -> int:
    return sum(isinstance(leaf, _UnknownForm) or _names_type(leaf) for leaf in leaves)


def _names_type(leaf: ValidationError) -> bool:
    return leaf.validator in ("const", "enum") and list(leaf.absolute_path)[-1:] == ["type"]


class _UnknownForm(ValidationError):
    """An object whose `type` is that of no branch of a union."""


def _opened(schema: Any) -> Any:
    """The schema of an answer with its fieldless closed objects opened (tolerance 5)."""
    if isinstance(schema, list):
        return [_opened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema == {"type": "object", "additionalProperties": False}:
        return {"type": "object"}
    return {key: _opened(value) for key, value in schema.items()}


def _as_sampled(answer: Any) -> Any:
    """An answer without its context blocks (tolerance 8), and without what the samples of a view's inputs have not."""
    if isinstance(answer, list):
        return [_as_sampled(each) for each in answer if not _is_context_block(each)]
    if isinstance(answer, dict):
        unknown = _UNSAMPLED.get(str(answer.get("type")), frozenset())
        return {key: _as_sampled(value) for key, value in answer.items() if key not in unknown}
    return answer


_UNSAMPLED = {
    "number_input": frozenset({"is_decimal_allowed", "min_value", "max_value"}),
    "checkboxes": frozenset({"initial_options"}),
    "conversations_select": frozenset({"default_to_current_conversation", "filter"}),
}
"""What ``views.*`` echo of inputs and the schema of answers, made of samples, does not know; that of arguments does."""


def _is_context_block(thing: Any) -> bool:
    return isinstance(thing, dict) and thing.get("type") == "context" and "elements" in thing


def _lengths(block: Any) -> list[str]:
    try:
        for part in _parts(Block.parse(block)):
            part.validate_json()
    except Exception as refused:  # noqa: BLE001 the SDK raises its own error, TypeError and KeyError alike
        kind = block.get("type") if isinstance(block, dict) else type(block).__name__
        return [f"{kind}: {refused}"[:200]]
    return []


def _parts(thing: object) -> Iterator[JsonObject]:
    """A block and everything nested in it: the SDK's validate_json looks only at one level."""
    if isinstance(thing, JsonObject):
        yield thing
        for value in vars(thing).values():
            yield from _parts(value)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from _parts(value)
