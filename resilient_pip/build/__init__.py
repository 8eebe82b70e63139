"""Building: what no index offers as a wheel is made into one before its group is installed."""
