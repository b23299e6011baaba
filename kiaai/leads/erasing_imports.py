"""Take a person out of the imports: the lines that named them, and files that still do."""

import re

from sqlalchemy import select, text

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.erasing_traces import Traces
from kiaai.models import Conversation, Import
from kiaai.texts import lazy
from kiaai.whatsapp.phone_numbers import match_key

# What a line said of them, also lines that were refused and those of a lead that is gone since.
_ROWS = text(r"""
    UPDATE import_rows SET old = '{}', new = CASE WHEN new ? 'undone'
            THEN jsonb_build_object('undone', new -> 'undone') ELSE '{}' END
    WHERE lead_id = :lead_id
        OR message_id IN (SELECT m.id FROM messages m JOIN conversations c ON c.id = m.conversation_id
            WHERE c.lead_id = :lead_id)
        OR (lead_id IS NULL AND message_id IS NULL AND EXISTS (
            SELECT FROM unnest(CAST(:endings AS text[])) e(ending)
            WHERE strpos(regexp_replace(old::text || new::text, '\D', '', 'g'), e.ending) > 0))""")
# A talk that was brought in is called after the person.
_TALKS = text("""
    UPDATE imports SET file_name = '', options = options || '{"customer": "", "phone": ""}'
    WHERE kind = 'chat' AND (options ->> 'phone' = ANY (:ids)
        OR conversation_id IN (SELECT id FROM conversations WHERE lead_id = :lead_id))""")


def forget_in_imports(lead_id: int, traces: Traces) -> int:
    """Forget the person in all imports; return in how many lines. Comes before all other locks.

    Raises ValidationFailed while an import that holds them is at work: it would bring them back.
    """
    for record in _files(lead_id, traces):
        locked = db.session.get(Import, record.id, with_for_update=True, populate_existing=True)
        if locked is not None and locked.state == "preview":
            db.session.delete(locked)
        elif locked is not None and locked.content is not None:
            raise _at_work()
    db.session.flush()
    values = {"lead_id": lead_id, "endings": traces.endings, "ids": sorted(traces.ids)}
    db.session.execute(_TALKS, values)
    rows = db.session.execute(_ROWS, values)
    return rows.rowcount  # type: ignore[attr-defined, no-any-return]  # of an UPDATE it is there


def require_no_new_import(lead_id: int, traces: Traces) -> None:
    """Raise ValidationFailed when somebody has handed in a file with the person meanwhile."""
    if _files(lead_id, traces):
        raise _at_work()


def _at_work() -> ValidationFailed:
    reason = lazy("An import that holds this person is at work. Try again when it is done.")
    return ValidationFailed(reason, {"lead": [reason]})


def _files(lead_id: int, traces: Traces) -> list[Import]:
    """Return the imports whose file still holds the person."""
    kept = db.session.scalars(select(Import).where(Import.content.is_not(None)).order_by(Import.id)).all()
    theirs = set(db.session.scalars(select(Conversation.id).where(Conversation.lead_id == lead_id)))
    return [record for record in kept if record.conversation_id in theirs or _holds(record, traces)]


def _holds(record: Import, traces: Traces) -> bool:
    options = record.options
    if record.kind == "chat":
        is_named = bool(traces.name) and options.get("customer") == traces.name
        phone = str(options.get("phone") or "")
        return is_named or phone in traces.ids or match_key(phone) in traces.ids
    content = record.content or b""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    lines = content.decode(encoding, errors="replace").splitlines()
    bare = (re.sub(r"\D", "", line) for line in lines)
    return any(ending in line for line in bare for ending in traces.endings)
