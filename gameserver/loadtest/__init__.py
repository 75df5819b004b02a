"""The operator's load test: bots that speak docs/protocol.md from processes of their own, and a report of what they were given."""
