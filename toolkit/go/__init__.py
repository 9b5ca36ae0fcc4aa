"""Go sources: what a directory holds, what Go says of it, and how a message of Go reads."""
