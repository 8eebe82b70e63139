"""Installing: one group at a time, offline, by pip as a supervised child."""

from resilient_pip.install.check import Difference, differences
from resilient_pip.install.installer import Installer

__all__ = ["Difference", "Installer", "differences"]
