"""A language model that says what a test tells it to, over real HTTP, as OpenAI's chat completions."""

import json
from collections.abc import Callable
from typing import Any

from kiaai.bot.turn import Found, Passage, Standing, TurnInput
from tests.whatsapp.conftest import GraphServer, Handler

KEY = "sk-very-secret-key"
# How long one turn of a model under test lasts at most.
SECONDS = 1.0

# A turn without a conversation.
HOURS = "¿A qué hora abren?"
PASSAGE = Passage(7, "Horario", "Abrimos de 9:30 a 19:00. Más en https://kia.example/horas.", "es", 0.9)
FOUND = Found((PASSAGE,))
TURN = TurnInput(Standing(0, True, False, False), texts=(HOURS,), business_name="Kia Pruebas")

Play = Callable[[Handler], object]


class ModelServer(GraphServer):
    """Plays one part of the script for each request; the last one again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.script: list[Play] = []
        self.answer = self._play

    def plays(self, *script: Play) -> None:
        self.script = list(script)

    @property
    def asked(self) -> list[Any]:
        """Return the body of each request."""
        return [received.json for received in self.received]

    def _play(self, handler: Handler) -> None:
        part = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        part(handler)


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """Return a call of a tool as models write it."""
    return raw_call(tool, json.dumps(arguments))


def raw_call(tool: str, arguments: Any) -> dict[str, Any]:
    return {"id": "call_x", "type": "function", "function": {"name": tool, "arguments": arguments}}


def completion(*calls: dict[str, Any], content: Any = None, tokens: tuple[int, int] = (100, 10)) -> Any:
    """Return a chat completion with these calls."""
    message = {"role": "assistant", "content": content, "tool_calls": list(calls)}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}],
        "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]},
    }


def calling(*calls: dict[str, Any], **options: Any) -> Play:
    return lambda handler: handler.reply(value=completion(*calls, **options))


def saying(value: Any = None, status: int = 200, **options: Any) -> Play:
    return lambda handler: handler.reply(status, value, **options)


def answering(text: str, **more: Any) -> Play:
    return calling(call("answer", text=text, **more))


def hanging(handler: Handler) -> None:
    """Take the request and say nothing, until the test is over."""
    handler.server.is_over.wait(30)
    handler.close_connection = True


def dripping(handler: Handler) -> None:
    """Answer for ever, a byte at a time."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400000\r\n\r\n"
    handler.drip(head, b" ")


def cut_off(handler: Handler) -> None:
    """Promise more than is sent."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"choices": [{"mess')
    handler.close_connection = True


def endless(handler: Handler) -> None:
    """Send megabytes without ever naming a length."""
    handler.drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * 65_536, 0)
