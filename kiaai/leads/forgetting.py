"""Forget a person, from the first lock to the last file. Commits by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kiaai.errors import NotFound
from kiaai.extensions import db
from kiaai.leads.erased_files import remove_files
from kiaai.leads.erasing import erase
from kiaai.leads.pipeline import Actor
from kiaai.models import Lead
from kiaai.texts import lazy
from kiaai.transactions import commit
from kiaai.webhook.erased_ids import key_of


@dataclass(frozen=True)
class Forgotten:
    """What was done. id: of the erasure. counts: how many of each thing went."""

    id: int
    lead_id: int
    at: datetime
    counts: Mapping[str, int]


def forget(lead_id: int, actor: Actor, secret_key: str) -> Forgotten:
    """Erase the person and remove their files. What dies in between is done by the sweep.

    Raises NotFound, or ValidationFailed naming `lead`; then nothing has changed.
    """
    done = commit(lambda: _erase(lead_id, actor, secret_key), "erase_")
    remove_files(done.id)
    return done


def _erase(lead_id: int, actor: Actor, secret_key: str) -> Forgotten:
    lead = db.session.get(Lead, lead_id)
    if lead is None:
        raise NotFound(lazy("Nobody is known by this number or id."))
    erasure = erase(lead, actor, key_of(secret_key))
    db.session.flush()
    db.session.refresh(erasure)
    return Forgotten(erasure.id, lead_id, erasure.created_at, erasure.counts)
