"""What the bot says in an acknowledgement or at a response URL, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.state import posting
from doubles.slack.state.workspaces import Json, Message, OpenView, Workspace
from doubles.slack.web_api import rules
from doubles.slack.web_api.calls import Refusal

if TYPE_CHECKING:
    from doubles.slack.platform import Platform


def take(platform: Platform, delivery: Delivery, payload: Any) -> None:
    """Act on the payload of an acknowledgement."""
    workspace = platform.world.workspaces[delivery.team]
    if delivery.kind == "view_submission":
        _after_submission(platform, workspace, delivery.payload["view"]["id"], payload or {})
    elif not payload:
        return
    elif delivery.kind == "slash":
        content = payload if isinstance(payload, dict) else {"text": str(payload)}
        told = delivery.payload
        say(platform, workspace, told["channel_id"], told["user_id"], content, where="the ack of a command")
    elif delivery.kind != "url_verification":
        platform.journal.violate(f"{delivery.kind}: the acknowledgement takes no payload, got {payload!r:.80}")


def say(
    platform: Platform, workspace: Workspace, channel_id: str, user: str, content: Json, *, where: str
) -> Message | None:
    """Post what the bot answers: for that user alone, or for the channel when it says so."""
    if not _is_fit(platform, content, where):
        return None
    return posting.post(
        platform,
        workspace,
        workspace.channels[channel_id],
        workspace.bot_user,
        text=str(content.get("text") or ""),
        blocks=list(content.get("blocks") or []),
        attachments=list(content.get("attachments") or []),
        ephemeral_for=None if content.get("response_type") == "in_channel" else user,
    )


def replace(platform: Platform, message: Message, content: Json, *, where: str) -> None:
    """Replace the message that the bot answers with its answer."""
    if _is_fit(platform, content, where):
        changes = {"text": str(content.get("text") or ""), "blocks": list(content.get("blocks") or [])}
        posting.edit(platform, message, changes)


def _is_fit(platform: Platform, content: Json, where: str) -> bool:
    found = rules.loud(content)
    if content.get("blocks"):
        found += platform.journal.judge_blocks(where, content["blocks"])
    try:
        rules.refuse_unpostable(content)
    except Refusal as refusal:
        found.append(refusal.error)
    for complaint in found:
        platform.journal.violate(f"{where}: {complaint}")
    return not found


def _after_submission(platform: Platform, workspace: Workspace, view_id: str, payload: Json) -> None:
    view = workspace.views[view_id]
    action = payload.get("response_action")
    if action == "errors":
        view.errors = dict(payload.get("errors") or {})
        inputs = {block.get("block_id") for block in view.body.get("blocks", []) if block["type"] == "input"}
        for name in view.errors.keys() - inputs:
            platform.journal.violate(f"view_submission: an error at {name!r}, which is no input of the view")
        if not view.errors or not all(view.errors.values()):
            platform.journal.violate("view_submission: errors without a text")
        return
    view.errors = {}
    if action in ("update", "push"):
        _show(platform, workspace, view, payload["view"], pushed=action == "push")
    elif action == "clear":
        for each in workspace.views.values():
            each.is_open = each.is_open and each.root_id != view.root_id
    elif action is None:
        view.is_open = False
    else:
        platform.journal.violate(f"view_submission: unknown response_action {action!r}")


def _show(platform: Platform, workspace: Workspace, view: OpenView, body: Json, *, pushed: bool) -> None:
    platform.journal.judge_view("the ack of a submission", body)
    if not pushed:
        view.body, view.hash = body, platform.world.next_id("h")
        return
    fresh = OpenView(
        id=platform.world.next_id("V"),
        hash=platform.world.next_id("h"),
        team=view.team,
        user=view.user,
        body=body,
        root_id=view.root_id,
        previous_id=view.id,
    )
    workspace.views[fresh.id] = fresh
