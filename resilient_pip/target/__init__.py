"""The environment that is installed into, and the private copy of pip that works on it."""
