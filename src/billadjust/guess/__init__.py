"""A configuration from the files that lie in a directory: what each one is, and how it is written."""

from billadjust.guess.survey import Guess, Survey, survey
from billadjust.guess.written import as_toml

__all__ = ["Guess", "Survey", "as_toml", "survey"]
