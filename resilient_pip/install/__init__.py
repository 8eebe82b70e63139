"""Installing: one group at a time, offline, by pip as a supervised child."""
