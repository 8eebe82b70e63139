"""`resilient-pip cache`: what is in the cache, and what of it goes."""
