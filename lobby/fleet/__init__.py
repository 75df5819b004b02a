"""The fleet: which Machines run where. `plan` decides and is pure; `look`, `apply` and `loop` are its eyes, hands and heartbeat."""
