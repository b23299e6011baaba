"""Small files for the demo, drawn and composed here: a bicycle, a voice, a quote."""

import io
import math
import struct
import wave
import zlib
from functools import cache

_SIZES = {"bicycle": (240, 180), "sticker": (120, 120)}


@cache
def sample(name: str) -> tuple[bytes, str, str | None]:
    """Return the bytes, the type and the name of a sample: `bicycle`, `sticker`, `voice` or `quote`."""
    if name == "voice":
        return _tone(seconds=2.5), "audio/wav", None
    if name == "quote":
        return (
            _pdf("Taller Dos Ruedas: factura de muestra"),
            "application/pdf",
            "factura ñandú.pdf",
        )
    return _bicycle(*_SIZES[name]), "image/png", None


def _bicycle(width: int, height: int) -> bytes:
    """Draw two wheels and a frame as a PNG. Source of the form: "PNG (Third Edition)", section 5."""
    wheels = ((width * 0.27, height * 0.66), (width * 0.73, height * 0.66))
    saddle, hub, handlebar = (
        (width * 0.4, height * 0.36),
        (width * 0.47, height * 0.66),
        (width * 0.66, height * 0.3),
    )
    frame = ((wheels[0], saddle), (saddle, hub), (hub, handlebar), (handlebar, wheels[1]), (wheels[0], hub))
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        sky = bytes((255 - y * 40 // height, 214 - y * 50 // height, 170 + y * 30 // height))
        for x in range(width):
            is_wheel = any(abs(math.hypot(x - cx, y - cy) - width * 0.17) < 2.5 for cx, cy in wheels)
            is_frame = not is_wheel and any(_distance(x, y, a, b) < 2.5 for a, b in frame)
            rows += b"\x28\x2c\x34" if is_wheel else b"\xd9\x5b\x1c" if is_frame else sky
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _distance(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return how far a point is from the line between two others."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = max(0.0, min(1.0, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - a[0] - along * dx, y - a[1] - along * dy)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _tone(seconds: float, rate: int = 8000) -> bytes:
    """Hum a melody of three notes."""
    notes, frames = (392, 523, 440), bytearray()
    for index in range(int(seconds * rate)):
        at = index / rate
        loudness = 70 * (1 - at / seconds)
        frames.append(round(128 + loudness * math.sin(2 * math.pi * notes[int(at * 3) % 3] * at)))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        sound.writeframes(bytes(frames))
    return file.getvalue()


def _pdf(title: str) -> bytes:
    """Compose a page with one line of text."""
    stream = f"BT /F1 18 Tf 60 760 Td ({title}) Tj ET".encode("latin-1")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + tail
