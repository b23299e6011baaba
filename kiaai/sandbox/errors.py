"""The errors that Graph answers with: their codes, HTTP statuses and body."""

import secrets
from typing import Any

# code: (HTTP status, title). Source: the Cloud API error code reference.
CODES: dict[int, tuple[int, str]] = {
    0: (401, "AuthException"),
    2: (503, "API Service"),
    3: (500, "API Method"),
    4: (400, "API Too Many Calls"),
    10: (403, "Permission Denied"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    190: (401, "Access token has expired"),
    200: (403, "Permissions error"),
    368: (403, "Temporarily blocked for policies violations"),
    80007: (400, "Rate limit issues"),
    130429: (400, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Account has been locked"),
    131042: (400, "Business eligibility payment issue"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "Meta chose not to deliver"),
    131050: (400, "User has stopped marketing messages"),
    131051: (400, "Message type unsupported"),
    131053: (400, "Media upload error"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    131059: (400, "Invalid paging cursor"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132012: (400, "Parameter format does not match format in the created template"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    133010: (400, "Phone number not registered"),
    139100: (400, "Failed to block some users"),
}

DETAILS: dict[int, str] = {
    130429: "Cloud API message throughput has been reached.",
    131000: "Message failed to send due to an unknown error.",
    131016: "A service is temporarily unavailable.",
    131026: "Message undeliverable.",
    131047: "More than 24 hours have passed since the customer last replied to this number.",
    131050: "The recipient chose to stop receiving marketing messages from your business.",
    131056: "Too many messages sent from this phone number to the same recipient in a short time.",
    132015: "Template is paused due to low quality.",
}


class GraphProblem(Exception):
    """Graph refuses a request: a code, what exactly is wrong, and the HTTP status it comes with."""

    def __init__(self, code: int, details: str = "", subcode: int | None = None, http: int | None = None):
        super().__init__(f"{code} {details}")
        self.code = code
        self.details = details or DETAILS.get(code, "")
        self.subcode = subcode
        self.http = http or CODES.get(code, (400, ""))[0]

    def body(self) -> dict[str, Any]:
        """Return the JSON body, in the nesting of HTTP answers (statuses nest otherwise)."""
        error: dict[str, Any] = {
            "message": self._message(),
            "type": "GraphMethodException" if self.subcode == 33 else "OAuthException",
            "code": self.code,
        }
        if self.details and self.code not in (100, 190):
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
        return {"error": error}

    def _message(self) -> str:
        if self.code == 190:
            return f"Error validating access token: {self.details}"
        if self.subcode == 33:
            return self.details
        return f"(#{self.code}) {self.details if self.code == 100 else title_of(self.code)}"


def title_of(code: int) -> str:
    return CODES.get(code, (400, "Something went wrong"))[1]


def unknown_object(node_id: str, method: str) -> GraphProblem:
    """Return what Graph says about an id that does not exist or that the token may not see."""
    return GraphProblem(
        100,
        f"Unsupported {method.lower()} request. Object with ID '{node_id}' does not exist, cannot be loaded "
        "due to missing permissions, or does not support this operation.",
        subcode=33,
    )


def status_error(code: int) -> dict[str, Any]:
    """Return the error as it stands in a `failed` status."""
    return {
        "code": code,
        "title": title_of(code),
        "message": title_of(code),
        "error_data": {"details": DETAILS.get(code) or title_of(code)},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    }
