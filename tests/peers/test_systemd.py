"""systemd finds nothing wrong with the example units."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ANALYZE = str(shutil.which("systemd-analyze"))
UNITS = Path(__file__).parent.parent.parent / "docs" / "scheduling"


def test_the_units_are_sound(tmp_path: Path) -> None:
    """The program is where this one is; nothing else is changed."""
    program = Path(sys.executable).with_name("billadjust")
    for unit in ("billadjust.service", "billadjust.timer"):
        text = (UNITS / unit).read_text("utf-8")
        (tmp_path / unit).write_text(text.replace("/opt/billadjust/bin/billadjust", str(program)), "utf-8")
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", tmp_path / "billadjust.service", tmp_path / "billadjust.timer"],
        capture_output=True,
        text=True,
        check=False,
    )
    # What is said about other units of the machine is not about these.
    assert [line for line in (done.stdout + done.stderr).splitlines() if "billadjust" in line] == []


def test_the_timer_fires_every_night_at_a_quarter_past_four() -> None:
    [line] = [line for line in (UNITS / "billadjust.timer").read_text("utf-8").splitlines() if "OnCalendar" in line]
    done = subprocess.run(
        [ANALYZE, "calendar", "--iterations=2", "--base-time=2026-10-24", line.partition("=")[2]],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "Europe/Madrid", "PATH": "/usr/bin:/bin"},
    )
    # In the night of 25 October the clock goes back.
    assert "2026-10-24 04:15:00 CEST" in done.stdout
    assert "2026-10-25 04:15:00 CET" in done.stdout
