"""Building: what no index offers as a wheel is made into one before its group is installed."""

from resilient_pip.build.builder import Builder
from resilient_pip.build.traits import BuildTraits, read_traits

__all__ = ["BuildTraits", "Builder", "read_traits"]
