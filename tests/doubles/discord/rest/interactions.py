"""Routes for interactions: the first response, and everything that the token allows afterwards."""

from doubles.discord.backstage import Backstage
from doubles.discord.rest.call import Answer, Call
from doubles.discord.rest.messages import require_young
from doubles.discord.rest.routing import Route, Routes
from doubles.discord.rules.access import require, require_open
from doubles.discord.rules.modals import modal_violations
from doubles.discord.rules.refusals import Refusal, form_refusal
from doubles.discord.state.interactions import (
    FIRST_RESPONSE_SECONDS,
    TOKEN_SECONDS,
    Callback,
    Interaction,
    InteractionKind,
)
from doubles.discord.state.messages import Json, Message, MessageFlag
from doubles.discord.state.permissions import Permission

ROUTES: list[Route] = []
route = Routes(ROUTES)

SLASH_ANSWER, MENU_ANSWER = 20, 23
MOST_CHOICES, MOST_OF_A_CHOICE = 25, 100
ALLOWED = {
    InteractionKind.COMMAND: {Callback.MESSAGE, Callback.DEFERRED_MESSAGE, Callback.MODAL},
    InteractionKind.COMPONENT: set(Callback) - {Callback.CHOICES},
    InteractionKind.AUTOCOMPLETE: {Callback.CHOICES},
    InteractionKind.MODAL: {Callback.MESSAGE, Callback.DEFERRED_MESSAGE, Callback.DEFERRED_UPDATE, Callback.UPDATE},
}


@route("POST", "/interactions/{id}/{token}/callback", needs_token=False, bucket=None)
def respond(stage: Backstage, call: Call) -> Answer:
    """The first response: exactly one, within 3 seconds."""
    interaction = _awaiting(stage, call)
    body = call.fields
    callback = Callback(body["type"]) if body.get("type") in set(Callback) else None
    if callback is None or callback not in ALLOWED[interaction.kind]:
        raise form_refusal(f"callback type {body.get('type')} to an interaction of kind {interaction.kind.name}")
    _PERFORM[callback](stage, interaction, body.get("data") or {}, call)
    interaction.answered_with = callback
    if call.query.get("with_response", "").lower() not in {"1", "true"}:
        return Answer(204)
    return Answer(200, _callback_payload(stage, interaction))


@route("GET", "/webhooks/{app}/{token}/messages/{message}", needs_token=False, bucket="token", major="token")
def read_answer(stage: Backstage, call: Call) -> Answer:
    """A message of this interaction; `@original` is the first response."""
    _, message = _own_message(stage, call)
    return Answer(200, stage.wire.rest(message))


@route("PATCH", "/webhooks/{app}/{token}/messages/{message}", needs_token=False, bucket="token", major="token")
def edit_answer(stage: Backstage, call: Call) -> Answer:
    """Edit a message of this interaction; a deferred response is filled in by this."""
    interaction, message = _own_message(stage, call)
    _require_uploads(stage, interaction, call)
    require_young(stage, message)
    stage.composer.edit(message, call.fields, call, upload_limit=interaction.attachment_size_limit)
    stage.check_interval(message)
    stage.message_edited(message)
    return Answer(200, stage.wire.rest(message))


@route("DELETE", "/webhooks/{app}/{token}/messages/{message}", needs_token=False, bucket="token", major="token")
def delete_answer(stage: Backstage, call: Call) -> Answer:
    """Delete a message of this interaction."""
    _, message = _own_message(stage, call)
    stage.message_deleted(message)
    return Answer(204)


@route("POST", "/webhooks/{app}/{token}", needs_token=False, bucket="token", major="token")
def follow_up(stage: Backstage, call: Call) -> Answer:
    """One more message. Right after a deferral it is the deferred answer itself, as Discord still does."""
    interaction = _usable(stage, call)
    _require_uploads(stage, interaction, call)
    original = interaction.original
    if original is not None and original.loading and not original.deleted:
        fields = {key: value for key, value in call.fields.items() if key != "flags"}
        stage.composer.edit(original, fields, call, upload_limit=interaction.attachment_size_limit)
        stage.message_edited(original)
        return Answer(200, stage.wire.rest(original))
    message = _posted(stage, interaction, call.fields, call)
    interaction.followups.append(message)
    return Answer(200, stage.wire.rest(message)) if _wants_message(call) else Answer(204)


def _awaiting(stage: Backstage, call: Call) -> Interaction:
    interaction = stage.world.interactions.get(call.params["token"])
    if interaction is None or interaction.id != call.id("id"):
        raise Refusal(10062, violation="a response to an interaction that never was")
    if interaction.refuses_as is not None:
        raise Refusal(interaction.refuses_as)
    if interaction.answered:
        once = stage.gateway.delivered[str(interaction.id)] <= 1
        raise Refusal(40060, violation="a second first response" if once else None)
    if stage.clock.now() - interaction.created_at > FIRST_RESPONSE_SECONDS:
        late = f"the first response came after {FIRST_RESPONSE_SECONDS:g} s"
        raise Refusal(10062, violation=late if stage.clock.moved == interaction.clock_moved else None)
    return interaction


def _usable(stage: Backstage, call: Call) -> Interaction:
    interaction = stage.world.interactions.get(call.params["token"])
    if interaction is None or call.id("app") != stage.world.bot.id:
        raise Refusal(50027, violation="an interaction token that never was")
    if stage.clock.now() - interaction.created_at > TOKEN_SECONDS:
        raise Refusal(50027)
    if not interaction.answered:
        raise Refusal(10015, violation="the token was used before a first response was taken")
    return interaction


def _own_message(stage: Backstage, call: Call) -> tuple[Interaction, Message]:
    interaction = _usable(stage, call)
    named = call.params["message"]
    mine = [interaction.original, *interaction.followups]
    found = mine[0] if named == "@original" else next((m for m in mine if m and str(m.id) == named), None)
    if found is None or found.deleted or found.channel.id not in stage.world.channels:
        raise Refusal(10008)
    return interaction, found


def _require_uploads(stage: Backstage, interaction: Interaction, call: Call) -> None:
    if interaction.channel.id not in stage.world.channels:
        raise Refusal(10003)
    require_open(interaction.channel)
    if call.files and stage.strictness.token_uploads_need_permission:
        require(stage.world, interaction.channel, Permission.ATTACH_FILES)


def _posted(stage: Backstage, interaction: Interaction, body: Json, call: Call) -> Message:
    limit = interaction.attachment_size_limit
    message = stage.composer.create(interaction.channel, body, call, upload_limit=limit, interaction=interaction)
    stage.message_created(message)
    return message


def _answer_with_message(stage: Backstage, interaction: Interaction, body: Json, call: Call) -> None:
    _require_uploads(stage, interaction, call)
    interaction.original = _posted(stage, interaction, body, call)
    interaction.original.kind = _answer_kind(interaction)


def defer(stage: Backstage, interaction: Interaction, body: Json, call: Call | None = None) -> None:
    """Say that the bot is thinking; public or not is settled here."""
    flags = int(body.get("flags") or 0)
    if flags & ~MessageFlag.EPHEMERAL:
        raise form_refusal(f"flags {flags} at the deferral; only EPHEMERAL can be set there")
    message = stage.composer.blank(interaction.channel, stage.world.bot, interaction=interaction)
    message.kind, message.flags = _answer_kind(interaction), flags | MessageFlag.LOADING
    interaction.original = stage.world.add(message)
    stage.message_created(message)


def _defer_update(stage: Backstage, interaction: Interaction, body: Json, call: Call) -> None:
    interaction.original = _source(interaction)


def _update(stage: Backstage, interaction: Interaction, body: Json, call: Call) -> None:
    _require_uploads(stage, interaction, call)
    source = _source(interaction)
    if source.deleted:
        raise Refusal(10008)
    stage.composer.edit(source, body, call, upload_limit=interaction.attachment_size_limit)
    source.edits.pop()  # a person asked for this one; it is no progress edit
    interaction.original = source
    stage.message_edited(source)


def _offer_choices(stage: Backstage, interaction: Interaction, body: Json, call: Call) -> None:
    choices = list(body.get("choices") or [])
    longest = max((len(str(choice[key])) for choice in choices for key in ("name", "value")), default=0)
    if longest > MOST_OF_A_CHOICE or len(choices) > MOST_CHOICES:
        raise form_refusal(f"{len(choices)} choices, the longest of {longest} characters")
    interaction.choices = choices


def _open_modal(stage: Backstage, interaction: Interaction, body: Json, call: Call) -> None:
    if violations := modal_violations(body):
        raise form_refusal("; ".join(violations))
    interaction.modal = body


_PERFORM = {
    Callback.MESSAGE: _answer_with_message,
    Callback.DEFERRED_MESSAGE: defer,
    Callback.DEFERRED_UPDATE: _defer_update,
    Callback.UPDATE: _update,
    Callback.CHOICES: _offer_choices,
    Callback.MODAL: _open_modal,
}


def _source(interaction: Interaction) -> Message:
    if interaction.source is None:
        raise form_refusal("an update of a message, but the interaction came from none")
    return interaction.source


def _answer_kind(interaction: Interaction) -> int:
    if interaction.kind is not InteractionKind.COMMAND:
        return 0
    return SLASH_ANSWER if interaction.data["type"] == 1 else MENU_ANSWER


def _callback_payload(stage: Backstage, interaction: Interaction) -> Json:
    payload: Json = {"interaction": {"id": str(interaction.id), "type": int(interaction.kind)}}
    message, callback = interaction.original, interaction.answered_with
    if message is not None:
        payload["interaction"] |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral,
        }
    if message is not None and callback in {Callback.MESSAGE, Callback.UPDATE}:
        payload["resource"] = {"type": int(callback), "message": stage.wire.rest(message)}
    return payload


def _wants_message(call: Call) -> bool:
    return call.query.get("wait", "").lower() in {"1", "true"}
