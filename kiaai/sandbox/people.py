"""The invented customers, each with a phone."""

import hashlib
import re
import sqlite3
import time
from dataclasses import dataclass

from kiaai.sandbox.store import Store

BUSINESS_NUMBER = "56900000000"
# `flask leads seed --demo` invents people with these numbers. They wrote before this sandbox was there.
DEMO_NUMBERS = range(56900004000, 56900009000)

# name, number (None: shows only a username)
CAST = (
    ("Valentina Rojas", "56900001001", None),
    ("Matías Fuentes", "56900001002", None),
    ("Camila Ñancupil", "56900001003", None),
    ("Joaquín Herrera", "56900001004", None),
    ("Isidora Muñoz", None, "@isi.munoz"),
)
NEW_NAMES = ("Antonia Vera", "Benjamín Lagos", "Fernanda Pino", "Tomás Araya", "Josefa Leiva", "Diego Salas")

# Area codes of Brazil whose WhatsApp ids keep the ninth digit; the others lost it.
BRAZIL_NINE = {*(str(code) for code in range(11, 20)), "21", "22", "24", "27", "28"}


@dataclass(frozen=True)
class Person:
    """A customer. `wa_id` is None for someone who shows only a username."""

    id: int
    name: str
    wa_id: str | None
    bsuid: str
    username: str | None
    last_inbound_at: float | None
    last_seen_id: int
    typing_until: float
    is_marketing_stopped: bool

    @property
    def number(self) -> str:
        """The number as a phone shows it, or the username."""
        if self.wa_id is None:
            return self.username or self.bsuid
        if self.wa_id.startswith("569") and len(self.wa_id) == 11:
            return chilean(self.wa_id)
        return f"+{self.wa_id}"

    @property
    def is_of_demo(self) -> bool:
        return self.wa_id is not None and int(self.wa_id) in DEMO_NUMBERS

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in re.findall(r"\w+", self.name)[:2]).upper() or "?"

    @property
    def hue(self) -> int:
        return self.id % 6

    @property
    def is_typing_to(self) -> bool:
        """Whether the business asked for the typing indicator in the last 25 seconds."""
        return self.typing_until > time.time()


class People:
    """Finds and makes customers."""

    def __init__(self, store: Store):
        self._store = store
        with store.transaction():
            if not store.find_row("SELECT 1 FROM people LIMIT 1"):
                for name, wa_id, username in reversed(CAST):
                    self._add(name, wa_id, username)

    def get(self, person_id: int) -> Person:
        """Return a customer. Raises LookupError."""
        return _person(self._store.row("SELECT * FROM people WHERE id = ?", person_id))

    def find(self, identity: str) -> Person | None:
        """Find by number (any spelling), business-scoped id or username."""
        row = self._store.find_row(
            "SELECT * FROM people WHERE wa_id = ? OR bsuid = ? OR username = ?",
            wa_id_of(digits_of(identity)) or None,
            identity,
            identity,
        )
        return _person(row) if row else None

    def find_or_add(self, identity: str, name: str | None = None) -> Person:
        """Return the customer with a number or @username, made on first sight; a given name is kept."""
        with self._store.transaction():
            person = self.find(identity)
            if person is None:
                wa_id = None if identity.startswith("@") else wa_id_of(digits_of(identity))
                username = identity if wa_id is None else None
                return self._add(name or identity, wa_id, username)
            if name and name != person.name:
                self._store.run("UPDATE people SET name = ? WHERE id = ?", name, person.id)
                return self.get(person.id)
            return person

    def add_next(self, name: str) -> Person:
        """Make one more customer with a free invented number."""
        with self._store.transaction():
            for last in range(1005, 4000):
                wa_id = f"5690000{last}"
                if self.find(wa_id) is None:
                    return self._add(name or NEW_NAMES[(last - 1005) % len(NEW_NAMES)], wa_id, None)
        raise LookupError("no number is free")

    def latest(self, limit: int = 40) -> list[Person]:
        """Return those who were active last, first."""
        sql = "SELECT * FROM people ORDER BY active_at DESC, id DESC LIMIT ?"
        return [_person(row) for row in self._store.rows(sql, limit)]

    def note_inbound(self, person: Person, at: float) -> None:
        """Open the 24-hour window from a customer's message."""
        self._store.run(
            "UPDATE people SET last_inbound_at = max(coalesce(last_inbound_at, 0), ?) WHERE id = ?",
            at,
            person.id,
        )

    def note_active(self, person: Person) -> None:
        self._store.run("UPDATE people SET active_at = ? WHERE id = ?", time.time(), person.id)

    def show_typing(self, person_id: int, seconds: float) -> None:
        self._store.run("UPDATE people SET typing_until = ? WHERE id = ?", time.time() + seconds, person_id)

    def note_seen(self, person: Person, message_id: int) -> None:
        self._store.run(
            "UPDATE people SET last_seen_id = max(last_seen_id, ?) WHERE id = ?", message_id, person.id
        )

    def stop_marketing(self, person: Person, is_stopped: bool) -> None:
        self._store.run("UPDATE people SET is_marketing_stopped = ? WHERE id = ?", int(is_stopped), person.id)

    def _add(self, name: str, wa_id: str | None, username: str | None) -> Person:
        person_id = self._store.run(
            "INSERT INTO people (name, wa_id, bsuid, username, active_at) VALUES (?, ?, ?, ?, ?)",
            *(name, wa_id, bsuid_of(wa_id or username or name), username, time.time()),
        )
        return self.get(person_id)


def chilean(wa_id: str) -> str:
    """Return a Chilean mobile number as people write it."""
    return f"+{wa_id[:2]} {wa_id[2]} {wa_id[3:7]} {wa_id[7:]}"


def digits_of(number: str) -> str:
    """Return the digits of a number as a person writes it."""
    return re.sub(r"[^0-9]", "", number)


def is_phone_number(text: str) -> bool:
    return bool(re.fullmatch(r"\+?[0-9 ()-]+", text)) and 7 <= len(digits_of(text)) <= 15


def wa_id_of(digits: str) -> str:
    """Return WhatsApp's own id of a number, which differs in Brazil, Mexico and Argentina."""
    if re.fullmatch(r"55\d{2}9\d{8}", digits) and digits[2:4] not in BRAZIL_NINE:
        return digits[:4] + digits[5:]
    if re.fullmatch(r"52[^1]\d{9}", digits):
        return "521" + digits[2:]
    if re.fullmatch(r"54[^9]\d{9}", digits):
        return "549" + digits[2:]
    return digits


def bsuid_of(seed: str) -> str:
    """Return a business-scoped user id; derived, so that a person keeps it when the sandbox is emptied."""
    return f"CL.1{int(hashlib.sha256(seed.encode()).hexdigest()[:16], 16) % 10**19:019d}"


def _person(row: sqlite3.Row) -> Person:
    return Person(
        id=row["id"],
        name=row["name"],
        wa_id=row["wa_id"],
        bsuid=row["bsuid"],
        username=row["username"],
        last_inbound_at=row["last_inbound_at"],
        last_seen_id=row["last_seen_id"],
        typing_until=row["typing_until"],
        is_marketing_stopped=bool(row["is_marketing_stopped"]),
    )
