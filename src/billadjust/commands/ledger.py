"""Commands that read what was posted: `publish`, `verify`."""

from __future__ import annotations

from billadjust.commands.options import CONFIG, ConfigOption, RunArgument
from billadjust.config import load_config
from billadjust.ledger import lock, open_ledger
from billadjust.ledger import verify as verify_ledger
from billadjust.outputs.run_files import publish_run
from billadjust.terminal import Terminal, counted


def publish(run_id: RunArgument, config: ConfigOption = CONFIG) -> None:
    """Write the files of a posted run again, from the ledger, byte for byte the same."""
    settings = load_config(config)
    snapshot = open_ledger(settings.ledger, settings.currency)
    verify_ledger(snapshot)
    snapshot.run(run_id)
    with lock(settings.ledger):
        directory = publish_run(snapshot, run_id, settings)
    Terminal().show_line(f"The files of run {run_id} are in {directory}.")


def verify(config: ConfigOption = CONFIG) -> None:
    """Check the whole ledger: files, sums, numbering, and the hash of every plan that was posted."""
    settings = load_config(config)
    snapshot = open_ledger(settings.ledger, settings.currency)
    verify_ledger(snapshot, deep=True)
    Terminal().show_line(f"The ledger {settings.ledger} is sound: {counted(len(snapshot.runs), 'run')}.")
