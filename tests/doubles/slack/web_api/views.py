"""views.*: modals, which need a fresh trigger, and Home tabs, which do not."""

from doubles.slack.faults import TriggerExpired
from doubles.slack.state import render
from doubles.slack.state.workspaces import Json, OpenView
from doubles.slack.web_api import rules
from doubles.slack.web_api.calls import Call, Refusal, method

TRIGGER_SECONDS = 3.0
VIEW_BLOCK_LIMIT = 100


@method("views.open")
def open_modal(call: Call) -> Json:
    """Show a modal to the person who caused the trigger."""
    user = _spend_trigger(call)
    view_id = call.platform.world.next_id("V")
    view = OpenView(view_id, call.platform.world.next_id("h"), call.workspace.team, user, _body(call), view_id)
    call.workspace.views[view.id] = view
    return _shown(call, view)


@method("views.update")
def update(call: Call) -> Json:
    """Replace what a view shows."""
    view = _named(call)
    if call.given("hash") not in (None, view.hash):
        raise Refusal("hash_conflict")
    view.body, view.hash = _body(call), call.platform.world.next_id("h")
    return _shown(call, view)


@method("views.publish")
def publish(call: Call) -> Json:
    """Set a person's Home tab."""
    user, body = call.text("user_id"), _body(call)
    if user not in call.workspace.users:
        raise Refusal("user_not_found")
    if body["type"] != "home":
        raise Refusal("invalid_arguments")
    existing = call.workspace.homes.get(user)
    if existing and call.given("hash") not in (None, existing.hash):
        raise Refusal("hash_conflict")
    view_id = existing.id if existing else call.platform.world.next_id("V")
    view = OpenView(view_id, call.platform.world.next_id("h"), call.workspace.team, user, body, view_id)
    call.workspace.homes[user] = call.workspace.views[view_id] = view
    return _shown(call, view)


def _spend_trigger(call: Call) -> str:
    """Use a trigger up; returns its member."""
    if call.platform.faults.take(TriggerExpired):
        raise Refusal("expired_trigger_id")
    trigger = call.platform.world.triggers.get(call.text("trigger_id"))
    if trigger is None or trigger.team != call.workspace.team:
        call.violate("a trigger_id that was never given out")
        raise Refusal("invalid_trigger_id")
    if trigger.used:
        call.violate("a trigger_id works once")
        raise Refusal("exchanged_trigger_id")
    age = call.platform.clock.now() - trigger.issued_at
    if age > TRIGGER_SECONDS:
        call.violate(f"a trigger_id lives 3 s, this one was {age:.1f} s old")
        raise Refusal("expired_trigger_id")
    trigger.used = True
    return trigger.user


def _named(call: Call) -> OpenView:
    wanted = call.given("view_id")
    found = call.workspace.views.get(wanted) if wanted else None
    if found is None and call.given("external_id"):
        views = call.workspace.views.values()
        found = next((each for each in views if each.body.get("external_id") == call.given("external_id")), None)
    if found is None or not found.is_open:
        raise Refusal("not_found")
    return found


def _body(call: Call) -> Json:
    body = call.arguments.get("view")
    if not isinstance(body, dict) or body.get("type") not in ("modal", "home"):
        raise Refusal("invalid_arguments")
    blocks = body.get("blocks") or []
    if len(blocks) > VIEW_BLOCK_LIMIT:
        raise Refusal("invalid_blocks")
    rules.refuse_doubled_actions(blocks)
    for complaint in rules.loud({"blocks": blocks}):
        call.violate(complaint)
    return body


def _shown(call: Call, view: OpenView) -> Json:
    call.platform.changes.announce()
    return {"view": render.view_object(view, call.workspace)}
