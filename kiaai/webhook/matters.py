"""The rarer matters of a body: consent, new numbers and names from the phone's address book."""

import json
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, text

from kiaai.whatsapp.inbound import Batch, ContactName, IdentityChange, InboundMessage, Preference
from kiaai.whatsapp.phone_numbers import match_key

_LEAD = """(SELECT lead_id FROM lead_identities JOIN unnest(CAST(:kinds AS text[]), CAST(:values AS text[]))
    WITH ORDINALITY AS i(kind, value, trust) USING (kind, value) ORDER BY trust LIMIT 1)"""

# Consent has a time of its own: what was said later counts, whatever came first. Each is kept as a fact.
_CONSENT = text(f"""
    WITH told AS (
        INSERT INTO consents (lead_id, kind, said_at, by, note)
        SELECT id, CASE WHEN :is_stop THEN 'opt_out' ELSE 'opt_in' END, :at, 'customer', coalesce(:detail, '')
        FROM leads WHERE id = {_LEAD} ON CONFLICT DO NOTHING),
    changed AS (
        UPDATE leads SET opted_out_at = CASE WHEN :is_stop THEN CAST(:at AS timestamptz) END, consent_at = :at
        WHERE id = {_LEAD} AND (consent_at IS NULL OR consent_at < :at) RETURNING id),
    shown AS (
        UPDATE conversations c SET version = version + 1 FROM changed WHERE c.lead_id = changed.id)
    INSERT INTO lead_events (lead_id, kind, new, by, detail)
    SELECT id, CASE WHEN :is_stop THEN 'opted_out' ELSE 'opted_in' END, :detail, 'customer',
        jsonb_build_object('source', 'whatsapp menu') FROM changed
""")
_NEW_NUMBER = text(f"""
    WITH changed AS (
        UPDATE leads l SET phone_number = coalesce(:new, l.phone_number)
        WHERE l.id = {_LEAD} AND EXISTS (SELECT 1 FROM lead_identities
            WHERE kind = :new_kind AND value = :new_value AND lead_id = l.id)
        RETURNING l.id),
    shown AS (
        UPDATE conversations c SET version = version + 1,
            answers_to = CASE WHEN c.answers_to = :old THEN :new_value ELSE c.answers_to END
        FROM changed WHERE c.lead_id = changed.id)
    INSERT INTO lead_events (lead_id, kind, old, new, by)
    SELECT id, 'number', :old, :new_value, 'customer' FROM changed
""")
_CONTACT_NAME = text(f"""
    WITH named AS (
        UPDATE leads SET customer_name = :name WHERE id = {_LEAD} AND coalesce(customer_name, '') = ''
        RETURNING id, customer_name)
    INSERT INTO lead_events (lead_id, kind, new, by, detail)
    SELECT id, 'name', customer_name, 'customer', jsonb_build_object('source', 'address book') FROM named
""")


# The files of old messages come after the messages, under the ids of their placeholders.
_FILL_PLACEHOLDER = text("""
    WITH filled AS (
        UPDATE messages SET kind = :kind, text = :text, payload = CAST(:payload AS jsonb)
        WHERE message_id = :wamid AND kind = 'media_placeholder' RETURNING id, conversation_id),
    shown AS (
        UPDATE conversations c SET version = version + 1 FROM filled WHERE c.id = filled.conversation_id)
    INSERT INTO attachments (message_id, media_id, mime_type, file_name, sha256)
    SELECT id, :media_id, :mime_type, :file_name, :sha256 FROM filled
""")


def apply_matters(
    connection: Connection, batch: Batch, new_wamids: Collection[str], channel_ids: Mapping[str, int]
) -> None:
    """Apply consent, new identities and address book names. Leads and conversations are locked already."""
    for preference in batch.preferences:
        if preference.phone_number_id in channel_ids:
            _apply_preference(connection, preference)
    for change in batch.identity_changes:
        # The notice in the thread is the gate: told twice, it happens once.
        if change.wamid in new_wamids:
            _apply_identity_change(connection, change)
    for contact in batch.contact_names:
        if contact.phone_number_id in channel_ids:
            _apply_contact_name(connection, contact)
    for message in batch.messages:
        if message.is_history and message.file and message.wamid not in new_wamids:
            _fill_placeholder(connection, message)


def _apply_preference(connection: Connection, preference: Preference) -> None:
    values = {
        "is_stop": preference.is_stop,
        "at": preference.timestamp,
        "detail": preference.detail,
        **_identities(preference.customer.identities),
    }
    connection.execute(_CONSENT, values)


def _apply_identity_change(connection: Connection, change: IdentityChange) -> None:
    kind, value = ("wa_id", change.new_wa_id) if change.new_wa_id else ("bsuid", change.new_bsuid)
    values = {
        "new": match_key(change.new_wa_id) if change.new_wa_id else None,
        "new_kind": kind,
        "new_value": value,
        "old": change.old.wa_id or change.old.bsuid,
        **_identities(change.old.identities),
    }
    connection.execute(_NEW_NUMBER, values)


def _apply_contact_name(connection: Connection, contact: ContactName) -> None:
    pairs = [("wa_id", contact.phone), ("phone", match_key(contact.phone) or contact.phone)]
    connection.execute(_CONTACT_NAME, {"name": contact.name, **_identities(pairs)})


def _fill_placeholder(connection: Connection, message: InboundMessage) -> None:
    file = message.file
    if file is None:
        return
    values = {
        "kind": message.kind,
        "text": message.text,
        "payload": json.dumps(message.payload),
        "wamid": message.wamid,
        "media_id": file.media_id,
        "mime_type": file.mime_type,
        "file_name": file.file_name,
        "sha256": file.sha256,
    }
    connection.execute(_FILL_PLACEHOLDER, values)


def _identities(pairs: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    return {"kinds": [kind for kind, _ in pairs], "values": [value for _, value in pairs]}
