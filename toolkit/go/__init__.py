"""Go sources: the files of a directory, Go's answers about them, and the messages of the go command."""
