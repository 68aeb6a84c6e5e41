"""What a run tells besides its result: its log, and the file that monitoring reads."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from billadjust.errors import BilladjustError, UsageError, described
from billadjust.metrics import Ended, write_metrics
from billadjust.terminal import Terminal
from billadjust.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping


class LogFormat(StrEnum):
    """What standard error gets: messages for people, or an event a line for programs."""

    TEXT = "text"
    JSON = "json"


LogOption = Annotated[
    LogFormat, typer.Option("--log-format", help="Messages for people, or every event as a line of JSON.")
]

MetricsOption = Annotated[
    Path | None,
    typer.Option("--metrics", metavar="FILE", help="Write there what Prometheus reads (default: outputs.metrics)."),
]


def demand_posting(metrics: Path | None, *, dry_run: bool) -> None:
    """Refuse to measure what posts nothing."""
    if metrics and dry_run:
        raise UsageError("--metrics is about runs that post, and --dry-run does not. Leave one of them out.")


@dataclass
class Watching:
    """A run that is watched; `metrics` is the file that says how it ended (None: none is written)."""

    watch: Watch
    metrics: Path | None
    terminal: Terminal

    def pause(self) -> None:
        """End the step that is being done, and take the progress away: people are shown or asked something."""
        self.watch.end_step()
        self.terminal.pause()


@contextmanager
def watching(log_format: LogFormat, metrics: Path | None, facts: Mapping[str, Any]) -> Iterator[Watching]:
    """Watch what is done in the context. `facts` are what its start says.

    However it ends, the log and the metrics say so. In JSON a known failure is told there and nowhere else.
    """
    terminal = Terminal()
    is_json = log_format is LogFormat.JSON
    log = _json_log() if is_json else _no_log
    with terminal.progress(shown=not is_json) as tell:
        run = Watching(Watch(tell, log, time.monotonic), metrics, terminal)
        run.watch.note("start", version=version("billadjust"), **facts)
        code = 1
        try:
            yield run
            code = 0
        except (BilladjustError, OSError) as error:
            message, code = described(error)
            log("failed", message=message)
            if is_json:
                raise typer.Exit(code) from error
            raise
        finally:
            run.watch.end_step()
            run.watch.note("end", exit_code=code, seconds=round(run.watch.seconds, 3))
            if run.metrics:
                _write_metrics(run, run.metrics, code, terminal.show_error if not is_json else log)


def _write_metrics(run: Watching, path: Path, code: int, complain: Callable[..., None]) -> None:
    """Write the metrics. If that fails, somebody is told, but what the run did stays as it is."""
    facts = run.watch.facts
    ended = Ended(
        at=time.time(),
        exit_code=code,
        seconds=run.watch.seconds,
        steps=run.watch.steps,
        inputs=facts.get("read", {}).get("inputs", {}),
        rules=facts.get("posted", {}).get("rules", {}),
    )
    try:
        write_metrics(path, ended)
    except OSError as error:
        complain(
            f"The metrics {path} cannot be written: {error.strerror}. Correct outputs.metrics, or the rights of its "
            f"directory. The run itself ended with exit code {code}."
        )


def _json_log() -> Callable[..., None]:
    """Return what writes an event with its facts as a line of JSON to standard error."""
    logger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _head_first,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )

    def log(event: str, **facts: Any) -> None:  # noqa: ANN401  # whatever JSON an event has to say
        (logger.error if event == "failed" else logger.info)(event, **facts)

    return log


def _head_first(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Let a line begin with what every event has."""
    head = ("timestamp", "level", "event")
    return {**{name: event[name] for name in head}, **event}


def _no_log(event: str, **facts: object) -> None:
    """Leave an event untold: people see the result, or the message of a failure."""
