# ruff: noqa: INP001  # the documentation is no package; cog imports this file by its name
"""The generated parts of the documentation: what the code knows is not written down twice.

cog runs these functions inside README.md and docs/*.md (`make docs` writes the parts, `make docs-check` compares them).
Each returns Markdown.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from billadjust import errors
from billadjust import layouts as packaged
from billadjust.chart import PGC
from billadjust.cli import COMMANDS
from billadjust.config import LIMITS
from billadjust.finance.journal import POSTINGS
from billadjust.inputs import Inputs
from billadjust.issuer import DOC, REQUIRED, Issuer
from billadjust.layouts import FIELDS, read_layouts
from billadjust.metrics import METRICS
from billadjust.night import make_night
from billadjust.outage_schemes import FAMILY, FROM_POLICY, PROMISE, shipped_schemes
from billadjust.outputs.columns import OUTPUTS
from billadjust.parameters import PARAMETERS
from billadjust.policy import Policy
from billadjust.review import TOPICS
from billadjust.rules import RULES
from billadjust.rules.outage_credit import outage_credit
from billadjust.schemas import INPUTS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billadjust.schemas import Column, Table

FIRST_RUN = Path(__file__).parent / "first_run"
SAMPLE = Path(__file__).parent.parent / "sample_data" / "nights"
PLANNED = {
    "tariffs": "tariff_id,version,effective_from,monthly_fee,internet_fee\n"
    "net,2,2026-06-01,6.90,6.90\nhablo,2,2026-07-01,11.00,0\n",
    "rates": "tariff_id,version,service,zone,price,per,first_increment,increment\n"
    "hablo,2,voice,national,0.12,60,60,60\nhablo,2,voice,*,0.50,60,60,60\n",
    "allowances": "tariff_id,version,service,zones,quantity\nhablo,2,voice,national,6000\n",
}
"""The prices that the sample's operator plans in April for the summer."""
LAYOUTS = Path(packaged.__file__).parent
WIDTH = "100"
TODAY = date(2026, 1, 1)
"""The day whose policy is shown."""
COMPARED_OUTAGES = {
    "30 minutes": 30,
    "65 minutes": 65,
    "7 hours": 7 * 60,
    "13 hours": 13 * 60,
    "25 hours": 25 * 60,
    "3 days": 3 * 24 * 60,
    "5 days": 5 * 24 * 60,
    "20 days": 20 * 24 * 60,
}
"""The outages after which the schemes are compared, in minutes."""


def rules() -> str:
    """List the rules in order of precedence, each with the first line of its docstring."""
    return table(("", "rule", "what it does"), ((n, f"`{r.__name__}`", summary(r)) for n, r in enumerate(RULES, 1)))


def inputs() -> str:
    """List the inputs with their columns."""
    rows = ((f"`{t.name}`{' **required**' if t.required else ''}", t.doc, _columns(t)) for t in INPUTS.values())
    return table(("input", "what it is", "columns"), rows)


def input_columns() -> str:
    """Describe every column of every input."""
    return "\n".join(_input(one) for one in INPUTS.values()).rstrip()


def outputs() -> str:
    """List the files of a run with their columns."""
    rows = ((f"`{n}.csv`", o.audience, o.doc, ", ".join(f"`{c}`" for c in o.columns)) for n, o in OUTPUTS.items())
    return table(("file", "for", "a row is", "columns"), rows)


def output_columns() -> str:
    """Describe every column of every file of a run."""
    parts = []
    for name, output in OUTPUTS.items():
        rows = ((f"`{column}`", doc) for column, doc in output.columns.items())
        parts.append(
            f"### {name}.csv\n\nFor {output.audience}. A row is {output.doc}.\n\n{table(('column', ''), rows)}\n"
        )
    return "\n".join(parts).rstrip()


def topics() -> str:
    """List the topics of review.csv with their messages."""
    return table(
        ("topic", "message"), ((f"`{topic}`", message.replace("{}", "…")) for topic, message in TOPICS.items())
    )


def policy() -> str:
    """List the parameters of `[policy]` with their default values and what these rest on."""
    docs = {parameter.name: parameter.doc for parameter in PARAMETERS}
    rows = (
        (f"`{row.name}`", f"{row.value} {row.unit}".strip(), docs[row.name], row.reference)
        for row in Policy.of().in_force(TODAY)
    )
    return table(("parameter", "default", "meaning", "rests on"), rows)


def schemes() -> str:
    """List the schemes for outages with their parameters, each with what it rests on."""
    policy = Policy.of({"outage_credit.schemes": list(shipped_schemes())})
    rows: list[tuple[object, ...]] = [
        (f"`{PROMISE}`", f"`{name}`", f"{row.value} {row.unit}", "", f"{row.reference} (`{source}`)")
        for name, source in FROM_POLICY.items()
        for row in policy.in_force(TODAY)
        if row.name == source
    ]
    rows += [
        (f"`{scheme}`", f"`{name}`", f"{row.value} {row.unit}".strip(), row.since, row.reference)
        for row in policy.in_force(TODAY)
        for scheme, _, name in [row.name.partition(".")]
        if scheme in shipped_schemes()
    ]
    return table(("scheme", "parameter", "value", "from", "rests on"), rows)


def family() -> str:
    """List the parameters of the family of schemes."""
    return table(("parameter", "meaning"), ((f"`{parameter.name}`", parameter.doc) for parameter in FAMILY))


def compensations() -> str:
    """Compare what each scheme owes after some outages in August 2026, as the program computes it."""
    rows = []
    for words, minutes in COMPARED_OUTAGES.items():
        owed = [_owed_after(scheme, minutes) for scheme in shipped_schemes()]
        greatest = max(owed)
        cells = (f"{amount / 100:.2f}" if amount else "" for amount in owed)
        rows.append(
            [words, *(f"**{cell}**" if one == greatest else cell for one, cell in zip(owed, cells, strict=True))]
        )
    return table(("out from Monday 3 August 2026, 10:00", *(f"`{name}`" for name in shipped_schemes())), rows)


def _owed_after(scheme: str, minutes: int) -> int:
    """Return what a scheme owes after an outage of all services that lasts some minutes, in cents."""
    began = datetime(2026, 8, 3, 8, tzinfo=UTC)
    fees = {"monthly_fee": 20_000_000, "internet_fee": 6_900_000}
    outage = {"service": "all", "started_at": began, "ended_at": began + timedelta(minutes=minutes)}
    rows = {
        "accounts": {"account_id": "A", "language": "en", "bill_cycle_day": 1},
        "subscriptions": {
            "subscription_id": "S",
            "valid_from": date(2025, 1, 1),
            "account_id": "A",
            "tariff_id": "card",
        },
        "tariffs": {"tariff_id": "card", "version": 1, "effective_from": date(2025, 1, 1), "open_for_sale": True}
        | fees,
        "outages": {"outage_id": "O"} | outage,
    }
    inputs = Inputs.of({name: pl.LazyFrame([row], schema=INPUTS[name].schema) for name, row in rows.items()})
    policy = Policy.of({"outage_credit.schemes": [scheme]})
    night = make_night(inputs, policy, date(2026, 12, 31), lambda _, frame: frame.collect().lazy())
    claims = outage_credit(night).select("final", "pool_limit").collect().to_dicts()
    return sum(min(claim["final"], claim["pool_limit"] or claim["final"]) for claim in claims)


def limits() -> str:
    """List the keys of `[limits]`."""
    defaults = {"rejected_share": "1 %"}
    rows = ((f"`{limit.name}`", limit.unit, defaults.get(limit.name, "none"), limit.doc) for limit in LIMITS)
    return table(("key", "unit", "default", "meaning"), rows)


def issuer() -> str:
    """List the keys of `[issuer]`."""
    needed = {**dict.fromkeys(REQUIRED, "yes"), "province": "in Spain"}
    return table(
        ("key", "required", "meaning"),
        ((f"`{key}`", needed.get(key, "no"), DOC[key]) for key in Issuer.model_fields),
    )


def accounts() -> str:
    """List the accounts of the journal."""
    rows = ((f"`{key}`", one.code, one.name, one.use) for key, one in PGC.items())
    return table(("key", "code", "name", "for"), rows)


def postings() -> str:
    """List how entries are booked."""
    rows = (
        (
            posting.sort,
            f"{PGC[posting.debit].code} {posting.amount}"
            + ("" if posting.amount == "gross" else f", {PGC['vat'].code} tax"),
            f"{PGC['customers'].code} gross",
        )
        for posting in POSTINGS.values()
    )
    return table(("entries", "debit", "credit"), rows)


def layouts() -> str:
    """List the layouts of the package."""
    names = sorted(path.stem for path in LAYOUTS.glob("*.toml"))
    known = zip(names, read_layouts(names, None, [account.code for account in PGC.values()], []), strict=True)
    return table(("layout", "file", "what it is"), ((f"`{n}`", f"`{one.file}`", one.title) for n, one in known))


def layout(name: str) -> str:
    """Show a layout of the package."""
    return f"```toml\n{(LAYOUTS / f'{name}.toml').read_text('utf-8')}```"


def layout_fields() -> str:
    """List what the columns of a layout are made of."""
    return table(("field", ""), ((f"`{name}`", doc) for name, doc in FIELDS.items()))


def exit_codes() -> str:
    """List the exit codes with the failures that end in each."""
    causes: dict[int, list[str]] = {0: ["Done."], 1: ["An unexpected fault, of the disk or of the program."]}
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.BilladjustError) and error.exit_code > 1:
            causes.setdefault(error.exit_code, []).append(summary(error))
    return table(("code", "meaning"), ((code, " ".join(texts)) for code, texts in sorted(causes.items())))


def commands() -> str:
    """List the commands, each with its summary."""
    rows = ((f"`billadjust {name}`", doc) for name, doc in _commands())
    return table(("command", "what it does"), rows)


def helps() -> str:
    """Show the help of the program and of every command."""
    names = ["", *(name for name, _ in _commands())]
    return "\n\n".join(_console(f"billadjust {name} --help".replace("  ", " ")) for name in names)


def metrics() -> str:
    """List the metrics of a run."""
    rows = ((f"`{name}`", ", ".join(f"`{label}`" for label in labels), doc) for name, (labels, doc) in METRICS.items())
    return table(("metric", "labels", "what it says"), rows)


def example(name: str) -> str:
    """Show an example file that lies beside the documentation."""
    return f"```\n{(Path(__file__).parent / name).read_text('utf-8')}```"


def first_run_file(name: str, encoding: str = "utf-8") -> str:
    """Show a file of the first run."""
    text = (FIRST_RUN / name).read_text(encoding)
    return f"```{'toml' if name.endswith('.toml') else 'text'}\n{text}```"


@cache
def tutorial() -> dict[str, str]:
    """Go the newcomer's way on the files of the first run, and return what each command prints, by the step's name."""
    with tempfile.TemporaryDirectory() as made:
        there = Path(made).resolve() / "billing"
        shutil.copytree(FIRST_RUN, there, ignore=shutil.ignore_patterns("*.toml"))
        shown = {"exports": _console("ls", there), "init": _console("billadjust init", there)}
        config = there / "billadjust.toml"
        text = config.read_text("utf-8")
        shown["config"] = f"```toml\n{text[text.index('# invoices:') : text.index('# invoice_lines:')].rstrip()}\n```"
        config.write_text(text.replace("# run_gross = 1000.00", "run_gross = 100.00"), "utf-8")
        shown["check"] = _console("billadjust check", there)
        lines = there / "LíneasDeFactura.csv"
        export = lines.read_bytes()
        lines.write_bytes(export.replace(b"9,90", b"9.90").replace(b"exit_fee", b"baja"))
        command = "billadjust check --rejected rejected.csv"
        mistakes = _console(command, there).partition("\ninvoice_lines, in")
        shown["mistakes"] = f"```console\n$ {command}\n…{''.join(mistakes[1:])}"
        lines.write_bytes(export)
        day = "--as-of 2026-07-02"
        shown["preview"] = _posted(_console(f"billadjust run {day} --dry-run --preview preview", there))
        shown["files"] = _console("ls preview", there)
        shown["holds_preview"] = _console("cat preview/PREVIEW_holds.csv", there)
        shown["refused"] = _console(f"billadjust run {day}", there)
        plan = shown["refused"].rsplit("--approve ", maxsplit=1)[1].split(".", maxsplit=1)[0]
        shown["approved"] = _posted(_console(f"billadjust run {day} --approve {plan}", there))
        shown["out"] = _console("ls out/20260702-0001", there)
        shown["holds"] = _console("cat out/20260702-0001/holds.csv", there)
        shown["explain"] = _console("billadjust explain F26/0102 --language en", there)
        shown["again"] = _posted(_console(f"billadjust run {day}", there))
        shown["verify"] = _console("billadjust verify", there)
        return shown


@cache
def planning() -> dict[str, str]:
    """Simulate a planned catalogue on the sample's night of 16 April, and return what each command prints."""
    with tempfile.TemporaryDirectory() as made:
        there = Path(made).resolve() / "billing"
        shutil.copytree(SAMPLE, there)
        (there / "planned").mkdir()
        for name, text in PLANNED.items():
            (there / "planned" / f"{name}.csv").write_text(text, "utf-8")
        config = "--config 2026-04-16/billadjust.toml"
        command = f"billadjust simulate {config} --as-of 2026-04-16 --tariffs planned --output simulation"
        shown = {name: _console(f"cat planned/{name}.csv", there) for name in PLANNED}
        return shown | {"simulate": _console(command, there), "files": _console("ls simulation", there)}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Lay a table out in Markdown."""
    head = tuple(head)
    lines = [head, ["---"] * len(head), *rows]
    cells = ((str(cell).replace("|", r"\|") for cell in line) for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def summary(thing: object) -> str:
    """Return the first line of a docstring."""
    return (thing.__doc__ or "").partition("\n")[0]


def _commands() -> list[tuple[str, str]]:
    """Name and summary of each command."""
    return [(function.__name__.replace("_", "-"), summary(function)) for function in COMMANDS]


def _columns(one: Table) -> str:
    return ", ".join(f"`{column.name}`{'*' if column.required else ''}" for column in one.columns)


def _input(one: Table) -> str:
    rows = ((f"`{column.name}`{'*' if column.required else ''}", _kind(column), column.doc) for column in one.columns)
    key = ", ".join(f"`{name}`" for name in one.key)
    required = "Required. " if one.required else ""
    return f"### {one.name}\n\n{one.doc[0].upper()}{one.doc[1:]}. {required}Key: {key}.\n\n{table(('column', 'holds', ''), rows)}\n"


def _posted(console: str) -> str:
    """Leave out what a run says before it posts: what it read."""
    return re.sub(r"(?s)\nRead:\n.*?\n(Posted|Would be posted)", r"\n…\n\1", console)


def _kind(column: Column) -> str:
    """Say what a column may hold."""
    what = ", ".join(f"`{value}`" for value in column.values) if column.kind is Kind.ENUM else str(column.kind)
    if column.above_zero:
        what += ", above 0"
    elif column.minimum == 0:
        what += ", not negative"
    if column.kind is Kind.INTEGER and column.maximum is not None:
        what += f" {column.minimum} to {column.maximum}"
    return what + (f" (default `{column.default}`)" if column.default is not None else "")


def _console(command: str, there: Path | None = None) -> str:
    """Run a command and show it with what it prints, standard error last, and its exit code if it is not 0."""
    program, *arguments = command.split()
    call = [str(Path(sys.executable).with_name(program)) if program == "billadjust" else program]
    plain = os.environ | {"COLUMNS": WIDTH, "TERMINAL_WIDTH": WIDTH, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
    plain.pop("FORCE_COLOR", None)
    done = subprocess.run(  # noqa: S603  # the commands stand in this file
        [*call, *arguments], cwd=there, env=plain, capture_output=True, text=True, encoding="utf-8-sig", check=False
    )
    if done.returncode == 1:
        raise RuntimeError(f"{command}: {done.stderr}")
    text = f"$ {command}\n{done.stdout}{done.stderr}"
    if there:
        text = text.replace(str(there), "/srv/billing")
    if done.returncode:
        text += f"$ echo $?\n{done.returncode}\n"
    lines = "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
    return f"```console\n{lines}\n```"
