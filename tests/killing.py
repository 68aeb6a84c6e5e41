"""The program killed at a chosen point: each file or directory of the operator that it touches is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operator_case import start

if TYPE_CHECKING:
    from pathlib import Path

_WATCH = """
import os, signal, sys

point = {point}

def watch(event, arguments):
    # Every file or directory of the operator that is touched is a point at which the run may be killed.
    global point
    touched = ("open", "os.mkdir", "os.rename", "os.remove", "os.listdir", "os.scandir", "os.utime", "shutil.rmtree")
    if event in touched and arguments and {directory!r} in str(arguments[0]):
        print(event, arguments[0], file=sys.stderr, flush=True)
        point -= 1
        if point == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
"""


def killed_at(directory: Path, point: int, *arguments: str) -> tuple[int, list[str]]:
    """Run a command that kills itself at a point (0: never); return its exit code and what it touched."""
    script = _WATCH.format(point=point, directory=str(directory))
    with start(directory, *arguments, script=script) as child:
        _, errors = child.communicate()
    return child.returncode, errors.splitlines()


def points(touched: list[str], first: int, stride: int) -> list[int]:
    """Choose points of a run that touched all this: some on the way, those around its renaming, and the last."""
    renamed = next(number for number, line in enumerate(touched, start=1) if line.startswith("os.rename"))
    return sorted({*range(first, len(touched), stride), renamed, renamed + 1, len(touched)})
