"""The documentation says what the code says, and the code keeps to the documented structure."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from billadjust.outputs.columns import OUTPUTS
from billadjust.policy import Policy
from billadjust.rules import RULES
from billadjust.schemas import Entries

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "billadjust"
MODULES = sorted(SOURCE.rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
RULES_PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")

LONGEST_MODULE = 300
LONGEST_FUNCTION = 70

LONG_FUNCTIONS = {
    "dispute_refund": "its last expression is a list of 24 columns, a line each",
}


def name_of(module: Path) -> str:
    return module.relative_to(SOURCE).as_posix()


def layer_of(module: Path) -> str:
    return module.relative_to(SOURCE).with_suffix("").parts[0]


def layers() -> list[str]:
    """The layers as docs/design.md lists them."""
    section = (ROOT / "docs" / "design.md").read_text("utf-8").partition("## Layers")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def imported_layers(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            package, _, rest = node.module.partition(".")
            if package == "billadjust":
                found |= {rest.partition(".")[0]} if rest else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("billadjust.")}
    return found


def test_generated_tables_are_up_to_date() -> None:
    pages = [str(page) for page in PAGES]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    cog = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", "-I", "docs", *pages],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert cog.returncode == 0, f"`make docs` writes them:\n{cog.stdout}{cog.stderr}"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_every_section_that_the_code_cites_exists(module: Path) -> None:
    headings = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)[. ]", RULES_PAGE, re.MULTILINE))
    cited = set(re.findall(r"§(\d+(?:\.\d+)?)", module.read_text("utf-8")))
    assert cited <= headings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_section_that_the_documentation_cites_exists(page: Path) -> None:
    headings = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)[. ]", RULES_PAGE, re.MULTILINE))
    assert set(re.findall(r"§(\d+(?:\.\d+)?)", page.read_text("utf-8"))) <= headings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_the_documentation_links_to_exists(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_module_belongs_to_a_documented_layer() -> None:
    present = {layer_of(module) for module in MODULES} - {"__init__"}
    assert present == set(layers())


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_imports_only_its_own_layer_and_those_listed_before_it(module: Path) -> None:
    order = ["__init__", *layers()]
    allowed = set(order[: order.index(layer_of(module)) + 1])
    assert imported_layers(module) <= allowed


def test_rules_and_rating_do_not_see_the_ledger_or_the_clock() -> None:
    for module in MODULES:
        if layer_of(module) in {"rating", "night", "rules"}:
            text = module.read_text("utf-8")
            assert "ledger" not in imported_layers(module), name_of(module)
            assert ".now(" not in text, name_of(module)
            assert ".today(" not in text, name_of(module)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_modules_are_short_enough_to_read(module: Path) -> None:
    assert len(module.read_text("utf-8").splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_functions_are_short_enough_to_read(module: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]
    lengths = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in functions}
    assert [name for name, lines in lengths.items() if lines > LONGEST_FUNCTION and name not in LONG_FUNCTIONS] == []


@pytest.mark.parametrize("file", [*MODULES, *PAGES], ids=lambda file: file.relative_to(ROOT).as_posix())
def test_texts_stand_on_their_own(file: Path) -> None:
    """What a reader of this repository does not have is not referred to, and nothing is left to be done."""
    assert re.findall(r"SPEC\.md|\bissue #?\d|\bGH-\d|\bTODO\b|\bFIXME\b|\bXXX\b", file.read_text("utf-8")) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_section_and_a_summary(rule: object) -> None:
    name = getattr(rule, "__name__", "")
    assert re.search(rf"^### 6\.\d {name}$", RULES_PAGE, re.MULTILINE)
    assert (rule.__doc__ or "").partition("\n")[0].endswith(".")


def test_the_entries_of_a_run_are_published_column_by_column() -> None:
    assert list(OUTPUTS["adjustments"].columns) == Entries.column_names()


def test_every_parameter_of_the_policy_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert [name for name in Policy.of().values if f"| `{name}` |" not in page] == []
