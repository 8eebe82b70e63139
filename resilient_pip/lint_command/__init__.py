"""`resilient-pip lint`: what in a Dockerfile makes pip hang or lie, and what to write instead."""
