"""The configuration file: what it may say, what holds otherwise, and what is said about a mistake."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from billadjust.config import Config, Limits, load_config
from billadjust.errors import ConfigError
from billadjust.inputs.source import Source
from billadjust.schemas import INPUTS


def written(directory: Path, toml: str) -> Path:
    """Write a configuration file and return its path."""
    path = directory / "billadjust.toml"
    path.write_text(toml, encoding="utf-8")
    return path


def loaded(directory: Path, toml: str) -> Config:
    """Load a configuration with this content."""
    return load_config(written(directory, toml))


def mistakes(directory: Path, toml: str) -> list[str]:
    """Return the lines of the error message about a configuration with this content, without the first."""
    path = written(directory, toml)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    first, *lines = str(caught.value).splitlines()
    assert first == f"{path} needs {len(lines)} correction{'s' if len(lines) > 1 else ''}:"
    assert all(line.startswith("  ") for line in lines)
    return [line.removeprefix("  ") for line in lines]


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    config = loaded(tmp_path, "")
    assert config.path == tmp_path / "billadjust.toml"
    assert (config.currency, config.timezone, config.style.dialect) == ("EUR", "Europe/Madrid", "standard")
    assert (config.ledger, config.outputs) == (tmp_path / "ledger", tmp_path / "out")
    assert config.limits == Limits(rejected_share=10_000, run_gross=None, account_gross=None, share_of_billed=None)
    assert config.policy.at("dispute_refund.waiver_days", date(2026, 8, 25)) == 45
    assert config.sources == {name: Source(name, str(tmp_path / f"{name}.csv"), configured=False) for name in INPUTS}


def test_everything_that_can_be_said_is_kept(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        r"""
        currency = "KWD"
        timezone = "Asia/Kuwait"

        [inputs]
        cdrs = "cdrs/*.parquet"

        [inputs.invoices]
        path = "facturas_*.csv"
        separator = ";"
        decimal_comma = true
        encoding = "windows-1252"
        date_format = "%d/%m/%Y"
        columns = { invoice_id = "NumFactura", account_id = "Cliente" }

        [inputs.outages]
        separator = "\t"
        words.service = { datos = "data", "corte total" = "all" }

        [inputs.tariffs.words.open_for_sale]
        "sí" = true
        no = false

        [ledger]
        path = "../books"

        [outputs]
        path = "/srv/out"
        dialect = "spanish"

        [policy]
        outage_credit.min_minutes = 30
        rating.tolerance = 0.005

        [limits]
        rejected_share = 0.5
        run_gross = 5000
        account_gross = 200.125
        share_of_billed = 2
        """,
    )
    assert (config.currency, config.timezone, config.style.dialect) == ("KWD", "Asia/Kuwait", "spanish")
    assert (config.ledger, config.outputs) == (tmp_path.parent / "books", Path("/srv/out"))
    assert config.sources["cdrs"] == Source("cdrs", str(tmp_path / "cdrs/*.parquet"), configured=True)
    assert config.sources["invoices"] == Source(
        "invoices",
        str(tmp_path / "facturas_*.csv"),
        configured=True,
        separator=";",
        decimal_comma=True,
        encoding="windows-1252",
        date_format="%d/%m/%Y",
        columns={"invoice_id": "NumFactura", "account_id": "Cliente"},
    )
    assert config.sources["outages"] == Source(
        "outages",
        str(tmp_path / "outages.csv"),
        configured=False,
        separator="\t",
        words={"service": {"datos": "data", "corte total": "all"}},
    )
    assert config.sources["tariffs"].words == {"open_for_sale": {"sí": "true", "no": "false"}}
    assert list(config.sources) == list(INPUTS)
    assert config.policy.currency == "KWD"
    assert config.policy.timezone == "Asia/Kuwait"
    assert config.policy.at("outage_credit.min_minutes", date(2026, 8, 25)) == 30
    assert config.policy.at("rating.tolerance", date(2026, 8, 25)) == 5
    assert config.limits == Limits(
        rejected_share=5_000, run_gross=5_000_000, account_gross=200_125, share_of_billed=20_000
    )


def test_paths_are_absolute_although_the_file_is_named_relatively(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "night").mkdir()
    written(tmp_path / "night", '[inputs]\naccounts = "../common/accounts.csv"')
    monkeypatch.chdir(tmp_path)
    config = load_config(Path("night/billadjust.toml"))
    assert config.path == tmp_path / "night/billadjust.toml"
    assert config.sources["accounts"].path == str(tmp_path / "night/../common/accounts.csv")
    assert config.sources["cdrs"].path == str(tmp_path / "night/cdrs.csv")
    assert config.ledger == tmp_path / "night/ledger"


def test_a_byte_order_mark_before_the_file_does_not_matter(tmp_path: Path) -> None:
    assert loaded(tmp_path, '\ufeffcurrency = "USD"').currency == "USD"


@pytest.mark.parametrize(
    "place",
    ["cdrs.csv", "cdrs.csv.gz", "cdrs.csv.zst", "cdrs.ndjson", "cdrs.ndjson.gz", "cdrs.jsonl", "cdrs.parquet"],
)
def test_a_file_beside_the_configuration_is_its_inputs_default_place(tmp_path: Path, place: str) -> None:
    (tmp_path / place).touch()
    assert loaded(tmp_path, "").sources["cdrs"] == Source("cdrs", str(tmp_path / place), configured=False)


def test_a_directory_beside_the_configuration_is_its_inputs_default_place(tmp_path: Path) -> None:
    (tmp_path / "cdrs").mkdir()
    (tmp_path / "accounts").touch()
    sources = loaded(tmp_path, "").sources
    assert sources["cdrs"].path == str(tmp_path / "cdrs")
    assert sources["accounts"].path == str(tmp_path / "accounts.csv")


def test_two_default_places_are_one_too_many_unless_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "cdrs.csv").touch()
    (tmp_path / "cdrs.parquet").touch()
    (tmp_path / "cdrs").mkdir()
    (mistake,) = mistakes(tmp_path, "[inputs.cdrs]\nseparator = ';'")
    assert mistake == (
        "inputs.cdrs: cdrs.csv and cdrs.parquet and cdrs/ are all there; "
        'say under [inputs] which one it is: cdrs = "cdrs.csv"'
    )
    assert loaded(tmp_path, '[inputs]\ncdrs = "cdrs.parquet"').sources["cdrs"].path == str(tmp_path / "cdrs.parquet")


@pytest.mark.parametrize(
    ("given", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("latin-1", "latin-1"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "windows-1252"),
        ("cp1252", "windows-1252"),
    ],
)
def test_an_encoding_is_known_by_its_usual_names(tmp_path: Path, given: str, encoding: str) -> None:
    assert loaded(tmp_path, f'[inputs.cdrs]\nencoding = "{given}"').sources["cdrs"].encoding == encoding


@pytest.mark.parametrize("date_format", ["%d/%m/%Y", "%Y%m%d", "%d.%m.%y", "%d-%b-%Y"])
def test_a_date_format_names_day_month_and_year(tmp_path: Path, date_format: str) -> None:
    toml = f'[inputs.cdrs]\ndate_format = "{date_format}"'
    assert loaded(tmp_path, toml).sources["cdrs"].date_format == date_format


@pytest.mark.parametrize(
    ("toml", "mistake"),
    [
        ('currency = "eur"', 'currency: "eur" is not a currency code; write three capitals, such as "EUR"'),
        ('currency = "EURO"', 'currency: "EURO" is not a currency code; write three capitals, such as "EUR"'),
        ("currency = 978", "currency: needs a text in quotes, not 978"),
        ('timezone = "Europe/Madird"', 'timezone: "Europe/Madird" is not a time zone; did you mean `Europe/Madrid`?'),
        ('timezone = "+01:00"', 'timezone: "+01:00" is not a time zone; write it like "Europe/Madrid"'),
        ("leger = 1", "leger: there is no such key; did you mean `ledger`?"),
        ("zzz = 1", "zzz: there is no such key; known are currency, timezone, inputs, ledger, outputs, credit_notes, accounts, policy, limits, issuer"),
        ('ledger = "books"', 'ledger: needs a table, not "books"'),
        ("policy = 7", "policy: needs a table, not 7"),
        ("[inputs.cdrs.words]\nzone = {}", "inputs.cdrs.words.zone: cdrs has no such column with a fixed set of words; it has service"),
        ("[inputs.zones.words]\nzone = {}", "inputs.zones.words.zone: zones has no such column with a fixed set of words; it has none"),
        ('[inputs.cdrs.words]\nservice = "x"', 'inputs.cdrs.words.service: needs a table of the file\'s words, each with ours, not "x"'),
        ('[inputs.cdrs.words.service]\nvoz = "voise"', 'inputs.cdrs.words.service.voz: needs "voice", "sms" or "data", not "voise"'),
        ("[inputs.cdrs.words.service]\nvoz = 1", 'inputs.cdrs.words.service.voz: needs "voice", "sms" or "data", not 1'),
        ('[inputs.cdrs.words.service]\n"" = "sms"', 'inputs.cdrs.words.service."": an empty cell is no word; let the export fill it in'),
        ('[inputs.tariffs.words.open_for_sale]\nsi = "yes"', 'inputs.tariffs.words.open_for_sale.si: needs true or false, not "yes"'),
        ('[ledger]\npth = "x"', "ledger.pth: there is no such key; did you mean `path`?"),
        ("[ledger]\npath = 2026-01-01", "ledger.path: needs a text in quotes, not 2026-01-01"),
        ('[ledger]\npath = ""', "ledger.path: is empty; write a path"),
        ('[outputs]\ndialect = "french"', 'outputs.dialect: needs "standard" or "spanish", not "french"'),
        (
            '[outputs]\nreport_language = "fr"',
            'outputs.report_language: "fr" is not a language of the report; write "es" or "en"',
        ),
        ('[inputs]\ncdr = "x"', "inputs.cdr: there is no such input; did you mean `cdrs`?"),
        ("[inputs]\ncdrs = 5", "inputs.cdrs: needs a path in quotes or a table, not 5"),
        ('[inputs]\ncdrs = " "', "inputs.cdrs.path: is empty; write a path"),
        ('[inputs.cdrs]\nseperator = ";"', "inputs.cdrs.seperator: there is no such key; did you mean `separator`?"),
        ('[inputs.cdrs]\nseparator = ";;"', r'inputs.cdrs.separator: needs one character, such as ";" or "\t", not ";;"'),
        ('[inputs.cdrs]\nseparator = ""', r'inputs.cdrs.separator: needs one character, such as ";" or "\t", not ""'),
        ('[inputs.cdrs]\nseparator = "§"', r'inputs.cdrs.separator: needs one character, such as ";" or "\t", not "§"'),
        ("[inputs.cdrs]\nseparator = '\"'", r'inputs.cdrs.separator: needs one character, such as ";" or "\t", not """'),
        ('[inputs.cdrs]\ndecimal_comma = "yes"', 'inputs.cdrs.decimal_comma: needs true or false, not "yes"'),
        ("[inputs.cdrs]\ndecimal_comma = 1", "inputs.cdrs.decimal_comma: needs true or false, not 1"),
        (
            '[inputs.cdrs]\nencoding = "cp850"',
            'inputs.cdrs.encoding: "cp850" is not an encoding that can be read; write "utf-8", "utf-8-sig", "latin-1" or "windows-1252"',
        ),
        ('[inputs.cdrs]\ndate_format = "%d/%m"', 'inputs.cdrs.date_format: "%d/%m" does not name day, month and year; write it like "%d/%m/%Y"'),
        ('[inputs.cdrs]\ndate_format = "dd/mm"', 'inputs.cdrs.date_format: "dd/mm" does not name day, month and year; write it like "%d/%m/%Y"'),
        ('[inputs.cdrs]\ndate_format = "%Y-%m-%d%"', 'inputs.cdrs.date_format: "%Y-%m-%d%" does not name day, month and year; write it like "%d/%m/%Y"'),
        ('[inputs.cdrs.columns]\nzon = "Zona"', "inputs.cdrs.columns.zon: there is no such column; did you mean `zone`?"),
        ('[inputs.zones.columns]\nxyz = "Zona"', "inputs.zones.columns.xyz: there is no such column; known are prefix, zone"),
        ("[inputs.cdrs.columns]\nzone = 3", "inputs.cdrs.columns.zone: needs the file's name of the column, not 3"),
        ('[inputs.cdrs.columns]\nzone = ""', 'inputs.cdrs.columns.zone: needs the file\'s name of the column, not ""'),
        ('[inputs.cdrs]\ncolumns = "Zona"', 'inputs.cdrs.columns: needs a table, not "Zona"'),
        ("[limits]\nrun_gros = 1", "limits.run_gros: there is no such key; did you mean `run_gross`?"),
        ("[limits]\nrejected_share = true", "limits.rejected_share: needs a percentage, not true"),
        ("[limits]\nrejected_share = -1", "limits.rejected_share: must not be below 0, but is -1"),
        ("[limits]\nrun_gross = 0.001", "limits.run_gross: has too many decimals: 0.001; EUR carries 2"),
        ('[limits]\naccount_gross = "5"', 'limits.account_gross: needs an amount without quotes, not "5"'),
        ("[policy]\ntax_rate = -1", "policy.tax_rate: must not be below 0, but is -1"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key_and_what_to_write(tmp_path: Path, toml: str, mistake: str) -> None:
    assert mistakes(tmp_path, toml) == [mistake]


@pytest.mark.parametrize("path", ["sub/../ledger", "ledger/_runs"])
def test_outputs_may_not_be_in_the_ledgers_directory_where_leftovers_are_removed(tmp_path: Path, path: str) -> None:
    assert mistakes(tmp_path, f'[outputs]\npath = "{path}"') == [
        f"outputs.path: is in the ledger's directory, {tmp_path / 'ledger'}; write another one"
    ]


@pytest.mark.parametrize(
    ("name", "sign"),
    [("a[b", "["), ("a]b", "]"), ("a^b", "^"), ("a|b", "|"), ("a\\\\b", "\\"), ("a%2Fb", "%2F"), ("%e1", "%e1")],
)
def test_a_ledger_is_not_put_where_its_library_would_write_elsewhere(tmp_path: Path, name: str, sign: str) -> None:
    path = tmp_path / name.replace("\\\\", "\\")
    assert mistakes(tmp_path, f'[ledger]\npath = "{name}"') == [
        f'ledger.path: a ledger cannot be written to {path}, because of the "{sign}" in it; write another path'
    ]
    (tmp_path / "linked").symlink_to(path)
    assert len(mistakes(tmp_path, '[ledger]\npath = "linked/ledger"')) == 1


def test_all_mistakes_are_told_at_once_in_a_fixed_order(tmp_path: Path) -> None:
    toml = """
        timezone = "Nowhere"
        extra = 1
        currency = "KWD"
        [limits]
        run_gross = 0.0001
        [policy]
        rating.tolerance = 0.005
        tax_rate = "21"
        [outputs]
        path = 5
        dialect = "french"
        [inputs]
        cdr = "x"
        [inputs.cdrs]
        decimal_comma = 1
        columns = { zon = "Zona", service = 3 }
        """
    assert mistakes(tmp_path, toml) == [
        'timezone: "Nowhere" is not a time zone; write it like "Europe/Madrid"',
        "extra: there is no such key; known are currency, timezone, inputs, ledger, outputs, credit_notes, accounts, policy, limits, issuer",
        "inputs.cdr: there is no such input; did you mean `cdrs`?",
        "inputs.cdrs.decimal_comma: needs true or false, not 1",
        "inputs.cdrs.columns.zon: there is no such column; did you mean `zone`?",
        "inputs.cdrs.columns.service: needs the file's name of the column, not 3",
        "outputs.path: needs a text in quotes, not 5",
        'outputs.dialect: needs "standard" or "spanish", not "french"',
        'policy.tax_rate: needs a percentage without quotes, not "21"',
        "limits.run_gross: has too many decimals: 0.0001; KWD carries 3",
    ]


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    path = tmp_path / "billadjust.toml"
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path} not found: write one with `billadjust init`, or name it with --config."
    assert caught.value.exit_code == 2


def test_a_directory_is_not_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value) == f"{tmp_path} cannot be read: {os.strerror(21)}. Make it a readable file."


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, 'currency = "EUR"\n\n[ledger\n')
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == (
        f"{path} is not valid TOML: Expected ']' at the end of a table declaration (at line 3, column 8). Correct it there."
    )


def test_a_file_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "billadjust.toml"
    path.write_bytes('# España\ncurrency = "EUR"'.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path} is not UTF-8 text (byte 7). Save it as UTF-8."
