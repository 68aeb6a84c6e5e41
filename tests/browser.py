"""Headless Chromium, driven over its debugging pipe (Chrome DevTools Protocol): no port, no driver, no network."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)

END: Final = b"\0"
"""What ends a message on the pipe."""


class Browser:
    """A browser with one page. `events` are all that it has reported: requests, console messages, errors."""

    def __init__(self, profile: Path) -> None:
        """Start Chromium with a profile of its own."""
        self.events: list[dict[str, Any]] = []
        self._number = 0
        self._session: str | None = None
        read_commands, self._out = os.pipe()
        self._in, write_answers = os.pipe()
        self._answers = os.fdopen(self._in, "rb")
        shell = f"exec chromium {' '.join(FLAGS)} --user-data-dir={profile} about:blank 3<&{read_commands} 4>&{write_answers}"
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", shell],
            pass_fds=(read_commands, write_answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_commands)
        os.close(write_answers)
        self._rest = b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        """Use the browser."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, and wait until it is gone."""
        self._session = None
        with contextlib.suppress(ConnectionError):
            self.call("Browser.close")
        self._process.wait(30)
        os.close(self._out)
        self._answers.close()

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Give a command and return its result; what happens meanwhile is added to `events`."""
        self._number += 1
        command: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._out, json.dumps(command).encode() + END)
        while True:
            message = self._next()
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result
            self.events.append(message)

    def open(self, page: Path) -> None:
        """Load a file and wait until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def run(self, script: str) -> Any:  # noqa: ANN401  # whatever the script returns
        """Evaluate JavaScript in the page and return its value."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def _next(self) -> dict[str, Any]:
        """Read one message."""
        while END not in self._rest:
            read = self._answers.read1(1 << 20)
            if not read:
                raise ConnectionError("Chromium has ended.")
            self._rest += read
        text, _, self._rest = self._rest.partition(END)
        message: dict[str, Any] = json.loads(text)
        return message
