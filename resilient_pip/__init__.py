"""pip install that finishes on a bad network, or says in one block why it cannot."""

__all__ = ["__version__"]

__version__ = "0.1.0"
