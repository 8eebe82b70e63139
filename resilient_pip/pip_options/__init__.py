"""The options of `pip install`: values in, words out. `pip_adapter` reads the values."""

from resilient_pip.pip_options.rows import Child, Fate, Row, Words
from resilient_pip.pip_options.table import ROWS
from resilient_pip.pip_options.words import deciding, is_foreign, refusal, words

__all__ = ["ROWS", "Child", "Fate", "Row", "Words", "deciding", "is_foreign", "refusal", "words"]
