"""`billadjust init`: a configuration from the files that lie in a directory."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest

from billadjust.config import load_config
from billadjust.guess import survey, words
from billadjust.schemas import INPUTS
from init_case import FIRST_RUN, guessed, init, write
from operator_case import operator_of, program, tree, write_operator

MINIMUM = {
    "accounts.csv": "account_id\n1\n",
    "subscriptions.csv": "subscription_id,account_id,tariff_id,valid_from\nS,1,net,2026-01-31\n",
    "tariffs.csv": "tariff_id,version,effective_from,monthly_fee,internet_fee\nnet,1,2020-01-31,8.30,8.30\n",
}
"""What every run needs."""


def test_foreign_exports_get_the_configuration_that_a_person_wrote_for_them(foreign: Path) -> None:
    """Spanish names, `;`, decimal comma, windows-1252, dd/mm/yyyy: all as the documentation has it."""
    outcome = init(foreign)
    assert (outcome.code, outcome.err) == (0, "")
    ours, theirs = load_config(foreign / "billadjust.toml"), load_config(FIRST_RUN / "billadjust.toml")
    for name, source in theirs.sources.items():
        guess = ours.sources[name]
        assert Path(guess.path).name in {Path(source.path).name, "Facturas_[0-9]*.csv"}
        # where an input has no dates, the documentation gives no format either
        assert replace(guess, path=source.path) == source
    assert (ours.currency, ours.style.dialect, ours.report_language) == ("EUR", "spanish", "es")
    assert '\n# report_language = "es"           # of report.html' in (foreign / "billadjust.toml").read_text("utf-8")
    assert "  accounts: file Clientes.csv, written with ;  windows-1252, columns 3 of 3\n" in outcome.out
    assert "No file for cdrs: usage lines are not assessed.\n" in outcome.out
    assert "only likely" not in outcome.out
    assert outcome.out.endswith(f"then run: billadjust check --config {foreign / 'billadjust.toml'}\n")


def test_what_was_guessed_can_be_checked_and_run(foreign: Path) -> None:
    init(foreign)
    config = foreign / "billadjust.toml"
    assert program("check", "--config", config).out.endswith("All rows are sound.\n")
    run = program("run", "--config", config, "--as-of", "2026-07-02", "--dry-run")
    # 90.75 exit fee, 1.69 of the fee, 11.98 in dispute
    assert "A run of 2026-07-02 would post 3 entries, 104.42 EUR gross, for 3 accounts.\n" in run.out


def test_own_names_need_no_columns_and_files_are_found_by_their_names(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(3))
    (directory / "billadjust.toml").unlink()
    outcome = init(directory)
    assert outcome.code == 0
    sources = load_config(directory / "billadjust.toml").sources
    assert all(ours == theirs for source in sources.values() for ours, theirs in source.columns.items())
    assert {name for name, source in sources.items() if source.configured} == set(operator_of(3))


HEADERS = [
    ("accounts", "ID Cliente;Razón social;Correo electrónico;Idioma;Fecha de baja;IBAN;NIF",
     "account_id name email language closed_on iban tax_id"),
    (
        "accounts",
        "Código Abonado;Día Facturación;Dirección;Código postal;Población;Provincia;País",
        "account_id bill_cycle_day address post_code town province country",
    ),
    ("accounts", "customer_number;customer name;e-mail;lang", "account_id name email language"),
    ("subscriptions", "MSISDN;Código de cliente;Plan;Fecha alta;Fecha baja", "subscription_id account_id tariff_id valid_from valid_to"),
    ("tariffs", "codigo_tarifa;version;vigencia_desde;cuota_mensual;cuota_internet;nombre",
     "tariff_id version effective_from monthly_fee internet_fee name"),
    ("invoices", "numfactura;numcliente;fechaemision;fechainicio;fechafin;moneda;baseimponible;iva;total",
     "invoice_id account_id issue_date period_start period_end currency net_total tax_total gross_total"),
    ("invoices", "Invoice No.;Customer;Invoice Date;Period Start;Period End;Currency;Net Amount;VAT;Gross Amount;Payment Date",
     "invoice_id account_id issue_date period_start period_end currency net_total tax_total gross_total paid_on"),
    ("invoice_lines", "Nº Factura;Nº Línea;Concepto;Tipo;Importe neto;% IVA;Desde;Hasta",
     "invoice_id line_no description kind net_amount tax_rate period_start period_end"),
    ("cdrs", "Id llamada;Teléfono;Servicio;Fecha y hora;Destino;Duración (s);Importe;Nº factura",
     "cdr_id subscription_id service started_at destination quantity charged invoice_id"),
    ("outages", "Id avería;Servicio;Fecha inicio;Fecha fin;Provincia;Causa", "outage_id service started_at ended_at region cause"),
    ("disputes", "Reclamación;Cliente;Factura;Línea;Fecha apertura;Estado;Fecha cierre;Importe;Respuesta",
     "dispute_id account_id invoice_id line_no opened_on status resolved_on gross_amount explanation"),
    ("prior_credits", "Abono;Factura;Línea;Importe;Fecha", "credit_id invoice_id line_no net_amount granted_on"),
    ("zones", "Prefijo;País", "prefix zone"),
    ("rates", "Tarifa;Versión;Servicio;Zona;Franja;Precio;Por;Primer incremento;Incremento;Establecimiento",
     "tariff_id version service zone band price per first_increment increment connect_fee"),
]  # fmt: skip
"""Names of columns as other programs have them, each with the columns of ours that they are."""


@pytest.mark.parametrize(
    ("name", "theirs", "ours"), HEADERS, ids=[f"{name}-{at}" for at, (name, *_) in enumerate(HEADERS)]
)
def test_columns_are_known_by_what_their_words_mean(tmp_path: Path, name: str, theirs: str, ours: str) -> None:
    (tmp_path / f"{name}.csv").write_text(f"{theirs}\n", "utf-8")
    guess = guessed(tmp_path, name)
    assert guess.columns == dict(zip(ours.split(), theirs.split(";"), strict=True))
    assert guess.unused == ()


def test_every_column_of_every_input_has_words() -> None:
    known = words.tables()["columns"]
    assert {name: set(columns) for name, columns in known.items()} == {
        name: set(table.schema) for name, table in INPUTS.items()
    }
    concepts = set(words.tables()["concepts"])
    lists = [*words.tables()["inputs"].values(), *(said for columns in known.values() for said in columns.values())]
    phrases = {phrase for said in lists for phrase in said}
    assert {word for phrase in phrases for word in phrase.split()} <= concepts


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Líneas factura 2026", "invoice_lines"),
        ("ABONADOS", "accounts"),
        ("customer-list", "accounts"),
        ("clinetes", "accounts"),
        ("tarifas", "tariffs"),
        ("Contratos_20260701", "subscriptions"),
    ],
)
def test_files_are_known_by_their_names_and_columns(tmp_path: Path, file: str, name: str) -> None:
    header = {
        "invoice_lines": "Factura,Línea,Tipo,Importe,IVA",
        "accounts": "Cliente,Nombre",
        "tariffs": "Tarifa,Versión,Desde,Cuota,Cuota internet",
        "subscriptions": "Contrato,Cliente,Tarifa,Desde",
    }[name]
    (tmp_path / f"{file}.csv").write_text(header + "\n", "utf-8")
    assert [guess.table.name for guess in survey(tmp_path).guesses] == [name]


@pytest.mark.parametrize(
    ("encoding", "separator"), [("utf-8", ";"), ("utf-8-sig", "\t"), ("windows-1252", "|"), ("utf-8", ",")]
)
def test_encoding_and_separator_are_seen(tmp_path: Path, encoding: str, separator: str) -> None:
    text = "Cliente;Razón social;Idioma\n1;«Ñandú — 5 €»;es\n2;Otra;es\n".replace(";", separator)
    guess = guessed(write(tmp_path / "exports", Clientes_csv=text.encode(encoding)), "accounts")
    assert (guess.encoding, guess.candidate.sample.separator) == (encoding, separator)


def test_a_file_without_accents_is_taken_to_be_written_as_its_neighbours(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "Clientes_csv": "Cliente;Razón\n1;Ñu\n".encode("windows-1252"),
        "Contratos_csv": "Contrato;Cliente;Tarifa;Desde\n",
    }
    assert guessed(write(tmp_path / "exports", **files), "subscriptions").encoding == "windows-1252"
    assert guessed(write(tmp_path / "plain", Clientes_csv="Cliente;Nombre\n1;Zoe\n"), "accounts").encoding == "utf-8"


@pytest.mark.parametrize(
    ("cell", "date_format", "doubt"),
    [
        ("2026-07-13", None, None),
        ("13/07/2026", "%d/%m/%Y", None),
        ("07/13/2026", "%m/%d/%Y", None),
        ("13.07.26", "%d.%m.%y", None),
        ("20260713", "%Y%m%d", None),
        ("12/07/2026", "%d/%m/%Y", "day and month may be the other way round in dates such as 12/07/2026"),
        ("13/7/2026", None, "no format fits all its dates, such as 13/7/2026: export them as 2026-08-25"),
    ],
)
def test_the_date_format_is_what_all_dates_fit(
    tmp_path: Path, cell: str, date_format: str | None, doubt: str | None
) -> None:
    directory = write(
        tmp_path / "exports", disputes_csv=f"dispute_id,account_id,invoice_id,opened_on,status\nD,1,F,{cell},open\n"
    )
    guess = guessed(directory, "disputes")
    assert guess.date_format == date_format
    assert guess.doubts == ((doubt,) if doubt else ())


def test_dates_that_leave_a_doubt_are_read_as_those_of_the_other_files(tmp_path: Path) -> None:
    directory = write(
        tmp_path / "exports",
        disputes_csv="dispute_id,account_id,invoice_id,opened_on,status\nD,1,F,07/12/2026,open\n",
        collections_csv="event_id,account_id,kind,happened_on\nE,1,reminder,12/31/2026\n",
    )
    assert guessed(directory, "disputes").date_format == "%m/%d/%Y"
    assert guessed(directory, "disputes").doubts == ()


@pytest.mark.parametrize(
    ("cell", "comma", "doubt"),
    [
        ("1,50", True, ""),
        ("1.50", False, ""),
        ("15", False, ""),
        ("1.234,50", True, "amounts such as 1.234,50 separate thousands"),
        ("1,234.50", False, "amounts such as 1,234.50 separate thousands"),
    ],
)
def test_decimal_commas_are_seen_and_thousands_doubted(tmp_path: Path, cell: str, comma: bool, doubt: str) -> None:
    text = f"credit_id;invoice_id;line_no;net_amount;granted_on\nC;F;1;{cell};2026-01-31\n"
    guess = guessed(write(tmp_path / "exports", credits_csv=text), "prior_credits")
    assert guess.decimal_comma == comma
    assert [doubt in text for text in guess.doubts] == ([True] if doubt else [])


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_compressed_files_are_looked_into(tmp_path: Path, packing: str) -> None:
    raw = b"Cliente;Nombre\n1;Zoe\n"
    packed = gzip.compress(raw) if packing == "gz" else pa.compress(raw, codec="zstd", asbytes=True)
    (tmp_path / f"clientes.csv.{packing}").write_bytes(packed)
    assert guessed(tmp_path, "accounts").columns == {"account_id": "Cliente", "name": "Nombre"}


def test_parquet_and_ndjson_files_and_directories_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "cdrs").mkdir()
    frame = pl.DataFrame(
        {
            "cdr_id": ["c"],
            "Contrato": ["S"],
            "service": ["sms"],
            "Fecha": [date(2026, 1, 31)],
            "Cantidad": [1],
            "charged": [0.1],
        }
    )
    for month in ("a", "b"):
        frame.write_parquet(tmp_path / "cdrs" / f"{month}.parquet")
    (tmp_path / "clientes.ndjson").write_text('{"Cliente": "1", "Nombre": "Zoé"}\n', "utf-8")
    found = {guess.table.name: guess for guess in survey(tmp_path).guesses}
    assert found["cdrs"].candidate.path == "cdrs/"
    assert found["cdrs"].columns["started_at"] == "Fecha"
    assert found["cdrs"].missing == ()
    assert found["accounts"].columns == {"account_id": "Cliente", "name": "Nombre"}


def test_files_of_several_months_are_one_input_unless_the_pattern_takes_in_another(tmp_path: Path) -> None:
    text = "Factura,Cliente,Fecha,Desde,Hasta,Divisa,Neto,IVA,Total\n"
    for name in ("facturas_2026-06", "facturas_2026-07"):
        (tmp_path / f"{name}.csv").write_text(text)
    assert [guess.candidate.path for guess in survey(tmp_path).guesses] == ["facturas_[0-9]*.csv"]
    (tmp_path / "facturas_2026_resumen.csv").write_text("total\n1\n")
    assert [guess.candidate.path for guess in survey(tmp_path).guesses] == ["facturas_2026-06.csv"]


UNREADABLE: dict[str, tuple[str | bytes, str]] = {
    "header": ("1,Zoe\n2,Ana\n", "values where names of columns belong"),
    "doubled": ("id,name,name\n1,a,b\n", "two columns named name"),
    "empty": ("", "it is empty"),
    "wide": ("id,name\n".encode("utf-16"), "its encoding is UTF-16"),
    "other": ("colour,weight\nred,1\n", "its columns are not those of an input: colour, weight"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_files_that_are_nothing_end_in_a_message_and_nothing_is_written(tmp_path: Path, case: str) -> None:
    content, message = UNREADABLE[case]
    directory = write(tmp_path / "exports", clientes_csv=content, book_xlsx=b"PK")
    before = tree(directory)
    outcome = init(directory)
    assert outcome.code == 2
    assert message in outcome.err
    assert "book.xlsx: its ending is not .csv, .ndjson or .parquet: save it as one of these" in outcome.err
    assert tree(directory) == before


def test_damaged_files_are_set_aside(tmp_path: Path) -> None:
    directory = write(tmp_path / "exports", clientes_parquet=b"PAR1", contratos_ndjson="not json\n")
    (directory / "cdrs.csv.gz").write_bytes(gzip.compress(b"cdr_id,zone\n" * 9999)[:60])
    outcome = init(directory)
    assert outcome.code == 2
    assert outcome.err.count("it is damaged or cut off: export or copy it again") == 2
    assert "contratos.ndjson: no line of it is a JSON object" in outcome.err


def test_a_configuration_is_never_overwritten_unasked(foreign: Path) -> None:
    config = foreign / "billadjust.toml"
    config.write_text("# mine\n")
    outcome = init(foreign)
    assert outcome.code == 2
    assert (
        outcome.err
        == f"billadjust: {config} is there already. Give another name with --config, or --force to replace it.\n"
    )
    assert config.read_text() == "# mine\n"
    other = foreign.parent / "other.toml"
    assert init(foreign, "--config", other).code == 0
    assert load_config(other).sources["accounts"].path == str(foreign / "Clientes.csv")
    assert init(foreign, "--force").code == 0
    assert load_config(config).sources["accounts"].path == str(foreign / "Clientes.csv")


def test_an_input_that_lacks_a_required_column_is_written_as_a_comment(tmp_path: Path) -> None:
    files = {name.replace(".", "_"): text for name, text in MINIMUM.items()}
    directory = write(
        tmp_path / "exports", averias_csv="Avería,Inicio,Fin\n1,2026-01-31T10:00,2026-01-31T12:00\n", **files
    )
    outcome = init(directory)
    assert "outages: not found and required: service.\n" in outcome.out
    assert (
        f"Complete the columns of outages in {directory / 'billadjust.toml'}; they are commented there.\n"
        in outcome.out
    )
    text = (directory / "billadjust.toml").read_text("utf-8")
    assert (
        "# Left out, because service was not found: complete it, and take the `#` away.\n# [inputs.outages]\n" in text
    )
    assert program("check", "--config", directory / "billadjust.toml").code == 0


def test_required_inputs_that_are_not_there_are_named(tmp_path: Path) -> None:
    outcome = init(write(tmp_path / "exports", accounts_csv=MINIMUM["accounts.csv"]))
    assert outcome.code == 0
    assert "A run also needs subscriptions and tariffs: put the files there" in outcome.out


@pytest.mark.parametrize("directory", ["nowhere", "file.csv"])
def test_what_is_no_directory_is_said_so(tmp_path: Path, directory: str) -> None:
    (tmp_path / "file.csv").write_text("account_id\n")
    outcome = init(tmp_path / directory)
    assert outcome.code == 2
    assert "is not a directory. Name the one in which the exports are." in outcome.err


def test_names_with_quotes_and_control_characters_stay_within_their_line(tmp_path: Path) -> None:
    files = {name.replace(".", "_"): text for name, text in MINIMUM.items() if name != "accounts.csv"}
    header = 'account_id,"na""me\\",odd\x1b[2J,"two\nlines"\n1,Zoe,,\n'
    directory = write(tmp_path / "exports", accounts_csv=header, **files)
    assert init(directory).code == 0
    assert "\x1b" not in (directory / "billadjust.toml").read_text("utf-8")
    assert load_config(directory / "billadjust.toml").sources["accounts"].columns["name"] == 'na"me\\'


@pytest.mark.parametrize("content", [b"\0\0\0", b"{}", b"\n \n"])
def test_files_without_columns_are_set_aside(tmp_path: Path, content: bytes) -> None:
    directory = write(tmp_path / "exports", clientes_csv=content, contratos_ndjson=content)
    assert init(directory).code == 2
