"""What WhatsApp tells: is the token good, may the number send, do its webhooks come here."""

from collections.abc import Iterator

from flask import Flask

from kiaai.config import Settings
from kiaai.doctor.findings import Finding, look, ok, skip
from kiaai.whatsapp.cleaning import Item, item_at, list_at, text_at
from kiaai.whatsapp.client import Subscription, WhatsAppClient
from kiaai.whatsapp.errors import GraphError, verdict_of

NAMES = ("token", "number", "quality", "webhook")

_CUT_OFF = ("WhatsApp", "Check the network from this machine, and WHATSAPP_API_BASE.")
_MANAGER = "Open WhatsApp Manager, Phone numbers, and follow what it asks for there."


def examine(app: Flask, until: float) -> Iterator[Finding]:
    """Yield a finding for each of NAMES. until: monotonic; no call lasts longer."""
    settings: Settings = app.extensions["settings"]
    client: WhatsAppClient = app.extensions["whatsapp"]
    try:
        number = client.look_up_number(deadline=until)
    except GraphError as error:
        yield look("token", _advice(error, settings))
        yield from (skip(name, "Not looked at without the token.") for name in NAMES[1:])
        return
    else:
        yield ok("token", "WhatsApp accepts it.")
        yield _number(number)
        yield _quality(number)
        yield _webhook(client, settings, until)
    finally:
        client.close()


def _number(number: Item) -> Finding:
    """Judge whether the number may send."""
    status = text_at(number, "status") or "unknown"
    platform = text_at(number, "platform_type") or "CLOUD_API"
    if platform != "CLOUD_API":
        return look("number", "It is not registered with the Cloud API. Register it in WhatsApp Manager.")
    if status != "CONNECTED":
        return look("number", f"Its status is {status}, so it cannot send. {_MANAGER}")
    health = item_at(number, "health_status")
    if text_at(health, "can_send_message") in ("BLOCKED", "LIMITED"):
        return look(
            "number", f"WhatsApp lets it send with limits or not at all. {_reasons(health) or _MANAGER}"
        )
    names = [text_at(number, "display_phone_number"), text_at(number, "verified_name")]
    return ok("number", f"{', '.join(filter(None, names)) or 'It'} is connected.")


def _quality(number: Item) -> Finding:
    rating = text_at(number, "quality_rating") or "UNKNOWN"
    if rating == "RED":
        return look(
            "quality", "RED: many people block or report this number. Write only to people who wrote first."
        )
    level = text_at(item_at(number, "throughput"), "level")
    return ok("quality", f"{rating.capitalize()}{f', throughput {level.lower()}' if level else ''}.")


def _webhook(client: WhatsAppClient, settings: Settings, until: float) -> Finding:
    if not settings.whatsapp_business_account_id:
        return skip("webhook", "Not looked at: WHATSAPP_BUSINESS_ACCOUNT_ID is not set.")
    try:
        subscriptions = client.look_up_subscriptions(deadline=until)
    except GraphError as error:
        return look("webhook", _advice(error, settings))
    if not subscriptions:
        return look(
            "webhook",
            "No app is subscribed to the WhatsApp account, so no message arrives. Subscribe yours in "
            "Meta's App Dashboard under WhatsApp, Configuration.",
        )
    return _elsewhere(subscriptions, settings) or ok(
        "webhook", f"Subscribed: {', '.join(each.app_name or each.app_id for each in subscriptions)}."
    )


def _elsewhere(subscriptions: list[Subscription], settings: Settings) -> Finding | None:
    """Return a finding when every subscription sends its webhooks to another address than ours."""
    ours = f"{settings.public_url}/webhook"
    addresses = {each.callback_url for each in subscriptions}
    if not settings.public_url or None in addresses or ours in addresses:
        return None
    others = ", ".join(sorted(address for address in addresses if address))
    return look("webhook", f"Webhooks go to {others}, not to {ours}. Change the callback URL of the account.")


def _advice(error: GraphError, settings: Settings) -> str:
    if error.code is None and error.http_status is None:
        who, way_out = ("The sandbox", "Start it: make run") if settings.is_sandbox else _CUT_OFF
        return f"{who} does not answer at {settings.whatsapp_api_base}. {way_out}"
    said = verdict_of(error).explanation
    where = f" (code {error.code})" if error.code is not None else ""
    return f"{said.title}{where}: {said.cause} {said.next_step}"


def _reasons(health: Item) -> str:
    """Return what WhatsApp says about the entities that hold sending back."""
    found = []
    for entity in list_at(health, "entities"):
        errors = list_at(entity, "errors") if isinstance(entity, dict) else []
        for error in errors:
            if isinstance(error, dict):
                found += [text_at(error, "error_description"), text_at(error, "possible_solution")]
    return " ".join(filter(None, found))
