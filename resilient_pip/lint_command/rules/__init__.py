"""The rules, one module per kind of trap. Each looks at a whole build and gives what it finds."""
