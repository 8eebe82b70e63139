"""What to do about a failure, decided by pure functions: no clock, no random numbers, no I/O."""
