"""What a run does, told as it happens: to somebody who waits, to a log, and afterwards to monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Watch:
    """The steps of a run with their durations, and its facts: what was read, rejected and posted.

    Called with the name of a step, it ends the one before and begins this one.
    """

    def __init__(self, tell: Callable[[str], None], log: Callable[..., None], clock: Callable[[], float]) -> None:
        """Begin. `tell` is called with each step, `log` with each event and its facts; `clock` gives seconds."""
        self._tell, self._log, self._clock = tell, log, clock
        self._began = clock()
        self._step: str | None = None
        self._since = self._began
        self.steps: dict[str, float] = {}
        """Seconds by step, in the order of their beginnings; a step that came back is summed up."""
        self.facts: dict[str, dict[str, Any]] = {}
        """The newest facts of each event."""

    def __call__(self, step: str) -> None:
        """Begin a step."""
        self.end_step()
        self._tell(step)
        self._step, self._since = step, self._clock()

    def end_step(self) -> None:
        """End the step that is being done, if there is one."""
        if self._step is None:
            return
        seconds = self._clock() - self._since
        self.steps[self._step] = self.steps.get(self._step, 0.0) + seconds
        self._log("step", step=self._step, seconds=round(seconds, 3))
        self._step = None

    def note(self, event: str, **facts: Any) -> None:  # noqa: ANN401  # whatever JSON an event has to say
        """Log an event, and keep its facts."""
        self.facts[event] = facts
        self._log(event, **facts)

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._began
