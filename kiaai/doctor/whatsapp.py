"""What WhatsApp tells: is the token good, may the number send, do its webhooks come here."""

from collections.abc import Iterator

from flask import Flask

from kiaai.config import Settings
from kiaai.doctor.findings import Finding, look, ok, skip
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import Item, item_at, list_at, text_at
from kiaai.whatsapp.client import Subscription, WhatsAppClient
from kiaai.whatsapp.errors import GraphError, verdict_of

NAMES = ("token", "number", "quality", "webhook")

_MANAGER = lazy("Open WhatsApp Manager, Phone numbers, and follow what it asks for there.")


def examine(app: Flask, until: float) -> Iterator[Finding]:
    """Yield a finding for each of NAMES. until: monotonic; no call lasts longer."""
    settings: Settings = app.extensions["settings"]
    client: WhatsAppClient = app.extensions["whatsapp"]
    try:
        number = client.look_up_number(deadline=until)
    except GraphError as error:
        yield look("token", _advice(error, settings))
        yield from (skip(name, lazy("Not looked at without the token.")) for name in NAMES[1:])
        return
    else:
        yield ok("token", lazy("WhatsApp accepts it."))
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
        told = lazy("It is not registered with the Cloud API. Register it in WhatsApp Manager.")
        return look("number", told)
    if status != "CONNECTED":
        told = lazy(
            "Its status is %(status)s, so it cannot send. %(way_out)s", status=status, way_out=_MANAGER
        )
        return look("number", told)
    health = item_at(number, "health_status")
    if text_at(health, "can_send_message") in ("BLOCKED", "LIMITED"):
        why = _reasons(health) or _MANAGER
        return look("number", lazy("WhatsApp lets it send with limits or not at all. %(why)s", why=why))
    names = [text_at(number, "display_phone_number"), text_at(number, "verified_name")]
    known = ", ".join(filter(None, names))
    return ok("number", lazy("%(number)s is connected.", number=known) if known else lazy("It is connected."))


def _quality(number: Item) -> Finding:
    rating = text_at(number, "quality_rating") or "UNKNOWN"
    if rating == "RED":
        told = lazy("RED: many people block or report this number. Write only to people who wrote first.")
        return look("quality", told)
    level = text_at(item_at(number, "throughput"), "level")
    if not level:
        return ok("quality", f"{rating.capitalize()}.")
    told = lazy("%(rating)s, throughput %(level)s.", rating=rating.capitalize(), level=level.lower())
    return ok("quality", told)


def _webhook(client: WhatsAppClient, settings: Settings, until: float) -> Finding:
    if not settings.whatsapp_business_account_id:
        return skip("webhook", lazy("Not looked at: WHATSAPP_BUSINESS_ACCOUNT_ID is not set."))
    try:
        subscriptions = client.look_up_subscriptions(deadline=until)
    except GraphError as error:
        return look("webhook", _advice(error, settings))
    if not subscriptions:
        return look(
            "webhook",
            lazy(
                "No app is subscribed to the WhatsApp account, so no message arrives. Subscribe yours in "
                "Meta's App Dashboard under WhatsApp, Configuration."
            ),
        )
    names = ", ".join(each.app_name or each.app_id for each in subscriptions)
    return _elsewhere(subscriptions, settings) or ok("webhook", lazy("Subscribed: %(names)s.", names=names))


def _elsewhere(subscriptions: list[Subscription], settings: Settings) -> Finding | None:
    """Return a finding when every subscription sends its webhooks to another address than ours."""
    ours = f"{settings.public_url}/webhook"
    addresses = {each.callback_url for each in subscriptions}
    if not settings.public_url or None in addresses or ours in addresses:
        return None
    others = ", ".join(sorted(address for address in addresses if address))
    told = lazy(
        "Webhooks go to %(others)s, not to %(ours)s. Change the callback URL of the account.",
        others=others,
        ours=ours,
    )
    return look("webhook", told)


def _advice(error: GraphError, settings: Settings) -> str:
    if error.code is None and error.http_status is None:
        return _cut_off(settings)
    said = verdict_of(error).explanation
    where = f" (code {error.code})" if error.code is not None else ""
    return f"{said.title}{where}: {said.cause} {said.next_step}"


def _cut_off(settings: Settings) -> str:
    address = settings.whatsapp_api_base
    if settings.is_sandbox:
        return lazy("The sandbox does not answer at %(address)s. Start it: make run", address=address)
    return lazy(
        "WhatsApp does not answer at %(address)s. "
        "Check the network from this machine, and WHATSAPP_API_BASE.",
        address=address,
    )


def _reasons(health: Item) -> str:
    """Return what WhatsApp says about the entities that hold sending back."""
    found = []
    for entity in list_at(health, "entities"):
        errors = list_at(entity, "errors") if isinstance(entity, dict) else []
        for error in errors:
            if isinstance(error, dict):
                found += [text_at(error, "error_description"), text_at(error, "possible_solution")]
    return " ".join(filter(None, found))
