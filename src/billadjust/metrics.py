"""What Prometheus reads of the runs: a file for the textfile collector of node_exporter.

The numbers of a failed run replace those of the one before, but the time of the last success and the counts of runs are
carried over from file to file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from prometheus_client.core import Metric

RUNS: Final = "billadjust_runs_total"
LAST_SUCCESS: Final = "billadjust_last_success_timestamp_seconds"

METRICS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    RUNS: (("exit_code",), "Runs, whatever came of them; counted from file to file."),
    "billadjust_last_run_timestamp_seconds": ((), "When the last run ended."),
    LAST_SUCCESS: ((), "When the last run that posted ended; it stays when later ones fail."),
    "billadjust_run_exit_code": ((), "Exit code of the last run."),
    "billadjust_run_duration_seconds": ((), "How long the last run took."),
    "billadjust_run_step_duration_seconds": (("step",), "How long its steps took."),
    "billadjust_run_input_rows": (("input", "state"), "Rows that it read: rows, accepted, rejected, repeats."),
    "billadjust_run_entries": (("rule", "kind", "settlement"), "Entries that it posted."),
    "billadjust_run_gross": (("rule", "kind", "settlement"), "What they sum up to, gross, in the ledger's currency."),
}
"""Every metric with its labels and what it says."""

Values = dict[str, dict[tuple[str, ...], float]]
"""The values of the metrics by their labels."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: when (seconds since 1970), with which exit code, after how many seconds, and what it did.

    `steps`: seconds by step; `inputs`: the rows of each input by what became of them; `rules`: what was posted, as in
    the summary; both are empty if the run did not come so far.
    """

    at: float
    exit_code: int
    seconds: float
    steps: Mapping[str, float]
    inputs: Mapping[str, Mapping[str, int]]
    rules: Mapping[str, Iterable[Mapping[str, Any]]]


def write_metrics(path: Path, ended: Ended) -> None:
    """Write the file anew: all of it, or OSError and none."""
    registry = CollectorRegistry()
    registry.register(_Families(_values(ended, _before(path))))
    write_to_textfile(str(path), registry)


def _before(path: Path) -> Values:
    """Return what the last file said; nothing if there is none, or none that can be read."""
    values: Values = {}
    try:
        for family in text_string_to_metric_families(path.read_text("utf-8")):
            for sample in family.samples:
                values.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    except (OSError, ValueError):
        return {}
    return values


def _values(ended: Ended, before: Values) -> Values:
    """Work out the values after a run, from what it did and those before."""
    code = (str(ended.exit_code),)
    runs = before.get(RUNS, {})
    posted = [
        ((rule, total["kind"], total["settlement"]), total) for rule, totals in ended.rules.items() for total in totals
    ]
    return {
        RUNS: runs | {code: runs.get(code, 0.0) + 1},
        "billadjust_last_run_timestamp_seconds": {(): ended.at},
        LAST_SUCCESS: before.get(LAST_SUCCESS, {}) if ended.exit_code else {(): ended.at},
        "billadjust_run_exit_code": {(): ended.exit_code},
        "billadjust_run_duration_seconds": {(): ended.seconds},
        "billadjust_run_step_duration_seconds": {(step,): seconds for step, seconds in ended.steps.items()},
        "billadjust_run_input_rows": {
            (name, state): rows for name, states in ended.inputs.items() for state, rows in states.items()
        },
        # Monitoring knows binary floating point only; nothing is computed from these amounts.
        "billadjust_run_entries": {labels: float(total["entries"]) for labels, total in posted},
        "billadjust_run_gross": {labels: float(total["gross"]) for labels, total in posted},
    }


class _Families(Collector):
    """Values as Prometheus' library wants them; a metric without any is left out."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def collect(self) -> Iterator[Metric]:
        for name, (labels, doc) in METRICS.items():
            if not self._values[name]:
                continue
            kind = CounterMetricFamily if name == RUNS else GaugeMetricFamily
            family = kind(name.removesuffix("_total"), doc, labels=labels)
            for key, value in sorted(self._values[name].items()):
                family.add_metric(key, value)
            yield family
