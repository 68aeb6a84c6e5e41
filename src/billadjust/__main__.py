"""`python -m billadjust` is `billadjust`."""

from billadjust.cli import main

main()
