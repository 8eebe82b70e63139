"""What people see: subscribers to the events of a run. Nothing imports this but `cli`."""
