"""What the user asked for, after pip has read it: the directives that pip has no word for."""
