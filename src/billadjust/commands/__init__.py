"""The commands, a module each: they print, read the clock and the environment, and nothing else does."""
