"""`resilient-pip plan`: the plan as a table, as a file, or as a Dockerfile's lines with a file per group."""
