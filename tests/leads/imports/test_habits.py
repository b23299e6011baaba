"""Tables come from anywhere: what spreadsheets do to numbers, letters and lines is understood or refused."""

import re
from io import BytesIO

import pytest

from kiaai.leads.imports.cells import NO_PHONE, ROUNDED, Refused, Row, read_line, read_tags, written_tags
from kiaai.leads.table import NotATable, Table, armed, defused, read_table

ANA = "56900007001"


def table_of(content: str | bytes) -> Table:
    raw = content if isinstance(content, bytes) else content.encode()
    return read_table(lambda: BytesIO(raw), "clientes.csv")


def rows_of(content: str | bytes, country: str = "") -> list[Row | Refused]:
    return [read_line(line, country) for line in table_of(content).lines()]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffTeléfono;Nombre\n56900007001;Íñigo\n".encode(),
        "Celular,Nombre completo\r\n+56 9 0000 7001,Íñigo\r\n".encode("cp1252"),
        "Phone\tName\n56900007001\tÍñigo\n".encode("utf-16"),
        "Phone\tName\n56900007001\tÍñigo\n".encode("utf-16-le"),
        "sep=;\nphone;name\n56900007001;Íñigo\n",
        'phone,name\n"=""56900007001""",Íñigo\n',
        'phone,name\n="56900007001",="Íñigo"\n',
        "phone,name\n'+56900007001,Íñigo\n",
        "phone,name\n56900007001.0,Íñigo\n",
        "phone;name\n56900007001,00;Íñigo\n",
        "56900007001,Íñigo\n56900007002,Eva\n",
        "Íñigo;56900007001\nEva;56900007002\n",
        "\n\n;;\nName;WhatsApp Number\n\nÍñigo;0056900007001\n",
        "name,wa\nÍñigo,56900007001\nEva,56900007002\n",
        'name,"phone"\r"Íñigo",56900007001\r',
        "Phone\tName\n56900007001\tÍñigo\n".encode("utf-16-be"),
        "\ufeffTeléfono;Nombre\n56900007001;Íñigo\n".encode() + b"56900007002;\xff\n",
        "phone;name\n\u202a+56\u00a09\u202f0000 7001\u202c;Íñigo\n",
        "phone_number\tfull_name\np:+56900007001\tÍñigo\n".encode("utf-16"),
        "phone;name\ntel:+56-9-0000-7001;Íñigo\n",
    ],
    ids=[
        "utf-8 with a mark", "windows letters", "utf-16", "utf-16 without a mark", "a separator line",
        "text formula in quotes", "text formula", "apostrophe", "fraction", "comma fraction", "no header",
        "no header, name first", "empty lines", "a column without a known name", "lines of old macs",
        "utf-16 the other way round", "a bad byte below a mark", "marks of an address book",
        "leads of an advertisement", "a link",
    ],
)  # fmt: skip
def test_it_reads_what_spreadsheets_write(content: str | bytes) -> None:
    first = rows_of(content)[0]

    assert isinstance(first, Row)
    assert (first.phone, first.name) == (ANA, "Íñigo")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("5.69E+10", ROUNDED),
        ('"5,69E+10"', ROUNDED),
        ("5,69e10", ROUNDED),
        ("0 9 1234", NO_PHONE),
        ("x", NO_PHONE),
    ],
)
def test_a_number_that_lost_digits_is_refused_with_the_way_out(cell: str, reason: str) -> None:
    row = rows_of(f"phone;name\n{cell};Ana\n")[0]

    assert isinstance(row, Refused)
    assert (row.reason, row.cells[1]) == (reason, "Ana")


@pytest.mark.parametrize(
    ("written", "country", "read"),
    [
        ("9 0000 7001", "CL", "56900007001"),
        ("56900007001", "CL", "56900007001"),
        ("+54 9 11 0000 7001", "CL", "5491100007001"),
        ("11 0000-7001", "AR", "5491100007001"),
        ("011 0000 7001", "AR", "5491100007001"),
        ("(55) 0000 7001", "MX", "525500007001"),
        ("11 90000 7001", "BR", "5511900007001"),
        ("0 600 000 701", "ES", "34600000701"),
        ("1 202 000 7001", "US", "12020007001"),
        ("900007001", "", "900007001"),
    ],
)
def test_numbers_as_at_home_get_their_country(written: str, country: str, read: str) -> None:
    row = rows_of(f"phone\n{written}\n", country)[0]

    assert isinstance(row, Row)
    assert row.phone == read


@pytest.mark.parametrize("content", [b"", b"\n\n;;\n", b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest"])
def test_what_is_no_table_is_said_so(content: bytes) -> None:
    with pytest.raises(NotATable):
        table_of(content)


def test_a_quote_that_never_closes_harms_no_line_before_it() -> None:
    rows = rows_of('phone,name\n56900007001,Ana\n56900007002,"Eva\n56900007003,Luz\n')

    assert [row.line for row in rows] == [2, 3]
    assert isinstance(rows[0], Row)


@pytest.mark.parametrize(
    ("cell", "status"),
    [("Cliente", "customer"), ("potential client", "potential_client"), ("BAD_LEAD", "bad_lead"), ("", None)],
)
def test_a_status_is_known_in_both_languages(cell: str, status: str | None) -> None:
    row = rows_of(f"phone,Estado\n56900007001,{cell}\n")[0]

    assert isinstance(row, Row)
    assert row.status == status


@pytest.mark.parametrize("tag", ["vip", "a, b", 'dos "comillas"', "x;y|z", '"', "=1+1", "ñ 😀"])
def test_any_tag_comes_back_as_it_was(tag: str) -> None:
    assert read_tags(written_tags([tag, "otra"])) == [tag, "otra"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''+1"])
def test_a_formula_is_defused_and_comes_back(cell: str) -> None:
    assert defused(cell).startswith("'")
    assert armed(defused(cell)) == cell


@pytest.mark.parametrize("cell", ["Ana;=1+1", "Ana; @x", "Ana\t-1", "a\n=1", "a;'=1;+2", "a\r\n\t-1"])
def test_a_formula_behind_another_separator_is_defused_and_comes_back(cell: str) -> None:
    assert not re.search(r"[;\t]\s*[=+\-@]|[\r\n]\s*[=+@]", defused(cell))
    assert armed(defused(cell)) == cell


def test_a_list_is_left_as_it_is() -> None:
    assert defused("Quiere:\n- frenos\n- aceite") == "Quiere:\n- frenos\n- aceite"


@pytest.mark.timeout(10)
@pytest.mark.parametrize("run", ["\n", "\t", ";", " ;", "'", "\n-"])
def test_a_long_run_of_anything_is_looked_at_once(run: str) -> None:
    cell = f"a{run * 300_000}b"

    assert armed(defused(cell)) == cell
