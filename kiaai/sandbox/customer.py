"""What a customer does with a phone: each act changes the chat and queues its webhook."""

import json
import time
from typing import Any

from kiaai import clock
from kiaai.sandbox.files import INBOUND_DAYS, File
from kiaai.sandbox.messages import Message, new_wamid
from kiaai.sandbox.payloads import media_object
from kiaai.sandbox.people import Person
from kiaai.sandbox.world import World

Json = dict[str, Any]
# How long after "delivered" comes "read", when the chat is open.
READ_SECONDS = 0.1


def write(
    world: World,
    person: Person,
    kind: str,
    content: Any,
    reply_to: str | None = None,
    at: float | None = None,
    wamid: str | None = None,
) -> str:
    """Send a message of any kind to the business; return its wamid.

    content: the object named like the kind, as it stands in the webhook. at: when it was written, if not now.
    """
    at, wamid = clock.now().timestamp() if at is None else at, wamid or new_wamid()
    with world.store.transaction():
        if world.messages.find(wamid) is None:
            shown = {"cards": content} if kind == "contacts" else content
            world.messages.add(
                *(person.id, kind, shown),
                wamid=wamid,
                is_from_customer=1,
                reply_to=reply_to,
                status="waiting",
                at=at,
            )
        world.people.note_inbound(person, at)
        world.people.note_active(person)
        body = world.payloads.message(person, wamid, at, {"type": kind, kind: content}, reply_to)
        hooks = world.hooks.save(str(person.id), body, wamid=wamid)
    world.hooks.release(hooks)
    return wamid


def send_file(
    world: World, person: Person, file: File, caption: str = "", reply_to: str | None = None
) -> str:
    """Send a file, as the kind that its type allows; return the wamid."""
    content = media_object(file, world.files.address(file, world.base_url), caption)
    return write(world, person, file.kind, content, reply_to)


def keep_inbound_file(world: World, data: bytes, name: str, mime_type: str) -> File:
    return world.files.keep(lambda path: path.write_bytes(data), name, mime_type, INBOUND_DAYS)


def react(world: World, person: Person, message: Message, emoji: str) -> None:
    """React to a message of the business; the same emoji again takes it back."""
    emoji = "" if emoji == message.customer_reaction else emoji
    world.messages.change(message, customer_reaction=emoji)
    reaction = {"message_id": message.wamid, **({"emoji": emoji} if emoji else {})}
    _tell(world, person, {"type": "reaction", "reaction": reaction})


def edit(world: World, person: Person, message: Message, text: str) -> None:
    """Change the text of an own message, as a number shared with the phone app reports it."""
    world.messages.change(message, content=json.dumps({"body": text}), is_edited=1)
    new = {"context": {"id": "M0"}, "type": "text", "text": {"body": text}}
    _tell(world, person, {"type": "edit", "edit": {"original_message_id": message.wamid, "message": new}})


def delete(world: World, person: Person, message: Message) -> None:
    """Delete an own message for everyone, as a number shared with the phone app reports it."""
    world.messages.change(message, is_deleted=1)
    _tell(world, person, {"type": "revoke", "revoke": {"original_message_id": message.wamid}})


def tap(world: World, person: Person, message: Message, choice: str) -> str | None:
    """Tap a button or row of a message; return the wamid of the answer, None when there is no such choice."""
    for reply in choices(message):
        if reply["id"] == choice:
            if message.kind == "template":
                content = {"payload": reply["id"], "text": reply["title"]}
                return write(world, person, "button", content, message.wamid)
            kind = "list_reply" if message.content.get("type") == "list" else "button_reply"
            return write(world, person, "interactive", {"type": kind, kind: reply}, message.wamid)
    return None


def choices(message: Message) -> list[Json]:
    """Return what can be tapped: objects with `id`, `title` and perhaps `description`."""
    if message.kind == "template":
        buttons = message.content.get("buttons", [])
        return [{"id": b["payload"], "title": b["text"]} for b in buttons if b["type"] == "QUICK_REPLY"]
    if message.kind != "interactive":
        return []
    action = message.content.get("action", {})
    rows = [row for section in action.get("sections", []) for row in section.get("rows", [])]
    return rows or [button["reply"] for button in action.get("buttons", [])]


def stop_marketing(world: World, person: Person, is_stopped: bool) -> None:
    """Stop or resume marketing messages in WhatsApp's own menu."""
    world.people.stop_marketing(person, is_stopped)
    body = world.payloads.marketing(person, is_stopped, clock.now().timestamp())
    world.hooks.release(world.hooks.save(str(person.id), body))


def echo(world: World, person: Person, text: str) -> str:
    """Answer from the business's own phone app; return the wamid."""
    at, wamid = clock.now().timestamp(), new_wamid()
    with world.store.transaction():
        world.messages.add(person.id, "text", {"body": text}, wamid=wamid, is_echo=1, at=at)
        world.people.note_active(person)
        body = world.payloads.echo(person, wamid, at, {"type": "text", "text": {"body": text}})
        hooks = world.hooks.save(str(person.id), body)
    world.hooks.release(hooks)
    return wamid


def see(world: World, person: Person, message_id: int) -> int:
    """Open the chat up to a message: what the business sent becomes read. Return how many did."""
    with world.store.transaction():
        world.people.note_seen(person, message_id)
        unread = world.messages.unread_by_customer(person.id, message_id)
        hooks = []
        for message in unread:
            world.messages.change(message, status="read")
            # Not before "delivered", which may still be on its way.
            wait = message.at + world.rules.delivered_after_seconds - time.time()
            wait = wait + READ_SECONDS if wait > 0 else 0.0
            at = clock.now().timestamp() + wait
            body = world.payloads.status(person, message.wamid, "read", at, message.send_key)
            hooks += [] if world.faults.drop_statuses else world.hooks.save(str(person.id), body, wait)
    world.hooks.release(hooks)
    return len(unread)


def _tell(world: World, person: Person, parts: Json) -> None:
    body = world.payloads.message(person, new_wamid(), clock.now().timestamp(), parts)
    world.people.note_active(person)
    world.hooks.release(world.hooks.save(str(person.id), body))
