"""The inputs: files read, checked row by row and against each other, and what is left of them as typed frames."""

from billadjust.inputs.known import known_on
from billadjust.inputs.load import Loaded, load
from billadjust.inputs.model import Inputs, Taken
from billadjust.inputs.rows import identifiers
from billadjust.inputs.source import Source

__all__ = ["Inputs", "Loaded", "Source", "Taken", "identifiers", "known_on", "load"]
