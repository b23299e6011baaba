"""Which column of a table holds what: told by its name in Spanish or English, else by what is in it."""

import re
from collections.abc import Callable, Sequence

from kiaai.models.folding import folded

COLUMNS = ("phone_number", "customer_name", "lead_status", "notes", "tags")
# Written by the export beside the others; nothing is read from them.
TIME_COLUMNS = ("first_contact_at", "last_contact_at")

_NAMES = {
    "phone_number": "phone_number phone phones phone_1_value phone_no mobile mobile_phone cell cell_phone"
    " cellphone telephone tel whatsapp whatsapp_number number telefono telefonos telefono_movil tel_movil"
    " movil celular cel fono numero numero_de_telefono numero_telefono numero_de_whatsapp",
    "customer_name": "customer_name name full_name customer contact contact_name client nombre"
    " nombre_completo nombre_y_apellido nombres cliente contacto nombre_del_cliente razon_social",
    "lead_status": "lead_status status stage estado etapa situacion",
    "notes": "notes note comments comment remarks description notas nota comentario comentarios"
    " observacion observaciones descripcion",
    "tags": "tags tag labels label groups etiquetas etiqueta grupos grupo",
}
_COLUMN_OF = {name: column for column, names in _NAMES.items() for name in names.split()}
_PHONE = re.compile(
    r"'?(?:\+|00)?[\d\s().\-\u00a0\u2010\u2011\u2013]{7,24}(?:[.,]0+)?|\d(?:[.,]\d+)?[eE]\+?\d\d"
)


def guess_columns(rows: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return the header, empty when the first row is data already, and what each column holds.

    rows: the first rows of the file. Unknown columns are "".
    """
    first = rows[0]
    columns = _named(first)
    has_header = any(columns) or not any(_is_phone(cell) for cell in first)
    data = rows[1:] if has_header else rows
    if "phone_number" not in columns:
        _fill(columns, "phone_number", [_share(data, place, _is_phone) for place in range(len(first))])
    if not has_header:
        _fill(columns, "customer_name", [_share(data, place, _is_words) for place in range(len(first))])
    return list(first) if has_header else [], columns


def _named(header: Sequence[str]) -> list[str]:
    columns: list[str] = []
    for cell in header:
        name = re.sub(r"[^a-z0-9]+", "_", folded(cell)).strip("_")
        column = _COLUMN_OF.get(name, "")
        columns.append("" if column in columns else column)
    return columns


def _fill(columns: list[str], column: str, shares: list[float]) -> None:
    """Give the column to the place where most cells look like it, if half of them do."""
    free = [place for place, known in enumerate(columns) if not known]
    best = max(free, key=lambda place: shares[place], default=None)
    if best is not None and shares[best] >= 0.5:
        columns[best] = column


def _share(rows: Sequence[Sequence[str]], place: int, is_such: Callable[[str], bool]) -> float:
    cells = [row[place] for row in rows if place < len(row) and row[place]]
    return sum(map(is_such, cells)) / len(cells) if cells else 0.0


def _is_phone(cell: str) -> bool:
    return bool(_PHONE.fullmatch(cell)) and sum(letter.isdigit() for letter in cell) >= 3


def _is_words(cell: str) -> bool:
    return any(letter.isalpha() for letter in cell)
