"""The one table of WhatsApp's error codes: what follows from each, and what a person can do.

Source: "Cloud API error codes" (Meta), with the fixes that its text and other projects name.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["final", "wait", "stop", "unknown"]
Scope = Literal["message", "person", "template", "channel"]
Action = Literal["again", "wait", "wrong_number", "settings", "template", "fix_text", "none"]

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error in words for a person: what it is, why, and what to do now."""

    title: str
    cause: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an error.

    kind: `final` (never again), `wait` (again later), `stop` (nothing leaves this channel until that is
    mended), `unknown` (it may have been accepted). scope: what has to wait. wait_seconds: how long at least.
    most_attempts: after that many tries a `wait` is final; None: no such limit.
    resumes_by_look_up: a stopped channel is well again when a look-up of its number succeeds;
    else only a message that is accepted shows it. action: what helps once the message has failed: send it
    `again`, `wait` and then send it, mark the `wrong_number`, mend the `settings`, use a `template`,
    `fix_text`, or `none`.
    """

    kind: Kind
    scope: Scope
    wait_seconds: int
    most_attempts: int | None
    resumes_by_look_up: bool
    explanation: Explanation
    action: Action


def final(title: str, cause: str, next_step: str, action: Action) -> Verdict:
    return Verdict("final", "message", 0, None, False, Explanation(title, cause, next_step), action)


def wait(
    seconds: int,
    title: str,
    cause: str,
    next_step: str,
    scope: Scope = "message",
    most: int | None = None,
    action: Action = "wait",
) -> Verdict:
    return Verdict("wait", scope, seconds, most, False, Explanation(title, cause, next_step), action)


def stop(title: str, cause: str, next_step: str, by_look_up: bool = False) -> Verdict:
    return Verdict("stop", "channel", 0, None, by_look_up, Explanation(title, cause, next_step), "settings")


# Next steps that many codes share.
BY_ITSELF = "Nothing to do: Kia-Ai tries again by itself."
_RENEW = "Ask your administrator to put a fresh token into WHATSAPP_API_TOKEN and restart."
_GRANT = (
    "In Meta's Business settings, open System users and assign the app and the WhatsApp account to the user "
    "of this token, with whatsapp_business_messaging and whatsapp_business_management. "
    "Sending resumes by itself."
)
_SUPPORT = "Open Business Support Home in Meta Business Suite, read the reason and ask for a review."
_FIX_REQUEST = "Change the message and send it again. If it keeps failing, tell your administrator the code."
_FIX_TEMPLATE = "Open the template, compare its variables with what was filled in, and send it again."
_EDIT_TEMPLATE = "Open the template in WhatsApp Manager, correct it and submit it again."
_USE_TEMPLATE = "Wait until the customer writes again, or reach them with an approved template."
_LEAVE_IN_PEACE = "Do not send this again. The customer can still write to you, and then you can answer."
_MANAGER = "Open WhatsApp Manager, Phone numbers, and follow what it asks for there."
_GROUPS = "Check the group and its members in WhatsApp, then try again."
_MIGRATE = "Open WhatsApp Manager and follow the steps for moving the number, from the start."

TABLE: dict[int, Verdict] = {
    # Auth, integrity, throttling
    0: stop("The token is not valid", "WhatsApp does not accept the access token.", _RENEW, by_look_up=True),
    3: stop("A permission is missing", "The app may not use this function of WhatsApp.", _GRANT),
    10: stop("A permission is missing", "The permission was not granted, or was taken away.", _GRANT),
    190: stop(
        "The token has expired", "The access token is too old or was revoked.", _RENEW, by_look_up=True
    ),
    131005: stop("Access denied", "This token may not send from this number.", _GRANT),
    368: stop(
        "The account is restricted",
        "Meta has restricted or disabled the WhatsApp account for breaking its policy.",
        _SUPPORT,
    ),
    131031: stop(
        "The account is locked",
        "Meta has locked the WhatsApp account, or its data did not match, such as a wrong PIN.",
        _SUPPORT,
    ),
    130497: final(
        "This country is not allowed",
        "The account may not write to people in this country.",
        "Write to this person another way. Only Meta can change which countries are allowed.",
        "none",
    ),
    4: wait(MINUTE, "Too many calls", "The app has used up its calls for now.", BY_ITSELF, "channel"),
    613: wait(MINUTE, "Too many calls", "This call was made too often.", BY_ITSELF),
    80007: wait(
        5 * MINUTE, "Too many calls", "The WhatsApp account has used up its calls.", BY_ITSELF, "channel"
    ),
    80008: wait(
        5 * MINUTE, "Too many calls", "The WhatsApp account has used up its calls.", BY_ITSELF, "channel"
    ),
    130429: wait(
        2, "Too many messages at once", "The number sends faster than WhatsApp allows.", BY_ITSELF, "channel"
    ),
    131048: wait(
        6 * HOUR,
        "The number is limited",
        "Too many people blocked or reported this number, so WhatsApp limits what it may send.",
        "Pause your campaigns for a day or two and write only to people who wrote first. Then try again.",
    ),
    131056: wait(
        4,
        "Too many messages to this person",
        "WhatsApp allows about one message every six seconds to one person.",
        BY_ITSELF,
        "person",
    ),
    131064: wait(
        DAY,
        "Templates are limited",
        "WhatsApp found templates in the wrong category and limits the account for a while.",
        "Correct the category of your templates in WhatsApp Manager, then try again tomorrow.",
        "template",
        action="template",
    ),
    133016: wait(
        3 * DAY,
        "Too many registrations",
        "The number was registered or removed too often within three days.",
        "Wait three days, then register the number again in WhatsApp Manager.",
        action="settings",
    ),
    # Sending, media, templates
    1: wait(
        2,
        "WhatsApp could not read the request",
        "Either WhatsApp had a moment of trouble, or the message is malformed.",
        _FIX_REQUEST,
        most=3,
        action="fix_text",
    ),
    2: wait(30, "WhatsApp is briefly down", "Meta is updating its service.", BY_ITSELF),
    33: final(
        "The number is gone",
        "The phone number was deleted from the WhatsApp account.",
        "Ask your administrator to set WHATSAPP_PHONE_NUMBER_ID to a number that exists.",
        "settings",
    ),
    100: final(
        "A value is not allowed",
        "WhatsApp refused a part of the request.",
        "Read WhatsApp's own words below the message, change it and send it again.",
        "fix_text",
    ),
    130472: final(
        "Held back by a test of Meta",
        "This person is in a group that gets no marketing messages, as a test of Meta.",
        _LEAVE_IN_PEACE,
        "none",
    ),
    131000: wait(2, "WhatsApp had an error", "Something went wrong inside WhatsApp.", BY_ITSELF),
    131008: final(
        "Something is missing", "A required part of the message is missing.", _FIX_REQUEST, "fix_text"
    ),
    131009: final(
        "A value is not allowed",
        "A part of the message has a value WhatsApp does not accept, or a reaction's message is gone.",
        _FIX_REQUEST,
        "fix_text",
    ),
    131016: wait(5, "WhatsApp is overloaded", "A service of WhatsApp does not answer.", BY_ITSELF),
    131020: final("The group has one member", "Nobody else is in this group.", _GROUPS, "none"),
    131041: final("The group is not known", "WhatsApp does not know this group.", _GROUPS, "none"),
    131021: final(
        "That is your own number",
        "The message goes to the very number it comes from.",
        "Choose another person to write to.",
        "wrong_number",
    ),
    131026: final(
        "Not deliverable",
        "The person has no WhatsApp on this number, uses a very old version, or has blocked you.",
        "Check the number with the person. If it is right, reach them another way.",
        "wrong_number",
    ),
    131030: final(
        "Not on the list of test numbers",
        "Your number is a test number, and this person is not on its list of recipients.",
        "Add the number in Meta's App Dashboard under WhatsApp, API Setup, or use a real number.",
        "settings",
    ),
    131037: final(
        "The display name is not approved",
        "The number needs an approved display name before it may send.",
        "Open WhatsApp Manager, Phone numbers, and submit a display name.",
        "settings",
    ),
    131042: stop(
        "Payment is missing",
        "WhatsApp cannot charge the account: no payment method, a failed payment, or a limit reached.",
        "Open Billing in Meta Business Suite and mend the payment method. Sending resumes by itself.",
    ),
    131044: final(
        "Payment for calls is missing",
        "WhatsApp cannot charge the account for calls.",
        "Open Billing in Meta Business Suite and mend the payment method.",
        "settings",
    ),
    131045: final(
        "The number is not registered rightly",
        "Something went wrong when the number was registered.",
        "Register the number again in WhatsApp Manager, then press Send again.",
        "settings",
    ),
    131047: final(
        "The 24 hours are over",
        "The customer wrote more than 24 hours ago, so only a template may be sent.",
        _USE_TEMPLATE,
        "template",
    ),
    131049: wait(
        DAY,
        "Held back by WhatsApp",
        "This person has received many marketing messages lately, so WhatsApp did not deliver one more.",
        "Try again after a day at the earliest. An answer to a message of theirs goes at once.",
        "person",
        most=2,
    ),
    131050: final(
        "The person stopped marketing",
        "This person chose in WhatsApp to get no marketing messages from you.",
        _LEAVE_IN_PEACE,
        "none",
    ),
    131051: final(
        "This kind is not supported",
        "WhatsApp does not support this kind of message here.",
        "Send it as plain text or as a file.",
        "fix_text",
    ),
    131052: final(
        "The file could not be received",
        "WhatsApp could not fetch the customer's file, or it is over 100 MB.",
        "Ask the customer to send it again, smaller or in another format.",
        "none",
    ),
    131053: final(
        "The file could not be sent",
        "WhatsApp does not accept the file: wrong type, too large, or its link cannot be opened.",
        "Save it in another format or smaller, and send it again.",
        "fix_text",
    ),
    131055: final(
        "Only marketing templates here",
        "The address used takes marketing templates only.",
        "Choose a marketing template.",
        "template",
    ),
    131057: wait(
        MINUTE, "The number is being upgraded", "WhatsApp is working on this number.", BY_ITSELF, "channel"
    ),
    131059: final(
        "The list moved on", "WhatsApp no longer knows this page of the list.", "Load it again.", "again"
    ),
    131062: final(
        "Needs a phone number",
        "This kind of message cannot go to a person who is known by user name only.",
        "Ask the customer for the phone number, then send it there.",
        "none",
    ),
    131063: final(
        "Marketing templates are off",
        "Marketing templates are switched off for this number.",
        "Switch them on in WhatsApp Manager, or choose a utility template.",
        "settings",
    ),
    132000: final(
        "Variables do not match", "The template expects another number of values.", _FIX_TEMPLATE, "template"
    ),
    132001: final(
        "No such template",
        "No approved template has this name in this language.",
        "Choose another template or language, or wait until it is approved.",
        "template",
    ),
    132005: final(
        "The text is too long",
        "With its values filled in, the template is too long.",
        _FIX_TEMPLATE,
        "template",
    ),
    132007: final(
        "Against WhatsApp's policy",
        "WhatsApp refuses the content of the template.",
        _EDIT_TEMPLATE,
        "template",
    ),
    132008: final(
        "A value does not fit", "A value does not fit its place in the template.", _FIX_TEMPLATE, "template"
    ),
    132012: final(
        "A value does not fit", "A value has the wrong form for the template.", _FIX_TEMPLATE, "template"
    ),
    132015: wait(
        3 * HOUR,
        "The template is paused",
        "People reacted badly to this template, so WhatsApp has paused it.",
        "Choose another template, or improve this one. It comes back after some hours.",
        "template",
        action="template",
    ),
    132016: final(
        "The template is disabled",
        "WhatsApp has paused this template too often and disabled it.",
        "Write a new template with other words and submit it.",
        "template",
    ),
    132018: final(
        "A value does not fit",
        "WhatsApp checked the template's values and found a fault.",
        _FIX_TEMPLATE,
        "template",
    ),
    132068: final(
        "The form is blocked",
        "The flow in this message is blocked.",
        "Open Flows in WhatsApp Manager.",
        "settings",
    ),
    132069: wait(
        HOUR,
        "The form is throttled",
        "The flow in this message may be sent only ten times an hour.",
        "Mend the flow in WhatsApp Manager, or wait an hour.",
        "template",
    ),
    134011: final(
        "Terms not accepted",
        "The terms for payments on WhatsApp have not been accepted.",
        "Accept them in WhatsApp Manager.",
        "settings",
    ),
    134102: wait(
        30, "The marketing service had an error", "Meta's marketing service failed.", BY_ITSELF, most=3
    ),
    135000: wait(
        2,
        "WhatsApp could not use the message",
        "A parameter of the message is wrong, and WhatsApp does not say which.",
        _FIX_REQUEST,
        most=2,
        action="fix_text",
    ),
    136024: final(
        "Already verified", "The number is verified already.", "Go on with registering it.", "settings"
    ),
    137000: final(
        "The person may have changed",
        "The customer's identity has changed since you checked it, perhaps by a new phone.",
        "Make sure that you still write to the same person, then send it again.",
        "again",
    ),
    # Registration and management
    133000: final(
        "An old removal is not finished",
        "The number was removed earlier, and that did not finish.",
        "Remove the number once more in WhatsApp Manager, then register it.",
        "settings",
    ),
    133004: wait(30, "WhatsApp is briefly down", "The service is not available right now.", BY_ITSELF),
    133005: final("Wrong PIN", "The two-step PIN does not match.", _MANAGER, "settings"),
    133006: final("Not verified", "The number must be verified first.", _MANAGER, "settings"),
    133008: wait(
        HOUR,
        "Too many wrong PINs",
        "The PIN was wrong too often.",
        "Wait an hour, then enter it again.",
        action="settings",
    ),
    133009: wait(
        15 * MINUTE,
        "PIN entered too fast",
        "The PIN was tried too quickly.",
        "Wait a little and enter it again.",
        action="settings",
    ),
    133010: stop(
        "The number is not registered",
        "This number is not registered with the Cloud API.",
        "Register it in WhatsApp Manager, Phone numbers. Sending resumes by itself.",
    ),
    133015: wait(
        5 * MINUTE,
        "The number was just deleted",
        "WhatsApp is still removing it.",
        "Wait five minutes and try again.",
        action="settings",
    ),
    139100: final(
        "Blocked in part",
        "Some people could not be blocked.",
        "Look who is blocked, and try the rest.",
        "none",
    ),
    139101: final("The block list is full", "64,000 people are blocked.", "Unblock somebody first.", "none"),
    139102: wait(5, "The block list is busy", "Two changes came at once.", BY_ITSELF, most=5),
    139103: wait(5, "The block list had an error", "Something failed inside WhatsApp.", BY_ITSELF, most=5),
    2388001: final("The number cannot move", "Moving the number failed.", _MIGRATE, "settings"),
    2388012: final("The number cannot move", "The number cannot be moved as it is.", _MIGRATE, "settings"),
    2388019: final(
        "Too many templates",
        "The account holds as many templates as it may.",
        "Delete templates you no longer use.",
        "template",
    ),
    2388040: final("A part is too long", "A part of the template is too long.", _EDIT_TEMPLATE, "template"),
    2388047: final(
        "The header is wrong", "The header of the template has a wrong form.", _EDIT_TEMPLATE, "template"
    ),
    2388072: final(
        "The body is wrong", "The body of the template has a wrong form.", _EDIT_TEMPLATE, "template"
    ),
    2388073: final(
        "The footer is wrong", "The footer of the template has a wrong form.", _EDIT_TEMPLATE, "template"
    ),
    2388091: final("The number cannot move", "The number is not ready to be moved.", _MIGRATE, "settings"),
    2388093: final("The number cannot move", "The number is not ready to be moved.", _MIGRATE, "settings"),
    2388103: final("The number cannot move", "The number is not ready to be moved.", _MIGRATE, "settings"),
    2388293: final(
        "Too many variables",
        "The template has too many variables for its length.",
        _EDIT_TEMPLATE,
        "template",
    ),
    2388299: final(
        "A variable at the edge",
        "A template may not begin or end with a variable.",
        _EDIT_TEMPLATE,
        "template",
    ),
    2494100: wait(
        MINUTE, "The number is in maintenance", "WhatsApp is working on this number.", BY_ITSELF, "channel"
    ),
    2593107: final(
        "Already synchronised", "The phone app's data was asked for twice.", "Nothing to do.", "none"
    ),
    2593108: final(
        "Too late to synchronise",
        "More than a day has passed since the number joined.",
        "Join the number again.",
        "none",
    ),
    2593109: final(
        "History was not shared",
        "The owner of the phone app did not share the old messages.",
        "Nothing to do.",
        "none",
    ),
}

_RANGES: tuple[tuple[range, Verdict], ...] = (
    (
        range(200, 300),
        stop("Access is missing", "The token has no access to this WhatsApp account.", _GRANT),
    ),
    (range(131201, 131216), final("The group could not be changed", "WhatsApp refused it.", _GROUPS, "none")),
    (
        range(134100, 134104),
        final(
            "The marketing service refused it",
            "The number is not set up for Meta's marketing service.",
            "Open WhatsApp Manager and finish setting it up, or send it as an ordinary template.",
            "settings",
        ),
    ),
    (
        range(138000, 138019),
        final(
            "The call failed",
            "WhatsApp refused the call.",
            "Check the calling settings in WhatsApp Manager.",
            "settings",
        ),
    ),
    (
        range(139000, 139005),
        final("The flow failed", "WhatsApp refused the flow.", "Open Flows in WhatsApp Manager.", "settings"),
    ),
    (
        range(147001, 147006),
        final("The user name was refused", "WhatsApp refused the business user name.", _MANAGER, "settings"),
    ),
    (
        range(200005, 200008),
        final(
            "No template figures",
            "WhatsApp keeps no figures for these templates.",
            "Switch template insights on in WhatsApp Manager.",
            "settings",
        ),
    ),
)
for _codes, _verdict in _RANGES:
    for _code in _codes:
        TABLE.setdefault(_code, _verdict)
