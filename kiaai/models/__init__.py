"""The nouns that all rooms share: one file a table."""

from kiaai.models.attachment import Attachment
from kiaai.models.base import Base
from kiaai.models.channel import Channel
from kiaai.models.conversation import Conversation
from kiaai.models.desk import CannedReply, Draft, Note, Presence, Tag
from kiaai.models.knowledge import Article, BotTurn, Question
from kiaai.models.lead import Lead, LeadEvent, LeadFact, LeadIdentity, LeadName, LeadTag
from kiaai.models.lead_care import (
    Consent,
    ErasedId,
    ErasedMessage,
    Erasure,
    Import,
    ImportRow,
    Merge,
    NotDuplicate,
)
from kiaai.models.message import Message
from kiaai.models.outgoing_webhook import OutgoingDelivery, OutgoingWebhook
from kiaai.models.process import Installation, Process
from kiaai.models.user import ApiKey, User
from kiaai.models.webhook_event import OrphanReceipt, WebhookEvent

__all__ = [
    "ApiKey",
    "Article",
    "Attachment",
    "Base",
    "BotTurn",
    "CannedReply",
    "Channel",
    "Consent",
    "Conversation",
    "Draft",
    "ErasedId",
    "ErasedMessage",
    "Erasure",
    "Import",
    "ImportRow",
    "Installation",
    "Lead",
    "LeadEvent",
    "LeadFact",
    "LeadIdentity",
    "LeadName",
    "LeadTag",
    "Merge",
    "Message",
    "NotDuplicate",
    "Note",
    "OrphanReceipt",
    "OutgoingDelivery",
    "OutgoingWebhook",
    "Presence",
    "Process",
    "Question",
    "Tag",
    "User",
    "WebhookEvent",
]
