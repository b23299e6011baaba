"""What happens to a message of the business: accepted or refused now, delivered or failed later."""

from dataclasses import dataclass
from typing import Any

from kiaai import clock
from kiaai.sandbox.catalog import Template, get_template
from kiaai.sandbox.errors import GraphProblem
from kiaai.sandbox.faults import Answer
from kiaai.sandbox.hooks import Hook
from kiaai.sandbox.messages import Message
from kiaai.sandbox.people import BUSINESS_NUMBER, Person, digits_of, is_phone_number, wa_id_of
from kiaai.sandbox.validation import check_message
from kiaai.sandbox.world import World

Json = dict[str, Any]
WINDOW_SECONDS = 24 * 3600
MEDIA_KINDS = ("image", "video", "audio", "document", "sticker")


@dataclass(frozen=True)
class Accepted:
    """A message that Graph took: its answer, and the webhooks to let go once that answer is out."""

    message: Message
    answer: Json
    hooks: list[Hook]


def accept(world: World, body: Json, answer: Answer | None = None) -> Accepted:
    """Take a message or raise GraphProblem. answer: a planned fault, which may make it fail later."""
    kind = check_message(body)
    recipient = _recipient(world, body)
    template = _check_references(world, kind, body[kind])
    content = template.fill(body[kind].get("components", [])) if template else body[kind]
    with world.store.transaction():
        person = world.people.find_or_add(recipient)
        world.limits.count(person.id)
        code = answer.code if answer and answer.kind == "fail_later" else None
        code = code or _later_failure(world, person, kind, body, template)
        message = _add(world, person, kind, content, body, recipient, code)
        hooks = _queue_statuses(world, person, message, template, code)
    return Accepted(message, _answer(person, message, body), hooks)


def _recipient(world: World, body: Json) -> str:
    to = body.get("to")
    if to:
        if not isinstance(to, str) or not is_phone_number(to):
            raise GraphProblem(131009, "Parameter to must be a phone number with its country code")
        if digits_of(to) == BUSINESS_NUMBER:
            raise GraphProblem(131021)
        return digits_of(to)
    person = world.people.find(str(body["recipient"]))
    if person is None or person.bsuid != body["recipient"]:
        raise GraphProblem(131009, "Parameter recipient is not a known user id")
    return person.bsuid


def _check_references(world: World, kind: str, content: Any) -> Template | None:
    """Look up what the message names: a template, which is returned, or an uploaded file."""
    if kind == "template":
        return get_template(content["name"], content["language"]["code"])
    if kind in MEDIA_KINDS and content.get("id"):
        file = world.files.find(str(content["id"]))
        if file is None:
            raise GraphProblem(131009, f"Media with id {content['id']} does not exist")
        if file.kind != kind and kind != "document":
            raise GraphProblem(131053, f"Media type {file.mime_type} cannot be sent as {kind}")
    return None


def _later_failure(
    world: World, person: Person, kind: str, body: Json, template: Template | None
) -> int | None:
    """Return the code with which the message will fail after all, as Meta mostly tells by webhook."""
    if person.wa_id in {wa_id_of(number) for number in world.faults.not_on_whatsapp}:
        return 131026
    if template:
        return 131050 if template.category == "MARKETING" and person.is_marketing_stopped else None
    if world.rules.has_window and not _is_window_open(person):
        return 131047
    if kind == "reaction":
        target = world.messages.find(body["reaction"]["message_id"])
        return None if target and target.person_id == person.id else 131009
    return None


def _is_window_open(person: Person) -> bool:
    if person.last_inbound_at is None:
        return person.is_of_demo
    return clock.now().timestamp() < person.last_inbound_at + WINDOW_SECONDS


def _add(
    world: World, person: Person, kind: str, content: Any, body: Json, recipient: str, code: int | None
) -> Message:
    message = world.messages.add(
        person.id,
        kind,
        {"cards": content} if kind == "contacts" else content,
        reply_to=(body.get("context") or {}).get("message_id"),
        recipient=recipient,
        send_key=body.get("biz_opaque_callback_data"),
        status="failed" if code else "sent",
        error_code=code,
    )
    world.people.note_active(person)
    world.people.show_typing(person.id, 0)
    if kind == "reaction" and not code and (target := world.messages.find(content["message_id"])):
        world.messages.change(target, business_reaction=content["emoji"])
    return message


def _queue_statuses(
    world: World, person: Person, message: Message, template: Template | None, code: int | None
) -> list[Hook]:
    if world.faults.drop_statuses:
        return []
    steps = [("sent", world.rules.sent_after_seconds), ("delivered", world.rules.delivered_after_seconds)]
    if code:
        steps = [("failed", world.rules.sent_after_seconds)]
    elif message.kind == "reaction":
        steps = steps[:1]
    category = template.category if template else None
    hooks: list[Hook] = []
    for status, seconds in steps:
        at = clock.now().timestamp() + seconds
        body = world.payloads.status(person, message.wamid, status, at, message.send_key, category, code)
        hooks += world.hooks.save(str(person.id), body, seconds)
    return hooks


def _answer(person: Person, message: Message, body: Json) -> Json:
    contact = {"input": str(body.get("to") or body["recipient"])}
    # A person addressed by user id is not given a number in return.
    contact |= {"wa_id": person.wa_id or ""} if body.get("to") else {"user_id": person.bsuid}
    accepted = {"id": message.wamid}
    if message.kind == "template":
        accepted["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [accepted]}
