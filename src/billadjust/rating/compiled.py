"""Functions over arrays that are compiled before they run, where a loop over rows is what the task is."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import numpy as np

_Function = TypeVar("_Function", bound="Callable[..., Any]")

Int: TypeAlias = "int | np.int64"
"""A whole number in compiled code: it has 64 bits."""

_CODE: Final = "billadjust-"
"""What the names of directories with compiled code begin with."""


def compiled(function: _Function) -> _Function:
    """Compile a function when it is first called, and keep the machine code for the runs to come.

    Where nothing can be kept, each run compiles anew. Threads run such functions at the same time.
    """
    made: _Function = numba.njit(nogil=True, cache=_KEPT)(function)  # type: ignore[assignment]  # it is called alike
    return made


def inlined(function: _Function) -> _Function:
    """Compile a function into each of those that call it: in inner loops a call would take longer than what it does."""
    made: _Function = numba.njit(nogil=True, inline="always")(function)  # type: ignore[assignment]  # it is called alike
    return made


def keep_code() -> bool:
    """Choose where machine code is kept: in NUMBA_CACHE_DIR, beside these modules, or in ~/.cache; false if in none.

    Machine code holds what it took from other modules, so it is only good for exactly these sources.
    """
    here = Path(__file__).parent
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()[:16]
    wanted = os.environ.get("NUMBA_CACHE_DIR")
    for place in (Path(wanted) if wanted else here / "__pycache__", Path("~/.cache").expanduser()):
        directory = place / f"{_CODE}{sources}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if not os.access(directory, os.W_OK):
            continue
        for old in place.glob(f"{_CODE}*"):
            if old != directory:
                shutil.rmtree(old, ignore_errors=True)
        numba.config.CACHE_DIR = str(directory)  # type: ignore[attr-defined]  # it is set when numba is loaded
        return True
    return False


_KEPT: Final = keep_code()
