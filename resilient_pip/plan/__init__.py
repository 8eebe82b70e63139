"""From pip's installation report to the plan: files, groups, time-outs, table. Pure."""
