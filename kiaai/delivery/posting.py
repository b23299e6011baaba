"""Make the call for a claimed message: from its kind and payload to the client's method."""

import time

from kiaai.delivery.claiming import Claim
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError

# Kinds whose text is the caption inside the payload's object.
CAPTIONED = ("image", "video", "document")


def post(client: WhatsAppClient, claim: Claim) -> str:
    """Send the message and return its wamid. Raises GraphError, also when too little time is left."""
    if time.monotonic() > claim.start_before:
        raise GraphError("not_now", "The program was held up before the call")
    accepted = client.send_message(
        claim.to,
        claim.kind,
        _content(claim),
        reply_to=claim.reply_to if claim.kind != "reaction" else None,
        send_key=claim.send_key,
        deadline=claim.end_before,
    )
    return accepted.wamid


def _content(claim: Claim) -> dict[str, object]:
    if claim.kind == "text":
        return {"body": claim.text or "", "preview_url": False}
    content = dict(claim.payload.get(claim.kind) or {})
    if claim.kind in CAPTIONED and claim.text:
        content["caption"] = claim.text
    return content
