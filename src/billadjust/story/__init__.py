"""What happened, told from the ledger and the inputs: what `billadjust explain` says.

An argument names a subject (an entry, a claim, an invoice or an account). Its scene is all that the ledger and the
inputs know of it; telling turns the scene into headings, sentences and tables in a language.
"""

from __future__ import annotations

from billadjust.story.scene import Scene, read_scene
from billadjust.story.subject import Subject, find_subject
from billadjust.story.telling import tell
from billadjust.story.voice import Block, Grid, Heading, Sentence

__all__ = ["Block", "Grid", "Heading", "Scene", "Sentence", "Subject", "find_subject", "read_scene", "tell"]
