"""`resilient-pip config`: what holds here, and where it comes from."""
