"""The bodies of webhooks, in the shapes that Meta posts."""

from typing import Any

from kiaai.sandbox.errors import status_error
from kiaai.sandbox.files import File
from kiaai.sandbox.people import BUSINESS_NUMBER, Person

Json = dict[str, Any]


class Payloads:
    """Builds bodies for one business number."""

    def __init__(self, phone_number_id: str, business_account_id: str):
        self._phone_number_id = phone_number_id
        self._business_account_id = business_account_id

    def message(
        self, person: Person, wamid: str, at: float, parts: Json, reply_to: str | None = None
    ) -> Json:
        """Return the webhook of a customer's message. parts: `type` and the object named like it."""
        message: Json = {"context": {"from": BUSINESS_NUMBER, "id": reply_to}} if reply_to else {}
        if person.wa_id:
            message["from"] = person.wa_id
        message |= {"from_user_id": person.bsuid, "id": wamid, "timestamp": str(int(at)), **parts}
        return self._envelope("messages", {"contacts": [_contact(person)], "messages": [message]})

    def status(
        self,
        person: Person,
        wamid: str,
        status: str,
        at: float,
        send_key: str | None = None,
        category: str | None = None,
        error_code: int | None = None,
    ) -> Json:
        """Return the webhook of a status. category: of a template, None for a service message."""
        report: Json = {"id": wamid, "status": status, "timestamp": str(int(at))}
        if person.wa_id:
            report["recipient_id"] = person.wa_id
        report["recipient_user_id"] = person.bsuid
        if send_key is not None:
            report["biz_opaque_callback_data"] = send_key
        if status in ("sent", "delivered"):
            report["pricing"] = _pricing(category)
        if error_code is not None:
            report["errors"] = [status_error(error_code)]
            return self._envelope("messages", {"statuses": [report]})
        return self._envelope("messages", {"contacts": [_contact(person)], "statuses": [report]})

    def echo(self, person: Person, wamid: str, at: float, parts: Json) -> Json:
        """Return the webhook of an answer typed on the business's own phone."""
        message: Json = {"from": BUSINESS_NUMBER}
        if person.wa_id:
            message["to"] = person.wa_id
        message |= {"to_user_id": person.bsuid, "id": wamid, "timestamp": str(int(at)), **parts}
        return self._envelope(
            "smb_message_echoes", {"contacts": [_contact(person)], "message_echoes": [message]}
        )

    def marketing(self, person: Person, is_stopped: bool, at: float) -> Json:
        """Return the webhook of a customer who stops or resumes marketing in WhatsApp's own menu."""
        value = "stop" if is_stopped else "resume"
        preference: Json = {"wa_id": person.wa_id} if person.wa_id else {}
        preference |= {
            "user_id": person.bsuid,
            "detail": f"User requested to {value} marketing messages",
            "category": "marketing_messages",
            "value": value,
            "timestamp": int(at),
        }
        return self._envelope(
            "user_preferences", {"contacts": [_contact(person)], "user_preferences": [preference]}
        )

    def _envelope(self, field: str, value: Json) -> Json:
        metadata = {"display_phone_number": BUSINESS_NUMBER, "phone_number_id": self._phone_number_id}
        value = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        entry = {"id": self._business_account_id, "changes": [{"value": value, "field": field}]}
        return {"object": "whatsapp_business_account", "entry": [entry]}


def media_object(file: File, url: str, caption: str | None = None) -> Json:
    """Return the object of an inbound file."""
    media: Json = {"caption": caption} if caption and file.kind != "audio" else {}
    if file.kind == "document":
        media["filename"] = file.name
    media |= {"mime_type": file.mime_type, "sha256": file.sha256_base64, "id": file.id, "url": url}
    if file.kind == "audio":
        media["voice"] = "opus" in file.mime_type
    if file.kind == "sticker":
        media["animated"] = False
    return media


def _contact(person: Person) -> Json:
    profile = {"name": person.name}
    if person.username:
        profile["username"] = person.username
    contact: Json = {"profile": profile}
    if person.wa_id:
        contact["wa_id"] = person.wa_id
    return {**contact, "user_id": person.bsuid}


def _pricing(category: str | None) -> Json:
    return {
        "billable": category is not None,
        "pricing_model": "PMP",
        "type": "regular" if category else "free_customer_service",
        "category": category.lower() if category else "service",
    }
