"""`resilient-pip exec`: any client of package indexes, run behind the gateway."""
